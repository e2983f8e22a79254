// Package kernels holds numbers in, numbers out: attention over block-sparse
// masks, matrix products, norms and convolutions, behind one Backend
// interface. It knows nothing of video models.
//
// Logical tensor layout is [batch, head, token, dim] with strides.
package kernels

import "errors"

// DType is the storage type of a Buffer.
type DType uint8

// Storage types.
const (
	F32 DType = iota
	BF16
)

// Buffer is a span of elements that one backend owns.
type Buffer interface {
	Type() DType
	Len() int // elements
	// Float32 is the memory itself where it is host float32, else nil.
	Float32() []float32
}

// Host is float32 memory of this process as a Buffer.
type Host []float32

func (h Host) Type() DType        { return F32 }
func (h Host) Len() int           { return len(h) }
func (h Host) Float32() []float32 { return h }

// Tensor is a strided view [B, H, N, D] of a Buffer; strides in elements.
type Tensor struct {
	Type       DType
	B, H, N, D int
	Stride     [4]int
	Data       Buffer
}

// Heads views a row-major matrix [tokens, heads*dim] as [1, heads, tokens, dim]
// without a copy.
func Heads(data Buffer, tokens, heads, dim int) Tensor {
	return Tensor{Type: data.Type(), B: 1, H: heads, N: tokens, D: dim,
		Stride: [4]int{tokens * heads * dim, dim, heads * dim, 1}, Data: data}
}

// Shape is what a plan is made for. Query head h reads key head h*Hkv/H.
type Shape struct {
	B, H, Hkv, NQ, NK, D int
	Type                 DType
}

// BlockMask is a block-sparse CSR mask over blocks of any size.
//
// QEnd and KEnd are the exclusive ends, in tokens, of the query and key
// blocks. Block row r of head h attends to the key blocks
// Col[Row[i]:Row[i+1]], i = h*(len(QEnd)+1)+r, ascending and without
// repetition. Heads is 1 when all heads share one table of len(QEnd)+1
// entries, else that many tables are stacked.
type BlockMask struct {
	QEnd, KEnd, Row, Col []int32
	Heads                int
}

// Band scales the logits of a range of token distances: the first band with
// |i-j| <= To applies; the last one reaches to infinity whatever its To.
type Band struct{ To, Factor float32 }

// Rect is half-open [Q0,Q1) x [K0,K1) in tokens.
type Rect struct{ Q0, Q1, K0, K1 int32 }

// Logits edits logits between QK and softmax, as data: a device kernel takes
// it, a record prints it, a plan is cached by it. Order of application:
// K is centred over all its tokens when CenterK; s = Scale * q.k; the band
// factor of |i-j| multiplies s (only where s > 0 when PositiveOnly, only when
// both tokens are below VideoTokens when that is > 0); pairs inside a Cut
// rectangle are removed.
type Logits struct {
	Scale                 float32
	CenterK, PositiveOnly bool
	VideoTokens           int
	Bands                 []Band
	Cut                   []Rect
}

// Args are the tensors of one run. Out must not alias Q, K or V. LSE, when
// given, is [B, H, NQ, 1] and receives the natural-log log-sum-exp of the
// edited logits. A row that attends to nothing yields zeros and LSE -Inf.
type Args struct {
	Q, K, V, Out Tensor
	LSE          *Tensor
}

// Plan is attention validated once for a shape, a mask and logit edits. Run
// does not allocate, and its results do not depend on the number of workers.
type Plan interface {
	Run(Args) error
	Close() error
}

// Backend makes buffers, plans and operators on one kind of hardware.
type Backend interface {
	Name() string
	// Supports reports why a shape cannot be run here, nil when it can.
	Supports(Shape) error
	Alloc(DType, int) (Buffer, error)
	Plan(Shape, BlockMask, Logits) (Plan, error)
	Ops() Ops
}

// ErrUnsupported is wrapped by Supports and by operators that a backend lacks.
var ErrUnsupported = errors.New("not supported by this backend")
