package auth_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

// A desk is a token endpoint and the transport to it. Its tokens contain the
// credentials that they were exchanged for.
type desk struct {
	mu    sync.Mutex
	mints int
}

func (d *desk) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mints
}

func (d *desk) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	var asked struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.mints++
	n := d.mints
	d.mu.Unlock()
	token := fmt.Sprintf("%s/%s/%s/%s/%d", req.URL.Host, asked.ID, asked.Secret, req.Header.Get(auth.HeaderOrganizationID), n)
	return reply(http.StatusOK, `{"access_token":"`+token+`","expires_in":900}`), nil
}

func TestSharedKey(t *testing.T) {
	d, other := new(desk), &desk{mints: 100}
	base := mustURL("https://key.test")
	first := auth.Shared(credentials("id", "secret", orgA), base, &http.Client{Transport: d}, nil)
	if got, want := mustToken(t, first), "key.test/id/secret/"+orgA+"/1"; got != want {
		t.Fatalf("token %q, want %q", got, want)
	}
	for _, tt := range []struct {
		name string
		cred auth.Credentials
		base string
		hc   *http.Client
		same bool
	}{
		{"same", credentials("id", "secret", orgA), "https://key.test", &http.Client{Transport: d}, true},
		{"same transport in another client", credentials("id", "secret", orgA), "https://key.test", &http.Client{Transport: d, Timeout: time.Hour}, true},
		{"base URL", credentials("id", "secret", orgA), "https://other.test", &http.Client{Transport: d}, false},
		{"client id", credentials("id2", "secret", orgA), "https://key.test", &http.Client{Transport: d}, false},
		{"secret", credentials("id", "secret2", orgA), "https://key.test", &http.Client{Transport: d}, false},
		{"organization", credentials("id", "secret", orgB), "https://key.test", &http.Client{Transport: d}, false},
		{"no organization", credentials("id", "secret", ""), "https://key.test", &http.Client{Transport: d}, false},
		{"transport", credentials("id", "secret", orgA), "https://key.test", &http.Client{Transport: other}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src := auth.Shared(tt.cred, mustURL(tt.base), tt.hc, nil)
			if same := auth.SharedCache(src) == auth.SharedCache(first); same != tt.same {
				t.Errorf("shares the cache: %v, want %v", same, tt.same)
			}
			if same := mustToken(t, src) == mustToken(t, first); same != tt.same {
				t.Errorf("shares the token: %v, want %v", same, tt.same)
			}
		})
	}
	nilClient := auth.SharedCache(auth.Shared(credentials("id", "secret", orgA), base, nil, nil))
	if nilClient != auth.SharedCache(auth.Shared(credentials("id", "secret", orgA), base, &http.Client{}, nil)) ||
		nilClient != auth.SharedCache(auth.Shared(credentials("id", "secret", orgA), base, &http.Client{Transport: http.DefaultTransport}, nil)) {
		t.Error("no client, an empty one and one with the default transport do not share")
	}
}

func TestSharedHundredClients(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := new(desk)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				src := auth.Shared(credentials("hundred", "secret", ""), service, &http.Client{Transport: d}, nil)
				if _, err := src.Token(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if d.count() != 1 {
			t.Errorf("%d token requests for 100 clients, want 1", d.count())
		}
	})
}

func TestSharedOrganizationsSideBySide(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := new(desk)
		var wg sync.WaitGroup
		for _, org := range []string{orgA, orgB} {
			src := auth.Shared(credentials("side", "secret", org), service, &http.Client{Transport: d}, nil)
			for range 20 {
				wg.Go(func() {
					for range 100 { // several tokens
						if got := mustToken(t, src); strings.Split(got, "/")[3] != org {
							t.Errorf("token %q for organization %s", got, org)
							return
						}
						time.Sleep(time.Minute)
					}
				})
			}
		}
		wg.Wait()
		if d.count() < 10 {
			t.Errorf("%d token requests", d.count())
		}
	})
}

