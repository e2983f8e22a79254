package sweeps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"longtake/bench"
	"longtake/internal/videoapi"
	"longtake/video"
)

// server is the generator that asks servers with the asynchronous video API.
type server struct{ f *Foreign }

// fieldOrder puts the fields of a request in the order of people; others follow
// by name.
var fieldOrder = []string{"prompt", "size", "num_frames", "num_inference_steps", "guidance_scale", "seed"}

// defaultFields are the fields that a spec's own keys fill. Names: vLLM-Omni,
// docs/serving/videos_api.md (see package videoapi).
func defaultFields(given func(key string) bool) map[string]Template {
	m := map[string]Template{}
	for _, d := range []struct{ key, field, text string }{
		{"", "prompt", "{prompt}"}, {"", "num_frames", "{frames}"}, {"size", "size", "{size}"}, {"steps", "num_inference_steps", "{steps}"},
		{"guidance", "guidance_scale", "{guidance}"}, {"seeds", "seed", "{seed}"},
	} {
		if d.key == "" || given(d.key) {
			m[d.field], _ = ParseTemplate(d.text)
		}
	}
	return m
}

// formFields are a method's fields; an empty one is not sent.
func (f *Foreign) formFields(b Binding) map[string]Template {
	m := merged(f.Fields, b.Fields)
	maps.DeleteFunc(m, func(_ string, t Template) bool { return t.Text == "" })
	return m
}

// form fills the fields in.
func (f *Foreign) form(b Binding, values map[string]string, lax bool) (list [][2]string, err error) {
	m := f.formFields(b)
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		rank := func(s string) int {
			if i := slices.Index(fieldOrder, s); i >= 0 {
				return i
			}
			return len(fieldOrder)
		}
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		v, err := m[name].Expand(values, lax)
		if err != nil {
			return nil, err
		}
		list = append(list, [2]string{name, v})
	}
	return list, nil
}

// serversOf are a method's servers.
func (f *Foreign) serversOf(b Binding) []Template {
	if len(b.Servers) > 0 {
		return b.Servers
	}
	return f.Servers
}

func (g server) pool(c *Cell) string { return strings.Join(texts(g.f.serversOf(c.binding)), " ") }

// show is the request as curl would make it.
func (g server) show(p *Plan, c *Cell) string {
	form, err := g.f.form(c.binding, c.values("CELL", slot{}), true)
	if err != nil {
		return err.Error()
	}
	list, err := expandAll(g.f.serversOf(c.binding), nil, true)
	if err != nil {
		return err.Error()
	}
	words := []string{"curl", list[0] + "/v1/videos"}
	for _, k := range slices.Sorted(maps.Keys(g.f.Headers)) {
		words = append(words, "--header", k+": "+g.f.Headers[k].Text) // a key in the environment is not shown
	}
	for _, f := range form {
		words = append(words, "--form-string", f[0]+"="+f[1])
	}
	line := shellLine(words)
	if n := len(list); n > 1 {
		line += fmt.Sprintf("   # or one of %d other servers", n-1)
	}
	return line
}

// serverPools are the slots of every method's servers. Methods with the same
// servers share them.
func (p *Plan) serverPools() (map[string]*pool, error) {
	f, pools := p.Spec.Foreign, map[string]*pool{}
	for i := range p.Cells {
		c := &p.Cells[i]
		key := c.gen.pool(c)
		if pools[key] != nil {
			continue
		}
		list, err := expandAll(f.serversOf(c.binding), nil, false)
		if err != nil {
			return nil, fmt.Errorf("sweeps: servers: %w", err)
		}
		pools[key] = &pool{}
		for range f.Concurrency {
			for _, s := range list {
				if err := checkServer(s); err != nil {
					return nil, fmt.Errorf("sweeps: servers: %w", err)
				}
				pools[key].slots = append(pools[key].slots, slot{index: len(pools[key].slots), server: s})
			}
		}
	}
	return pools, nil
}

// ticket is a job at a server, kept in the cell's folder from the moment it has
// an id, so that a run that comes later fetches it.
type ticket struct {
	Server  string    `json:"server"`
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
}

