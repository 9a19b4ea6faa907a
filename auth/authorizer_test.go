//nolint:bodyclose // the responses of a tape need not be closed
package auth_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
)

// A tape is a gen.HttpRequestDoer that records requests and returns prepared
// responses. It repeats the last one.
type tape struct {
	sent    []*http.Request
	bodies  []string
	answers []*http.Response
	errs    []error
}

func (d *tape) Do(req *http.Request) (*http.Response, error) {
	n := len(d.sent)
	d.sent = append(d.sent, req)
	body := ""
	if req.Body != nil {
		b, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		_ = req.Body.Close()
		body = string(b)
	}
	d.bodies = append(d.bodies, body)
	if n < len(d.errs) && d.errs[n] != nil {
		return nil, d.errs[n]
	}
	return d.answers[min(n, len(d.answers)-1)], nil
}

// tokens returns the tokens of the requests that were sent.
func (d *tape) tokens() string {
	var list []string
	for _, req := range d.sent {
		list = append(list, bearer(req))
	}
	return strings.Join(list, " ")
}

// A watched body records whether it was read to the end and whether it was
// closed.
type watched struct {
	io.Reader
	eof, closed bool
}

func (b *watched) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.eof = b.eof || errors.Is(err, io.EOF)
	return n, err
}

func (b *watched) Close() error {
	b.closed = true
	return nil
}

func watch(status int, body string) (*http.Response, *watched) {
	resp := reply(status, "")
	w := &watched{Reader: strings.NewReader(body)}
	resp.Body = w
	return resp, w
}

// watchStep returns a step of a script whose response has a watched body.
func watchStep(status int, body io.Reader) (step, *watched) {
	resp, w := watch(status, "")
	w.Reader = body
	return func(*http.Request) (*http.Response, error) { return resp, nil }, w
}

func request(t *testing.T, method, address, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body == "" {
		req.Body, req.GetBody, req.ContentLength = nil, nil, 0
	}
	return req
}

const inside, outside = "https://service.test/api", "https://elsewhere.test/api"

func TestAuthorizerTokenPerAttempt(t *testing.T) {
	src := &mint{life: time.Hour} // not cached, so every request gets a new token
	next := &tape{answers: []*http.Response{reply(200, "")}}
	authorizer := auth.NewAuthorizer(service, src, next, orgA)
	req := request(t, http.MethodGet, inside, "")
	for range 3 {
		if _, err := authorizer.Do(req); err != nil {
			t.Fatal(err)
		}
	}
	if got := next.tokens(); got != "token-1 token-2 token-3" {
		t.Errorf("tokens %q", got)
	}
	for _, sent := range next.sent {
		if got := sent.Header.Get(auth.HeaderOrganizationID); got != orgA {
			t.Errorf("organization %q", got)
		}
		if sent == req {
			t.Error("the caller's own request was sent")
		}
	}
	if len(req.Header) != 0 {
		t.Errorf("the caller's request was changed: %v", req.Header)
	}
}

func TestAuthorizerReplay(t *testing.T) {
	first, firstBody := watch(401, "refused")
	second, secondBody := watch(200, "fine")
	next := &tape{answers: []*http.Response{first, second}}
	src := &mint{life: time.Hour}
	req := request(t, http.MethodPost, inside, `{"a":1}`)
	req.Header.Set("X-Own", "kept")
	before := req.Header.Clone()
	resp, err := auth.NewAuthorizer(service, auth.NewCache(src), next, "").Do(req)
	if err != nil || resp != second {
		t.Fatalf("Do = %v, %v; want the answer to the replay", resp, err)
	}
	_ = resp.Body.Close()
	if next.tokens() != "token-1 token-2" {
		t.Errorf("tokens %q", next.tokens())
	}
	if next.bodies[0] != `{"a":1}` || next.bodies[1] != next.bodies[0] {
		t.Errorf("bodies %q", next.bodies)
	}
	if !firstBody.eof || !firstBody.closed {
		t.Errorf("first answer: drained %v, closed %v", firstBody.eof, firstBody.closed)
	}
	if secondBody.eof {
		t.Error("the answer for the caller was read")
	}
	if !reflect.DeepEqual(req.Header, before) || next.sent[1].Header.Get("X-Own") != "kept" || next.sent[1].ContentLength != 7 {
		t.Errorf("headers %v, sent %v", req.Header, next.sent[1].Header)
	}
}

