package auth

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
)

// HeaderOrganizationID names the organization that a request acts in.
const HeaderOrganizationID = "X-Organization-Id"

// An Editor attaches tokens to requests. It is a [gen.HttpRequestDoer], to
// which a generated client sends its requests, and its Edit method is a
// [gen.RequestEditorFn]. Use one or the other: Do does what Edit does, and
// replays a request whose token the service refused.
//
// A token is attached to requests of the editor's own origin only, over https
// unless that is a loopback address. A request that has an Authorization header
// is the caller's own business and is sent as it is.
type Editor struct {
	base *url.URL
	src  TokenSource
	next gen.HttpRequestDoer
	org  string
}

var _ gen.HttpRequestDoer = (*Editor)(nil)

// NewEditor attaches tokens of src to requests for base and sends them with
// next. An organizationID that is not empty goes into the X-Organization-Id
// header, unless the request has one.
//
// If next is an [http.Client], NewEditor uses a copy of it that has the policy
// of [CheckRedirect]: by itself net/http sends a token on to another port or a
// subdomain of the host. Any other next that follows redirects must see to that
// itself.
func NewEditor(base *url.URL, src TokenSource, next gen.HttpRequestDoer, organizationID string) *Editor {
	if hc, ok := next.(*http.Client); ok {
		own := *hc
		own.CheckRedirect = CheckRedirect(base, hc.CheckRedirect)
		next = &own
	}
	return &Editor{base, src, next, organizationID}
}

// Edit sets the headers of req. It is a [gen.RequestEditorFn].
func (e *Editor) Edit(ctx context.Context, req *http.Request) error {
	if !e.mine(req) {
		return nil
	}
	_, err := e.attach(ctx, req)
	return err
}

// Do sends req with a token. When the answer is 401, Do tells the source that
// this token was refused, asks for another, and sends the request once more;
// the caller sees the answer to that. The caller sees the first answer if there
// is no other token (see [RefreshError]), or if the body of req cannot be read
// again. Errors of the
// source are returned as they are. Do does not change req.
func (e *Editor) Do(req *http.Request) (*http.Response, error) {
	if !e.mine(req) {
		return e.next.Do(req)
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
			return resp, nil //nolint:nilerr // the answer to the first request is the result
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

// send sends req and sees to it that the answer names its request, which a
// transport may leave out.
func (e *Editor) send(req *http.Request) (*http.Response, error) {
	resp, err := e.next.Do(req)
	if resp != nil && resp.Request == nil {
		resp.Request = req
	}
	return resp, err
}

// refreshErrorKey is the context key under which the request of an answer
// carries its RefreshError.
type refreshErrorKey struct{}

// RefreshError returns why [Editor.Do] could not get another token after the
// service refused one with resp, a 401. It returns nil for other answers.
func RefreshError(resp *http.Response) error {
	if resp.Request == nil {
		return nil
	}
	err, _ := resp.Request.Context().Value(refreshErrorKey{}).(error)
	return err
}

// mine reports whether it is for the editor to authenticate req.
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

// clone copies what attach changes.
func clone(req *http.Request) *http.Request {
	c := *req
	c.Header = req.Header.Clone()
	return &c
}

// String names the service that the editor authenticates to.
func (e *Editor) String() string { return "auth.Editor{" + e.base.Redacted() + "}" }

// Format writes what String returns, for every verb.
func (e *Editor) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.String()) }

// MarshalText returns what String returns.
func (e *Editor) MarshalText() ([]byte, error) { return []byte(e.String()), nil }
