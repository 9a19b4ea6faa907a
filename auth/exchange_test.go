package auth_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

// A script is a transport that returns one response after another. It repeats
// the last one.
type script struct {
	steps []func(*http.Request) (*http.Response, error)
	calls int
}

func (s *script) client() *http.Client {
	return &http.Client{Transport: transport(func(req *http.Request) (*http.Response, error) {
		step := s.steps[min(s.calls, len(s.steps)-1)]
		s.calls++
		return step(req)
	})}
}

type step = func(*http.Request) (*http.Response, error)

func says(status int, body string, headers ...string) step {
	return func(*http.Request) (*http.Response, error) { return reply(status, body, headers...), nil }
}

func breaks(*http.Request) (*http.Response, error) { return nil, errDown }

// impostor is a service whose certificate is not trusted.
func impostor(*http.Request) (*http.Response, error) {
	return nil, &tls.CertificateVerificationError{Err: errDown}
}

func hangs(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// halfAnswer returns a response whose body ends with an error.
func halfAnswer(status int) step {
	return func(*http.Request) (*http.Response, error) {
		resp := reply(status, "")
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"message":`), errReader{}))
		return resp, nil
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errDown }

const goodAnswer = `{"access_token":"good","token_type":"Bearer","expires_in":900,"organization_id":"` + orgA + `"}`

// tokenError returns err as a *auth.TokenError.
func tokenError(t *testing.T, err error) *auth.TokenError {
	t.Helper()
	own, ok := errors.AsType[*auth.TokenError](err)
	if !ok {
		t.Fatalf("error %T (%v), want a *auth.TokenError", err, err)
	}
	return own
}

func TestExchangeRequest(t *testing.T) {
	for _, tt := range []struct{ name, org, prefix string }{
		{"plain", "", ""},
		{"organization", orgA, ""},
		{"base URL with a path", "", "/agents"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got http.Request
			var body map[string]any
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = *r
				if err := json.UnmarshalRead(r.Body, &body); err != nil {
					t.Error(err)
				}
				_, _ = io.WriteString(w, goodAnswer)
			}))
			defer server.Close()
			tok, err := auth.NewClientCredentials(credentials("id", "se<cr\"et", tt.org), mustURL(server.URL+tt.prefix), server.Client()).Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if tok.AccessToken != "good" || tok.OrganizationID != orgA {
				t.Errorf("token %v", tok)
			}
			if got.Method != http.MethodPost || got.URL.Path != tt.prefix+"/api/v1/account/applications/token" {
				t.Errorf("%s %s", got.Method, got.URL)
			}
			if len(body) != 2 || body["client_id"] != "id" || body["client_secret"] != "se<cr\"et" {
				t.Errorf("body %v", body)
			}
			if ct := got.Header.Get("Content-Type"); ct != "application/json" {
				t.Errorf("Content-Type %q", ct)
			}
			if h, ok := got.Header[auth.HeaderOrganizationID]; strings.Join(h, ",") != tt.org || ok != (tt.org != "") {
				t.Errorf("%s: %q", auth.HeaderOrganizationID, h)
			}
			if h, ok := got.Header["Authorization"]; ok {
				t.Errorf("Authorization: %q", h)
			}
			if agent := got.Header.Get("User-Agent"); !strings.HasPrefix(agent, "airbyte-agents-go/") {
				t.Errorf("User-Agent %q", agent)
			}
		})
	}
}

func TestExchangeLifetime(t *testing.T) {
	const decade = 10 * 365 * 24 * time.Hour
	// The clock of synctest starts in the year 2000; iat and exp need not match
	// it.
	own := jwt(`{"iat":1000,"exp":2200}`)
	for _, tt := range []struct {
		name, token, expiresIn string // if expiresIn is "", expires_in is left out
		date                   time.Time
		want                   time.Duration
		problem                string
	}{
		{name: "number", expiresIn: `900`, want: 15 * time.Minute},
		{name: "string", expiresIn: `"900"`, want: 15 * time.Minute},
		{name: "padded string", expiresIn: `" 900 "`, want: 15 * time.Minute},
		{name: "float", expiresIn: `899.5`, want: 899500 * time.Millisecond},
		{name: "huge", expiresIn: `1e18`, want: decade},
		{name: "missing", want: time.Minute},
		{name: "null", expiresIn: `null`, want: time.Minute},
		{name: "empty string", expiresIn: `""`, want: time.Minute},
		{name: "missing, JWT", token: own, want: 20 * time.Minute},
		{name: "null, JWT", token: own, expiresIn: `null`, want: 20 * time.Minute},
		{name: "missing, JWT without exp", token: jwt(`{"iat":1000}`), want: time.Minute},
		{name: "text, JWT", token: own, expiresIn: `"soon"`, want: 20 * time.Minute},
		{name: "missing, JWT of a service whose clock is behind", token: jwt(`{"exp":1000}`), date: time.Unix(100, 0), want: 15 * time.Minute},
		{name: "missing, JWT of a service whose clock is ahead", token: jwt(`{"exp":4102445700}`), date: time.Unix(4102444800, 0), want: 15 * time.Minute},
		{name: "given, the clock does not matter", expiresIn: `900`, date: time.Unix(0, 0), want: 15 * time.Minute},
		{name: "given, JWT", token: own, expiresIn: `900`, want: 15 * time.Minute},
		{name: "missing, expired JWT", token: jwt(`{"exp":1000}`), problem: "already expired"},
		{name: "zero", expiresIn: `0`, problem: "already expired"},
		{name: "zero, JWT", token: own, expiresIn: `0`, problem: "already expired"},
		{name: "negative", expiresIn: `-1`, problem: "already expired"},
		{name: "hugely negative", expiresIn: `-1e18`, problem: "already expired"},
		{name: "not a number", expiresIn: `"NaN"`, want: time.Minute},
		{name: "infinite", expiresIn: `"Infinity"`, want: time.Minute},
		{name: "too large for a float", expiresIn: `1e999`, want: time.Minute},
		{name: "text", expiresIn: `"soon"`, want: time.Minute},
		{name: "date", expiresIn: `"2030-01-01T00:00:00Z"`, want: time.Minute},
		{name: "bool", expiresIn: `true`, want: time.Minute},
		{name: "object", expiresIn: `{}`, want: time.Minute},
		{name: "twice", expiresIn: `{},"expires_in":900`, want: 15 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				token := "opaque"
				if tt.token != "" {
					token = tt.token
				}
				body := `{"access_token":"` + token + `"`
				if tt.expiresIn != "" {
					body += `,"expires_in":` + tt.expiresIn
				}
				var headers []string
				if !tt.date.IsZero() {
					headers = []string{"Date", tt.date.UTC().Format(http.TimeFormat)}
				}
				s := &script{steps: []step{says(http.StatusOK, body+"}", headers...)}}
				tok, err := auth.NewClientCredentials(credentials("id", "secret", ""), service, s.client()).Token(t.Context())
				switch {
				case tt.problem != "":
					if err == nil || !strings.Contains(err.Error(), tt.problem) {
						t.Errorf("%v, %v; want an error with %q", tok, err, tt.problem)
					}
				case err != nil:
					t.Error(err)
				case time.Until(tok.Expiry) != tt.want:
					t.Errorf("lives %v, want %v", time.Until(tok.Expiry), tt.want)
				}
				if s.calls != 1 {
					t.Errorf("%d requests, want 1", s.calls)
				}
			})
		})
	}
}

// What is beside a good token, or around it, does not matter.
func TestExchangeIsLenient(t *testing.T) {
	for name, tt := range map[string]struct {
		status    int
		body, org string
	}{
		"created":                  {201, goodAnswer, orgA},
		"accepted":                 {202, goodAnswer, orgA},
		"not authoritative":        {203, goodAnswer, orgA},
		"byte order mark":          {200, "\ufeff" + goodAnswer, orgA},
		"organization as a number": {200, `{"access_token":"good","organization_id":12345678901234567890}`, "12345678901234567890"},
		"organization as a list":   {200, `{"access_token":"good","organization_id":["x"]}`, ""},
		"no organization":          {200, `{"access_token":"good","organization_id":null}`, ""},
		"a name twice":             {200, `{"x":1,"x":2,"access_token":"old","access_token":"good"}`, ""},
		"bytes that are no UTF-8":  {200, "{\"access_token\":\"good\",\"user\":\"\xff\xfe\",\"\xff\":1}", ""},
		"white space":              {200, `{"access_token":" good\n"}`, ""},
		"odd members":              {200, `{"access_token":"good","token_type":{},"expires_in":[],"scope":7}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{steps: []step{says(tt.status, tt.body)}}
			tok, err := auth.NewClientCredentials(credentials("id", "secret", ""), service, s.client()).Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if tok.AccessToken != "good" || tok.OrganizationID != tt.org {
				t.Errorf("token %q, organization %q", string(tok.AccessToken), tok.OrganizationID)
			}
			scoped := &script{steps: []step{says(tt.status, strings.ReplaceAll(tt.body, "access_token", "token"))}}
			if tok, err = auth.NewScoped(auth.Static("app"), auth.Scope{WorkspaceName: "w"}, service, scoped.client()).Token(t.Context()); err != nil || tok.AccessToken != "good" {
				t.Errorf("scoped: %v, %v", tok, err)
			}
		})
	}
}