// A spy records which tokens are invalidated.
type spy struct {
	auth.TokenSource
	dropped []string
}

func (s *spy) Invalidate(tok *auth.Token) { s.dropped = append(s.dropped, string(tok.AccessToken)) }

func TestAuthorizerAfterRefusal(t *testing.T) {
	minting := func() auth.TokenSource { return &mint{life: time.Hour} }
	failing := func() auth.TokenSource {
		return &mint{fail: func(n int) error { return map[bool]error{true: errDown}[n > 1] }}
	}
	nothing := func() auth.TokenSource {
		n := 0
		return sourceFunc(func(context.Context) (*auth.Token, error) {
			if n++; n > 1 {
				return nil, nil
			}
			return &auth.Token{AccessToken: "token-1"}, nil
		})
	}
	cannotRewind := func(req *http.Request) { req.GetBody = nil }
	rewindFails := func(req *http.Request) { req.GetBody = func() (io.ReadCloser, error) { return nil, errDown } }
	for _, tt := range []struct {
		name    string
		source  func() auth.TokenSource
		body    string
		change  func(*http.Request)
		answers []int
		want    int // index of the response that the caller gets
		tokens  string
		dropped string
	}{
		{"fine", minting, "x", nil, []int{200}, 0, "token-1", ""},
		{"forbidden", minting, "x", nil, []int{403}, 0, "token-1", ""},
		{"refused once", minting, "x", nil, []int{401, 200}, 1, "token-1 token-2", "token-1"},
		{"refused twice", minting, "x", nil, []int{401, 401, 200}, 1, "token-1 token-2", "token-1"},
		{"without a body", minting, "", nil, []int{401, 200}, 1, "token-1 token-2", "token-1"},
		{"NoBody", minting, "", func(r *http.Request) { r.Body = http.NoBody }, []int{401, 200}, 1, "token-1 token-2", "token-1"},
		{"body cannot be read again", minting, "x", cannotRewind, []int{401, 200}, 0, "token-1", "token-1"},
		{"body fails to be read again", minting, "x", rewindFails, []int{401, 200}, 0, "token-1", "token-1"},
		{"no other token", failing, "x", nil, []int{401, 200}, 0, "token-1", "token-1"},
		{"nil token", nothing, "x", nil, []int{401, 200}, 0, "token-1", "token-1"},
		{"static", func() auth.TokenSource { return auth.Static("fixed") }, "x", nil, []int{401, 200}, 0, "fixed", "fixed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			next := &tape{}
			var watches []*watched
			for _, status := range tt.answers {
				resp, w := watch(status, "answer")
				next.answers, watches = append(next.answers, resp), append(watches, w)
			}
			src := &spy{TokenSource: tt.source()}
			req := request(t, http.MethodPost, inside, tt.body)
			var replayed *watched
			if get := req.GetBody; get != nil {
				req.GetBody = func() (io.ReadCloser, error) {
					body, err := get()
					replayed = &watched{Reader: body}
					return replayed, err
				}
			}
			if tt.change != nil {
				tt.change(req)
			}
			resp, err := auth.NewAuthorizer(service, src, next, "").Do(req)
			if err != nil || resp != next.answers[tt.want] {
				t.Fatalf("Do = %v, %v; want answer %d", resp, err, tt.want)
			}
			if w := watches[tt.want]; w.eof || w.closed {
				t.Error("the answer for the caller was read or closed")
			}
			if body, err := io.ReadAll(resp.Body); string(body) != "answer" || err != nil {
				t.Errorf("body %q, %v", body, err)
			}
			if got := next.tokens(); got != tt.tokens {
				t.Errorf("tokens %q, want %q", got, tt.tokens)
			}
			if got := strings.Join(src.dropped, " "); got != tt.dropped {
				t.Errorf("invalidated %q, want %q", got, tt.dropped)
			}
			if replayed != nil && !replayed.closed {
				t.Error("the body for the replay was left open")
			}
		})
	}
}

