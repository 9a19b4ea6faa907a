package client

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/internal/agent"
	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
)

// pipeline assembles the stages that every request passes, from the outside in: the
// entrance, retries and their log, the gate if there is one, the token and the replay
// after a 401, the limit of the body, and HTTP.
func pipeline(r *resolved, hc *http.Client, src auth.TokenSource) doer {
	own := *hc
	own.Transport = redirects{cmp.Or(hc.Transport, http.DefaultTransport)}
	limit := &limiter{next: own.Do, max: r.maxBytes}
	token := auth.NewAuthorizer(r.base, src, limit, r.cred.OrganizationID)
	retry := &retrier{next: token, max: r.maxRetries, timeout: r.attemptTimeout, patience: r.maxRetryAfter, budget: newBudget(), watch: r.observer().attempt, gating: r.gating, base: r.base.String()}
	return &entrance{next: retry, timeout: r.timeout, agent: strings.TrimSpace(agent.Name() + " " + r.userAgent)}
}

// entrance is the first stage. It applies the time limit of calls.
type entrance struct {
	next    *retrier
	timeout time.Duration
	agent   string
}

func (e *entrance) do(c *call, req *http.Request) (*http.Response, error) {
	c.method, c.path = req.Method, req.URL.Path
	ctx := req.Context()
	if _, bounded := ctx.Deadline(); !bounded && e.timeout > 0 && !c.stream {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, e.timeout)
		resp, err := e.send(c, req.WithContext(ctx))
		if err != nil || c.consume != nil {
			cancel()
		} else {
			onClose(resp, cancel)
		}
		return resp, err
	}
	return e.send(c, req)
}

func (e *entrance) send(c *call, req *http.Request) (*http.Response, error) {
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", e.agent)
	}
	if c.file { // so that net/http leaves the response as it is
		req.Header.Set("Accept-Encoding", "gzip")
	}
	return e.next.do(c, req)
}

// defaultTransport is shared by all clients without WithHTTPClient, so that they share
// connections and tokens.
var defaultTransport = sync.OnceValue(NewTransport)

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
	b := &body{rc: resp.Body, left: l.max, max: l.max}
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

// A body is the body of a response. It has a limit, and keeps the error that ended it.
type body struct {
	rc      io.ReadCloser
	left    int64 // the number of bytes that may still be read
	max     int64
	cut     bool // at the limit, end rather than fail
	n       int64
	first   [2]byte  // the beginning
	mark    int      // the number of bytes of a byte order mark that may begin here; -1 for none
	err     error    // the error of rc other than io.EOF
	closers []func() // called once, by Close
}

// A readCloser reads from one place and closes another.
type readCloser struct {
	io.Reader
	io.Closer
}

// A brokenReader returns an error.
type brokenReader struct{ err error }

func (f brokenReader) Read([]byte) (int, error) { return 0, f.err }

// decompress makes b read a body that net/http did not decompress. The encodings that
// nobody asked for are an error that names them.
func (b *body) decompress(resp *http.Response) {
	switch encoding := encodingOf(resp.Header); encoding {
	case "":
	case "gzip":
		b.rc = readCloser{&gunzip{from: b.rc}, b.rc}
		resp.Header.Del("Content-Encoding")
		resp.ContentLength, resp.Uncompressed = -1, true
	default:
		b.rc = readCloser{brokenReader{unknownEncoding(encoding)}, b.rc}
	}
}

// encodingOf returns how a body is encoded, "" if it is not.
func encodingOf(h http.Header) string {
	switch encoding := strings.ToLower(strings.TrimSpace(strings.Join(h.Values("Content-Encoding"), ", "))); encoding {
	case "identity":
		return ""
	case "x-gzip":
		return "gzip"
	default:
		return encoding
	}
}

func unknownEncoding(encoding string) *Error {
	return &Error{kind: ErrBadResponse, Message: fmt.Sprintf("the response is encoded with %q, which the client did not ask for and does not understand", answer.Line(shorten(encoding)))}
}

// A gunzip decompresses what it reads.
type gunzip struct {
	from io.Reader
	z    *gzip.Reader
}

func (g *gunzip) Read(p []byte) (n int, err error) {
	if g.z == nil {
		if g.z, err = gzip.NewReader(g.from); err != nil {
			return 0, err
		}
	}
	return g.z.Read(p)
}

// empty reports whether the body has no bytes.
func (b *body) empty() bool {
	var one [1]byte
	n, err := io.ReadFull(b.rc, one[:])
	rest := b.rc
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return true
	case n == 0:
		rest = readCloser{brokenReader{err}, b.rc}
	}
	b.rc = readCloser{io.MultiReader(bytes.NewReader(one[:n]), rest), b.rc}
	return false
}

// isEmpty reports whether a response has no content.
func isEmpty(resp *http.Response) bool {
	b, ok := resp.Body.(*body)
	return ok && b.empty()
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
	if b.n < int64(len(b.first)) {
		copy(b.first[b.n:], p[:n])
	}
	for i := 0; i < n && b.mark >= 0; i++ { // white space is nothing in JSON
		if b.mark == len(byteOrderMark) || p[i] != byteOrderMark[b.mark] {
			b.mark = -1
			break
		}
		p[i] = ' '
		b.mark++
	}
	b.left -= int64(n)
	b.n += int64(n)
	return n, b.note(err)
}

const byteOrderMark = "\ufeff"

// note keeps an error of the network. One of the SDK's own says itself what it is.
func (b *body) note(err error) error {
	if _, own := err.(*Error); err != nil && !own && !errors.Is(err, io.EOF) { //nolint:errorlint // see decompress
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
