# SPDX-License-Identifier: Apache-2.0
"""Tasks that end before their time: cancelled, out of time, put back, held, on a node that is not well. And what follows."""
import re
import time

from case import COMMAND, TRAINER, Case, main, wait_until

# Two rungs: three trials of 3 steps, the best of them 6 steps more.
SMALL = COMMAND.replace("trials = 9", "trials = 3").replace("min = 1", "min = 3")
FREE = "[submit]\ncanary = false\n"  # all tasks start at once


class Ends(Case):
    """What these tests have in common."""

    def submit(self, text):
        """Submits the first rung and returns its array's job id."""
        self.init(text)
        self.tool("hpo-propose", "study.h5", "--submit")
        return self.arrays()[0]

    def promote(self, *more, code=(0, 4)):
        return self.tool("hpo-promote", "study.h5", "--submit", *more, code=code)

    def finish(self):
        self.go_on()
        self.tool("make", "POLL=1")

    def scontrol(self, *words):
        return self.cluster.run("scontrol", *words)

    def run_out_of_time(self, task):
        """Slurm looks every 30 s."""
        self.scontrol("update", f"JobId={task}", "EndTime=now+1")

    def steps(self, trial, rung=0):
        return [attempt.steps for attempt in self.attempts(trial, rung)]


class Cancelled(Ends):
    nodes, variant = 2, {"conf_extra": "KillWait=5"}

    def test_a_running_task_that_its_user_cancels_is_abandoned_and_no_evidence(self):
        self.pause(trial=1, after=1)
        array = self.submit(SMALL % self.trainer() + FREE)
        self.wait_for_step(1, trial=1)
        self.cluster.run("scancel", f"{array}_1")
        self.wait_for_states(1, "CANCELLED", array=array)
        self.finish()
        self.assert_accounted(finished=[2, 1], abandoned=1)
        self.assertEqual(self.steps(1), [[1]], "it is not run again")

    def test_a_pending_task_that_is_cancelled_leaves_no_trace_and_that_is_what_accounting_knows_it_by(self):
        self.pause(trial=0, after=1)
        array = self.submit(SMALL % self.trainer() + FREE + "throttle = 1\n[retry]\nlost_after = 2\n")
        self.wait_for_step(1, trial=0)
        self.cluster.run("scancel", f"{array}_2")
        self.assertEqual(sorted(self.states(array)), ["0", "1"])
        self.finish()
        if self.variant.get("dbd"):
            self.assert_accounted(finished=[2, 1], abandoned=1)
        else:  # it may as well be lost, and runs
            self.assert_accounted(finished=[3, 1])
            self.assertEqual([attempt.ordinal for attempt in self.attempts(2, rung=0)], [0])
            self.assertEqual(len(self.arrays()), 3, "one more for the task that was gone")

    def cancel_all_but_the_first(self):
        """Task 0 finishes, task 1 runs, task 2 waits, when the array is cancelled."""
        self.pause(trial=1, after=1)
        array = self.submit(SMALL % self.trainer() + FREE + "throttle = 1\n[retry]\nlost_after = 2\n")
        self.wait_for_step(1, trial=1)
        self.cluster.run("scancel", array)
        self.wait_for_states(1, "CANCELLED", array=array)
        self.wait_for_a_person_to_be_asked("2 of its 3")
        self.assertEqual(self.arrays(), [array], "nothing is submitted")

    def wait_for_a_person_to_be_asked(self, how_many):
        asked = f"{how_many} tasks were cancelled: hpo-promote --retry=abandoned runs them again, --accept goes on without them"
        wait_until(lambda: asked in self.promote(code=(1, 4)).stderr, 60, "the rung waits for a person", step=0.5)

    def test_of_a_cancelled_array_the_tasks_run_again_when_somebody_says_so(self):
        self.cancel_all_but_the_first()
        self.go_on()
        self.promote("--retry=abandoned", code=0)
        self.finish()
        self.assert_accounted(finished=[3, 1])
        self.assertEqual(self.steps(1), [[1], [2, 3]], "from its checkpoint")

    def test_a_cancelled_array_can_be_accepted_as_it_is(self):
        self.cancel_all_but_the_first()
        self.promote("--accept", code=0)
        self.finish()
        self.assert_accounted(finished=[1, 1], abandoned=2)

    def test_when_the_only_task_of_a_rung_is_cancelled_the_study_waits_and_can_go_on(self):
        array = self.submit(SMALL % self.trainer() + FREE)
        wait_until(lambda: set(self.states(array).values()) == {"COMPLETED"}, 60, "the first rung")
        self.pause()
        self.promote(code=0)
        last = self.arrays()[-1]
        self.wait_for_states(0, "RUNNING", array=last)
        self.cluster.run("scancel", last)
        self.wait_for_states(0, "CANCELLED", array=last)
        self.wait_for_a_person_to_be_asked("1 of its 1")
        self.go_on()
        self.promote("--retry=abandoned", code=0)
        self.finish()
        self.assert_accounted(finished=[3, 1])


