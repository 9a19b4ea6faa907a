package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/agent"
)

// pipeline puts together the way of every request, from the outside in:
// log, retry, token and the replay after 401, limit of the body, http.
func pipeline(r *resolved, hc *http.Client, src auth.TokenSource) gen.HttpRequestDoer {
	limit := &limiter{next: hc, max: r.maxBytes}
	token := auth.NewEditor(r.base, src, limit, r.cred.OrganizationID)
	retry := &retrier{next: token, max: r.maxRetries, timeout: r.attemptTimeout, budget: newBudget(), log: r.log}
	return &entrance{next: retry, timeout: r.timeout, agent: strings.TrimSpace(agent.Name() + " " + r.userAgent)}
}

// A call is one use of the service by the program: what all its requests have
// in common. It travels in the ctx.
type call struct {
	op      string // as errors say it: "list connectors"
	name    string // the operationId
	method  string
	path    string
	read    bool // may be sent again when it is unknown whether it was received
	stream  bool // the answer is a file: no limits of size or time
	secrets []string

	confidential bool // a good answer is a secret, and in no error

	// consume reads an answer of status 2xx. With it, a call ends with an
	// *Error for any other answer, and reading is repeated with the request.
	// Without it, the answer is the caller's.
	consume func(*http.Response) error

	sent      atomic.Int32 // requests
	note      string       // why there was no other attempt
	exhausted bool         // it was the budget
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// entrance is where requests come in. Their ctx says what call it is.
type entrance struct {
	next    *retrier
	timeout time.Duration
	agent   string
}

func (e *entrance) Do(req *http.Request) (*http.Response, error) {
	c := callOf(req.Context())
	c.method, c.path = req.Method, req.URL.Path
	ctx := withCall(req.Context(), c)
	if _, bounded := ctx.Deadline(); !bounded && e.timeout > 0 && !c.stream {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, e.timeout)
		resp, err := e.send(ctx, c, req)
		if err != nil || c.consume != nil {
			cancel()
		} else {
			onClose(resp, cancel)
		}
		return resp, err
	}
	return e.send(ctx, c, req)
}

func (e *entrance) send(ctx context.Context, c *call, req *http.Request) (*http.Response, error) {
	req = req.WithContext(ctx)
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", e.agent)
	}
	return e.next.do(c, req)
}

// defaultHTTP is shared by all clients without an HTTP client of their own, so
// that they share connections, and tokens too.
var defaultHTTP = sync.OnceValue(func() *http.Client {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          256,
		MaxIdleConnsPerHost:   64, // net/http keeps 2
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	return &http.Client{Transport: t}
})

// limiter sends requests and bounds what is read of the answers.
type limiter struct {
	next *http.Client
	max  int64
}

func (l *limiter) Do(req *http.Request) (*http.Response, error) {
	c := callOf(req.Context())
	c.sent.Add(1)
	resp, err := l.next.Do(req)
	if err != nil {
		return resp, err
	}
	if resp.Request == nil { // a transport of the user's may leave it out
		resp.Request = req
	}
	b := &body{rc: resp.Body, left: l.max, max: l.max}
	switch {
	case resp.StatusCode/100 != 2:
		b.left, b.cut = maxErrorBody, true
	case c.stream && !isEnvelope(resp.Header):
		b.left = 1<<63 - 1
	}
	resp.Body = b
	return resp, nil
}

// A body is that of an answer. It is read up to a limit and remembers what
// went wrong.
type body struct {
	rc      io.ReadCloser
	left    int64 // bytes to give out
	max     int64
	cut     bool // end at the limit rather than fail
	n       int64
	err     error    // of the network, not io.EOF
	closers []func() // run once, on Close
}

func (b *body) Read(p []byte) (int, error) {
	if b.left <= 0 {
		if b.cut {
			return 0, io.EOF
		}
		var one [1]byte
		if n, err := b.rc.Read(one[:]); n == 0 {
			return 0, b.note(err)
		}
		return 0, fmt.Errorf("%w: more than %d bytes; WithMaxResponseBytes changes the limit", ErrResponseTooLarge, b.max)
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.rc.Read(p)
	b.left -= int64(n)
	b.n += int64(n)
	return n, b.note(err)
}

func (b *body) note(err error) error {
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return err
}

func (b *body) Close() error {
	err := b.rc.Close()
	for _, f := range b.closers {
		f()
	}
	b.closers = nil
	return err
}

// onClose has f called when the body of resp is closed.
func onClose(resp *http.Response, f func()) {
	if b, ok := resp.Body.(*body); ok {
		b.closers = append(b.closers, f)
	}
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// brokenOff is the error of the network that ended the reading of resp, or nil.
func brokenOff(resp *http.Response) error {
	if b, ok := resp.Body.(*body); ok {
		return b.err
	}
	return nil
}

// errAttemptTimeout is os.ErrDeadlineExceeded, as timeouts of the network are,
// and not that of a ctx, which the caller's would be.
var errAttemptTimeout = fmt.Errorf("the request took longer than WithAttemptTimeout allows: %w", os.ErrDeadlineExceeded)
