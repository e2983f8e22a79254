// Package corpus makes the labelled videos that the scorer is measured on:
// procedural sources in colour, each failure of the taxonomy applied to them
// with its place known by construction, hard negatives, and re-encodings that
// must not change a score. It never looks at what the scorer says.
//
// A corpus is a folder of videos with a manifest.jsonl, one [Label] a line. Its
// editions differ in all of their sources.
package corpus