// TestSharedRotation tests that a new secret is used at once, that clients with
// the old one keep their token, and that neither gets the refusals of the
// other.
func TestSharedRotation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := new(desk)
		revoked := ""
		hc := &http.Client{Transport: transport(func(req *http.Request) (*http.Response, error) {
			body, err := req.GetBody()
			if err != nil {
				return nil, err
			}
			if b, _ := io.ReadAll(body); revoked != "" && strings.Contains(string(b), revoked) {
				return reply(http.StatusUnauthorized, `{"message":"revoked"}`), nil
			}
			return d.RoundTrip(req)
		})}
		hc.Transport = &struct{ http.RoundTripper }{hc.Transport} // comparable, unlike a function
		old := auth.Shared(credentials("rotated", "old", ""), service, hc, nil)
		before := mustToken(t, old)
		revoked = `"old"`
		fresh := auth.Shared(credentials("rotated", "new", ""), service, hc, nil)
		if got := mustToken(t, fresh); got != "service.test/rotated/new//2" {
			t.Errorf("token %q", got)
		}
		if got := mustToken(t, old); got != before {
			t.Errorf("token %q of the old secret, want %q", got, before)
		}
		time.Sleep(20 * time.Minute)
		if _, err := old.Token(t.Context()); tokenError(t, err).StatusCode != http.StatusUnauthorized {
			t.Errorf("old secret: %v", err)
		}
		if got := mustToken(t, fresh); !strings.Contains(got, "/new/") {
			t.Errorf("token %q", got)
		}
	})
}

func TestSharedIsBounded(t *testing.T) {
	d := new(desk)
	hc := &http.Client{Transport: d}
	keep := auth.Shared(credentials("bounded", "keep", ""), service, hc, nil)
	left := auth.Shared(credentials("bounded", "left", ""), service, hc, nil)
	was := mustToken(t, left)
	for i := range 10_000 {
		auth.Shared(credentials("bounded", fmt.Sprint("secret-", i), ""), service, hc, nil)
		if i%100 == 0 { // keep it in use
			again := auth.Shared(credentials("bounded", "keep", ""), service, hc, nil)
			if auth.SharedCache(again) != auth.SharedCache(keep) {
				t.Fatalf("a cache in use was dropped after %d others", i)
			}
		}
		if n := auth.SharedCaches(); n > auth.MaxShared {
			t.Fatalf("%d caches, want at most %d", n, auth.MaxShared)
		}
	}
	if n := auth.SharedCaches(); n != auth.MaxShared {
		t.Errorf("%d caches, want %d", n, auth.MaxShared)
	}
	if got := mustToken(t, left); got != was {
		t.Errorf("a client lost the token of its cache: %q, want %q", got, was)
	}
	if again := auth.Shared(credentials("bounded", "left", ""), service, hc, nil); auth.SharedCache(again) == auth.SharedCache(left) {
		t.Error("the cache that was asked for least recently is still there")
	}
}

// An incomparable transport cannot be the key of a map.
type incomparable struct {
	*desk
	_ func()
}

type hidesIncomparable struct{ http.RoundTripper }

func TestSharedIncomparableTransport(t *testing.T) {
	for _, rt := range []http.RoundTripper{
		incomparable{desk: new(desk)},
		hidesIncomparable{incomparable{desk: new(desk)}},
		transport(func(req *http.Request) (*http.Response, error) { return new(desk).RoundTrip(req) }),
	} {
		before := auth.SharedCaches()
		cred, hc := credentials("incomparable", "secret", ""), &http.Client{Transport: rt}
		one, two := auth.Shared(cred, service, hc, nil), auth.Shared(cred, service, hc, nil)
		if mustToken(t, one) == "" || mustToken(t, two) == "" || auth.SharedCache(one) == auth.SharedCache(two) || auth.SharedCaches() != before {
			t.Errorf("%T: caches shared, or kept", rt)
		}
		if first := mustToken(t, one); mustToken(t, one) != first {
			t.Errorf("%T: the token is not cached", rt)
		}
	}
}

// deadlines is a transport that records how long each request may take, which
// shows which http.Client sent it.
type deadlines struct {
	desk
	list []time.Duration
}

func (d *deadlines) RoundTrip(req *http.Request) (*http.Response, error) {
	at, _ := req.Context().Deadline()
	d.list = append(d.list, time.Until(at))
	return d.desk.RoundTrip(req)
}

