package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
	"github.com/airbyte-agents/airbyte-agents-go/internal/origin"
	"github.com/airbyte-agents/airbyte-agents-go/internal/redact"
)

// headerOrganizationID is the header that identifies the organization in which
// a request acts.
const headerOrganizationID = "X-Organization-Id"

// ErrUnsafe means that a request or an address would expose a secret: over
// plain http, or to another origin by a redirect. Errors of this package match
// it with [errors.Is]. Retrying does not help.
var ErrUnsafe = origin.ErrUnsafe

// An Authorizer attaches tokens to requests. It is a [gen.HttpRequestDoer],
// which a generated client sends its requests with, and its Edit method is a
// [gen.RequestEditorFn]. Use one or the other: Do does the same as Edit, and
// also replays a request if the service refuses its token.
//
// An Authorizer attaches a token only to requests for its own origin. It does
// not change other requests, or a request that already has an Authorization
// header. If the origin uses plain http and is not a loopback address, Do and
// Edit return an error that matches [ErrUnsafe].
type Authorizer struct {
	base *url.URL
	src  TokenSource
	next gen.HttpRequestDoer
	org  string
}

var _ gen.HttpRequestDoer = (*Authorizer)(nil)

// NewAuthorizer returns an Authorizer that attaches tokens from src to requests
// for base and sends them with next. If organizationID is not empty, it is sent
// in the X-Organization-Id header of requests that do not have one.
//
// If next is an [http.Client], the Authorizer uses a copy that follows only
// redirects within the origin of base, and none that changes the method, since
// net/http would send the token to another port or to a subdomain of the same
// host. The error for a redirect to another origin matches [ErrUnsafe]. Any
// other doer must not follow such redirects either.
func NewAuthorizer(base *url.URL, src TokenSource, next gen.HttpRequestDoer, organizationID string) *Authorizer {
	hc, ok := next.(*http.Client)
	switch {
	case ok && hc == nil:
		next = nil
	case ok:
		own := *hc
		own.CheckRedirect = origin.CheckRedirect(base, hc.CheckRedirect)
		next = doer(own.Do)
	}
	return &Authorizer{base, src, next, organizationID}
}

// Edit sets the headers of req: the token and the organization. It returns the
// errors of the token source unchanged. Edit is a [gen.RequestEditorFn]; the
// client that it is used with must not follow redirects to another origin.
func (a *Authorizer) Edit(ctx context.Context, req *http.Request) error {
	if err := a.incomplete(); err != nil {
		return err
	}
	if !a.mine(req) {
		return nil
	}
	_, err := a.attach(ctx, req)
	return err
}

// Do sends req with a token and returns the response. If the response is a 401,
// Do invalidates the token, gets another one, sends the request again and
// returns the second response. If the second token came from a [Store] and is
// refused, too, Do does so once more. It returns the 401 if there is no other
// token, or if the body of req cannot be read again (see the GetBody field
// of [http.Request]). Do returns the errors of the token source unchanged, and
// does not change req.
func (a *Authorizer) Do(req *http.Request) (*http.Response, error) {
	err := a.incomplete()
	if err == nil && a.next == nil {
		err = errors.New("auth: the Authorizer has nothing to send with")
	}
	if err != nil {
		closeBody(req)
		return nil, err
	}
	if !a.mine(req) {
		return a.send(req)
	}
	sent := clone(req)
	tok, err := a.attach(req.Context(), sent)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	for replays := 0; ; replays++ {
		resp, err := a.send(sent)
		if err != nil || resp.StatusCode != http.StatusUnauthorized || replays > 0 && (replays > 1 || !tok.fromStore()) {
			return resp, err
		}
		if src, ok := a.src.(invalidator); ok {
			src.Invalidate(tok)
		}
		next := clone(req)
		if req.Body != nil && req.Body != http.NoBody {
			if req.GetBody == nil {
				return resp, nil
			}
			if next.Body, err = req.GetBody(); err != nil {
				return resp, nil //nolint:nilerr // the response is the result
			}
		}
		fresh, err := a.attach(req.Context(), next)
		if err != nil || fresh.AccessToken == tok.AccessToken {
			closeBody(next)
			if err != nil {
				answer.SetRefreshError(resp, err)
			}
			return resp, nil
		}
		answer.Discard(resp.Body)
		sent, tok = next, fresh
	}
}

// incomplete returns an error for an Authorizer that [NewAuthorizer] did not return, or
// that was given nil.
func (a *Authorizer) incomplete() error {
	switch {
	case a.base == nil || a.base.Host == "":
		return errors.New("auth: the Authorizer has no base URL")
	case a.src == nil:
		return fmt.Errorf("auth: %w", errNoSource)
	}
	return nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// send sends req. It sets the Request of the response if the transport did not. It
// removes the token from an error: net/http quotes what it cannot read of a response,
// and there is no later place at which the token of the request is known.
func (a *Authorizer) send(req *http.Request) (*http.Response, error) {
	resp, err := a.next.Do(req)
	if resp != nil && resp.Request == nil {
		resp.Request = req
	}
	if err != nil {
		_, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
		err = redact.New(token).Error(err)
	}
	return resp, err
}

// A doer is a [gen.HttpRequestDoer] that is a function. An http.Client in its place
// would link what prints cookies: 5 KB.
type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(req *http.Request) (*http.Response, error) { return d(req) }

// mine reports whether the authorizer authenticates req.
func (a *Authorizer) mine(req *http.Request) bool {
	return req.Header.Get("Authorization") == "" && origin.Same(a.base, req.URL)
}

func (a *Authorizer) attach(ctx context.Context, req *http.Request) (*Token, error) {
	if err := origin.CheckScheme(req.URL); err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	tok, err := a.src.Token(ctx)
	if err != nil {
		return nil, err
	}
	if tok == nil || tok.AccessToken == "" {
		return nil, fmt.Errorf("auth: %w", errNoToken)
	}
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("Authorization", "Bearer "+string(tok.AccessToken))
	if a.org != "" && req.Header.Get(headerOrganizationID) == "" {
		req.Header.Set(headerOrganizationID, a.org)
	}
	return tok, nil
}

// clone returns a copy of req. It copies what attach changes and shares the
// rest.
func clone(req *http.Request) *http.Request {
	c := *req
	c.Header = req.Header.Clone()
	return &c
}

// String returns the type and the base URL of the authorizer.
func (a *Authorizer) String() string { return "auth.Authorizer{" + a.base.Redacted() + "}" }

// Format implements [fmt.Formatter]. It writes the result of String for every
// verb.
func (a *Authorizer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.String()) }

// MarshalText implements [encoding.TextMarshaler]. It returns the result of
// String.
func (a *Authorizer) MarshalText() ([]byte, error) { return []byte(a.String()), nil }
