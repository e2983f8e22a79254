package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// raw builds a file from a header text and data, with the header length given
// or, when negative, right.
func raw(header string, data []byte, length int64) []byte {
	if length < 0 {
		length = int64(len(header))
	}
	b := binary.LittleEndian.AppendUint64(nil, uint64(length))
	return append(append(b, header...), data...)
}

func TestRoundTrip(t *testing.T) {
	values := []float32{0, 1, -2.5, 65504, 1e-7, float32(math.Inf(1)), 0.333251953125}
	for _, typ := range []string{"F32", "F16", "BF16"} {
		var b bytes.Buffer
		entries := []Entry{{Name: "b", Type: typ, Shape: []int{7}, Data: values}, {Name: "a", Shape: []int{1, 2}, Data: []float32{3, 4}},
			{Name: "scalar", Data: []float32{5}}, {Name: "empty", Shape: []int{2, 0}, Data: nil}}
		if err := Write(&b, map[string]string{"k": "v"}, entries); err != nil {
			t.Fatal(err)
		}
		if n := binary.LittleEndian.Uint64(b.Bytes()); n%8 != 0 {
			t.Errorf("header of %d bytes: data are not aligned", n)
		}
		f, err := Parse("x", b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if f.Metadata["k"] != "v" || len(f.Tensors()) != 4 {
			t.Errorf("metadata %v, %d tensors", f.Metadata, len(f.Tensors()))
		}
		got, shape, err := f.Float32("b")
		if err != nil || len(shape) != 1 || shape[0] != 7 {
			t.Fatal(shape, err)
		}
		for i, v := range values {
			tol := map[string]float64{"F32": 0, "F16": 1.0 / 2048, "BF16": 1.0 / 256}[typ] * math.Abs(float64(v))
			if typ == "F16" {
				tol = max(tol, 0x1p-25)
			}
			if v != got[i] && !(math.Abs(float64(v)-float64(got[i])) <= tol) {
				t.Errorf("%s: %g became %g", typ, v, got[i])
			}
		}
		if got, shape, err := f.Float32("scalar"); err != nil || len(shape) != 0 || got[0] != 5 {
			t.Error(got, shape, err)
		}
		if _, _, err := f.Float32("missing"); err == nil {
			t.Error("a tensor that is not there was read")
		}
	}
}

// Every half must survive the way to float32 and back.
func TestHalfExhaustive(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		f := halfToFloat(h)
		if f != f {
			if floatToHalf(f)&0x7c00 != 0x7c00 || floatToHalf(f)&0x3ff == 0 {
				t.Fatalf("%#x: NaN was lost", h)
			}
			continue
		}
		if got := floatToHalf(f); got != h {
			t.Fatalf("%#x -> %g -> %#x", h, f, got)
		}
		b := math.Float32frombits(uint32(h) << 16)
		if got := floatToBF16(b); b == b && got != h {
			t.Fatalf("bf16 %#x -> %g -> %#x", h, b, got)
		}
	}
	for _, c := range []struct {
		f float32
		h uint16
	}{{1 + 0x1p-11, 0x3c00}, {1 + 3*0x1p-11, 0x3c02}, {65519, 0x7bff}, {65520, 0x7c00}, {0x1p-25, 0}, {0x1.8p-25, 1}, {-0x1p-14, 0x8400}} {
		if got := floatToHalf(c.f); got != c.h {
			t.Errorf("floatToHalf(%g) = %#x, want %#x", c.f, got, c.h)
		}
	}
	if got := floatToBF16(1 + 0x1p-8); got != 0x3f80 {
		t.Errorf("a tie rounds to %#x, want the even 0x3f80", got)
	}
}

