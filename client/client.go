package client

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/origin"
)

// A Client calls the service with one set of credentials, in one organization.
// Clients are cheap: those with the same credentials share a token, and all share
// one pool of connections unless [WithHTTPClient] is given.
type Client struct {
	raw    *gen.Client
	doer   gen.HttpRequestDoer
	http   *http.Client
	tokens func() auth.TokenSource // a function, so that fmt finds no secret behind it

	keep func(src auth.TokenSource, workspace string) auth.TokenSource // in the store; nil for none

	base                    *url.URL
	workspace, organization string // as the configuration has them
	region                  Region // for workspaces that are created
}

// New returns a client. It sends nothing. It reports all problems of the
// configuration at once, in an error that matches [ErrInvalid] and, if the client
// ID or the client secret is missing, [auth.ErrNoCredentials].
func New(opts ...Option) (*Client, error) {
	r, err := resolve(opts)
	if err != nil {
		return nil, err
	}
	if r.connectorID != "" {
		return nil, invalid(opConfiguration, "WithConnectorID is for Connect only")
	}
	return newClient(r), nil
}

func newClient(r *resolved) *Client {
	hc := http.Client{Transport: defaultTransport()}
	if r.httpClient != nil {
		hc = *r.httpClient
	}
	hc.CheckRedirect = origin.CheckRedirect(r.base, hc.CheckRedirect)
	src := r.source
	switch {
	case r.sharing != nil:
		src = r.sharing.tokens(r, &hc)
	case src == nil:
		src = auth.Shared(r.cred, r.base, &hc, r.observer().fetch)
	}
	if r.scope != nil {
		src = r.scope(r, src, &hc)
	}
	return r.client(&hc, src)
}

// client returns a client that takes its tokens from src.
func (r *resolved) client(hc *http.Client, src auth.TokenSource) *Client {
	c := &Client{
		doer: pipeline(r, hc, src), http: hc,
		tokens: func() auth.TokenSource { return src },
		base:   r.base, workspace: r.cred.WorkspaceName, organization: r.cred.OrganizationID, region: r.region,
	}
	if r.sharing != nil {
		c.keep = func(src auth.TokenSource, workspace string) auth.TokenSource {
			return r.sharing.keep(r, src, workspace)
		}
	}
	c.raw = &gen.Client{Server: origin.Server(r.base), Client: c.doer}
	return c
}

// NewWorkspace creates a client, as [New] does, and returns the workspace that the
// configuration names. It sends nothing.
func NewWorkspace(opts ...Option) (*Workspace, error) {
	c, err := New(opts...)
	if err != nil {
		return nil, err
	}
	return c.DefaultWorkspace(), nil
}

// Connect creates a client, as [New] does, and finds a connector in the workspace
// that the configuration names: by its slug, such as "github", or by anything else
// that [Workspace.Connector] accepts. It looks the connector up with one request. If
// there is no such connector, the error matches [ErrConnectorNotFound] and lists the
// connectors that exist. With [WithConnectorID], Connect sends nothing and does not
// check the slug.
func Connect(ctx context.Context, slug string, opts ...Option) (*Connector, error) {
	r, err := resolve(opts)
	if err != nil {
		return nil, err
	}
	c := newClient(r)
	if r.connectorID != "" {
		conn := c.DefaultWorkspace().ConnectorByID(r.connectorID)
		conn.learn(plainSlug(slug))
		return conn, nil
	}
	return c.DefaultWorkspace().Connector(ctx, slug)
}

// API returns the generated client of package gen, which has a typed method for
// every operation of the service. Its requests have the credentials, retries and
// limits of c, and its errors are of type *Error, also those of reading a response. A
// response with an error status is not an error there: check its StatusCode. Responses
// are read into memory, except for files.
func (c *Client) API() *gen.ClientWithResponses {
	// Created here and not kept, so that programs that do not call API do not link it.
	c = c.ready()
	raw := *c.raw
	raw.Client = byTable{c.doer, c.base.Path}
	return &gen.ClientWithResponses{ClientInterface: &raw}
}

// Workspace returns a handle for the workspace with the given name. It sends nothing,
// and the workspace need not exist; see [Workspace.Ensure]. If the name is empty, every
// call through the handle returns an error that matches [ErrInvalid] and sends nothing,
// so that a tenant without a name does not reach the workspace of another. The
// configured workspace is [Client.DefaultWorkspace].
func (c *Client) Workspace(name string) *Workspace {
	if name = strings.TrimSpace(name); name == "" {
		return &Workspace{client: c.nameless(), owner: c}
	}
	return &Workspace{client: c, name: name}
}

// DefaultWorkspace returns a handle for the workspace that the configuration names, or
// for the one called "default" if it names none. It sends nothing.
func (c *Client) DefaultWorkspace() *Workspace { return c.Workspace(c.workspace) }

// WorkspaceFrom returns a handle for a workspace that [Client.Workspaces] or another
// call returned. It sends nothing. Unlike a handle from [Client.Workspace], the handle
// knows its ID, so that calls which need the ID do not look it up, except those that
// change or delete the workspace.
func (c *Client) WorkspaceFrom(info WorkspaceInfo) *Workspace {
	w := c.Workspace(info.Name)
	if id, ok := plainUUID(info.ID); ok && !info.Tombstone {
		w.known.Store(&id)
	}
	return w
}

// nameless returns a client that refuses every call, for a workspace without a name.
func (c *Client) nameless() *Client {
	n := *c.ready()
	if n.doer != unmade {
		n.refuse(noName)
	}
	return &n
}

// ready returns c or, in place of a client that [New] did not return, one that refuses
// every call.
func (c *Client) ready() *Client {
	if c != nil && c.raw != nil {
		return c
	}
	n := &Client{base: new(url.URL), raw: new(gen.Client), tokens: func() auth.TokenSource { return unmade }}
	n.refuse(unmade)
	return n
}

