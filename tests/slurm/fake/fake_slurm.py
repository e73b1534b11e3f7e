#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sbatch, squeue, sacct, scancel, scontrol and sacctmgr for a machine without Slurm, for what a real one does not do on demand.

Answers have the forms of Slurm 22.05 and only the calls of our tools are understood: any other option is an error. Nothing
runs by itself; a test says what became of each task:

    slurm = Fake(directory)                       # the tools' environment: {**os.environ, **slurm.environment}
    slurm.start("1", 0, 1)                        # tasks 0 and 1 of array 1; no index: all tasks
    slurm.finish("1", 0, state="FAILED", exit="7:0")
    slurm.requeue("1", 1, state="NODE_FAIL")
    slurm.fail("squeue", "hang")                  # until slurm.mend(); fail_next: once
    slurm.jobs["1"].states                        # {0: "FAILED", 1: "PENDING", 2: ...}

Faults of every command: error (Slurm's words and exit code), empty (nothing, exit 0), cut (half of the answer, an error beside
it, exit 0), hang (until it is killed). Of sbatch besides: refuse (text=... is what it says), late-refusal (a FAILED row stays
behind), lose (submitted, but the answer is a time-out), timeout (the same words, not submitted), take-and-hang (submitted).
The command of a fault may have a word more: "scontrol release".
"""
import contextlib
import fcntl
import json
import os
import pathlib
import pwd
import re
import shlex
import sys
import time
import types

COMMANDS = ("sbatch", "squeue", "sacct", "scancel", "scontrol", "sacctmgr")
LIMIT = 600  # seconds: every job's time limit
OVER = {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"}
REASONS = {"FAILED": "NonZeroExitCode", "TIMEOUT": "TimeLimit", "NODE_FAIL": "NodeDown", "OUT_OF_MEMORY": "OutOfMemory"}
NO_CONTROLLER = "Unable to contact slurm controller (connect failure)"
TIMED_OUT = "Socket timed out on send/recv operation"
NOT_SUBMITTED = "sbatch: error: Batch job submission failed: "
NO_DATABASE = ("{0}: error: slurm_persist_conn_open_without_init: failed to open persistent connection to host:localhost:6819: Connection refused\n"
               "{0}: error: Sending PersistInit msg: Connection refused\n")
ERRORS = {  # of each command while nobody answers it: exit code and words
    "sbatch": (1, NOT_SUBMITTED + NO_CONTROLLER),
    "squeue": (1, "slurm_load_jobs error: " + NO_CONTROLLER),
    "scancel": (8, "scancel: error: Kill job error on job id 1: " + NO_CONTROLLER),
    "scontrol": (1, "slurm_load_ctl_conf error: " + NO_CONTROLLER),
    "scontrol release": (1, "Unexpected message received for job 1\nslurm_suspend error: Unexpected message received"),
    "sacct": (1, NO_DATABASE.format("sacct") + "sacct: error: Problem talking to the database: Connection refused"),
    "sacctmgr": (1, NO_DATABASE.format("sacctmgr").strip()),
}
CONFIG = {"AccountingStorageEnforce": "none", "AccountingStorageType": "accounting_storage/slurmdbd", "ClusterName": "fake", "KillWait": "30 sec",
          "MaxArraySize": "1001", "MaxJobCount": "10000", "MinJobAge": "300 sec", "SLURM_VERSION": "22.05.8"}
SBATCH_OPTIONS = set("""account array begin bb chdir comment constraint contiguous core-spec cores-per-socket cpu-freq cpus-per-gpu cpus-per-task
    deadline delay-boot dependency distribution error exclude exclusive export export-file extra-node-info get-user-env gpu-bind gpu-freq gpus
    gpus-per-node gpus-per-socket gpus-per-task gres gres-flags hint hold input job-name kill-on-invalid-dep licenses mail-type mail-user mem
    mem-bind mem-per-cpu mem-per-gpu mincpus network nice no-kill no-requeue nodefile nodelist nodes ntasks ntasks-per-core ntasks-per-gpu
    ntasks-per-node ntasks-per-socket open-mode output overcommit oversubscribe parsable partition power prefer priority profile propagate qos
    quiet reboot requeue reservation signal sockets-per-node spread-job switches test-only thread-spec threads-per-core time time-min tmp
    use-min-nodes verbose wait-all-nodes wckey""".split())

SBATCH_SHORT = {"account": "A:", "constraint": "C:", "cpus-per-task": "c:", "exclude": "x:", "nodelist": "w:", "nodes": "N:", "ntasks": "n:",
                "partition": "p:", "qos": "q:", "time": "t:"}


class Exit(Exception):
    """The end of a command: exit code, stderr, stdout."""

    def __init__(self, code, err="", out=""):
        super().__init__(code, err, out)
        self.code, self.err, self.out = code, err, out


def lines(rows):
    return "".join(row + "\n" for row in rows)


def now():
    return int(time.time())


def clock(seconds, unknown):
    if not seconds:
        return unknown
    return str(seconds) if os.environ.get("SLURM_TIME_FORMAT") == "%s" else time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(seconds))


def in_ranges(indices):
    """[1, 2, 3, 5] -> "1-3,5", cut as Slurm does it unless SLURM_BITSTR_LEN=0."""
    parts, indices = [], sorted(indices)
    while indices:
        length = next((n for n, index in enumerate(indices) if index != indices[0] + n), len(indices))
        parts.append(str(indices[0]) if length == 1 else f"{indices[0]}-{indices[length - 1]}")
        indices = indices[length:]
    text = ",".join(parts)
    return text if os.environ.get("SLURM_BITSTR_LEN") == "0" or len(text) <= 64 else text[:61] + "..."


def from_ranges(text):
    """"0-8:4,9%2" -> ([0, 4, 8, 9], 2); Exit for what is none."""
    match = re.fullmatch(r"([\d,:-]+)(?:%(\d+))?", text)
    indices = []
    for part in match[1].split(",") if match else [""]:
        piece = re.fullmatch(r"(\d+)(?:-(\d+)(?::(\d+))?)?", part)
        if not piece or (piece[2] and int(piece[2]) < int(piece[1])):
            raise Exit(1, NOT_SUBMITTED + "Invalid job array specification")
        indices += range(int(piece[1]), int(piece[2] or piece[1]) + 1, int(piece[3] or 1))
    return indices, int(match[2] or 0)


# ---- the model: a job has tasks, a task has runs, the last of which is the present one


def task_over(task):
    return task[-1]["state"] in OVER


def new_run(reason, eligible):
    return {"state": "PENDING", "reason": reason, "submit": now(), "start": 0, "end": 0, "node": "", "raw": "", "exit": "0:0", "derived": "0:0",
            "by": None, "oom_step": False, "eligible": eligible, "record": 0, "forgotten": False}


class Model:
    def __init__(self, data):
        self.data = data

    def __getattr__(self, name):
        return self.data[name]

    def job(self, number):
        """The job of that id; of several, for ids come again, the latest."""
        return next((job for job in reversed(self.jobs) if job["id"] == str(number)), None)

    def tasks(self, job, indices=()):
        return {i: job["tasks"][str(i)] for i in (indices or map(int, job["tasks"]))}

    def take_id(self):
        self.data["next"] += 1
        return str(self.data["next"] - 1)

    def take_record(self):
        self.data["record"] += 1
        return self.data["record"]

    def live_tasks(self):
        return sum(not task_over(task) for job in self.jobs if not job["gone"] for task in job["tasks"].values())

    def submit(self, name, args, script, indices, throttle, reason):
        number = self.take_id()
        for job in self.jobs:
            job["gone"] = job["gone"] or job["id"] == number
        job = {"id": number, "name": name, "args": args, "script": script, "array": indices is not None, "throttle": throttle, "gone": False,
               "expected": 0, "record": self.take_record(), "tasks": {str(i): [new_run(reason, reason == "None")] for i in indices or [0]}}
        self.jobs.append(job)
        return job

    def start(self, job, task, node="n1", at=None):
        run = task[-1]
        if not run["raw"]:  # the last one to start has the number of the array
            rest = sum(not task[-1]["raw"] for task in job["tasks"].values())
            run["raw"] = job["id"] if rest == 1 else self.take_id()
        run.update(state="RUNNING", reason="None", start=at or now(), node=node, eligible=True, record=self.take_record())

    def finish(self, job, task, state, at=None, **values):
        if not task[-1]["start"]:
            self.start(job, task, at=at)
        task[-1].update(state=state, reason=REASONS.get(state, "None"), end=at or now(), **values)

    def requeue(self, task, state, reason="BeginTime", **values):
        task[-1].update(state=state, end=now(), **values)
        task.append({**new_run(reason, True), "raw": task[-1]["raw"], "record": self.take_record()})

    def cancel(self, job, indices, by):
        for index, task in self.tasks(job, indices).items():
            run = task[-1]
            if task_over(task):
                continue
            if indices and not run["start"] and len(task) == 1:
                del job["tasks"][str(index)]  # a pending task cancelled alone leaves no trace
            else:
                run.update(state="CANCELLED", end=now(), by=by)

    def fault(self, words):
        """The fault that applies to this call, counted down."""
        for fault in self.faults:
            if " ".join(words).startswith(fault["command"]) and fault["times"] != 0:
                fault["times"] -= 1
                return fault
        return None


@contextlib.contextmanager
def model_of(home):
    with open(home / "state.json", "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        model = Model(json.load(file))
        try:
            yield model
        finally:
            file.seek(0)
            file.truncate()
            json.dump(model.data, file)


# ---- the commands


def options_of(name, args, known, code=1):
    """{"--name": value or ""} and the other words. known: long names, those with a short form behind it: {"noheader": "h"}."""
    options, words, args = {}, [], list(args)
    short = {"-" + letter[0]: long for long, letter in known.items() if letter}
    while args:
        word = args.pop(0)
        if word.startswith("--"):
            long, _, value = word[2:].partition("=")
        elif word in short:
            long, value = short[word], args.pop(0) if len(known[short[word]]) > 1 else ""
        elif word.startswith("-"):
            raise Exit(code, f"{name}: invalid option -- '{word[1:2]}'")
        else:
            words.append(word)
            continue
        if long not in known:
            raise Exit(code, f"{name}: unrecognized option '--{long}'\nTry \"{name} --help\" for more information")
        options[long] = value
    return options, words


def sbatch(model, args, fault):
    leaked = [v for v in os.environ if v.startswith(("SLURM_", "SBATCH_", "SRUN_", "SALLOC_", "HPO_")) and v != "SLURM_CONF"]
    if leaked:
        raise Exit(1, f"sbatch: error: leaked from the caller: {' '.join(leaked)}")
    known = {**dict.fromkeys(SBATCH_OPTIONS, ""), **SBATCH_SHORT}
    given, words = options_of("sbatch", args, known, 255)
    if len(words) != 1 or not pathlib.Path(words[0]).is_file():
        raise Exit(1, f"sbatch: error: Unable to open file {' '.join(words)}")
    script = pathlib.Path(words[0]).read_text()
    if not script.startswith("#!"):
        raise Exit(1, "sbatch: error: This does not look like a batch script.  The first\n"
                      "sbatch: error: line must start with #! followed by the path to an interpreter.\nsbatch: error: For instance: #!/bin/sh")
    inside = [word for line in script.splitlines() if line.startswith("#SBATCH") for word in shlex.split(line[7:], comments=True)]
    options = {**options_of("sbatch", inside, known, 255)[0], **given}
    indices, throttle = from_ranges(options["array"]) if "array" in options else (None, 0)
    if indices and max(indices) >= int(model.config["MaxArraySize"]):
        raise Exit(1, NOT_SUBMITTED + "Invalid job array specification")
    queued = model.live_tasks() + len(indices or [0])
    for limit, most in model.limits.items():
        if most is not None and queued > most:
            raise Exit(1, f"sbatch: error: {limit}\n{NOT_SUBMITTED}Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)")
    if queued > int(model.config["MaxJobCount"]):
        raise Exit("hang", "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying")
    if fault == "timeout":
        raise Exit(1, NOT_SUBMITTED + TIMED_OUT)
    reason = "JobHeldUser" if "hold" in options else "Dependency" if "dependency" in options else "BeginTime" if "begin" in options else "None"
    job = model.submit(options.get("job-name", pathlib.Path(words[0]).name), args, script, indices, throttle, reason)
    if fault == "late-refusal":
        for task in job["tasks"].values():
            task[-1].update(state="FAILED", reason="BadConstraints", exit="1:0", end=now())
        raise Exit(1, NOT_SUBMITTED + "Requested node configuration is not available")
    if fault == "lose":
        raise Exit(1, NOT_SUBMITTED + TIMED_OUT)
    if fault == "take-and-hang":
        raise Exit("hang")
    return job["id"] + "\n" if "parsable" in options else f"Submitted batch job {job['id']}\n"


def squeue(model, args, _):
    options, words = options_of("squeue", args, {"noheader": "h", "array": "r", "states": "t:", "me": "", "name": "n:", "format": "o:", "start": "", "jobs": "j:"})
    if words or "noheader" not in options or "format" not in options:
        raise Exit(1, f"squeue: error: the fake knows no such call: {args}")
    names = options["name"].split(",") if "name" in options else None
    ids = options["jobs"].split(",") if "jobs" in options else None
    rows = []
    for job in model.jobs:
        if job["gone"] or (names is not None and job["name"] not in names):
            continue
        together = {}  # tasks that never began are one row, unless asked for each
        for index, task in model.tasks(job).items():
            run = task[-1]
            if run["forgotten"] or (ids is not None and not {job["id"], run["raw"], f"{job['id']}_{index}"} & set(ids)):
                continue
            if run["state"] in OVER and options.get("states") != "all" or "start" in options and run["state"] != "PENDING":
                continue
            key = (run["state"], run["reason"]) if not run["raw"] and "array" not in options else index
            together.setdefault(key, (run, []))[1].append(index)
        rows += [queue_row(options["format"], job, run, indices) for run, indices in together.values()]
    if ids is not None and len(ids) == 1 and not rows:
        raise Exit(1, "slurm_load_jobs error: Invalid job id specified")
    return lines(rows)


def queue_row(form, job, run, indices):
    tasks = str(indices[0]) if len(indices) == 1 else in_ranges(indices) + (f"%{job['throttle']}" if job["throttle"] else "")
    start = run["start"] or run["end"] or job["expected"]  # cancelled before it began: both are the time of that
    end = run["end"] if run["state"] in OVER else run["start"] and run["start"] + LIMIT
    values = {"F": job["id"], "K": tasks if job["array"] else "N/A", "A": run["raw"] or job["id"], "T": run["state"], "V": clock(run["submit"], "N/A"),
              "S": clock(start, "N/A"), "e": clock(end, "N/A"), "D": "1", "N": run["node"], "j": job["name"], "r": run["reason"]}
    try:
        return re.sub(r"%(\w)", lambda match: values[match[1]], form)
    except KeyError as letter:
        raise Exit(1, f"squeue: error: the fake knows no %{letter}") from None


def sacct(model, args, _):
    options, words = options_of("sacct", args, dict.fromkeys(("noheader", "parsable2", "duplicates", "delimiter", "jobs", "format"), ""))
    if words or not {"noheader", "parsable2", "duplicates", "jobs", "format"} <= options.keys():
        raise Exit(1, f"sacct: error: the fake knows no such call: {args}")
    rows = []
    for job in model.jobs:
        if job["id"] in options["jobs"].split(","):
            rows += accounting_rows(model, job)
    fields = options["format"].split(",")
    for field in fields:
        if field not in ACCOUNTING_FIELDS:
            raise Exit(1, f"sacct: error: Invalid field requested: \"{field}\"")
    return lines(options.get("delimiter", "|").join(row[field] for field in fields) for row in rows)


ACCOUNTING_FIELDS = ("JobID", "JobIDRaw", "JobName", "State", "ExitCode", "DerivedExitCode", "Submit", "Start", "End", "ElapsedRaw", "NNodes", "NodeList",
                     "UID", "DBIndex")


def accounting_rows(model, job):
    rows, together = [], {}  # tasks that never began: one row, by state and who cancelled
    for index, task in model.tasks(job).items():
        for run in task:
            if not run["raw"]:
                if run["eligible"] or run["state"] in OVER:
                    together.setdefault((run["state"], run["by"]), (run, []))[1].append(index)
                continue
            name = f"{job['id']}_{index}" if job["array"] else job["id"]
            rows += late(model, run, [accounting_row(job, run, name, run["raw"], run["record"])] + steps(job, run, name))
    for run, indices in together.values():
        name = f"{job['id']}_[{in_ranges(indices)}{'%' + str(job['throttle']) if job['throttle'] else ''}]" if job["array"] else job["id"]
        rows += late(model, run, [accounting_row(job, run, name, job["id"], job["record"])])
    return rows


def late(model, run, rows):
    """Slurm's accounting comes some seconds behind: rows of what has just happened are missing, or have no name yet."""
    if not model.late or max(run["submit"], run["start"], run["end"]) < now() - model.late["seconds"]:
        return rows
    if model.late["how"] == "missing":
        return []
    return [{**rows[0], "JobID": rows[0]["JobIDRaw"], "JobName": "allocation", "State": "PENDING", "End": "Unknown", "ElapsedRaw": "0"}]


