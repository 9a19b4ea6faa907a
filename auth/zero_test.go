package auth_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

// Zero values, and what was made of nil, say what is missing.
func TestZeroValues(t *testing.T) {
	base := &url.URL{Scheme: "https", Host: "api.test"}
	cred := auth.Credentials{Config: auth.Config{ClientID: "app", ClientSecret: hidden}}
	app := auth.Static("token")
	token := func(src auth.TokenSource) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := src.Token(ctx)
			return err
		}
	}
	req := func() *http.Request {
		r, err := http.NewRequest(http.MethodGet, "https://api.test/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	do := func(a *auth.Authorizer) func(context.Context) error {
		return func(ctx context.Context) error {
			resp, err := a.Do(req().WithContext(ctx))
			if err == nil {
				_ = resp.Body.Close()
			}
			return err
		}
	}
	edit := func(a *auth.Authorizer) func(context.Context) error {
		return func(ctx context.Context) error { return a.Edit(ctx, req()) }
	}
	var nothing oauth2.TokenSource
	for name, tt := range map[string]struct {
		call func(context.Context) error
		want string
	}{
		"Cache":                             {token(new(auth.Cache)), "the token source is nil"},
		"NewCache(nil)":                     {token(auth.NewCache(nil)), "the token source is nil"},
		"NewClientCredentials without base": {token(auth.NewClientCredentials(cred, nil, nil)), "no base URL"},
		"NewScoped without base":            {token(auth.NewScoped(app, auth.Scope{WorkspaceName: "x"}, nil, nil)), "no base URL"},
		"NewScoped without app":             {token(auth.NewScoped(nil, auth.Scope{WorkspaceName: "x"}, base, nil)), "the token source is nil"},
		"NewScoped without a scope":         {token(auth.NewScoped(app, auth.Scope{}, base, nil)), "no workspace name"},
		"Shared without base":               {token(auth.Shared(cred, nil, nil, nil)), "no base URL"},
		"SharedScoped without base":         {token(auth.SharedScoped(cred, auth.Scope{WorkspaceName: "x"}, nil, nil, nil)), "no base URL"},
		"Static":                            {token(auth.Static("")), "empty"},
		"FromOAuth2(nil)":                   {token(auth.FromOAuth2(nothing)), "nil"},
		"ToOAuth2(nil)": {func(ctx context.Context) error {
			_, err := auth.ToOAuth2(ctx, nil).Token()
			return err
		}, "nil"},
		"Authorizer":                    {do(new(auth.Authorizer)), "no base URL"},
		"Authorizer without base":       {do(auth.NewAuthorizer(nil, app, http.DefaultClient, "")), "no base URL"},
		"Authorizer without source":     {do(auth.NewAuthorizer(base, nil, http.DefaultClient, "")), "the token source is nil"},
		"Authorizer without doer":       {do(auth.NewAuthorizer(base, app, nil, "")), "nothing to send with"},
		"Edit":                          {edit(new(auth.Authorizer)), "no base URL"},
		"Edit without source":           {edit(auth.NewAuthorizer(base, nil, nil, "")), "the token source is nil"},
		"Authorizer without a scheme":   {do(auth.NewAuthorizer(&url.URL{}, app, http.DefaultClient, "")), "no base URL"},
		"Authorizer with a nil *Client": {do(auth.NewAuthorizer(base, app, (*http.Client)(nil), "")), "nothing to send with"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if v := recover(); v != nil {
					t.Errorf("panics: %v", v)
				}
			}()
			if err := tt.call(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "panic") {
				t.Errorf("the error should say %q: %v", tt.want, err)
			}
		})
	}
	new(auth.Cache).Invalidate(nil)
	for _, v := range []any{new(auth.Authorizer), new(auth.Cache), new(auth.Config), new(auth.Credentials), new(auth.Scope), new(auth.Secret), new(auth.Token), new(auth.TokenError), new(auth.FetchReport)} {
		for verb, text := range everyOutput(v) {
			if strings.Contains(text, "PANIC") || strings.Contains(text, "nil pointer") {
				t.Errorf("%T with %s: %s", v, verb, text)
			}
		}
	}
}
