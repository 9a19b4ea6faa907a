package client

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/origin"
)

// A Client calls the service with one set of credentials, in one organization.
// Clients are cheap: those with the same credentials share a token, and all share
// one pool of connections unless [WithHTTPClient] is given.
type Client struct {
	doer   doer // nil if New did not return the client
	server string
	http   *http.Client
	tokens func() auth.TokenSource // a function, so that fmt finds no secret behind it

	keep func(src auth.TokenSource, workspace string) auth.TokenSource // in the store; nil for none

	base                    *url.URL
	workspace, organization string // as the configuration has them
	region                  Region // for workspaces that are created
	timeout                 time.Duration
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
		src = auth.Shared(r.cred, r.base, &hc, r.watching().fetch)
	}
	if r.scope != nil {
		src = r.scope(r, src, &hc)
	}
	return r.client(&hc, src)
}

// client returns a client that takes its tokens from src.
func (r *resolved) client(hc *http.Client, src auth.TokenSource) *Client {
	c := &Client{
		doer: pipeline(r, hc, src), server: origin.Server(r.base), http: hc,
		tokens: func() auth.TokenSource { return src },
		base:   r.base, workspace: r.cred.WorkspaceName, organization: r.cred.OrganizationID, region: r.region, timeout: r.timeout,
	}
	if r.sharing != nil {
		c.keep = func(src auth.TokenSource, workspace string) auth.TokenSource {
			return r.sharing.keep(r, src, workspace)
		}
	}
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
	return &gen.ClientWithResponses{ClientInterface: &gen.Client{Server: c.server, Client: byTable{c.doer, c.base.Path}}}
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

// nameless returns a client that refuses every call, for a workspace without a name.
func (c *Client) nameless() *Client {
	n := *c.ready()
	if n.doer != unmade {
		n.doer = noName
	}
	return &n
}

// ready returns c or, in place of a client that [New] did not return, one that refuses
// every call.
func (c *Client) ready() *Client {
	if c != nil && c.doer != nil {
		return c
	}
	return &Client{base: new(url.URL), doer: unmade, tokens: func() auth.TokenSource { return unmade }}
}

// begin gives a new call what it needs of the client to be sent, and returns it. A client
// that [New] did not return refuses the call.
func (c *Client) begin(ask *call) *call {
	c = c.ready()
	ask.via, ask.base, ask.root = c.doer, c.base, c.server
	return ask
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

// A part is a group of methods of a client. The groups keep the number of
// methods of each type small enough to survey.
type part struct{ client *Client }

// begin is that of the client.
func (p part) begin(ask *call) *call { return p.client.begin(ask) }

// String returns what [Client.String] returns.
func (p part) String() string { return p.client.ready().String() }

// Format writes what String returns, for every verb.
func (p part) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// MarshalText returns what String returns.
func (p part) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
