package cpu

// The packed convolution reads a band of input rows, copied once with its
// padding (and upsampled), through a table of tap offsets: row p of the im2col
// matrix is band[off[p]:], so that the matrix itself never exists. Positions
// run over whole padded rows; the few sums that fall into the padding between
// rows are dropped.

const (
	convBand  = 64 << 10 // elements of a band of input
	convDepth = 1024     // products of a sum in one pass
)

// convGeometry is the cut of one convolution; it depends on shapes alone
// except for band, which changes no sum.
type convGeometry struct {
	pitch     int // elements of a padded row
	band      int // output rows of a band
	bands     int
	channels  int // input channels of one pass
	plane     int // elements of one padded frame of a band
	positions int // positions of a band, the padding between rows included
	columns   int // positions rounded up to panels
}

func (j *convJob) geometry(workers int) convGeometry {
	c := &j.w.spec
	var g convGeometry
	taps := c.KT * c.KH * c.KW
	g.pitch = j.dst.w + c.KW - 1
	g.channels = min(c.In, max(1, convDepth/taps))
	fits := convBand/(g.channels*c.KT*g.pitch) - (c.KH - 1)
	share := ceilDiv(j.dst.h*j.dst.t, 4*workers)
	g.band = max(1, min(fits, max(share, 2), j.dst.h))
	g.bands = ceilDiv(j.dst.h, g.band)
	g.plane = (g.band + c.KH - 1) * g.pitch
	g.positions = g.band*g.pitch - (c.KW - 1)
	g.columns = ceilDiv(g.positions, maxLanes) * maxLanes
	return g
}

// planPacked sets the geometry and the offsets of the taps.
func (j *convJob) planPacked(workers int) int {
	c := &j.w.spec
	j.g = j.geometry(workers)
	j.off = j.off[:0]
	for i := range j.g.channels {
		for kt := range c.KT {
			for kh := range c.KH {
				for kw := range c.KW {
					j.off = append(j.off, int32((i*c.KT+kt)*j.g.plane+kh*j.g.pitch+kw))
				}
			}
		}
	}
	return j.dst.t * j.g.bands
}

// doPacked computes one band of one frame, all output channels.
func (j *convJob) doPacked(s *scratch, item int) {
	c, g := &j.w.spec, &j.g
	t := item / g.bands
	y0 := item % g.bands * g.band
	rows := min(g.band, j.dst.h-y0)
	positions := rows*g.pitch - (c.KW - 1)
	taps := c.KT * c.KH * c.KW
	wide := j.set.wide().width

	// A panel at the end of a band reads up to one tile beyond it.
	input := g.channels*c.KT*g.plane + wide
	mem := s.floats(input + c.Out*g.columns + wide)
	band, sums := mem[:input], mem[input:]
	clear(band[input-wide:])
	for i0 := 0; i0 < c.In; i0 += g.channels {
		n := min(g.channels, c.In-i0)
		for i := range n {
			for kt := range c.KT {
				j.fill(band[(i*c.KT+kt)*g.plane:][:g.plane], j.frame(i0+i, t+kt-(c.KT-1)), y0, rows)
			}
		}
		for p := 0; p < positions; {
			tile := j.set.fit(positions - p)
			groups := tile.groups(c.Out)
			for i := range groups {
				r0, r1 := c.Out*i/groups, c.Out*(i+1)/groups
				out := &sums[r0*g.columns+p]
				init, ldi := out, g.columns
				if i0 == 0 {
					init, ldi = &j.w.bias[r0*wide], wide
				}
				tile.taps[r1-r0-1](n*taps, &c.W[(r0*c.In+i0)*taps], c.In*taps, &band[p], &j.off[0], init, ldi, out, g.columns)
			}
			p += tile.width
		}
	}
	for o := range c.Out {
		dst := j.dst.f[((o*j.dst.t+t)*j.dst.h+y0)*j.dst.w:]
		for y := range rows {
			copy(dst[y*j.dst.w:(y+1)*j.dst.w], sums[o*g.columns+y*g.pitch:])
		}
	}
}

// fill copies the input rows under output rows [y0, y0+rows) of one frame with
// their padding; src is nil where zeros stand.
func (j *convJob) fill(dst, src []float32, y0, rows int) {
	c := &j.w.spec
	pad := (c.KW - 1) / 2
	pitch := j.g.pitch
	for r := range rows + c.KH - 1 {
		row := dst[r*pitch : (r+1)*pitch]
		y := y0 + r - (c.KH-1)/2
		if src == nil || y < 0 || y >= j.dst.h {
			clear(row)
			continue
		}
		clear(row[:pad])
		clear(row[pad+j.dst.w:])
		in := src[y/j.up*j.x.w:][:j.x.w]
		inner := row[pad : pad+j.dst.w]
		if j.up == 1 {
			copy(inner, in)
			continue
		}
		for x, v := range in {
			inner[2*x], inner[2*x+1] = v, v
		}
	}
}
