// Package videoapi is a client of the asynchronous video API that OpenAI
// defined and vLLM-Omni serves: POST /v1/videos makes a job, GET /v1/videos/{id}
// tells how it is, GET /v1/videos/{id}/content is the video.
//
// Paths, form fields, job fields and status codes are those of vLLM-Omni
// (vllm-project/vllm-omni): docs/serving/videos_api.md at
// b82abf662ab05c7303b39620596f7a4dff23694b and
// vllm_omni/entrypoints/openai/protocol/videos.py at
// 48e60262553e3b7d28a95e05fbcdd431c4ef04f0.
package videoapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// States of a job.
const (
	Queued     = "queued"
	InProgress = "in_progress"
	Completed  = "completed"
	Failed     = "failed"
)

// Job is what a server tells about a generation. What it does not tell is zero.
type Job struct {
	ID       string  `json:"id"`
	Status   string  `json:"status"`
	Progress float64 `json:"progress"` // percent
	Error    *Fault  `json:"error"`

	InferenceSeconds float64            `json:"inference_time_s"`
	StageSeconds     map[string]float64 `json:"stage_durations"`
	PeakMemoryMB     float64            `json:"peak_memory_mb"` // of the device, in the server's megabytes
}

// Fault is why a job failed.
type Fault struct {
	Code    any    `json:"code"` // a number or a word
	Message string `json:"message"`
}

// ErrLost means that the server does not know the job (any more).
var ErrLost = errors.New("the server does not know the job")

// StatusError is an answer that is none.
type StatusError struct {
	Method, URL string
	Code        int
	Text        string // beginning of the body
	After       time.Duration
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s %s: %d %s: %s", e.Method, e.URL, e.Code, http.StatusText(e.Code), e.Text)
}

// temporary tells whether the same request may succeed later.
func (e *StatusError) temporary() bool {
	return e.Code >= 500 || e.Code == http.StatusTooManyRequests || e.Code == http.StatusRequestTimeout
}

// Client talks to one server. Requests that fail for a passing reason are
// repeated with growing pauses.
type Client struct {
	Base    string // http://HOST:PORT
	Header  http.Header
	Timeout time.Duration // of a request without its video
	Stall   time.Duration // longest silence while a video is read
	Retries int           // of one request, in a row
	Pause   time.Duration // before the first repetition; then twice as long each time, at most maxPause

	http http.Client
}

const (
	maxPause  = time.Minute
	maxAnswer = 4 << 20 // bytes of JSON
	maxText   = 300     // of a body that is shown
)

