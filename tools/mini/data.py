"""Procedural videos, drawn by the project's own Go code, as uint8 arrays [video, frame, y, x, rgb]."""
import os
import subprocess

import numpy as np

from config import SCENES

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def videos(folder, first, seeds, frames, size, render=None):
    """render: a built tools/mini/render; without one `go run` builds it."""
    out = os.path.join(folder, f"{first}-{seeds}x{frames}x{size}")
    if not os.path.exists(out):
        part = out + ".part"
        os.makedirs(part, exist_ok=True)
        command = [os.path.abspath(render)] if render else ["go", "run", "./tools/mini/render"]
        subprocess.run(command + ["-o", os.path.abspath(part), "-first", str(first), "-seeds", str(seeds), "-frames", str(frames), "-size", str(size)], cwd=ROOT, check=True)
        os.rename(part, out)
    return {s: np.memmap(os.path.join(out, s + ".rgb"), np.uint8, "r").reshape(seeds, frames, size, size, 3) for s in SCENES}