// A token whose lifetime nobody knows is fetched once a minute, not at every call.
func TestUnknownLifetimeDoesNotLoop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, expires := range []string{`"soon"`, `null`, `{}`} {
			s := &script{steps: slices.Repeat([]step{says(200, `{"access_token":"good","expires_in":`+expires+`}`)}, 20)}
			var known atomic.Int32 // lifetimes that were told
			c := auth.NewCache(auth.NewClientCredentials(credentials("id", "secret", ""), service, s.client()), auth.WithObserver(func(r auth.FetchReport) {
				if !r.Assumed {
					known.Add(1)
				}
			}))
			for range 600 { // ten minutes
				mustToken(t, c)
				time.Sleep(time.Second)
			}
			synctest.Wait()
			if s.calls < 10 || s.calls > 17 || known.Load() > 0 {
				t.Errorf("expires_in %s: %d requests in ten minutes, of which %d told the lifetime", expires, s.calls, known.Load())
			}
		}
	})
}

// A token that does not even live until it is used is not asked for at every call.
func TestTokensThatExpireAtOnceDoNotLoop(t *testing.T) {
	for _, expires := range []string{`0.000000001`, `0`, `-5`} {
		bubble(t, func(t *testing.T) {
			calls := 0
			hc := &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
				calls++
				return reply(200, `{"access_token":"good","expires_in":`+expires+`}`), nil
			})}
			src := auth.NewClientCredentials(credentials("id", "secret", ""), service, hc)
			c := auth.NewCache(sourceFunc(func(ctx context.Context) (*auth.Token, error) {
				tok, err := src.Token(ctx)
				time.Sleep(time.Millisecond)
				return tok, err
			}))
			for range 300 { // half a minute
				if tok, err := c.Token(t.Context()); err == nil {
					t.Fatalf("%v", tok)
				}
				time.Sleep(100 * time.Millisecond)
			}
			if calls > 11 {
				t.Errorf("expires_in %s: %d requests in half a minute", expires, calls)
			}
		})
	}
}

