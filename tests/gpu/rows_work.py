# SPDX-License-Identifier: Apache-2.0
"""What a training step must at least do: operations and bytes, by hand-countable formulas, and the time that takes on a machine of
known rates.

A step is a list of stages, one after the other. Each stage reads every input once from memory and writes every output once, and
nothing stays in a cache between two stages; activation, bias, dropout and loss ride along with the stage before. With B samples, a
layer of I inputs and O outputs, e bytes an element of activations and weights (4; bf16: 2) and gradients of weights in float32:

    forward           2 B I O operations     e (B I + I O + B O) bytes
    input gradient    2 B I O                e (B O + I O + B I)            not for the first layer
    weight gradient   2 B I O                e (B O + B I) + 4 I O

A 3x3 convolution of C channels into K on H x W pixels is such a product with B H W rows and I = 9 C, but its input is B H W C
elements, not nine times as many. Max pooling 2x2 reads its input (n elements) and writes a quarter and the place of each maximum (1
byte); back it reads those and writes n. AdamW reads parameter, gradient and two moments and writes three of them: 28 bytes a
parameter, 30 where it also writes the bf16 copy that the products use.

The floor of a stage is the larger of operations over the measured rate of products and bytes over the measured rate of copies; the
floor of a step is their sum. A step below it has kept something in the cache.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Stage:
    name: str
    flops: int
    bytes: int


CLASSES = 10
MODELS = {"mlp": {"image": (1, 28, 28), "channels": [], "hidden": [4096, 4096, 4096]},
          "cnn": {"image": (1, 28, 28), "channels": [32, 64], "hidden": [128]}}


def product_stages(name, rows, inputs, outputs, size, first=False, input_elements=None, weights=None):
    """Of one layer. input_elements: where the input is smaller than rows x inputs, as for convolutions."""
    x = input_elements if input_elements is not None else rows * inputs
    y, w, flops = rows * outputs, weights or inputs * outputs, 2 * rows * inputs * outputs
    yield Stage(f"{name} forward", flops, size * (x + w + y))
    if not first:
        yield Stage(f"{name} input gradient", flops, size * (y + w + x))
    yield Stage(f"{name} weight gradient", flops, size * (y + x) + 4 * w)


def parameter_count(image, channels, hidden, classes=CLASSES):
    inputs, height, width = image
    count = 0
    for outputs in channels:
        count += outputs * (9 * inputs + 1)
        inputs, height, width = outputs, height // 2, width // 2
    inputs *= height * width
    for outputs in [*hidden, classes]:
        count += outputs * (inputs + 1)
        inputs = outputs
    return count


def stages(batch, precision, image, channels, hidden, classes=CLASSES):
    """Of one step with AdamW."""
    size = 2 if precision == "bf16" else 4
    found, first = [], True
    inputs, height, width = image
    for i, outputs in enumerate(channels):
        pixels = batch * height * width
        found += product_stages(f"convolution {i}", pixels, 9 * inputs, outputs, size, first, input_elements=pixels * inputs)
        n, quarter = pixels * outputs, batch * (height // 2) * (width // 2) * outputs
        found += [Stage(f"pooling {i} forward", 0, size * (n + quarter) + quarter),
                  Stage(f"pooling {i} backward", 0, size * (n + quarter) + quarter)]
        inputs, height, width, first = outputs, height // 2, width // 2, False
    inputs *= height * width
    for i, outputs in enumerate([*hidden, classes]):
        found += product_stages(f"layer {i}", batch, inputs, outputs, size, first)
        inputs, first = outputs, False
    parameters = parameter_count(image, channels, hidden, classes)
    return [*found, Stage("AdamW", 0, parameters * (30 if precision == "bf16" else 28))]


@dataclasses.dataclass(frozen=True)
class Floor:
    flops: int
    bytes: int
    flops_ms: float  # all operations at the machine's rate
    bytes_ms: float  # all bytes at the machine's rate
    ms: float        # stage by stage, the longer of both


def floor(model, batch, precision, rates):
    """rates: {"copy": bytes/s, "fp32"/"tf32"/"bf16": flops/s}; nothing where one is not known."""
    if not rates.get("copy") or not rates.get(precision):
        return None
    all_stages = stages(batch, precision, **MODELS[model])
    rate, copy = rates[precision], rates["copy"]
    return Floor(sum(s.flops for s in all_stages), sum(s.bytes for s in all_stages),
                 1e3 * sum(s.flops for s in all_stages) / rate, 1e3 * sum(s.bytes for s in all_stages) / copy,
                 1e3 * sum(max(s.flops / rate, s.bytes / copy) for s in all_stages))