// TestAuthorizerRefreshError also uses a doer that does not set the Request of its
// responses.
func TestAuthorizerRefreshError(t *testing.T) {
	for _, named := range []bool{true, false} {
		first := reply(401, "")
		if named {
			first.Request = request(t, http.MethodGet, inside, "")
		}
		src := &mint{fail: func(n int) error { return map[bool]error{true: errDown}[n > 1] }}
		resp, err := auth.NewAuthorizer(service, src, &tape{answers: []*http.Response{first}}, "").Do(request(t, http.MethodGet, inside, ""))
		if err != nil || resp.StatusCode != 401 {
			t.Fatalf("Do = %v, %v", resp, err)
		}
		if got := answer.RefreshError(resp); !errors.Is(got, errDown) {
			t.Errorf("answer with its request %t: RefreshError = %v, want %v", named, got, errDown)
		}
	}
	for _, first := range []*http.Response{reply(401, ""), reply(200, "")} {
		resp, err := auth.NewAuthorizer(service, &mint{}, &tape{answers: []*http.Response{first}}, "").Do(request(t, http.MethodGet, inside, ""))
		if err != nil || answer.RefreshError(resp) != nil {
			t.Errorf("%d: %v, RefreshError = %v, want none", first.StatusCode, err, answer.RefreshError(resp))
		}
	}
	if err := answer.RefreshError(reply(401, "")); err != nil {
		t.Errorf("an answer of another doer: %v", err)
	}
}

func TestAuthorizerReplayFails(t *testing.T) {
	next := &tape{answers: []*http.Response{reply(401, "")}, errs: []error{nil, errDown}}
	if _, err := auth.NewAuthorizer(service, &mint{}, next, "").Do(request(t, http.MethodGet, inside, "")); !errors.Is(err, errDown) {
		t.Errorf("Do = %v", err)
	}
}

func TestAuthorizerLeavesOthersAlone(t *testing.T) {
	own := func(r *http.Request) { r.Header.Set("Authorization", "Basic abc") }
	otherOrg := func(r *http.Request) { r.Header.Set(auth.HeaderOrganizationID, orgB) }
	for _, tt := range []struct {
		name, address               string
		change                      func(*http.Request)
		authorization, organization string
	}{
		{"own request", inside, nil, "Bearer token-1", orgA},
		{"same origin, spelled otherwise", "HTTPS://Service.Test:443/x", nil, "Bearer token-1", orgA},
		{"caller's Authorization", inside, own, "Basic abc", ""},
		{"caller's organization", inside, otherOrg, "Bearer token-1", orgB},
		{"foreign host", outside, nil, "", ""},
		{"subdomain", "https://a.service.test/", nil, "", ""},
		{"other port", "https://service.test:8443/", nil, "", ""},
		{"other scheme", "http://service.test/", nil, "", ""},
		{"user name that looks like the host", "https://service.test@elsewhere.test/", nil, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			next := &tape{answers: []*http.Response{reply(401, "")}}
			src := &mint{life: time.Hour}
			cache := auth.NewCache(src)
			authorizer := auth.NewAuthorizer(service, cache, next, orgA)
			req := request(t, http.MethodGet, tt.address, "")
			if tt.change != nil {
				tt.change(req)
			}
			resp, err := authorizer.Do(req)
			if err != nil || resp.StatusCode != 401 {
				t.Fatalf("Do = %v, %v", resp, err)
			}
			_ = resp.Body.Close()
			h := next.sent[0].Header
			if h.Get("Authorization") != tt.authorization || h.Get(auth.HeaderOrganizationID) != tt.organization {
				t.Errorf("headers %v, want %q and %q", h, tt.authorization, tt.organization)
			}
			if ours := tt.authorization == "Bearer token-1"; ours != (len(next.sent) == 2) || ours != (src.fetches() > 0) {
				t.Errorf("%d requests, %d fetches", len(next.sent), src.fetches())
			}

			// Edit makes the same decision.
			src.count.Store(0)
			cache.Invalidate(&auth.Token{AccessToken: "token-2"})
			req = request(t, http.MethodGet, tt.address, "")
			if tt.change != nil {
				tt.change(req)
			}
			var edit gen.RequestEditorFn = authorizer.Edit
			if err := edit(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			if req.Header.Get("Authorization") != tt.authorization || req.Header.Get(auth.HeaderOrganizationID) != tt.organization {
				t.Errorf("Edit: headers %v", req.Header)
			}
		})
	}
}

