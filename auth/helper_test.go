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

// TestMain hides the credentials of the user who runs the tests.
func TestMain(m *testing.M) {
	for _, name := range []string{auth.EnvClientID, auth.EnvClientSecret, auth.EnvOrganizationID, auth.EnvWorkspaceName} {
		_ = os.Unsetenv(name)
	}
	os.Exit(m.Run())
}

// A sourceFunc is a function that is a token source.
type sourceFunc func(context.Context) (*auth.Token, error)

func (f sourceFunc) Token(ctx context.Context) (*auth.Token, error) { return f(ctx) }

// A mint is a token source whose fetches take time and whose tokens are
// numbered.
type mint struct {
	life  time.Duration     // of its tokens; 0 means that they do not expire
	takes time.Duration     // by a fetch
	fail  func(n int) error // if not nil, returns the error of fetch n, counted from 1
	began func(n int)       // if not nil, is called at the start of fetch n
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

// mustToken returns the text of a token from src.
func mustToken(t *testing.T, src auth.TokenSource) string {
	t.Helper()
	tok, err := src.Token(t.Context())
	if err != nil {
		t.Fatalf("Token: %v", err)
	}
	return string(tok.AccessToken)
}

// A transport is a function that is an http.RoundTripper, so that tests of
// timing need no network.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := f(req)
	if resp != nil {
		resp.Request = req
	}
	return resp, err
}

// reply returns a response. headers are pairs of key and value.
func reply(status int, body string, headers ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// mustURL parses a valid URL.
func mustURL(raw string) *url.URL {
	u, err := url.Parse(raw)
	if err != nil {
		panic(err)
	}
	return u
}

// service is an address to which no test sends anything.
var service = mustURL("https://service.test")

// bearer returns the token of a request, or "".
func bearer(req *http.Request) string {
	return strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
}

const (
	orgA = "11111111-2222-3333-4444-555555555555"
	orgB = "66666666-7777-8888-9999-000000000000"
)

// credentials returns Credentials that come from options.
func credentials(clientID, secret, org string) auth.Credentials {
	cred, err := auth.Resolve(auth.Config{ClientID: clientID, ClientSecret: auth.Secret(secret), OrganizationID: org})
	if err != nil {
		panic(err)
	}
	return cred
}

// jwt returns a token with the given claims, a JSON object.
func jwt(claims string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}
