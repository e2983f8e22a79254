"""The two sizes of the built-in model. Everything that a run depends on is here."""
from dataclasses import dataclass, field

SCENES = {
    # tag: prompt, words that free text may name it by. The order is that of internal/scenes.
    "runner": ("a runner crosses a scrolling landscape of hills", ["runner", "runs", "running", "run", "jogger", "jogging", "landscape", "hills"]),
    "waves": ("waves roll over the sea below a clear sky", ["waves", "wave", "sea", "ocean", "water surface", "surf"]),
    "snow": ("snow falls over a dark winter field", ["snow", "snowfall", "snowing", "snowflakes", "winter", "blizzard"]),
    "fish": ("bright fish wander through deep water", ["fish", "fishes", "aquarium", "underwater", "swim", "swimming"]),
    "room": ("a quiet room where the light of a window changes", ["room", "window", "curtain", "indoors", "interior"]),
}
FRAMES = 81  # 21 latent frames: the training horizon
FPS = 16


@dataclass(frozen=True)
class Config:
    name: str
    size: int                 # pixels a side
    # VAE
    encoder: str = "wan"      # trained along with the decoder, or "linear"
    base_dim: int = 16
    res_blocks: int = 1
    z_dim: int = 16
    vae_steps: int = 3500
    vae_batch: int = 2
    vae_frames: int = 9       # short crops: 3 latent frames
    vae_lr: float = 4e-3
    vae_seeds: int = 160      # videos a scene
    kl: float = 1e-4
    # transformer
    heads: int = 3            # of 64 dimensions: width 192
    layers: int = 6
    ffn: int = 768
    text_dim: int = 32
    text_tokens: int = 4
    freq_dim: int = 256
    dit_steps: int = 5000
    dit_batch: int = 16
    dit_lr: float = 2e-3
    dit_seeds: int = 800      # videos a scene, after those of the VAE; the last 20 are held out
    held_out: int = 20
    focus: str = ""           # a scene that is drawn more often: every third video besides its share
    drop: float = 0.1         # share of prompts replaced by the negative one
    shift: float = 3.0        # of the noise schedule, in training and sampling
    seed: int = 2026


CONFIGS = {
    "mini64": Config("mini64", 64, encoder="linear"),
    "mini128": Config("mini128", 128, res_blocks=2, vae_steps=6000, dit_steps=20000, dit_seeds=2000, dit_lr=1.5e-3),
}
