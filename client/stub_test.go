package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// TestMain keeps the configuration of the machine out of the tests.
func TestMain(m *testing.M) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AIRBYTE_") {
			_ = os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}

const (
	stubURL     = "https://api.test"
	stubToken   = "stub-token-4711" // of the clients that newClient returns
	stubID      = "0a1b2c3d-0000-4000-8000-00000000000a"
	stubOrg     = "0a1b2c3d-0000-4000-8000-00000000000b"
	tokenPath   = "/api/v1/account/applications/token"
	scopedPath  = "/api/v1/account/applications/scoped-token"
	listPath    = "/api/v1/integrations/connectors"
	executePath = "/api/v1/integrations/connectors/" + stubID + "/execute"
)

// A reply returns the response to a request, or the error of getting none.
type reply func(*http.Request) (*http.Response, error)

// says is a response with a JSON body, unless headers, pairs of name and value,
// have another Content-Type.
func says(status int, body string, headers ...string) reply {
	return sends(status, func(*http.Request) io.Reader { return strings.NewReader(body) }, int64(len(body)), headers...)
}

// sends is a response whose body is created for each request. Its length may be
// -1.
func sends(status int, body func(*http.Request) io.Reader, length int64, headers ...string) reply {
	return func(req *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json"}}
		for i := 0; i+1 < len(headers); i += 2 {
			if h.Set(headers[i], headers[i+1]); headers[i+1] == "" {
				h.Del(headers[i])
			}
		}
		return &http.Response{
			Status: http.StatusText(status), StatusCode: status, Header: h,
			Body: io.NopCloser(body(req)), ContentLength: length, Request: req,
			Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		}, nil
	}
}

// fails is a network error.
func fails(err error) reply {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hangs sends no response until the client gives up.
func hangs(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// later is r after a delay.
func later(d time.Duration, r reply) reply {
	return func(req *http.Request) (*http.Response, error) {
		select {
		case <-time.After(d):
			return r(req)
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
}

// ok is the response of an execution that succeeded.
func ok(result string) reply {
	return says(http.StatusOK, `{"status":"success","result":`+result+`,"connector_metadata":{},"execution_metadata":{"connector_instance_id":"source_id:`+stubID+`","execution_time_ms":3}}`)
}

// breaksOff reads text and then fails.
type breaksOff struct {
	text io.Reader
	err  error
}

func (b *breaksOff) Read(p []byte) (int, error) {
	n, err := b.text.Read(p)
	if err == io.EOF {
		err = b.err
	}
	return n, err
}

// stuck reads text and then waits until the ctx of the request is done.
type stuck struct {
	text io.Reader
	ctx  context.Context
}

func (s *stuck) Read(p []byte) (int, error) {
	n, err := s.text.Read(p)
	if err == io.EOF {
		<-s.ctx.Done()
		err = s.ctx.Err()
	}
	return n, err
}

// A sent is a request as the service received it.
type sent struct {
	Method, Host, Path, Query string
	Header                    http.Header
	Body                      string
	At                        time.Time
}

// decoded returns the JSON body.
func (s sent) decoded(t testing.TB) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(s.Body), &m); err != nil {
		t.Fatalf("the body %q is not JSON: %v", s.Body, err)
	}
	return m
}

// A stub is an in-memory service. It works inside synctest bubbles, counts the
// bodies that are not closed, and responds to token requests by itself.
type stub struct {
	replies []reply            // one after the other; the last one repeats
	route   func(r sent) reply // instead of replies; nil for 404
	token   reply              // instead of tokens numbered token-1, token-2…

	mu     sync.Mutex
	sent   []sent // without token requests
	tokens int    // token requests
	open   int    // bodies that were not closed
}

// serve returns a stub that responds with replies, one after the other. The
// last one repeats.
func serve(t testing.TB, replies ...reply) *stub {
	s := &stub{replies: replies}
	t.Cleanup(func() { s.checkClosed(t) })
	return s
}

// serveRoutes returns a stub that responds by "METHOD path".
func serveRoutes(t testing.TB, routes map[string]reply) *stub {
	s := serve(t)
	s.route = func(r sent) reply { return routes[r.Method+" "+r.Path] }
	return s
}

func (s *stub) checkClosed(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != 0 {
		t.Errorf("%d bodies of responses were left open", s.open)
	}
}

func (s *stub) RoundTrip(req *http.Request) (*http.Response, error) {
	r := sent{Method: req.Method, Host: req.URL.Host, Path: req.URL.Path, Query: req.URL.RawQuery, Header: req.Header.Clone(), At: time.Now()}
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, err
		}
		r.Body = string(body)
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	resp, err := s.reply(r)(req)
	if resp != nil {
		s.mu.Lock()
		s.open++
		s.mu.Unlock()
		resp.Body = &counted{ReadCloser: resp.Body, s: s}
	}
	return resp, err
}

func (s *stub) reply(r sent) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Path == tokenPath {
		s.tokens++
		if s.token != nil {
			return s.token
		}
		return says(http.StatusOK, fmt.Sprintf(`{"access_token":"token-%d","token_type":"Bearer","expires_in":900}`, s.tokens))
	}
	s.sent = append(s.sent, r)
	var answer reply
	switch {
	case s.route != nil:
		answer = s.route(r)
	case len(s.replies) > 0:
		answer = s.replies[min(len(s.sent), len(s.replies))-1]
	}
	if answer == nil {
		answer = says(http.StatusNotFound, `{"message":"the stub has no response to `+r.Method+" "+r.Path+`"}`)
	}
	return answer
}

