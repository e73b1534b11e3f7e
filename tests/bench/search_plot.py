#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""search_plot.py FOLDER OUT.svg: mean normalised regret against full trainings, our rows and published programs.

FOLDER holds the JSON lines of `make bench-search`. A row is drawn from the seeds that it has on all data sets, with a band of one standard error over the seeds; published rows come from
search_published.json beside this file, with points where they are tabled. Both axes are logarithmic.
"""
import json
import math
import pathlib
import sys

WIDTH, HEIGHT = 960, 560
LEFT, RIGHT, TOP, BOTTOM = 56, 300, 62, 52
X, Y = (0.95, 50.0), (0.05, 1.0)
LABEL_STEP = 17
OURS = {"default": ("#c2410c", 3.2), "gp": ("#0369a1", 2.2), "tpe": ("#15803d", 2.2), "kde + hyperband": ("#9d2a8f", 2.2)}
PUBLISHED = {  # label, colour, dashes
    "SMAC3 2.4.1 multi-fidelity": ("SMAC3 2.4, multi-fidelity", "#6b7280", ""),
    "Optuna 5.0 GP": ("Optuna 5.0 GP", "#5b7a99", "7 4"),
    "BOHB (reference)": ("BOHB", "#8a6d8a", "2 3"),
    "SHA (reference)": ("Successive Halving", "#9a7b4f", "9 3 2 3"),
    "Optuna 5.0 TPE univariate + Hyperband pruner": ("Optuna 5.0 TPE, Hyperband pruner", "#5f8a6b", "4 2"),
    "Optuna 5.0 TPE (default, multivariate)": ("Optuna 5.0 TPE", "#5f8a6b", "12 4"),
    "DEHB 0.1.2": ("DEHB 0.1", "#a06060", "1 4"),
    "random": ("random", "#8a8a8a", "3 6"),
}


def horizontal(trainings):
    return LEFT + (WIDTH - LEFT - RIGHT) * math.log(trainings / X[0]) / math.log(X[1] / X[0])


def vertical(regret):
    return TOP + (HEIGHT - TOP - BOTTOM) * math.log(Y[1] / min(max(regret, Y[0]), Y[1])) / math.log(Y[1] / Y[0])


def points(pairs):
    return " ".join(f"{horizontal(x):.1f},{vertical(y):.1f}" for x, y in pairs)


def curves(folder):
    """By program: (trainings, mean, standard error) at each checkpoint, and how many seeds."""
    runs = {}
    for path in sorted(folder.glob("*.jsonl")):
        for run in map(json.loads, path.read_text().splitlines()):
            if "dataset" in run:
                runs.setdefault(run["program"], {})[run["dataset"], run["seed"]] = run
    datasets = {dataset for rows in runs.values() for dataset, _ in rows}
    found = {}
    for program, rows in runs.items():
        seeds = [s for s in sorted({seed for _, seed in rows}) if all((d, s) in rows for d in datasets)]
        if not seeds:
            if program in OURS:
                print(f"search_plot.py: {program} has no seed on all {len(datasets)} data sets, and is left out", file=sys.stderr)
            continue
        curve = []
        for i, trainings in enumerate(next(iter(rows.values()))["cp"]):
            means = [sum(rows[d, s]["true"][i] for d in datasets) / len(datasets) for s in seeds]
            mean = sum(means) / len(means)
            spread = sum((m - mean) ** 2 for m in means) / max(len(means) - 1, 1)
            if trainings >= X[0]:
                curve.append((trainings, mean, math.sqrt(spread / len(means))))
        found[program] = curve, len(seeds)
    return found, len(datasets)


def axes(datasets):
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" font-size="12.5" fill="#333">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#fff"/>',
           f'<text x="{LEFT}" y="26" font-size="16" font-weight="600" fill="#111">Regret at equal training cost</text>',
           f'<text x="{LEFT}" y="46" fill="#555">mean over {datasets} data sets of recorded learning curves: 0 is the best there is, 1 the median of random configurations</text>']  # fmt: skip
    for regret in (0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0):
        y = vertical(regret)
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e7e7e7"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{regret:g}</text>')
    for trainings in (1, 2, 5, 10, 20, 50):
        x = horizontal(trainings)
        out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#e7e7e7"/>')
        out.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{trainings}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">cost, in full trainings, everything included</text>')
    return out


def labels(ends):
    """Names at the right, moved apart, each with a line to where its curve ends. ends: (y, name, colour, weight)."""
    ends = sorted(ends)
    places = [y for y, *_ in ends]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + LABEL_STEP)
    surplus = places[-1] - (HEIGHT - BOTTOM)
    for i in reversed(range(len(places))):
        places[i] -= max(0, surplus) if i == len(places) - 1 else max(0, places[i] - places[i + 1] + LABEL_STEP)
    out, x = [], WIDTH - RIGHT
    for place, (y, name, colour, weight) in zip(places, ends):
        out.append(f'<polyline points="{x + 2},{y:.1f} {x + 16},{place:.1f}" fill="none" stroke="{colour}" stroke-width="0.8"/>')
        out.append(f'<text x="{x + 20}" y="{place + 4:.1f}" fill="{colour}" font-weight="{weight}">{name}</text>')
    return out


def draw(folder):
    ours, datasets = curves(folder)
    published = json.loads((pathlib.Path(__file__).resolve().parent / "search_published.json").read_text())
    out, ends = axes(datasets), []
    for row in published["programs"]:
        if row["name"] not in PUBLISHED:
            continue
        label, colour, dashes = PUBLISHED[row["name"]]
        pairs = list(zip(published["at"], row["regret"]))
        out.append(f'<polyline points="{points(pairs)}" fill="none" stroke="{colour}" stroke-width="1.4" stroke-dasharray="{dashes or "none"}"/>')
        out += [f'<circle cx="{horizontal(x):.1f}" cy="{vertical(y):.1f}" r="2" fill="{colour}"/>' for x, y in pairs]
        ends.append((vertical(pairs[-1][1]), label, colour, "400"))
    for name, (colour, width) in reversed(OURS.items()):
        if name not in ours:
            continue
        curve, seeds = ours[name]
        band = [(x, m + e) for x, m, e in curve] + [(x, m - e) for x, m, e in reversed(curve)]
        out.append(f'<polygon points="{points(band)}" fill="{colour}" opacity="0.13"/>')
        out.append(f'<polyline points="{points([(x, m) for x, m, _ in curve])}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"/>')
        ends.append((vertical(curve[-1][1]), f"hpo-batch {name}, {seeds} seed{'s' * (seeds > 1)}", colour, "600"))
    return "\n".join([*out, *labels(ends), "</svg>"]) + "\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    pathlib.Path(sys.argv[2]).write_text(draw(pathlib.Path(sys.argv[1])))


if __name__ == "__main__":
    main()
