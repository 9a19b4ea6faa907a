package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/oauth2"

	"github.com/airbyte-agents/airbyte-agents-go/internal/timing"
)

// A Token authorizes requests to the service. It never prints its AccessToken.
//
// Callers must not modify a Token that a [TokenSource] returned, since a
// [Cache] returns the same one to all callers.
type Token struct {
	// AccessToken is sent as the bearer token.
	AccessToken Secret

	// Expiry is when the service stops accepting the token. If it is zero, the
	// token does not expire by itself.
	Expiry time.Time

	// OrganizationID identifies the organization that the token belongs to, as
	// reported by the service. It is empty if the service did not report one.
	OrganizationID string

	assumed bool  // the service did not say when the token expires
	kept    *kept // nil if no store is involved
}

// String returns the expiry and the organization of the token, but not its
// AccessToken.
func (t Token) String() string {
	expiry := "never"
	if !t.Expiry.IsZero() {
		expiry = t.Expiry.Format(time.RFC3339)
	}
	return fmt.Sprintf("auth.Token{AccessToken:%s, Expiry:%s, OrganizationID:%q}", redacted, expiry, t.OrganizationID)
}

// Format implements [fmt.Formatter]. It writes the result of String for every
// verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// LogValue implements [slog.LogValuer]. It does not include the AccessToken.
func (t Token) LogValue() slog.Value {
	attrs := []slog.Attr{slog.Any("access_token", t.AccessToken), slog.String("organization_id", t.OrganizationID)}
	if !t.Expiry.IsZero() {
		attrs = append(attrs, slog.Time("expiry", t.Expiry))
	}
	return slog.GroupValue(attrs...)
}

// A TokenSource returns tokens that can be sent at once.
//
// Token may be called by several goroutines at once. It should return when ctx
// is done, since nothing else can end a fetch. An [Authorizer] calls it before
// every attempt, so a source that fetches its tokens should be wrapped in a
// [Cache]. A source may also have a method Invalidate(*Token), which is called
// with a token that the service refused.
type TokenSource interface {
	Token(ctx context.Context) (*Token, error)
}

// An invalidator is a TokenSource that wants to know which tokens the service
// refused.
type invalidator interface{ Invalidate(*Token) }

// Static returns a TokenSource that always returns token, without the white
// space around it. The token cannot be refreshed: if the service refuses it,
// the caller gets that response. Its method Token returns an error if the token
// is empty or contains a character that is not allowed in a header.
func Static(token Secret) TokenSource {
	return &static{func() Secret { return token }}
}

type static struct{ secret sealed }

func (s *static) Token(ctx context.Context) (*Token, error) {
	if ctx.Err() != nil {
		return nil, timing.Ended(ctx)
	}
	tok := &Token{AccessToken: Secret(strings.TrimSpace(string(s.secret())))}
	if err := tok.check(time.Now()); err != nil {
		return nil, fmt.Errorf("auth: static token: %w", err)
	}
	return tok, nil
}

func (s *static) String() string               { return "auth.Static(" + redacted + ")" }
func (s *static) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, s.String()) }
func (s *static) LogValue() slog.Value         { return slog.StringValue(s.String()) }
func (s *static) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// FromOAuth2 returns a TokenSource that takes its tokens from src. Since
// [oauth2.TokenSource] has no context, a call whose ctx is done returns at
// once, while the call of src goes on in its own goroutine.
func FromOAuth2(src oauth2.TokenSource) TokenSource { return fromOAuth2{&src} }

// A fromOAuth2 holds a pointer, so that fmt cannot print what is in the source.
type fromOAuth2 struct{ src *oauth2.TokenSource }

func (s fromOAuth2) Token(ctx context.Context) (*Token, error) {
	if ctx.Err() != nil {
		return nil, timing.Ended(ctx)
	}
	if *s.src == nil {
		return nil, errors.New("auth: the oauth2 token source is nil")
	}
	type result struct {
		tok *oauth2.Token
		err error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if v := recover(); v != nil {
				r = result{err: fmt.Errorf("auth: the oauth2 token source panicked: %v", v)}
			}
			done <- r
		}()
		r.tok, r.err = (*s.src).Token()
	}()
	select {
	case <-ctx.Done():
		return nil, timing.Ended(ctx)
	case r := <-done:
		switch {
		case r.err != nil:
			return nil, r.err
		case r.tok == nil:
			return nil, fmt.Errorf("auth: %w", errNoToken)
		}
		tok := &Token{AccessToken: Secret(r.tok.AccessToken), Expiry: r.tok.Expiry}
		if err := tok.check(time.Now()); err != nil {
			return nil, fmt.Errorf("auth: %w", err)
		}
		return tok, nil
	}
}