func TestExchangeUselessAnswers(t *testing.T) {
	const leak = "leaky-token"
	for _, tt := range []struct{ name, body, want string }{
		{"oversized", goodAnswer + strings.Repeat(" ", 1<<20), "larger than 1 MiB"},
		{"HTML", "<html><title>Sign in</title>" + leak, "not JSON"},
		{"broken JSON", `{"access_token":"` + leak + `",}`, "not JSON"},
		{"empty", "", "not JSON"},
		{"array", `["` + leak + `"]`, "not a token"},
		{"token is a number", `{"access_token":7,"x":"` + leak + `"}`, "not a token"},
		{"token is missing", `{"token":"` + leak + `","expires_in":900}`, "access token is empty"},
		{"token is null", `{"access_token":null,"expires_in":900}`, "access token is empty"},
		{"line break in the token", `{"access_token":"` + leak + `\r\nX: y","expires_in":900}`, "not allowed in a header"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{steps: []step{says(http.StatusOK, tt.body, "X-Request-Id", "r1")}}
			_, err := auth.NewClientCredentials(credentials("id", "secret", ""), service, s.client()).Token(t.Context())
			e := tokenError(t, err)
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(fmt.Sprintf("%v %+v %#v", e, e, e), leak) {
				t.Errorf("error %q, want one with %q and nothing of the answer", err, tt.want)
			}
			if e.StatusCode != http.StatusOK || e.RequestID != "r1" || e.Attempts != 1 || s.calls != 1 {
				t.Errorf("status %d, request id %q, %d attempts", e.StatusCode, e.RequestID, e.Attempts)
			}
		})
	}
}

// An endless is a reader without an end. It counts the bytes that are read.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return copy(p, strings.Repeat(" ", len(p))), nil
}

// TestExchangeReadsBodies tests that a body is closed, and that not much of it
// is read.
func TestExchangeReadsBodies(t *testing.T) {
	for _, status := range []int{200, 302, 401, 404} {
		stream := new(endless)
		answer, body := watchStep(status, stream)
		s := &script{steps: []step{answer}}
		_, err := auth.NewClientCredentials(credentials("id", "secret", ""), service, s.client()).Token(t.Context())
		if e := tokenError(t, err); e.StatusCode != status {
			t.Errorf("%d: error %v", status, err)
		}
		if stream.read > 2<<20 || !body.closed {
			t.Errorf("%d: %d bytes read, closed %t", status, stream.read, body.closed)
		}
	}
	answer, body := watchStep(200, strings.NewReader(goodAnswer))
	s := &script{steps: []step{answer}}
	mustToken(t, auth.NewClientCredentials(credentials("id", "secret", ""), service, s.client()))
	if !body.eof || !body.closed {
		t.Errorf("a good answer: read to its end %t, closed %t", body.eof, body.closed)
	}
}

func TestExchangeFollowsNoRedirect(t *testing.T) {
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			var requests atomic.Int64
			elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				requests.Add(1)
				_, _ = io.WriteString(w, goodAnswer)
			}))
			defer elsewhere.Close()
			server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, status))
			defer server.Close()
			base, hc := mustURL(server.URL), server.Client()
			for name, src := range map[string]auth.TokenSource{
				"client credentials": auth.NewClientCredentials(credentials("id", "secret", ""), base, hc),
				"scoped":             auth.NewScoped(auth.Static("app"), auth.Scope{WorkspaceName: "w"}, base, hc),
			} {
				_, err := src.Token(t.Context())
				e := tokenError(t, err)
				if e.StatusCode != status || e.Attempts != 1 || !strings.Contains(err.Error(), "redirects token requests") {
					t.Errorf("%s: error %v", name, err)
				}
			}
			if requests.Load() != 0 {
				t.Error("the redirect was followed")
			}
		})
	}
}