// make has the video made by a server and fetches it. A server that fails for
// good is followed by the next.
func (g server) make(ctx context.Context, r *runner, j *job, s slot, round int) error {
	list, err := expandAll(g.f.serversOf(j.c.binding), nil, false)
	if err != nil {
		return err
	}
	if i := slices.Index(list, s.server); i > 0 {
		list = slices.Concat(list[i:], list[:i])
	}
	path := r.store.path(cellPath(j.c.ID, JobFile))
	old, resumed := readTicket(path, list)
	if round > 0 || !resumed {
		old = nil
	}
	for attempt := 0; ; attempt++ {
		err := g.attempt(ctx, r, j, list[attempt%len(list)], old, round)
		old = nil
		var result *outcome
		var disk *DiskError
		var status *videoapi.StatusError
		var bad *deniedError
		last := attempt >= max(g.f.Retries, len(list)-1)
		if err != nil && ctx.Err() != nil {
			return ctx.Err() // the ticket stays
		}
		if err == nil || last || errors.As(err, &result) || errors.As(err, &disk) || errors.As(err, &bad) || errors.Is(err, video.ErrFFmpegMissing) ||
			errors.As(err, &status) && status.Code/100 == 4 && !errors.Is(err, videoapi.ErrLost) && status.Code != http.StatusTooManyRequests {
			if err != nil {
				os.Remove(path)
			}
			return err // the ticket of a success goes when the video is on record
		}
		os.Remove(path)
		j.warn(fmt.Sprintf("attempt %d failed: %v", attempt+1, err))
		r.message(fmt.Sprintf("%s (%s): attempt %d failed: %v", j.c.ID, j.c.Title(), attempt+1, err))
	}
}

// readTicket reads what an interrupted run left, if its server is still one of
// the spec's.
func readTicket(path string, servers []string) (*ticket, bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, false
	}
	var t ticket
	if json.Unmarshal(data, &t) != nil || t.ID == "" || !slices.Contains(servers, t.Server) {
		return nil, false
	}
	return &t, true
}

// attempt is one job, or the rest of one.
func (g server) attempt(ctx context.Context, r *runner, j *job, base string, old *ticket, round int) error {
	header, err := g.header()
	if err != nil {
		return err
	}
	client := &videoapi.Client{Base: base, Header: header, Timeout: g.f.Request, Stall: g.f.Request, Retries: g.f.Retries, Pause: g.f.Poll}
	begun := time.Now()
	t := old
	if t != nil {
		client.Base = t.Server
	} else {
		form, err := g.f.form(j.c.binding, j.c.values("", slot{}), false)
		if err != nil {
			return err
		}
		made, lost, err := client.Create(ctx, form)
		if lost > 0 {
			j.warn(fmt.Sprintf("the answer to %d requests was lost at %s: jobs that nobody fetches may have run there", lost, base))
		}
		if err != nil {
			return fmt.Errorf("sweeps: %w", err)
		}
		t = &ticket{base, made.ID, begun}
		if round == 0 {
			if err := r.store.WriteJSON(cellPath(j.c.ID, JobFile), t); err != nil {
				return err
			}
		}
	}
	made, wait, err := g.wait(ctx, r, j, client, t)
	if err != nil {
		return err
	}
	seen := time.Since(t.Created)
	work, err := r.store.work(j.c)
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	place := filepath.Join(work, VideoFile)
	if err := g.fetch(ctx, client, t.ID, place, j); err != nil {
		return err
	}
	g.measured(j, made, wait, seen, time.Since(begun), old != nil)
	return r.adopt(ctx, j, place, round)
}

func (g server) header() (http.Header, error) {
	h := http.Header{}
	for k, t := range g.f.Headers {
		v, err := t.Expand(nil, false)
		if err != nil {
			return nil, err
		}
		h.Set(k, v)
	}
	return h, nil
}

