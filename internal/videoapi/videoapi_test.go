package videoapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func client(base string) *Client {
	return &Client{Base: base, Timeout: time.Second, Stall: 300 * time.Millisecond, Retries: 2, Pause: time.Millisecond}
}

type buffer struct{ bytes.Buffer }

func (*buffer) Close() error { return nil }

func TestCreateAndGet(t *testing.T) {
	var posts, gets atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/videos", func(w http.ResponseWriter, r *http.Request) {
		switch posts.Add(1) {
		case 1:
			http.Error(w, "engine is starting", http.StatusInternalServerError)
		case 2:
			w.Header().Set("Retry-After", "0")
			http.Error(w, "", http.StatusTooManyRequests)
		default:
			if r.FormValue("prompt") != "wave\r\n\"é\"" || r.Header.Get("Authorization") != "Bearer k" || !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
				t.Errorf("request %v, form %v", r.Header, r.Form)
			}
			io.WriteString(w, `{"id": "video-123", "status": "queued", "created_at": 1701234567}`) // the API's own example
		}
	})
	mux.HandleFunc("GET /v1/videos/{id}", func(w http.ResponseWriter, r *http.Request) {
		gets.Add(1)
		switch r.PathValue("id") {
		case "a/b":
			io.WriteString(w, `{"id":"a/b","status":"failed","error":{"code":500,"message":"CUDA out of memory"},"stage_durations":{"vae":1.5},"peak_memory_mb":12.5,"inference_time_s":3}`)
		case "odd":
			io.WriteString(w, `{"id":"odd","status":"melted"}`)
		case "html":
			io.WriteString(w, `<html>`)
		default:
			http.Error(w, `{"detail":"Video not found"}`, http.StatusNotFound)
		}
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	c := client(s.URL + "/")
	c.Header = http.Header{"Authorization": {"Bearer k"}}
	job, lost, err := c.Create(t.Context(), [][2]string{{"prompt", "wave\r\n\"é\""}})
	if err != nil || job.ID != "video-123" || job.Status != Queued || lost != 0 || posts.Load() != 3 {
		t.Errorf("%+v, %d lost, %v, %d posts", job, lost, err, posts.Load())
	}
	job, err = c.Get(t.Context(), "a/b")
	if err != nil || job.Status != Failed || job.Error.Message != "CUDA out of memory" || job.StageSeconds["vae"] != 1.5 || job.PeakMemoryMB != 12.5 || job.InferenceSeconds != 3 {
		t.Errorf("%+v, %v", job, err)
	}
	gets.Store(0)
	if _, err := c.Get(t.Context(), "gone"); !errors.Is(err, ErrLost) || gets.Load() != 1 {
		t.Errorf("%v after %d requests", err, gets.Load())
	}
	if _, err := c.Get(t.Context(), "odd"); err == nil || !strings.Contains(err.Error(), `status "melted"`) {
		t.Errorf("%v", err)
	}
	gets.Store(0)
	if _, err := c.Get(t.Context(), "html"); err == nil || !strings.Contains(err.Error(), "no job") || gets.Load() != 3 {
		t.Errorf("%v after %d requests", err, gets.Load())
	}
}

// TestLostAnswer: a request that reached the server and was never answered may
// have made a job.
func TestLostAnswer(t *testing.T) {
	var posts atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if posts.Add(1) == 1 {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			conn.Close()
			return
		}
		io.WriteString(w, `{"id":"b"}`)
	}))
	defer s.Close()
	job, lost, err := client(s.URL).Create(t.Context(), nil)
	if err != nil || job.ID != "b" || lost != 1 {
		t.Errorf("%+v, %d lost, %v", job, lost, err)
	}
	s.Close()
	if _, lost, err := client(s.URL).Create(t.Context(), nil); err == nil || lost != 0 {
		t.Errorf("no server: %d lost, %v", lost, err)
	}
}

func TestSlowAnswer(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(5 * time.Second):
		}
	}))
	defer s.Close()
	c := client(s.URL)
	c.Timeout, c.Retries = 100*time.Millisecond, 1
	begun := time.Now()
	if _, err := c.Get(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "no answer within 100ms") {
		t.Errorf("%v", err)
	}
	if took := time.Since(begun); took > 4*time.Second {
		t.Errorf("after %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Get(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestContent(t *testing.T) {
	video := strings.Repeat("video", 1000)
	var gets atomic.Int32
	mux := http.NewServeMux()
	handle := func(id string, f func(n int32, w http.ResponseWriter, r *http.Request)) {
		mux.HandleFunc("GET /v1/videos/"+id+"/content", func(w http.ResponseWriter, r *http.Request) { f(gets.Add(1), w, r) })
	}
	cut := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "5000")
		io.WriteString(w, video[:2000])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	handle("cut-once", func(n int32, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			cut(w)
		}
		io.WriteString(w, video)
	})
	handle("cut", func(_ int32, w http.ResponseWriter, _ *http.Request) { cut(w) })
	handle("empty", func(_ int32, w http.ResponseWriter, _ *http.Request) {})
	handle("stalls", func(_ int32, w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, video[:100])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	handle("failed", func(_ int32, w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"detail":"Video generation failed. Check job status for error details."}`, http.StatusUnprocessableEntity)
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	for _, tc := range []struct {
		id, want string
		gets     int32
	}{
		{"cut-once", "", 2}, {"cut", "after 2000 bytes", 3}, {"empty", "the video is empty", 3}, {"stalls", "nothing came for 300ms", 3}, {"failed", "422", 1}, {"none", "does not know the job", 0},
	} {
		gets.Store(0)
		var got *buffer
		err := client(s.URL).Content(t.Context(), tc.id, func() (io.WriteCloser, error) { got = &buffer{}; return got, nil })
		if tc.want == "" && (err != nil || got.String() != video) || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) || gets.Load() != tc.gets {
			t.Errorf("%s: %v after %d requests", tc.id, err, gets.Load())
		}
	}
	full := errors.New("no space left on device")
	gets.Store(0)
	err := client(s.URL).Content(t.Context(), "cut", func() (io.WriteCloser, error) { return nil, full })
	if !errors.Is(err, full) || gets.Load() != 1 {
		t.Errorf("%v after %d requests: a failure of this side is not repeated", err, gets.Load())
	}
}
