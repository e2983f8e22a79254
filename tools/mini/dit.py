"""The miniature Wan transformer: flow matching on the latents of the procedural videos."""
import os

import torch
from diffusers import WanTransformer3DModel

from common import Average, Run, autocast, learning_rate
from config import SCENES
from optim import Both
from vae import start


def build(c):
    net = WanTransformer3DModel(patch_size=(1, 2, 2), num_attention_heads=c.heads, attention_head_dim=64, in_channels=c.z_dim, out_channels=c.z_dim, text_dim=c.text_dim,
                                freq_dim=c.freq_dim, ffn_dim=c.ffn, num_layers=c.layers, cross_attn_norm=True, qk_norm="rms_norm_across_heads", eps=1e-6, rope_max_seq_len=1024)
    # Gates and the last layer start at zero: every block starts as the identity.
    with torch.no_grad():
        for b in net.blocks:
            b.scale_shift_table[:, [2, 5]] = 0
        net.proj_out.weight.zero_()
        net.proj_out.bias.zero_()
    return net


def embeddings(c):
    """Fixed random text rows, one set a scene and a last one for the negative prompt, which is zero."""
    g = torch.Generator().manual_seed(c.seed)
    e = torch.randn(len(SCENES) + 1, c.text_tokens, c.text_dim, generator=g)
    e[-1] = 0
    return e


def sample_loss(net, z, label, text, c, g, device):
    """Flow-matching loss of a batch; noise levels logit-normal, shifted as in sampling."""
    u = torch.sigmoid(torch.randn(len(z), generator=g))
    sigma = (c.shift * u / (1 + (c.shift - 1) * u)).to(device)
    eps = torch.randn(z.shape, generator=g).to(device)
    s = sigma.view(-1, 1, 1, 1, 1)
    with autocast(device):
        v = net((1 - s) * z + s * eps, sigma * 1000, text[label].to(device), return_dict=False)[0]
    return (v.float() - (eps - z)).square().mean()


def train(c, work, device, init=None):
    run = Run(os.path.join(work, "dit"), device)
    if run.done():
        return
    d = torch.load(os.path.join(work, "latents.pt"), map_location="cpu", weights_only=False)
    z = ((d["latents"].float() - d["mean"].view(1, 1, -1, 1, 1, 1)) / d["std"].view(1, 1, -1, 1, 1, 1)).half()
    held, z = z[:, -c.held_out:], z[:, :-c.held_out]
    text = embeddings(c)
    torch.manual_seed(c.seed)
    net = build(c).to(device)
    if init:
        start(net, init, "transformer")
    opt = Both(net, c.dit_lr, edge=("patch_embedding", "proj_out", "condition_embedder", "scale_shift_table"), weight_decay=0.01)
    ema, g, first, mean = Average(net, 0.999), torch.Generator().manual_seed(c.seed + 1), 0, None
    if (s := run.load()) is not None:
        net.load_state_dict(s["net"])
        opt.load_state_dict(s["opt"])
        ema.state, first, mean = s["ema"], s["step"], s.get("mean")
        g.set_state(s["generator"].cpu())
    for step in range(first, c.dit_steps):
        opt.set_lr(learning_rate(step, c.dit_steps, c.dit_lr))
        label = torch.randint(len(SCENES), (c.dit_batch,), generator=g)
        if c.focus:
            label = torch.where(torch.rand(c.dit_batch, generator=g) < 1 / 3, list(SCENES).index(c.focus), label)
        which = torch.randint(z.shape[1], (c.dit_batch,), generator=g)
        x = z[label, which].float().to(device)
        label = torch.where(torch.rand(c.dit_batch, generator=g) < c.drop, len(SCENES), label)
        loss = sample_loss(net, x, label, text, c, g, device)
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        ema.update(net, step)
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if (step + 1) % 50 == 0:
            run.log(step=step + 1, loss=mean)
        if (step + 1) % 250 == 0 or step + 1 == c.dit_steps:
            run.save(net=net.state_dict(), opt=opt.state_dict(), ema=ema.state, step=step + 1, mean=mean, generator=g.get_state())
            run.log(step=step + 1, held_out=held_out(c, ema.state, held, text, device))
    run.finish()


@torch.no_grad()
def held_out(c, state, held, text, device):
    """Loss of the averaged weights on unseen videos, always with the same noise."""
    net = build(c).to(device)
    net.load_state_dict(state)
    net.eval()
    g, total = torch.Generator().manual_seed(7), 0.0
    for s in range(len(SCENES)):
        x = held[s].float().to(device)
        total += sample_loss(net, x, torch.full((len(x),), s), text, c, g, device).item()
    return total / len(SCENES)
