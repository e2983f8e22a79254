"""Muon for the matrices and convolutions, AdamW for the rest (gains, biases, tables, first and last layers)."""
import torch


@torch.no_grad()
def orthogonal(g, steps=5):
    """Newton-Schulz iteration towards the nearest orthogonal matrix (Jordan et al., Muon, 2024)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = (g / (g.norm() + 1e-7)).bfloat16()
    wide = x.shape[0] <= x.shape[1]
    x = x if wide else x.T
    for _ in range(steps):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return (x if wide else x.T).to(g.dtype)


class Muon(torch.optim.Optimizer):
    """Momentum whose update is made orthogonal; kernels are matrices [out, rest]."""

    def __init__(self, params, lr, momentum=0.95, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                m = self.state[p].setdefault("momentum", torch.zeros_like(p))
                m.lerp_(p.grad, 1 - group["momentum"])
                g = p.grad.lerp(m, group["momentum"]).flatten(1)
                p.mul_(1 - group["lr"] * group["weight_decay"])
                # Root mean square of the update as of Adam's, about 0.2 (Liu et al., 2025).
                p.add_(orthogonal(g).view_as(p), alpha=-group["lr"] * 0.2 * max(g.shape) ** 0.5)


class Both:
    """Two optimisers as one: matrices inside the network go to Muon."""

    def __init__(self, net, lr, edge=(), weight_decay=0.0, betas=(0.9, 0.98)):
        inner, outer = [], []
        for name, p in net.named_parameters():
            (inner if p.ndim >= 2 and min(p.shape[0], p[0].numel()) > 16 and not any(e in name for e in edge) else outer).append(p)
        self.parts = [Muon(inner, lr, weight_decay=weight_decay), torch.optim.AdamW(outer, lr, betas=betas, weight_decay=weight_decay)]

    def set_lr(self, lr):
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = lr

    def zero_grad(self):
        for part in self.parts:
            part.zero_grad(set_to_none=True)

    def step(self):
        for part in self.parts:
            part.step()

    def state_dict(self):
        return [p.state_dict() for p in self.parts]

    def load_state_dict(self, state):
        for p, s in zip(self.parts, state):
            p.load_state_dict(s)
