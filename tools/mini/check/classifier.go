package main

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"longtake/internal/scenes"
)

// classifier recognises the scene of a video: ridge regression onto one-hot
// labels, on maps of where the picture is bright and where it moves.
type classifier struct {
	mean, scale []float64
	weights     *mat.Dense // [features+1, scenes]
}

const grid = 8

// features are the mean and the temporal standard deviation of the luma, and
// the mean change between neighbours in time, on an 8x8 grid; the picture's
// mean is removed, because the palette is a factor and not the scene.
func features(frames [][]byte, size int) []float64 {
	const cells = grid * grid
	sum, square, moved := make([]float64, cells), make([]float64, cells), make([]float64, cells)
	var prev []float64
	for _, f := range frames {
		now := make([]float64, cells)
		for y := range size {
			for x := range size {
				i := 3 * (y*size + x)
				now[y*grid/size*grid+x*grid/size] += (0.299*float64(f[i]) + 0.587*float64(f[i+1]) + 0.114*float64(f[i+2])) * cells / float64(size*size)
			}
		}
		for c, v := range now {
			sum[c] += v
			square[c] += v * v
			if prev != nil {
				moved[c] += math.Abs(v - prev[c])
			}
		}
		prev = now
	}
	n, all := float64(len(frames)), 0.0
	for _, s := range sum {
		all += s / n / cells
	}
	out := make([]float64, 0, 3*cells)
	for c := range sum {
		m := sum[c] / n
		out = append(out, m-all, math.Sqrt(math.Max(0, square[c]/n-m*m)), moved[c]/n)
	}
	return out
}

// train fits on videos of known scenes: seeds first.. of every scene.
func train(first uint64, seeds, frames, size int) (*classifier, error) {
	kinds := scenes.Kinds()
	var rows [][]float64
	var label []int
	for k, kind := range kinds {
		for i := range seeds {
			v, err := render(kind, first+uint64(i), frames, size)
			if err != nil {
				return nil, err
			}
			rows, label = append(rows, features(v, size)), append(label, k)
		}
	}
	d := len(rows[0])
	c := &classifier{mean: make([]float64, d), scale: make([]float64, d)}
	for j := range d {
		for _, r := range rows {
			c.mean[j] += r[j] / float64(len(rows))
		}
		for _, r := range rows {
			c.scale[j] += (r[j] - c.mean[j]) * (r[j] - c.mean[j]) / float64(len(rows))
		}
		c.scale[j] = math.Sqrt(c.scale[j]) + 1e-9
	}
	x, y := mat.NewDense(len(rows), d+1, nil), mat.NewDense(len(rows), len(kinds), nil)
	for i, r := range rows {
		x.SetRow(i, c.row(r))
		y.Set(i, label[i], 1)
	}
	var a, b mat.Dense
	a.Mul(x.T(), x)
	for j := range d {
		a.Set(j, j, a.At(j, j)+0.1*float64(len(rows)))
	}
	b.Mul(x.T(), y)
	c.weights = new(mat.Dense)
	return c, c.weights.Solve(&a, &b)
}

func (c *classifier) row(features []float64) []float64 {
	r := make([]float64, len(features)+1)
	for j, v := range features {
		r[j] = (v - c.mean[j]) / c.scale[j]
	}
	r[len(features)] = 1
	return r
}

// recognise names the scene.
func (c *classifier) recognise(frames [][]byte, size int) string {
	var y mat.Dense
	f := c.row(features(frames, size))
	y.Mul(mat.NewDense(1, len(f), f), c.weights)
	best := 0
	for k := range scenes.Kinds() {
		if y.At(0, k) > y.At(0, best) {
			best = k
		}
	}
	return scenes.Kinds()[best]
}
