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
)

// A Client uses the service with one set of credentials, in one organization.
// It costs little: clients with the same credentials share their token, and all
// clients share connections unless [WithHTTPClient] gives them others.
type Client struct {
	raw    *gen.Client
	doer   gen.HttpRequestDoer
	http   *http.Client
	tokens func() auth.TokenSource // a function, so that fmt finds no secret behind it

	base                    *url.URL
	workspace, organization string // that the configuration names
	region                  Region // of workspaces that are created
}

// New makes a client. It sends nothing; all problems of its configuration are
// reported at once, in an error that is [ErrInvalid] and, if credentials are
// missing, auth.ErrNoCredentials.
func New(opts ...Option) (*Client, error) {
	r, err := resolve(opts)
	if err != nil {
		return nil, err
	}
	if r.connectorID != "" {
		return nil, invalid(opConfiguration, "WithConnectorID is for Connect only")
	}
	return newClient(r)
}

func newClient(r *resolved) (*Client, error) {
	hc := *defaultHTTP()
	if r.httpClient != nil {
		hc = *r.httpClient
	}
	hc.CheckRedirect = auth.CheckRedirect(r.base, hc.CheckRedirect)
	src := r.source
	if src == nil {
		src = auth.Shared(r.cred, r.base, &hc, r.observer())
	}
	if r.scope != nil {
		src = r.scope(r, src, &hc)
	}
	c := &Client{
		doer: pipeline(r, &hc, src), http: &hc,
		tokens: func() auth.TokenSource { return src },
		base:   r.base, workspace: r.cred.WorkspaceName, organization: r.cred.OrganizationID, region: r.region,
	}
	var err error
	if c.raw, err = gen.NewClient(r.base.String(), gen.WithHTTPClient(c.doer)); err != nil {
		return nil, &Error{op: opConfiguration, err: err}
	}
	return c, nil
}

// NewWorkspace is [New] and the workspace that the configuration names.
func NewWorkspace(opts ...Option) (*Workspace, error) {
	c, err := New(opts...)
	if err != nil {
		return nil, err
	}
	return c.Workspace(""), nil
}

// Connect finds a connector of the workspace that the configuration names by
// its slug, such as "github"; see [Workspace.Connector]. A wrong slug is an
// error here. [WithConnectorID] saves the request.
func Connect(ctx context.Context, slug string, opts ...Option) (*Connector, error) {
	r, err := resolve(opts)
	if err != nil {
		return nil, err
	}
	c, err := newClient(r)
	if err != nil {
		return nil, err
	}
	if r.connectorID != "" {
		conn := c.Workspace("").ConnectorByID(r.connectorID)
		conn.learn(plainSlug(slug))
		return conn, nil
	}
	return c.Workspace("").Connector(ctx, slug)
}

// API is every operation of the contract, typed, with the credentials, retries
// and limits of the client. Its methods return answers of any status: check it.
// Errors are those of this package.
//
// It is made here and not kept, so that programs that do not call API do not
// carry its code.
func (c *Client) API() *gen.ClientWithResponses {
	raw := *c.raw
	raw.Client = byTable{c.doer}
	return &gen.ClientWithResponses{ClientInterface: &raw}
}

// Workspace is the workspace of that name; "" is the one that the configuration
// names. Nothing is sent, and it need not exist yet: see [Workspace.Ensure].
func (c *Client) Workspace(name string) *Workspace {
	if name = strings.TrimSpace(name); name == "" {
		name = c.workspace
	}
	return &Workspace{client: c, name: name}
}

// OrganizationID is the organization that the configuration names, "" for the
// one that the credentials belong to.
func (c *Client) OrganizationID() string { return c.organization }

// String names the service and the workspace that the client is for.
func (c *Client) String() string {
	return fmt.Sprintf("client.Client{%s, workspace %q, organization %q}", c.base.Redacted(), c.workspace, c.organization)
}

// Format writes what String returns, for every verb.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer].
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns what String returns.
func (c *Client) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// fetch makes a call of an operation whose answer is JSON, and decodes it. An
// answer that lacks what was asked for is an error.
func fetch[T any](ctx context.Context, c *call, send func(context.Context) (*http.Response, error)) (*T, error) {
	var v *T
	c.consume = func(resp *http.Response) error {
		v = new(T) // anew for every attempt
		err := readJSON(resp, v)
		if err != nil {
			return c.withhold(err)
		}
		if part, ok := any(v).(partial); ok {
			if what := part.lacks(); what != "" {
				return &Error{Message: "the answer has no " + what}
			}
		}
		return nil
	}
	if _, err := send(withCall(ctx, c)); err != nil { //nolint:bodyclose // the pipeline closes what a call consumes
		return nil, c.failBuilding(err)
	}
	return v, nil
}

// fetchList is fetch for a list, which the service has under data.
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

// acknowledge makes a call of an operation whose answer says nothing but that
// it was done.
func acknowledge(ctx context.Context, c *call, send func(context.Context) (*http.Response, error)) error {
	c.consume = func(resp *http.Response) error {
		_, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxErrorBody))
		return err
	}
	if _, err := send(withCall(ctx, c)); err != nil { //nolint:bodyclose // the pipeline closes what a call consumes
		return c.failBuilding(err)
	}
	return nil
}

// follow is the GET of a URL that the service gave as the next page. It must be
// of the service's own origin.
func (c *Client) follow(ctx context.Context, op, from, next string) (*http.Request, error) {
	at, err := url.Parse(from)
	if err != nil {
		at = c.base
	}
	u, err := at.Parse(next)
	if err != nil {
		return nil, &Error{op: op, kind: ErrPaging, Message: "the URL of the next page cannot be parsed"}
	}
	if !auth.SameOrigin(c.base, u) || u.User != nil {
		return nil, &Error{op: op, kind: ErrPaging, err: fmt.Errorf("%w: the next page is at another origin, %s://%s", auth.ErrUnsafe, u.Scheme, u.Host)}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, &Error{op: op, kind: ErrPaging, err: err}
	}
	return req, nil
}

// checkUUID returns an id as it is written in paths and queries, or an error
// that says whose id is none. Nothing else goes into a path.
func checkUUID(op, whose, id string) (string, error) {
	if s, ok := plainUUID(id); ok {
		return s, nil
	}
	return "", invalid(op, "the %s's id %q is not a UUID", whose, shorten(id))
}

func plainUUID(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if len(s) != 36 {
		return "", false
	}
	id, err := uuid.Parse(s)
	return id.String(), err == nil
}

// connectorUUID is the UUID of a connector as it is written in paths. The
// service puts "source_id:" before some.
func connectorUUID(s string) (string, bool) {
	return plainUUID(strings.TrimPrefix(strings.TrimSpace(s), "source_id:"))
}