func TestHostileFiles(t *testing.T) {
	four := make([]byte, 4)
	one := `{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty file", nil, "0 bytes: too short"},
		{"seven bytes", make([]byte, 7), "7 bytes: too short"},
		{"text", []byte("this is a text file and no safetensors"), "hostile"},
		{"header beyond the file", raw(one, four, 1000), "header of 1000 bytes in a file of"},
		{"header above the limit", raw(one, four, maxHeader+1), "at most 100000000"},
		{"header length 2^64-1", append(bytes.Repeat([]byte{255}, 8), one...), "at most"},
		{"not JSON", raw(`hello`, nil, -1), "not a JSON object"},
		{"a list", raw(`[1]`, nil, -1), "not a JSON object"},
		{"cut JSON", raw(`{"a":{"dtype":"F32"`, nil, -1), `tensor "a"`},
		{"text after JSON", raw(one+"x", four, -1), "after the JSON object"},
		{"no dtype", raw(`{"a":{"shape":[1],"data_offsets":[0,4]}}`, four, -1), "want dtype, shape"},
		{"three offsets", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}`, four, -1), "two data_offsets"},
		{"unknown dtype", raw(`{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}`, four, -1), `tensor "a": unknown type "F33"`},
		{"negative dimension", raw(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, four, -1), `tensor "a"`},
		{"fraction", raw(`{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}`, four, -1), `tensor "a"`},
		{"huge dimension", raw(`{"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4]}}`, four, -1), "too large"},
		{"product overflow", raw(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}`, four, -1), "too many elements"},
		{"shape against bytes", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, four, -1), "needs 8 bytes"},
		{"offsets reversed", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, four, -1), "outside the 4 bytes"},
		{"offsets outside", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, four, -1), "outside the 4 bytes"},
		{"truncated", raw(one, four[:3], -1), "outside the 3 bytes"},
		{"named twice", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, four, -1), "named twice"},
		{"overlap", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, four, -1), `tensor "b": bytes 0 to 4 overlap`},
		{"hole", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, make([]byte, 8), -1), "belong to no tensor"},
		{"bytes after the end", raw(one, make([]byte, 8), -1), "4 bytes after the last tensor"},
		{"metadata not text", raw(`{"__metadata__":{"a":1}}`, nil, -1), "__metadata__"},
	} {
		f, err := Parse("evil.safetensors", c.file)
		if err == nil {
			t.Errorf("%s: accepted with %d tensors", c.name, len(f.Tensors()))
			continue
		}
		if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "evil.safetensors") {
			t.Errorf("%s: %q does not say %q and the file", c.name, err, c.want)
		}
	}
}

func TestUnreadableType(t *testing.T) {
	f, err := Parse("x", raw(`{"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}`, make([]byte, 4), -1))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Float32("a"); err == nil || !strings.Contains(err.Error(), "I32") {
		t.Error(err)
	}
}

func TestOpenMapsFiles(t *testing.T) {
	p := filepath.Join(t.TempDir(), "x.safetensors")
	if err := WriteFile(p, nil, []Entry{{Name: "a", Shape: []int{3}, Data: []float32{1, 2, 3}}}); err != nil {
		t.Fatal(err)
	}
	if l, _ := filepath.Glob(filepath.Join(filepath.Dir(p), "*")); len(l) != 1 {
		t.Errorf("%v: something is left over", l)
	}
	for _, open := range []func() (*File, error){
		func() (*File, error) { return Open(p) },
		func() (*File, error) { return OpenFS(os.DirFS(filepath.Dir(p)), "x.safetensors") },
	} {
		f, err := open()
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := f.Float32("a")
		if err != nil || got[2] != 3 {
			t.Fatal(got, err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if got[2] != 3 {
			t.Error("values do not outlive the file")
		}
	}
	if _, err := Open(filepath.Dir(p)); err == nil {
		t.Error("a folder was opened")
	}
	if err := os.WriteFile(p, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(p); err == nil || !strings.Contains(err.Error(), "x.safetensors") {
		t.Errorf("empty file: %v", err)
	}
}

func shard(t *testing.T, names ...string) *fstest.MapFile {
	t.Helper()
	var b bytes.Buffer
	var e []Entry
	for i, n := range names {
		e = append(e, Entry{Name: n, Shape: []int{1}, Data: []float32{float32(i + 1)}})
	}
	if err := Write(&b, nil, e); err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: b.Bytes()}
}

func TestSet(t *testing.T) {
	index := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(`{"weight_map":` + s + `}`)} }
	for _, c := range []struct {
		name string
		fs   fstest.MapFS
		want string // in the error; "" is success
	}{
		{"single", fstest.MapFS{"m/w.safetensors": shard(t, "a", "b")}, ""},
		{"sharded", fstest.MapFS{"m/w.safetensors.index.json": index(`{"a":"1.safetensors","b":"2.safetensors"}`),
			"m/1.safetensors": shard(t, "a"), "m/2.safetensors": shard(t, "x", "b")}, ""},
		{"nothing", fstest.MapFS{}, "neither m/w.safetensors nor"},
		{"escape", fstest.MapFS{"m/w.safetensors.index.json": index(`{"a":"../1.safetensors"}`), "1.safetensors": shard(t, "a")}, `shard "../1.safetensors" is not a file in this folder`},
		{"absolute", fstest.MapFS{"m/w.safetensors.index.json": index(`{"a":"/etc/passwd"}`)}, "not a file in this folder"},
		{"missing shard", fstest.MapFS{"m/w.safetensors.index.json": index(`{"a":"1.safetensors"}`)}, "named by m/w.safetensors.index.json"},
		{"missing tensor", fstest.MapFS{"m/w.safetensors.index.json": index(`{"a":"1.safetensors"}`), "m/1.safetensors": shard(t, "b")}, `tensor "a" is not in shard`},
		{"empty map", fstest.MapFS{"m/w.safetensors.index.json": index(`{}`)}, "no weight_map"},
		{"broken index", fstest.MapFS{"m/w.safetensors.index.json": index(`{`)}, "index.json"},
		{"broken shard", fstest.MapFS{"m/w.safetensors": {Data: []byte("short")}}, "too short"},
	} {
		s, err := OpenSet(c.fs, "m/w")
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", c.name, err, c.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		b, ok := s.Tensor("b")
		if v, err := b.Float32(nil); !ok || err != nil || v[0] != 2 {
			t.Errorf("%s: b is %v %v %v", c.name, v, ok, err)
		}
		if _, ok := s.Tensor("nope"); ok {
			t.Errorf("%s: found a tensor that is not there", c.name)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, e := range [][]Entry{
		{{Name: "a", Type: "I8", Shape: []int{1}, Data: []float32{1}}},
		{{Name: "a", Shape: []int{2}, Data: []float32{1}}},
		{{Name: "a", Data: []float32{1}}, {Name: "a", Data: []float32{1}}},
		{{Name: "__metadata__", Data: []float32{1}}},
	} {
		if err := Write(&bytes.Buffer{}, nil, e); err == nil {
			t.Errorf("%v was written", e)
		}
	}
	if err := WriteFile(filepath.Join(t.TempDir(), "no", "x"), nil, nil); err == nil {
		t.Error("wrote into a folder that does not exist")
	}
}

func FuzzParse(f *testing.F) {
	one := `{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}`
	f.Add(raw(one, make([]byte, 4), -1))
	f.Add(raw(one, make([]byte, 4), 1<<40))
	f.Add(raw(`{"a":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}`, nil, -1))
	f.Add(raw(`{"__metadata__":{"x":"y"},"a":{"dtype":"F16","shape":[],"data_offsets":[0,2]}}`, make([]byte, 2), -1))
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Parse("fuzz", b)
		if err != nil {
			return
		}
		total := 0
		for _, x := range file.Tensors() {
			total += len(x.Bytes())
			if x.Len()*int(typeSize[x.Type]) != len(x.Bytes()) {
				t.Fatalf("%v: %d bytes", x.Shape, len(x.Bytes()))
			}
			if v, err := x.Float32(nil); err == nil && len(v) != x.Len() {
				t.Fatalf("%v: %d values", x.Shape, len(v))
			}
		}
		if n := binary.LittleEndian.Uint64(b); total+8+int(n) != len(b) {
			t.Fatalf("%d bytes in tensors of %d", total, len(b))
		}
	})
}

func ExampleOpenSet() {
	var b bytes.Buffer
	_ = Write(&b, nil, []Entry{{Name: "w", Shape: []int{2}, Data: []float32{1, 2}}})
	var fsys fs.FS = fstest.MapFS{"vae/model.safetensors": {Data: b.Bytes()}}
	s, err := OpenSet(fsys, "vae/model")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	t, _ := s.Tensor("w")
	fmt.Println(t.Type, t.Shape)
	// Output: F32 [2]
}
