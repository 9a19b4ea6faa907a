package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// ScopedToken creates a token that gives access to this workspace only, so it
// can be handed to the workspace's user. It is valid for about 20 minutes and
// is not refreshed; use [Workspace.ScopedTokens] for that. The service creates
// the workspace if there is none with its name. A client with [WithScopedToken]
// cannot create such a token.
func (w *Workspace) ScopedToken(ctx context.Context) (*auth.Token, error) {
	call := &call{op: "create scoped token", name: "createScopedToken"}
	tok, err := w.scoped().Token(ctx)
	if err != nil {
		return nil, call.fail(err)
	}
	return tok, nil
}

// ScopedTokens returns a source of tokens like those of [Workspace.ScopedToken].
// It caches a token and refreshes it before it expires. It is for programs that
// act for the workspace's user with another client.
func (w *Workspace) ScopedTokens() auth.TokenSource { return auth.NewCache(w.scoped()) }

func (w *Workspace) scoped() auth.TokenSource {
	if w.owner != nil {
		return refuser{}
	}
	c := w.client
	return auth.NewScoped(c.tokens(), auth.Scope{WorkspaceName: w.name, RegionID: string(c.region), OrganizationID: c.organization}, c.base, c.http)
}

// A TokenScope is what a scoped token gives access to: one workspace.
type TokenScope struct {
	WorkspaceName  string `json:"workspace_name"`
	WorkspaceID    string `json:"workspace_id"`
	OrganizationID string `json:"organization_id"`
}

// TokenScope returns what the client's token gives access to, if it is a scoped
// token: that of a client with [WithScopedToken], or one from
// [WithTokenSource]. For an application token, which gives access to a whole
// organization, the service returns an error.
func (c *Client) TokenScope(ctx context.Context) (*TokenScope, error) {
	call := &call{op: "get token scope", name: "getScopedTokenInfo", read: true}
	return fetch[TokenScope](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return c.raw.GetScopedTokenInfo(ctx, &gen.GetScopedTokenInfoParams{})
	})
}

// A WidgetOption restricts what a widget offers.
type WidgetOption func(*widget)

type widget struct{ gen.WidgetTokenRequest }

// WithSourceTemplateTags makes the widget offer only connectors whose source
// templates have at least one of the tags.
func WithSourceTemplateTags(tags ...string) WidgetOption {
	return func(w *widget) { w.sources(gen.TagMatchAny, tags) }
}

// WithAllSourceTemplateTags makes the widget offer only connectors whose source
// templates have all of the tags. If this option and [WithSourceTemplateTags]
// are both used, the last one wins.
func WithAllSourceTemplateTags(tags ...string) WidgetOption {
	return func(w *widget) { w.sources(gen.TagMatchAll, tags) }
}

func (w *widget) sources(match gen.TagMatch, tags []string) {
	w.SelectedSourceTemplateTags, w.SelectedSourceTemplateTagsMode = tags, &match
}

// WithConnectionTemplateTags makes the widget offer only destinations whose
// connection templates have at least one of the tags.
func WithConnectionTemplateTags(tags ...string) WidgetOption {
	return func(w *widget) { w.connections(gen.TagMatchAny, tags) }
}

// WithAllConnectionTemplateTags makes the widget offer only destinations whose
// connection templates have all of the tags. If this option and
// [WithConnectionTemplateTags] are both used, the last one wins.
func WithAllConnectionTemplateTags(tags ...string) WidgetOption {
	return func(w *widget) { w.connections(gen.TagMatchAll, tags) }
}

func (w *widget) connections(match gen.TagMatch, tags []string) {
	w.SelectedConnectionTemplateTags, w.SelectedConnectionTemplateTagsMode = tags, &match
}

// WidgetToken creates a token for the widget, with which the workspace's user
// can create connectors in a browser. The origin is the scheme and host of the
// page that embeds the widget, such as https://app.example.com. The service
// creates the workspace if there is none with its name.
func (w *Workspace) WidgetToken(ctx context.Context, origin string, opts ...WidgetOption) (auth.Secret, error) {
	call := &call{op: "create widget token", name: "createWidgetToken", confidential: true}
	u, err := url.Parse(strings.TrimSpace(origin))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", invalid(call.op, "the origin is not valid; it must be a scheme and a host, such as https://app.example.com")
	}
	req := widget{gen.WidgetTokenRequest{WorkspaceName: w.name, AllowedOrigin: u.Scheme + "://" + u.Host, RegionID: optional(string(w.client.region))}}
	for _, opt := range opts {
		if opt != nil {
			opt(&req)
		}
	}
	type response struct {
		Token auth.Secret `json:"token"`
	}
	got, err := fetch[response](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return w.client.raw.CreateWidgetToken(ctx, &gen.CreateWidgetTokenParams{}, req.WidgetTokenRequest)
	})
	if err != nil {
		return "", err
	}
	if got.Token == "" {
		return "", &Error{op: call.op, kind: ErrBadResponse, Message: "the service sent no token"}
	}
	return got.Token, nil
}
