// Package safetensors reads and writes the safetensors format: an eight-byte
// little-endian header length, a JSON header that names each tensor's type,
// shape and byte range, then the bytes.
//
// Files come from strangers: everything in a header is checked before it is
// used, and an error names the file, the tensor and what is wrong.
package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// maxHeader is the largest header that is read, in bytes.
const maxHeader = 100_000_000

// Tensor is one named array; its bytes belong to the File.
type Tensor struct {
	Name  string
	Type  string // as in the file: "F32", "F16", "BF16", "I64", ...
	Shape []int

	file       string
	begin, end uint64 // in the data section
	data       []byte
}

// Len is the number of elements.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Bytes are the tensor's little-endian elements. They must not be written to
// nor used after the file is closed.
func (t Tensor) Bytes() []byte { return t.data }

var typeSize = map[string]uint64{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1,
	"U16": 2, "I16": 2, "F16": 2, "BF16": 2,
	"U32": 4, "I32": 4, "F32": 4,
	"U64": 8, "I64": 8, "F64": 8,
}

// parse checks the whole of b and returns its tensors in the order of their
// bytes, and the metadata.
func parse(name string, b []byte) ([]Tensor, map[string]string, error) {
	fail := func(format string, a ...any) ([]Tensor, map[string]string, error) {
		return nil, nil, fmt.Errorf("safetensors: %s: %s", name, fmt.Sprintf(format, a...))
	}
	if len(b) < 8 {
		return fail("%d bytes: too short for a header; the file is empty, cut off or of another format", len(b))
	}
	size := binary.LittleEndian.Uint64(b)
	if size > maxHeader {
		return fail("header of %d bytes: at most %d; not a safetensors file, or a hostile one", size, maxHeader)
	}
	if size > uint64(len(b)-8) {
		return fail("header of %d bytes in a file of %d; cut off, or not a safetensors file", size, len(b))
	}
	tensors, meta, err := decodeHeader(b[8 : 8+size])
	if err != nil {
		return fail("%v", err)
	}
	data := b[8+size:]
	for i := range tensors {
		t := &tensors[i]
		t.file = name
		if err := checkTensor(t, uint64(len(data))); err != nil {
			return fail("tensor %q: %v", t.Name, err)
		}
		t.data = data[t.begin:t.end:t.end]
	}
	slices.SortStableFunc(tensors, func(a, b Tensor) int {
		switch {
		case a.begin != b.begin && a.begin < b.begin, a.begin == b.begin && a.end < b.end:
			return -1
		case a.begin == b.begin && a.end == b.end:
			return strings.Compare(a.Name, b.Name)
		}
		return 1
	})
	var at uint64
	for _, t := range tensors {
		if t.begin < at {
			return fail("tensor %q: bytes %d to %d overlap the tensor before it", t.Name, t.begin, t.end)
		}
		if t.begin > at {
			return fail("tensor %q: bytes %d to %d before it belong to no tensor", t.Name, at, t.begin)
		}
		at = t.end
	}
	if at != uint64(len(data)) {
		return fail("%d bytes after the last tensor belong to no tensor", uint64(len(data))-at)
	}
	return tensors, meta, nil
}

// checkTensor compares type, shape and byte range with one another and with
// the n bytes that the data section has.
func checkTensor(t *Tensor, n uint64) error {
	size, ok := typeSize[t.Type]
	if !ok {
		return fmt.Errorf("unknown type %q", t.Type)
	}
	if t.begin > t.end || t.end > n {
		return fmt.Errorf("data_offsets [%d,%d] outside the %d bytes of data", t.begin, t.end, n)
	}
	want, empty := size, false
	for _, d := range t.Shape {
		if d == 0 {
			empty = true
			continue
		}
		if want > math.MaxInt64/uint64(d) {
			return fmt.Errorf("shape %v: too many elements", t.Shape)
		}
		want *= uint64(d)
	}
	if empty {
		want = 0
	}
	if t.end-t.begin != want {
		return fmt.Errorf("shape %v of %s needs %d bytes, data_offsets [%d,%d] hold %d", t.Shape, t.Type, want, t.begin, t.end, t.end-t.begin)
	}
	return nil
}

// decodeHeader reads the JSON by token: a plain map would hide repeated names.
func decodeHeader(b []byte) ([]Tensor, map[string]string, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, fmt.Errorf("the header is not a JSON object")
	}
	var tensors []Tensor
	var meta map[string]string
	seen := map[string]bool{}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("header: %v", err)
		}
		name := k.(string) // a key of an object
		if seen[name] {
			return nil, nil, fmt.Errorf("tensor %q is named twice", name)
		}
		seen[name] = true
		if name == "__metadata__" {
			if err := d.Decode(&meta); err != nil {
				return nil, nil, fmt.Errorf("header: __metadata__: %v", err)
			}
			continue
		}
		var v struct {
			Type    *string  `json:"dtype"`
			Shape   []uint64 `json:"shape"`
			Offsets []uint64 `json:"data_offsets"`
		}
		if err := d.Decode(&v); err != nil {
			return nil, nil, fmt.Errorf("header: tensor %q: %v", name, err)
		}
		if v.Type == nil || v.Shape == nil || len(v.Offsets) != 2 {
			return nil, nil, fmt.Errorf("header: tensor %q: want dtype, shape and two data_offsets", name)
		}
		t := Tensor{Name: name, Type: *v.Type, Shape: make([]int, len(v.Shape)), begin: v.Offsets[0], end: v.Offsets[1]}
		for i, s := range v.Shape {
			if s > math.MaxInt64 || uint64(int(s)) != s {
				return nil, nil, fmt.Errorf("header: tensor %q: shape %v: dimension too large", name, v.Shape)
			}
			t.Shape[i] = int(s)
		}
		tensors = append(tensors, t)
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, fmt.Errorf("header: %v", err)
	}
	if rest := bytes.Trim(b[d.InputOffset():], " \t\r\n\x00"); len(rest) > 0 {
		return nil, nil, fmt.Errorf("header: more text after the JSON object")
	}
	return tensors, meta, nil
}
