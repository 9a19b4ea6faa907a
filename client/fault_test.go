package client_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A wire is a network with one server, as seen by an http.Transport. It carries
// bytes, so that all of net/http takes part, and works inside synctest bubbles.
type wire struct {
	dial  error                              // of every connection, if not nil
	serve func(c *wireConn, r *http.Request) // responds to one request on a connection of its own

	tries  atomic.Int32 // connections that were requested
	asked  atomic.Int32 // requests that arrived
	wrote  atomic.Int64 // bytes of responses
	mu     sync.Mutex
	others []string // addresses other than that of the service
}

func (w *wire) transport() *http.Transport {
	return &http.Transport{
		DisableKeepAlives: true, // so that every request can be seen as a connection
		DialTLSContext: func(_ context.Context, _, addr string) (net.Conn, error) {
			if addr != "api.test:443" {
				w.mu.Lock()
				w.others = append(w.others, addr)
				w.mu.Unlock()
				return nil, errors.New("no such host in this test")
			}
			w.tries.Add(1)
			if w.dial != nil {
				return nil, w.dial
			}
			near, far := net.Pipe()
			var reset atomic.Bool
			go w.accept(&wireConn{Conn: far, w: w, reset: &reset})
			return &resettable{near, &reset}, nil
		},
	}
}

func (w *wire) accept(c *wireConn) {
	defer c.Close()
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	w.asked.Add(1)
	if _, err := io.Copy(io.Discard, req.Body); err == nil {
		w.serve(c, req)
	}
}

// wireConn is the service's end of a connection.
type wireConn struct {
	net.Conn
	w     *wire
	reset *atomic.Bool
}

func (c *wireConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.w.wrote.Add(int64(n))
	return n, err
}

// kill ends the connection in the way of a peer that crashed.
func (c *wireConn) kill() { c.reset.Store(true); _ = c.Close() }

// hold keeps the connection open until the client closes it.
func (c *wireConn) hold() { _, _ = io.Copy(io.Discard, c.Conn) }

type resettable struct {
	net.Conn
	reset *atomic.Bool
}

func (r *resettable) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	if err != nil && r.reset.Load() {
		err = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	return n, err
}

// raw writes text as it is, with the line ends of HTTP.
func raw(c io.Writer, text string) { _, _ = io.WriteString(c, strings.ReplaceAll(text, "\n", "\r\n")) }

// status responds with a status and a JSON body.
func status(code int, body string, headers ...string) func(*wireConn, *http.Request) {
	return func(c *wireConn, _ *http.Request) {
		h := "Content-Type: application/json\n"
		for _, line := range headers {
			if strings.HasPrefix(line, "Content-Type:") {
				h = ""
			}
		}
		raw(c, fmt.Sprintf("HTTP/1.1 %d %s\n%s%s", code, http.StatusText(code), h, strings.Join(append(headers, ""), "\n")))
		raw(c, fmt.Sprintf("Content-Length: %d\n\n", len(body)))
		_, _ = io.WriteString(c, body)
	}
}

// outcome describes what a caller gets: the kinds that errors.Is finds, the
// status, the cause, and the fields.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	var parts []string
	if k := kinds(err); k != "" {
		parts = append(parts, k)
	}
	var e *client.Error
	if !errors.As(err, &e) {
		return fmt.Sprintf("%T", err)
	}
	if e.StatusCode != 0 {
		parts = append(parts, fmt.Sprint(e.StatusCode))
	}
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	for _, b := range []struct {
		name string
		is   bool
	}{
		{"refused", errors.Is(err, syscall.ECONNREFUSED)},
		{"no such host", errors.As(err, &dns)},
		{"certificate", errors.As(err, &cert)},
		{"reset", errors.Is(err, syscall.ECONNRESET)},
		{"cut off", errors.Is(err, io.ErrUnexpectedEOF)},
		{"closed", errors.Is(err, io.EOF)},
		{"unsafe", errors.Is(err, auth.ErrUnsafe)},
		{"deadline", errors.Is(err, context.DeadlineExceeded)},
		{"timeout", errors.Is(err, os.ErrDeadlineExceeded)},
	} {
		if b.is {
			parts = append(parts, b.name)
		}
	}
	if e.Code != "" {
		parts = append(parts, "code "+e.Code)
	}
	for _, f := range e.Fields {
		parts = append(parts, "field "+f.Field)
	}
	if e.RetryAfter > 0 {
		parts = append(parts, "retry after "+e.RetryAfter.Round(time.Second).String())
	}
	if len(parts) == 0 {
		return "error"
	}
	return strings.Join(parts, " ")
}