// Create makes a job. A request whose answer was lost is sent again, which may
// leave a job that nobody fetches; lost counts these.
func (c *Client) Create(ctx context.Context, fields [][2]string) (job Job, lost int, err error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, f := range fields {
		if err := w.WriteField(f[0], f[1]); err != nil {
			return job, 0, fmt.Errorf("videoapi: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return job, 0, fmt.Errorf("videoapi: %w", err)
	}
	err = c.repeat(ctx, func() error {
		job = Job{}
		err := c.json(ctx, http.MethodPost, "/v1/videos", bytes.NewReader(body.Bytes()), w.FormDataContentType(), &job)
		var status *StatusError
		var dial *net.OpError
		unsent := errors.As(err, &dial) && dial.Op == "dial"
		if err != nil && ctx.Err() == nil && !errors.As(err, &status) && !unsent {
			lost++
		}
		if err == nil && job.ID == "" {
			return fmt.Errorf("videoapi: POST %s/v1/videos: the answer has no id", c.Base)
		}
		return err
	})
	return job, lost, err
}

// Get asks for a job.
func (c *Client) Get(ctx context.Context, id string) (job Job, err error) {
	err = c.repeat(ctx, func() error {
		job = Job{}
		return c.json(ctx, http.MethodGet, "/v1/videos/"+url.PathEscape(id), nil, "", &job)
	})
	if err == nil {
		switch job.Status {
		case Queued, InProgress, Completed, Failed:
		default:
			err = fmt.Errorf("videoapi: job %s at %s has status %q: want %s, %s, %s or %s", id, c.Base, job.Status, Queued, InProgress, Completed, Failed)
		}
	}
	return job, lostJob(err)
}

// Delete cancels a job and removes its output. It is tried once.
func (c *Client) Delete(ctx context.Context, id string) error {
	var answer json.RawMessage
	return lostJob(c.json(ctx, http.MethodDelete, "/v1/videos/"+url.PathEscape(id), nil, "", &answer))
}

func lostJob(err error) error {
	var status *StatusError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		return fmt.Errorf("%w: %w", ErrLost, err)
	}
	return err
}

// Content writes the video to what open makes, which is called anew for every
// attempt, and checks its length against what the server announced.
func (c *Client) Content(ctx context.Context, id string, open func() (io.WriteCloser, error)) error {
	err := c.repeat(ctx, func() error { return c.content(ctx, id, open) })
	return lostJob(err)
}

func (c *Client) content(ctx context.Context, id string, open func() (io.WriteCloser, error)) error {
	// No limit for the whole, but one for silence.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(c.Stall, func() { cancel(fmt.Errorf("videoapi: nothing came for %s", c.Stall)) })
	defer silence.Stop()
	res, err := c.do(ctx, http.MethodGet, "/v1/videos/"+url.PathEscape(id)+"/content", nil, "")
	if err != nil {
		return cause(ctx, err)
	}
	defer res.Body.Close()
	w, err := open()
	if err != nil {
		return &localError{err}
	}
	n, err := io.Copy(&local{w}, &alive{res.Body, silence, c.Stall})
	if cerr := w.Close(); err == nil && cerr != nil {
		err = &localError{cerr}
	}
	switch {
	case err != nil:
		return fmt.Errorf("videoapi: GET %s: after %d bytes: %w", res.Request.URL, n, cause(ctx, err))
	case res.ContentLength >= 0 && n != res.ContentLength:
		return fmt.Errorf("videoapi: GET %s: %d bytes, %d were announced", res.Request.URL, n, res.ContentLength)
	case n == 0:
		return fmt.Errorf("videoapi: GET %s: the video is empty", res.Request.URL)
	}
	return nil
}

// localError is a failure on this side: repeating does not help.
type localError struct{ err error }

func (e *localError) Error() string { return e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

// local marks the errors of a writer.
type local struct{ w io.Writer }

func (l *local) Write(p []byte) (int, error) {
	n, err := l.w.Write(p)
	if err != nil {
		err = &localError{err}
	}
	return n, err
}

// alive puts off the end with every piece that comes.
type alive struct {
	r     io.Reader
	t     *time.Timer
	stall time.Duration
}

func (a *alive) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	if n > 0 {
		a.t.Reset(a.stall)
	}
	return n, err
}

func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil && ctx.Err() != nil {
		return c
	}
	return err
}

// repeat tries until it works, what fails is not of a passing kind, or the
// retries are used up.
func (c *Client) repeat(ctx context.Context, try func() error) error {
	pause := c.Pause
	for attempt := 0; ; attempt++ {
		err := try()
		if err == nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		var status *StatusError
		var here *localError
		if errors.As(err, &status) && !status.temporary() || errors.As(err, &here) || attempt >= c.Retries {
			return err
		}
		wait := pause/2 + time.Duration(rand.Int64N(int64(pause)+1)) // 0.5 to 1.5 of it: many clients do not come back at once
		if status != nil {
			wait = max(wait, min(status.After, maxPause))
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
		pause = min(2*pause, maxPause)
	}
}

// json makes a request and decodes the answer.
func (c *Client) json(ctx context.Context, method, path string, body io.Reader, kind string, into any) error {
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.Timeout, fmt.Errorf("videoapi: %s %s: no answer within %s", method, c.Base+path, c.Timeout))
		defer cancel()
	}
	res, err := c.do(ctx, method, path, body, kind)
	if err != nil {
		return cause(ctx, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("videoapi: %s %s: %w", method, res.Request.URL, cause(ctx, err))
	}
	if len(data) > maxAnswer {
		return fmt.Errorf("videoapi: %s %s: an answer of more than %d bytes", method, res.Request.URL, maxAnswer)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("videoapi: %s %s: the answer is no job: %w: %s", method, res.Request.URL, err, clip(data))
	}
	return nil
}

// do makes a request; an answer that is not 2xx is a StatusError.
func (c *Client) do(ctx context.Context, method, path string, body io.Reader, kind string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.Base, "/")+path, body)
	if err != nil {
		return nil, fmt.Errorf("videoapi: %w", err)
	}
	for k, v := range c.Header {
		req.Header[k] = v
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("videoapi: %w", err)
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 4*maxText))
	e := &StatusError{Method: method, URL: req.URL.String(), Code: res.StatusCode, Text: clip(text)}
	if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && s > 0 {
		e.After = time.Duration(s) * time.Second
	}
	return nil, e
}

func clip(b []byte) string {
	s := strings.Join(strings.Fields(strings.ToValidUTF8(string(b), "?")), " ")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "..." // not half a character
	}
	return s
}
