"""The small causal Wan VAE, trained on short crops, and the latents of the training videos.

With encoder "wan" the encoder is trained along. With encoder "linear" it is the principal components of
8x8-pixel blocks of 4 frames (frame 0 alone, repeated), and only the Wan decoder is trained: a tenth of the work.
"""
import json
import os

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from safetensors.torch import load_file

from common import Average, Run, autocast, learning_rate
from config import FRAMES, SCENES
from optim import Both
import data


def build(c, **more):
    return AutoencoderKLWan(base_dim=c.base_dim, z_dim=c.z_dim, num_res_blocks=c.res_blocks, dim_mult=[1, 2, 4, 4],
                            temperal_downsample=[False, True, True], latents_mean=more.get("mean", [0.0] * c.z_dim), latents_std=more.get("std", [1.0] * c.z_dim))


def to_video(x):
    """uint8 [..., F, y, x, 3] to float [..., 3, F, y, x] in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(x)).movedim(-1, -4).float() / 127.5 - 1


def blocks(x):
    """[B, 3, F, y, x] to [B, T, h, w, 768]; frame 0 counts for four."""
    x = torch.cat([x[:, :, :1].expand(-1, -1, 4, -1, -1), x[:, :, 1:]], 2)
    b, _, f, h, w = x.shape
    return x.reshape(b, 3, f // 4, 4, h // 8, 8, w // 8, 8).permute(0, 2, 4, 6, 1, 3, 5, 7).reshape(b, f // 4, h // 8, w // 8, 768)


class Linear:
    """Principal components of blocks, each scaled to unit variance."""

    def __init__(self, state):
        self.mean, self.basis = state["mean"], state["basis"]  # [768], [768, z]

    @classmethod
    def of(cls, c, work, clips, init=None):
        path = os.path.join(work, "linear.pt")
        if not os.path.exists(path) and init:
            torch.save(load_file(os.path.join(init, "vae", "linear_encoder.safetensors")), path)
        if not os.path.exists(path):
            total, square, n = 0, 0, 0
            for s in SCENES:
                for i in range(0, min(len(clips[s]), 64), 8):
                    x = blocks(to_video(clips[s][i:i + 8])).reshape(-1, 768).double()
                    total, square, n = total + x.sum(0), square + x.T @ x, n + len(x)
            mean = total / n
            e, v = torch.linalg.eigh(square / n - mean[:, None] * mean)
            e, v = e.flip(0)[:c.z_dim], v.flip(1)[:, :c.z_dim]
            v *= v.sum(0).sign()  # one sign, whatever the solver's
            torch.save({"mean": mean.float(), "basis": (v / e.sqrt()).float()}, path)
        return cls(torch.load(path))

    def encode(self, x):
        return ((blocks(x.cpu()) - self.mean) @ self.basis).movedim(-1, 1)


def batch(clips, c, g):
    """Random short crops; each one's first frame is taken for a video's first."""
    out = []
    names = list(clips)
    for _ in range(c.vae_batch):
        v = clips[names[torch.randint(len(names), (), generator=g)]]
        i = int(torch.randint(len(v), (), generator=g))
        t = int(torch.randint(FRAMES - c.vae_frames + 1, (), generator=g))
        out.append(v[i, t:t + c.vae_frames])
    x = to_video(np.stack(out))
    return x.flip(-1) if torch.rand((), generator=g) < 0.5 else x


def train(c, work, device, render, init=None):
    run = Run(os.path.join(work, "vae"), device)
    if run.done():
        return
    clips = data.videos(os.path.join(work, "videos"), 0, c.vae_seeds, FRAMES, c.size, render)
    linear = Linear.of(c, work, clips, init) if c.encoder == "linear" else None
    torch.manual_seed(c.seed)
    net = build(c).to(device)
    if init:
        start(net, init, "vae")
    if linear:
        net.encoder.requires_grad_(False)
        net.quant_conv.requires_grad_(False)
    opt = Both(net, c.vae_lr, edge=("conv_in", "conv_out"))
    ema, g, first = Average(net, 0.998), torch.Generator().manual_seed(c.seed), 0
    mean = {}
    if (s := run.load()) is not None:
        net.load_state_dict(s["net"])
        opt.load_state_dict(s["opt"])
        ema.state, first, mean = s["ema"], s["step"], s.get("mean", {})
        g.set_state(s["generator"].cpu())
    for step in range(first, c.vae_steps):
        opt.set_lr(learning_rate(step, c.vae_steps, c.vae_lr))
        x = batch(clips, c, g).to(device)
        kl = torch.zeros(())
        with autocast(device):
            if linear:
                # A little noise, so that latents which are nearly right decode well.
                z = linear.encode(x).to(device)
                z = z + 0.1 * torch.rand((), generator=g) * torch.randn(z.shape, generator=g).to(device)
            else:
                post = net.encode(x).latent_dist
                mu, lv = post.mean.float(), post.logvar.float()
                kl = 0.5 * (mu.square() + lv.exp() - 1 - lv).mean()
                z = post.mean + torch.exp(0.5 * post.logvar) * torch.randn(post.mean.shape, generator=g).to(device)
            y = net.decode(z).sample
        d = y.float() - x
        flat = d.abs().mean() + 0.5 * d.square().mean()
        # Gradients of the error in space and time: edges and motion count twice.
        edge = d.diff(dim=-1).abs().mean() + d.diff(dim=-2).abs().mean() + 0.5 * d.diff(dim=-3).abs().mean()
        loss = flat + edge + c.kl * kl
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        ema.update(net, step)
        for k, v in (("l1", d.abs().mean()), ("psnr", 10 * torch.log10(4 / d.square().mean()))):
            mean[k] = 0.95 * mean[k] + 0.05 * v.item() if k in mean else v.item()
        if (step + 1) % 25 == 0:
            run.log(step=step + 1, **mean)
        if (step + 1) % 100 == 0 or step + 1 == c.vae_steps:
            run.save(net=net.state_dict(), opt=opt.state_dict(), ema=ema.state, step=step + 1, mean=mean, generator=g.get_state())
    run.finish()


def start(net, init, name):
    """Weights of an exported checkpoint; it has none of an encoder that was never trained."""
    state = load_file(os.path.join(init, name, "diffusion_pytorch_model.safetensors"))
    missing, unexpected = net.load_state_dict({k: v.float() for k, v in state.items()}, strict=False)
    if unexpected or any(not k.startswith(("encoder.", "quant_conv.")) for k in missing):
        raise ValueError(f"{init}/{name} is another model: it lacks {missing[:3]}, has {unexpected[:3]}")


def trained(c, work, device):
    net = build(c)
    net.load_state_dict(torch.load(os.path.join(work, "vae", "state.pt"), map_location="cpu", weights_only=False)["ema"])
    return net.to(device).eval()


@torch.no_grad()
def encode(c, work, device, render, init=None):
    """Latents of every transformer video, float16 [scene, video, z, T, h, w], with mean and std a channel."""
    path = os.path.join(work, "latents.pt")
    if os.path.exists(path):
        return
    clips = data.videos(os.path.join(work, "videos"), c.vae_seeds, c.dit_seeds, FRAMES, c.size, render)
    if c.encoder == "linear":
        encoder = Linear.of(c, work, data.videos(os.path.join(work, "videos"), 0, c.vae_seeds, FRAMES, c.size, render), init).encode
    else:
        net = trained(c, work, device)

        def encoder(x):
            with autocast(device):
                return net.encode(x.to(device)).latent_dist.mean.cpu()
    part = os.path.join(work, "latents.part")
    os.makedirs(part, exist_ok=True)
    out = []
    for s in SCENES:
        file = os.path.join(part, s + ".pt")
        if not os.path.exists(file):
            torch.save(torch.cat([encoder(to_video(clips[s][i:i + 8])).half() for i in range(0, c.dit_seeds, 8)]), file)
            print("encoded", s, flush=True)
        out.append(torch.load(file))
    z = torch.stack(out)
    flat = z.float().movedim(2, 0).flatten(1)
    mean, std = flat.mean(1), flat.std(1)
    if init:  # what the transformer was trained on
        with open(os.path.join(init, "vae", "config.json")) as f:
            told = json.load(f)
        mean, std = torch.tensor(told["latents_mean"]), torch.tensor(told["latents_std"])
    torch.save({"latents": z, "mean": mean, "std": std}, path + ".tmp")
    os.replace(path + ".tmp", path)