// requests returns the requests that were sent, without token requests.
func (s *stub) requests() []sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]sent(nil), s.sent...)
}

func (s *stub) tokenRequests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens
}

// wantSent checks how many requests were sent.
func (s *stub) wantSent(t testing.TB, want int) {
	t.Helper()
	if got := s.requests(); len(got) != want {
		var lines []string
		for _, r := range got {
			lines = append(lines, r.Method+" "+r.Path)
		}
		t.Fatalf("sent %d requests, want %d: %s", len(got), want, strings.Join(lines, ", "))
	}
}

type counted struct {
	io.ReadCloser
	s    *stub
	once sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() {
		c.s.mu.Lock()
		c.s.open--
		c.s.mu.Unlock()
	})
	return c.ReadCloser.Close()
}

// newClient returns a client that sends with rt and has a token already.
func newClient(t testing.TB, rt http.RoundTripper, opts ...client.Option) *client.Client {
	t.Helper()
	return makeClient(t, rt, append([]client.Option{client.WithTokenSource(auth.Static(stubToken))}, opts...)...)
}

// newClientOfApp returns a client that sends with rt and has credentials.
func newClientOfApp(t testing.TB, rt http.RoundTripper, opts ...client.Option) *client.Client {
	t.Helper()
	return makeClient(t, rt, append([]client.Option{client.WithCredentials("app", "app-secret-0815")}, opts...)...)
}

func makeClient(t testing.TB, rt http.RoundTripper, opts ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(append([]client.Option{client.WithBaseURL(stubURL), client.WithHTTPClient(&http.Client{Transport: rt})}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// connectorOf returns the connector stubID in the default workspace of c.
func connectorOf(c *client.Client) *client.Connector {
	return c.DefaultWorkspace().ConnectorByID(stubID)
}

// asError returns err as a *client.Error.
func asError(t testing.TB, err error) *client.Error {
	t.Helper()
	var e *client.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %T (%v), want a *client.Error", err, err)
	}
	return e
}

// sentinels are the kinds of errors, by name.
var sentinels = []struct {
	name string
	err  error
}{
	{"ErrUnauthorized", client.ErrUnauthorized}, {"ErrForbidden", client.ErrForbidden}, {"ErrNotFound", client.ErrNotFound},
	{"ErrInvalid", client.ErrInvalid}, {"ErrRateLimited", client.ErrRateLimited}, {"ErrServer", client.ErrServer},
	{"ErrConnectorNotFound", client.ErrConnectorNotFound}, {"ErrConnectorAmbiguous", client.ErrConnectorAmbiguous},
	{"ErrWorkspaceNotFound", client.ErrWorkspaceNotFound}, {"ErrExecution", client.ErrExecution},
	{"ErrEmptyDownload", client.ErrEmptyDownload}, {"ErrResponseTooLarge", client.ErrResponseTooLarge}, {"ErrPaging", client.ErrPaging}, {"ErrPageRepeated", client.ErrPageRepeated},
	{"ErrWaitedTooLong", client.ErrWaitedTooLong}, {"ErrDefinitionAmbiguous", client.ErrDefinitionAmbiguous}, {"ErrNetwork", client.ErrNetwork}, {"ErrBadResponse", client.ErrBadResponse},
	{"ErrUsageExceeded", client.ErrUsageExceeded}, {"ErrNoConsent", client.ErrNoConsent},
}

// kinds returns the names of the sentinels that err matches.
func kinds(err error) string {
	var list []string
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			list = append(list, s.name)
		}
	}
	return strings.Join(list, "+")
}

// wantKinds checks exactly which sentinels err matches.
func wantKinds(t testing.TB, err error, want string) {
	t.Helper()
	if got := kinds(err); got != want {
		t.Errorf("the error is %q, want %q: %v", got, want, err)
	}
}

// wantText checks that the text of err has all of the parts.
func wantText(t testing.TB, err error, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(fmt.Sprint(err), p) {
			t.Errorf("the error should say %q: %v", p, err)
		}
	}
}
