package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Canonical encodes a value as JSON in the one form that is hashed: keys
// sorted by bytes, no white space, no HTML escapes, and one spelling for each
// number (3, 3.0 and 3e0 are 3; other values have the shortest digits that
// read back as the same float64; integers of any size are kept exactly).
func Canonical(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	var b bytes.Buffer
	if err := writeCanonical(&b, tree); err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	return b.Bytes(), nil
}

func writeCanonical(b *bytes.Buffer, v any) error {
	switch v := v.(type) {
	case map[string]any:
		b.WriteByte('{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeString(b, k); err != nil {
				return err
			}
			b.WriteByte(':')
			if err := writeCanonical(b, v[k]); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeCanonical(b, e); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case string:
		return writeString(b, v)
	case json.Number:
		s, err := canonicalNumber(v.String())
		if err != nil {
			return err
		}
		b.WriteString(s)
	default: // bool and nil
		fmt.Fprint(b, map[any]string{true: "true", false: "false", nil: "null"}[v])
	}
	return nil
}

func writeString(b *bytes.Buffer, s string) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the encoder's newline
	return nil
}

// maxWhole is where float64 values are no longer spelled out as integers.
const maxWhole = 1e21

func canonicalNumber(s string) (string, error) {
	if !strings.ContainsAny(s, ".eE") {
		n, ok := new(big.Int).SetString(s, 10)
		if !ok {
			return "", fmt.Errorf("%q is no integer", s)
		}
		return n.String(), nil
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return "", fmt.Errorf("number %s does not fit a float64", s)
	}
	if x == math.Trunc(x) && math.Abs(x) < maxWhole {
		n, _ := big.NewFloat(x).Int(nil)
		return n.String(), nil
	}
	return strconv.FormatFloat(x, 'g', -1, 64), nil
}