func TestExchangeRetries(t *testing.T) {
	unavailable, good := says(http.StatusServiceUnavailable, ""), says(http.StatusOK, goodAnswer)
	wait := func(status int, after string) step { return says(status, "", "Retry-After", after) }
	for _, tt := range []struct {
		name     string
		steps    []step
		calls    int
		ok       bool
		from, to time.Duration // the call takes between from and to
		is       error
		text     string
	}{
		{name: "503", steps: []step{unavailable, good}, calls: 2, ok: true, to: 200 * time.Millisecond},
		{name: "500 twice", steps: []step{says(500, ""), says(500, ""), good}, calls: 3, ok: true, to: 600 * time.Millisecond},
		{name: "408", steps: []step{says(408, ""), good}, calls: 2, ok: true, to: 200 * time.Millisecond},
		{name: "503 for ever", steps: []step{unavailable}, calls: 3, to: 600 * time.Millisecond, text: "3 attempts"},
		{name: "network", steps: []step{breaks, good}, calls: 2, ok: true, to: 200 * time.Millisecond},
		{name: "network for ever", steps: []step{breaks}, calls: 3, to: 600 * time.Millisecond, is: errDown},
		{name: "certificate not trusted", steps: []step{impostor, good}, calls: 1, is: errDown},
		{name: "half an answer", steps: []step{halfAnswer(200), good}, calls: 2, ok: true, to: 200 * time.Millisecond},
		{name: "half a JSON", steps: []step{says(200, goodAnswer[:40]), good}, calls: 2, ok: true, to: 200 * time.Millisecond},
		{name: "half a JSON for ever", steps: []step{says(200, goodAnswer[:40])}, calls: 3, to: 600 * time.Millisecond, is: io.ErrUnexpectedEOF, text: "breaks off"},
		{name: "half a refusal", steps: []step{halfAnswer(401), good}, calls: 1},
		{name: "no answer", steps: []step{hangs, good}, calls: 2, ok: true, from: 10 * time.Second, to: 10200 * time.Millisecond},
		{name: "Retry-After", steps: []step{wait(429, "7"), good}, calls: 2, ok: true, from: 7 * time.Second, to: 7 * time.Second},
		{name: "Retry-After of a 503", steps: []step{wait(503, "7"), good}, calls: 2, ok: true, from: 7 * time.Second, to: 7 * time.Second},
		{name: "Retry-After at the cap", steps: []step{wait(429, "60"), good}, calls: 2, ok: true, from: time.Minute, to: time.Minute},
		{name: "Retry-After beyond the cap", steps: []step{wait(429, "61"), good}, calls: 1, text: "asks to wait 1m1s"},
		{name: "400", steps: []step{says(400, ""), good}, calls: 1},
		{name: "401", steps: []step{says(401, ""), good}, calls: 1},
		{name: "403", steps: []step{wait(403, "1"), good}, calls: 1},
		{name: "404", steps: []step{says(404, ""), good}, calls: 1},
		{name: "204", steps: []step{says(204, ""), good}, calls: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := &script{steps: tt.steps}
				start := time.Now()
				_, err := auth.NewClientCredentials(credentials("id", "secret", ""), service, s.client()).Token(t.Context())
				took := time.Since(start)
				if (err == nil) != tt.ok || s.calls != tt.calls || took < tt.from || took > tt.to {
					t.Errorf("error %v, %d requests in %v; want success %v, %d, %v to %v", err, s.calls, took, tt.ok, tt.calls, tt.from, tt.to)
				}
				if err == nil {
					return
				}
				if e := tokenError(t, err); e.Attempts != tt.calls {
					t.Errorf("Attempts = %d, want %d", e.Attempts, tt.calls)
				}
				if tt.is != nil && !errors.Is(err, tt.is) {
					t.Errorf("errors.Is(%v, %v) is false", err, tt.is)
				}
				if !strings.Contains(err.Error(), tt.text) {
					t.Errorf("error %q lacks %q", err, tt.text)
				}
			})
		})
	}
}

func TestExchangePauses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		// A service that asks for next to nothing is not hammered.
		for name, fails := range map[string]step{"no answer": breaks, "Retry-After": says(503, "", "Retry-After", "0.000001")} {
			different := map[time.Duration]bool{}
			for range 20 {
				s := &script{steps: []step{fails, fails, says(200, goodAnswer)}}
				start := time.Now()
				mustToken(t, auth.NewClientCredentials(credentials("id", "secret", ""), service, s.client()))
				different[time.Since(start)] = true
			}
			if len(different) < 10 {
				t.Errorf("%s: the pauses are not random: %v", name, different)
			}
		}
	})
}

