package diffusion

import (
	"fmt"
	"math"
)

// mt19937 is the 32-bit Mersenne Twister (Matsumoto and Nishimura 1998).
type mt19937 struct {
	state [624]uint32
	at    int
}

func newMT19937(seed uint32) *mt19937 {
	m := &mt19937{at: len(mt19937{}.state)}
	m.state[0] = seed
	for i := 1; i < len(m.state); i++ {
		p := m.state[i-1]
		m.state[i] = 1812433253*(p^p>>30) + uint32(i)
	}
	return m
}

func (m *mt19937) refill() {
	const n, half = len(mt19937{}.state), 397
	for i := range n {
		y := m.state[i]&0x80000000 | m.state[(i+1)%n]&0x7fffffff
		v := m.state[(i+half)%n] ^ y>>1
		if y&1 != 0 {
			v ^= 0x9908b0df
		}
		m.state[i] = v
	}
	m.at = 0
}

func (m *mt19937) next() uint32 {
	if m.at == len(m.state) {
		m.refill()
	}
	y := m.state[m.at]
	m.at++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// uniform is in [0,1) with 24 bits.
func (m *mt19937) uniform() float32 { return float32(m.next()&0xffffff) * 0x1p-24 }

// Noise fills x with standard normal values as torch's CPU generator does
// (randn in float32): uniforms for the whole array first, then Box-Muller in
// groups of sixteen, the last group drawn afresh when the length is not a
// multiple of sixteen. Only the low 32 bits of the seed count, as there.
// Values differ from torch's by at most 2.4e-7, the error of its vectorised
// logarithm. Fewer than 16 values follow another rule there and are refused.
func Noise(x []float32, seed uint64) error {
	if len(x) < 16 {
		return fmt.Errorf("diffusion: noise of %d values: at least 16", len(x))
	}
	m := newMT19937(uint32(seed))
	for i := range x {
		x[i] = m.uniform()
	}
	whole := len(x) &^ 15
	for i := 0; i < whole; i += 16 {
		boxMuller(x[i : i+16])
	}
	if whole < len(x) {
		last := x[len(x)-16:]
		for i := range last {
			last[i] = m.uniform()
		}
		boxMuller(last)
	}
	return nil
}

// boxMuller turns sixteen uniforms into sixteen normals: radius from the first
// eight, angle from the last eight.
func boxMuller(d []float32) {
	for j := range 8 {
		u1 := 1 - d[j]
		r := math.Sqrt(-2 * math.Log(float64(u1)))
		s, c := math.Sincos(2 * math.Pi * float64(d[j+8]))
		d[j], d[j+8] = float32(r*c), float32(r*s)
	}
}
