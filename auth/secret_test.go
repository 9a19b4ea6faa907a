package auth_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	jsonv1 "encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"golang.org/x/oauth2"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

const hidden = "h1dd3n-s3cr3t-v4lu3"

// shows returns the name of the form in which s contains the secret, or "".
func shows(s string) string {
	lower := strings.ToLower(s)
	for name, form := range map[string]string{
		"plain":   hidden,
		"hex":     hex.EncodeToString([]byte(hidden)),
		"spaced":  strings.TrimSpace(fmt.Sprintf("% x", hidden)),
		"base64":  strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(hidden)), "="),
		"decimal": strings.Trim(fmt.Sprint([]byte(hidden)), "[]"),
	} {
		if strings.Contains(lower, strings.ToLower(form)) {
			return name
		}
	}
	return ""
}

// everyOutput returns v as written by everything that commonly writes values,
// except %p: fmt does not call methods for it, and vet reports it.
func everyOutput(v any) map[string]string {
	out := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%t", "%e", "%c", "%U", "%10v", "%!"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	out["Sprint"] = fmt.Sprint(v)
	out["Errorf"] = fmt.Errorf("x: %v", v).Error()
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"slog text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"slog JSON": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var b bytes.Buffer
		log := slog.New(handler(&b))
		log.Info("x", "v", v)
		log.With("v", v).WithGroup("g").Info("x", slog.Any("v", v), slog.Group("h", "v", v))
		out[name] = b.String()
	}
	text := func(b []byte, err error) string { return string(b) + fmt.Sprint(err) }
	out["json v1"] = text(jsonv1.Marshal(v))
	out["json v1 indented"] = text(jsonv1.MarshalIndent(map[string]any{"v": v}, "", " "))
	out["json v2"] = text(jsonv2.Marshal(v))
	out["json v2 in a list"] = text(jsonv2.Marshal([]any{v}))
	return out
}

// wrapped holds values in fields where fmt cannot call their methods.
type wrapped struct {
	source     auth.TokenSource
	cache      *auth.Cache
	authorizer *auth.Authorizer
	any        any
}

func TestNothingShowsASecret(t *testing.T) {
	ctx := t.Context()
	tok := auth.Token{AccessToken: hidden, Expiry: time.Now().Add(time.Hour)}
	cred := credentials("id", hidden, orgA)
	hc := &http.Client{Transport: &struct{ http.RoundTripper }{transport(func(*http.Request) (*http.Response, error) {
		return reply(200, `{"access_token":"`+hidden+`","expires_in":900}`), nil
	})}}
	filled := auth.NewCache(auth.NewClientCredentials(cred, service, hc))
	shared := auth.Shared(cred, service, hc, nil)
	for _, src := range []auth.TokenSource{filled, shared} {
		if mustToken(t, src) != hidden {
			t.Fatal("the sources of this test hold no secret")
		}
	}
	refusing := &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		return reply(401, hidden, "X-Request-Id", hidden), nil
	})}
	refused := auth.NewCache(auth.NewClientCredentials(cred, service, refusing))
	_, refusal := refused.Token(ctx)
	foreign := auth.FromOAuth2(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: hidden}))
	event := auth.FetchReport{}
	observed := auth.NewCache(auth.Static(hidden), auth.WithObserver(func(f auth.FetchReport) { event = f }))
	mustToken(t, observed)

	values := map[string]any{
		"Secret":         auth.Secret(hidden),
		"Config":         auth.Config{ClientID: "id", ClientSecret: hidden},
		"Credentials":    cred,
		"Token":          tok,
		"Fetch":          event,
		"TokenError":     refusal,
		"Scope":          auth.Scope{WorkspaceName: "w"},
		"list of Secret": []auth.Secret{hidden},
		"map of Secret":  map[string]auth.Secret{"a": hidden},
		"list of Token":  []auth.Token{tok},
	}
	sources := map[string]auth.TokenSource{
		"Static":            auth.Static(hidden),
		"ClientCredentials": auth.NewClientCredentials(cred, service, hc),
		"Scoped":            auth.NewScoped(auth.Static(hidden), auth.Scope{}, service, hc),
		"Shared":            shared,
		"SharedScoped":      auth.SharedScoped(cred, auth.Scope{WorkspaceName: "w"}, service, hc, nil),
		"FromOAuth2":        foreign,
		"Cache":             filled,
		"Cache of a Static": observed,
		"Cache of FromOA":   auth.NewCache(foreign),
		"Cache, refused":    refused,
		"Cache of Shared":   auth.NewCache(shared),
	}
	for name, src := range sources {
		values[name] = src
		values["field with "+name] = wrapped{source: src}
		values["any with "+name] = wrapped{any: src}
		values["pointer to field with "+name] = &wrapped{source: src}
		values["list with "+name] = struct{ list []auth.TokenSource }{[]auth.TokenSource{src}}
		values["map with "+name] = struct{ m map[string]any }{map[string]any{"a": src}}
		authorizer := auth.NewAuthorizer(service, src, hc, orgA)
		values["Authorizer of "+name] = authorizer
		values["field with Authorizer of "+name] = wrapped{authorizer: authorizer}
		values["any with Authorizer of "+name] = wrapped{any: authorizer}
		toOAuth2 := auth.ToOAuth2(ctx, src)
		values["ToOAuth2 of "+name] = toOAuth2
		values["field with ToOAuth2 of "+name] = struct{ src oauth2.TokenSource }{toOAuth2}
		values["func of "+name] = struct{ f any }{src.Token}
	}
	values["field with *Cache"] = wrapped{cache: filled}
	values["field with a TokenError"] = wrapped{any: refusal}
	for name, v := range values {
		for how, out := range everyOutput(v) {
			if form := shows(out); form != "" {
				t.Errorf("%s through %s shows its secret (%s): %s", name, how, form, out)
			}
		}
	}
	pointers := map[string]any{"Config": &auth.Config{ClientSecret: hidden}, "Credentials": &cred, "Token": &tok, "Secret": func() any { s := auth.Secret(hidden); return &s }()}
	for name, v := range pointers {
		for how, out := range everyOutput(v) {
			if form := shows(out); form != "" {
				t.Errorf("*%s through %s shows its secret (%s): %s", name, how, form, out)
			}
		}
	}
	// A type with a Format method looks the same for every verb.
	for _, v := range []fmt.Stringer{values["Config"].(auth.Config), cred, tok, filled, shared.(fmt.Stringer), auth.Static(hidden).(fmt.Stringer), values["Authorizer of Shared"].(*auth.Authorizer)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if got := fmt.Sprintf(verb, v); got != v.String() {
				t.Errorf("%T through %s is %q, want %q", v, verb, got, v)
			}
		}
	}
	// The redaction is visible, and a conversion reveals the secret.
	for _, v := range []any{auth.Secret(hidden), auth.Secret(""), tok, cred, auth.Static(hidden)} {
		if out := fmt.Sprint(v); !strings.Contains(out, auth.Redacted) {
			t.Errorf("%T prints as %q", v, out)
		}
	}
	if b, err := jsonv1.Marshal(struct{ S auth.Secret }{hidden}); string(b) != `{"S":"[REDACTED]"}` || err != nil {
		t.Errorf("%s, %v", b, err)
	}
	if string(auth.Secret(hidden)) != hidden {
		t.Error("a conversion does not reveal a secret")
	}
}

