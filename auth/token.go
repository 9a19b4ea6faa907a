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
)

// A Token is what a request is sent with. Its secret never prints.
type Token struct {
	// AccessToken is the bearer token.
	AccessToken Secret

	// Expiry is when the service stops accepting the token. The zero time
	// means that it does not expire by itself.
	Expiry time.Time

	// OrganizationID is the organization that the service says the token
	// belongs to, "" when it does not say.
	OrganizationID string
}

// String shows when the token expires and whose it is, not the token.
func (t Token) String() string {
	expiry := "never"
	if !t.Expiry.IsZero() {
		expiry = t.Expiry.Format(time.RFC3339)
	}
	return fmt.Sprintf("auth.Token{AccessToken:%s, Expiry:%s, OrganizationID:%q}", redacted, expiry, t.OrganizationID)
}

// Format writes what String returns, for every verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// LogValue implements [slog.LogValuer].
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Any("access_token", t.AccessToken),
		slog.Time("expiry", t.Expiry),
		slog.String("organization_id", t.OrganizationID),
	)
}

// A TokenSource gives a token that is good to be sent now.
//
// An [Editor] asks for one before every attempt, so a source that has to fetch
// belongs into a [Cache]. A source may also have an Invalidate(*Token) method:
// it is told of a token that the service refused.
type TokenSource interface {
	Token(ctx context.Context) (*Token, error)
}

// invalidator is a TokenSource that can be told of a refused token.
type invalidator interface{ Invalidate(*Token) }

// Static is a source that always gives the same token. It cannot be refreshed:
// when the service refuses it, that answer is what the caller sees.
func Static(token Secret) TokenSource {
	return &static{seal(token)}
}

type static struct{ secret sealed }

func (s *static) Token(ctx context.Context) (*Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
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

// FromOAuth2 makes a source of an [oauth2.TokenSource]. That one knows no
// context: a caller whose ctx ends returns at once, and its fetch goes on
// behind it.
func FromOAuth2(src oauth2.TokenSource) TokenSource { return fromOAuth2{&src} }

// fromOAuth2 holds a pointer so that fmt cannot reach into the source.
type fromOAuth2 struct{ src *oauth2.TokenSource }

func (s fromOAuth2) Token(ctx context.Context) (*Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
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
		return nil, ctx.Err()
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

// ToOAuth2 makes an [oauth2.TokenSource] of src, for libraries that want one.
// Its Token method has no ctx of its own: ctx bounds them all. The token that
// it returns is in the clear, as such libraries need it.
func ToOAuth2(ctx context.Context, src TokenSource) oauth2.TokenSource {
	return toOAuth2(func() (*oauth2.Token, error) {
		if src == nil {
			return nil, errors.New("auth: the token source is nil")
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
	errNoToken      = errors.New("the source gave no token")
	errEmptyToken   = errors.New("the access token is empty")
	errBadToken     = errors.New("the access token has a character that no header can carry")
	errExpiredToken = errors.New("the token has expired already")
)

// check finds what makes a token useless at now.
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

// lifetimeOfJWT is how long a token that was issued just now lives, as its
// claims say; they are not verified, since only the service relies on them.
// Where the token says when it was issued, the difference counts, so that it
// does not matter what the clock of this machine shows. It reports false for a
// token that is no JWT or has no exp.
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

// maxLifetime bounds what a service may claim; a duration must not overflow.
const maxLifetime = 10 * 365 * 24 * time.Hour

// seconds is s as a duration, at most maxLifetime.
func seconds(s float64) time.Duration {
	if math.IsNaN(s) {
		return 0
	}
	s = max(min(s, maxLifetime.Seconds()), -maxLifetime.Seconds())
	return time.Duration(s * float64(time.Second))
}

// permanent reports whether err says that asking again at once is no use: the
// same credentials will be refused again, or the service asked to wait longer
// than a fetch can.
func permanent(err error) bool {
	if own, ok := errors.AsType[*TokenError](err); ok && (refused(own.StatusCode) || own.RetryAfter > 0) {
		return true
	}
	if foreign, ok := errors.AsType[*oauth2.RetrieveError](err); ok && foreign.Response != nil {
		return refused(foreign.Response.StatusCode)
	}
	return false
}

func refused(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusUnauthorized || status == http.StatusForbidden
}
