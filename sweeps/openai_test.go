package sweeps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"longtake/bench"
)

// videoServer implements the asynchronous video API as vLLM-Omni serves it: the
// form's fields and types, the job's fields, and the status codes of
// vllm_omni/entrypoints/openai/protocol/videos.py at
// 48e60262553e3b7d28a95e05fbcdd431c4ef04f0 and docs/serving/videos_api.md at
// b82abf662ab05c7303b39620596f7a4dff23694b. Its model is ffmpeg's test source.
type videoServer struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	jobs    map[string]*servedJob
	deleted []string
	polls   int // until a job is done

	// Faults. Each is asked with the number of the request, from 1.
	post, get, content func(n int, w http.ResponseWriter, r *http.Request) (handled bool)
	fail               string // what every job fails with
	frames             int    // other than asked
	mute               bool   // without its own account of the time
	posts, gets, loads int

	work sync.WaitGroup
}

type servedJob struct {
	fields map[string]string
	polled int
	video  []byte
}

func newVideoServer(t *testing.T) *videoServer {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	s := &videoServer{t: t, jobs: map[string]*servedJob{}, polls: 2}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/videos", s.create)
	mux.HandleFunc("GET /v1/videos/{id}", s.status)
	mux.HandleFunc("GET /v1/videos/{id}/content", s.download)
	mux.HandleFunc("DELETE /v1/videos/{id}", s.remove)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() { s.Close(); s.work.Wait() })
	return s
}

func detail(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(map[string]string{"detail": text})
}

func (s *videoServer) create(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.posts++
	if s.post != nil && s.post(s.posts, w, r) {
		return
	}
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		detail(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	fields := map[string]string{}
	for k, v := range r.MultipartForm.Value {
		fields[k] = v[0]
	}
	if fields["prompt"] == "" {
		detail(w, http.StatusUnprocessableEntity, "prompt: field required")
		return
	}
	for _, k := range []string{"num_frames", "fps", "num_inference_steps", "seed"} {
		if v, ok := fields[k]; ok {
			if _, err := strconv.Atoi(v); err != nil {
				detail(w, http.StatusUnprocessableEntity, k+": not an integer")
				return
			}
		}
	}
	for _, k := range []string{"guidance_scale", "flow_shift"} {
		if v, ok := fields[k]; ok {
			if _, err := strconv.ParseFloat(v, 64); err != nil {
				detail(w, http.StatusUnprocessableEntity, k+": not a number")
				return
			}
		}
	}
	id := fmt.Sprintf("video_gen_%032x", len(s.jobs)+1)
	j := &servedJob{fields: fields}
	s.jobs[id] = j
	if s.fail == "" {
		s.work.Go(func() {
			v := s.render(fields)
			s.mu.Lock()
			defer s.mu.Unlock()
			j.video = v
		})
	}
	json.NewEncoder(w).Encode(map[string]any{"id": id, "object": "video", "model": "test", "prompt": fields["prompt"], "status": "queued", "progress": 0, "created_at": time.Now().Unix()})
}

func (s *videoServer) status(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets++
	if s.get != nil && s.get(s.gets, w, r) {
		return
	}
	id := r.PathValue("id")
	j := s.jobs[id]
	if j == nil {
		detail(w, http.StatusNotFound, "Video not found")
		return
	}
	j.polled++
	answer := map[string]any{"id": id, "object": "video", "status": "queued", "progress": 0}
	switch {
	case j.polled > s.polls && s.fail != "":
		answer["status"], answer["error"] = "failed", map[string]any{"code": 500, "message": s.fail}
		answer["inference_time_s"] = 7.5
	case j.polled > s.polls && j.video != nil:
		answer["status"], answer["progress"], answer["file_name"] = "completed", 100, id+".mp4"
		if !s.mute {
			answer["inference_time_s"], answer["peak_memory_mb"] = 12.5, 2048.0
			answer["stage_durations"] = map[string]float64{"vae": 1.25}
		}
	case j.polled > 1:
		answer["status"], answer["progress"] = "in_progress", 0
	}
	json.NewEncoder(w).Encode(answer)
}

func (s *videoServer) render(fields map[string]string) []byte {
	n, _ := strconv.Atoi(fields["num_frames"])
	if s.frames > 0 {
		n = s.frames
	}
	key := fmt.Sprint(fields["size"], fields["seed"], n)
	if v, ok := rendered.Load(key); ok {
		return v.([]byte)
	}
	dir, err := os.MkdirTemp("", "longtake-server")
	if err != nil {
		s.t.Error(err)
		return nil
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "v.mp4")
	out, err := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size="+fields["size"]+":rate=16,hue=h="+fields["seed"]+"*30",
		"-frames:v", strconv.Itoa(n), "-threads", "1", "-movflags", "+faststart", "-y", name).CombinedOutput()
	if err != nil {
		s.t.Errorf("%v: %s", err, out)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		s.t.Error(err)
	}
	rendered.Store(key, data)
	return data
}

