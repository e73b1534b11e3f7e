# SPDX-License-Identifier: Apache-2.0
"""Commands with time limits, and the clock of the whole check."""
import dataclasses
import json
import os
import signal
import subprocess
import time


def last_words(text):
    """The last line, but for advice."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip() and not line.startswith("try:")), "")


@dataclasses.dataclass
class Result:
    code: int
    out: str
    err: str
    seconds: float
    timed_out: bool = False

    def lines(self):
        """Those lines of the output that are JSON objects."""
        found = []
        for line in self.out.splitlines():
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                found.append(value)
        return found

    def why(self, limit=200):
        """Why it failed, in one line."""
        words = last_words(self.err or self.out)
        how = f"ended after its {self.seconds:.0f} s" if self.timed_out else f"exit code {self.code}"
        return f"{how}: {words}"[:limit] if words else how


class Clock:
    """Counts down from `limit` seconds."""

    def __init__(self, limit):
        self.start, self.limit = time.monotonic(), limit

    def passed(self):
        return time.monotonic() - self.start

    def left(self):
        return self.limit - self.passed()


def kill_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run(argv, seconds, env=None, cwd=None, log=None):
    """Runs a command; it and whatever it started are killed when the time is over. What it printed until then counts. log: a
    file for all its words."""
    start = time.monotonic()
    try:
        process = subprocess.Popen([str(word) for word in argv], env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True)
    except OSError as error:
        return Result(127, "", f"{argv[0]}: {error.strerror}", 0)
    timed_out = False
    try:
        out, err = process.communicate(timeout=max(seconds, 0.1))
    except subprocess.TimeoutExpired:
        timed_out = True
        kill_group(process)
        out, err = process.communicate()
    kill_group(process)  # what it left running
    result = Result(process.returncode, out, err, time.monotonic() - start, timed_out)
    if log:
        log.write_text(f"$ {' '.join(map(str, argv))}\n{out}\n--- standard error\n{err}\n--- {result.code} after {result.seconds:.1f} s\n")
    return result