def accounting_row(job, run, name, raw, record):
    by = "" if run["by"] is None else f" by {run['by']}"
    start, end = run["start"] or run["end"], run["end"]
    return {"JobID": name, "JobIDRaw": raw, "JobName": job["name"], "State": run["state"] + by, "ExitCode": run["exit"], "DerivedExitCode": run["derived"],
            "Submit": clock(run["submit"], "Unknown"), "Start": clock(start, "Unknown"), "End": clock(end, "Unknown"),
            "ElapsedRaw": str((end or now()) - run["start"] if run["start"] else 0), "NNodes": "1", "NodeList": run["node"] or "None assigned",
            "UID": str(os.getuid()), "DBIndex": str(record)}


def steps(job, run, name):
    if not run["start"]:
        return []
    row = {**accounting_row(job, run, name, run["raw"], run["record"]), "DerivedExitCode": "", "UID": ""}
    found = [{**row, "JobID": name + ".batch", "JobIDRaw": run["raw"] + ".batch", "JobName": "batch"}]
    if run["oom_step"]:
        found.append({**row, "JobID": name + ".0", "JobIDRaw": run["raw"] + ".0", "JobName": "srun", "State": "OUT_OF_MEMORY", "ExitCode": "0:125"})
    return found


def target(model, word):
    """"12", "12_3" or "12_[0,3-5]" -> the job and its tasks that are meant; (None, ()) when there is no such thing."""
    number, _, index = word.partition("_")
    job = model.job(number)
    if job is not None and index.startswith("["):  # of a list those that are there
        indices = [i for i in from_ranges(index.strip("[]"))[0] if str(i) in job["tasks"]]
        return (job, tuple(indices)) if indices else (None, ())
    if job is None or (index and index not in job["tasks"]):
        return None, ()
    return job, (int(index),) if index else ()


