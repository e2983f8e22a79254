package corpus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"

	"longtake/vqeval"
)

var updateCard = flag.Bool("update", false, "write CARD.md and the README's part of the card again from the committed card, and the scores of the subset for CI")

// The committed card. `vqeval corpus make DIR && vqeval corpus check DIR --json
// vqeval/testdata/card.json` makes it; -update carries it into the texts.
const cardPath = "../testdata/card.json"

func committedCard(t *testing.T) *Card {
	t.Helper()
	c, err := ReadCard(cardPath)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no card is committed yet: ", cardPath)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What the scorer says of the subset for CI; -update writes it again.
const ciPath = "../testdata/ci.json"

func TestCardOfTheREADMEIsCurrent(t *testing.T) {
	const readme, begin, end = "../../README.md", "<!-- card -->\n", "<!-- /card -->"
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	if !ok {
		t.Skipf("%s has no line %q", readme, strings.TrimSpace(begin))
	}
	old, tail, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("%s has no %q", readme, end)
	}
	// A block without a card is an error: its numbers would come from nowhere.
	c, err := ReadCard(cardPath)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := ReadmeMarkdown(&want, c); err != nil {
		t.Fatal(err)
	}
	current(t, readme, old, want.String(), head+begin+want.String()+end+tail)
}

func TestCardMarkdownIsCurrent(t *testing.T) {
	c := committedCard(t)
	const path = "../CARD.md"
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := CardMarkdown(&want, c); err != nil {
		t.Fatal(err)
	}
	current(t, path, string(old), want.String(), want.String())
}

