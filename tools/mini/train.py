"""Trains the built-in model: python tools/mini/train.py --config mini64

Stages: render videos, train the VAE, encode, train the transformer, export.
Each goes on from its last checkpoint under --work; a finished one is skipped.
"""
import argparse
import os

import torch

import vae
from config import CONFIGS


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--config", choices=CONFIGS, default="mini64")
    p.add_argument("--work", help="checkpoints and data; default tools/mini/work/CONFIG")
    p.add_argument("--out", help="checkpoint folder to write; default diffusion/mini/checkpoint")
    p.add_argument("--render", help="a built tools/mini/render, where there is no Go")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--threads", type=int, default=0)
    p.add_argument("--stages", default="vae,encode,dit,export", help="comma-separated; with a linear encoder vae and dit may run side by side after encode")
    a = p.parse_args()
    if a.threads:
        torch.set_num_threads(a.threads)
    here = os.path.dirname(os.path.abspath(__file__))
    c = CONFIGS[a.config]
    work = a.work or os.path.join(here, "work", c.name)
    for stage in a.stages.split(","):
        if stage == "vae":
            vae.train(c, work, a.device, a.render)
        elif stage == "encode":
            vae.encode(c, work, a.device, a.render)
        elif stage == "dit":
            import dit
            dit.train(c, work, a.device)
        elif stage == "export":
            import export
            export.export(c, work, a.out or os.path.join(here, "..", "..", "diffusion", "mini", "checkpoint"))
        else:
            p.error(f"unknown stage {stage!r}")


if __name__ == "__main__":
    main()
