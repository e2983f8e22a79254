// Package web writes a sweep's results as one HTML page: plain values in,
// index.html out. It knows nothing of records. The page loads nothing from a
// network; videos are named relative to it, everything else is inside it.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"path/filepath"
	"strings"
)

// Data is all that a page shows. Indices count from 0; where a value is not
// known its pointer is nil.
type Data struct {
	Title    string    `json:"title"`
	Scope    string    `json:"scope"` // what the numbers are about
	Kinds    []Kind    `json:"kinds"`
	Sections []Section `json:"sections"`
	Figures  []Figure  `json:"figures"`
	Sheets   []Sheet   `json:"sheets"`
	Facts    []string  `json:"facts"` // what was run
	Command  string    `json:"command"`
	Warnings []string  `json:"warnings"`
}

// Kind is a kind of finding and the family that it is drawn as: stops, repeats,
// jumps or looks.
type Kind struct {
	Name   string `json:"name"`
	Family string `json:"family"`
}

// Figure is a picture beside the page as Base.png and Base.svg.
type Figure struct {
	Base    string `json:"base"`
	Caption string `json:"caption"`
}

// Sheet is a video beside the page that shows all methods at once, and its
// contact sheet.
type Sheet struct {
	Title string `json:"title"`
	Video string `json:"video"`
	Image string `json:"image"`
}

// Section holds what may be compared in one table.
type Section struct {
	Title    string    `json:"title"`    // what sets it apart from the others
	Headline []string  `json:"headline"` // sentences, the first one is the answer
	Methods  []Method  `json:"methods"`
	Horizons []Horizon `json:"horizons"` // by frames
	Prompts  []Prompt  `json:"prompts"`
	Videos   []Video   `json:"videos"`
	Columns  []Column  `json:"columns"`
	Rows     []Row     `json:"rows"`
	Notes    []string  `json:"notes"` // footnotes of rows and videos
	Remarks  []string  `json:"remarks"`
	Masks    []Mask    `json:"masks"`
	Patterns []Pattern `json:"patterns"`
	// Published are rows of somebody else's measurements, beside our own where
	// the model is the same.
	Published Published `json:"published"`
}

// Method has a colour of the palette that figures use.
type Method struct {
	Title  string `json:"title"`
	Params string `json:"params"`
	Color  int    `json:"color"`
	Dense  bool   `json:"dense"`
}

// Horizon is a length of video.
type Horizon struct {
	Frames int     `json:"frames"`
	Latent int     `json:"latent"` // 0 where it is not recorded
	Ratio  float64 `json:"ratio"`  // to the training horizon, 0 where it is not recorded
}

// Prompt is a text under a short name.
type Prompt struct {
	Tag  string `json:"tag"`
	Text string `json:"text"`
}

// Video is one record: what was made, found and measured.
type Video struct {
	Method   int       `json:"m"`
	Horizon  int       `json:"h"`
	Prompt   int       `json:"p"`
	Seed     int64     `json:"seed"`
	ID       string    `json:"id"`
	Source   string    `json:"src,omitempty"` // relative URL
	Why      string    `json:"why,omitempty"` // there is no video
	FPS      float64   `json:"fps,omitempty"`
	Frames   int       `json:"n,omitempty"` // as decoded
	Width    int       `json:"w,omitempty"` // pixels
	Height   int       `json:"ht,omitempty"`
	Scored   bool      `json:"ok,omitempty"` // it was looked for freezes
	Found    []Found   `json:"found,omitempty"`
	Energy   []float64 `json:"e,omitempty"`  // motion, grey levels; -1 is not known
	Step     float64   `json:"es,omitempty"` // frames a value of Energy
	Map      string    `json:"map,omitempty"`
	MapTop   float64   `json:"mt,omitempty"` // grey levels of the darkest colour
	Lines    []Line    `json:"lines,omitempty"`
	Wall     *float64  `json:"wall,omitempty"` // seconds
	Denoise  *float64  `json:"den,omitempty"`  // seconds
	Motion   *float64  `json:"mot,omitempty"`  // retained, 1 is dense at 1x
	Score    *float64  `json:"score,omitempty"`
	Footnote []int     `json:"fn,omitempty"`
}

// Found is a finding, frames inclusive.
type Found struct {
	Kind   int    `json:"k"`
	From   int    `json:"a"`
	To     int    `json:"b"`
	Period int    `json:"period,omitempty"` // frames, of a loop
	Text   string `json:"t"`
}

// Line is a return in a self-similarity matrix: x0, y0, x1, y1 in frames.
type Line struct {
	Kind int        `json:"k"`
	At   [4]float64 `json:"at"`
}