func TestExchangeContext(t *testing.T) {
	t.Run("Retry-After does not fit", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			s := &script{steps: []step{says(429, "", "Retry-After", "6")}}
			start := time.Now()
			_, err := auth.NewClientCredentials(credentials("id", "secret", ""), service, s.client()).Token(ctx)
			if e := tokenError(t, err); e.RetryAfter != 6*time.Second || time.Since(start) != 0 || s.calls != 1 {
				t.Errorf("%v after %v", err, time.Since(start))
			}
		})
	})
	for name, answer := range map[string]step{
		"cancelled in a pause after 429":       says(429, "", "Retry-After", "6"),
		"cancelled in a pause after no answer": func(*http.Request) (*http.Response, error) { return nil, errDown },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				s := &script{steps: []step{func(req *http.Request) (*http.Response, error) {
					time.AfterFunc(time.Nanosecond, cancel) // a pause is almost certainly longer
					return answer(req)
				}}}
				start := time.Now()
				_, err := auth.NewClientCredentials(credentials("id", "secret", ""), service, s.client()).Token(ctx)
				if !errors.Is(err, context.Canceled) || time.Since(start) != time.Nanosecond || s.calls != 1 {
					t.Errorf("%v after %v", err, time.Since(start))
				}
				e := tokenError(t, err)
				if e.Temporary() || e.StatusCode != 429 && !errors.Is(err, errDown) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%v: status %d, temporary %t", err, e.StatusCode, e.Temporary())
				}
			})
		})
	}
	t.Run("cancelled in a request", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(5*time.Second, cancel)
			s := &script{steps: []step{hangs}}
			start := time.Now()
			if _, err := auth.NewClientCredentials(credentials("id", "secret", ""), service, s.client()).Token(ctx); !errors.Is(err, context.Canceled) || time.Since(start) != 5*time.Second || s.calls != 1 || tokenError(t, err).Temporary() {
				t.Errorf("%v after %v", err, time.Since(start))
			}
		})
	})
}

// TestExchangeRateLimitedIsNotHammered tests a service that asks to wait longer
// than a fetch can take.
func TestExchangeRateLimitedIsNotHammered(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &script{steps: []step{says(429, "", "Retry-After", "120")}}
		cache := auth.NewCache(auth.NewClientCredentials(credentials("id", "secret", ""), service, s.client()))
		for range 3000 { // a hundred calls a second
			if _, err := cache.Token(t.Context()); tokenError(t, err).RetryAfter != 2*time.Minute {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if s.calls > 11 {
			t.Errorf("%d requests in 30 s", s.calls)
		}
	})
}

func TestTokenError(t *testing.T) {
	t.Setenv(auth.EnvClientID, "id-from-env")
	cred, err := auth.Resolve(auth.Config{ClientSecret: "hidden", OrganizationID: orgA})
	if err != nil {
		t.Fatal(err)
	}
	s := &script{steps: []step{says(401, `{"message":"who is this?","errors":[{"field":"client_id","message":"unknown","error_code":"invalid_client"}]}`,
		"X-Request-Id", "req-7", "Retry-After", "2")}}
	_, err = auth.NewClientCredentials(cred, service, s.client()).Token(t.Context())
	e := tokenError(t, fmt.Errorf("wrapped: %w", err))
	if e.StatusCode != 401 || e.Code != "invalid_client" || e.Message != "who is this?" || e.RequestID != "req-7" ||
		e.RetryAfter != 2*time.Second || e.Attempts != 1 || e.ClientIDSource != auth.SourceEnvironment || e.ClientSecretSource != auth.SourceOption {
		t.Errorf("fields %#v", e)
	}
	for _, want := range []string{
		"auth: token request", "401 Unauthorized", "who is this?", "invalid_client", "req-7", "wait 2s",
		"client_id from AIRBYTE_CLIENT_ID", "client_secret from option",
		"same Airbyte application", "organization",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q lacks %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "id-from-env") || strings.Contains(err.Error(), "hidden") {
		t.Errorf("error %q", err)
	}

	// Other errors contain no advice about the credentials.
	s = &script{steps: []step{breaks}}
	_, err = auth.NewClientCredentials(cred, service, s.client()).Token(t.Context())
	if strings.Contains(err.Error(), "same Airbyte application") || !errors.Is(err, errDown) || tokenError(t, err).StatusCode != 0 {
		t.Errorf("error %v", err)
	}
	if text := (&auth.TokenError{}).Error(); !strings.Contains(text, "token request") {
		t.Errorf("zero TokenError: %q", text)
	}
}

