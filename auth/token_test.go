package auth_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

func TestLifetimeOfJWT(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	for _, tt := range []struct {
		name, token string
		want        time.Duration
		ok          bool
	}{
		{"exp", jwt(`{"exp":1000900}`), 15 * time.Minute, true},
		{"fraction", jwt(`{"exp":1000000.5}`), 500 * time.Millisecond, true},
		{"iat and exp", jwt(`{"iat":5,"exp":905}`), 15 * time.Minute, true},
		{"clock of the service ahead", jwt(`{"iat":2000000,"exp":2000900}`), 15 * time.Minute, true},
		{"past", jwt(`{"exp":999999}`), -time.Second, true},
		{"exp before iat", jwt(`{"iat":905,"exp":5}`), -15 * time.Minute, true},
		{"huge", jwt(`{"exp":1e300}`), 10 * 365 * 24 * time.Hour, true},
		{"other claims", jwt(`{"sub":{"a":[1]},"exp":1000001,"iss":"x"}`), time.Second, true},
		{"padded", strings.Replace(jwt(`{"exp":1000001}`), ".c2ln", "=.c2ln", 1), time.Second, true},
		{"no exp", jwt(`{"iat":5}`), 0, false},
		{"exp 0", jwt(`{"exp":0}`), 0, false},
		{"exp negative", jwt(`{"exp":-5}`), 0, false},
		{"exp null", jwt(`{"exp":null}`), 0, false},
		{"exp text", jwt(`{"exp":"1000900"}`), 0, false},
		{"no object", jwt(`7`), 0, false},
		{"no JSON", jwt(`{`), 0, false},
		{"no base64", "e30.!!!.c2ln", 0, false},
		{"two parts", "e30.e30", 0, false},
		{"five parts", "a.b.c.d.e", 0, false},
		{"opaque", "opaque", 0, false},
		{"empty", "", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := auth.LifetimeOfJWT(auth.Secret(tt.token), now); got != tt.want || ok != tt.ok {
				t.Errorf("got %v, %v; want %v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func FuzzLifetimeOfJWT(f *testing.F) {
	f.Add(`{"exp":1000900}`, "")
	f.Add(`{"iat":1e308,"exp":-1e308}`, "")
	f.Add("", "e30.!!!.c2ln")
	f.Fuzz(func(t *testing.T, claims, token string) {
		if token == "" {
			token = jwt(claims)
		}
		life, ok := auth.LifetimeOfJWT(auth.Secret(token), time.Unix(1_000_000, 0))
		if !ok && life != 0 || life > 10*365*24*time.Hour || life < -10*365*24*time.Hour || life == math.MinInt64 {
			t.Errorf("lifetime %v, %v of %q", life, ok, token)
		}
	})
}

func TestStatic(t *testing.T) {
	if got := mustToken(t, auth.Static(" token\n")); got != "token" {
		t.Errorf("token %q", got)
	}
	for _, bad := range []auth.Secret{"", " \n", "two\nlines", "two words", "tök"} {
		if tok, err := auth.Static(bad).Token(t.Context()); err == nil || tok != nil {
			t.Errorf("Static(%q) returns %v, %v", string(bad), tok, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := auth.Static("a").Token(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Token = %v", err)
	}
}

type oauth2Func func() (*oauth2.Token, error)

func (f oauth2Func) Token() (*oauth2.Token, error) { return f() }

func TestFromOAuth2(t *testing.T) {
	expiry := time.Now().Add(time.Hour)
	tok, err := auth.FromOAuth2(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "a", Expiry: expiry})).Token(t.Context())
	if err != nil || tok.AccessToken != "a" || !tok.Expiry.Equal(expiry) {
		t.Errorf("Token = %v, %v", tok, err)
	}
	for _, tt := range []struct {
		name string
		src  oauth2.TokenSource
		want string
	}{
		{"nil source", nil, "is nil"},
		{"error", oauth2Func(func() (*oauth2.Token, error) { return nil, errDown }), errDown.Error()},
		{"nil token", oauth2Func(func() (*oauth2.Token, error) { return nil, nil }), "auth: the token source returned no token"},
		{"empty token", oauth2Func(func() (*oauth2.Token, error) { return &oauth2.Token{}, nil }), "auth: the access token is empty"},
		{"expired", oauth2Func(func() (*oauth2.Token, error) {
			return &oauth2.Token{AccessToken: "a", Expiry: time.Unix(1, 0)}, nil
		}), "auth: the token has already expired"},
		{"panic", oauth2Func(func() (*oauth2.Token, error) { panic("boom") }), "panicked: boom"},
		{"goexit", oauth2Func(func() (*oauth2.Token, error) { runtime.Goexit(); return nil, nil }), "no token"},
	} {
		tok, err := auth.FromOAuth2(tt.src).Token(t.Context())
		if tok != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Token = %v, %v; want an error with %q", tt.name, tok, err, tt.want)
		}
	}
}

func TestFromOAuth2Context(t *testing.T) {
	bubble(t, func(t *testing.T) {
		src := auth.FromOAuth2(oauth2Func(func() (*oauth2.Token, error) {
			time.Sleep(5 * time.Second)
			return &oauth2.Token{AccessToken: "a"}, nil
		}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := src.Token(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("Token = %v after %v", err, time.Since(start))
		}
		if _, err := src.Token(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("Token = %v after %v", err, time.Since(start))
		}
	})
}

func TestToOAuth2(t *testing.T) {
	expiry := time.Now().Add(time.Hour)
	src := sourceFunc(func(ctx context.Context) (*auth.Token, error) {
		return &auth.Token{AccessToken: "a", Expiry: expiry}, ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	there := auth.ToOAuth2(ctx, src)
	tok, err := there.Token()
	if err != nil || tok.AccessToken != "a" || tok.Type() != "Bearer" || !tok.Expiry.Equal(expiry) || !tok.Valid() {
		t.Errorf("Token = %v", err)
	}
	if got := mustToken(t, auth.FromOAuth2(there)); got != "a" {
		t.Errorf("there and back: %q", got)
	}
	cancel()
	if _, err := there.Token(); !errors.Is(err, context.Canceled) {
		t.Errorf("Token = %v", err)
	}
	if tok, err := auth.ToOAuth2(t.Context(), nil).Token(); tok != nil || err == nil {
		t.Errorf("nil source: %v, %v", tok, err)
	}
	nothing := sourceFunc(func(context.Context) (*auth.Token, error) { return nil, nil })
	if tok, err := auth.ToOAuth2(t.Context(), nothing).Token(); tok != nil || err == nil {
		t.Errorf("nil token: %v, %v", tok, err)
	}
}

func TestTokenString(t *testing.T) {
	tok := auth.Token{AccessToken: "hidden", Expiry: time.Unix(0, 0).UTC(), OrganizationID: orgA}
	if got, want := tok.String(), `auth.Token{AccessToken:[REDACTED], Expiry:1970-01-01T00:00:00Z, OrganizationID:"`+orgA+`"}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := (auth.Token{}).String(); !strings.Contains(got, "Expiry:never") {
		t.Errorf("got %s", got)
	}
}
