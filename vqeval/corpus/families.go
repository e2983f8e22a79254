package corpus

import "math/rand/v2"

// Scene draws what is seen at time t, in ticks of 1/24 s; t may be any real
// number, so that a transform can bend time. A Scene keeps buffers and belongs
// to one goroutine.
type Scene func(t float64, im *Image)

// Family is a kind of procedural source. All of its videos are in one split.
type Family struct {
	Name  string
	Split string
	// Lasting scenes keep recognisable things in view for seconds, so that a
	// jump within them is no cut to something else.
	Lasting bool
	// Fine scenes have detail that a blur takes away: one of 1.6 units more than a grey
	// level and a half.
	Fine bool
	New  func(r *rand.Rand) Scene
}

// Scene makes the family's scene of a seed.
func (f Family) Scene(seed uint64) Scene { return f.New(seeded(f.Name, seed)) }

// Families are all procedural sources.
var Families = []Family{
	{"flow", Dev, false, false, flow},
	{"pan", Dev, true, false, pan},
	{"blobs", Dev, true, false, blobs},
	{"zoom", Dev, true, false, zoom},
	{"shake", Dev, true, false, shake},
	{"parallax", Dev, true, true, parallax},
	{"crowd", Dev, true, true, crowd},
	{"fire", Dev, false, false, fire},
	{"caustics", Dev, false, true, caustics},
	{"balls", Dev, true, true, balls},
	{"traffic", Dev, true, true, traffic},
	{"cells", Dev, true, true, voronoi},
	{"text", Dev, true, true, text},
	{"plants", Dev, true, true, plants},

	{"aurora", Test, true, false, aurora},
	{"terrain", Test, true, false, terrain},
	{"kaleidoscope", Test, false, false, kaleidoscope},
	{"cloth", Test, true, false, cloth},
	{"flock", Test, true, true, flock},
	{"bubbles", Test, true, true, bubbles},
	{"walkers", Test, true, true, walkers},
	{"handwriting", Test, true, true, handwriting},
	{"night", Test, true, true, night},
	{"cartoon", Test, true, true, cartoon},
	{"sand", Test, false, true, sand},
	{"smoke", Test, false, false, smoke},
	{"spiral", Test, true, false, spiral},
	{"fish", Test, true, true, fish},
}

func family(name string) Family {
	for _, f := range Families {
		if f.Name == name {
			return f
		}
	}
	panic("corpus: no family " + name)
}

// tone mixes three colours by two fields between -1 and 1.
func tone(c []rgb, u, v float32) rgb {
	return blend(blend(c[0], c[1], 0.5+0.8*u), c[2], 0.35+0.7*v)
}
