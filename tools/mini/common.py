"""Checkpoints that training goes on from, a log, and the learning-rate curve."""
import json
import math
import os
import time

import torch


class Run:
    """One stage of training in its folder: state.pt, log.jsonl, done."""

    def __init__(self, folder, device):
        self.folder, self.device = folder, device
        os.makedirs(folder, exist_ok=True)
        self.seconds = 0.0
        self._t = time.time()

    def path(self, name):
        return os.path.join(self.folder, name)

    def done(self):
        return os.path.exists(self.path("done"))

    def finish(self):
        open(self.path("done"), "w").close()

    def load(self):
        if not os.path.exists(self.path("state.pt")):
            return None
        state = torch.load(self.path("state.pt"), map_location=self.device, weights_only=False)
        self.seconds = state["seconds"]
        torch.set_rng_state(state["rng"].cpu())
        self.rewind(state["step"])
        return state

    def rewind(self, step):
        """Takes the steps out of the log that were run after the checkpoint: they come again."""
        if not os.path.exists(self.path("log.jsonl")):
            return
        with open(self.path("log.jsonl")) as f:
            rows = [line for line in f if line.endswith("\n") and json.loads(line)["step"] <= step]
        with open(self.path("log.tmp"), "w") as f:
            f.writelines(rows)
        os.replace(self.path("log.tmp"), self.path("log.jsonl"))

    def save(self, **state):
        state.update(seconds=self.elapsed(), rng=torch.get_rng_state())
        torch.save(state, self.path("state.tmp"))
        os.replace(self.path("state.tmp"), self.path("state.pt"))

    def elapsed(self):
        return self.seconds + time.time() - self._t

    def log(self, **row):
        row["seconds"] = round(self.elapsed(), 1)
        with open(self.path("log.jsonl"), "a") as f:
            f.write(json.dumps(row) + "\n")
        print(os.path.basename(self.folder), *(f"{k} {v:.5g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()), flush=True)


def learning_rate(step, steps, peak, warm=100, decay_from=0.4):
    """Warm-up, plateau, cosine to 2 %."""
    if step < warm:
        return peak * (step + 1) / warm
    x = max(0.0, (step / steps - decay_from) / (1 - decay_from))
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, x))))


class Average:
    """Exponential moving average of the weights, warmed up."""

    def __init__(self, net, decay, state=None):
        self.decay = decay
        self.state = state or {k: v.detach().clone() for k, v in net.state_dict().items()}

    @torch.no_grad()
    def update(self, net, step):
        d = min(self.decay, (1 + step) / (10 + step))
        for k, v in net.state_dict().items():
            self.state[k].lerp_(v, 1 - d)


def autocast(device):
    return torch.autocast(device, dtype=torch.bfloat16)