// wait polls until the job has ended. queued is how long it stood in line, as
// seen here; negative when it was not seen.
func (g server) wait(ctx context.Context, r *runner, j *job, client *videoapi.Client, t *ticket) (made videoapi.Job, queued time.Duration, err error) {
	queued = -1
	for {
		if made, err = client.Get(ctx, t.ID); err != nil {
			return made, queued, fmt.Errorf("sweeps: job %s: %w", t.ID, err)
		}
		if queued < 0 && made.Status != videoapi.Queued {
			queued = time.Since(t.Created)
		}
		switch made.Status {
		case videoapi.Completed:
			return made, queued, nil
		case videoapi.Failed:
			text := "without a reason"
			if made.Error != nil {
				text = fmt.Sprintf("%s (%v)", clip(made.Error.Message), made.Error.Code)
			}
			err := &deniedError{fmt.Sprintf("sweeps: job %s at %s failed: %s", t.ID, t.Server, text)}
			if made.Error != nil && outOfMemory.MatchString(made.Error.Message) {
				g.cost(j, made.InferenceSeconds)
				return made, queued, &outcome{bench.StatusOOM, err}
			}
			return made, queued, err
		}
		if limited := j.c.timeout; limited > 0 && time.Since(t.Created) > limited {
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.f.Request)
			derr := client.Delete(end, t.ID)
			cancel()
			if derr != nil {
				j.warn(fmt.Sprintf("job %s at %s could not be cancelled: %v", t.ID, t.Server, derr))
			}
			j.rec.Metrics[limit] = limited.Seconds()
			g.cost(j, time.Since(t.Created).Seconds())
			return made, queued, &outcome{bench.StatusTimeout, fmt.Errorf("sweeps: job %s at %s not done within %s: cancelled", t.ID, t.Server, limited)}
		}
		r.advance(made.Progress/100*j.c.Work.total(), j.c.Title())
		select {
		case <-time.After(g.f.Poll):
		case <-ctx.Done():
			return made, queued, ctx.Err()
		}
	}
}

// fetch downloads the video and decodes all of it: a file can have the right
// length and header and still be cut. A damaged one is fetched once more.
func (g server) fetch(ctx context.Context, client *videoapi.Client, id, place string, j *job) (err error) {
	for range 2 {
		if err = client.Content(ctx, id, func() (io.WriteCloser, error) { return os.Create(place) }); err != nil {
			return storeErrorIfDisk(place, fmt.Errorf("sweeps: job %s: %w", id, err))
		}
		if j.rec.FramesSHA256, err = video.FramesSHA256(ctx, place); err == nil || errors.Is(err, video.ErrFFmpegMissing) || errors.Is(err, fs.ErrNotExist) || ctx.Err() != nil {
			return err
		}
	}
	return &deniedError{fmt.Sprintf("sweeps: job %s: what was downloaded twice is no whole video: %v", id, err)}
}

// measured notes what the server and this side saw. wall_s is the server's own
// account of the generation where it gives one.
func (g server) measured(j *job, made videoapi.Job, queued, seen, request time.Duration, resumed bool) {
	switch {
	case made.InferenceSeconds > 0:
		j.sample(bench.WallSeconds, made.InferenceSeconds)
		g.cost(j, made.InferenceSeconds)
	case resumed:
		j.warn("no " + bench.WallSeconds + ": the job was not watched to its end, and the server does not say how long it took")
	default:
		j.sample(bench.WallSeconds, seen.Seconds())
		g.cost(j, seen.Seconds())
		j.warn(fmt.Sprintf("%s is from the request to its end as seen here, waiting in line included, seen every %s: the server does not say how long it took", bench.WallSeconds, g.f.Poll))
	}
	if !resumed {
		j.sample(requestSeconds, request.Seconds())
		if queued >= 0 {
			j.sample(queuedSeconds, queued.Seconds())
		}
	}
	if made.PeakMemoryMB > 0 {
		j.sample(serverPeak, made.PeakMemoryMB)
	}
	for name, v := range made.StageSeconds {
		j.sample(stagePrefix+name, v)
	}
	// The machine that measures is not the one that generates.
	host := bench.Host{OS: j.rec.Host.OS, Go: j.rec.Host.Go, Revision: j.rec.Host.Revision, GPU: g.f.Device}
	j.rec.Host = host
}

// cost notes the GPU hours.
func (g server) cost(j *job, seconds float64) {
	if g.f.GPUs > 0 && seconds > 0 {
		j.sample(bench.GPUHours, seconds/3600*float64(g.f.GPUs))
	} else {
		j.warn("no " + bench.GPUHours + ": the spec does not state the gpus of a server, or the server not its time")
	}
}
