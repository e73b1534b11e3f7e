# SPDX-License-Identifier: Apache-2.0
"""What can be tested of `make gpu-check` where there is no GPU: its words without one, its table, its formulas, its judgements."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
import check  # noqa: E402
import check_machine  # noqa: E402
import check_table  # noqa: E402
import rows_speed  # noqa: E402
import rows_training  # noqa: E402
import rows_work  # noqa: E402
from check_run import Clock, run  # noqa: E402
from check_table import FAILED, NOTED, PASSED, SKIPPED, Row  # noqa: E402

GOLDEN = HERE / "check_golden"


def check_with(*words, path=None):
    env = dict(os.environ)
    if path is not None:
        env["PATH"] = path
    return subprocess.run([sys.executable, HERE / "check.py", *words], capture_output=True, text=True, env=env, timeout=60)


class WithoutGpu(unittest.TestCase):
    def test_one_sentence_and_77(self):
        with tempfile.TemporaryDirectory() as empty:  # no nvidia-smi, whatever this machine has
            result = check_with(path=empty)
        self.assertEqual(result.returncode, 77)
        self.assertEqual(result.stdout, "gpu-check: there is no GPU on this machine (there is no nvidia-smi); run it where there is one\n")
        self.assertEqual(result.stderr, "")

    def test_a_driver_that_shows_no_gpu_is_none(self):
        with tempfile.TemporaryDirectory() as folder:
            smi = pathlib.Path(folder) / "nvidia-smi"
            smi.write_text("#!/bin/sh\necho 'No devices were found'\nexit 6\n")
            smi.chmod(0o755)
            result = check_with(path=f"{folder}:/usr/bin:/bin")
        self.assertEqual((result.returncode, result.stdout.count("\n")), (77, 1))
        self.assertIn("nvidia-smi shows none", result.stdout)

    def test_what_is_missing_is_named_with_its_use_and_how_to_bring_it(self):
        machine = check_machine.Machine(no_torch="PyTorch is not installed", headers_missing=[check_machine.HEADERS[1]])
        words = "\n".join(check_machine.advice(machine, has_bundle=False))
        for expected in ("PyTorch", "nvcc", "fmt/format.h is missing: text, everywhere. apt-get install libfmt-dev", "OPAL_PREFIX", "dpkg -x", "make gpu-bundle"):
            self.assertIn(expected, words)
        self.assertNotIn("fmt", "\n".join(check_machine.advice(machine, has_bundle=True)), "a bundle needs no headers")


class Table(unittest.TestCase):
    def test_recorded_rows_are_printed_as_recorded(self):
        for suffix, *options in (("txt",), ("md", "--markdown")):
            with self.subTest(suffix):
                printed = check_with("--table", GOLDEN / "rows.json", *options)
                path = GOLDEN / f"table.{suffix}"
                if os.environ.get("HPO_TEST_UPDATE"):
                    path.write_text(printed.stdout)
                self.assertEqual(printed.stdout, path.read_text(), printed.stderr)

    def test_rows_survive_json(self):
        machine, rows = {"GPU": "some"}, [Row("a", "b", FAILED, why="c", data={"ms": 1.5})]
        self.assertEqual(check_table.from_json(json.loads(json.dumps(check_table.to_json(machine, rows, 3.2)))), (machine, rows, 3))

    def test_a_row_that_has_not_passed_says_why(self):
        for verdict in (FAILED, SKIPPED):
            with self.assertRaises(AssertionError):
                Row("a", "b", verdict)

    def test_a_table_takes_the_place_of_the_one_before_in_a_document(self):
        document = "head\n<!-- gpu-check: begin -->\nold\n<!-- gpu-check: end -->\ntail\n"
        self.assertEqual(check_table.put_between(document, "new\n"), document.replace("old", "new"))
        with self.assertRaises(ValueError):
            check_table.put_between("no marks", "new\n")


class Steps(unittest.TestCase):
    def make(self, seconds=60):
        out = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        return check.Check(check.options_of(["--out", str(out)]), check_machine.Machine(), Clock(seconds))

    def test_a_step_that_breaks_is_a_failed_row_and_the_next_comes(self):
        steps = self.make()
        steps.step("first", 10, lambda seconds: 1 / 0)
        steps.step("second", 10, lambda seconds: [Row("second", "x", PASSED)])
        self.assertEqual([(row.group, row.verdict) for row in steps.rows], [("first", FAILED), ("second", PASSED)])
        self.assertIn("ZeroDivisionError", steps.rows[0].why)

    def test_without_time_a_step_is_skipped_and_says_so(self):
        steps = self.make(seconds=1)
        steps.step("late", 10, lambda seconds: self.fail("must not run"))
        self.assertEqual([row.verdict for row in steps.rows], [SKIPPED])

    def test_a_command_ends_with_its_time_and_with_all_it_started(self):
        start = time.monotonic()
        result = run(["sh", "-c", 'echo \'{"a": 1}\'; sleep 60 & sleep 60'], 0.5)
        self.assertTrue(result.timed_out)
        self.assertLess(time.monotonic() - start, 30)
        self.assertEqual(result.lines(), [{"a": 1}], "what it printed until then counts")

    def test_a_command_that_is_not_there_is_a_result(self):
        self.assertEqual(run(["/nowhere/at/all"], 5).code, 127)


class Work(unittest.TestCase):
    """Counted by hand."""

    def test_a_perceptron_of_2_3_2_with_4_samples(self):
        stages = rows_work.stages(4, "fp32", (1, 1, 2), [], [3], classes=2)
        self.assertEqual([(s.name, s.flops, s.bytes) for s in stages], [
            ("layer 0 forward", 2 * 4 * 2 * 3, 4 * (8 + 6 + 12)),
            ("layer 0 weight gradient", 48, 4 * (12 + 8) + 4 * 6),
            ("layer 1 forward", 2 * 4 * 3 * 2, 4 * (12 + 6 + 8)),
            ("layer 1 input gradient", 48, 4 * (8 + 6 + 12)),
            ("layer 1 weight gradient", 48, 4 * (8 + 12) + 4 * 6),
            ("AdamW", 0, 28 * (2 * 3 + 3 + 3 * 2 + 2))])

    def test_bf16_halves_activations_and_weights_but_not_the_optimiser(self):
        forward, gradient, *_, adamw = rows_work.stages(4, "bf16", (1, 1, 2), [], [3], classes=2)
        self.assertEqual((forward.bytes, gradient.bytes, adamw.bytes), (2 * 26, 2 * 20 + 4 * 6, 30 * 17))

    def test_a_convolution_of_one_image(self):
        stages = rows_work.stages(1, "fp32", (1, 2, 2), [3], [], classes=2)
        self.assertEqual([(s.name, s.flops, s.bytes) for s in stages], [
            ("convolution 0 forward", 2 * 4 * 9 * 3, 4 * (4 + 27 + 12)),  # 4 pixels, 9 x 3 weights, 4 x 3 outputs
            ("convolution 0 weight gradient", 216, 4 * (12 + 4) + 4 * 27),
            ("pooling 0 forward", 0, 4 * (12 + 3) + 3),
            ("pooling 0 backward", 0, 4 * (12 + 3) + 3),
            ("layer 0 forward", 2 * 3 * 2, 4 * (3 + 6 + 2)),
            ("layer 0 input gradient", 12, 4 * (2 + 6 + 3)),
            ("layer 0 weight gradient", 12, 4 * (2 + 3) + 4 * 6),
            ("AdamW", 0, 28 * (30 + 8))])

    def test_parameters_of_the_measured_models(self):
        self.assertEqual(rows_work.parameter_count(**rows_work.MODELS["mlp"]), 785 * 4096 + 2 * 4097 * 4096 + 4097 * 10)
        self.assertEqual(rows_work.parameter_count(**rows_work.MODELS["cnn"]), 320 + 18496 + 3137 * 128 + 1290)

    def test_a_floor_takes_of_each_stage_what_is_longer(self):
        one_by_one = rows_work.floor("mlp", 1024, "bf16", {"copy": 1e12, "bf16": 1e14})
        self.assertGreaterEqual(one_by_one.ms, max(one_by_one.flops_ms, one_by_one.bytes_ms))
        self.assertLessEqual(one_by_one.ms, one_by_one.flops_ms + one_by_one.bytes_ms)
        self.assertIsNone(rows_work.floor("mlp", 1024, "bf16", {"copy": 1e12}))


class Judgements(unittest.TestCase):
    CELL = ("mlp", 1024, "bf16")

    def row(self, ms, times):
        return rows_speed.speed_row(self.CELL, {"ms": ms, "best_ms": ms, "worst_ms": ms}, None, times, {"max-autotune": "took longer than 90 s"}, "")

    def test_at_or_under_the_best_of_the_compiler_passes(self):
        times = {"eager": 0.5, "captured": 0.8, "reduce-overhead": 2.0, "max-autotune": 1.0}
        self.assertEqual(self.row(1.0, times).verdict, PASSED)
        self.assertEqual(self.row(1.1, times).verdict, FAILED)
        self.assertIn("1.10 times", self.row(1.1, times).why)

    def test_without_the_compilers_time_a_cell_is_skipped_and_says_why(self):
        row = self.row(1.0, {"eager": 2.0})
        self.assertEqual((row.verdict, row.why), (SKIPPED, "max-autotune took longer than 90 s"))

    def test_a_cell_that_we_cannot_run_has_failed(self):
        self.assertEqual(rows_speed.speed_row(self.CELL, None, "exit code 1: no", {}, {}, "").verdict, FAILED)

    def test_the_floor_uses_the_larger_of_two_measured_rates(self):
        self.assertEqual(rows_speed.larger({"copy": 2, "fp32": 5}, {"copy": 3}), {"copy": 3, "fp32": 5})

    def test_a_rate_nobody_measured_is_a_skipped_row(self):
        rows = rows_speed.rate_rows({"copy": 3e12}, {})
        self.assertEqual([row.verdict for row in rows], [NOTED, SKIPPED, SKIPPED, SKIPPED])

    def test_losses_that_are_missing_or_no_numbers_are_infinitely_far_away(self):
        self.assertEqual(rows_training.deviation({1: 2.0, 2: 1.1}, {1: 2.0, 2: 1.0}), (1.1 - 1.0) / 2)
        for found in ({}, {1: 2.0}, {1: 2.0, 2: float("nan")}):
            self.assertEqual(rows_training.deviation(found, {1: 2.0, 2: 1.0}), float("inf"))


if __name__ == "__main__":
    unittest.main()
