"""Writes the checkpoint folder in Diffusers layout, bf16, with the prompts beside it."""
import json
import os

import torch
from safetensors.torch import save_file

import dit
import vae
from config import FPS, FRAMES, SCENES


def write_json(path, value):
    with open(path, "w") as f:
        json.dump(value, f, indent=2)
        f.write("\n")


def save(tensors, path):
    save_file({k: v.contiguous() for k, v in tensors.items()}, path, metadata={"format": "pt"})
    os.chmod(path, 0o644)


def weights(net, without=()):
    return {k: v.detach().cpu().to(torch.bfloat16).contiguous() for k, v in net.state_dict().items() if not k.startswith(without)}


def public(net):
    return {k: v for k, v in net.config.items() if not k.startswith("_") or k == "_class_name"} | {"_class_name": type(net).__name__}


def export(c, work, out, init=None):
    for d in ("transformer", "vae", "scheduler", "prompts"):
        os.makedirs(os.path.join(out, d), exist_ok=True)
    d = torch.load(os.path.join(work, "latents.pt"), map_location="cpu", weights_only=False)
    ae = vae.build(c, mean=d["mean"].tolist(), std=d["std"].tolist())
    trained = os.path.join(work, "vae", "state.pt")
    if init and not os.path.exists(trained):
        vae.start(ae, init, "vae")  # its decoder was not trained further
    else:
        ae.load_state_dict(torch.load(trained, map_location="cpu", weights_only=False)["ema"])
    net = dit.build(c)
    state = torch.load(os.path.join(work, "dit", "state.pt"), map_location="cpu", weights_only=False)
    net.load_state_dict(state["ema"])
    steps = state["step"]
    if init:
        with open(os.path.join(init, "model_index.json")) as f:
            steps += json.load(f)["longtake"]["trained_steps"]
    # A linear encoder stands in for the encoder's tensors, which were never trained.
    untrained = ("encoder.", "quant_conv.") if c.encoder == "linear" else ()
    if untrained:
        save(torch.load(os.path.join(work, "linear.pt")), os.path.join(out, "vae", "linear_encoder.safetensors"))
    for name, m, without in (("vae", ae, untrained), ("transformer", net, ())):
        save(weights(m, without), os.path.join(out, name, "diffusion_pytorch_model.safetensors"))
        write_json(os.path.join(out, name, "config.json"), public(m))
    write_json(os.path.join(out, "scheduler", "scheduler_config.json"), {
        "_class_name": "UniPCMultistepScheduler", "num_train_timesteps": 1000, "prediction_type": "flow_prediction", "solver_order": 2, "solver_type": "bh2",
        "predict_x0": True, "use_flow_sigmas": True, "flow_shift": c.shift, "lower_order_final": True, "final_sigmas_type": "zero"})
    write_json(os.path.join(out, "model_index.json"), {
        "_class_name": "WanPipeline", "transformer": ["diffusers", "WanTransformer3DModel"], "vae": ["diffusers", "AutoencoderKLWan"],
        "scheduler": ["diffusers", "UniPCMultistepScheduler"],
        "longtake": {"name": "mini", "config": c.name, "training_latent_frames": (FRAMES - 1) // 4 + 1, "width": c.size, "height": c.size, "fps": FPS,
                     "steps": 20, "guidance": 3.0, "shift": c.shift, "trained_steps": steps, "seed": c.seed}})
    write_json(os.path.join(out, "prompts", "prompts.json"), {
        "negative": "negative", "scenes": [{"tag": t, "prompt": p, "keywords": k, "embeds": t} for t, (p, k) in SCENES.items()]})
    e = dit.embeddings(c)
    save({n: e[i].clone() for i, n in enumerate([*SCENES, "negative"])}, os.path.join(out, "prompts", "embeds.safetensors"))
