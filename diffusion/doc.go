// Package diffusion generates video with transformers of the Wan 2.1
// architecture: checkpoint loading, samplers, classifier-free guidance, the
// denoising transformer and the causal video decoder.
//
// Self-attention belongs to an lvsa.Method: the transformer hands it rotated
// queries and keys and takes what comes back. Everything else is the model's
// own arithmetic, in float32 with float64 tables and coefficients.
//
// A Model is a folder in the layout of Diffusers:
//
//	model_index.json                 and, optionally, a "longtake" object with defaults
//	scheduler/scheduler_config.json  flow_shift
//	transformer/                     config.json and safetensors, possibly sharded
//	vae/                             config.json and safetensors
//	prompts/                         optional: prompts.json and embeds.safetensors
//
// Latents are [channels, latent frames, height, width], contiguous; tokens are
// in frame-major raster order. A generation is a function of the checkpoint,
// the method, the request and the backend's kernel variant: the number of
// workers and the decoder's chunk size do not change a bit of it.
package diffusion