func TestExchangeRedactsEchoes(t *testing.T) {
	const secret = `s3cr3t<"\&-value`
	quoted, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	escaped := strings.NewReplacer("<", `\u003c`, "&", `\u0026`, "3", `\u0033`).Replace(string(quoted))
	for name, answer := range map[string]step{
		"message":              says(401, `{"message":`+string(quoted)+`}`),
		"escaped message":      says(401, `{"message":`+escaped+`}`),
		"field":                says(400, `{"errors":[{"field":"client_secret","message":`+string(quoted)+`}]}`),
		"code":                 says(400, `{"code":`+string(quoted)+`}`),
		"text":                 says(401, "wrong: "+secret),
		"HTML":                 says(401, "<title>wrong: "+secret+"</title>"),
		"HTML without a title": says(401, "<p>wrong: "+secret),
		"cut in the midst":     says(401, strings.Repeat("x", 500)+secret),
		"escaped and cut":      says(401, `{"message":"`+strings.Repeat("x", 500)+escaped[1:]+`}`),
		"request id":           says(401, "", "X-Request-Id", secret),
		"request id, cut":      says(401, "", "X-Request-Id", strings.Repeat("x", 115)+secret),
		"after retries":        says(500, secret),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := &script{steps: []step{answer}}
				_, err := auth.NewClientCredentials(credentials("id", secret, ""), service, s.client()).Token(t.Context())
				e := tokenError(t, err)
				if text := fmt.Sprintf("%v %+v %#v %q", e, e, e, []string{e.Code, e.Message, e.RequestID}); strings.Contains(text, "s3cr3t") {
					t.Errorf("the secret is in %s", text)
				}
			})
		})
	}
	t.Run("short secret", func(t *testing.T) { // may be a part of any word; its redaction is longer
		s := &script{steps: []step{says(401, `{"message":"`+strings.Repeat(`'\u0061bcd' `, 70)+`"}`)}}
		_, err := auth.NewClientCredentials(credentials("id", "abcd", ""), service, s.client()).Token(t.Context())
		if e := tokenError(t, err); len(e.Message) > 512 || strings.Contains(e.Message, "abcd") {
			t.Errorf("message of %d bytes: %q", len(e.Message), e.Message)
		}
	})
	t.Run("application token", func(t *testing.T) {
		s := &script{steps: []step{func(req *http.Request) (*http.Response, error) {
			return reply(403, `{"message":"not for `+req.Header.Get("Authorization")+`"}`), nil
		}}}
		nameless := &http.Client{Transport: forgetful{s.client().Transport}}
		for _, hc := range []*http.Client{s.client(), nameless} {
			_, err := auth.NewScoped(auth.Static("s3cr3t-token"), auth.Scope{WorkspaceName: "w"}, service, hc).Token(t.Context())
			if e := tokenError(t, err); !strings.Contains(e.Message, "not for Bearer") || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("error %v", err)
			}
		}
	})
}

// What net/http quotes of a response, and a message that has the secret in a form that
// the client did not send it in.
func TestExchangeRedactsForms(t *testing.T) {
	const key = "-----BEGIN KEY-----\nMIIEvQ+IBADAN/Bgkqhki\nG9w0BAQ==\n-----END KEY-----\n"
	for name, tt := range map[string]struct {
		secret string
		answer step
	}{
		"query":         {"ab+cdXYZ01", says(401, `{"message":"client_secret=ab%2BcdXYZ01 is wrong"}`)},
		"lower hex":     {"ab+cd/XYZ01", says(401, `{"message":"client_secret=ab%2bcd%2fXYZ01 is wrong"}`)},
		"path":          {"ab cd/XYZ01", says(401, `{"message":"/apps/ab%20cd%2FXYZ01 is not there"}`)},
		"one line":      {key, says(401, `{"message":"bad `+strings.Join(strings.Fields(key), " ")+`"}`)},
		"lines":         {key, says(401, `{"message":"bad `+strings.ReplaceAll(key, "\n", `\n`)+`"}`)},
		"field":         {key, says(422, `{"detail":[{"loc":["body"],"msg":"bad `+strings.Join(strings.Fields(key), " ")+`"}]}`)},
		"cut":           {key, says(401, `{"message":"`+strings.Repeat("x      ", 240)+strings.Join(strings.Fields(key), " ")+`"}`)},
		"half of it":    {key, says(401, `{"message":"bad -----BEGIN KEY----- MIIEvQ+IBADAN…"}`)},
		"redirect":      {"ab+cdXYZ01", says(307, "", "Location", "https://x.test/?s=ab%2BcdXYZ01")},
		"error of HTTP": {"ab+cdXYZ01", func(*http.Request) (*http.Response, error) { return nil, errors.New(`malformed header "ab+cdXYZ01"`) }},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := &script{steps: []step{tt.answer}}
				cred := credentials("id", "secret", "")
				cred.ClientSecret = auth.Secret(tt.secret)
				_, err := auth.NewClientCredentials(cred, service, s.client()).Token(t.Context())
				text := fmt.Sprintf("%v %+v", tokenError(t, err), chain(err))
				for _, part := range []string{"XYZ01", "BEGIN KEY", "MIIE", "IBADAN", "END KEY"} {
					if strings.Contains(text, part) {
						t.Errorf("%q is in %s", part, text)
					}
				}
			})
		})
	}
}

// chain returns the texts of err and of its causes.
func chain(err error) (texts []string) {
	for ; err != nil; err = errors.Unwrap(err) {
		texts = append(texts, err.Error())
	}
	return texts
}

// A forgetful transport does not set the Request of its responses, which
// http.RoundTripper does not require.
type forgetful struct{ http.RoundTripper }

func (f forgetful) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := f.RoundTripper.RoundTrip(req)
	if resp != nil {
		resp.Request = nil
	}
	return resp, err
}