func current(t *testing.T, path, have, want, file string) {
	t.Helper()
	switch {
	case have == want:
	case *updateCard:
		if err := os.WriteFile(path, []byte(file), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the card in %s is stale (-update writes it); it should be\n%s", path, want)
	}
}

// Tolerances of a run against the committed card: another version of the
// encoder writes other bits, which moves what is near a threshold. A change of
// the scorer moves more than that.
const (
	sameSeverity = 0.05 // of one video and kind
	sameOnset    = 2    // frames
	sameVideos   = 0.05 // share of the videos that may be further off
	sameShare    = 0.03 // AUC, AP, shares of videos, overlaps, mean severities
	sameRank     = 0.10 // mean Spearman of a kind's ladders
	samePoints   = 1.0  // of the composite
)

// The subset for CI is rendered and scored again and compared with what is
// committed: each of its videos, and the figures over all of them. With -short every third
// video is, one by one.
func TestCardHoldsOnTheSubsetForCI(t *testing.T) {
	card, err := ReadCard(ciPath)
	if *updateCard {
		card, err = new(Card), nil
	}
	if err != nil {
		t.Fatal(err)
	}
	if s := card.Scorer; !*updateCard && (s.Version != vqeval.Version || s.Profile != vqeval.Profile) {
		t.Fatalf("%s is that of %s %s, this is %s %s: -update writes it again", ciPath, s.Version, s.Profile, vqeval.Version, vqeval.Profile)
	}
	var todo []*recipe
	n := 0
	for _, r := range plan(ciEdition) {
		if !r.CI {
			continue
		}
		if n++; *updateCard || !testing.Short() || n%3 == 0 {
			todo = append(todo, r)
		}
	}
	got := scoredAgain(t, todo)
	if *updateCard {
		got.CI = nil // the figures are all of it
		data, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(ciPath, append(data, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if n > 120 || n != len(card.CIVideos) {
		t.Fatalf("the subset for CI has %d videos, %s %d, 120 are allowed", n, ciPath, len(card.CIVideos))
	}
	for _, e := range compareVideos(card.CIVideos, got.CIVideos) {
		t.Error(e)
	}
	if len(got.CIVideos) == n {
		for _, e := range compareFigures(card.Main, got.Main) {
			t.Error(e)
		}
	}
}

func scoredAgain(t *testing.T, todo []*recipe) *Card {
	t.Helper()
	dir := t.TempDir()
	m := &manifest{dir: dir, order: map[string]int{}}
	have := map[string]bool{}
	for i, r := range todo {
		m.order[r.File] = i + 1
		have[r.File] = true
	}
	own := make([]*recipe, len(todo))
	for i, r := range todo {
		c := *r
		if !have[c.Variant] { // its base is not among them
			c.Variant, c.VariantOf = "", ""
		}
		own[i] = &c
	}
	ctx := context.Background()
	if err := m.write(); err != nil {
		t.Fatal(err)
	}
	if err := renderAll(ctx, dir, own, Options{}, m); err != nil {
		t.Fatal(err)
	}
	if err := m.write(); err != nil {
		t.Fatal(err)
	}
	c, err := Check(ctx, dir, CheckOptions{CIOnly: true, NoBaselines: true, Workers: runtime.GOMAXPROCS(0)})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range c.Errors {
		t.Error(e)
	}
	return c
}

// compareVideos lists the videos that are scored otherwise than on the card, if
// they are more than may be.
func compareVideos(card, got []VideoScores) []string {
	want := map[string]VideoScores{}
	for _, v := range card {
		want[v.File] = v
	}
	var off []string
	for _, v := range got {
		w, ok := want[v.File]
		if !ok {
			return []string{v.File + " is not on the card: make the card again"}
		}
		why := ""
		for _, k := range vqeval.Kinds {
			a, aok := w.Severity[k]
			b, bok := v.Severity[k]
			if aok != bok || math.Abs(a-b) > sameSeverity {
				why += fmt.Sprintf(", %s %.3f (was %.3f)", k, b, a)
			}
		}
		if w.Onset != nil && v.Onset != nil && max(*w.Onset-*v.Onset, *v.Onset-*w.Onset) > sameOnset {
			why += fmt.Sprintf(", onset %d (was %d)", *v.Onset, *w.Onset)
		}
		if why != "" {
			off = append(off, v.File+": "+strings.TrimPrefix(why, ", "))
		}
	}
	if float64(len(off)) <= sameVideos*float64(len(got)) {
		return nil
	}
	return off
}

// compareFigures lists the figures that differ by more than their tolerance.
func compareFigures(card, got *Figures) []string {
	var off []string
	same := func(what string, was, is, tolerance float64) {
		if !(math.Abs(was-is) <= tolerance) {
			off = append(off, fmt.Sprintf("%s is %.3f, on the card %.3f", what, is, was))
		}
	}
	part := func(r Rate) float64 {
		if r.N == 0 {
			return 0
		}
		return float64(r.Count) / float64(r.N)
	}
	value := func(e *Estimate) float64 {
		if e == nil {
			return -1
		}
		return e.Value
	}
	same("false alarms", part(card.Alarms.Rate), part(got.Alarms.Rate), sameShare)
	if len(card.Kinds) != len(got.Kinds) {
		return append(off, fmt.Sprintf("%d kinds, on the card %d", len(got.Kinds), len(card.Kinds)))
	}
	for i, w := range card.Kinds {
		g := got.Kinds[i]
		if w.Kind != g.Kind {
			return append(off, fmt.Sprintf("kind %s, on the card %s", g.Kind, w.Kind))
		}
		k := w.Kind + ": "
		// One video of few is more than the tolerance of many.
		one := func(r Rate) float64 { return max(sameShare, 1.01/float64(max(1, r.N))) }
		same(k+"AUC", value(w.AUC), value(g.AUC), sameShare)
		same(k+"average precision", value(w.AP), value(g.AP), sameShare)
		same(k+"share found", part(w.Hits), part(g.Hits), one(w.Hits))
		same(k+"false alarms", part(w.Alarms), part(g.Alarms), sameShare)
		if (w.Onset == nil) != (g.Onset == nil) || (w.Period == nil) != (g.Period == nil) || (w.Region == nil) != (g.Region == nil) {
			off = append(off, k+"another set of figures of the place than on the card")
			continue
		}
		if w.Onset != nil {
			same(k+"median onset error", w.Onset.Median, g.Onset.Median, sameOnset)
			same(k+"onset within 8 frames", part(w.Onset.Within8), part(g.Onset.Within8), one(w.Onset.Within8))
		}
		if w.Period != nil {
			same(k+"period within 1 frame", part(w.Period.Within1), part(g.Period.Within1), one(w.Period.Within1))
		}
		if w.Region != nil {
			same(k+"mean IoU", w.Region.Mean, g.Region.Mean, sameShare)
		}
		for what, l := range map[string][2]*Ladders{"strength": {w.Strength, g.Strength}, "share": {w.Share, g.Share}, "composite": {w.Composite, g.Composite}} {
			switch {
			case (l[0] == nil) != (l[1] == nil):
				off = append(off, k+what+": another set of ladders than on the card")
			case l[0] != nil:
				same(k+"ladders of "+what, l[0].Mean, l[1].Mean, sameRank)
			}
		}
	}
	if len(card.Invariance) != len(got.Invariance) {
		return append(off, "other kinds of variants than on the card")
	}
	for i, w := range card.Invariance {
		g := got.Invariance[i]
		same("variants of "+w.Of+", severity", w.Mean, g.Mean, sameShare)
		if w.Points != nil && g.Points != nil {
			same("variants of "+w.Of+", composite", *w.Points, *g.Points, samePoints)
		}
	}
	return off
}

// The comparison itself: it lets noise pass and nothing else.
func TestCardComparisonSeesAChange(t *testing.T) {
	video := func(i int, severity float64, onset int) VideoScores {
		return VideoScores{File: fmt.Sprint(i), Severity: map[string]float64{"freeze": severity}, Onset: &onset}
	}
	var card, noisy, moved, late []VideoScores
	for i := range 40 {
		card = append(card, video(i, 0.8, 20))
		noisy = append(noisy, video(i, 0.82, 21))
		moved = append(moved, video(i, 0.7, 20))
		late = append(late, video(i, 0.8, 23))
	}
	noisy[7] = video(7, 0.2, 20) // one of forty may be at a threshold
	if off := compareVideos(card, noisy); off != nil {
		t.Errorf("noise is a change: %v", off)
	}
	if len(compareVideos(card, moved)) != 40 || len(compareVideos(card, late)) != 40 {
		t.Error("a change of every video passes")
	}
	if off := compareVideos(card, []VideoScores{video(41, 0.8, 20)}); len(off) != 1 {
		t.Error("a video that is not on the card passes")
	}

	figures := func(auc float64, found int) *Figures {
		return &Figures{Kinds: []KindFigures{{Kind: "freeze", AUC: &Estimate{Value: auc}, AP: &Estimate{Value: auc}, Hits: rate(found, 100), Onset: &Onset{Median: 1}}}}
	}
	if off := compareFigures(figures(0.99, 97), figures(0.98, 96)); off != nil {
		t.Errorf("noise is a change: %v", off)
	}
	if off := compareFigures(figures(0.99, 97), figures(0.9, 80)); len(off) != 3 {
		t.Errorf("AUC, AP and what is found are worse, but it says %v", off)
	}
}