def scancel(model, args, _):
    _, words = options_of("scancel", args, {"quiet": "Q"})
    for word in words:
        job, indices = target(model, word)
        if job is not None:  # an unknown id is no error
            model.cancel(job, indices, os.getuid())
    return ""


def scontrol(model, args, _):
    if args == ["show", "config"]:
        width = max(map(len, model.config))
        return "Configuration data as of 2026-11-21T11:49:34\n" + lines(f"{key:{width}} = {value}" for key, value in sorted(model.config.items()))
    action, words = args[0], args[1:]
    if action == "update":
        settings = dict(word.split("=", 1) for word in words)
        words = [settings.pop("JobId", "")]
        if list(settings) != ["ArrayTaskThrottle"]:
            raise Exit(1, f"scontrol: error: the fake cannot update {' '.join(settings)}")
    if action not in ("release", "uhold", "requeue", "update") or len(words) != 1:
        raise Exit(1, f"scontrol: error: the fake knows no such call: {args}")
    job, indices = target(model, words[0])
    if job is None:
        what = words[0] + ": Invalid job id specified" if "_" in words[0] else f"Invalid job id specified for job {words[0]}"
        raise Exit(1, what + ("\nslurm_suspend error: Invalid job id specified" if action == "release" and "_" not in words[0] else ""))
    tasks = model.tasks(job, indices)
    if action == "requeue":
        for task in tasks.values():
            model.requeue(task, "REQUEUED")
        return ""
    alive = [index for index, task in tasks.items() if not task_over(task)]
    if action == "update" and alive:
        job["throttle"] = int(settings["ArrayTaskThrottle"])
    for index in alive if action == "release" else ():
        run = tasks[index][-1]
        if run["state"] == "PENDING" and run["reason"].startswith("JobHeld"):
            run.update(reason="None", eligible=True)
    for index in alive if action == "uhold" else ():
        if tasks[index][-1]["state"] == "PENDING":
            tasks[index][-1].update(reason="JobHeldUser")
    over = sorted(tasks.keys() - alive)
    if over:  # exit code 1, although the others did as they were told
        raise Exit(1, f"{job['id']}_{in_ranges(over)}: Job has already finished" + (f"\n{job['id']}_{in_ranges(alive)}: No error" if alive else ""))
    return ""


