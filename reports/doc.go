// Package reports makes tables, figures and pages from records and from the
// files that they name. It knows neither the scorer nor the runner: a page is
// a function of records.
//
// Rows are joined by frames, by prompt and by seed, never by a label such as
// "4x". What is missing is absent with its reason; what a row averages over is
// said beneath its table.
package reports
