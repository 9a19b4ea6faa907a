package client

import (
	"context"
	"net/url"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// ScopedToken creates a token that gives access to this workspace only, so it
// can be handed to the workspace's user. It is valid for about 20 minutes and
// is not refreshed; use [Workspace.ScopedTokens] for that. The workspace is looked up
// first, once for w, since the service would create one that does not exist, also of a
// misspelled name: the error matches [ErrWorkspaceNotFound]; [Workspace.Ensure] creates
// it. A token needs the role of workspace admin; without it, the error matches
// [ErrForbidden]. A client with [WithScopedToken] cannot create such a token.
func (w *Workspace) ScopedToken(ctx context.Context) (*auth.Token, error) {
	ask := &call{op: "create scoped token", name: "createScopedToken", about: w.about()}
	ctx, cancel := limitedBy(ctx, w.client.ready().timeout)
	if cancel != nil {
		defer cancel()
	}
	tok, err := w.scoped().Token(ctx)
	if err != nil {
		return nil, ask.fail(err)
	}
	return tok, nil
}

// ScopedTokens returns a source of tokens like those of [Workspace.ScopedToken].
// It caches a token and refreshes it before it expires. It is for programs that
// act for the workspace's user with another client. With [WithTokenStore], processes
// share these tokens, too.
func (w *Workspace) ScopedTokens() auth.TokenSource {
	src := w.scoped()
	if c := w.client.ready(); w.owner == nil && c.keep != nil {
		src = c.keep(src, w.name)
	}
	return auth.NewCache(src)
}

func (w *Workspace) scoped() auth.TokenSource {
	if w.owner != nil {
		return noName
	}
	c := w.client.ready()
	scope := auth.Scope{WorkspaceName: w.name, RegionID: string(c.region), OrganizationID: c.organization}
	scope.Confirm = func(ctx context.Context) error {
		if w.exists.Load() || w.known.Load() != nil {
			return nil
		}
		return w.confirm(ctx)
	}
	return auth.NewScoped(c.tokens(), scope, c.base, c.http)
}

// A TokenScope is what a scoped token gives access to: one workspace.
type TokenScope struct {
	WorkspaceName  string `json:"workspace_name"`
	WorkspaceID    string `json:"workspace_id"`
	OrganizationID string `json:"organization_id"`
}

func (s TokenScope) lacks() string {
	return unless(s.WorkspaceID != "" || s.WorkspaceName != "", "workspace")
}

// TokenScope returns what the client's token gives access to, if it is a scoped
// token: that of a client with [WithScopedToken], or one from
// [WithTokenSource]. For an application token, which gives access to a whole
// organization, the service returns an error.
func (c *Client) TokenScope(ctx context.Context) (*TokenScope, error) {
	ask := c.begin(&call{op: "get token scope", name: "getScopedTokenInfo", read: true})
	return fetch[TokenScope](ctx, ask.to(gen.NewGetScopedTokenInfoRequest(ask.server(), nil)))
}

// A WidgetRequest says where a widget is shown and what it offers. Only the Origin
// is required.
type WidgetRequest struct {
	Origin string // scheme and host of the page that embeds the widget, such as https://app.example.com

	SourceTemplateTags      []string // offers only connectors whose source templates have the tags
	SourceTemplateMatch     TagMatch // TagMatchAny if empty
	ConnectionTemplateTags  []string // offers only destinations whose connection templates have the tags
	ConnectionTemplateMatch TagMatch // TagMatchAny if empty
}

func (r WidgetRequest) wire(op, workspace string, region Region) (gen.WidgetTokenRequest, error) {
	body := gen.WidgetTokenRequest{WorkspaceName: workspace, RegionID: optional(string(region))}
	body.SelectedSourceTemplateTags, body.SelectedSourceTemplateTagsMode = matchTags(r.SourceTemplateTags, r.SourceTemplateMatch)
	body.SelectedConnectionTemplateTags, body.SelectedConnectionTemplateTagsMode = matchTags(r.ConnectionTemplateTags, r.ConnectionTemplateMatch)
	problem := ""
	u, err := url.Parse(strings.TrimSpace(r.Origin))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		problem = "the origin is not valid; it must be a scheme and a host, such as https://app.example.com"
	} else {
		body.AllowedOrigin = u.Scheme + "://" + u.Host
	}
	return body, refuse(op, problem,
		tagProblem("SourceTemplate", r.SourceTemplateTags, r.SourceTemplateMatch), tagProblem("ConnectionTemplate", r.ConnectionTemplateTags, r.ConnectionTemplateMatch))
}

// WidgetToken creates a token for the widget, with which the workspace's user can create
// connectors in a browser. The service creates the workspace if there is none with its
// name. A token needs the role of workspace admin; without it, the error matches
// [ErrForbidden].
func (w *Workspace) WidgetToken(ctx context.Context, r WidgetRequest) (auth.Secret, error) {
	ask := w.begin(&call{op: "create widget token", name: "createWidgetToken", confidential: true})
	body, err := r.wire(ask.op, w.name, w.ready().client.region)
	if err != nil {
		return "", err
	}
	got, err := fetch[issued](ctx, ask.to(gen.NewCreateWidgetTokenRequest(ask.server(), nil, body)))
	if err != nil {
		return "", err
	}
	return got.Token, nil
}