// Column of the table of rows. Kind is what its numbers are: a count of
// videos, an estimate or a fact.
type Column struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Help  string `json:"help"`
}

// Row is one method at one horizon. Prompt -1 is all of them.
type Row struct {
	Method  int    `json:"m"`
	Horizon int    `json:"h"`
	Prompt  int    `json:"p"`
	N       string `json:"n"`
	Cells   []Cell `json:"c"`
}

// Cell is a number as it is written, as it is sorted and with its interval.
type Cell struct {
	Text  string   `json:"t"`
	Value *float64 `json:"v,omitempty"`
	Low   *float64 `json:"lo,omitempty"`
	High  *float64 `json:"hi,omitempty"`
	Same  bool     `json:"same,omitempty"` // no significant difference
	Notes []int    `json:"fn,omitempty"`
}

// Mask is who attends to whom, per query frame: the window [lo, hi] and the
// anchors that all share. Bands weaken pairs by their distance.
type Mask struct {
	Dense    bool    `json:"dense,omitempty"`
	Anchors  []int   `json:"anchors,omitempty"`
	Windows  []int   `json:"windows,omitempty"` // lo, hi, lo, hi, ...
	Fraction float64 `json:"fraction"`
	Bands    []Band  `json:"bands,omitempty"`
}

// Band weakens logits of pairs of frames up to a distance; To 0 is all that
// are farther.
type Band struct {
	To     float64 `json:"to"` // latent frames
	Factor float64 `json:"f"`
}

// Pattern is what a method did at one horizon: a mask for each denoising step,
// in runs of layers.
type Pattern struct {
	Method  int    `json:"m"`
	Horizon int    `json:"h"`
	Latent  int    `json:"latent"`
	Steps   int    `json:"steps"`
	Note    string `json:"note"`
	Uses    []Use  `json:"uses"`
}

// Use is a mask at some steps and layers.
type Use struct {
	Mask   int   `json:"mask"`
	Steps  []int `json:"steps"`
	Layers []int `json:"layers"`
}

// Published is a table of published numbers: Beside are rows measured here.
type Published struct {
	Title  string         `json:"title"`
	Source string         `json:"source"`
	Header []string       `json:"header"`
	Rows   []PublishedRow `json:"rows"`
}

// PublishedRow is a row with where it comes from.
type PublishedRow struct {
	Here  bool     `json:"here"` // measured in this sweep
	Cells []string `json:"cells"`
}

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed js
	scripts embed.FS
	pageJS  = script()

	pageTemplate = template.Must(template.New("page").Parse(pageHTML))
)

// script joins the files of js/ in the order of their names into one function,
// so that they share names and the page none.
func script() string {
	files, err := scripts.ReadDir("js")
	if err != nil {
		panic(err) // it is embedded
	}
	var b strings.Builder
	b.WriteString("'use strict';(() => {\n")
	for _, f := range files {
		text, err := scripts.ReadFile("js/" + f.Name())
		if err != nil {
			panic(err)
		}
		b.Write(text)
	}
	b.WriteString("})();\n")
	return b.String()
}

// Write writes the page. The data is one block of JSON in which <, > and & are
// escaped, so that no prompt can end it.
func Write(w io.Writer, d Data) error {
	if len(d.Sections) == 0 {
		return errors.New("web: a page needs a section")
	}
	var block bytes.Buffer
	if err := json.NewEncoder(&block).Encode(d); err != nil {
		return fmt.Errorf("web: %w", err)
	}
	err := pageTemplate.Execute(w, map[string]any{
		"Title": d.Title, "Scope": d.Scope, "Headline": d.Sections[0].Headline,
		// json.Encoder escapes what could end the element.
		"Data": template.JS(block.String()), "Style": template.CSS(pageCSS), "Script": template.JS(pageJS),
		"Policy": "default-src 'none'; script-src " + hashOf(pageJS) + "; style-src " + hashOf(pageCSS) +
			"; img-src 'self' file: data:; media-src 'self' file:; base-uri 'none'; form-action 'none'",
	})
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	return nil
}

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Relative makes a path an URL relative to the folder of a page.
func Relative(folder, path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("web: %w", err)
	}
	from, err := filepath.Abs(folder)
	if err != nil {
		return "", fmt.Errorf("web: %w", err)
	}
	rel, err := filepath.Rel(from, abs)
	if err != nil { // another drive
		return (&url.URL{Scheme: "file", Path: "/" + filepath.ToSlash(abs)}).String(), nil
	}
	parts := strings.Split(filepath.ToSlash(rel), "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return "./" + strings.Join(parts, "/"), nil // the first part must not look like a scheme
}
