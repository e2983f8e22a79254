package reports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"longtake/internal/figure"
	"longtake/reports/web"
	"longtake/video"
)

// Sizes of a side-by-side video, in pixels.
const (
	sideCell   = 256 // width of a video
	sideTall   = 320 // and its height at most
	sideGap    = 8
	sideHead   = 30 // title and clock
	sideRow    = 20 // prompt and seed
	sideLabel  = 22 // method
	sideBar    = 14 // findings and playhead
	sideBanner = 20 // the finding that is under way
	// mostTiles bounds the videos that are decoded at once.
	mostTiles = 24
	// sideShots is how many moments the contact sheet shows.
	sideShots = 6
)

var (
	sidePaper  = color.RGBA{20, 22, 26, 255}
	sideInk    = color.RGBA{240, 240, 240, 255}
	sideFaint  = color.RGBA{150, 156, 166, 255}
	sideTrack  = color.RGBA{60, 64, 72, 255}
	sideCursor = color.RGBA{255, 95, 168, 255}
)

// tile is one video of the grid.
type tile struct {
	video  web.Video
	path   string
	method web.Method
	at     image.Rectangle // of the picture
	stream *stream
}

// sideBySide writes for each section a video of its longest length: methods
// across, a row for each prompt and seed, what was found burnt in. It needs
// ffmpeg.
func (b *builder) sideBySide(ctx context.Context, sections []web.Section) ([]web.Sheet, error) {
	var out []web.Sheet
	for i, s := range sections {
		name := "side-by-side"
		if len(sections) > 1 {
			name += fmt.Sprintf("-%d", i+1)
		}
		title, err := b.sideSection(ctx, s, name)
		if err != nil {
			return nil, fmt.Errorf("reports: side by side: %w", err)
		}
		if title == "" {
			continue
		}
		b.made = append(b.made, name+".mp4", name+".png")
		b.r.Sheets = append(b.r.Sheets, filepath.Join(b.out, name+".mp4"), filepath.Join(b.out, name+".png"))
		b.links = append(b.links, link{name + ".mp4", "All methods in one video: " + title}, link{name + ".png", "The same as a contact sheet"})
		out = append(out, web.Sheet{Title: title, Video: "./" + name + ".mp4", Image: "./" + name + ".png"})
	}
	if len(out) == 0 {
		b.warn("no video could be shown side by side: the records name none that is there")
	}
	return out, nil
}

// sideRows picks the rows of the longest length that has videos: the prompts
// and seeds with the most of them, as many as are decoded at once.
func (b *builder) sideRows(s web.Section) (horizon int, rows [][]web.Video) {
	for h := range slices.Backward(s.Horizons) {
		by := map[string][]web.Video{}
		for _, v := range s.Videos {
			if v.Horizon == h && b.sources[v.Source] != "" {
				key := fmt.Sprintf("%06d %d", v.Prompt, v.Seed)
				by[key] = append(by[key], v)
			}
		}
		if len(by) == 0 {
			continue
		}
		keys := slices.Collect(maps.Keys(by))
		slices.SortFunc(keys, func(x, y string) int { return cmp.Or(cmp.Compare(len(by[y]), len(by[x])), cmp.Compare(x, y)) })
		keys = keys[:min(len(keys), max(1, mostTiles/max(1, len(s.Methods))))]
		slices.Sort(keys)
		for _, k := range keys {
			slices.SortFunc(by[k], func(x, y web.Video) int { return cmp.Compare(x.Method, y.Method) })
			rows = append(rows, by[k])
		}
		return h, rows
	}
	return 0, nil
}

// sideSection writes one video and its sheet; the title is empty where there
// was none to show.
func (b *builder) sideSection(ctx context.Context, s web.Section, name string) (string, error) {
	h, rows := b.sideRows(s)
	if len(rows) == 0 {
		return "", nil
	}
	var columns []int
	for m := range s.Methods {
		if slices.ContainsFunc(rows, func(r []web.Video) bool {
			return slices.ContainsFunc(r, func(v web.Video) bool { return v.Method == m })
		}) {
			columns = append(columns, m)
		}
	}
	w, tall := sideSize(rows)
	step := image.Pt(w+sideGap, sideLabel+tall+sideBar+sideGap)
	g := &grid{b: b, title: fmt.Sprintf("%s, %d frames", oneLine(b.name()), s.Horizons[h].Frames), pen: figure.NewPen(14, false), strong: figure.NewPen(14, true)}
	y := sideHead
	for _, row := range rows {
		text := fmt.Sprintf("%s, seed %d", s.Prompts[row[0].Prompt].Tag, row[0].Seed)
		if p := s.Prompts[row[0].Prompt].Text; p != "" && p != s.Prompts[row[0].Prompt].Tag {
			text += ": " + p
		}
		g.rows = append(g.rows, gridRow{y, text})
		y += sideRow
		for i, m := range columns {
			k := slices.IndexFunc(row, func(v web.Video) bool { return v.Method == m })
			if k < 0 {
				continue
			}
			x := sideGap + i*step.X
			g.tiles = append(g.tiles, &tile{video: row[k], path: b.sources[row[k].Source], method: s.Methods[m], at: image.Rect(x, y+sideLabel, x+w, y+sideLabel+tall)})
			g.length, g.rate = max(g.length, duration(row[k])), max(g.rate, row[k].FPS)
		}
		y += step.Y
	}
	size := image.Pt(even(max(sideGap+len(columns)*step.X, 2*sideCell)), even(y))
	if g.rate == 0 || g.length == 0 {
		b.warn("no side-by-side video: the frame rate of the videos is not recorded")
		return "", nil
	}
	if err := g.write(ctx, filepath.Join(b.out, name), size); err != nil {
		return "", err
	}
	return g.title, nil
}

