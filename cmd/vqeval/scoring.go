package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"longtake/vqeval"
)

// scoreFlags adds the flags that say how a video is scored, for all commands that
// score some.
func scoreFlags(cmd *cobra.Command, o *vqeval.Options) {
	f := cmd.Flags()
	f.Var(setter{"LIST", func(s string) (err error) { o.Dimensions, err = parseDimensions(s); return err }}, "dimensions",
		"score these only, separated by commas: "+strings.Join(vqeval.DimensionNames, ","))
	f.Var(setter{"NAME=WEIGHT,..", func(s string) (err error) { o.Weights, err = parseWeights(s); return err }}, "weights",
		"weights of the composite, in place of single default ones: "+defaultWeights())
	presetsFlag(cmd, o)
}

// setter is a flag whose text is checked while flags are parsed.
type setter struct {
	kind string
	set  func(string) error
}

func (s setter) Set(v string) error { return s.set(v) }
func (s setter) String() string     { return "" }
func (s setter) Type() string       { return s.kind }

func defaultWeights() string {
	var s []string
	for _, n := range vqeval.DimensionNames {
		s = append(s, fmt.Sprintf("%s=%g", n, vqeval.DefaultWeights[n]))
	}
	return strings.Join(s, ",")
}

func knownDimension(name string) error {
	if !slices.Contains(vqeval.DimensionNames, name) {
		return fmt.Errorf("no dimension %q: want some of %s", name, strings.Join(vqeval.DimensionNames, ", "))
	}
	return nil
}

// parseDimensions reads "a,b" into the order of tables.
func parseDimensions(s string) ([]string, error) {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		name := strings.TrimSpace(part)
		if err := knownDimension(name); err != nil {
			return nil, err
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		return slices.Index(vqeval.DimensionNames, a) - slices.Index(vqeval.DimensionNames, b)
	})
	return out, nil
}

// parseWeights reads "a=1,b=0.5".
func parseWeights(s string) (map[string]float64, error) {
	out := map[string]float64{}
	for part := range strings.SplitSeq(s, ",") {
		name, text, ok := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		if !ok {
			return nil, fmt.Errorf("%q: want NAME=WEIGHT", part)
		}
		if err := knownDimension(name); err != nil {
			return nil, err
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || !(v >= 0) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%s=%s: want a number from 0 on", name, text)
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		out[name] = v
	}
	for _, n := range vqeval.DimensionNames {
		if w, ok := out[n]; ok && w > 0 || !ok && vqeval.DefaultWeights[n] > 0 {
			return out, nil
		}
	}
	return nil, fmt.Errorf("all weights are 0: nothing is left of the composite")
}
