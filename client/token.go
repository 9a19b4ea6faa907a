package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// ScopedToken makes a token that reaches this workspace only, fit to be given
// to the workspace's user. It lives about 20 minutes and is not renewed:
// [Workspace.ScopedTokens] is for that. The service creates the workspace if
// there is none of that name. A client [WithScopedToken] cannot make one.
func (w *Workspace) ScopedToken(ctx context.Context) (*auth.Token, error) {
	call := &call{op: "create scoped token", name: "createScopedToken"}
	tok, err := w.scoped().Token(ctx)
	if err != nil {
		return nil, call.fail(err)
	}
	return tok, nil
}

// ScopedTokens is a source of such tokens that keeps one and renews it in time,
// for programs that act for the workspace's user with a client of their own.
func (w *Workspace) ScopedTokens() auth.TokenSource { return auth.NewCache(w.scoped()) }

func (w *Workspace) scoped() auth.TokenSource {
	c := w.client
	return auth.NewScoped(c.tokens(), auth.Scope{WorkspaceName: w.name, RegionID: string(c.region), OrganizationID: c.organization}, c.base, c.http)
}

// A TokenScope is what a scoped token reaches: one workspace.
type TokenScope struct {
	WorkspaceName  string `json:"workspace_name"`
	WorkspaceID    string `json:"workspace_id"`
	OrganizationID string `json:"organization_id"`
}

// TokenScope tells what the client's token reaches, if it is a scoped one: that
// of a client [WithScopedToken], or one that [WithTokenSource] gave it. To the
// token of an application, which reaches a whole organization, the service
// answers with an error.
func (c *Client) TokenScope(ctx context.Context) (*TokenScope, error) {
	call := &call{op: "get token scope", name: "getScopedTokenInfo", read: true}
	return fetch[TokenScope](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return c.raw.GetScopedTokenInfo(ctx, &gen.GetScopedTokenInfoParams{})
	})
}

// A WidgetOption narrows what a widget offers.
type WidgetOption func(*widget)

type widget struct{ gen.WidgetTokenRequest }

// WithSourceTemplateTags has the widget offer only connectors whose source
// templates have one of these tags.
func WithSourceTemplateTags(tags ...string) WidgetOption {
	return func(w *widget) { w.sources(gen.TagMatchAny, tags) }
}

// WithAllSourceTemplateTags has the widget offer only connectors whose source
// templates have all of these tags. Of this option and
// [WithSourceTemplateTags], the last one counts.
func WithAllSourceTemplateTags(tags ...string) WidgetOption {
	return func(w *widget) { w.sources(gen.TagMatchAll, tags) }
}

func (w *widget) sources(match gen.TagMatch, tags []string) {
	w.SelectedSourceTemplateTags, w.SelectedSourceTemplateTagsMode = tags, &match
}

// WithConnectionTemplateTags has the widget offer only destinations whose
// connection templates have one of these tags.
func WithConnectionTemplateTags(tags ...string) WidgetOption {
	return func(w *widget) { w.connections(gen.TagMatchAny, tags) }
}

// WithAllConnectionTemplateTags has the widget offer only destinations whose
// connection templates have all of these tags. Of this option and
// [WithConnectionTemplateTags], the last one counts.
func WithAllConnectionTemplateTags(tags ...string) WidgetOption {
	return func(w *widget) { w.connections(gen.TagMatchAll, tags) }
}

func (w *widget) connections(match gen.TagMatch, tags []string) {
	w.SelectedConnectionTemplateTags, w.SelectedConnectionTemplateTagsMode = tags, &match
}

// WidgetToken makes a token for the widget in a browser that lets the
// workspace's user connect systems. origin is that of the page which embeds the
// widget, such as https://app.example.com.
func (w *Workspace) WidgetToken(ctx context.Context, origin string, opts ...WidgetOption) (auth.Secret, error) {
	call := &call{op: "create widget token", name: "createWidgetToken", confidential: true}
	u, err := url.Parse(strings.TrimSpace(origin))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return "", invalid(call.op, "the origin is not one; it should be like https://app.example.com")
	}
	req := widget{gen.WidgetTokenRequest{WorkspaceName: w.name, AllowedOrigin: u.Scheme + "://" + u.Host, RegionID: optional(string(w.client.region))}}
	for _, opt := range opts {
		if opt != nil {
			opt(&req)
		}
	}
	type answer struct {
		Token auth.Secret `json:"token"`
	}
	got, err := fetch[answer](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return w.client.raw.CreateWidgetToken(ctx, &gen.CreateWidgetTokenParams{}, req.WidgetTokenRequest)
	})
	if err != nil {
		return "", err
	}
	if got.Token == "" {
		return "", &Error{op: call.op, Message: "the service answered without a token"}
	}
	return got.Token, nil
}