// duration in seconds, 0 where the rate is not known.
func duration(v web.Video) float64 {
	if v.FPS == 0 {
		return 0
	}
	return float64(v.Frames) / v.FPS
}

func even(n int) int { return n + n%2 }

// sideSize is the size of every video of the grid: the shape of the first, of
// a width that is a whole multiple where it is small.
func sideSize(rows [][]web.Video) (w, h int) {
	for _, r := range rows {
		for _, v := range r {
			if v.Width > 0 && v.Height > 0 {
				k := min(sideCell/float64(v.Width), sideTall/float64(v.Height))
				if k > 1 {
					k = math.Floor(k)
				}
				return even(int(k * float64(v.Width))), even(int(k * float64(v.Height)))
			}
		}
	}
	return sideCell, sideCell * 9 / 16
}

type gridRow struct {
	y    int
	text string
}

// grid draws the frames of a side-by-side video.
type grid struct {
	b            *builder
	title        string
	rows         []gridRow
	tiles        []*tile
	length, rate float64
	pen, strong  *figure.Pen
}

// write makes base.mp4, and base.png from some of its moments.
func (g *grid) write(ctx context.Context, base string, size image.Point) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, t := range g.tiles {
		t.stream = open(ctx, t.path, t.at.Dx(), t.at.Dy())
	}
	defer func() {
		cancel()
		for _, t := range g.tiles {
			<-t.stream.done
		}
	}()
	e, err := video.Create(ctx, base+".mp4", video.EncodeOptions{Width: size.X, Height: size.Y, FPS: g.rate, CRF: 20})
	if err != nil {
		return err
	}
	defer e.Abort()
	frames := max(1, int(math.Round(g.length*g.rate)))
	still := g.background(size)
	sheet := figure.Sheet{Title: g.title + ", moments of " + filepath.Base(base) + ".mp4", Cell: 110}
	for _, t := range g.tiles {
		sheet.Rows = append(sheet.Rows, figure.SheetRow{Label: t.method.Title + ", " + g.rowOf(t)})
	}
	pixels := make([]byte, 3*size.X*size.Y)
	img := image.NewRGBA(still.Bounds())
	for n := range frames {
		now := float64(n) / g.rate
		copy(img.Pix, still.Pix)
		g.frame(img, n, now)
		for i := range size.X * size.Y {
			copy(pixels[3*i:3*i+3], img.Pix[4*i:4*i+3])
		}
		if err := e.WriteFrame(pixels); err != nil {
			return err
		}
		if k := len(sheet.Columns); k < sideShots && n == k*(frames-1)/(sideShots-1) {
			sheet.Columns = append(sheet.Columns, tenths(now)+" s")
			for i, t := range g.tiles {
				shot := image.NewRGBA(image.Rect(0, 0, t.at.Dx(), t.at.Dy()+sideBar))
				draw.Draw(shot, shot.Bounds(), img, t.at.Min, draw.Src)
				sheet.Rows[i].Images = append(sheet.Rows[i].Images, shot)
			}
		}
	}
	if err := e.Close(); err != nil {
		return err
	}
	for _, t := range g.tiles {
		if t.stream.err != nil {
			g.b.warn("side by side: %s of %s: %v", t.method.Title, g.rowOf(t), t.stream.err)
		}
	}
	return figure.Save(base, sheet, "png")
}

func (g *grid) rowOf(t *tile) string {
	text := ""
	for _, r := range g.rows {
		if r.y < t.at.Min.Y {
			text, _, _ = strings.Cut(r.text, ": ")
		}
	}
	return text
}

// background is what all frames share: titles, labels, the findings' bars.
func (g *grid) background(size image.Point) *image.RGBA {
	img := image.NewRGBA(image.Rectangle{Max: size})
	fill(img, img.Bounds(), sidePaper)
	g.strong.Write(img, sideGap, 7, size.X-140, g.title, sideInk)
	for _, r := range g.rows {
		g.pen.Write(img, sideGap, r.y+2, size.X-2*sideGap, r.text, sideFaint)
	}
	for _, t := range g.tiles {
		chip := image.Rect(t.at.Min.X, t.at.Min.Y-16, t.at.Min.X+12, t.at.Min.Y-4)
		fill(img, chip.Inset(-1), sideInk) // black must show too
		fill(img, chip, figure.SeriesColor(t.method.Color))
		used := g.strong.Write(img, chip.Max.X+6, t.at.Min.Y-18, t.at.Dx()-24, t.method.Title, sideInk)
		if cost := t.video.Wall; cost != nil {
			text := sig(*cost) + " s to make"
			if x := t.at.Max.X - g.pen.Width(text); x > chip.Max.X+6+used+8 {
				g.pen.Write(img, x, t.at.Min.Y-18, g.pen.Width(text), text, sideFaint)
			}
		}
		fill(img, t.at, color.Black)
		fill(img, g.track(t, 0, duration(t.video)), sideTrack)
		for _, f := range worstLast(g.b.kinds, t.video.Found) {
			from, to := g.span(t.video, f)
			fill(img, g.track(t, from, to), familyColor(g.b.kinds[f.Kind]))
		}
	}
	return img
}

