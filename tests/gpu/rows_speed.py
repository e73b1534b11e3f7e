# SPDX-License-Identifier: Apache-2.0
"""Rows about time: gpu_step (ours) and gpu_rival.py (PyTorch) in one run, the floors of rows_work.py, and replay of the step's graph
against launching its parts."""
import rows_work
from check_programs import SOURCE
from check_run import run
from check_table import FAILED, NOTED, PASSED, SKIPPED, Row

MODELS = {"mlp": "MLP 784-4096x3-10", "cnn": "CNN 32C3-P-64C3-P-FC128"}
BATCHES = (1024, 8192)
PRECISIONS = ("fp32", "tf32", "bf16")
COMPILED = ("reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")
GROUP = "a training step, AdamW, by time"
SHARE_GROUP = "what the machine could do: share of the step's floor"
GRAPH_GROUP = "graph replay against eager launches"
RATES_GROUP = "this machine's rates"


def cells():
    return [(model, batch, precision) for model in MODELS for batch in BATCHES for precision in PRECISIONS]


def name_of(cell):
    model, batch, precision = cell
    return f"{MODELS[model]}, batch {batch}, {precision}"


def milliseconds(value):
    return f"{value:.3f} ms" if value < 10 else f"{value:.1f} ms"


def measure_steps(programs, seconds_left, log, wanted, options=(), seconds_each=30):
    """gpu_step for each cell: {cell: what it printed}, {cell: why it did not}."""
    found, reasons = {}, {}
    for cell in wanted:
        model, batch, precision = cell
        seconds = min(seconds_each, seconds_left())
        if seconds < 3:
            reasons[cell] = "no time was left"
            continue
        result = run([programs.path("bench/gpu_step"), model, str(batch), precision, *options], seconds, env=programs.env,
                     log=log / f"gpu_step-{model}-{batch}-{precision}{''.join(options)}.log")
        if result.code == 0 and result.lines():
            found[cell] = result.lines()[-1]
        else:
            reasons[cell] = result.why()
    return found, reasons


def measure_rates(programs, seconds, log):
    """{"copy": bytes/s, precision: flops/s} of gpu_rates; what is missing could not be measured."""
    return rates_in(run([programs.path("bench/gpu_rates")], seconds, env=programs.env, log=log / "gpu_rates.log").lines())


def rates_in(lines):
    return {line["rate"]: line.get("bytes_per_s") or line.get("flops_per_s") for line in lines if "rate" in line}


def measure_rival(python, seconds, env, log):
    """{cell: {way: ms}}, {cell: {way: why not}}, rates, and why there is nothing at all."""
    result = run([python, SOURCE / "tests/bench/gpu_rival.py", "--seconds", str(max(5, seconds - 10))], seconds, env=env, log=log / "gpu_rival.log")
    times, skipped = {}, {}
    for line in result.lines():
        if "way" not in line:
            continue
        cell = line["model"], line["batch"], line["precision"]
        if "ms" in line:
            times.setdefault(cell, {})[line["way"]] = line["ms"]
        else:
            skipped.setdefault(cell, {})[line["way"]] = line["skipped"]
    return times, skipped, rates_in(result.lines()), "" if times else result.why()


def best(times):
    """The fastest of torch.compile's ways: (way, ms), or nothing."""
    ways = [(ms, way) for way, ms in times.items() if way in COMPILED]
    return (min(ways)[1], min(ways)[0]) if ways else None


def speed_row(cell, ours, why_not, times, skipped, no_rival):
    """At or under the best of torch.compile passes; equal to the last digit that is printed counts as equal."""
    row = {"group": GROUP, "work": name_of(cell), "wanted": "at or under torch.compile"}
    words = [f"{way} {milliseconds(times[way])}" for way in ("eager", "captured") if way in times]
    compiled = best(times)
    if compiled:
        words.insert(0, f"torch.compile {milliseconds(compiled[1])} ({compiled[0]})")
    rival = ", ".join(words)
    if why_not:
        return Row(**row, verdict=FAILED, rival=rival, why=why_not)
    data = {"ms": ours["ms"], "best_ms": ours["best_ms"], "worst_ms": ours["worst_ms"], "torch": times, "skipped": skipped}
    if not compiled:
        why = no_rival or "; ".join(f"{way} {reason}" for way, reason in skipped.items() if way in COMPILED) or "torch.compile gave no time"
        return Row(**row, verdict=SKIPPED, ours=milliseconds(ours["ms"]), rival=rival, why=why, data=data)
    ratio = ours["ms"] / compiled[1]
    return Row(**row, ours=milliseconds(ours["ms"]), rival=rival, verdict=PASSED if ratio < 1.0005 else FAILED,
               why="" if ratio < 1.0005 else f"{ratio:.2f} times torch.compile's time", data={**data, "ratio": ratio})


def share_row(cell, ours, rates):
    floor = rows_work.floor(*cell, rates)
    if not floor:
        return Row(SHARE_GROUP, name_of(cell), SKIPPED, why="the machine's rates are not known")
    share = floor.ms / ours["ms"]
    return Row(SHARE_GROUP, name_of(cell), NOTED, ours=f"{100 * share:.0f} % of {milliseconds(ours['ms'])}",
               rival=f"floor {milliseconds(floor.ms)}: {floor.flops / 1e9:.4g} GFLOP {milliseconds(floor.flops_ms)}, "
                     f"{floor.bytes / 1e6:.4g} MB {milliseconds(floor.bytes_ms)}",
               data={"share": share, "floor_ms": floor.ms, "flops": floor.flops, "bytes": floor.bytes})


def rate_rows(ours, torchs):
    """Both measurements; the floors use the larger."""
    rows = []
    for name in ("copy", *PRECISIONS):
        values = [rates[name] for rates in (ours, torchs) if rates.get(name)]
        work = "copy on the device, read and written" if name == "copy" else f"square matrix product, {name}"
        scale, unit = (1e9, "GB/s") if name == "copy" else (1e12, "TFLOP/s")
        if not values:
            rows.append(Row(RATES_GROUP, work, SKIPPED, why="could not be measured"))
        else:
            rows.append(Row(RATES_GROUP, work, NOTED, ours=f"{ours[name] / scale:.4g} {unit}" if ours.get(name) else "",
                            rival=f"PyTorch {torchs[name] / scale:.4g} {unit}" if torchs.get(name) else "", data={"largest": max(values)}))
    return rows


def larger(ours, torchs):
    return {name: max(rates[name] for rates in (ours, torchs) if rates.get(name)) for name in ours | torchs}


def graph_row(cell, replayed, eager, why_not):
    if why_not:
        return Row(GRAPH_GROUP, name_of(cell), FAILED, why=why_not)

    def words(line):
        launches = line.get("launches", -1)
        return milliseconds(line["ms"]) + (f", {launches} launch{'' if launches == 1 else 'es'}" if launches >= 0 else "")

    return Row(GRAPH_GROUP, name_of(cell), NOTED, ours="graph " + words(replayed), rival="eager " + words(eager),
               data={"graph_ms": replayed["ms"], "eager_ms": eager["ms"], "launches": eager.get("launches", -1)})
