package diffusion

import (
	"errors"
	"fmt"

	"longtake/internal/safetensors"
)

// Matrix is row-major host memory.
type Matrix struct {
	Rows, Cols int
	Data       []float32
}

// Embeds are the text encoder's outputs, a row per token. Negative is needed
// only with guidance.
type Embeds struct {
	Prompt, Negative *Matrix
}

// LoadEmbeds reads prompt_embeds and, where it is there, negative_prompt_embeds
// from a safetensors file; each is [tokens, width] or [1, tokens, width].
func LoadEmbeds(path string) (*Embeds, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, fmt.Errorf("diffusion: prompt embeddings: %w", err)
	}
	defer f.Close()
	var e Embeds
	if e.Prompt, err = readMatrix(f, "prompt_embeds"); err != nil {
		return nil, err
	}
	if _, ok := f.Tensor("negative_prompt_embeds"); ok {
		if e.Negative, err = readMatrix(f, "negative_prompt_embeds"); err != nil {
			return nil, err
		}
	}
	return &e, nil
}

func readMatrix(f *safetensors.File, name string) (*Matrix, error) {
	v, shape, err := f.Float32(name)
	if err != nil {
		return nil, fmt.Errorf("diffusion: embeddings: %w", err)
	}
	s := shape
	if len(s) == 3 && s[0] == 1 {
		s = s[1:]
	}
	if len(s) != 2 || s[0] < 1 || s[1] < 1 {
		return nil, fmt.Errorf("diffusion: embeddings: %s: tensor %q has shape %v: want [tokens, width]", f.Name, name, shape)
	}
	return &Matrix{Rows: s[0], Cols: s[1], Data: v}, nil
}

// fit pads with zero rows, which the model attends to as it does in training,
// or cuts, to rows; rows 0 keeps what is there.
func (m *Matrix) fit(rows int) *Matrix {
	if rows == 0 || rows == m.Rows {
		return m
	}
	out := &Matrix{Rows: rows, Cols: m.Cols, Data: make([]float32, rows*m.Cols)}
	copy(out.Data, m.Data)
	return out
}

func (m *Matrix) check(what string, cols int) error {
	switch {
	case m.Rows < 1 || len(m.Data) != m.Rows*m.Cols:
		return fmt.Errorf("diffusion: %s: %d rows of %d with %d values", what, m.Rows, m.Cols, len(m.Data))
	case m.Cols != cols:
		return fmt.Errorf("diffusion: %s: width %d: the model's text_dim is %d; were they made for another model?", what, m.Cols, cols)
	}
	for _, v := range m.Data {
		if v-v != 0 { // NaN or infinite
			return fmt.Errorf("diffusion: %s: holds NaN or infinity", what)
		}
	}
	return nil
}

// errNoText is returned for a prompt that only a text encoder could read.
var errNoText = errors.New("diffusion: the text encoder is not built in: this checkpoint takes its prompt as embeddings " +
	"(a safetensors file with prompt_embeds and negative_prompt_embeds, made by the checkpoint's own text encoder)")

// embeds resolves a request's text into matrices of the model's own length.
// neg is nil when it is not needed.
func (m *Model) embeds(r *Request, guided bool) (pos, neg *Matrix, scene string, err error) {
	e := r.Embeds
	if e == nil {
		if m.prompts == nil {
			return nil, nil, "", errNoText
		}
		s, err := m.MatchPrompt(r.Prompt)
		if err != nil {
			return nil, nil, "", err
		}
		scene = s.Tag
		e = &Embeds{Prompt: m.prompts.embeds[s.Embeds], Negative: m.prompts.embeds[m.prompts.Negative]}
	}
	if e.Prompt == nil {
		return nil, nil, "", errors.New("diffusion: prompt embeddings: none for the prompt")
	}
	if err := e.Prompt.check("prompt_embeds", m.info.TextDim); err != nil {
		return nil, nil, "", err
	}
	pos = e.Prompt.fit(m.info.TextTokens)
	if !guided {
		return pos, nil, scene, nil
	}
	if e.Negative == nil {
		return nil, nil, "", fmt.Errorf("diffusion: guidance %g needs negative_prompt_embeds beside prompt_embeds; give them, or guidance 1", r.Guidance)
	}
	if err := e.Negative.check("negative_prompt_embeds", m.info.TextDim); err != nil {
		return nil, nil, "", err
	}
	return pos, e.Negative.fit(m.info.TextTokens), scene, nil
}