class CancelledInAccounting(Cancelled):
    variant = {**Cancelled.variant, "dbd": True}


class OutOfTime(Ends):
    nodes, variant = 2, {"cred_expire": 5}

    def test_told_in_time_a_task_keeps_its_steps_and_is_requeued(self):
        self.pause(trial=1, after=2)
        array = self.submit(SMALL % self.trainer() + FREE)
        self.wait_for_step(2, trial=1)
        self.cluster.run("scancel", "--batch", "--signal=USR2", f"{array}_1")
        wait_until(lambda: self.attempts(1, rung=0)[0].ending == "stopped", 60, "its last words")
        self.finish()
        self.assert_accounted(finished=[3, 1])
        self.assertEqual(self.steps(1), [[1, 2], [3]])
        self.assertEqual(len({attempt.job for attempt in self.attempts(1, rung=0)}), 1, "in the same array")
        self.assertEqual(len(self.arrays()), 2)

    def test_slurm_itself_tells_it_before_the_time_limit(self):
        self.pause(trial=1, after=2)
        array = self.submit(SMALL % self.trainer() + FREE)
        self.wait_for_step(2, trial=1)
        # The notice is a quarter of five minutes, looked at every 30 s.
        self.scontrol("update", f"JobId={array}_1", "EndTime=now+90")
        wait_until(lambda: self.attempts(1, rung=0)[0].ending == "stopped", 90, "its last words")
        self.finish()
        self.assert_accounted(finished=[3, 1])
        self.assertEqual(self.steps(1), [[1, 2], [3]])
        self.assertEqual(len(self.arrays()), 2)

    def deaf_trainer(self):
        """One that no signal stops."""
        command = self.trainer()
        self.write("trainer.py", TRAINER.replace("stop.append(1)", "None"))
        return command

    def test_after_a_timeout_what_got_further_goes_on_and_what_did_not_is_too_slow(self):
        self.pause(trial=1, after=2)
        self.pause(trial=2)
        array = self.submit(SMALL % self.deaf_trainer() + FREE)
        self.wait_for_step(2, trial=1)
        self.wait_for_training(2)
        for task in 1, 2:
            self.run_out_of_time(f"{array}_{task}")
        for task in 1, 2:
            self.wait_for_states(task, "TIMEOUT", array=array, seconds=90)
        self.finish()
        self.assert_accounted(finished=[2, 1], failed=1)
        self.assertEqual((self.steps(1), self.steps(2)), ([[1, 2], [3]], [[]]))
        self.assertEqual(len(self.arrays()), 3, "a new array for what goes on")
        said = self.tool("hpo-collect", "study.h5", "--explain=2").stdout
        self.assertIn("failed: too slow: ended by its time limit, once, without one new step", said)

    def test_with_a_time_factor_what_did_not_get_further_is_given_more_time(self):
        self.pause(trial=2)
        array = self.submit(SMALL % self.deaf_trainer() + FREE + "[retry]\ntime_factor = 2\n")
        self.wait_for_training(2)
        self.run_out_of_time(f"{array}_2")
        self.wait_for_states(2, "TIMEOUT", array=array, seconds=90)
        self.promote(code=0)
        again = self.arrays()[-1]
        self.assertIn("TimeLimit=00:10:00", self.scontrol("show", "job", f"{again}_0").stdout)
        self.finish()
        self.assert_accounted(finished=[3, 1])