// zipped returns s, compressed.
func zipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, s)
	_ = z.Close()
	return b.String()
}

// gzipBomb returns 32 MiB of spaces, compressed to a few bytes.
var gzipBomb = sync.OnceValue(func() string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(bytes.Repeat([]byte(" "), 32<<20))
	_ = z.Close()
	return b.String()
})

const faultOK = `{"status":"success","result":[],"access_token":"t","expires_in":900,"connector_metadata":{},"execution_metadata":{}}`

// TestFault is the fault matrix. For everything that can go wrong on the
// network, it has what the caller of a read, of a write, of a download and of a
// call that needs a token gets, and how many requests were sent ("×3"). With
// -v, it prints the matrix.
func TestFault(t *testing.T) {
	const longBody = "{\"status\": \"success\", \"result\": [" // never ends
	redirect := func(code int, to string) func(*wireConn, *http.Request) {
		return status(code, "", "Location: "+to)
	}
	same := func(s string) [4]string { return [4]string{s, s, s, s} }
	slowBody := func(c *wireConn, _ *http.Request) {
		raw(c, "HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Disposition: attachment\nContent-Length: 1000\n\n"+longBody)
		c.hold()
	}
	rows := []struct {
		name  string
		dial  error
		serve func(*wireConn, *http.Request)
		ctx   time.Duration // of the caller; 10 minutes if 0
		set   func(*http.Client, *http.Transport)
		timed bool      // whether to include how long it took
		limit int64     // of the bytes that may be sent to the client, if not 0
		want  [4]string // read, write, download, token
	}{
		{name: "connection refused", dial: &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
			want: same("ErrNetwork refused ×3")},
		{name: "unknown host", dial: &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "api.test", IsNotFound: true}},
			want: same("ErrNetwork no such host ×3")},
		{name: "wrong certificate", dial: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}},
			want: same("ErrNetwork certificate ×1")},

		{name: "dial timeout", dial: &net.OpError{Op: "dial", Net: "tcp", Err: dialTimeoutError{}}, want: same("ErrNetwork timeout ×3")},
		{name: "proxy refuses", dial: &net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New("407 Proxy Authentication Required")}, want: same("ErrNetwork ×3")},

		{name: "reset before the response", serve: func(c *wireConn, _ *http.Request) { c.kill() },
			want: [4]string{"ErrNetwork reset ×3", "ErrNetwork reset ×1", "ErrNetwork reset ×3", "ErrNetwork reset ×3"}},
		{name: "closed before the response", serve: func(*wireConn, *http.Request) {},
			want: [4]string{"ErrNetwork closed ×3", "ErrNetwork closed ×1", "ErrNetwork closed ×3", "ErrNetwork closed ×3"}},
		{name: "reset in the headers", serve: func(c *wireConn, _ *http.Request) {
			raw(c, "HTTP/1.1 200 OK\nContent-Type: application/json\n")
			c.kill()
		},
			want: [4]string{"ErrNetwork reset ×3", "ErrNetwork reset ×1", "ErrNetwork reset ×3", "ErrNetwork reset ×3"}},
		{name: "no HTTP", serve: func(c *wireConn, _ *http.Request) { raw(c, "SSH-2.0-OpenSSH_9.9\n\n") },
			want: [4]string{"ErrNetwork ×3", "ErrNetwork ×1", "ErrNetwork ×3", "ErrNetwork ×3"}},
		{name: "reset in the body", serve: func(c *wireConn, _ *http.Request) {
			raw(c, "HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Disposition: attachment\nContent-Length: 1000\n\n"+longBody)
			c.kill()
		}, want: [4]string{"ErrNetwork 200 reset ×3", "ErrNetwork 200 reset ×1", "ErrNetwork 200 reset ×1", "ErrNetwork 200 reset ×3"}},
		{name: "truncated body", serve: func(c *wireConn, _ *http.Request) {
			raw(c, "HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Disposition: attachment\nContent-Length: 1000\n\n"+longBody)
		}, want: [4]string{"ErrNetwork 200 cut off ×3", "ErrNetwork 200 cut off ×1", "ErrNetwork 200 cut off ×1", "ErrNetwork 200 cut off ×3"}},
		{name: "truncated chunks", serve: func(c *wireConn, _ *http.Request) {
			raw(c, "HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Disposition: attachment\nTransfer-Encoding: chunked\n\n5\n[1, 2\n")
		}, want: [4]string{"ErrNetwork 200 cut off ×3", "ErrNetwork 200 cut off ×1", "ErrNetwork 200 cut off ×1", "ErrNetwork 200 cut off ×3"}},
		{name: "truncated JSON", serve: status(200, longBody),
			want: [4]string{"ErrNetwork 200 cut off ×3", "ErrNetwork 200 cut off ×1", "ErrNetwork 200 cut off ×1", "ErrNetwork 200 cut off ×3"}},
		{name: "truncated error", serve: func(c *wireConn, _ *http.Request) {
			raw(c, "HTTP/1.1 503 Oh\nContent-Type: application/json\nContent-Length: 1000\n\n{\"message\": \"dow")
		}, want: [4]string{"ErrServer 503 ×3", "ErrServer 503 ×1", "ErrServer 503 ×3", "ErrServer 503 ×3"}},

		{name: "no response", timed: true, serve: func(c *wireConn, _ *http.Request) { c.hold() }, ctx: time.Hour,
			want: [4]string{"ErrNetwork timeout ×3 6m", "ErrNetwork timeout ×1 2m", "ErrNetwork timeout ×3 6m", "ErrNetwork timeout ×3 30s"}},
		{name: "slow body", timed: true, serve: func(c *wireConn, _ *http.Request) {
			raw(c, "HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Disposition: attachment\nContent-Length: 1000\n\n"+longBody)
			c.hold()
		}, ctx: time.Hour, want: [4]string{"ErrNetwork 200 timeout ×3 6m", "ErrNetwork 200 timeout ×1 2m", "ErrNetwork 200 timeout ×1 2m", "ErrNetwork 200 timeout ×3 30s"}},
		{name: "http.Client.Timeout", timed: true, serve: func(c *wireConn, _ *http.Request) { c.hold() }, ctx: time.Hour,
			set: func(hc *http.Client, _ *http.Transport) { hc.Timeout = 5 * time.Second }, want: [4]string{"ErrNetwork timeout ×3 15s", "ErrNetwork timeout ×1 5s", "ErrNetwork timeout ×3 15s", "ErrNetwork timeout ×3 15s"}},
		{name: "http.Client.Timeout in the body", timed: true, serve: slowBody, ctx: time.Hour,
			set: func(hc *http.Client, _ *http.Transport) { hc.Timeout = 5 * time.Second }, want: [4]string{"ErrNetwork 200 timeout ×3 15s", "ErrNetwork 200 timeout ×1 5s", "ErrNetwork 200 timeout ×1 5s", "ErrNetwork 200 timeout ×3 15s"}},
		{name: "ResponseHeaderTimeout", timed: true, serve: func(c *wireConn, _ *http.Request) { c.hold() }, ctx: time.Hour,
			set: func(_ *http.Client, tr *http.Transport) { tr.ResponseHeaderTimeout = 5 * time.Second }, want: [4]string{"ErrNetwork timeout ×3 15s", "ErrNetwork timeout ×1 5s", "ErrNetwork timeout ×3 15s", "ErrNetwork timeout ×3 15s"}},
		{name: "ctx ends before the response", timed: true, serve: func(c *wireConn, _ *http.Request) { c.hold() }, ctx: 5 * time.Second, want: same("deadline ×1 5s")},
		{name: "ctx ends in the body", timed: true, serve: slowBody, ctx: 5 * time.Second, want: [4]string{"200 deadline ×1 5s", "200 deadline ×1 5s", "200 deadline ×1 5s", "deadline ×1 5s"}},

		{name: "HTML with 200", serve: status(200, "<html><title>Sign in</title></html>", "Content-Type: text/html"),
			want: [4]string{"ErrBadResponse 200 ×1", "ErrBadResponse 200 ×1", "ok ×1", "ErrBadResponse 200 ×1"}},
		{name: "JSON as text/plain", serve: status(200, faultOK, "Content-Type: text/plain"),
			want: same("ok ×1")},
		{name: "no JSON with 200", serve: status(200, "upstream says no"), want: same("ErrBadResponse 200 ×1")},
		{name: "other JSON with 200", serve: status(200, `{"data": []}`), want: [4]string{"ErrBadResponse 200 ×1", "ErrBadResponse 200 ×1", "ok ×1", "ErrBadResponse 200 ×1"}},
		{name: "a list with 200", serve: status(200, `[1, 2]`), want: [4]string{"ErrBadResponse 200 ×1", "ErrBadResponse 200 ×1", "ok ×1", "ErrBadResponse 200 ×1"}},
		{name: "byte order mark", serve: status(200, "\ufeff"+faultOK), want: [4]string{"ok ×1", "ok ×1", "ErrBadResponse 200 ×1", "ok ×1"}},
		{name: "NaN", serve: status(200, `{"status":"success","result":[NaN],"access_token":"t","expires_in":NaN}`), want: same("ErrBadResponse 200 ×1")},
		{name: "names twice", serve: status(200, `{"result":[1],"access_token":"x","result":[],"status":"success","access_token":"t","expires_in":900}`), want: [4]string{"ok ×1", "ok ×1", "ErrBadResponse 200 ×1", "ok ×1"}},
		{name: "bytes that are no UTF-8", serve: status(200, "{\"status\":\"success\",\"result\":[\"\xff\"],\"access_token\":\"t\",\"scope\":\"\xff\"}"), want: [4]string{"ok ×1", "ok ×1", "ErrBadResponse 200 ×1", "ok ×1"}},
		{name: "UTF-16", serve: status(200, "\xff\xfe{\x00}\x00"), want: same("ErrBadResponse 200 ×1")},
		{name: "nested too deep", serve: status(200, `{"status":"success","result":[`+strings.Repeat("[", 11_000)+strings.Repeat("]", 11_000)+`]}`), want: [4]string{"ok ×1", "ok ×1", "ErrBadResponse 200 ×1", "ErrBadResponse 200 ×1"}},
		{name: "JSON and more", serve: status(200, faultOK+"\n<!-- cached -->"), want: same("ErrBadResponse 200 ×1")},
		{name: "null", serve: status(200, "null"), want: [4]string{"ErrBadResponse 200 ×1", "ErrBadResponse 200 ×1", "ok ×1", "ErrBadResponse 200 ×1"}},
		{name: "only a status", serve: status(200, `{"status":"success"}`), want: [4]string{"ok ×1", "ok ×1", "ErrBadResponse 200 ×1", "ErrBadResponse 200 ×1"}},
		{name: "an unknown status", serve: status(200, `{"status":"queued","result":null}`), want: [4]string{"ErrExecution 200 ×1", "ErrExecution 200 ×1", "ErrExecution 200 ×1", "ErrBadResponse 200 ×1"}},
		{name: "201", serve: status(201, faultOK), want: [4]string{"ok ×1", "ok ×1", "ErrBadResponse 201 ×1", "ok ×1"}},
		{name: "206", serve: status(206, faultOK), want: [4]string{"ok ×1", "ok ×1", "ErrBadResponse 206 ×1", "ok ×1"}},
		{name: "shorter than its length", serve: func(c *wireConn, _ *http.Request) {
			raw(c, fmt.Sprintf("HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: %d\n\n", len(faultOK)+1)+faultOK)
		}, want: [4]string{"ErrNetwork 200 cut off ×3", "ErrNetwork 200 cut off ×1", "ErrNetwork 200 cut off ×1", "ErrNetwork 200 cut off ×3"}},
		{name: "longer than its length", serve: func(c *wireConn, _ *http.Request) {
			raw(c, fmt.Sprintf("HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: %d\n\n", len(faultOK)-1)+faultOK)
		}, want: [4]string{"ErrNetwork 200 cut off ×3", "ErrNetwork 200 cut off ×1", "ErrNetwork 200 cut off ×1", "ErrNetwork 200 cut off ×3"}},
		{name: "headers of 20 MB", serve: func(c *wireConn, _ *http.Request) {
			raw(c, "HTTP/1.1 200 OK\nX-Long: "+strings.Repeat("x", 20<<20)+"\n\n")
		}, want: [4]string{"ErrNetwork ×3", "ErrNetwork ×1", "ErrNetwork ×3", "ErrNetwork ×3"}},
		{name: "empty 200", serve: status(200, ""), want: [4]string{"ErrBadResponse 200 ×1", "ok ×1", "ErrEmptyDownload 200 ×1", "ErrBadResponse 200 ×1"}},
		{name: "204", serve: func(c *wireConn, _ *http.Request) { raw(c, "HTTP/1.1 204 No Content\n\n") },
			want: [4]string{"ErrBadResponse 204 ×1", "ok ×1", "ErrEmptyDownload 204 ×1", "ErrBadResponse 204 ×1"}},
		{name: "failure with 200", serve: status(200, `{"status":"error","error":{"code":"vendor_down","message":"the vendor is down"}}`),
			want: [4]string{"ErrExecution 200 code vendor_down ×1", "ErrExecution 200 code vendor_down ×1", "ErrExecution 200 code vendor_down ×1", "ErrBadResponse 200 ×1"}},
		{name: "gzip bomb", serve: func(c *wireConn, r *http.Request) { status(200, gzipBomb(), "Content-Encoding: gzip")(c, r) },
			want: [4]string{"ErrResponseTooLarge 200 ×1", "ErrResponseTooLarge 200 ×1", "ErrResponseTooLarge 200 ×1", "ErrBadResponse 200 ×1"}},
		{name: "gzip bomb with 500", serve: func(c *wireConn, r *http.Request) { status(500, gzipBomb(), "Content-Encoding: gzip")(c, r) },
			want: [4]string{"ErrServer 500 ×1", "ErrServer 500 ×1", "ErrServer 500 ×1", "ErrServer 500 ×3"}},
		{name: "error page of 100 MB", limit: 3 << 20, serve: func(c *wireConn, _ *http.Request) {
			raw(c, "HTTP/1.1 500 Oh\nContent-Type: text/html\nContent-Length: 100000000\n\n")
			page := bytes.Repeat([]byte("<p>sorry</p>"), 1<<12)
			for range 100_000_000 / len(page) {
				if _, err := c.Write(page); err != nil {
					return
				}
			}
		}, want: [4]string{"ErrServer 500 ×1", "ErrServer 500 ×1", "ErrServer 500 ×1", "ErrServer 500 ×3"}},

		{name: "redirects in a circle", serve: redirect(307, executePath),
			want: [4]string{"ErrBadResponse 307 ×10", "ErrBadResponse 307 ×10", "ErrBadResponse 307 ×10", "ErrBadResponse 307 ×1"}},
		{name: "redirect elsewhere", serve: redirect(307, "https://evil.test/x"),
			want: [4]string{"ErrBadResponse 307 unsafe ×1", "ErrBadResponse 307 unsafe ×1", "ErrBadResponse 307 unsafe ×1", "ErrBadResponse 307 ×1"}},
		{name: "redirect to http", serve: redirect(308, "http://api.test/x"),
			want: [4]string{"ErrBadResponse 308 unsafe ×1", "ErrBadResponse 308 unsafe ×1", "ErrBadResponse 308 unsafe ×1", "ErrBadResponse 308 ×1"}},
		{name: "POST becomes GET", serve: redirect(302, executePath), want: same("ErrBadResponse 302 ×1")},
		{name: "see other", serve: redirect(303, executePath), want: same("ErrBadResponse 303 ×1")},
		{name: "redirect to no URL", serve: redirect(307, "https://[x"), want: same("ErrBadResponse 307 ×1")},
		{name: "redirect without Location", serve: status(307, ""), want: same("ErrBadResponse 307 ×1")},
		{name: "300", serve: status(300, ""), want: same("ErrBadResponse 300 ×1")},
		{name: "304", serve: func(c *wireConn, _ *http.Request) { raw(c, "HTTP/1.1 304 Not Modified\n\n") }, want: same("ErrBadResponse 304 ×1")},

		{name: "brotli", serve: status(200, "\x0b\x01\x80{}\x03", "Content-Encoding: br"), want: same("ErrBadResponse 200 ×1")},
		{name: "gzip twice", serve: status(200, zipped(zipped(faultOK)), "Content-Encoding: gzip, gzip"), want: same("ErrBadResponse 200 ×1")},
		{name: "gzip twice, said once", serve: status(200, zipped(zipped(faultOK)), "Content-Encoding: gzip"), want: same("ErrBadResponse 200 ×1")},
		{name: "gzip", serve: status(200, zipped(faultOK), "Content-Encoding: gzip", "X-Not-Asked: true"),
			want: [4]string{"ok ×1", "ok ×1", "ErrBadResponse 200 ×1", "ok ×1"}},
		{name: "no gzip", serve: status(200, faultOK, "Content-Encoding: gzip"), want: same("ErrBadResponse 200 ×1")},
		{name: "gzip cut off", serve: status(200, zipped(faultOK)[:40], "Content-Encoding: gzip"),
			want: [4]string{"ErrNetwork 200 cut off ×3", "ErrNetwork 200 cut off ×1", "ErrNetwork 200 cut off ×1", "ErrNetwork 200 cut off ×3"}},

		{name: "400", serve: status(400, `{"message":"no","errors":[{"field":"per_page","message":"too large","error_code":"max"}]}`),
			want: [4]string{"ErrInvalid 400 code max field per_page ×1", "ErrInvalid 400 code max field per_page ×1", "ErrInvalid 400 code max field per_page ×1", "ErrInvalid 400 code max ×1"}},
		{name: "401", serve: status(401, `{"message":"no"}`), want: same("ErrUnauthorized 401 ×1")},
		{name: "403", serve: status(403, `{"message":"no"}`), want: same("ErrForbidden 403 ×1")},
		{name: "404", serve: status(404, `{"message":"no"}`), want: [4]string{"ErrNotFound 404 ×1", "ErrNotFound 404 ×1", "ErrNotFound 404 ×1", "404 ×1"}},
		{name: "402", serve: status(402, `{"message":"no"}`), want: same("ErrUsageExceeded 402 ×1")},
		{name: "405", serve: status(405, `{"message":"no"}`), want: same("405 ×1")},
		{name: "407", serve: status(407, ""), want: same("407 ×1")},
		{name: "413", serve: status(413, ""), want: same("413 ×1")},
		{name: "418", serve: status(418, ""), want: same("418 ×1")},
		{name: "600", serve: status(600, ""), want: [4]string{"ErrServer 600 ×1", "ErrServer 600 ×1", "ErrServer 600 ×1", "ErrServer 600 ×3"}},
		{name: "100", serve: func(c *wireConn, _ *http.Request) { raw(c, strings.Repeat("HTTP/1.1 100 Continue\n\n", 20)) }, want: [4]string{"ErrNetwork cut off ×3", "ErrNetwork cut off ×1", "ErrNetwork cut off ×3", "ErrNetwork cut off ×3"}},
		{name: "408", serve: status(408, ""), want: [4]string{"408 ×3", "408 ×1", "408 ×3", "408 ×3"}},
		{name: "409", serve: status(409, `{"message":"no"}`), want: same("409 ×1")},
		{name: "422", serve: status(422, `{"detail":[{"loc":["body","id"],"msg":"missing","type":"missing"}]}`),
			want: [4]string{"ErrInvalid 422 code missing field id ×1", "ErrInvalid 422 code missing field id ×1", "ErrInvalid 422 code missing field id ×1", "ErrInvalid 422 code missing ×1"}},
		{name: "429", serve: status(429, ""), want: same("ErrRateLimited 429 ×3")},
		{name: "429, seconds", timed: true, serve: status(429, "", "Retry-After: 10"), want: same("ErrRateLimited 429 retry after 10s ×3 20s")},
		{name: "429, date", timed: true, serve: func(c *wireConn, r *http.Request) {
			status(429, "", "Retry-After: "+time.Now().Add(9*time.Second).UTC().Format(http.TimeFormat))(c, r)
		}, want: same("ErrRateLimited 429 retry after 9s ×3 18s")},
		{name: "429, date of a clock that is wrong", timed: true, serve: func(c *wireConn, r *http.Request) {
			now := time.Now().Add(-time.Hour).UTC()
			status(429, "", "Date: "+now.Format(http.TimeFormat), "Retry-After: "+now.Add(9*time.Second).Format(http.TimeFormat))(c, r)
		}, want: same("ErrRateLimited 429 retry after 9s ×3 18s")},
		{name: "429, Infinity", serve: status(429, "", "Retry-After: Infinity"), want: same("ErrRateLimited 429 ×3")},
		{name: "429, in the year 9998", serve: status(429, "", "Retry-After: Fri, 31 Dec 9998 23:59:59 GMT"), want: same("ErrRateLimited 429 retry after 8760h0m0s ×1")},
		{name: "429, beyond the cap", timed: true, serve: status(429, "", "Retry-After: 61"), want: same("ErrRateLimited 429 retry after 1m1s ×1 0s")},
		{name: "429, beyond the ctx", timed: true, serve: status(429, "", "Retry-After: 20"), ctx: 15 * time.Second,
			want: [4]string{"ErrRateLimited 429 retry after 20s ×1 0s", "ErrRateLimited 429 retry after 20s ×1 0s", "ErrRateLimited 429 retry after 20s ×1 0s", "deadline ×1 15s"}},
		{name: "500", serve: status(500, ""), want: [4]string{"ErrServer 500 ×1", "ErrServer 500 ×1", "ErrServer 500 ×1", "ErrServer 500 ×3"}},
		{name: "502", serve: status(502, "<h1>Bad Gateway</h1>", "Content-Type: text/html"), want: [4]string{"ErrServer 502 ×3", "ErrServer 502 ×1", "ErrServer 502 ×3", "ErrServer 502 ×3"}},
		{name: "503", serve: status(503, ""), want: [4]string{"ErrServer 503 ×3", "ErrServer 503 ×1", "ErrServer 503 ×3", "ErrServer 503 ×3"}},
		{name: "504", serve: status(504, ""), want: [4]string{"ErrServer 504 ×3", "ErrServer 504 ×1", "ErrServer 504 ×3", "ErrServer 504 ×3"}},
	}
	columns := []struct {
		name string
		do   func(ctx context.Context, c *client.Connector) error
	}{
		{"read", func(ctx context.Context, c *client.Connector) error {
			_, err := c.Execute(ctx, "issues", "list", nil)
			return err
		}},
		{"write", func(ctx context.Context, c *client.Connector) error {
			_, err := c.Execute(ctx, "issues", "create", client.Params{"title": "x"})
			return err
		}},
		{"download", func(ctx context.Context, c *client.Connector) error {
			d, err := c.Download(ctx, "files", nil)
			if err != nil {
				return err
			}
			defer d.Close()
			_, err = io.Copy(io.Discard, d)
			return err
		}},
		{"token", func(ctx context.Context, c *client.Connector) error {
			_, err := c.Execute(ctx, "issues", "list", nil)
			return err
		}},
	}

	var matrix strings.Builder
	table := tabwriter.NewWriter(&matrix, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "fault")
	for _, col := range columns {
		fmt.Fprint(table, "\t"+col.name)
	}
	fmt.Fprintln(table)
	for _, row := range rows {
		fmt.Fprint(table, row.name)
		for i, col := range columns {
			t.Run(row.name+"/"+col.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := &wire{dial: row.dial, serve: row.serve}
					tr := w.transport()
					hc := &http.Client{Transport: tr}
					if row.set != nil {
						row.set(hc, tr)
					}
					opts := []client.Option{client.WithMaxResponseBytes(1 << 20), client.WithHTTPClient(hc)}
					var c *client.Client
					if col.name == "token" {
						w.serve = func(c *wireConn, r *http.Request) {
							if r.URL.Path != tokenPath {
								w.asked.Add(-1) // before the response, since the count is read after it
								status(200, faultOK)(c, r)
								return
							}
							row.serve(c, r)
						}
						c = newClientOfApp(t, tr, opts...)
					} else {
						c = newClient(t, tr, opts...)
					}
					life := row.ctx
					if life == 0 {
						life = 10 * time.Minute
					}
					ctx, cancel := context.WithTimeout(t.Context(), life)
					defer cancel()
					start := time.Now()
					err := col.do(ctx, connectorOf(c))
					took := time.Since(start)
					n := int(w.asked.Load())
					if row.dial != nil {
						n = int(w.tries.Load())
					}
					cell := fmt.Sprintf("%s ×%d", outcome(err), n)
					if row.timed {
						cell += " " + roughly(took)
					}
					fmt.Fprint(table, "\t"+cell)
					if cell != row.want[i] {
						t.Errorf("got  %s\nwant %s\n%v", cell, row.want[i], err)
					}
					if row.limit > 0 && w.wrote.Load() > row.limit*int64(n) {
						t.Errorf("%d bytes of the response were taken", w.wrote.Load())
					}
					if len(w.others) > 0 {
						t.Errorf("connected to %v", w.others)
					}
					if err != nil && !strings.HasPrefix(cell, "deadline ×1") { // which says nothing about a fetch that is still in progress
						checkFault(t, err, n)
					}
					time.Sleep(time.Minute) // until such a fetch has ended
					tr.CloseIdleConnections()
					synctest.Wait()
				})
			})
		}
		fmt.Fprintln(table)
	}
	_ = table.Flush()
	t.Log("what the caller gets, and the number of requests:\n" + matrix.String())
}

