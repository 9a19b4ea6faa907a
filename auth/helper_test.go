package auth_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

// TestMain keeps the credentials of whoever runs the tests out of them.
func TestMain(m *testing.M) {
	for _, name := range []string{auth.EnvClientID, auth.EnvClientSecret, auth.EnvOrganizationID, auth.EnvWorkspaceName} {
		_ = os.Unsetenv(name)
	}
	os.Exit(m.Run())
}

// sourceFunc is a token source that is a function.
type sourceFunc func(context.Context) (*auth.Token, error)

func (f sourceFunc) Token(ctx context.Context) (*auth.Token, error) { return f(ctx) }

// A mint is a source that takes its time and numbers its tokens.
type mint struct {
	life  time.Duration // of its tokens; 0 for ever
	takes time.Duration
	fail  func(n int) error // nil, or the outcome of fetch n, counted from 1
	began func(n int)       // nil, or called at the beginning of fetch n
	count atomic.Int64
}

func (m *mint) Token(ctx context.Context) (*auth.Token, error) {
	n := int(m.count.Add(1))
	if m.began != nil {
		m.began(n)
	}
	if m.takes > 0 {
		select {
		case <-time.After(m.takes):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if m.fail != nil {
		if err := m.fail(n); err != nil {
			return nil, err
		}
	}
	tok := &auth.Token{AccessToken: auth.Secret(fmt.Sprintf("token-%d", n))}
	if m.life > 0 {
		tok.Expiry = time.Now().Add(m.life)
	}
	return tok, nil
}

func (m *mint) fetches() int { return int(m.count.Load()) }

var errDown = errors.New("the token endpoint is down")

// mustToken is the text of the token that src gives.
func mustToken(t *testing.T, src auth.TokenSource) string {
	t.Helper()
	tok, err := src.Token(t.Context())
	if err != nil {
		t.Fatalf("Token: %v", err)
	}
	return string(tok.AccessToken)
}

// transport is an http.RoundTripper that is a function, so that tests of
// timing need no network.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := f(req)
	if resp != nil {
		resp.Request = req
	}
	return resp, err
}

// reply makes an answer; headers are pairs of key and value.
func reply(status int, body string, headers ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// mustURL parses an address that is right.
func mustURL(raw string) *url.URL {
	u, err := url.Parse(raw)
	if err != nil {
		panic(err)
	}
	return u
}

// service is an address that nothing is ever sent to.
var service = mustURL("https://service.test")

// bearer is the token of a request, "" when it has none.
func bearer(req *http.Request) string {
	return strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
}

const (
	orgA = "11111111-2222-3333-4444-555555555555"
	orgB = "66666666-7777-8888-9999-000000000000"
)

// credentials are what an application gives as options.
func credentials(clientID, secret, org string) auth.Credentials {
	cred, err := auth.Resolve(auth.Config{ClientID: clientID, ClientSecret: auth.Secret(secret), OrganizationID: org})
	if err != nil {
		panic(err)
	}
	return cred
}

// jwt is a token with these claims, a JSON object.
func jwt(claims string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}
