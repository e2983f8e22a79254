package reports

// page is the README before it is Markdown: plain text only, escaped where it is
// written.
type page struct {
	Title  string
	Blocks []block
}

// block is one of its parts; the others are empty.
type block struct {
	Heading string // with its Level, 2 or 3
	Level   int
	Text    string
	Items   []string
	Code    string
	Table   *table
	Figure  *picture
	Links   []link
}

// table has a header with the units in it. Columns are aligned to the right
// except those in Left.
type table struct {
	Header []string
	Rows   [][]string
	Left   []int
	Notes  []string // by letter
}

// picture is a figure saved as Base.png and Base.svg.
type picture struct{ Base, Caption string }

// link is a file beside the report.
type link struct{ Path, Text string }

func (p *page) heading(level int, text string) {
	p.Blocks = append(p.Blocks, block{Heading: text, Level: level})
}

func (p *page) text(s string) { p.Blocks = append(p.Blocks, block{Text: s}) }

func (p *page) items(s []string) {
	if len(s) > 0 {
		p.Blocks = append(p.Blocks, block{Items: s})
	}
}

func (p *page) code(s string) { p.Blocks = append(p.Blocks, block{Code: s}) }

func (p *page) table(t table) { p.Blocks = append(p.Blocks, block{Table: &t}) }

func (p *page) figure(base, caption string) {
	p.Blocks = append(p.Blocks, block{Figure: &picture{base, caption}})
}
