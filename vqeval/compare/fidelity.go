package compare

import (
	"context"
	"errors"
	"fmt"
	"math"

	"longtake/video"
	"longtake/vqeval"
)

// Fidelity is how far the pictures of two videos are apart, frame by frame, on
// full-range luma at full size. It compares pictures, not quality, and means
// something only for two healthy videos of the same size, rate and length, such as
// one seed on two kernels.
type Fidelity struct {
	Frames     int           `json:"frames"`
	Identical  int           `json:"identical_frames"`
	PSNR       *float64      `json:"psnr_db"` // of the mean squared error of all frames; null if there is none
	SSIM       *float64      `json:"ssim"`    // mean of the frames; null below 8x8 pixels
	PartFrame  *int          `json:"part_frame"`
	PartBelow  float64       `json:"part_below_db"` // they part where PSNR stays below for half a second
	FramePSNR  vqeval.Series `json:"frame_psnr_db"` // null where the frames are identical
	FrameSSIM  vqeval.Series `json:"frame_ssim"`
	squaredSum float64
}

// partBelow: at 30 dB a difference is plain to see side by side.
const partBelow = 30.0

// Measure decodes both files at once and holds one frame of each.
func Measure(ctx context.Context, a, b string) (*Fidelity, error) {
	ia, err := video.Probe(ctx, a)
	if err != nil {
		return nil, err
	}
	ib, err := video.Probe(ctx, b)
	if err != nil {
		return nil, err
	}
	if ia.Width != ib.Width || ia.Height != ib.Height {
		return nil, fmt.Errorf("compare: %dx%d against %dx%d pixels", ia.Width, ia.Height, ib.Width, ib.Height)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	frames, release := make(chan []byte), make(chan struct{})
	ended := make(chan error, 1)
	opt := video.DecodeOptions{Gray: true, Width: ia.Width, Height: ia.Height}
	go func() {
		_, _, err := video.Decode(ctx, a, opt, func(f video.Frame) error {
			select {
			case frames <- f.Pix:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			select {
			case <-release:
				return nil
			case <-ctx.Done(): // B is through with it, or will not look at it
				return context.Cause(ctx)
			}
		})
		close(frames)
		ended <- err
	}()
	m := newMeter(ia.Width, ia.Height)
	errShort := errors.New("compare: they differ in the number of frames")
	_, _, err = video.Decode(ctx, b, opt, func(f video.Frame) error {
		pix, ok := <-frames
		if !ok {
			return errShort
		}
		m.add(pix, f.Pix)
		select {
		case release <- struct{}{}:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	if err == nil {
		if _, more := <-frames; more {
			err = errShort
		}
	}
	cancel()
	for range frames { // lets A's decoder end
	}
	aerr := <-ended
	switch {
	case aerr != nil && !errors.Is(aerr, context.Canceled):
		return nil, aerr // also why A was short
	case err != nil:
		return nil, err
	}
	return m.result(ia.FPS), nil
}

// meter sums up pairs of frames.
type meter struct {
	f      Fidelity
	w, h   int
	blocks [2][]sums // two rows of 4x4 blocks
}

// sums over a block of both frames.
type sums struct{ a, b, squares, product int }

func newMeter(w, h int) *meter {
	return &meter{w: w, h: h, blocks: [2][]sums{make([]sums, w/4), make([]sums, w/4)}}
}

func (m *meter) add(a, b []byte) {
	var sq int
	for i := range a {
		d := int(a[i]) - int(b[i])
		sq += d * d
	}
	mse := float64(sq) / float64(len(a))
	psnr := math.NaN()
	if sq == 0 {
		m.f.Identical++
	} else {
		psnr = decibel(mse)
	}
	m.f.Frames++
	m.f.squaredSum += mse
	m.f.FramePSNR = append(m.f.FramePSNR, psnr)
	m.f.FrameSSIM = append(m.f.FrameSSIM, m.ssim(a, b))
}

func decibel(mse float64) float64 { return 10 * math.Log10(255*255/mse) }

// ssim is the mean structural similarity (Wang et al. 2004) over windows of 8x8
// samples, one every 4 samples each way; NaN for a frame without a window.
func (m *meter) ssim(a, b []byte) float64 {
	const c1, c2 = (0.01 * 255) * (0.01 * 255), (0.03 * 255) * (0.03 * 255)
	var total, n float64
	for row := range m.h / 4 {
		up, here := m.blocks[(row+1)%2], m.blocks[row%2]
		for col := range here {
			here[col] = blockSums(a, b, row*4*m.w+col*4, m.w)
		}
		if row == 0 {
			continue
		}
		for col := 1; col < len(here); col++ {
			var s sums
			for _, t := range [4]sums{up[col-1], up[col], here[col-1], here[col]} {
				s.a, s.b, s.squares, s.product = s.a+t.a, s.b+t.b, s.squares+t.squares, s.product+t.product
			}
			ma, mb := float64(s.a)/64, float64(s.b)/64
			spread := (float64(s.squares) - 64*(ma*ma+mb*mb)) / 63 // both variances
			cov := (float64(s.product) - 64*ma*mb) / 63
			total += (2*ma*mb + c1) * (2*cov + c2) / ((ma*ma + mb*mb + c1) * (spread + c2))
			n++
		}
	}
	return total / n
}

func blockSums(a, b []byte, at, stride int) (s sums) {
	for y := range 4 {
		ra, rb := a[at+y*stride:][:4], b[at+y*stride:][:4]
		for x := range ra {
			p, q := int(ra[x]), int(rb[x])
			s.a, s.b, s.squares, s.product = s.a+p, s.b+q, s.squares+p*p+q*q, s.product+p*q
		}
	}
	return s
}

func (m *meter) result(fps float64) *Fidelity {
	f := &m.f
	f.PartBelow = partBelow
	if mse := f.squaredSum / float64(f.Frames); mse > 0 {
		v := decibel(mse)
		f.PSNR = &v
	}
	var sum float64
	for _, v := range f.FrameSSIM {
		sum += v
	}
	if v := sum / float64(f.Frames); !math.IsNaN(v) {
		f.SSIM = &v
	}
	f.PartFrame = parting(f.FramePSNR, max(2, int(math.Round(fps/2))))
	return f
}

// parting is the first frame of the first run below partBelow that lasts, or
// reaches the end; nil if there is none.
func parting(psnr []float64, lasts int) *int {
	from := -1
	for t, v := range psnr {
		if !(v < partBelow) { // identical frames are NaN
			from = -1
			continue
		}
		if from < 0 {
			from = t
		}
		if t-from+1 >= lasts || t == len(psnr)-1 {
			return &from
		}
	}
	return nil
}