// rendered holds the videos of all servers: they have one model.
var rendered sync.Map

func (s *videoServer) download(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.loads++
	j := s.jobs[r.PathValue("id")]
	if s.content != nil && s.content(s.loads, w, r) {
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	switch {
	case j == nil:
		detail(w, http.StatusNotFound, "Video not found")
	case j.video == nil:
		detail(w, http.StatusNotFound, "Generation is still in-progress")
	default:
		w.Header().Set("Content-Type", "video/mp4")
		w.Header().Set("Content-Length", strconv.Itoa(len(j.video)))
		w.Write(j.video)
	}
}

func (s *videoServer) remove(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deleted = append(s.deleted, r.PathValue("id"))
	delete(s.jobs, r.PathValue("id"))
	json.NewEncoder(w).Encode(map[string]any{"id": r.PathValue("id"), "object": "video.deleted", "deleted": true})
}

// served plans a spec of one method, whose servers these are.
func served(t *testing.T, more string, servers ...*videoServer) *Plan {
	t.Helper()
	var urls []string
	for _, s := range servers {
		urls = append(urls, s.URL)
	}
	return plan(t, write(t, filepath.Join(t.TempDir(), "grid.yaml"), `generator:
  openai-video:
    servers: [`+strings.Join(urls, ", ")+`]
    poll: 10ms
    request_timeout: 1500ms
    fields: {fps: 16, flow_shift: "5.0"}
`+more+`
model: {name: test, training_latent_frames: 3, temporal_stride: 4}
methods: [dense]
horizons: [1x]
prompts: [{tag: fish, prompt: "a \"fish\"; ü"}]
seeds: [16]
steps: 20
guidance: 3.5
size: 64x48
`))
}

func record(t *testing.T, dir string, c *Cell) bench.Record {
	t.Helper()
	rec, err := bench.ReadRecord(filepath.Join(dir, CellsFolder, c.ID, RecordFile))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func TestOpenAIVideo(t *testing.T) {
	t.Parallel()
	s := newVideoServer(t)
	p, dir := served(t, "    gpus: 2\n    device: Test GPU 80GB", s), t.TempDir()
	want := "curl " + s.URL + `/v1/videos --form-string 'prompt=a "fish"; ü' --form-string size=64x48 --form-string num_frames=9 --form-string num_inference_steps=20 --form-string guidance_scale=3.5 --form-string seed=16 --form-string flow_shift=5.0 --form-string fps=16`
	if got := p.Show(&p.Cells[0]); !sameWords(got, want) {
		t.Errorf("shown as %s\nwant %s", got, want)
	}
	if sum, err := Run(t.Context(), p, Options{Dir: dir}); err != nil || sum.Ran != 1 {
		t.Fatalf("%+v, %v", sum, err)
	}
	for _, j := range s.jobs {
		want := map[string]string{"prompt": "a \"fish\"; ü", "size": "64x48", "num_frames": "9", "num_inference_steps": "20", "guidance_scale": "3.5", "seed": "16", "flow_shift": "5.0", "fps": "16"}
		if fmt.Sprint(j.fields) != fmt.Sprint(want) {
			t.Errorf("form %v, want %v", j.fields, want)
		}
	}
	rec := record(t, dir, &p.Cells[0])
	for name, want := range map[string]float64{bench.WallSeconds: 12.5, bench.GPUHours: 25.0 / 3600, serverPeak: 2048, stagePrefix + "vae": 1.25} {
		if v, _ := rec.Metric(name); v != want {
			t.Errorf("%s is %g, want %g", name, v, want)
		}
	}
	if v, ok := rec.Metric(requestSeconds); !ok || v <= 0 {
		t.Errorf("%s is %g", requestSeconds, v)
	}
	if rec.Host.GPU != "Test GPU 80GB" || rec.Host.CPU != "" || rec.FramesSHA256 == "" || rec.Files["video"].SHA256 == "" {
		t.Errorf("host %+v, files %v", rec.Host, rec.Files)
	}
	left, err := os.ReadDir(filepath.Join(dir, CellsFolder, p.Cells[0].ID))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if slices.Contains([]string{JobFile, MadeFile, workFolder}, e.Name()) {
			t.Errorf("left over: %s", e.Name())
		}
	}
	// The server's address is not part of a cell.
	if q := served(t, "", newVideoServer(t)); q.Cells[0].ID != p.Cells[0].ID {
		t.Error("another server makes another cell")
	}
}

func sameWords(a, b string) bool {
	x, y := strings.Split(a, " --form-string "), strings.Split(b, " --form-string ")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// TestOpenAIVideoFaults: what a server can do to a job.
func TestOpenAIVideoFaults(t *testing.T) {
	t.Parallel()
	fail := func(times int, code int) func(int, http.ResponseWriter, *http.Request) bool {
		return func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n > times {
				return false
			}
			detail(w, code, "Video generation failed: engine is busy")
			return true
		}
	}
	cut := func(times int) func(int, http.ResponseWriter, *http.Request) bool {
		return func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n > times {
				return false
			}
			w.Header().Set("Content-Length", "100000")
			io.WriteString(w, "half of it")
			return true // the server closes the connection, for the rest is missing
		}
	}
	slow := func(n int, _ http.ResponseWriter, r *http.Request) bool {
		if n > 1 {
			return false
		}
		select {
		case <-r.Context().Done():
		case <-time.After(10 * time.Second):
		}
		return true
	}
	lose := func(s *videoServer, at int) func(int, http.ResponseWriter, *http.Request) bool {
		return func(n int, _ http.ResponseWriter, _ *http.Request) bool {
			if n == at {
				clear(s.jobs) // a server that was restarted
			}
			return false
		}
	}
	for _, tc := range []struct {
		name         string
		fault        func(s *videoServer)
		more         string
		status, want string
		check        func(s *videoServer, rec bench.Record) string
	}{
		{"500 at the request", func(s *videoServer) { s.post = fail(2, 500) }, "", bench.StatusOK, "", nil},
		{"503 for good", func(s *videoServer) { s.post = fail(1000, 503) }, "    retries: 1", bench.StatusFailed, "503 Service Unavailable", nil},
		{"refused", func(s *videoServer) { s.post = fail(1000, 400) }, "", bench.StatusFailed, "400 Bad Request: {\"detail\":\"Video generation failed: engine is busy\"}",
			func(s *videoServer, _ bench.Record) string {
				if s.posts != 1 {
					return fmt.Sprint(s.posts, " requests of a refused form")
				}
				return ""
			}},
		{"500 at the polls", func(s *videoServer) { s.get = fail(3, 500) }, "", bench.StatusOK, "", nil},
		{"slow answer", func(s *videoServer) { s.get = slow }, "", bench.StatusOK, "", nil},
		{"cut-off body", func(s *videoServer) { s.content = cut(2) }, "", bench.StatusOK, "",
			func(s *videoServer, _ bench.Record) string {
				if s.loads != 3 || s.posts != 1 {
					return fmt.Sprint(s.loads, " downloads, ", s.posts, " jobs")
				}
				return ""
			}},
		{"cut off for good", func(s *videoServer) { s.content = cut(1000) }, "    retries: 1", bench.StatusFailed, "after 10 bytes", nil},
		{"damaged, of the right length", func(s *videoServer) {
			s.content = func(_ int, w http.ResponseWriter, r *http.Request) bool {
				v := s.jobs[r.PathValue("id")].video
				w.Write(v[:len(v)/2])
				return true
			}
		}, "", bench.StatusFailed, "is no whole video", nil},
		{"no video", func(s *videoServer) {
			s.content = func(_ int, w http.ResponseWriter, _ *http.Request) bool { io.WriteString(w, "<html>"); return true }
		}, "", bench.StatusFailed, "is no whole video", nil},
		{"job failed", func(s *videoServer) { s.fail = "the prompt is bad" }, "", bench.StatusFailed, "failed: the prompt is bad (500)",
			func(s *videoServer, _ bench.Record) string {
				if s.posts != 1 {
					return fmt.Sprint(s.posts, " jobs of one that fails")
				}
				return ""
			}},
		{"job out of memory", func(s *videoServer) { s.fail = "CUDA out of memory. Tried to allocate 20.00 GiB" }, "    gpus: 1", bench.StatusOOM, "Tried to allocate 20.00 GiB",
			func(_ *videoServer, rec bench.Record) string {
				if rec.Metrics[bench.GPUHours] != 7.5/3600 {
					return fmt.Sprint("gpu_h ", rec.Metrics[bench.GPUHours])
				}
				return ""
			}},
		{"id lost", func(s *videoServer) { s.get = lose(s, 2) }, "", bench.StatusOK, "",
			func(s *videoServer, rec bench.Record) string {
				if s.posts != 2 || len(rec.Warnings) == 0 || !strings.Contains(fmt.Sprint(rec.Warnings), "does not know the job") {
					return fmt.Sprint(s.posts, " jobs, ", rec.Warnings)
				}
				return ""
			}},
		{"answer lost", func(s *videoServer) {
			s.post = func(n int, w http.ResponseWriter, _ *http.Request) bool {
				if n == 1 {
					panic(http.ErrAbortHandler)
				}
				return false
			}
		}, "", bench.StatusOK, "",
			func(_ *videoServer, rec bench.Record) string {
				if !strings.Contains(fmt.Sprint(rec.Warnings), "the answer to 1 requests was lost") {
					return fmt.Sprint(rec.Warnings)
				}
				return ""
			}},
		{"too slow", func(s *videoServer) { s.polls = 1 << 30 }, "    timeout: 300ms", bench.StatusTimeout, "not done within 300ms: cancelled",
			func(s *videoServer, rec bench.Record) string {
				if len(s.deleted) != 1 || rec.Metrics[limit] != 0.3 {
					return fmt.Sprint("deleted ", s.deleted, rec.Metrics)
				}
				return ""
			}},
		{"other length", func(s *videoServer) { s.frames = 8 }, "    retries: 0", bench.StatusFailed, "made 8 frames, 9 were asked for", nil},
		{"says nothing of time", func(s *videoServer) { s.mute = true }, "    gpus: 1", bench.StatusOK, "",
			func(_ *videoServer, rec bench.Record) string {
				if v := rec.Metrics[bench.WallSeconds]; v <= 0 || v > 60 || !strings.Contains(fmt.Sprint(rec.Warnings), "as seen here") {
					return fmt.Sprint(v, rec.Warnings)
				}
				return ""
			}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newVideoServer(t)
			tc.fault(s)
			p, dir := served(t, tc.more, s), t.TempDir()
			_, err := Run(t.Context(), p, Options{Dir: dir})
			var failed *FailedError
			if errors.As(err, &failed) != (tc.status == bench.StatusFailed) || err != nil && failed == nil {
				t.Errorf("the run: %v", err)
			}
			rec := record(t, dir, &p.Cells[0])
			if rec.Status != tc.status || !strings.Contains(rec.Error, tc.want) || (tc.want == "") != (rec.Error == "") {
				t.Fatalf("%s %q, want %s %q", rec.Status, rec.Error, tc.status, tc.want)
			}
			if tc.check != nil {
				s.mu.Lock()
				defer s.mu.Unlock()
				if why := tc.check(s, rec); why != "" {
					t.Error(why)
				}
			}
		})
	}
}