def sacctmgr(model, args, _):
    def field(limit):
        return "" if model.limits.get(limit) is None else str(model.limits[limit])
    user, text = pwd.getpwuid(os.geteuid()).pw_name, " ".join(args)
    if re.fullmatch(r"--noheader --parsable2 show user \S+ format=defaultaccount", text):
        return "project\n"
    if re.fullmatch(r"--noheader --parsable2 show assoc where cluster=\S+ account=project format=user,maxsubmit,grpsubmit,defaultqos,qos", text):
        return lines([f"||{field('AssocGrpSubmitJobsLimit')}||normal", f"{user}|{field('AssocMaxSubmitJobLimit')}|||normal"])
    if text == "--noheader --parsable2 show qos format=name,grpsubmit,maxsubmitpu,maxsubmitpa":
        return f"normal|{field('QOSGrpSubmitJobsLimit')}|{field('QOSMaxSubmitJobPerUserLimit')}|{field('QOSMaxSubmitJobPerAccountLimit')}\n"
    raise Exit(1, f"sacctmgr: error: the fake knows no such call: {text}")


# ---- one call


def answer(home, name, args):
    """Exit code ("hang": none), stdout, stderr."""
    served = home / f"served-{name}"
    if served.exists():
        return 0, served.read_text(), ""
    with model_of(home) as model:
        fault = model.fault([name, *args]) or {"how": ""}
        how = fault["how"]
        if how == "error":
            code, err = ERRORS.get(" ".join([name, *args[:1]])) or ERRORS[name]
            return code, "", err
        if how in ("empty", "hang"):
            return 0 if how == "empty" else "hang", "", ""
        if how == "refuse":
            return 1, "", fault["text"]
        if name.startswith("sacct") and model.accounting != "on":
            return (1, "", "Slurm accounting storage is disabled") if model.accounting == "off" else (ERRORS[name][0], "", ERRORS[name][1])
        try:
            out = globals()[name](model, args, how)
        except Exit as end:
            return end.code, end.out, end.err
        if how == "cut":
            return 0, out[:len(out) // 2], f"{name}: error: Zero Bytes were transmitted or received"
        return 0, out, ""


def main():
    home, name, args = pathlib.Path(os.environ["FAKE_SLURM"]), pathlib.Path(sys.argv[0]).name, sys.argv[1:]
    with open(home / "calls", "a") as file:
        file.write(json.dumps([name, *args]) + "\n")
    code, out, err = answer(home, name, args)
    sys.stdout.write(out)
    sys.stdout.flush()
    print(err, end="\n" if err else "", file=sys.stderr, flush=True)
    if code == "hang":
        time.sleep(3600)
    sys.exit(code)


# ---- for tests


class Fake:
    """A Slurm of its own in a directory. No index: all tasks of the job."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        (self.home / "bin").mkdir(parents=True)
        for name in COMMANDS:
            (self.home / "bin" / name).symlink_to(pathlib.Path(__file__).resolve())
        (self.home / "calls").touch()
        (self.home / "state.json").write_text(json.dumps({"next": 1, "record": 0, "jobs": [], "faults": [], "config": CONFIG, "limits": {}, "accounting": "on", "late": None}))
        self.environment = {"FAKE_SLURM": str(self.home), "PATH": f"{self.home}/bin:{os.environ['PATH']}"}

    # what is there

    @property
    def jobs(self):
        """By id: id, name, args, script, throttle, and states and reasons by index."""
        with model_of(self.home) as model:
            return {job["id"]: types.SimpleNamespace(id=job["id"], name=job["name"], args=job["args"], script=job["script"], throttle=job["throttle"],
                                                     states={i: task[-1]["state"] for i, task in model.tasks(job).items()},
                                                     reasons={i: task[-1]["reason"] for i, task in model.tasks(job).items()})
                    for job in model.jobs}

    def calls(self, *words):
        """The argument lists so far that begin with these words."""
        found = [json.loads(line) for line in (self.home / "calls").read_text().splitlines()]
        return [call for call in found if call[:len(words)] == list(words)]

    # what becomes of tasks

    def start(self, job, *indices, node="n1", at=None):
        self._each(job, indices, lambda model, job, task: model.start(job, task, node, at))

    def finish(self, job, *indices, state="COMPLETED", **values):
        """values: exit="7:0", derived="0:125", by=UID, oom_step=True, at=SECONDS, reason=..."""
        self._each(job, indices, lambda model, job, task: model.finish(job, task, state, **values))

    def requeue(self, job, *indices, state="REQUEUED", reason="BeginTime", **values):
        """The present run ends in `state`, and the task waits for the next."""
        self._each(job, indices, lambda model, job, task: model.requeue(task, state, reason, **values))

    def set_task(self, job, index, **values):
        """Whatever else: state, reason, submit, start, end, node, exit, derived ..."""
        self._each(job, (index,), lambda model, job, task: task[-1].update(values))

    def set_tasks(self, job, *indices, **values):
        self._each(job, indices, lambda model, job, task: task[-1].update(values))

    def forget(self, job, *indices):
        """squeue shows them no longer."""
        self.set_tasks(job, *indices, forgotten=True)

    def cancel(self, job, *indices, by=None):
        """As scancel does it; by: the uid, else ours."""
        with model_of(self.home) as model:
            model.cancel(model.job(job), indices, os.getuid() if by is None else by)

    def lose(self, job):
        """slurmctld was killed before it had saved its state: nobody knows the job, and its id comes again."""
        with model_of(self.home) as model:
            model.data["jobs"] = [other for other in model.jobs if other["id"] != str(job)]
            model.data["next"] = int(job)

    def expect(self, job, start):
        with model_of(self.home) as model:
            model.job(job)["expected"] = start

    def _each(self, job, indices, change):
        with model_of(self.home) as model:
            found = model.job(job)
            for task in model.tasks(found, indices).values():
                change(model, found, task)

    # what the cluster is like

    def configure(self, **values):
        """Lines of scontrol show config: MaxArraySize=10."""
        with model_of(self.home) as model:
            model.config.update({key: str(value) for key, value in values.items()})

    def limit(self, **limits):
        """Submit limits by the name sbatch gives them: AssocMaxSubmitJobLimit, AssocGrpSubmitJobsLimit, QOSMaxSubmitJobPerUserLimit,
        QOSMaxSubmitJobPerAccountLimit, QOSGrpSubmitJobsLimit; None: none."""
        with model_of(self.home) as model:
            model.limits.update(limits)
            model.config["AccountingStorageEnforce"] = "associations,limits,qos"

    def accounting(self, how):
        """"on", "off" (the cluster has none) or "down" (slurmdbd does not answer)."""
        with model_of(self.home) as model:
            model.data["accounting"] = how
            model.config["AccountingStorageType"] = "(null)" if how == "off" else CONFIG["AccountingStorageType"]

    def late(self, seconds, how="missing"):
        """sacct knows nothing of the last seconds, or ("allocation") has rows without name and index; 0: it does."""
        with model_of(self.home) as model:
            model.data["late"] = {"seconds": seconds, "how": how} if seconds else None

    def next_id(self, number):
        """The next job gets this id: it may have been given before."""
        with model_of(self.home) as model:
            model.data["next"] = number

    # what goes wrong

    def fail(self, command, how, times=-1, text=""):
        with model_of(self.home) as model:
            model.faults.append({"command": command, "how": how, "times": times, "text": text})

    def fail_next(self, command, how, times=1, text=""):
        self.fail(command, how, times, text)

    def down(self):
        """slurmctld is away, until mend()."""
        for command in ("sbatch", "squeue", "scancel", "scontrol"):
            self.fail(command, "error")

    def mend(self):
        with model_of(self.home) as model:
            model.faults.clear()

    def serve(self, command, text):
        """From now on the command prints this, whatever it is asked: ten thousand rows in no time. None: no more."""
        path = self.home / f"served-{command}"
        path.unlink(missing_ok=True) if text is None else path.write_text(text)


if __name__ == "__main__":
    main()
