package reports

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// inline makes one line of text that Markdown shows as it is inside a line. It
// escapes what could start markup there and nothing else, so that the source
// stays readable: brackets that end a link, underscores beside a word.
func inline(s string) string {
	r := []rune(oneLine(s))
	tildes := strings.Count(string(r), "~") > 1
	word := func(i int) bool { return i >= 0 && i < len(r) && (unicode.IsLetter(r[i]) || unicode.IsDigit(r[i])) }
	var b strings.Builder
	for i, c := range r {
		switch {
		case c == '<':
			b.WriteString("&lt;")
		case c == '>':
			b.WriteString("&gt;")
		case c == '&':
			b.WriteString("&amp;")
		case strings.ContainsRune("\\`*|", c),
			c == '_' && !(word(i-1) && word(i+1)),
			c == '~' && tildes,
			c == ']' && i+1 < len(r) && strings.ContainsRune("([:", r[i+1]),
			c == '[' && i > 0 && r[i-1] == '!':
			b.WriteRune('\\')
			b.WriteRune(c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// md does so for the start of a line.
func md(s string) string {
	s = inline(s)
	if s != "" && strings.ContainsRune("#+-=!", rune(s[0])) && len(s) > 1 {
		s = `\` + s // a heading, list or rule at the start of a line
	}
	return s
}

// oneLine turns white space into single spaces and drops control characters.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return strings.Join(strings.Fields(s), " ")
}

func writeMarkdown(w io.Writer, p page) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", md(p.Title))
	for _, k := range p.Blocks {
		b.WriteByte('\n')
		switch {
		case k.Heading != "":
			fmt.Fprintf(&b, "%s %s\n", strings.Repeat("#", k.Level), md(k.Heading))
		case k.Text != "":
			b.WriteString(md(k.Text) + "\n")
		case k.Items != nil:
			for _, it := range k.Items {
				fmt.Fprintf(&b, "- %s\n", md(it))
			}
		case k.Code != "":
			fmt.Fprintf(&b, "    %s\n", oneLine(k.Code))
		case k.Table != nil:
			if err := markdownTable(&b, *k.Table); err != nil {
				return err
			}
		case k.Figure != nil:
			fmt.Fprintf(&b, "[![%s](%s.png)](%s.svg)\n", inline(k.Figure.Caption), k.Figure.Base, k.Figure.Base)
		case k.Links != nil:
			for _, l := range k.Links {
				fmt.Fprintf(&b, "- [%s](%s)\n", inline(l.Text), l.Path)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownTable(w io.Writer, t table) error {
	out := tablewriter.NewTable(w, append(tableOptions(t), tablewriter.WithRenderer(renderer.NewMarkdown()))...)
	escape := func(cells []string) []string {
		var e []string
		for _, c := range cells {
			e = append(e, inline(c))
		}
		return e
	}
	out.Header(escape(t.Header))
	for _, r := range t.Rows {
		if err := out.Append(escape(r)); err != nil {
			return fmt.Errorf("reports: table: %w", err)
		}
	}
	if err := out.Render(); err != nil {
		return fmt.Errorf("reports: table: %w", err)
	}
	for i, n := range t.Notes {
		fmt.Fprintf(w, "\n(%s) %s\n", letter(i), md(n))
	}
	return nil
}

// tableOptions keep the words as they are: the library would turn headers
// into capitals and break long cells.
func tableOptions(t table) []tablewriter.Option {
	align := make(tw.Alignment, len(t.Header))
	for i := range align {
		align[i] = tw.AlignRight
		if slices.Contains(t.Left, i) {
			align[i] = tw.AlignLeft
		}
	}
	return []tablewriter.Option{
		tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithHeaderAutoWrap(tw.WrapNone), tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithAlignment(align), tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithEastAsian(tw.Off),
	}
}