// TestOpenAIVideoResumes: a run that is stopped while it polls leaves its job
// to the next, which does not ask for another.
func TestOpenAIVideoResumes(t *testing.T) {
	t.Parallel()
	s := newVideoServer(t)
	s.polls = 1 << 30
	p, dir := served(t, "", s), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	s.get = func(n int, _ http.ResponseWriter, _ *http.Request) bool {
		if n == 3 {
			cancel()
		}
		return false
	}
	if _, err := Run(ctx, p, Options{Dir: dir}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.polls, s.get = 0, nil
	s.mu.Unlock()
	if _, err := Run(t.Context(), p, Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if s.posts != 1 {
		t.Errorf("%d jobs", s.posts)
	}
	rec := record(t, dir, &p.Cells[0])
	if _, ok := rec.Metric(requestSeconds); ok || rec.Metrics[bench.WallSeconds] != 12.5 {
		t.Errorf("times of a job that was not watched: %v", rec.Metrics)
	}
	// A forced run asks anew.
	if _, err := Run(t.Context(), p, Options{Dir: dir, Force: true}); err != nil || s.posts != 2 {
		t.Errorf("%v, %d jobs", err, s.posts)
	}
}

// TestOpenAIVideoPool: two servers share the cells; when one is not there the
// other makes them all.
func TestOpenAIVideoPool(t *testing.T) {
	t.Parallel()
	a, b := newVideoServer(t), newVideoServer(t)
	grid := func() *Plan {
		p := served(t, "    concurrency: 2\n    retries: 1", a, b)
		for seed := range int64(5) {
			c := p.Cells[0]
			c.Seed = seed
			if err := c.finish(4); err != nil {
				t.Fatal(err)
			}
			p.Cells = append(p.Cells, c)
		}
		return p
	}
	p := grid()
	sum, err := Run(t.Context(), p, Options{Dir: t.TempDir()})
	if err != nil || sum.Ran != 6 || sum.Times.Slots != 4 {
		t.Fatalf("%+v, %v", sum, err)
	}
	if a.posts == 0 || b.posts == 0 || a.posts+b.posts != 6 {
		t.Errorf("%d and %d jobs", a.posts, b.posts)
	}
	b.Close()
	before := a.posts
	if sum, err := Run(t.Context(), p, Options{Dir: t.TempDir()}); err != nil || sum.Ran != 6 || a.posts != before+6 {
		t.Errorf("with one server: %+v, %v, %d jobs there", sum, err, a.posts-before)
	}
}

// TestOpenAIVideoMethods: the attention of a server is set where it is started,
// so that methods have servers of their own.
func TestOpenAIVideoMethods(t *testing.T) {
	t.Parallel()
	a, b := newVideoServer(t), newVideoServer(t)
	p := served(t, "", a)
	src := strings.Replace(tOpenAI(t, p), "methods: [dense]", "methods: [dense, {name: lvsa, servers: ["+b.URL+"], fields: {extra_params: '{{\"x\": 1}}', flow_shift: \"\"}}]", 1)
	p = plan(t, write(t, filepath.Join(t.TempDir(), "two.yaml"), src))
	dir := t.TempDir()
	if sum, err := Run(t.Context(), p, Options{Dir: dir}); err != nil || sum.Ran != 2 {
		t.Fatalf("%+v, %v", sum, err)
	}
	if a.posts != 1 || b.posts != 1 {
		t.Errorf("%d and %d jobs", a.posts, b.posts)
	}
	for _, j := range b.jobs {
		if j.fields["extra_params"] != `{"x": 1}` {
			t.Errorf("form %v", j.fields)
		}
		if _, ok := j.fields["flow_shift"]; ok {
			t.Error("an empty field was sent")
		}
	}
}

func tOpenAI(t *testing.T, p *Plan) string {
	t.Helper()
	src, err := os.ReadFile(p.Spec.File)
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

func TestServerSpecErrors(t *testing.T) {
	const base = `generator:
  openai-video: {servers: ["http://localhost:8091"]}
model: {name: m, training_latent_frames: 21, temporal_stride: 4}
methods: [dense]
horizons: [1x]
prompts: [fish]
`
	if _, err := ParseSpec("grid.yaml", []byte(base)); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, old, new, want string }{
		{"no servers", `{servers: ["http://localhost:8091"]}`, "{retries: 1}", `method "dense" has no servers`},
		{"address", "http://localhost:8091", "localhost:8091", `want http://HOST:PORT`},
		{"password", "http://localhost", "http://u:p@localhost", `a key goes under headers`},
		{"place of this machine", "8091\"]", "8091\"], fields: {path: \"{out}\"}", "are of this machine, and a server does not see it"},
		{"no prompt", "8091\"]", "8091\"], fields: {prompt: \"\"}", "no {prompt}"},
		{"placeholder in an address", "localhost:8091", "{method}:8091", "only {env:NAME} can be part of a server's address"},
		{"slots", "prompts:", "executor: {slots: 3}\nprompts:", "set generator.openai-video.concurrency in place of slots"},
		{"unheard steps", "8091\"]", "8091\"], fields: {num_inference_steps: \"\"}}\nsteps: 3 #", "steps is given and the fields of"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := ParseSpec("grid.yaml", []byte(strings.Replace(base, tc.old, tc.new, 1))); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}
