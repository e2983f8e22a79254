package reports

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"left":   func(t *table, i int) bool { return slices.Contains(t.Left, i) },
	"letter": letter,
	"line":   oneLine,
}).Parse(pageHTML))

// writeHTML writes the page with its own style and without anything from
// elsewhere; figures and videos are by relative path.
func writeHTML(w io.Writer, p page) error {
	if err := pageTemplate.Execute(w, p); err != nil {
		return fmt.Errorf("reports: page: %w", err)
	}
	return nil
}