func TestExchangeLeavesClientAlone(t *testing.T) {
	follow := func(*http.Request, []*http.Request) error { return nil }
	hc := (&script{steps: []step{says(200, goodAnswer)}}).client()
	hc.CheckRedirect, hc.Timeout = follow, time.Minute
	mustToken(t, auth.NewClientCredentials(credentials("id", "secret", ""), service, hc))
	if hc.CheckRedirect(nil, nil) != nil || hc.Timeout != time.Minute || hc.Jar != nil {
		t.Error("the caller's http.Client was changed")
	}
}

func TestExchangeNeedsSafeAddress(t *testing.T) {
	s := &script{steps: []step{says(200, goodAnswer)}}
	_, err := auth.NewScoped(auth.Static("a"), auth.Scope{WorkspaceName: "w"}, mustURL("http://service.test"), s.client()).Token(t.Context())
	if !errors.Is(err, auth.ErrUnsafe) || tokenError(t, err).Attempts != 0 || s.calls != 0 {
		t.Errorf("error %v, %d requests", err, s.calls)
	}
	_, err = auth.NewClientCredentials(credentials("id", "secret", ""), mustURL("http://service.test"), s.client()).Token(t.Context())
	if !errors.Is(err, auth.ErrUnsafe) || s.calls != 0 {
		t.Errorf("a secret over plain http: error %v, %d requests", err, s.calls)
	}
}

func TestScoped(t *testing.T) {
	region := orgB
	for _, tt := range []struct {
		name  string
		scope auth.Scope
		token string
		want  time.Duration
	}{
		{"opaque", auth.Scope{WorkspaceName: "w"}, "opaque", 20 * time.Minute},
		{"JWT", auth.Scope{WorkspaceName: "w", OrganizationID: orgA}, jwt(`{"iat":5000,"exp":5600}`), 10 * time.Minute},
		{"JWT without iat", auth.Scope{WorkspaceName: "w", RegionID: region}, jwt(`{"exp":946684900}`), 100 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := &script{steps: []step{func(req *http.Request) (*http.Response, error) {
					var body map[string]any
					if err := json.UnmarshalRead(req.Body, &body); err != nil {
						t.Error(err)
					}
					if req.Method != http.MethodPost || req.URL.Path != "/api/v1/account/applications/scoped-token" || bearer(req) != "app" {
						t.Errorf("%s %s with token %q", req.Method, req.URL, bearer(req))
					}
					if got := req.Header.Get(auth.HeaderOrganizationID); got != tt.scope.OrganizationID {
						t.Errorf("organization %q", got)
					}
					wantRegion := any(nil)
					if tt.scope.RegionID != "" {
						wantRegion = tt.scope.RegionID
					}
					if body["workspace_name"] != "w" || body["region_id"] != wantRegion {
						t.Errorf("body %v", body)
					}
					return reply(200, `{"token":"`+tt.token+`"}`), nil
				}}}
				// The clock of synctest starts with the year 2000, 946684800 in
				// Unix time.
				tok, err := auth.NewScoped(auth.Static("app"), tt.scope, service, s.client()).Token(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if string(tok.AccessToken) != tt.token || time.Until(tok.Expiry) != tt.want {
					t.Errorf("token %v lives %v, want %v", tok, time.Until(tok.Expiry), tt.want)
				}
			})
		})
	}
}

// TestScopedConfirm tests that Confirm is called until it has succeeded once,
// and that nothing is sent before.
func TestScopedConfirm(t *testing.T) {
	s := &script{steps: []step{says(200, `{"token":"scoped"}`)}}
	asked := 0
	src := auth.NewScoped(auth.Static("app"), auth.Scope{WorkspaceName: "w", Confirm: func(context.Context) error {
		if asked++; asked < 3 {
			return errDown
		}
		return nil
	}}, service, s.client())
	for n, want := range []error{errDown, errDown, nil, nil} {
		if _, err := src.Token(t.Context()); err != want {
			t.Errorf("fetch %d: %v, want %v", n, err, want)
		}
	}
	if asked != 3 || s.calls != 2 {
		t.Errorf("asked %d times, %d requests", asked, s.calls)
	}
}

