package agentstest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
)

// Transport returns a transport that calls the service without a network, for
// tests in a [testing/synctest] bubble and for systems that allow no open port.
// It ignores the host of a URL. A response arrives as a whole, once it is
// complete.
//
// Use it with package client like this:
//
//	fake := agentstest.New()
//	ws, err := client.NewWorkspace(
//		client.WithHTTPClient(&http.Client{Transport: fake.Transport()}),
//		client.WithBaseURL(client.DefaultBaseURL),
//		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
//		client.WithOrganizationID(agentstest.OrganizationID),
//		client.WithWorkspaceName(agentstest.WorkspaceName))
//
// In a bubble, a day takes no time. Make the service and the client inside the
// bubble:
//
//	func TestNextDay(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			fake, ws := start(t) // the lines above
//			for range 2 {
//				if _, err := ws.Connector(t.Context(), "github"); err != nil {
//					t.Fatal(err)
//				}
//				time.Sleep(24 * time.Hour) // the token expires
//			}
//			if n := fake.Count("createToken"); n != 2 {
//				t.Errorf("%d requests for a token", n)
//			}
//		})
//	}
func (s *Service) Transport() http.RoundTripper { return memoryTransport{s} }

type memoryTransport struct{ s *Service }

// RoundTrip implements [http.RoundTripper].
func (t memoryTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close() //nolint:errcheck // as every transport does
	}
	ctx := req.Context()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	in := req.Clone(ctx)
	in.RequestURI = req.URL.RequestURI()
	in.RemoteAddr = "memory"
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := &memoryWriter{header: http.Header{}}
	broken := w.serve(t.s, in)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return w.response(req, broken)
}

// A memoryWriter takes the response of a handler without a network.
type memoryWriter struct {
	header  http.Header
	sent    http.Header // header when the status was written
	status  int
	body    bytes.Buffer
	raw     string
	flushed bool // before all of the body was written
}

// serve calls the handler and reports whether it broke the connection.
func (w *memoryWriter) serve(h http.Handler, r *http.Request) (broken bool) {
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			broken = true
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

// Header implements [http.ResponseWriter].
func (w *memoryWriter) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter].
func (w *memoryWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.sent = status, w.header.Clone()
	}
}

// Write implements [http.ResponseWriter].
func (w *memoryWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// Flush implements [http.Flusher].
func (w *memoryWriter) Flush() {
	w.WriteHeader(http.StatusOK)
	w.flushed = true
}

func (w *memoryWriter) response(req *http.Request, broken bool) (*http.Response, error) {
	if w.raw != "" {
		return http.ReadResponse(bufio.NewReader(strings.NewReader(w.raw)), req)
	}
	if broken && w.status == 0 {
		return nil, &net.OpError{Op: "read", Net: "memory", Err: syscall.ECONNRESET}
	}
	w.WriteHeader(http.StatusOK)
	resp := &http.Response{
		Status:     strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		StatusCode: w.status,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     w.sent,
		Request:    req,
	}
	body := io.Reader(bytes.NewReader(w.body.Bytes()))
	written := int64(w.body.Len())
	if w.flushed || broken {
		written = -1 // a server that sends a part does not know the length of the whole
	}
	resp.ContentLength = contentLength(w.sent.Get("Content-Length"), written)
	if req.Method == http.MethodHead {
		body = http.NoBody
	}
	if broken {
		body = io.MultiReader(body, failingReader{})
	}
	resp.Body = &memoryBody{Reader: body, req: req}
	return resp, nil
}

// contentLength reads a Content-Length header. It returns written if there is
// none, and -1 if it is not a number.
func contentLength(header string, written int64) int64 {
	var n int64
	for _, c := range header {
		if c < '0' || c > '9' || n > 1<<50 {
			return -1
		}
		n = n*10 + int64(c-'0')
	}
	if header == "" {
		return written
	}
	return n
}

// A failingReader fails as a connection that breaks.
type failingReader struct{}

// Read implements [io.Reader].
func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A memoryBody fails once the context of the request is done, as a body from a
// network does.
type memoryBody struct {
	io.Reader
	req    *http.Request
	closed bool
}

// Read implements [io.Reader].
func (b *memoryBody) Read(p []byte) (int, error) {
	if err := b.req.Context().Err(); err != nil {
		return 0, err
	}
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	return b.Reader.Read(p)
}

// Close implements [io.Closer].
func (b *memoryBody) Close() error {
	b.closed = true
	return nil
}
