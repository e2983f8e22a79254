// Package nvidia asks nvidia-smi which GPUs there are and what they are doing.
package nvidia

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// GPU is one device.
type GPU struct {
	Index int
	UUID  string
	Name  string
}

// List returns the GPUs of this machine, in nvidia-smi's order (that of the PCI
// bus). There are none, and no error, where nvidia-smi is not installed.
func List(ctx context.Context) ([]GPU, error) {
	if _, err := exec.LookPath("nvidia-smi"); err != nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=index,uuid,name", "--format=csv,noheader,nounits").Output()
	if err != nil {
		return nil, fmt.Errorf("nvidia: nvidia-smi: %w", err)
	}
	r := csv.NewReader(bytes.NewReader(out))
	r.TrimLeadingSpace, r.FieldsPerRecord = true, 3
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("nvidia: nvidia-smi: %w", err)
	}
	var list []GPU
	for _, row := range rows {
		i, err := strconv.Atoi(row[0])
		if err != nil {
			return nil, fmt.Errorf("nvidia: nvidia-smi: index %q", row[0])
		}
		list = append(list, GPU{i, row[1], row[2]})
	}
	return list, nil
}

// Find returns the GPU that an entry of CUDA_VISIBLE_DEVICES means: an index or
// the beginning of a UUID.
func Find(list []GPU, visible string) (GPU, bool) {
	for _, g := range list {
		if visible == strconv.Itoa(g.Index) || strings.HasPrefix(visible, "GPU-") && strings.HasPrefix(g.UUID, visible) {
			return g, true
		}
	}
	return GPU{}, false
}

// Usage is what the devices did between [Watch] and its stop. Memory counts
// everything on the device, whoever has it.
type Usage struct {
	Samples     int     // per device, the least
	PeakBytes   float64 // largest sum over the devices
	Utilisation float64 // mean over samples and devices, 0..1
	Utilised    bool    // a utilisation was reported at all
}

// Interval is the time between samples.
const Interval = 500 * time.Millisecond

// Watch samples the GPUs until stop is called.
func Watch(ctx context.Context, gpus []GPU) (stop func() (Usage, error), err error) {
	var ids []string
	for _, g := range gpus {
		ids = append(ids, g.UUID)
	}
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=uuid,memory.used,utilization.gpu", "--format=csv,noheader,nounits",
		"--id="+strings.Join(ids, ","), "--loop-ms="+strconv.Itoa(int(Interval.Milliseconds())))
	cmd.WaitDelay = time.Second
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("nvidia: nvidia-smi: %w", err)
	}
	type result struct {
		u   Usage
		err error
	}
	read := make(chan result, 1)
	go func() {
		u, err := collect(out, ids)
		read <- result{u, err}
	}()
	return func() (Usage, error) {
		cancel()
		r := <-read
		cmd.Wait() // killed: its status says nothing
		return r.u, r.err
	}, nil
}

// collect reads nvidia-smi's lines, a round of all devices after the other.
func collect(src io.Reader, ids []string) (Usage, error) {
	var u Usage
	var util float64
	var utilised int
	used, seen := map[string]float64{}, map[string]int{}
	lines := bufio.NewScanner(src)
	for lines.Scan() {
		f := strings.Split(lines.Text(), ",")
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		if len(f) != 3 || !slices.Contains(ids, f[0]) {
			return u, fmt.Errorf("nvidia: nvidia-smi said %q", lines.Text())
		}
		seen[f[0]]++
		if mib, err := strconv.ParseFloat(f[1], 64); err == nil { // "[N/A]" where the device does not tell
			used[f[0]] = mib * (1 << 20)
		}
		if pct, err := strconv.ParseFloat(f[2], 64); err == nil {
			util += pct / 100
			utilised++
		}
		var sum float64
		for _, v := range used {
			sum += v
		}
		u.PeakBytes = max(u.PeakBytes, sum)
	}
	for i, id := range ids {
		if i == 0 || seen[id] < u.Samples {
			u.Samples = seen[id]
		}
	}
	if utilised > 0 {
		u.Utilisation, u.Utilised = util/float64(utilised), true
	}
	return u, nil // the end of the pipe is how a watch ends
}
