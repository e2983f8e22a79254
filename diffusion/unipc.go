package diffusion

import "math"

// uniPC is the multistep predictor-corrector of Zhao et al. (2302.04867) in
// its bh2 form of order 2 on x0 predictions, first and last step of order 1.
// Coefficients are float64 of the float32 sigmas; one model call a step.
type uniPC struct {
	sigmas []float32
	m      [3][]float32 // x0 predictions, m[i%3] of step i
	from   []float32    // latents that the last predictor started from
	order  int          // of the last predictor
}

func newUniPC(sigmas []float32, n int) *uniPC {
	u := &uniPC{sigmas: sigmas, from: make([]float32, n)}
	for i := range u.m {
		u.m[i] = make([]float32, n)
	}
	return u
}

// lambda is the half log signal-to-noise ratio ln((1-sigma)/sigma).
func (u *uniPC) lambda(i int) float64 {
	s := float64(u.sigmas[i])
	return math.Log(1-s) - math.Log(s)
}

func (u *uniPC) step(i int, x, v []float32) {
	m, sigma := u.m[i%3], float64(u.sigmas[i])
	for j := range m {
		m[j] = float32(float64(x[j]) - float64(sigma*float64(v[j])))
	}
	if i > 0 {
		u.correct(i, x)
	}
	copy(u.from, x)
	u.predict(i, x)
}

// correct replaces x by the estimate that also knows the prediction at x.
func (u *uniPC) correct(i int, x []float32) {
	h := u.lambda(i) - u.lambda(i-1)
	e := math.Expm1(-h)
	a := 1 - float64(u.sigmas[i])
	scale := float64(u.sigmas[i]) / float64(u.sigmas[i-1])
	m, m0 := u.m[i%3], u.m[(i+2)%3]
	if u.order == 1 {
		for j := range x {
			corr := 0.5 * (float64(m[j]) - float64(m0[j]))
			x[j] = float32(float64(scale*float64(u.from[j])) - float64(a*e*float64(m0[j])) - float64(a*e*corr))
		}
		return
	}
	r := (u.lambda(i-2) - u.lambda(i-1)) / h
	g1 := e/-h - 1
	b1 := g1 / e
	b2 := 2 * (g1/-h - 0.5) / e
	r1 := (b1 - b2) / (1 - r)
	r2 := b1 - r1
	m1 := u.m[(i+1)%3] // of step i-2
	for j := range x {
		c := float64(m0[j])
		corr := float64(r1*(float64(m1[j])-c)/r) + float64(r2*(float64(m[j])-c))
		x[j] = float32(float64(scale*float64(u.from[j])) - float64(a*e*c) - float64(a*e*corr))
	}
}

// predict moves x from sigma i to sigma i+1.
func (u *uniPC) predict(i int, x []float32) {
	n := len(u.sigmas) - 1
	u.order = min(2, n-i, i+1)
	m := u.m[i%3]
	if u.sigmas[i+1] == 0 {
		copy(x, m)
		return
	}
	h := u.lambda(i+1) - u.lambda(i)
	e := math.Expm1(-h)
	a := 1 - float64(u.sigmas[i+1])
	scale := float64(u.sigmas[i+1]) / float64(u.sigmas[i])
	var half float64
	m0 := m
	if u.order == 2 {
		half = a * e * 0.5 / ((u.lambda(i-1) - u.lambda(i)) / h)
		m0 = u.m[(i+2)%3]
	}
	for j := range x {
		c := float64(m[j])
		x[j] = float32(float64(scale*float64(x[j])) - float64(a*e*c) - float64(half*(float64(m0[j])-c)))
	}
}
