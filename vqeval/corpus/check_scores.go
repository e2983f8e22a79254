package corpus

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"longtake/internal/filesum"
	"longtake/vqeval"
)

// ScoresName is the file in a corpus's folder that keeps what was measured, one
// object a line. It may be deleted at any time.
const ScoresName = "scores.jsonl"

// scoreOptions are those of every evaluation of a corpus.
const scoreOptions = "expect-motion"

// keptScore is a line of scores.jsonl: Score or Baselines of the video with
// that hash, made by what Key names.
type keptScore struct {
	SHA256    string             `json:"sha256"` // of the file
	Key       string             `json:"key"`
	Build     string             `json:"build,omitempty"` // of the program, for scores
	Score     *Score             `json:"score,omitempty"`
	Baselines map[string]float64 `json:"baselines,omitempty"`
}

// keepError is a failure to keep a score, as opposed to one to make it.
type keepError struct{ error }

func (e keepError) Unwrap() error { return e.error }

// scores keeps what was measured. The version says what a scorer is meant to
// do, the build what it does: between releases only the build tells two apart.
type scores struct {
	scorer, build string
	mu            sync.Mutex
	have          map[string]keptScore // by hash and key
	out           *os.File
}

func openScores(dir string, o CheckOptions) (*scores, error) {
	s := &scores{scorer: fmt.Sprintf("vqeval %s %s %s", vqeval.Version, vqeval.Profile, scoreOptions), have: map[string]keptScore{}}
	var err error
	if s.build, err = programHash(); err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	path := filepath.Join(dir, ScoresName)
	s.out, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	in := bufio.NewReader(s.out)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			if len(line) > 0 { // cut off by a kill: the next line starts anew
				if _, err := s.out.WriteString("\n"); err != nil {
					s.close()
					return nil, fmt.Errorf("corpus: %w", err)
				}
			}
			return s, nil
		}
		if err != nil {
			s.close()
			return nil, fmt.Errorf("corpus: %s: %w", path, err)
		}
		var k keptScore
		// What cannot be read is measured again.
		if json.Unmarshal(line, &k) != nil || k.Score == nil && k.Baselines == nil {
			continue
		}
		if k.Score != nil && (o.Rescore || k.Build != s.build && !o.AnyBuild) {
			continue
		}
		s.have[k.SHA256+" "+k.Key] = k
	}
}

func (s *scores) close() { s.out.Close() }

// fill measures what is not kept of a video.
func (s *scores) fill(ctx context.Context, dir string, r *row, baselines bool) error {
	path := filepath.Join(dir, filepath.FromSlash(r.File))
	hash, err := filesum.SHA256(path)
	if err != nil {
		return err
	}
	if k, ok := s.look(hash, s.scorer); ok {
		r.score = k.Score
	} else {
		rep, _, err := vqeval.Evaluate(ctx, path, vqeval.Options{ExpectMotion: true})
		if err != nil {
			return err
		}
		r.score = &Score{rep.Failures, rep.Findings, rep.NotAssessed, rep.CompositeScore, rep.VideoMeta.Width, rep.VideoMeta.Height, rep.VideoMeta.Duration}
		if fps := rep.VideoMeta.FPS; fps > 0 {
			r.score.Duration = float64(rep.VideoMeta.TotalFrames) / fps
		}
		if err := s.keep(keptScore{SHA256: hash, Key: s.scorer, Build: s.build, Score: r.score}); err != nil {
			return err
		}
	}
	if !baselines {
		return nil
	}
	key := describeBaselines(r.Period)
	if k, ok := s.look(hash, key); ok {
		r.base = k.Baselines
		return nil
	}
	if r.base, err = measureBaselines(ctx, path, r.Period); err != nil {
		return err
	}
	return s.keep(keptScore{SHA256: hash, Key: key, Baselines: r.base})
}

func (s *scores) look(hash, key string) (keptScore, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.have[hash+" "+key]
	return k, ok
}

func (s *scores) keep(k keptScore) error {
	line, err := json.Marshal(k)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.out.Write(append(line, '\n')); err != nil {
		return keepError{err}
	}
	s.have[k.SHA256+" "+k.Key] = k
	return nil
}

func programHash() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	h, err := filesum.SHA256(path)
	if err != nil {
		return "", err
	}
	return h[:16], nil
}
