#!/usr/bin/env python3
"""sbatch, squeue, scontrol and scancel for a machine without Slurm: jobs are rows of a file, nothing runs. Answers have the forms of
Slurm 22.05. Called by the name it is linked to; FAKE_SLURM names the directory of its state. Files there steer it:
refuse (text sbatch refuses with), lose (sbatch submits but says it timed out), down (no command answers)."""
import fcntl
import json
import os
import pathlib
import sys

home = pathlib.Path(os.environ["FAKE_SLURM"])
name, args = pathlib.Path(sys.argv[0]).name, sys.argv[1:]


def steer(word):
    return (home / word).exists()


if steer("down"):
    print("slurm_load_jobs error: Unable to contact slurm controller (connect failure)", file=sys.stderr)
    sys.exit(1)

with open(home / "state.json", "a+") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    file.seek(0)
    jobs = json.loads(file.read() or "{}")
    out, code = "", 0
    if name == "sbatch":
        leaked = [v for v in os.environ if v.startswith(("SLURM_", "SBATCH_", "HPO_")) and v != "SLURM_CONF"]
        script = pathlib.Path(args[-1]).read_text()
        job_name = next(line.split("=", 1)[1] for line in script.splitlines() if line.startswith("#SBATCH --job-name="))
        if leaked:
            print("sbatch: error: leaked", leaked, file=sys.stderr)
            code = 1
        elif steer("refuse"):
            print((home / "refuse").read_text(), file=sys.stderr)
            code = 1
        else:
            number = str(len(jobs) + 1)
            held = "--hold" in args
            jobs[number] = {"name": job_name, "state": "PENDING", "reason": "JobHeldUser" if held else "None", "args": args}
            if steer("lose"):
                print("sbatch: error: Batch job submission failed: Socket timed out on send/recv operation", file=sys.stderr)
                code = 1
            else:
                out = number + "\n"
    elif name == "squeue":
        wanted = next(a.split("=", 1)[1] for a in args if a.startswith("--name="))
        out = "".join(f"{n}|{j['state']}|{j['reason']}\n" for n, j in jobs.items() if j["name"] == wanted)
    elif name == "scontrol" and args[0] == "release":
        if steer("norelease"):
            code = 1
        elif jobs[args[1]]["reason"] == "JobHeldUser":
            jobs[args[1]]["reason"] = "None"
    elif name == "scancel":
        jobs[args[0]].update(state="CANCELLED")
    file.seek(0)
    file.truncate()
    file.write(json.dumps(jobs))
sys.stdout.write(out)
sys.exit(code)
