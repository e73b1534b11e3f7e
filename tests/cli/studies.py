"""The definitions that tests and benches start from."""

# Small enough for seconds, real in everything: two MPI ranks, a data set made on the spot, checkpoints, three rungs.
TINY = """
[study]
name = "tiny"
seed = 5
[[objective]]
metric = "valid_error"
goal = "minimize"
[space]
lr = { type = "float", low = 1e-4, high = 1e-1, scale = "log" }
hidden = { type = "int", low = 4, high = 32, scale = "log" }
optimizer = { type = "categorical", values = ["adam", "sgd"] }
momentum = { type = "float", low = 0.5, high = 0.95, when = "optimizer == 'sgd'" }
[fidelity]
unit = "epoch"
min = 1
max = 4
eta = 2
[search]
proposer = "sobol"
trials = 4
[train]
data = { kind = "synthetic", samples = 512, features = 8, classes = 3, valid = 128 }
model = { kind = "mlp", hidden = ["{hidden}"] }
optimizer = { kind = "{optimizer}", lr = "{lr}", momentum = "{momentum}" }
batch = 32
[slurm]
ntasks-per-node = 2
time = "00:05:00"
"""

# A program whose result is a function of its arguments: for what is not about training.
COMMAND = """
[study]
name = "cmd"
seed = 5
[[objective]]
metric = "loss"
goal = "minimize"
[space]
x = { type = "float", low = 0.0, high = 1.0 }
[fidelity]
unit = "step"
min = 1
max = 9
eta = 3
[search]
proposer = "random"
trials = 9
[run]
command = %s
[slurm]
time = "00:05:00"
"""
