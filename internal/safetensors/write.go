package safetensors

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"longtake/internal/atomicfile"
)

// Entry is a tensor to write.
type Entry struct {
	Name  string
	Type  string // "F32", "F16" or "BF16"; "" is "F32"
	Shape []int
	Data  []float32
}

// Write writes the entries in their order. Values are rounded to nearest,
// ties to even. meta may be nil.
func Write(w io.Writer, meta map[string]string, entries []Entry) error {
	header, err := encodeHeader(meta, entries)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 1<<16)
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(len(header)))
	_, _ = b.Write(n[:]) // a bufio.Writer keeps its first error for Flush
	_, _ = b.Write(header)
	for _, e := range entries {
		switch e.Type {
		case "F16":
			writeHalves(b, e.Data, floatToHalf)
		case "BF16":
			writeHalves(b, e.Data, floatToBF16)
		default:
			for _, v := range e.Data {
				binary.LittleEndian.PutUint32(n[:], math.Float32bits(v))
				_, _ = b.Write(n[:4])
			}
		}
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("safetensors: write: %w", err)
	}
	return nil
}

func writeHalves(b *bufio.Writer, data []float32, f func(float32) uint16) {
	var n [2]byte
	for _, v := range data {
		binary.LittleEndian.PutUint16(n[:], f(v))
		_, _ = b.Write(n[:])
	}
}

func encodeHeader(meta map[string]string, entries []Entry) ([]byte, error) {
	var s strings.Builder
	s.WriteByte('{')
	if meta != nil {
		m, err := json.Marshal(meta)
		if err != nil {
			return nil, fmt.Errorf("safetensors: write: metadata: %v", err)
		}
		s.WriteString(`"__metadata__":`)
		s.Write(m)
	}
	seen := map[string]bool{"__metadata__": true}
	at := 0
	for _, e := range entries {
		typ := e.Type
		if typ == "" {
			typ = "F32"
		}
		if typ != "F32" && typ != "F16" && typ != "BF16" {
			return nil, fmt.Errorf("safetensors: write: tensor %q: type %q: want F32, F16 or BF16", e.Name, typ)
		}
		if seen[e.Name] {
			return nil, fmt.Errorf("safetensors: write: tensor %q twice", e.Name)
		}
		seen[e.Name] = true
		n := 1
		for _, d := range e.Shape {
			n *= d
		}
		if n != len(e.Data) {
			return nil, fmt.Errorf("safetensors: write: tensor %q: shape %v with %d values", e.Name, e.Shape, len(e.Data))
		}
		shape := e.Shape
		if shape == nil {
			shape = []int{}
		}
		end := at + n*int(typeSize[typ])
		v, err := json.Marshal(struct {
			Type    string `json:"dtype"`
			Shape   []int  `json:"shape"`
			Offsets [2]int `json:"data_offsets"`
		}{typ, shape, [2]int{at, end}})
		if err != nil {
			return nil, fmt.Errorf("safetensors: write: tensor %q: %v", e.Name, err)
		}
		name, err := json.Marshal(e.Name)
		if err != nil {
			return nil, fmt.Errorf("safetensors: write: tensor %q: %v", e.Name, err)
		}
		if s.Len() > 1 {
			s.WriteByte(',')
		}
		s.Write(name)
		s.WriteByte(':')
		s.Write(v)
		at = end
	}
	s.WriteByte('}')
	for s.Len()%8 != 0 { // data start on a multiple of eight
		s.WriteByte(' ')
	}
	return []byte(s.String()), nil
}

// WriteFile writes the entries beside path and renames them into place.
func WriteFile(path string, meta map[string]string, entries []Entry) error {
	var invalid error
	err := atomicfile.Write(path, func(w io.Writer) error {
		invalid = Write(w, meta, entries)
		return invalid
	})
	if err != nil && invalid == nil {
		return fmt.Errorf("safetensors: write: %w", err)
	}
	return err
}
