"""Trains the built-in model: python tools/mini/train.py --config mini64

Stages: render videos, train the VAE, encode, train the transformer, export.
Each goes on from its last checkpoint under --work; a finished one is skipped.

With --init FOLDER an exported checkpoint is trained further, for instance after a
scene was redrawn: its linear encoder and latent statistics are kept, decoder and
transformer start from its weights.
"""
import argparse
import dataclasses
import os

import torch

import vae
from config import CONFIGS, SCENES


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--config", choices=CONFIGS, default="mini64")
    p.add_argument("--work", help="checkpoints and data; default tools/mini/work/CONFIG")
    p.add_argument("--out", help="checkpoint folder to write; default diffusion/mini/checkpoint")
    p.add_argument("--render", help="a built tools/mini/render, where there is no Go")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--threads", type=int, default=0)
    p.add_argument("--stages", default="vae,encode,dit,export", help="comma-separated; with a linear encoder vae and dit may run side by side after encode")
    p.add_argument("--init", help="exported checkpoint folder to start from")
    for name in ("dit_steps", "vae_steps"):
        p.add_argument("--" + name.replace("_", "-"), type=int, help="instead of the config's")
    for name in ("dit_lr", "vae_lr"):
        p.add_argument("--" + name.replace("_", "-"), type=float, help="instead of the config's")
    p.add_argument("--focus", choices=SCENES, help="draw this scene more often")
    a = p.parse_args()
    if a.threads:
        torch.set_num_threads(a.threads)
    here = os.path.dirname(os.path.abspath(__file__))
    c = CONFIGS[a.config]
    c = dataclasses.replace(c, **{k: v for k in ("dit_steps", "vae_steps", "dit_lr", "vae_lr", "focus") if (v := getattr(a, k)) is not None})
    work = a.work or os.path.join(here, "work", c.name)
    for stage in a.stages.split(","):
        if stage == "vae":
            vae.train(c, work, a.device, a.render, a.init)
        elif stage == "encode":
            vae.encode(c, work, a.device, a.render, a.init)
        elif stage == "dit":
            import dit
            dit.train(c, work, a.device, a.init)
        elif stage == "export":
            import export
            export.export(c, work, a.out or os.path.join(here, "..", "..", "diffusion", "mini", "checkpoint"), a.init)
        else:
            p.error(f"unknown stage {stage!r}")


if __name__ == "__main__":
    main()