// TestScopedApplicationToken tests application tokens that are refused or
// cannot be fetched.
func TestScopedApplicationToken(t *testing.T) {
	t.Run("revoked", func(t *testing.T) {
		src := &mint{life: time.Hour}
		s := &script{steps: []step{func(req *http.Request) (*http.Response, error) {
			if bearer(req) == "token-1" {
				return reply(401, ""), nil
			}
			return reply(200, `{"token":"scoped"}`), nil
		}}}
		if got := mustToken(t, auth.NewScoped(auth.NewCache(src), auth.Scope{WorkspaceName: "w"}, service, s.client())); got != "scoped" || src.fetches() != 2 {
			t.Errorf("token %q, %d fetches of application tokens", got, src.fetches())
		}
	})
	// A 401 is not the last word where no other token came yet.
	refuses := func(token string) step {
		return func(req *http.Request) (*http.Response, error) {
			if bearer(req) == token {
				return reply(401, `{"message":"revoked"}`), nil
			}
			return reply(200, `{"token":"scoped"}`), nil
		}
	}
	t.Run("revoked, and slow to replace", func(t *testing.T) { // slower than one attempt
		bubble(t, func(t *testing.T) {
			src := &mint{life: time.Hour, began: func(n int) { time.Sleep(time.Duration(n-1) * 15 * time.Second) }}
			s := &script{steps: []step{refuses("token-1")}}
			if got := mustToken(t, auth.NewCache(auth.NewScoped(auth.NewCache(src), auth.Scope{WorkspaceName: "w"}, service, s.client()))); got != "scoped" || src.fetches() != 2 {
				t.Errorf("token %q, %d fetches of application tokens", got, src.fetches())
			}
		})
	})
	t.Run("revoked in an outage", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			down := says(503, "")
			tokens := &script{steps: []step{says(200, goodAnswer), down, down, down, says(200, `{"access_token":"better","expires_in":900}`)}}
			app := auth.NewCache(auth.NewClientCredentials(credentials("id", "secret", ""), service, tokens.client()))
			s := &script{steps: []step{refuses("good")}}
			if got := mustToken(t, auth.NewScoped(app, auth.Scope{WorkspaceName: "w"}, service, s.client())); got != "scoped" {
				t.Errorf("token %q", got)
			}
		})
	})
	t.Run("revoked, and not to be replaced", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			tokens := &script{steps: []step{says(200, goodAnswer), says(403, `{"message":"the application is blocked"}`)}}
			app := auth.NewCache(auth.NewClientCredentials(credentials("id", "secret", ""), service, tokens.client()))
			s := &script{steps: []step{refuses("good")}}
			_, err := auth.NewScoped(app, auth.Scope{WorkspaceName: "w"}, service, s.client()).Token(t.Context())
			if e := tokenError(t, err); e.StatusCode != 401 || e.Temporary() || s.calls != 1 || !strings.Contains(err.Error(), "no new token could be obtained") || !strings.Contains(err.Error(), "blocked") {
				t.Errorf("%v after %d requests", err, s.calls)
			}
		})
	})
	t.Run("credentials refused", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			s := &script{steps: []step{says(401, `{"message":"wrong secret"}`)}}
			app := auth.NewClientCredentials(credentials("id", "secret", ""), service, s.client())
			cache := auth.NewCache(auth.NewScoped(app, auth.Scope{WorkspaceName: "w"}, service, s.client()))
			for range 20 {
				_, err := cache.Token(t.Context())
				if e := tokenError(t, err); e.StatusCode != 401 || e.ClientIDSource != auth.SourceOption || e.Attempts != 1 {
					t.Fatalf("error %#v", e)
				}
			}
			if s.calls != 1 {
				t.Errorf("%d requests with refused credentials, want 1", s.calls)
			}
		})
	})
	t.Run("service down", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			s := &script{steps: []step{says(503, "")}}
			app := auth.NewClientCredentials(credentials("id", "secret", ""), service, s.client())
			_, err := auth.NewScoped(app, auth.Scope{WorkspaceName: "w"}, service, s.client()).Token(t.Context())
			if tokenError(t, err).StatusCode != 503 || s.calls != 3 {
				t.Errorf("error %v after %d requests, want 503 after 3", err, s.calls)
			}
		})
	})
	t.Run("source fails", func(t *testing.T) {
		calls := 0
		app := sourceFunc(func(context.Context) (*auth.Token, error) { calls++; return nil, errDown })
		_, err := auth.NewScoped(app, auth.Scope{WorkspaceName: "w"}, service, (&script{steps: []step{breaks}}).client()).Token(t.Context())
		if !errors.Is(err, errDown) || calls != 1 {
			t.Errorf("error %v after %d calls, want the source's own after 1", err, calls)
		}
	})
	t.Run("slow", func(t *testing.T) { // slower than one attempt, but not than the fetch
		bubble(t, func(t *testing.T) {
			s := &script{steps: []step{says(200, `{"token":"scoped"}`)}}
			app := auth.NewCache(&mint{life: time.Hour, takes: 15 * time.Second})
			if got := mustToken(t, auth.NewScoped(app, auth.Scope{WorkspaceName: "w"}, service, s.client())); got != "scoped" {
				t.Errorf("token %q", got)
			}
		})
	})
}

// TestTokenErrorOfAUselessAnswerHidesTheSecret tests a response that is not a
// refusal, cannot be used, and repeats the secret.
func TestTokenErrorOfAUselessAnswerHidesTheSecret(t *testing.T) {
	const secret = "the-secret-that-was-sent"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "for-"+secret)
		_, _ = io.WriteString(w, "not a token")
	}))
	defer srv.Close()
	cred, err := auth.Resolve(auth.Config{ClientID: "id", ClientSecret: secret})
	if err != nil {
		t.Fatal(err)
	}
	_, err = auth.NewClientCredentials(cred, mustURL(srv.URL), nil).Token(t.Context())
	refused, ok := errors.AsType[*auth.TokenError](err)
	if !ok || refused.StatusCode != http.StatusOK || strings.Contains(err.Error()+refused.RequestID, secret) || !strings.HasPrefix(refused.RequestID, "for-") {
		t.Errorf("%v", err)
	}
}