// roughly returns d in minutes, or in seconds if it is short, since pauses are
// random.
func roughly(d time.Duration) string {
	if d >= time.Minute {
		return strings.TrimSuffix(d.Truncate(time.Minute).String(), "0s")
	}
	return d.Truncate(time.Second).String()
}

// checkFault checks what must hold for every error.
func checkFault(t *testing.T, err error, requests int) {
	t.Helper()
	e := asError(t, err)
	text := err.Error()
	switch {
	case !strings.HasPrefix(text, "client: "), strings.ContainsAny(text, "\r\n\x00"), len(text) > 1500:
		t.Errorf("the text is not one short line that begins with the package: %q", text)
	case strings.Contains(text, stubToken), strings.Contains(text, "app-secret"):
		t.Errorf("the text has a secret in it: %q", text)
	}
	if e.Attempts != requests && requests != 10 { // redirects are followed by net/http
		t.Errorf("Attempts is %d after %d requests", e.Attempts, requests)
	}
	if e.Attempts > 1 {
		wantText(t, err, fmt.Sprintf("%d attempts", e.Attempts))
	}
	if e.Method != http.MethodPost || e.Path != executePath {
		t.Errorf("the error is of %s %s", e.Method, e.Path)
	}
}

// A response of another form is not the service's, and the error says where it
// differs.
func TestResponseOfAnotherForm(t *testing.T) {
	for body, want := range map[string]string{
		`[1]`:          "not of the expected form",
		`{"data":"x"}`: "not of the expected form: at byte 8, in /data",
	} {
		_, err := newClient(t, serve(t, says(200, body))).Workspace("w").ListConnectors(t.Context())
		wantKinds(t, err, "ErrBadResponse")
		wantText(t, err, want)
		if strings.HasSuffix(want, "form") && strings.Contains(err.Error(), ", at ") {
			t.Error(err)
		}
	}
}
