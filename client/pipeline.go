package client

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/internal/agent"
)

// pipeline assembles the stages that every request passes, from the outside in: the
// entrance, retries and their log, the gate if there is one, the token and the replay
// after a 401, the limit of the body, and HTTP.
func pipeline(r *resolved, hc *http.Client, src auth.TokenSource) doer {
	own := *hc
	own.Transport = redirects{cmp.Or(hc.Transport, http.DefaultTransport)}
	limit := &limiter{next: own.Do, max: r.maxBytes}
	token := auth.NewAuthorizer(r.base, src, limit, r.cred.OrganizationID)
	retry := &retrier{next: token, max: r.maxRetries, timeout: r.attemptTimeout, patience: r.maxRetryAfter, budget: newBudget(), watch: r.watching().attempt, gating: r.gating, base: r.base.String()}
	return &entrance{next: retry, timeout: r.timeout, agent: strings.TrimSpace(agent.Name() + " " + r.userAgent)}
}

// entrance is the first stage. It puts the call into the ctx of its request, and applies
// the time limit of calls.
type entrance struct {
	next    *retrier
	timeout time.Duration
	agent   string
}

func (e *entrance) do(ctx context.Context, c *call, req *http.Request) (*http.Response, error) {
	c.method, c.path = req.Method, req.URL.Path
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", e.agent)
	}
	if c.file { // so that net/http leaves the response as it is
		req.Header.Set("Accept-Encoding", "gzip")
	}
	limit := e.timeout
	if c.stream {
		limit = 0
	}
	ctx, cancel := limitedBy(withCall(ctx, c), limit)
	resp, err := e.next.do(c, req.WithContext(ctx))
	switch {
	case cancel == nil:
	case err != nil || c.consume != nil:
		cancel()
	default:
		onClose(resp, cancel)
	}
	return resp, err
}

// limitedBy returns a ctx that ends after d, the time of [WithTimeout], and what frees it.
// If d is 0 or ctx has a deadline, it returns ctx itself, and nil.
func limitedBy(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if _, bounded := ctx.Deadline(); bounded || d <= 0 {
		return ctx, nil
	}
	return context.WithTimeout(ctx, d)
}

// defaultTransport is shared by all clients without WithHTTPClient, so that they share
// connections and tokens.
var defaultTransport = sync.OnceValue(NewTransport)

// NewTransport returns a new transport like the one that clients use without
// [WithHTTPClient]: up to 64 idle connections per host, HTTP/2, the proxy of the
// environment, and at most 10 seconds for a connection. Change it, or wrap it for
// tracing, and give it to WithHTTPClient. Use one for the whole program: each has
// idle connections of its own, which stay open for a while, and clients share a token
// only if they share the transport.
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
	next func(*http.Request) (*http.Response, error) // not an http.Client, which would link what prints cookies
	max  int64
}

func (l *limiter) Do(req *http.Request) (*http.Response, error) {
	c := callOf(req.Context())
	c.sent.Add(1)
	c.redirect.Store(0)
	resp, err := l.next(req)
	if err != nil {
		return resp, err
	}
	if resp.Request == nil { // a transport of the program may not set it
		resp.Request = req
	}
	b := &limited{rc: resp.Body, left: l.max, max: l.max}
	if c.stream {
		b.mark = -1 // a file stays as it is
	}
	switch {
	case resp.StatusCode/100 != 2:
		b.left, b.cut = maxErrorBody, true
	case c.file, c.stream && !isEnvelope(resp.Header):
		b.left = 1<<63 - 1
	}
	resp.Body = b
	if b.left < 1<<63-1 {
		b.decompress(resp)
	}
	return resp, nil
}

// redirects notes the status of redirects, for the errors of those that are not
// followed. net/http returns no response with some of these errors.
type redirects struct{ next http.RoundTripper }

func (r redirects) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.next.RoundTrip(req)
	if c := callOf(req.Context()); c != nil {
		if err == nil && resp.StatusCode/100 == 3 {
			c.redirect.Store(int32(resp.StatusCode)) //nolint:gosec // three digits
		} else {
			c.redirect.Store(0)
		}
	}
	return resp, err
}
