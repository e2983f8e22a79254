package kernels

// Mat is a row-major matrix view: row r starts at element Off + r*Stride.
type Mat struct {
	Data                    Buffer
	Off, Rows, Cols, Stride int
}

// Dense views the first rows*cols elements of a buffer.
func Dense(data Buffer, rows, cols int) Mat {
	return Mat{Data: data, Rows: rows, Cols: cols, Stride: cols}
}

// Vol is an activation [C, T, H, W], contiguous, that starts at element Off.
type Vol struct {
	Data            Buffer
	Off, C, T, H, W int
}

// Act is an element-wise activation.
type Act uint8

// Activations. GELU is the tanh form: 0.5x(1+tanh(sqrt(2/pi)(x+0.044715x^3))).
const (
	NoAct Act = iota
	GELU
	SiLU
)

// Linear is a packed weight matrix with its bias; the backend owns the layout.
type Linear interface {
	In() int
	Out() int
}

// Conv describes a convolution: W is [Out, In, KT, KH, KW], B is [Out] or nil.
// Padding is KT-1 frames before (causal) and (KH-1)/2, (KW-1)/2 around.
type Conv struct {
	Out, In, KT, KH, KW int
	W, B                []float32
}

// ConvWeights is a packed Conv.
type ConvWeights interface{ Spec() Conv }

// Ops are the dense operators of a transformer and of a causal video decoder.
// Every operator checks its shapes and returns an error that names the
// operator and the mismatch. dst may alias the input only where said.
// Accumulation is in float32 or better.
type Ops interface {
	// PackLinear copies w [out, in] and bias [out] (or nil) into the backend.
	PackLinear(out, in int, w, bias []float32) (Linear, error)
	// Linear sets dst = act(x Wᵀ + b), x [rows, in], dst [rows, out].
	Linear(dst, x Mat, w Linear, act Act) error
	// LayerNorm sets dst = (x-mean)/sqrt(var+eps) * mul + add over each row,
	// biased variance; nil mul is 1, nil add is 0. dst may be x.
	LayerNorm(dst, x Mat, mul, add []float32, eps float32) error
	// RMSNorm sets dst = x / sqrt(mean(x²)+eps) * mul over each row. dst may be x.
	RMSNorm(dst, x Mat, mul []float32, eps float32) error
	// Rope rotates adjacent pairs (2k, 2k+1) of every head of x [rows, heads*D]
	// in place; cos and sin are [rows, D/2].
	Rope(x Mat, heads int, cos, sin Mat) error
	// Activate applies act in place.
	Activate(x Mat, act Act) error
	// AddGated sets x += y * gate, gate per column; nil gate is 1.
	AddGated(x, y Mat, gate []float32) error

	// PackConv copies the weights into the backend.
	PackConv(Conv) (ConvWeights, error)
	// Conv sets dst = conv(up(x)): x is nearest-upsampled by up (1 or 2) in
	// height and width as it is read. prev holds the last frames before x,
	// at most KT-1, and stands for zeros where it has fewer (C 0: none).
	Conv(dst, x, prev Vol, w ConvWeights, up int) error
	// ChannelNorm sets dst = act(x / max(‖x‖₂ over C, 1e-12) * sqrt(C) * gamma)
	// at every position. dst may be x.
	ChannelNorm(dst, x Vol, gamma []float32, act Act) error
}