func TestAuthorizerRefusesPlainHTTP(t *testing.T) {
	for _, address := range []string{"http://service.test", "http://10.0.0.1", "http://0.0.0.0", "http://127.0.0.1.evil.test", "http://localhost.evil.test", "http://api.localhost", "ftp://service.test"} {
		src := &mint{}
		next := &tape{}
		authorizer := auth.NewAuthorizer(mustURL(address), src, next, "")
		req := request(t, http.MethodPost, address+"/x", "body")
		body := &watched{Reader: req.Body}
		req.Body = body
		if _, err := authorizer.Do(req); !errors.Is(err, auth.ErrUnsafe) || len(next.sent) != 0 || src.fetches() != 0 {
			t.Errorf("%s: %v, %d requests", address, err, len(next.sent))
		}
		if !body.closed {
			t.Errorf("%s: the body was left open", address)
		}
		if err := authorizer.Edit(t.Context(), request(t, http.MethodGet, address, "")); !errors.Is(err, auth.ErrUnsafe) {
			t.Errorf("Edit %s: %v", address, err)
		}
	}
	for _, address := range []string{"http://localhost:1", "http://LOCALHOST.:1", "http://127.0.0.1:8080", "http://127.9.9.9", "http://[::1]:8080"} {
		next := &tape{answers: []*http.Response{reply(200, "")}}
		if _, err := auth.NewAuthorizer(mustURL(address), auth.Static("a"), next, "").Do(request(t, http.MethodGet, address+"/x", "")); err != nil || next.tokens() != "a" {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAuthorizerSourceError(t *testing.T) {
	src := &mint{fail: func(int) error { return errDown }}
	next := &tape{}
	req := request(t, http.MethodPost, inside, "body")
	body := &watched{Reader: req.Body}
	req.Body = body
	if _, err := auth.NewAuthorizer(service, src, next, "").Do(req); err != errDown || len(next.sent) != 0 || !body.closed {
		t.Errorf("Do = %v, %d requests, body closed %v", err, len(next.sent), body.closed)
	}
}

// TestAuthorizerNilHeader tests a request without a header map, which is legal.
func TestAuthorizerNilHeader(t *testing.T) {
	next := &tape{answers: []*http.Response{reply(200, "")}}
	req := request(t, http.MethodGet, inside, "")
	req.Header = nil
	if _, err := auth.NewAuthorizer(service, auth.Static("a"), next, "").Do(req); err != nil || next.tokens() != "a" || req.Header != nil {
		t.Errorf("Do = %v, tokens %q", err, next.tokens())
	}
	if err := auth.NewAuthorizer(service, auth.Static("a"), next, "").Edit(t.Context(), req); err != nil || bearer(req) != "a" {
		t.Errorf("Edit = %v", err)
	}
}

// TestAuthorizerRedirects tests redirects over a real connection.
func TestAuthorizerRedirects(t *testing.T) {
	foreign := make(chan http.Header, 1)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { foreign <- r.Header }))
	defer elsewhere.Close()
	mux := http.NewServeMux()
	mux.Handle("/away", http.RedirectHandler(elsewhere.URL, http.StatusFound))
	mux.Handle("/within", http.RedirectHandler("/here", http.StatusFound))
	mux.HandleFunc("/here", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, bearer(r)) })
	server := httptest.NewServer(mux)
	defer server.Close()
	base := mustURL(server.URL)
	hc := server.Client() // without a policy, net/http would send the token to another port
	asked := 0
	asking := &http.Client{Transport: hc.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		asked++
		return nil
	}}
	for _, hc := range []*http.Client{hc, asking} {
		authorizerRedirects(t, auth.NewAuthorizer(base, auth.Static("a"), hc, orgA), server.URL, foreign)
	}
	if hc.CheckRedirect != nil {
		t.Error("the caller's http.Client was changed")
	}
	if asked != 1 {
		t.Errorf("the caller's policy was called %d times, want once, for the redirect within the origin", asked)
	}
}

func authorizerRedirects(t *testing.T, authorizer *auth.Authorizer, server string, foreign <-chan http.Header) {
	t.Helper()
	resp, err := authorizer.Do(request(t, http.MethodGet, server+"/within", ""))
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(resp.Body); string(body) != "a" {
		t.Errorf("token %q after a redirect within the origin", body)
	}
	_ = resp.Body.Close()

	resp, err = authorizer.Do(request(t, http.MethodGet, server+"/away", ""))
	if resp != nil {
		_ = resp.Body.Close()
	}
	var wrapped *url.Error
	if !errors.Is(err, auth.ErrUnsafe) || !errors.As(err, &wrapped) {
		t.Errorf("Do = %v", err)
	}
	select {
	case h := <-foreign:
		t.Errorf("another origin was sent %v", h)
	default:
	}
}