func (c *Client) refuse(r refuser) {
	raw := *c.raw
	raw.Client = r
	c.raw, c.doer = &raw, r
}

// A refuser sends nothing and has no tokens. It is the reason.
type refuser string

const (
	noName refuser = "the workspace has no name: the name given to Client.Workspace, perhaps that of a tenant, is empty; for the configured workspace, use DefaultWorkspace"
	unmade refuser = "there is no client: New returns one, and its methods return workspaces and the rest; zero values are of no use"
)

// Do returns the error of the call of req.
func (r refuser) Do(req *http.Request) (*http.Response, error) {
	closeBody(req)
	op := "workspace"
	if c := callOf(req.Context()); c != nil {
		op = c.op
	}
	return nil, invalid(op, "%s", string(r))
}

// Token returns an error.
func (r refuser) Token(context.Context) (*auth.Token, error) {
	return nil, invalid("get token", "%s", string(r))
}

// OrganizationID returns the ID of the organization that the configuration names, or
// "" if it names none: requests then act in the organization of the credentials.
func (c *Client) OrganizationID() string { return c.organization }

// String describes the client by its address, its workspace and its organization.
func (c *Client) String() string {
	return fmt.Sprintf("client.Client{%s, workspace %q, organization %q}", c.base.Redacted(), c.workspace, c.organization)
}

// Format writes what String returns, for every verb.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer].
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns what String returns.
func (c *Client) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// fetch calls an operation that responds with JSON and decodes the response into a T.
// A response without the part that it is asked for (see partial) is an error.
func fetch[T any](ctx context.Context, c *call, send func(context.Context) (*http.Response, error)) (*T, error) {
	var v *T
	c.consume = func(resp *http.Response) error {
		v = new(T) // anew for every attempt
		if !c.read && isEmpty(resp) {
			if c.mayBeEmpty {
				return nil
			}
			return &Error{kind: ErrBadResponse, done: true, Message: "the request was carried out, but the response is empty and does not say with what result"}
		}
		err := readJSON(resp, v)
		if err != nil {
			return c.withhold(err)
		}
		if part, ok := any(v).(partial); ok {
			if what := part.lacks(); what != "" {
				return &Error{kind: ErrBadResponse, Message: "the response has no " + what}
			}
		}
		if told, ok := any(v).(interface{ scrub(s scrubber) }); ok { // it repeats what the service says of secrets
			told.scrub(c.scrubber(resp.Request))
		}
		return nil
	}
	if _, err := send(withCall(ctx, c)); err != nil { //nolint:bodyclose // the pipeline closes what a call consumes
		return nil, c.failBuilding(err)
	}
	return v, nil
}

// orLook returns err or, if err says only that the response to a change that was carried
// out is empty, what look finds out instead.
func orLook[T any](err error, look func() (*T, error)) (*T, error) {
	if e, ok := err.(*Error); ok && e.done { //nolint:errorlint // fetch returns no other
		if v, lookErr := look(); lookErr == nil {
			return v, nil
		}
	}
	return nil, err
}

// fetchList is fetch for a list, which the service sends under the name "data".
func fetchList[T any](ctx context.Context, c *call, send func(context.Context) (*http.Response, error)) ([]T, error) {
	got, err := fetch[listOf[T]](ctx, c, send)
	if err != nil {
		return nil, err
	}
	return got.Data, nil
}

type listOf[T any] struct {
	Data []T `json:"data"`
}

// acknowledge calls an operation whose response has no content of interest.
func acknowledge(ctx context.Context, c *call, send func(context.Context) (*http.Response, error)) error {
	c.consume = func(resp *http.Response) error {
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxErrorBody)) // the status has said it all
		return nil
	}
	if _, err := send(withCall(ctx, c)); err != nil { //nolint:bodyclose // the pipeline closes what a call consumes
		return c.failBuilding(err)
	}
	return nil
}

// follow returns the request for next, a URL that the service sent as that of the
// next page. Its origin must be the service's own: a token goes with it.
func (c *Client) follow(ctx context.Context, op, from, next string) (*http.Request, error) {
	at, err := url.Parse(from)
	if err != nil {
		at = c.base
	}
	u, err := at.Parse(next)
	if err != nil {
		return nil, &Error{op: op, kind: ErrPaging, Message: "the URL of the next page cannot be parsed"}
	}
	if !origin.Same(c.base, u) || u.User != nil {
		return nil, &Error{op: op, kind: ErrPaging, err: fmt.Errorf("%w: the next page is at another origin, %s://%s", auth.ErrUnsafe, u.Scheme, u.Host)}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, &Error{op: op, kind: ErrPaging, err: err}
	}
	return req, nil
}

// checkUUID returns id in the form that goes into paths and queries, or an error
// that names whose ID it is not. Only what passes may become part of a path.
func checkUUID(op, whose, id string) (string, error) {
	if s, ok := plainUUID(id); ok {
		return s, nil
	}
	return "", invalid(op, "%s", notUUID(whose, id))
}

// notUUID says that an ID is not a UUID, and whose ID it is not.
func notUUID(whose, id string) string {
	return fmt.Sprintf("the %s's id %q is not a UUID", whose, shorten(id))
}

func plainUUID(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if len(s) != 36 {
		return "", false
	}
	id, err := uuid.Parse(s)
	return id.String(), err == nil
}

// connectorUUID is plainUUID for the ID of a connector, which the service sends
// with the prefix "source_id:" in some places.
func connectorUUID(s string) (string, bool) {
	return plainUUID(strings.TrimPrefix(strings.TrimSpace(s), "source_id:"))
}
