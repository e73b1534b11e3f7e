"""rung.sbatch: what happens in a job around the training, with stand-ins for srun, squeue and scontrol."""
import json
import os
import signal
import subprocess
import time
import unittest

from harness import COMMAND, TINY, Case

# Each notes its words in `calls`. What squeue and scontrol answer stands in the file of their name; without one they fail.
SRUN = """#!/bin/sh
echo "srun $*" >> calls
while [ "${1#--}" != "$1" ]; do shift; done
SLURM_STEP_NUM_TASKS=1 exec "$@"
"""
ASKED = """#!/bin/sh
echo "${0##*/} $*" >> calls
cat "answer.${0##*/}" 2>&1
"""
REPORT = 'echo "hpo: step=1 loss=0.5"'


class Rung(Case):
    def setUp(self):
        super().setUp()
        (self.dir / "fakes").mkdir()
        for name, text in (("srun", SRUN), ("squeue", ASKED), ("scontrol", ASKED)):
            self.write(f"fakes/{name}", text)
            (self.dir / "fakes" / name).chmod(0o755)
        self.env["PATH"] = f"{self.dir}/fakes:{self.env['PATH']}"

    def propose(self, program=REPORT, more="", site=""):
        self.init(COMMAND % json.dumps(["bash", "-c", program.replace("{", "{{").replace("}", "}}")]) + more)
        self.run_tool("hpo-propose", "study.h5", "--quiet")
        self.site(site)

    def site(self, text):
        with open(self.dir / "site.env", "a") as file:
            file.write(text + "\n")

    def disable_requeue(self):
        self.write("fakes/scontrol", '#!/bin/sh\necho "scontrol $*" >> calls; echo "812_0: Requested operation is presently disabled"; exit 1\n')

    def job(self, index):
        return {"SLURM_JOB_ID": "812", "SLURM_ARRAY_JOB_ID": "812", "SLURM_ARRAY_TASK_ID": str(index), "SLURM_JOB_NODELIST": "n1", "SLURMD_NODENAME": "n1"}

    def task(self, index=0, code=0, **more):
        return self.run_tool("bash", "rung.sbatch", env={**self.job(index), **more}, code=code).stdout

    def start(self, index=0):
        process = subprocess.Popen(["bash", "rung.sbatch"], cwd=self.dir, env={**self.env, **self.job(index)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, start_new_session=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def wait_for(self, condition):
        for _ in range(600):
            if condition():
                return
            time.sleep(0.05)
        self.fail(f"it did not happen; calls: {self.calls()}{self.logs()}")

    def calls(self, of=""):
        file = self.dir / "calls"
        return [line for line in (file.read_text().splitlines() if file.exists() else []) if line.startswith(of)]

    def endings(self):
        """How the attempts of each trial ended, in order."""
        ends = {}
        for file in sorted(self.dir.glob("study.h5.d/seg/*/*.seg")):
            last = file.read_text().splitlines()[-1].split(" ", 3)[3]
            ends.setdefault(int(file.name[1:9]), []).append(json.loads(last[1:])["how"] if last.startswith("E") else None)
        return ends


class Requeue(Rung):
    def test_a_stopped_task_is_requeued_by_array_and_index(self):
        self.propose("exit 85")
        self.write("answer.scontrol", "")
        process = self.start(7)
        self.wait_for(lambda: self.calls("scontrol"))
        time.sleep(0.2)
        self.assertIsNone(process.poll(), "it waits for Slurm to end it")
        os.killpg(process.pid, signal.SIGKILL)
        self.assertEqual(self.calls("scontrol"), ["scontrol requeue 812_7"])

    def test_where_requeue_is_disabled_it_gives_up_at_once(self):
        self.propose("exit 85")
        self.disable_requeue()
        self.assertIn("presently disabled", self.task(code=85))
        self.assertEqual(len(self.calls("scontrol")), 1)

    def test_after_term_it_is_not_requeued(self):
        self.propose("trap 'exit 85' TERM; touch ready; sleep 60 & wait")
        process = self.start()
        self.wait_for((self.dir / "ready").exists)
        os.killpg(process.pid, signal.SIGTERM)  # as Slurm does it: the script and all in its process group
        self.assertEqual(process.wait(30), 85)
        self.assertEqual(self.calls("scontrol"), [])
        self.assertEqual(self.endings(), {0: ["stopped"]})

    def test_usr2_is_passed_on(self):
        self.propose("trap 'exit 85' USR2; touch ready; sleep 60 & wait")
        self.write("answer.scontrol", "")
        process = self.start()
        self.wait_for((self.dir / "ready").exists)
        process.send_signal(signal.SIGUSR2)
        self.wait_for(lambda: self.calls("scontrol"))
        os.killpg(process.pid, signal.SIGKILL)
        self.assertEqual(self.endings(), {0: ["stopped"]})

    def test_a_failure_keeps_its_code(self):
        self.propose("exit 7")
        self.task(code=1)
        self.assertEqual(self.endings(), {0: ["failed"]})

    def test_a_task_that_is_finished_ends_well_at_once(self):
        self.propose()
        self.task()
        self.task()
        self.assertEqual(self.endings(), {0: ["finished"]})


class Pack(Rung):
    def start_pack(self, program):
        self.propose(program, "[submit]\npack = 2\n")

    def test_each_trial_has_a_step_a_log_and_a_task_of_its_own(self):
        self.start_pack(f'{REPORT}; echo "trial $HPO_TRIAL ranks $HPO_RANKS"')
        self.task(1)
        steps = self.calls("srun")
        self.assertEqual(len(steps), 2)
        for step in steps:
            self.assertIn("--exact --nodes=1 --ntasks=1", step)
        self.assertEqual(self.endings(), {2: ["finished"], 3: ["finished"]})
        for k in 0, 1:
            self.assertIn(f"trial {2 + k} ranks 1\n", (self.dir / f"study.h5.d/logs/812_1.{k}.log").read_text())

    def test_the_last_array_task_may_have_fewer(self):
        self.start_pack(REPORT)
        self.assertIn("#SBATCH --array=0-4\n", (self.dir / "rung.sbatch").read_text())
        self.task(4)
        self.assertEqual(self.endings(), {8: ["finished"]})

    def test_a_stopped_trial_has_all_run_again_and_the_others_end_at_once(self):
        self.start_pack('if [ $HPO_TRIAL = 1 ]; then exit 9; elif [ -z "$HPO_RESUME_FROM" ]; then touch $HPO_CHECKPOINT_DIR/state; exit 85; fi; ' + REPORT)
        self.disable_requeue()
        self.task(code=85)
        self.assertEqual(self.endings(), {0: ["stopped"], 1: ["failed"]})
        self.task()
        self.assertEqual(self.endings(), {0: ["stopped", "finished"], 1: ["failed"]})

    def test_a_fault_of_the_machine_outweighs_a_failure(self):
        self.start_pack("exit $((75 - 66 * HPO_TRIAL))")  # 75 and 9
        self.task(code=75)
        self.assertEqual(self.endings(), {0: ["infrastructure"], 1: ["failed"]})

    def test_a_signal_reaches_all(self):
        self.start_pack("trap 'exit 85' USR2; touch ready.$HPO_TRIAL; sleep 60 & wait")
        self.write("answer.scontrol", "")
        process = self.start()
        self.wait_for(lambda: len(list(self.dir.glob("ready.*"))) == 2)
        process.send_signal(signal.SIGUSR2)
        self.wait_for(lambda: self.calls("scontrol"))
        os.killpg(process.pid, signal.SIGKILL)
        self.assertEqual(self.endings(), {0: ["stopped"], 1: ["stopped"]})

    def test_without_slurm_a_trial_is_run_alone(self):
        self.start_pack(REPORT)
        self.run_tool("bash", "rung.sbatch", env={"HPO_TASK": "3"})
        self.assertEqual(self.calls("srun"), [])
        self.assertEqual(self.endings(), {3: ["finished"]})

    def test_the_trainer_is_packed_by_srun_only(self):
        self.init(TINY + "[submit]\npack = 2\n")
        self.run_tool("hpo-propose", "study.h5", "--quiet")
        self.task()
        self.assertEqual(self.endings(), {0: ["finished"], 1: ["finished"]})
        self.site("HPO_LAUNCH=mpirun")
        self.assertIn("pack needs srun in HPO_LAUNCH", self.task(1, code=75))
        self.assertEqual(set(self.endings()), {0, 1})


class Node(Rung):
    def test_site_env_may_read_what_is_not_set(self):
        self.propose(site='[ -z "$NOT_SET" ] && echo as modules do')
        self.assertIn("as modules do", self.task())

    def test_a_node_that_fails_its_check_trains_nothing(self):
        self.propose(site="HPO_HEALTH='echo looked; false'")
        out = self.task(code=75)
        self.assertIn("looked\n", out)
        self.assertIn("fails the health check of site.env: echo looked; false", out)
        self.assertEqual(self.endings(), {})

    def test_every_node_of_a_job_is_checked(self):
        self.propose(site="HPO_HEALTH=true")
        self.task(SLURM_JOB_NUM_NODES="3")
        [check] = self.calls("srun")
        self.assertIn("--overlap --mpi=none --nodes=3 --ntasks=3 --ntasks-per-node=1", check)

    def test_data_are_staged_for_a_program_and_taken_away(self):
        (self.dir / "data").mkdir()
        self.write("data/x", "42\n")
        self.propose(f'echo "staged $(cat "$HPO_STAGED/x") from $HPO_STAGE to $HPO_STAGED"; {REPORT}', site="HPO_SCRATCH=local HPO_STAGE=data/")
        self.assertRegex(self.task(), r"staged 42 from data to local/hpo-812_0-\d+/data\n")
        self.assertEqual(list((self.dir / "local").iterdir()), [])

    def test_what_cannot_be_staged_is_the_machines_fault(self):
        self.propose(site="HPO_SCRATCH=local HPO_STAGE=nowhere")
        self.assertIn("nowhere could not be copied to local/hpo-812_0-", self.task(code=75))
        self.assertEqual(self.endings(), {})
        self.assertEqual(list((self.dir / "local").iterdir()), [])

    def test_the_trainer_reads_the_copy_and_its_checkpoints_do_not_know(self):
        rows = "".join(f"{i % 7},{i % 5},{int(i % 7 > i % 5)}\n" for i in range(200))
        (self.dir / "data").mkdir()
        self.write("data/set.csv", "a,b,y\n" + rows)
        self.init(TINY.replace('{ kind = "synthetic", samples = 512, features = 8, classes = 3, valid = 128 }',
                               '{ kind = "csv", path = "data/set.csv", target = "y", valid = 40 }'))
        self.run_tool("hpo-propose", "study.h5", "--quiet")
        self.site("HPO_SCRATCH=$PWD/local HPO_STAGE=$PWD/data HPO_LAUNCH=")
        self.task(1)
        self.assertIn("/local/hpo-812_1-", next(self.dir.glob("study.h5.d/seg/1/*.seg")).read_text())
        [checkpoint] = self.dir.glob("study.h5.d/ckpt/t00000001.*/ckpt.*")
        self.assertNotIn(b"/local/", checkpoint.read_bytes())
        self.assertEqual(self.endings(), {1: ["finished"]})


class Deadline(Rung):
    PROGRAM = f'echo "deadline <$HPO_DEADLINE>"; {REPORT}'

    def test_slurm_is_asked_once_by_the_name_of_the_task(self):
        self.propose(self.PROGRAM)
        self.write("answer.squeue", "4102444800\n")
        self.assertIn("deadline <4102444800>", self.task())
        self.assertEqual(self.calls("squeue"), ["squeue -h -j 812_0 -o %e"])

    def test_no_answer_and_no_limit_are_not_known(self):
        self.propose(self.PROGRAM)
        self.assertIn("deadline <>", self.task())
        self.write("answer.squeue", "NONE\n")
        self.assertIn("deadline <>", self.task(1))

    def test_what_is_known_is_not_asked_for(self):
        self.propose(self.PROGRAM)
        self.assertIn("deadline <4102444800>", self.task(SLURM_JOB_END_TIME="4102444800"))
        self.assertIn("deadline <4102444801>", self.task(1, HPO_DEADLINE="4102444801"))
        self.assertEqual(self.calls("squeue"), [])

    def test_a_program_is_told_before_it(self):
        self.propose("trap 'exit 85' USR2; sleep 60 & wait")
        self.disable_requeue()
        self.task(code=85, HPO_DEADLINE=str(int(time.time()) + 4))
        self.assertEqual(self.endings(), {0: ["stopped"]})


if __name__ == "__main__":
    unittest.main()
