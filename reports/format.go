package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"longtake/bench/stats"
)

// absent stands where there is no value; its reason is in a note.
const absent = "-"

// sig writes a number with three significant digits and no exponent where it
// can do without.
func sig(v float64) string { return fixed(v, decimals(v)) }

func decimals(v float64) int {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	d := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	if r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 2, 64), 64); math.Abs(r) >= math.Pow(10, float64(3-d)) {
		d-- // rounding added a digit: 9.999 is 10.0
	}
	return max(d, 0)
}

func fixed(v float64, decimals int) string {
	if decimals > 6 {
		return strconv.FormatFloat(v, 'e', 1, 64)
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return s
}

// interval writes "value [low, high]", or the value alone where there is no
// interval.
func interval(i stats.Interval) string {
	if math.IsNaN(i.Value) {
		return absent
	}
	d := decimals(i.Value)
	if !i.Known() {
		return fixed(i.Value, d)
	}
	return fmt.Sprintf("%s [%s, %s]", fixed(i.Value, d), fixed(i.Low, d), fixed(i.High, d))
}

// count writes "1 cell" or "2 cells".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// list joins names; a long list is cut and says so.
func list[T any](items []T, most int) string {
	var s []string
	for i, it := range items {
		if i == most {
			s = append(s, fmt.Sprintf("and %d more", len(items)-most))
			break
		}
		s = append(s, fmt.Sprint(it))
	}
	return strings.Join(s, ", ")
}

// distinct lists the different values of a field, sorted.
func distinct[T any](items []T, field func(T) string) []string {
	seen := map[string]bool{}
	for _, it := range items {
		seen[field(it)] = true
	}
	var out []string
	for k := range seen {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// notes gathers reasons under letters.
type notes struct{ texts []string }

// mark returns the letter of a reason in parentheses, the same one for the
// same reason.
func (n *notes) mark(reason string) string {
	i := slices.Index(n.texts, reason)
	if i < 0 {
		i = len(n.texts)
		n.texts = append(n.texts, reason)
	}
	return "(" + letter(i) + ")"
}

// without is a cell of a table without a value.
func (n *notes) without(reason string) string { return absent + " " + n.mark(reason) }

func letter(i int) string {
	s := ""
	for i++; i > 0; i = (i - 1) / 26 {
		s = string(rune('a'+(i-1)%26)) + s
	}
	return s
}
