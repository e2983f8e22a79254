"""The package on programs that are scripts: what it runs and what it makes of it."""

import json
import os
import signal
import stat
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

import longtake

SCRIPT = """#!{python}
import json, os, signal, sys, time
here = os.path.dirname(os.path.abspath(__file__))
plan = json.load(open(os.path.join(here, "plan.json")))
data = sys.stdin.buffer.read() if "-" in sys.argv else b""
def stop(*_):
    open(os.path.join(here, "stopped"), "w").close()
    sys.exit(1)
signal.signal(signal.SIGINT, stop)
with open(os.path.join(here, "called.jsonl"), "a") as f:
    f.write(json.dumps({{"program": os.path.basename(__file__), "args": sys.argv[1:], "stdin": data.decode()}}) + "\\n")
sys.stderr.write(plan.get("stderr", ""))
sys.stderr.flush()
time.sleep(plan.get("sleep", 0))
sys.stdout.write(plan.get("stdout", ""))
sys.exit(plan.get("status", 0))
"""


class Fake(unittest.TestCase):
    def setUp(self):
        self.dir = Path(self.enter(tempfile.TemporaryDirectory()))
        for name in ("longtake", "vqeval"):
            path = self.dir / name
            path.write_text(SCRIPT.format(python=sys.executable))
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        self.enter(mock.patch.dict(os.environ, {"LONGTAKE_BIN": str(self.dir)}))
        self.plan()

    def enter(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def plan(self, **what):
        (self.dir / "plan.json").write_text(json.dumps(what))

    def called(self):
        return [json.loads(line) for line in (self.dir / "called.jsonl").read_text().splitlines()]

    def test_evaluate(self):
        self.plan(stdout='{"composite_score": 80}', stderr="progress\n")
        report = longtake.evaluate("-x.mp4", prompt="--a dog", expect_motion=True, figures=Path("figs"))
        self.assertEqual(report, {"composite_score": 80})
        self.assertEqual(
            self.called()[0],
            {
                "program": "vqeval",
                "args": ["evaluate", os.path.join(".", "-x.mp4"), "--json", "--prompt", "--a dog", "--expect-motion", "--figures", "figs"],
                "stdin": "",
            },
        )

    def test_batch_keeps_the_order_and_the_errors(self):
        self.plan(stdout='{"video_path": "b", "error": "no video"}\n{"video_path": "a\\nx", "composite_score": 1}\n', status=1)
        reports = longtake.batch(["a\nx", Path("b")], jobs=3, progress=False)
        self.assertEqual([r["video_path"] for r in reports], ["a\nx", "b"])
        self.assertEqual(reports[1]["error"], "no video")
        self.assertEqual(self.called()[0]["args"], ["batch", "-", "-0", "--json", "-j", "3"])
        self.assertEqual(self.called()[0]["stdin"], "a\nx\0b\0")
        self.assertEqual(longtake.batch([]), [])
        self.assertEqual(len(self.called()), 1)

    def test_batch_that_fails_as_a_whole(self):
        self.plan(status=1, stderr="vqeval: disk full\n")
        with self.assertRaises(longtake.LongtakeError):
            longtake.batch("videos", progress=False)

    def test_gate_outcomes_do_not_raise(self):
        for status, outcome in ((0, "held"), (1, "regressed"), (3, "cannot judge")):
            self.plan(status=status, stdout=json.dumps({"outcome": outcome}), stderr="longtake: gate: " + outcome)
            self.assertEqual(longtake.gate("a", "b", metrics=["vqeval.*"])["outcome"], outcome)
        self.assertEqual(self.called()[0]["args"], ["gate", "--baseline", "a", "--current", "b", "--json", "--metrics", "vqeval.*"])
        self.plan(status=1, stderr="longtake: gate: summary\n")
        with self.assertRaises(longtake.LongtakeError):
            longtake.gate("a", "b")

    def test_errors_have_the_programs_words(self):
        self.plan(status=2, stderr="warming up\nlongtake: sweep: x.yaml:3: no such key\n  did you mean y?\n")
        with self.assertRaises(longtake.UsageError) as e:
            longtake.sweep("x.yaml", "out", progress=False)
        self.assertEqual(str(e.exception), "longtake: sweep: x.yaml:3: no such key\n  did you mean y?")
        self.assertEqual(e.exception.status, 2)
        self.assertEqual(e.exception.command[1:], ["sweep", "x.yaml", "-o", "out"])
        self.plan(status=1, stderr="longtake: 2 of 3 cells failed\n")
        with self.assertRaises(longtake.WorkError):
            longtake.sweep("x.yaml", "out", progress=False)
        self.plan(status=7)
        with self.assertRaisesRegex(longtake.WorkError, "status 7"):
            longtake.sweep("x.yaml", "out", progress=False)

    def test_sweep_returns_records(self):
        out = self.dir / "out"
        out.mkdir()
        (out / "records.jsonl").write_text('{"cell_id": "a"}\n\n{"cell_id": "b"}\n{"cell_id": "cut')
        self.assertEqual([r["cell_id"] for r in longtake.sweep("s", out, workers=1, force=True, wait=True, progress=False)], ["a", "b"])
        self.assertEqual(self.called()[0]["args"], ["sweep", "s", "-o", str(out), "--workers", "1", "--force", "--wait"])

    def test_records_that_cannot_be_read(self):
        bad = self.dir / "bad.jsonl"
        bad.write_text('{"a": 1}\noops\n')
        with self.assertRaisesRegex(longtake.LongtakeError, "bad.jsonl:2"):
            list(longtake.records(bad))
        bad.write_text("[1]\n")
        with self.assertRaisesRegex(longtake.LongtakeError, "no object"):
            list(longtake.records(bad))
        with self.assertRaises(longtake.UsageError):
            list(longtake.records(self.dir / "none"))

    def test_output_that_is_no_json(self):
        self.plan(stdout="hello")
        with self.assertRaisesRegex(longtake.LongtakeError, "printed no JSON"):
            longtake.evaluate("x.mp4")

    def test_large_output_does_not_block(self):
        self.plan(stdout=json.dumps({"x": "y" * 3_000_000}), stderr="z" * 300_000 + "\n")
        self.assertEqual(len(longtake.evaluate("x.mp4")["x"]), 3_000_000)

    def test_timeout_stops_the_program_gently(self):
        self.plan(sleep=60)
        start = time.monotonic()
        with self.assertRaisesRegex(longtake.WorkError, "stopped after"):
            longtake.evaluate("x.mp4", timeout=2)
        self.assertLess(time.monotonic() - start, 30)
        self.assertTrue((self.dir / "stopped").exists())

    def test_interrupt_is_handed_over(self):
        self.plan(sleep=60)

        def interrupt():
            for _ in range(100):
                if (self.dir / "called.jsonl").exists():
                    break
                time.sleep(0.1)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt, daemon=True).start()
        with self.assertRaises(KeyboardInterrupt):
            longtake.sweep("s", "o", progress=False)
        self.assertTrue((self.dir / "stopped").exists())


class Finding(unittest.TestCase):
    def test_variable_that_names_nothing(self):
        with mock.patch.dict(os.environ, {"LONGTAKE_BIN": "/nowhere"}):
            with self.assertRaisesRegex(longtake.NotInstalledError, "LONGTAKE_BIN is '/nowhere'"):
                longtake.find()

    def test_bin_of_a_folder_above(self):
        with tempfile.TemporaryDirectory() as d:
            root = Path(d).resolve()
            (root / "bin").mkdir()
            (root / "a" / "b").mkdir(parents=True)
            program = root / "bin" / "vqeval"
            program.write_text("#!/bin/sh\n")
            old = os.getcwd()
            env = {k: v for k, v in os.environ.items() if k != "LONGTAKE_BIN"}
            env["PATH"] = str(root / "none")
            try:
                os.chdir(root / "a" / "b")
                with mock.patch.dict(os.environ, env, clear=True):
                    with self.assertRaisesRegex(longtake.NotInstalledError, "make build"):
                        longtake.find("vqeval")  # not executable
                    program.chmod(0o755)
                    self.assertEqual(longtake.find("vqeval"), program)
                    env["PATH"] = str(root / "bin")
            finally:
                os.chdir(old)


if __name__ == "__main__":
    unittest.main()
