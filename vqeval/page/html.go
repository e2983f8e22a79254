package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"mime"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"longtake/vqeval"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string

	pageTemplate = template.Must(template.New("page").Parse(pageHTML))
)

// EmbedLimit is how many bytes of video a page takes in, all files together.
const EmbedLimit = 20 << 20

// ErrTooLarge is the error of a page whose videos are beyond EmbedLimit.
var ErrTooLarge = errors.New("too large to be embedded")

// HTMLOptions of a page.
type HTMLOptions struct {
	Dir   string // the folder that the page lies in: videos are named relative to it
	Embed bool   // take the videos into the page; see EmbedLimit
	Batch bool   // a table of videos with their details below; else one video
}

// pageData is the JSON block of a page.
type pageData struct {
	Kinds  []string       `json:"kinds"`
	Hues   map[string]int `json:"hues"`
	Videos []pageVideo    `json:"videos"`
}

type pageVideo struct {
	Label  string         `json:"label"`
	Path   string         `json:"path"`
	Source string         `json:"source"` // of the player
	Group  string         `json:"group"`
	Meta   []Field        `json:"meta"`
	Error  string         `json:"error,omitempty"`
	Report *vqeval.Report `json:"report,omitempty"`
	View   *view          `json:"view,omitempty"`
}

// cell of the table of videos; Sort is what it is ordered by, "" comes last.
type cell struct {
	Text, Sort string
	Found      bool
}

type tableRow struct {
	ID       int
	Label    string
	Group    string
	Error    string
	Findings int
	Cells    []cell
}

// HTML writes one self-contained page: nothing is loaded from a network, and it
// works from disk. Only the videos are files beside it, unless they are
// embedded.
func HTML(w io.Writer, entries []*Entry, o HTMLOptions) error {
	if len(entries) == 0 {
		return errNoVideos
	}
	var total int64
	if o.Embed {
		for _, e := range entries {
			if st, err := os.Stat(e.path); err == nil && e.report != nil {
				total += st.Size()
			}
		}
		if total > EmbedLimit {
			return fmt.Errorf("videos of %.1f MB together: %w: at most %d MB", float64(total)/(1<<20), ErrTooLarge, EmbedLimit>>20)
		}
	}
	d := pageData{Kinds: assessed(entries), Hues: map[string]int{}, Videos: []pageVideo{}}
	for _, k := range append(slices.Clone(vqeval.Kinds), d.Kinds...) {
		d.Hues[k] = hue(k)
	}
	for _, e := range entries {
		v := pageVideo{Label: e.label, Path: e.path, Group: e.group, Meta: e.meta, Error: e.err, Report: e.report, View: e.view}
		if e.report != nil {
			var err error
			if v.Source, err = source(e.path, o); err != nil {
				return err
			}
		}
		d.Videos = append(d.Videos, v)
	}
	title := entries[0].label
	if o.Batch {
		title = fmt.Sprintf("%d videos", len(entries))
	}
	return pageTemplate.Execute(w, map[string]any{
		"Title": title, "Scorer": scorers(entries), "Batch": o.Batch, "Groups": groupsOf(entries), "Columns": columns(d.Kinds), "Rows": rows(entries, d.Kinds), "Rest": len(columns(d.Kinds)) - 1,
		"Unassessed": unassessed(d.Kinds), "Data": d, "Style": template.CSS(pageCSS), "Script": template.JS(pageJS),
		"Policy": "default-src 'none'; script-src " + hashOf(pageJS) + "; style-src " + hashOf(pageCSS) +
			"; img-src data:; media-src 'self' file: data:; base-uri 'none'; form-action 'none'",
	})
}

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// source of the player: the file itself or its address from the page's folder.
func source(path string, o HTMLOptions) (string, error) {
	if o.Embed {
		b, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("embed: %w", err)
		}
		kind := mime.TypeByExtension(strings.ToLower(filepath.Ext(path)))
		if !strings.HasPrefix(kind, "video/") {
			kind = "video/mp4"
		}
		return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(b), nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("html: %w", err)
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return "", fmt.Errorf("html: %w", err)
	}
	rel, err := filepath.Rel(dir, abs)
	if err != nil { // another drive
		return (&url.URL{Scheme: "file", Path: "/" + filepath.ToSlash(abs)}).String(), nil
	}
	parts := strings.Split(filepath.ToSlash(rel), "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	// The first part must not look like a scheme.
	return "./" + strings.Join(parts, "/"), nil
}

// columns of the table after the video's name.
func columns(kinds []string) []string {
	return append([]string{"group", "frames", "findings", "composite", "motion"}, kinds...)
}

func rows(entries []*Entry, kinds []string) []tableRow {
	out := make([]tableRow, len(entries))
	for i, e := range entries {
		row := tableRow{ID: i, Label: e.label, Group: e.group, Error: e.err, Cells: []cell{{Text: e.group, Sort: e.group}}}
		if r := e.report; r != nil {
			row.Findings = len(r.Findings)
			row.Cells = append(row.Cells, integer(r.VideoMeta.TotalFrames), integer(len(r.Findings)))
			composite := cell{Text: "–"}
			if v, ok := compositeOf(r); ok {
				composite = decimal(v, 1)
			}
			plateau := cell{Text: "–"}
			if v := r.Facts.MotionPlateau; v.Known() {
				plateau = decimal(float64(v), 2)
			}
			row.Cells = append(row.Cells, composite, plateau)
			for _, k := range kinds {
				c := cell{Text: "–"}
				if g, ok := r.Failures[k]; ok {
					c = decimal(g.Severity, 2)
					c.Found = g.Found()
				}
				row.Cells = append(row.Cells, c)
			}
		}
		out[i] = row
	}
	return out
}

func integer(n int) cell { return cell{Text: strconv.Itoa(n), Sort: strconv.Itoa(n)} }

func decimal(v float64, digits int) cell {
	return cell{Text: strconv.FormatFloat(v, 'f', digits, 64), Sort: strconv.FormatFloat(v, 'g', -1, 64)}
}
