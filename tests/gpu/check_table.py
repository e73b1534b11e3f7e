# SPDX-License-Identifier: Apache-2.0
"""What `make gpu-check` has found, as rows; and the rows as one table, as JSON and as Markdown.

The JSON is {"schema": 1, "machine": {name: text}, "seconds": s, "rows": [{group, work, ours, rival, wanted, verdict, why, data}]}.
"""
import dataclasses
import textwrap

PASSED, FAILED, SKIPPED, NOTED = "passed", "failed", "skipped", "noted"
COLUMNS = ("work", "ours", "against", "to reach", "verdict")
WIDEST = 46  # of a cell in the text table; longer ones go on in the next line
SAYINGS = {"failed": "**failed**", "skipped": "skipped", "passed": "passed", "noted": ""}


@dataclasses.dataclass
class Row:
    group: str
    work: str
    verdict: str
    ours: str = ""
    rival: str = ""
    wanted: str = ""
    why: str = ""  # failed, skipped: the reason
    data: dict = dataclasses.field(default_factory=dict)  # figures, unrounded

    def __post_init__(self):
        assert self.verdict in SAYINGS, self.verdict
        assert self.why or self.verdict in (PASSED, NOTED), f"{self.work}: {self.verdict}, but why?"


def to_json(machine, rows, seconds):
    return {"schema": 1, "machine": machine, "seconds": round(seconds), "rows": [dataclasses.asdict(row) for row in rows]}


def from_json(record):
    return record["machine"], [Row(**row) for row in record["rows"]], record["seconds"]


def summary(rows, seconds):
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in (PASSED, FAILED, SKIPPED)}
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items()) + f"; {seconds:.0f} s"


def groups(rows):
    """Rows by group, in the order in which the groups first come."""
    found = {}
    for row in rows:
        found.setdefault(row.group, []).append(row)
    return found.items()


def cells(row, verdict):
    return row.work, row.ours, row.rival, row.wanted, f"{verdict}: {row.why}" if row.why and verdict else verdict or row.why


def to_text(machine, rows, seconds):
    """One table, as wide as its cells but none wider than WIDEST."""
    table = [(group, [[textwrap.wrap(cell, WIDEST) or [""] for cell in cells(row, "" if row.verdict == NOTED else row.verdict)]
                      for row in members]) for group, members in groups(rows)]
    widths = [max([len(name)] + [len(line) for _, members in table for row in members for line in row[i]])
              for i, name in enumerate(COLUMNS)]

    def line(words):
        return "  ".join(word.ljust(width) for word, width in zip(words, widths)).rstrip()

    out = [f"{name:<10} {text}" for name, text in machine.items()]
    out += ["", line(COLUMNS), line(["-" * width for width in widths])]
    for group, members in table:
        out.append(f"[{group}]")
        for row in members:
            for i in range(max(map(len, row))):
                out.append(line([cell[i] if i < len(cell) else "" for cell in row]))
    return "\n".join([*out, "", summary(rows, seconds)]) + "\n"


def to_markdown(machine, rows, seconds):
    out = ["| | |", "|---|---|"]
    out += [f"| {name} | {escaped(text)} |" for name, text in machine.items()]
    for group, members in groups(rows):
        out += ["", f"**{escaped(group)}**", "", "| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
        out += ["| " + " | ".join(escaped(cell) for cell in cells(row, SAYINGS[row.verdict])) + " |" for row in members]
    return "\n".join([*out, "", summary(rows, seconds)]) + "\n"


def escaped(text):
    return " ".join(text.replace("|", "\\|").split())


def put_between(document, text, begin="<!-- gpu-check: begin -->", end="<!-- gpu-check: end -->"):
    """A document with `text` in the place of what stood between its two marks."""
    head, found, rest = document.partition(begin)
    _, found_end, tail = rest.partition(end)
    if not found or not found_end:
        raise ValueError(f"there is no line '{begin}' with '{end}' behind it")
    return f"{head}{begin}\n{text}{end}{tail}"
