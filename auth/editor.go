package auth

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
	"github.com/airbyte-agents/airbyte-agents-go/internal/redact"
)

// HeaderOrganizationID is the header that identifies the organization in which
// a request acts.
const HeaderOrganizationID = "X-Organization-Id"

// An Editor attaches tokens to requests. It is a [gen.HttpRequestDoer], which a
// generated client sends its requests with, and its Edit method is a
// [gen.RequestEditorFn]. Use one or the other: Do does the same as Edit, and
// also replays a request if the service refuses its token.
//
// An Editor attaches a token only to requests for its own origin. It does not
// change other requests, or a request that already has an Authorization header.
// If the origin uses plain http and is not a loopback address, Do and Edit
// return an error that matches [ErrUnsafe].
type Editor struct {
	base *url.URL
	src  TokenSource
	next gen.HttpRequestDoer
	org  string
}

var _ gen.HttpRequestDoer = (*Editor)(nil)

// NewEditor returns an Editor that attaches tokens from src to requests for
// base and sends them with next. If organizationID is not empty, it is sent in
// the X-Organization-Id header of requests that do not have one.
//
// If next is an [http.Client], the Editor uses a copy with the policy of
// [CheckRedirect], since net/http would send the token to another port or to a
// subdomain of the same host. Any other doer that follows redirects must use
// such a policy itself.
func NewEditor(base *url.URL, src TokenSource, next gen.HttpRequestDoer, organizationID string) *Editor {
	if hc, ok := next.(*http.Client); ok {
		own := *hc
		own.CheckRedirect = CheckRedirect(base, hc.CheckRedirect)
		next = &own
	}
	return &Editor{base, src, next, organizationID}
}

// Edit sets the headers of req: the token and the organization. It returns the
// errors of the token source unchanged. Edit is a [gen.RequestEditorFn]; a
// client that it is used with and that follows redirects must have the policy
// of [CheckRedirect].
func (e *Editor) Edit(ctx context.Context, req *http.Request) error {
	if !e.mine(req) {
		return nil
	}
	_, err := e.attach(ctx, req)
	return err
}

// Do sends req with a token and returns the response. If the response is a 401,
// Do invalidates the token, gets another one, sends the request again and
// returns the second response. It returns the first response if there is no
// other token (see [RefreshError]), or if the body of req cannot be read again
// (see the GetBody field of [http.Request]). Do returns the errors of the token
// source unchanged, and does not change req.
func (e *Editor) Do(req *http.Request) (*http.Response, error) {
	if !e.mine(req) {
		return e.send(req)
	}
	first := clone(req)
	tok, err := e.attach(req.Context(), first)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	resp, err := e.send(first)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	if src, ok := e.src.(invalidator); ok {
		src.Invalidate(tok)
	}
	second := clone(req)
	if req.Body != nil && req.Body != http.NoBody {
		if req.GetBody == nil {
			return resp, nil
		}
		if second.Body, err = req.GetBody(); err != nil {
			return resp, nil //nolint:nilerr // the first response is the result
		}
	}
	fresh, err := e.attach(req.Context(), second)
	if err != nil || fresh.AccessToken == tok.AccessToken {
		if second.Body != nil {
			_ = second.Body.Close()
		}
		if err != nil {
			resp.Request = resp.Request.WithContext(context.WithValue(resp.Request.Context(), refreshErrorKey{}, err))
		}
		return resp, nil
	}
	answer.Discard(resp.Body)
	return e.send(second)
}

// send sends req. It sets the Request of the response if the transport did not. It
// removes the token from an error: net/http quotes what it cannot read of a response,
// and there is no later place at which the token of the request is known.
func (e *Editor) send(req *http.Request) (*http.Response, error) {
	resp, err := e.next.Do(req)
	if resp != nil && resp.Request == nil {
		resp.Request = req
	}
	if err != nil {
		_, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
		err = redact.New(token).Error(err)
	}
	return resp, err
}

// refreshErrorKey is the context key of the RefreshError in the request of a
// response.
type refreshErrorKey struct{}

// RefreshError returns the error that kept [Editor.Do] from getting another
// token after resp, a 401. It returns nil for any other response.
func RefreshError(resp *http.Response) error {
	if resp.Request == nil {
		return nil
	}
	err, _ := resp.Request.Context().Value(refreshErrorKey{}).(error)
	return err
}

// mine reports whether the editor authenticates req.
func (e *Editor) mine(req *http.Request) bool {
	return req.Header.Get("Authorization") == "" && SameOrigin(e.base, req.URL)
}

func (e *Editor) attach(ctx context.Context, req *http.Request) (*Token, error) {
	if err := checkScheme(req.URL); err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	tok, err := e.src.Token(ctx)
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
	if e.org != "" && req.Header.Get(HeaderOrganizationID) == "" {
		req.Header.Set(HeaderOrganizationID, e.org)
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

// String returns the type and the base URL of the editor.
func (e *Editor) String() string { return "auth.Editor{" + e.base.Redacted() + "}" }

// Format implements [fmt.Formatter]. It writes the result of String for every
// verb.
func (e *Editor) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.String()) }

// MarshalText implements [encoding.TextMarshaler]. It returns the result of
// String.
func (e *Editor) MarshalText() ([]byte, error) { return []byte(e.String()), nil }