// TestShows tests that the test above would find a secret.
func TestShows(t *testing.T) {
	type careless struct{ s string }
	found := map[string]bool{}
	for how, out := range everyOutput(careless{hidden}) {
		found[how] = shows(out) != ""
	}
	for _, how := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "slog text"} {
		if !found[how] {
			t.Errorf("the secret of a careless type through %s is not found: %s", how, everyOutput(careless{hidden})[how])
		}
	}
	for how, out := range everyOutput([]byte(hidden)) {
		if (how == "json v1" || how == "json v2" || how == "%d") && shows(out) == "" {
			t.Errorf("the secret in bytes through %s is not found: %s", how, out)
		}
	}
}

func TestNoErrorShowsASecret(t *testing.T) {
	fail := func(step step) *http.Client {
		return (&script{steps: []func(*http.Request) (*http.Response, error){step}}).client()
	}
	exchange := func(step step) error {
		_, err := auth.NewClientCredentials(credentials("id", hidden, orgA), service, fail(step)).Token(t.Context())
		return err
	}
	scoped := func(step step) error {
		_, err := auth.NewScoped(auth.Static(hidden), auth.Scope{WorkspaceName: "w"}, service, fail(step)).Token(t.Context())
		return err
	}
	token := func(src auth.TokenSource) error { _, err := src.Token(t.Context()); return err }
	resolve := func(c auth.Config) error { _, err := auth.Resolve(c); return err }
	done, cancel := context.WithCancel(t.Context())
	cancel()
	_, ctxErr := auth.NewCache(auth.Static(hidden)).Token(done)
	edit := func(address string) error {
		req := request(t, http.MethodGet, address, "")
		return auth.NewAuthorizer(mustURL(address), auth.Static(hidden), fail(breaks), "").Edit(t.Context(), req)
	}

	list := map[string]error{
		"no id":                     resolve(auth.Config{ClientSecret: hidden}),
		"line break in the secret":  resolve(auth.Config{ClientID: "id", ClientSecret: hidden + "\nx"}),
		"secret as organization":    resolve(auth.Config{ClientID: "id", ClientSecret: hidden, OrganizationID: hidden}),
		"Configure":                 auth.Configure(auth.Config{ClientSecret: hidden, OrganizationID: hidden}),
		"network":                   exchange(breaks),
		"half an answer":            exchange(halfAnswer(200)),
		"refused, echo":             exchange(says(401, `{"message":"bad `+hidden+`","code":"`+hidden+`"}`, "X-Request-Id", hidden)),
		"server error, echo":        exchange(says(500, hidden)),
		"not JSON, echo":            exchange(says(200, hidden)),
		"not a token, echo":         exchange(says(200, `{"access_token":["`+hidden+`"]}`)),
		"expired, echo":             exchange(says(200, `{"access_token":"`+hidden+`","expires_in":0}`)),
		"bad expires_in, echo":      exchange(says(200, `{"access_token":{},"expires_in":"`+hidden+`"}`)),
		"bad character, echo":       exchange(says(200, `{"access_token":"`+hidden+` x","expires_in":9}`)),
		"redirect":                  exchange(says(302, "", "Location", "https://elsewhere.test/?a="+hidden)),
		"scoped, refused, echo":     scoped(says(403, `{"detail":"`+hidden+`"}`)),
		"scoped, network":           scoped(breaks),
		"scoped, not a token, echo": scoped(says(200, `{"token":7,"x":"`+hidden+`"}`)),
		"static":                    token(auth.Static(hidden + "\nx")),
		"oauth2":                    token(auth.FromOAuth2(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: hidden + " x"}))),
		"cache, bad character":      token(auth.NewCache(sourceFunc(func(context.Context) (*auth.Token, error) { return &auth.Token{AccessToken: hidden + " x"}, nil }))),
		"cache, ctx":                ctxErr,
		"authorizer, plain http":    edit("http://host.test"),
	}
	for name, err := range list {
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			for how, out := range everyOutput(e) {
				if form := shows(out); form != "" {
					t.Errorf("%s: %T through %s shows the secret (%s): %s", name, e, how, form, out)
				}
			}
		}
	}
}
