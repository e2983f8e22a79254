package exact

import (
	"fmt"
	"math"

	"longtake/kernels"
)

// Error is the greatest difference of outputs from float64 over some queries.
type Error struct {
	Kernel, Plain float64 // of the kernel, and of plain float32 arithmetic
	LSE           float64 // of the log-sum-exp, 0 when there is none
	RMS           float64 // root mean square of the exact outputs
	Queries       int
}

// Bound is what the kernel may err: twice what plain arithmetic does, and at
// least a few units in the last place of the values, as a handful of samples
// may be exact by chance.
func (e Error) Bound() float64 { return 2*e.Plain + 4*e.RMS*ulp }

// LSEBound is what the log-sum-exp may err: rounding of a logit, and of sums.
const LSEBound = 2e-5

const ulp = 1.0 / (1 << 23)

// Held tells what is out of bounds, nil when nothing is.
func (e Error) Held() error {
	if !(e.Kernel <= e.Bound()) {
		return fmt.Errorf("the output differs from float64 by %.3g over %d queries: at most %.3g is allowed, twice what plain float32 errs", e.Kernel, e.Queries, e.Bound())
	}
	if !(e.LSE <= LSEBound) {
		return fmt.Errorf("the log-sum-exp differs from float64 by %.3g over %d queries: at most %.3g is allowed", e.LSE, e.Queries, LSEBound)
	}
	return nil
}

// Check compares an output with the definition at n queries of every head,
// spread evenly, the first and the last among them.
func (a *Attention) Check(out kernels.Tensor, lse *kernels.Tensor, n int) Error {
	var e Error
	s := a.Shape
	var square float64
	for b := range s.B {
		for h := range s.H {
			for _, i := range Spread(s.NQ, n) {
				r := a.Row(b, h, i)
				got := vector(out, b, h, i)
				for c, want := range r.Out {
					e.Kernel = worse(e.Kernel, math.Abs(float64(got[c])-want))
					e.Plain = worse(e.Plain, math.Abs(float64(r.Plain[c])-want))
					square += want * want
				}
				if lse != nil {
					if got := float64(vector(*lse, b, h, i)[0]); got != r.LSE {
						e.LSE = worse(e.LSE, math.Abs(got-r.LSE))
					}
				}
				e.Queries++
			}
		}
	}
	e.RMS = math.Sqrt(square / float64(e.Queries*s.D))
	return e
}

// worse is the greater one, and NaN when one is.
func worse(a, b float64) float64 {
	if math.IsNaN(a) || b <= a {
		return a
	}
	return b
}

// Spread is n of count indices, evenly, with both ends.
func Spread(count, n int) []int {
	n = min(n, count)
	if n < 1 {
		return nil
	}
	if n == 1 {
		return []int{count / 2}
	}
	list := make([]int, n)
	for i := range list {
		list[i] = i * (count - 1) / (n - 1)
	}
	return list
}