// track is the part of a tile's bar between two seconds.
func (g *grid) track(t *tile, from, to float64) image.Rectangle {
	x := func(s float64) int { return t.at.Min.X + int(math.Round(s/g.length*float64(t.at.Dx()))) }
	return image.Rect(x(from), t.at.Max.Y+3, max(x(to), x(from)+2), t.at.Max.Y+sideBar-3)
}

func (g *grid) span(v web.Video, f web.Found) (from, to float64) {
	return float64(f.From) / v.FPS, math.Min(float64(f.To+1)/v.FPS, duration(v))
}

// frame draws what changes: the pictures, the findings under way, the playheads.
func (g *grid) frame(img *image.RGBA, n int, now float64) {
	clock := fmt.Sprintf("%.2f s, frame %d", now, n)
	g.pen.Write(img, img.Bounds().Dx()-g.pen.Width(clock)-sideGap, 7, 140, clock, sideInk)
	for _, t := range g.tiles {
		shown, over := t.stream.at(now)
		if shown != nil {
			draw.Draw(img, t.at, shown, image.Point{}, draw.Src)
		} else {
			g.pen.Write(img, t.at.Min.X+6, t.at.Min.Y+6, t.at.Dx()-12, "this video cannot be read", sideFaint)
		}
		if over && shown != nil && now > duration(t.video) {
			text := "ended at " + tenths(duration(t.video)) + " s"
			box := image.Rect(t.at.Min.X, t.at.Min.Y, t.at.Min.X+g.pen.Width(text)+8, t.at.Min.Y+18)
			fill(img, box, sidePaper)
			g.pen.Write(img, box.Min.X+4, box.Min.Y+2, box.Dx(), text, sideInk)
		}
		found := worstLast(g.b.kinds, t.video.Found)
		for _, f := range slices.Backward(found) { // the worst one
			from, to := g.span(t.video, f)
			if now < from-1e-6 || now >= to {
				continue
			}
			box := image.Rect(t.at.Min.X, t.at.Max.Y-sideBanner, t.at.Max.X, t.at.Max.Y)
			fill(img, box, familyColor(g.b.kinds[f.Kind]))
			g.strong.Write(img, box.Min.X+5, box.Min.Y+3, box.Dx()-10, strings.ToUpper(words(g.b.kinds[f.Kind]))+" since "+tenths(from)+" s", sideInk)
			break
		}
		x := g.track(t, now, now).Min.X
		fill(img, image.Rect(x, t.at.Max.Y, x+2, t.at.Max.Y+sideBar), sideCursor)
	}
}

func fill(img draw.Image, r image.Rectangle, c color.Color) {
	draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// worstLast orders findings so that what stops or repeats is drawn over what
// only looks different.
func worstLast(kinds []string, found []web.Found) []web.Found {
	return slices.SortedStableFunc(slices.Values(found), func(x, y web.Found) int {
		return familyRank(kinds[y.Kind]) - familyRank(kinds[x.Kind])
	})
}

// stream hands out the frames of a video by their time.
type stream struct {
	frames    chan timed
	done      chan struct{}
	err       error // after done
	now, next *timed
	ended     bool
}

type timed struct {
	at  float64
	img image.Image
}

// open decodes a file at a size until it ends or ctx does.
func open(ctx context.Context, path string, w, h int) *stream {
	s := &stream{frames: make(chan timed, 2), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		defer close(s.frames)
		_, _, err := video.Decode(ctx, path, video.DecodeOptions{Width: w, Height: h, Threads: 1}, func(f video.Frame) error {
			select {
			case s.frames <- timed{f.Time, rgb(f)}:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if err != nil && !errors.Is(err, context.Canceled) {
			s.err = err
		}
	}()
	return s
}

// at is the frame that is shown at a second, nil before the first one, and
// whether it is the last.
func (s *stream) at(now float64) (image.Image, bool) {
	const slack = 1e-3 // a container rounds times
	for {
		if s.next == nil && !s.ended {
			f, ok := <-s.frames
			if s.ended = !ok; ok {
				s.next = &f
			}
		}
		if s.next == nil || s.next.at > now+slack {
			break
		}
		s.now, s.next = s.next, nil
	}
	if s.now == nil {
		return nil, s.ended
	}
	return s.now.img, s.ended && s.next == nil
}
