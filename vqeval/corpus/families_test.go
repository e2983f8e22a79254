package corpus

import (
	"math"
	"testing"
)

// A source that stood still or came back would make its labels false.
func TestSourcesNeitherStandNorRepeat(t *testing.T) {
	const n, w, h = 192, 48, 27
	for _, f := range Families {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= 2; seed++ {
				s := f.Scene(seed)
				frames := make([]*Image, n)
				for i := range frames {
					frames[i] = newImage(w, h)
					s(float64(i), frames[i])
				}
				var step float64
				for i := 1; i < n; i++ {
					d := difference(frames[i-1], frames[i])
					step += d / (n - 1)
					if d < 0.05 {
						t.Errorf("seed %d: frames %d and %d differ by %.3f grey levels: it stands still", seed, i-1, i, d)
					}
				}
				if step < 0.4 {
					t.Errorf("seed %d: %.2f grey levels from frame to frame is too little motion", seed, step)
				}
				// A repetition is a lag at which a dozen frames in a row are nearly as alike as neighbours.
				far, at, lagAt := math.Inf(1), 0, 0
				for lag := 12; lag < n-12; lag++ {
					for i := 0; i+lag+12 <= n; i += 12 {
						var d float64
						for k := 0; k < 12; k += 4 {
							d += difference(frames[i+k], frames[i+k+lag]) / 3
						}
						if d < far {
							far, at, lagAt = d, i, lag
						}
					}
				}
				t.Logf("seed %d: %.2f grey levels a frame, at the nearest lag (%d, frame %d) %.2f", seed, step, lagAt, at, far)
				if far < 1.6*step || far < 1.5 {
					t.Errorf("seed %d: frames %d.. come back after %d to within %.2f grey levels, %.2f a frame", seed, at, lagAt, far, step)
				}
			}
		})
	}
}

func TestScenesAreFunctionsOfTimeAndSeed(t *testing.T) {
	for _, f := range Families {
		a, b := newImage(64, 36), newImage(64, 36)
		s := f.Scene(3)
		s(40.5, a)
		s(11, b)
		s(40.5, b)
		if d := difference(a, b); d != 0 {
			t.Errorf("%s: the same time drawn twice differs by %g", f.Name, d)
		}
		f.Scene(3)(40.5, b)
		if d := difference(a, b); d != 0 {
			t.Errorf("%s: the same seed differs by %g", f.Name, d)
		}
		f.Scene(4)(40.5, b)
		if d := difference(a, b); d < 3 {
			t.Errorf("%s: another seed differs by %g only", f.Name, d)
		}
		s(-30, b)
		for _, v := range b.Pix {
			if math.IsNaN(float64(v)) {
				t.Fatalf("%s: not a number at a negative time", f.Name)
			}
		}
	}
}

// What has no detail cannot lose it: a blur of it would be a failure that nobody sees.
func TestFineScenesHaveDetail(t *testing.T) {
	for _, f := range Families {
		if !f.Fine {
			continue
		}
		for seed := uint64(1); seed <= 3; seed++ {
			s := f.Scene(seed)
			sharp, soft := newImage(128, 72), newImage(128, 72)
			var lost float64
			for _, at := range [...]float64{40, 90, 140} {
				s(at, sharp)
				copy(soft.Pix, sharp.Pix)
				blur(func(int) float64 { return 1.6 })(0, soft)
				lost += difference(sharp, soft) / 3
			}
			if lost < 1.5 {
				t.Errorf("%s, seed %d: a blur takes %.2f grey levels only", f.Name, seed, lost)
			}
		}
	}
}

func BenchmarkScenes(b *testing.B) {
	for _, f := range Families {
		b.Run(f.Name, func(b *testing.B) {
			s, im := f.Scene(1), newImage(256, 144)
			for i := 0; b.Loop(); i++ {
				s(float64(i), im)
			}
		})
	}
}

// A scene that jumps by itself would be a failure that no label knows: the largest
// steps from frame to frame shrink with the time between them.
func TestSourcesAreContinuous(t *testing.T) {
	const n, w, h = 260, 48, 27
	for _, f := range Families {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= 3; seed++ {
				s := f.Scene(seed)
				a, b, m := newImage(w, h), newImage(w, h), newImage(w, h)
				most, at := 0.0, 0.0
				s(0, a)
				for i := 1; i < n; i++ {
					s(float64(i), b)
					if d := difference(a, b); d > most {
						most, at = d, float64(i-1)
					}
					a, b = b, a
				}
				d, dt := most, 1.0
				for dt > 1./256 {
					dt /= 2
					s(at, a)
					s(at+dt, m)
					s(at+2*dt, b)
					if first, second := difference(a, m), difference(m, b); first >= second {
						d = first
					} else {
						at, d = at+dt, second
					}
				}
				if d > 0.25*most && d > 0.5 {
					t.Errorf("seed %d: of %.2f grey levels a frame %.2f remain within %.3f frames at %.2f", seed, most, d, dt, at)
				}
			}
		})
	}
}
