"""The small causal Wan VAE: trained on short crops, then used to encode the training videos."""
import os

import numpy as np
import torch
from diffusers import AutoencoderKLWan

from common import Average, Run, autocast, learning_rate
from config import FRAMES, SCENES
import data


def build(c, **more):
    return AutoencoderKLWan(base_dim=c.base_dim, z_dim=c.z_dim, num_res_blocks=c.res_blocks, dim_mult=[1, 2, 4, 4],
                            temperal_downsample=[False, True, True], latents_mean=more.get("mean", [0.0] * c.z_dim), latents_std=more.get("std", [1.0] * c.z_dim))


def to_video(x):
    """uint8 [..., F, y, x, 3] to float [..., 3, F, y, x] in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(x)).movedim(-1, -4).float() / 127.5 - 1


def batch(clips, c, g):
    """Random short crops; one in three starts at frame 0, which the VAE encodes alone."""
    out = []
    names = list(clips)
    for _ in range(c.vae_batch):
        v = clips[names[torch.randint(len(names), (), generator=g)]]
        i = int(torch.randint(len(v), (), generator=g))
        t = int(torch.randint(FRAMES - c.vae_frames + 1, (), generator=g))
        out.append(v[i, t:t + c.vae_frames])
    x = to_video(np.stack(out))
    return x.flip(-1) if torch.rand((), generator=g) < 0.5 else x


def train(c, work, device, render):
    run = Run(os.path.join(work, "vae"), device)
    if run.done():
        return
    clips = data.videos(os.path.join(work, "videos"), 0, c.vae_seeds, FRAMES, c.size, render)
    torch.manual_seed(c.seed)
    net = build(c).to(device)
    opt = torch.optim.Adam(net.parameters(), lr=c.vae_lr, betas=(0.9, 0.99))
    ema, g, first = Average(net, 0.995), torch.Generator().manual_seed(c.seed), 0
    if (s := run.load()) is not None:
        net.load_state_dict(s["net"])
        opt.load_state_dict(s["opt"])
        ema.state, first = s["ema"], s["step"]
        g.set_state(s["generator"].cpu())
    mean = {}
    for step in range(first, c.vae_steps):
        for group in opt.param_groups:
            group["lr"] = learning_rate(step, c.vae_steps, c.vae_lr)
        x = batch(clips, c, g).to(device)
        with autocast(device):
            post = net.encode(x).latent_dist
            y = net.decode(post.mean + torch.exp(0.5 * post.logvar) * torch.randn(post.mean.shape, generator=g).to(device)).sample
        y, mu, lv = y.float(), post.mean.float(), post.logvar.float()
        d = y - x
        flat = d.abs().mean() + 0.5 * d.square().mean()
        # Gradients of the error in space and time: edges and motion count twice.
        edge = d.diff(dim=-1).abs().mean() + d.diff(dim=-2).abs().mean() + 0.5 * d.diff(dim=-3).abs().mean()
        kl = 0.5 * (mu.square() + lv.exp() - 1 - lv).mean()
        loss = flat + edge + c.kl * kl
        opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        ema.update(net, step)
        for k, v in (("l1", d.abs().mean()), ("psnr", 10 * torch.log10(4 / d.square().mean())), ("kl", kl)):
            mean[k] = 0.95 * mean[k] + 0.05 * v.item() if k in mean else v.item()
        if (step + 1) % 25 == 0:
            run.log(step=step + 1, **mean)
        if (step + 1) % 100 == 0 or step + 1 == c.vae_steps:
            run.save(net=net.state_dict(), opt=opt.state_dict(), ema=ema.state, step=step + 1, generator=g.get_state())
    run.finish()


def trained(c, work, device):
    net = build(c)
    net.load_state_dict(torch.load(os.path.join(work, "vae", "state.pt"), map_location="cpu", weights_only=False)["ema"])
    return net.to(device).eval()


@torch.no_grad()
def encode(c, work, device, render):
    """Latents of every transformer video, float16 [scene, video, z, T, h, w], with mean and std a channel."""
    path = os.path.join(work, "latents.pt")
    if os.path.exists(path):
        return torch.load(path, map_location="cpu", weights_only=False)
    net = trained(c, work, device)
    clips = data.videos(os.path.join(work, "videos"), c.vae_seeds, c.dit_seeds, FRAMES, c.size, render)
    part = os.path.join(work, "latents.part")
    os.makedirs(part, exist_ok=True)
    out = []
    for s in SCENES:
        file = os.path.join(part, s + ".pt")
        if not os.path.exists(file):
            rows = []
            for i in range(0, c.dit_seeds, 8):
                with autocast(device):
                    rows.append(net.encode(to_video(clips[s][i:i + 8]).to(device)).latent_dist.mean.half().cpu())
            torch.save(torch.cat(rows), file)
            print("encoded", s, flush=True)
        out.append(torch.load(file))
    z = torch.stack(out)
    flat = z.float().movedim(2, 0).flatten(1)
    result = {"latents": z, "mean": flat.mean(1), "std": flat.std(1)}
    torch.save(result, path)
    return result