func (s fromOAuth2) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, "auth.FromOAuth2(…)") }
func (s fromOAuth2) LogValue() slog.Value         { return slog.StringValue("auth.FromOAuth2(…)") }
func (s fromOAuth2) MarshalText() ([]byte, error) { return []byte("auth.FromOAuth2(…)"), nil }

// ToOAuth2 returns an [oauth2.TokenSource] that takes its tokens from src, for
// libraries that need one. All calls of its Token method use ctx, since the
// method has no context of its own. The tokens that it returns are not redacted
// when printed.
func ToOAuth2(ctx context.Context, src TokenSource) oauth2.TokenSource {
	return toOAuth2(func() (*oauth2.Token, error) {
		if src == nil {
			return nil, fmt.Errorf("auth: %w", errNoSource)
		}
		tok, err := src.Token(ctx)
		if err != nil {
			return nil, err
		}
		if tok == nil {
			return nil, fmt.Errorf("auth: %w", errNoToken)
		}
		return &oauth2.Token{AccessToken: string(tok.AccessToken), TokenType: "Bearer", Expiry: tok.Expiry}, nil
	})
}

type toOAuth2 func() (*oauth2.Token, error)

func (f toOAuth2) Token() (*oauth2.Token, error) { return f() }

var (
	errNoSource     = errors.New("the token source is nil")
	errNoToken      = errors.New("the token source returned no token")
	errEmptyToken   = errors.New("the access token is empty")
	errBadToken     = errors.New("the access token contains a character that is not allowed in a header")
	errExpiredToken = errors.New("the token has already expired")
)

// check returns an error if the token cannot be used at now.
func (t *Token) check(now time.Time) error {
	switch {
	case t == nil:
		return errNoToken
	case t.AccessToken == "":
		return errEmptyToken
	case strings.ContainsFunc(string(t.AccessToken), func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return errBadToken
	case !t.Expiry.IsZero() && !t.Expiry.After(now):
		return errExpiredToken
	}
	return nil
}

// lifetimeOfJWT returns the lifetime of a token that was sent at now, from
// its claims, which it does not verify: only the service relies on them. If the
// token has an iat claim, the lifetime is exp minus iat, so that a wrong clock
// on this machine does not matter. lifetimeOfJWT returns false if the token is
// not a JWT or has no exp claim.
func lifetimeOfJWT(token Secret, now time.Time) (time.Duration, bool) {
	parts := strings.Split(string(token), ".")
	if len(parts) != 3 {
		return 0, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return 0, false
	}
	var claims struct {
		Expires float64 `json:"exp"`
		Issued  float64 `json:"iat"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Expires <= 0 {
		return 0, false
	}
	issued := float64(now.UnixNano()) / 1e9
	if claims.Issued > 0 {
		issued = claims.Issued
	}
	return seconds(claims.Expires - issued), true
}

// maxLifetime limits the lifetime that a service may claim, so that no duration
// overflows.
const maxLifetime = 10 * 365 * 24 * time.Hour

// seconds converts s seconds to a duration between -maxLifetime and
// maxLifetime.
func seconds(s float64) time.Duration {
	if math.IsNaN(s) {
		return 0
	}
	s = max(min(s, maxLifetime.Seconds()), -maxLifetime.Seconds())
	return time.Duration(s * float64(time.Second))
}

// permanent reports whether err means that an immediate retry does not help:
// the service would respond in the same way again, or it asked to wait longer
// than a fetch can.
func permanent(err error) bool {
	if own, ok := errors.AsType[*TokenError](err); ok {
		return own.StatusCode != 0 && !own.Temporary() || own.RetryAfter > 0
	}
	if foreign, ok := errors.AsType[*oauth2.RetrieveError](err); ok && foreign.Response != nil {
		return refused(foreign.Response.StatusCode)
	}
	return false
}

func refused(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusUnauthorized || status == http.StatusForbidden
}
