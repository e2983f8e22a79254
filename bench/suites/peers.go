package suites

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// peers are processes of bench/peers/peers.py, one for each number of cores.
// They are asked to load a case once and then to run it in turn with the rest:
// one JSON object a line each way.
type peers struct {
	dir   string
	list  map[int]*peerProcess
	notes []error
	ids   int
	log   io.Writer
}

type peerProcess struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// peerCase is what a peer computes: A [M,K] times the transpose of B [N,K], or
// attention over [Heads, Tokens, Dim].
type peerCase struct {
	Impl           string    `json:"impl"`
	M              int       `json:"m,omitempty"`
	K              int       `json:"k,omitempty"`
	N              int       `json:"n,omitempty"`
	Heads          int       `json:"heads,omitempty"`
	Tokens         int       `json:"tokens,omitempty"`
	Dim            int       `json:"dim,omitempty"`
	TokensPerFrame int       `json:"tokens_per_frame,omitempty"`
	Attended       [][]int   `json:"attended,omitempty"` // frames that each frame sees
	A, B, C        []float32 `json:"-"`                  // inputs
}

type peerEntry struct {
	name string // with its version
	out  []float32
	run  func(int) (cost, error)
}

type peerReply struct {
	Error   string  `json:"error"`
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"`
}

// startPeers starts nothing where no command was given.
func startPeers(ctx context.Context, o KernelOptions, all []*machine) *peers {
	p := &peers{list: map[int]*peerProcess{}, log: o.Log}
	if len(o.Peers) == 0 {
		return p
	}
	var err error
	if p.dir, err = os.MkdirTemp("", "longtake-peers-"); err != nil {
		p.notes = append(p.notes, err)
		return p
	}
	for _, m := range all {
		n := m.Workers()
		if p.list[n] != nil {
			continue
		}
		cmd := exec.CommandContext(ctx, o.Peers[0], append(o.Peers[1:], strconv.Itoa(n))...)
		cmd.Stderr = os.Stderr
		in, err1 := cmd.StdinPipe()
		out, err2 := cmd.StdoutPipe()
		if err := errors.Join(err1, err2); err != nil {
			p.notes = append(p.notes, err)
			continue
		}
		if err := cmd.Start(); err != nil {
			p.notes = append(p.notes, fmt.Errorf("bench: peers: %w", err))
			continue
		}
		p.list[n] = &peerProcess{cmd, in, bufio.NewScanner(out)}
	}
	return p
}

func (p *peerProcess) ask(question any) (r peerReply, err error) {
	b, err := json.Marshal(question)
	if err != nil {
		return r, err
	}
	if _, err := p.in.Write(append(b, '\n')); err != nil {
		return r, fmt.Errorf("the peers' process: %w", err)
	}
	if !p.out.Scan() {
		return r, fmt.Errorf("the peers' process ended")
	}
	if err := json.Unmarshal(p.out.Bytes(), &r); err != nil {
		return r, fmt.Errorf("the peers' process wrote %q", p.out.Text())
	}
	if r.Error != "" {
		return r, errors.New(r.Error)
	}
	return r, nil
}

// load hands a case over and reads the result of one run. It is nil without
// an error where there are no peers.
func (p *peers) load(m *machine, c peerCase) (*peerEntry, error) {
	proc := p.list[m.Workers()]
	if proc == nil {
		return nil, nil
	}
	p.ids++
	id := p.ids
	n := c.M * c.N
	if c.Heads > 0 {
		n = c.Heads * c.Tokens * c.Dim
	}
	files := map[string][]float32{"a": c.A, "b": c.B}
	if c.C != nil {
		files["c"] = c.C
	}
	question := struct {
		Op string `json:"op"`
		ID int    `json:"id"`
		peerCase
		Files map[string]string `json:"files"`
	}{"load", id, c, map[string]string{}}
	for k, v := range files {
		path := filepath.Join(p.dir, k+".f32")
		if err := writeFloats(path, v); err != nil {
			return nil, err
		}
		question.Files[k] = path
	}
	out := filepath.Join(p.dir, "out.f32")
	question.Files["out"] = out
	r, err := proc.ask(question)
	if err != nil {
		return nil, err
	}
	e := &peerEntry{name: r.Name}
	if e.out, err = readFloats(out, n); err != nil {
		return nil, err
	}
	e.run = func(reps int) (cost, error) {
		r, err := proc.ask(map[string]any{"op": "run", "id": id, "reps": reps})
		return cost{r.Seconds, r.CPU}, err
	}
	return e, nil
}

// unload drops all cases.
func (p *peers) unload() {
	for _, proc := range p.list {
		if _, err := proc.ask(map[string]any{"op": "unload"}); err != nil {
			p.notes = append(p.notes, err)
		}
	}
}

// note keeps why a peer has no row.
func (p *peers) note(impl, name string, err error) {
	if err != nil {
		p.notes = append(p.notes, fmt.Errorf("%s has no row at %s: %w", impl, name, err))
	}
}

// err tells what went wrong with peers; it fails nothing.
func (p *peers) err(log io.Writer) error {
	for _, e := range p.notes {
		fmt.Fprintln(log, "warning:", e)
	}
	return nil
}

func (p *peers) close() {
	for _, proc := range p.list {
		proc.in.Close()
		proc.cmd.Wait()
	}
	if p.dir != "" {
		os.RemoveAll(p.dir)
	}
}

func writeFloats(path string, v []float32) error {
	b := make([]byte, 4*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
	}
	return os.WriteFile(path, b, 0o600)
}

func readFloats(path string, n int) ([]float32, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(b) != 4*n {
		return nil, fmt.Errorf("the peer wrote %d bytes, want %d", len(b), 4*n)
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v, nil
}
