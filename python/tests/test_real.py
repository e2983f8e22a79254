"""The package on the programs themselves, where they are built and ffmpeg is there."""

import json
import shutil
import tempfile
import unittest
from pathlib import Path

import longtake

try:
    longtake.find("longtake"), longtake.find("vqeval")
    MISSING = "" if shutil.which("ffmpeg") else "ffmpeg is not installed"
except longtake.NotInstalledError as e:
    MISSING = str(e)

SPEC = """name: python
model: mini
methods: [dense]
frames: [21]
prompts: [{tag: fish, prompt: bright fish wander through deep water}]
seeds: [16]
steps: 1
"""


@unittest.skipIf(MISSING, MISSING)
class Real(unittest.TestCase):
    def test_sweep_evaluate_batch_gate(self):
        with tempfile.TemporaryDirectory() as d:
            root = Path(d)
            (root / "spec.yaml").write_text(SPEC)
            records = longtake.sweep(root / "spec.yaml", root / "out", progress=False)
            self.assertEqual(len(records), 1)
            self.assertEqual(records[0]["status"], "ok")
            video = root / "out" / records[0]["files"]["video"]["path"]
            report = longtake.evaluate(video)
            self.assertEqual(report["scorer"]["name"], "vqeval")
            self.assertEqual(report["video_meta"]["total_frames"], 21)
            (root / "junk.mp4").write_bytes(b"junk")
            reports = longtake.batch([root / "junk.mp4", video], progress=False)
            self.assertIn("error", reports[0])
            self.assertEqual(reports[1]["video_meta"], report["video_meta"])
            verdict = longtake.gate(root / "out", root / "out", metrics=["attended_fraction"])
            self.assertEqual(verdict["outcome"], "held")
            (root / "bad.yaml").write_text("alpha: 1\n")
            with self.assertRaisesRegex(longtake.UsageError, "line 1"):
                longtake.gate(root / "out", root / "out", thresholds=root / "bad.yaml")
            with self.assertRaisesRegex(longtake.UsageError, "junk.mp4"):
                longtake.evaluate(root / "junk.mp4")
            self.assertEqual(json.loads((root / "out" / "records.jsonl").read_text())["cell_id"], records[0]["cell_id"])


if __name__ == "__main__":
    unittest.main()
