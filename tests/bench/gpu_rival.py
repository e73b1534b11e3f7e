#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The steps of gpu_step in PyTorch, as fast as PyTorch can be made to go without kernels of one's own. Lines of JSON as they come.

    gpu_rival.py [--seconds N] [--models mlp,cnn] [--batches 1024,8192] [--precisions bf16,tf32,fp32] [--device cuda]

Everything that helps PyTorch is on: the batch is on the device already (gpu_step picks each from samples that lie there), AdamW is the
fused one, gradients are set to none, cuDNN searches for its fastest algorithm, the CNN runs in that of two memory layouts which is
the better one in eager mode.
fp32 is IEEE; tf32 allows it to products and convolutions; bf16 is autocast with float32 weights, gradients and optimiser state.
Ways, each measured by device events over many steps, the median of 7 rounds:

    eager             without the compiler
    reduce-overhead   torch.compile(mode=...): CUDA graphs of forward and backward
    captured          torch.compile's code, and the whole step with the optimiser in one CUDA graph by hand: more than the compiler does
    max-autotune      torch.compile(mode=...): it also times several kernels for each product, and takes long
    max-autotune-no-cudagraphs

Eager and reduce-overhead of all cells come first, then the others until the time is over. A way that takes longer than its limit is
left out, and a line says so. Exits with 77 where there is no PyTorch with CUDA.
"""
import argparse
import json
import os
import signal
import statistics
import sys
import time

os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", str(os.cpu_count() or 1))
try:
    import torch
except ImportError:
    print("gpu_rival.py: PyTorch is not installed for", sys.executable, file=sys.stderr)
    sys.exit(77)
if not hasattr(torch, "compile"):
    print(f"gpu_rival.py: PyTorch {torch.__version__} has no torch.compile", file=sys.stderr)
    sys.exit(77)
import torch._dynamo  # noqa: E402  takes seconds, which would count against the first way's limit
import torch._inductor.compile_fx  # noqa: E402, F401
from torch import nn  # noqa: E402

ROUNDS, ROUND_MS, CLASSES = 7, 200, 10
TURNS = ("eager", "reduce-overhead"), ("captured",), ("max-autotune", "max-autotune-no-cudagraphs")  # most needed first
LIMIT_S = {"eager": 20, "reduce-overhead": 45, "captured": 45, "max-autotune": 90, "max-autotune-no-cudagraphs": 90}


def say(**line):
    print(json.dumps(line), flush=True)


class OutOfTime(Exception):
    pass


def ring(*_):
    raise OutOfTime


def make_model(name):
    if name == "cnn":
        return nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                             nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                             nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, CLASSES)), (1, 28, 28)
    widths = {"mlp": [784, 4096, 4096, 4096], "tiny": [784, 32]}[name]
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], CLASSES)), (784,)


def set_precision(precision):
    torch.set_float32_matmul_precision("highest" if precision == "fp32" else "high")
    torch.backends.cudnn.allow_tf32 = precision != "fp32"
    torch.backends.cudnn.benchmark = True


class Cell:
    """One model, batch and precision."""

    def __init__(self, device, model, batch, precision):
        self.device, self.precision = device, precision
        self.name = {"model": model, "batch": batch, "precision": precision}
        self.layouts = [torch.contiguous_format, torch.channels_last] if model == "cnn" else [torch.contiguous_format]

    def start(self, layout, way):
        """A new network and a step of it, which only enqueues."""
        set_precision(self.precision)
        torch.manual_seed(1)
        network, shape = make_model(self.name["model"])
        network = network.to(self.device)
        inputs = torch.rand(self.name["batch"], *shape, device=self.device)
        if layout is torch.channels_last:
            network, inputs = network.to(memory_format=layout), inputs.to(memory_format=layout)
        labels = torch.randint(CLASSES, (self.name["batch"],), device=self.device)
        on_gpu = self.device == "cuda"
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True, capturable=on_gpu and way == "captured")

        def loss_of(inputs, labels):
            with torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.precision == "bf16"):
                return nn.functional.cross_entropy(network(inputs), labels)

        if way == "captured":
            loss_of = torch.compile(loss_of)
        elif way != "eager":
            loss_of = torch.compile(loss_of, mode=way)

        def step():
            optimizer.zero_grad(set_to_none=True)
            loss_of(inputs, labels).backward()
            optimizer.step()

        return self.captured(step) if way == "captured" and on_gpu else step

    @staticmethod
    def captured(step):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(5):
                step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        return graph.replay

    def measure(self, way):
        """Milliseconds a step; without the compiler it also settles the layout."""
        times = {}
        for layout in self.layouts if way == "eager" else self.layouts[:1]:
            step = self.start(layout, way)
            for _ in range(10):
                step()
            times[layout] = timed(step, self.device)
        best = min(times, key=times.get)
        self.layouts = [best]
        return times[best]


def elapsed_ms(step, count, device):
    if device != "cuda":
        start = time.perf_counter()
        for _ in range(count):
            step()
        return 1e3 * (time.perf_counter() - start)
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    start.record()
    for _ in range(count):
        step()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end)


def timed(step, device):
    about = elapsed_ms(step, 10, device) / 10
    count = max(3, min(20_000, int(ROUND_MS / max(about, 1e-3))))
    return statistics.median(elapsed_ms(step, count, device) / count for _ in range(ROUNDS))


def measure_rates(device):
    """As gpu_rates: the machine's best, found with PyTorch's means."""
    x = torch.empty(2 << 28, dtype=torch.float32, device=device).uniform_()
    y = torch.empty_like(x)
    say(rate="copy", bytes_per_s=2 * x.numel() * 4 / (1e-3 * timed(lambda: y.copy_(x), device)))
    del x, y
    for precision, kind, n in ("bf16", torch.bfloat16, 8192), ("tf32", torch.float32, 8192), ("fp32", torch.float32, 4096):
        set_precision(precision)
        a, b = (torch.rand(n, n, device=device).sub_(0.5).to(kind) for _ in range(2))
        say(rate=precision, flops_per_s=2 * n**3 / (1e-3 * timed(lambda: a @ b, device)))


def run_way(cell, way, end):
    limit = min(LIMIT_S[way], end - time.monotonic())
    if limit < 3:
        say(**cell.name, way=way, skipped="no time was left")
        return
    signal.setitimer(signal.ITIMER_REAL, limit, 10)  # and again where it was caught on the way
    try:
        ms = cell.measure(way)
        signal.setitimer(signal.ITIMER_REAL, 0)
        say(**cell.name, way=way, ms=ms)
    except OutOfTime:
        say(**cell.name, way=way, skipped=f"took longer than {limit:.0f} s")
    except Exception as error:  # whatever PyTorch's compiler throws: the other ways are still measured
        signal.setitimer(signal.ITIMER_REAL, 0)
        words = (str(error).splitlines() or [""])[0]
        is_late = OutOfTime.__name__ in words
        say(**cell.name, way=way, skipped=f"took longer than {limit:.0f} s" if is_late else f"{type(error).__name__}: {words[:120]}")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        torch._dynamo.reset()
        if cell.device == "cuda":
            torch.cuda.empty_cache()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--models", default="mlp,cnn")
    parser.add_argument("--batches", default="8192,1024")
    parser.add_argument("--precisions", default="bf16,tf32,fp32")
    parser.add_argument("--ways", default=",".join(way for turn in TURNS for way in turn))
    parser.add_argument("--device", default="cuda", help="cpu: to see that it works")
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    if options.device == "cuda" and not torch.cuda.is_available():
        print("gpu_rival.py: this PyTorch sees no GPU", file=sys.stderr)
        return 77
    signal.signal(signal.SIGALRM, ring)
    say(torch=torch.__version__, cuda=torch.version.cuda,
        gpu=torch.cuda.get_device_name() if options.device == "cuda" else "none")
    if options.device == "cuda":
        measure_rates(options.device)
    ways = options.ways.split(",")
    cells = [Cell(options.device, model, int(batch), precision) for precision in options.precisions.split(",")
             for model in options.models.split(",") for batch in options.batches.split(",")]
    for turn in TURNS:
        for cell in cells:
            for way in turn:
                if way in ways:
                    run_way(cell, way, end)
    return 0


if __name__ == "__main__":
    sys.exit(main())
