package cpu

import (
	"fmt"
	"runtime"

	"longtake/kernels"
)

// MaxDim is the largest head dimension. The decoder of Wan attends with one
// head of 384.
const MaxDim = 512

// Options configure a Backend. The zero value uses every core and the best
// variant.
type Options struct {
	Workers int    // goroutines that compute; 0 is GOMAXPROCS
	Variant string // "generic", "avx2", "avx512"; "" or "auto" is $LONGTAKE_KERNELS, else the best
}

// Backend is the machine's own cores.
type Backend struct {
	variant string
	set     *kernelSet // nil for the generic variant
	pool    *pool
	ops     ops
}

var _ kernels.Backend = (*Backend)(nil)

// New makes a backend. A variant that this machine or build lacks is an error.
func New(o Options) (*Backend, error) {
	v, err := chooseVariant(o.Variant)
	if err != nil {
		return nil, err
	}
	if o.Workers < 0 {
		return nil, fmt.Errorf("kernels/cpu: %d workers: want a positive number, or 0 for one per core", o.Workers)
	}
	n := o.Workers
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	b := &Backend{variant: v.name, set: v.set, pool: newPool(n)}
	b.ops.b = b
	runtime.AddCleanup(b, (*pool).stop, b.pool)
	return b, nil
}

// Name is "cpu".
func (b *Backend) Name() string { return "cpu" }

// Variant is the kernels in use: "generic", "avx2" or "avx512".
func (b *Backend) Variant() string { return b.variant }

// Workers is the number of goroutines that compute.
func (b *Backend) Workers() int { return b.pool.workers }

// Supports reports why a shape cannot be run here, nil when it can.
func (b *Backend) Supports(s kernels.Shape) error { return checkShape(s) }

// Alloc makes n zero elements of host memory.
func (b *Backend) Alloc(t kernels.DType, n int) (kernels.Buffer, error) {
	if t != kernels.F32 {
		return nil, fmt.Errorf("kernels/cpu: buffer of type %d: only float32: %w", t, kernels.ErrUnsupported)
	}
	if n < 0 || n > maxElements {
		return nil, fmt.Errorf("kernels/cpu: buffer of %d elements: want 0 to %d", n, maxElements)
	}
	return kernels.Host(zeroed(n)), nil
}

// Ops are the dense operators.
func (b *Backend) Ops() kernels.Ops { return &b.ops }

// ops implements kernels.Ops; its methods are in the files of the operators.
type ops struct {
	b      *Backend
	linear freelist[linearJob]
	norm   freelist[normJob]
	rope   freelist[ropeJob]
	elem   freelist[elemJob]
	conv   freelist[convJob]
	chnorm freelist[chanNormJob]
}

// run does the items of j with the backend's workers.
func (b *Backend) run(j job, items int) {
	b.pool.run(j, items)
	runtime.KeepAlive(b) // the pool stops when the backend is collected
}