class PutBack(Ends):
    nodes, variant = 2, {"cred_expire": 5, "conf_extra": "RequeueExitHold=98"}

    def test_a_requeued_task_goes_on_and_counts_once(self):
        self.pause(trial=1, after=2)
        array = self.submit(SMALL % self.trainer())
        self.wait_for_step(2, trial=1)
        self.scontrol("requeue", f"{array}_1")
        self.wait_for_states(1, "PENDING", array=array)
        self.finish()
        self.assert_accounted(finished=[3, 1])
        self.assertEqual(self.steps(1), [[1, 2], [3]])
        self.assertEqual(len(self.arrays()), 2)

    def assert_alive(self, array, task):
        """For longer than what is lost is waited for."""
        status = self.tool("hpo-collect", "study.h5", "--status").stdout
        self.assertIn(f"scontrol release {task}", status)
        began = time.monotonic()
        wait_until(lambda: self.promote(code=4) and time.monotonic() > began + 4, 60, "time passes", step=0.5)
        self.assertEqual(self.arrays(), [array])

    def test_a_task_put_back_and_held_stays_alive_until_it_is_released(self):
        self.pause(trial=1, after=2)
        array = self.submit(SMALL % self.trainer() + FREE + "[retry]\nlost_after = 2\n")
        self.wait_for_step(2, trial=1)
        self.scontrol("requeuehold", f"{array}_1")
        self.wait_for_states(1, "PENDING", array=array)
        self.assert_alive(array, f"{array}_1")
        self.go_on()
        self.scontrol("release", f"{array}_1")
        self.finish()
        self.assert_accounted(finished=[3, 1])
        self.assertEqual(self.steps(1), [[1, 2], [3]])

    def test_a_task_in_special_exit_stays_alive_until_it_is_released(self):
        self.init(SMALL % self.trainer() + FREE + "[retry]\nlost_after = 2\n")
        self.append("site.env", '[ "${SLURM_ARRAY_TASK_ID:-}" != 1 ] || [ -e mended ] || exit 98\n')
        self.tool("hpo-propose", "study.h5", "--submit")
        array, = self.arrays()
        self.wait_for_states(1, "SPECIAL_EXIT", array=array)
        self.assert_alive(array, f"{array}_1")
        (self.dir / "mended").touch()
        self.scontrol("release", f"{array}_1")
        self.finish()
        self.assert_accounted(finished=[3, 1])

    def append(self, name, text):
        self.write(name, (self.dir / name).read_text() + text)

    def test_of_an_array_only_the_task_that_bears_its_number_runs_again(self):
        self.pause(trial=2, after=1)
        array = self.submit(SMALL % self.trainer() + FREE)
        self.wait_for_step(1, trial=2)
        for task in 0, 1:
            self.wait_for_states(task, "COMPLETED", array=array)
        self.assertEqual([row.index for row in self.queue() if row.job == array], ["2"])
        self.cluster.run("scancel", "--batch", "--signal=USR2", f"{array}_2")
        self.wait_for_states(2, "PENDING", array=array)
        self.finish()
        self.assert_accounted(finished=[3, 1])
        self.assertEqual([len(self.attempts(trial, rung=0)) for trial in range(3)], [1, 1, 2])
        self.assertEqual(self.steps(2), [[1], [2, 3]])


class PutBackInAccounting(PutBack):
    variant = {**PutBack.variant, "dbd": True}


class Health(Ends):
    nodes = 2

    def test_what_fails_the_health_check_of_a_node_is_run_again_and_at_last_elsewhere(self):
        self.init(SMALL % self.trainer())
        site = (self.dir / "site.env").read_text()
        self.write("site.env", re.sub("^HPO_HEALTH=.*", """HPO_HEALTH='[ "$SLURMD_NODENAME" != n1 ]'""", site, flags=re.M))
        self.finish()
        self.assert_accounted(finished=[3, 1])
        ran = [row for row in self.queue() if row.state == "COMPLETED"]
        self.assertEqual({row.nodes for row in ran}, {"n2"})
        self.assertEqual([row.nodes for row in self.queue() if row.state == "FAILED"][:2], ["n1", "n1"])


if __name__ == "__main__":
    main()
