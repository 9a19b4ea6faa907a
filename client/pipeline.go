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

// pipeline assembles the stages that every request passes, from the outside in: the
// entrance, retries and their log, the gate if there is one, the token and the replay
// after a 401, the limit of the body, and HTTP.
func pipeline(r *resolved, hc *http.Client, src auth.TokenSource) gen.HttpRequestDoer {
	limit := &limiter{next: hc, max: r.maxBytes}
	token := auth.NewAuthorizer(r.base, src, limit, r.cred.OrganizationID)
	retry := &retrier{next: token, max: r.maxRetries, timeout: r.attemptTimeout, budget: newBudget(), watch: r.observer().attempt, gating: r.gating, base: r.base.String()}
	return &entrance{next: retry, timeout: r.timeout, agent: strings.TrimSpace(agent.Name() + " " + r.userAgent)}
}

// A call is one call of the SDK by the program, with what all its requests have in
// common. Its ctx carries it through the pipeline.
type call struct {
	op      string // what errors call it, such as "list connectors"
	name    string // the operationId
	method  string
	path    string
	read    bool     // retry even if the request may have been received
	stream  bool     // the response is a file: no limit of its size or time
	secrets []string // what the request contains and errors must not

	entity, action string        // of an execution
	key            string        // in the gate; "" if it is not known yet
	held           time.Duration // how long the gate held back the attempt

	confidential bool // the response is a secret, and errors must not contain it

	// consume reads a response with status 2xx. If it is set, the call ends with an
	// *Error for any other status, and a failure to read is retried. If it is nil,
	// the caller gets the response.
	consume func(*http.Response) error

	sent      atomic.Int32 // the number of requests sent
	note      string       // why there was no further attempt
	exhausted bool         // because the budget was used up
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// entrance is the first stage. It finds the call in the ctx of a request, and applies
// the time limit of calls.
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

// defaultHTTP is shared by all clients without WithHTTPClient, so that they share
// connections and tokens.
var defaultHTTP = sync.OnceValue(func() *http.Client { return &http.Client{Transport: NewTransport()} })

// NewTransport returns a new transport like the one that clients use without
// [WithHTTPClient]: up to 64 idle connections per host, HTTP/2, the proxy of the
// environment, and at most 10 seconds for a connection. Change it, or wrap it for
// tracing, and give it to WithHTTPClient. Use one for the whole program: each has
// connections of its own.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          256,
		MaxIdleConnsPerHost:   64, // net/http keeps 2
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// limiter sends requests and limits the size of the responses.
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
	if resp.Request == nil { // a transport of the program may not set it
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

// A body is the body of a response. It has a limit, and keeps the error that ended it.
type body struct {
	rc      io.ReadCloser
	left    int64 // the number of bytes that may still be read
	max     int64
	cut     bool // at the limit, end rather than fail
	n       int64
	err     error    // the error of rc other than io.EOF
	closers []func() // called once, by Close
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

// onClose makes the body of resp call f when it is closed.
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

// brokenOff returns the error that ended the body of resp, or nil.
func brokenOff(resp *http.Response) error {
	if b, ok := resp.Body.(*body); ok {
		return b.err
	}
	return nil
}

// errAttemptTimeout matches os.ErrDeadlineExceeded, as timeouts of the network do. It
// does not match context.DeadlineExceeded, which would mean the caller's ctx.
var errAttemptTimeout = fmt.Errorf("the request took longer than WithAttemptTimeout allows: %w", os.ErrDeadlineExceeded)