// TestSharedFetchIsTheTriggeringClients tests that a fetch uses the HTTP client
// and the observer of the source that needs the token.
func TestSharedFetchIsTheTriggeringClients(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := new(deadlines)
		var told []string
		source := func(name string, timeout time.Duration) auth.TokenSource {
			hc := &http.Client{Transport: d, Timeout: timeout}
			return auth.Shared(credentials("trigger", "secret", ""), service, hc, func(f auth.FetchReport) {
				told = append(told, fmt.Sprint(name, " ", f.Attempts, " ", f.Err == nil))
			})
		}
		one, two := source("one", time.Second), source("two", 2*time.Second)
		quiet := auth.Shared(credentials("trigger", "secret", ""), service, &http.Client{Transport: d, Timeout: 3 * time.Second}, nil)
		for _, src := range []auth.TokenSource{two, quiet, one} {
			mustToken(t, src)
			mustToken(t, one) // there is already a token
			mustToken(t, two)
			time.Sleep(time.Hour)
		}
		if got := fmt.Sprint(d.list); got != "[2s 3s 1s]" {
			t.Errorf("the clients that sent the requests have timeouts %v", got)
		}
		if got := strings.Join(told, ", "); got != "two 1 true, one 1 true" {
			t.Errorf("observers were told %q", got)
		}
	})
}

func TestSharedInvalidate(t *testing.T) {
	d := new(desk)
	hc := &http.Client{Transport: d}
	one := auth.Shared(credentials("invalidate", "secret", ""), service, hc, nil)
	two := auth.Shared(credentials("invalidate", "secret", ""), service, hc, nil)
	tok, err := one.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	one.(interface{ Invalidate(*auth.Token) }).Invalidate(tok)
	if mustToken(t, two) == string(tok.AccessToken) || d.count() != 2 {
		t.Error("the token that one client saw refused stays with the other")
	}
}

func TestSharedScoped(t *testing.T) {
	tokens := 0
	hc := &http.Client{Transport: &struct{ http.RoundTripper }{transport(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/scoped-token") {
			tokens++
			return reply(200, fmt.Sprintf(`{"token":"scoped-%d"}`, tokens)), nil
		}
		return reply(200, `{"access_token":"app","expires_in":900}`), nil
	})}}
	confirmed := 0
	confirm := func(context.Context) error { confirmed++; return nil }
	refuse := func(context.Context) error { return errDown }
	first := auth.SharedScoped(credentials("id", "secret", orgA), auth.Scope{WorkspaceName: "w", Confirm: confirm}, service, hc, nil)
	if got := mustToken(t, first); got != "scoped-1" {
		t.Fatalf("token %q", got)
	}
	if auth.SharedCache(first) == auth.SharedCache(auth.Shared(credentials("id", "secret", orgA), service, hc, nil)) {
		t.Error("shares the cache of application tokens")
	}
	for _, tt := range []struct {
		name  string
		cred  auth.Credentials
		scope auth.Scope
		same  bool
	}{
		{"same", credentials("id", "secret", orgA), auth.Scope{WorkspaceName: "w", Confirm: confirm}, true},
		{"confirmed before", credentials("id", "secret", orgA), auth.Scope{WorkspaceName: "w", Confirm: refuse}, true},
		{"region of new workspaces", credentials("id", "secret", orgA), auth.Scope{WorkspaceName: "w", RegionID: orgB, Confirm: confirm}, true},
		{"not to be confirmed", credentials("id", "secret", orgA), auth.Scope{WorkspaceName: "w"}, false},
		{"workspace", credentials("id", "secret", orgA), auth.Scope{WorkspaceName: "v", Confirm: confirm}, false},
		{"workspace that looks confirmed", credentials("id", "secret", orgA), auth.Scope{WorkspaceName: "w, confirmed true"}, false},
		{"secret", credentials("id", "secret2", orgA), auth.Scope{WorkspaceName: "w", Confirm: confirm}, false},
		{"organization", credentials("id", "secret", orgB), auth.Scope{WorkspaceName: "w", Confirm: confirm}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src := auth.SharedScoped(tt.cred, tt.scope, service, hc, nil)
			if same := auth.SharedCache(src) == auth.SharedCache(first); same != tt.same {
				t.Errorf("shares the cache: %v, want %v", same, tt.same)
			}
			if same := mustToken(t, src) == mustToken(t, first); same != tt.same {
				t.Errorf("shares the token: %v, want %v", same, tt.same)
			}
		})
	}
	if confirmed != 4 {
		t.Errorf("confirmed %d times, want once for each cache", confirmed)
	}
	// What was confirmed is not asked again for the next token.
	auth.SharedCache(first).Invalidate(&auth.Token{AccessToken: "scoped-1"})
	before := tokens
	if mustToken(t, first); tokens != before+1 || confirmed != 4 {
		t.Errorf("%d tokens more, confirmed %d times", tokens-before, confirmed)
	}
}
