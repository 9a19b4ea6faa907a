package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// These are the secrets of this file. None may appear in any output.
const (
	clientSecret    = "h8Sh8-Q-of-the-app-83"
	fetchedToken    = "h8Sh8-Q-token-that-was-fetched-84"
	givenToken      = "h8Sh8-Q-token-that-was-given-85"
	scopedToken     = "h8Sh8-Q-token-of-a-workspace-86"
	connectorSecret = "h8Sh8-Q-of-the-connector-87"
	oauthSecret     = "h8Sh8-Q-of-the-flow-88"
)

// shows returns which of the secrets text contains, as plain text, as the
// hexadecimal digits of %x, or as the numbers of a byte slice.
func shows(text string) bool {
	const mark = "h8Sh8-Q"
	lower := strings.ToLower(text)
	return strings.Contains(lower, strings.ToLower(mark)) ||
		strings.Contains(lower, fmt.Sprintf("%x", mark)) ||
		strings.Contains(lower, fmt.Sprintf("% x", mark)) ||
		strings.Contains(lower, strings.Trim(fmt.Sprint([]byte(mark)), "[]"))
}

// secretService responds to everything. Its tokens are secrets.
func secretService(t *testing.T) *stub {
	s := serve(t)
	s.token = says(200, `{"access_token":"`+fetchedToken+`","token_type":"Bearer","expires_in":900}`)
	s.route = func(r sent) reply {
		switch {
		case r.Path == scopedPath:
			return says(200, `{"token":"`+scopedToken+`"}`)
		case r.Path == workspacesPath:
			return acme()
		case r.Path == listPath && r.Method == "POST":
			return says(422, `{"message":"bad `+connectorSecret+` and `+oauthSecret+`","errors":[{"field":"credentials","message":"`+connectorSecret+`","details":{"input":"`+connectorSecret+`"}}]}`)
		case strings.HasSuffix(r.Path, "/execute") && strings.Contains(r.Body, `"download"`):
			return file("content", "Content-Disposition", "attachment; filename=a.txt")
		case strings.HasSuffix(r.Path, "/execute"):
			return ok(`[{"id":1}]`)
		}
		return says(200, `{"data":[]}`)
	}
	return s
}

// holder is a user's type that keeps a value of this package where fmt calls no
// methods.
type holder struct {
	name   string
	inside any
}

type pointerHolder struct {
	inside *any
	list   []any
	byName map[string]any
}

func TestSecretsDoNotShow(t *testing.T) {
	s := secretService(t)
	app := makeClient(t, s, client.WithCredentials("app", clientSecret))
	static := makeClient(t, s, client.WithTokenSource(auth.Static(givenToken)))
	scoped := makeClient(t, s, client.WithCredentials("app", clientSecret), client.WithScopedToken(), client.WithWorkspaceName("acme"))
	for _, c := range []*client.Client{app, static, scoped} {
		if err := read(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range s.requests() { // without requests, this test would be worthless
		if a := r.Header.Get("Authorization"); !shows(a) {
			t.Fatalf("sent with %s", a)
		}
	}
	request := client.CreateConnectorRequest{
		Name: "n", ConnectorType: "github",
		Credentials: map[string]any{"token": connectorSecret}, ReplicationConfig: map[string]any{"key": connectorSecret},
		Environment: map[string]any{"maybe": connectorSecret}, OAuthSecretID: oauthSecret,
	}
	_, createErr := app.DefaultWorkspace().CreateConnector(t.Context(), request)
	download, err := connectorOf(app).Download(t.Context(), "files", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer download.Close()
	result, err := connectorOf(app).Execute(t.Context(), "issues", "list", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.token = says(401, `{"message":"`+clientSecret+`"}`)
	tokenErr := read(t.Context(), makeClient(t, s, client.WithCredentials("other", clientSecret)))
	scopedToken, err := app.Workspace("acme").ScopedToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	config := []client.Option{
		client.WithCredentials("app", clientSecret), client.WithClientSecret(clientSecret), client.WithTokenSource(auth.Static(givenToken)),
	}
	_, configErr := client.New(append(config, client.WithMaxRetries(-1), client.WithOrganizationID(clientSecret), client.WithBaseURL("https://u:"+clientSecret+"@h"))...)

	values := map[string]any{
		"client of an app": app, "client with a token": static, "scoped client": scoped,
		"workspace": app.Workspace("acme"), "connector": connectorOf(app), "connector of a scoped client": connectorOf(scoped),
		"request": request, "request pointer": &request, "create error": createErr, "token error": tokenErr, "configuration error": configErr,
		"download": download, "result": result, "page": result.Page(), "scoped token": scopedToken, "token source": app.Workspace("acme").ScopedTokens(),
	}
	for i, o := range config {
		values[fmt.Sprint("option ", i)] = o
	}
	for name, v := range map[string]any{
		"definitions": app.Definitions(), "source templates": app.SourceTemplates(), "connection templates": app.ConnectionTemplates(),
		"OAuth apps": app.OAuthApps(), "skills": app.Skills(), "workflows": app.DefaultWorkspace().Workflows(), "automations": app.DefaultWorkspace().Workflows().Automations("w"),
	} {
		values[name] = v
	}
	if e := asError(t, createErr); true {
		values["fields"], values["error value"] = e.Fields, *e
	}
	// These have their secrets in exported fields, for the program to use. In
	// unexported fields, where fmt cannot call methods, it prints them.
	open := map[string]bool{"request": true, "request pointer": true, "scoped token": true}
	secrets := client.Configuration{"key": connectorSecret}
	hook := "https://hooks.test/" + connectorSecret
	for name, v := range map[string]any{
		"connector details":          &client.ConnectorDetails{ReplicationConfig: secrets},
		"connector change":           &client.ConnectorChange{ReplicationConfig: secrets},
		"configuration":              secrets,
		"source template":            &client.SourceTemplateDetails{DefaultConfig: secrets},
		"source template request":    &client.SourceTemplateRequest{DefaultConfig: secrets},
		"source template change":     &client.SourceTemplateChange{DefaultConfig: secrets},
		"connection template":        &client.ConnectionTemplate{DestinationConfig: secrets},
		"connection request":         &client.ConnectionTemplateRequest{DestinationConfig: secrets},
		"connection template change": &client.ConnectionTemplateChange{DestinationConfig: secrets},
		"OAuth app":                  &client.OAuthAppRequest{Configuration: secrets},
		"OAuth request":              &client.OAuthRequest{RedirectURL: "https://app.example.com/?state=" + connectorSecret, ReplicationConfig: secrets, Input: secrets},
		"automation":                 &client.Automation{CompletionWebhookURL: auth.Secret(hook), TriggerWebhookURL: auth.Secret(hook)},
		"automation request":         &client.AutomationRequest{CompletionWebhookURL: auth.Secret(hook)},
		"automation change":          &client.AutomationChange{CompletionWebhookURL: client.Value(auth.Secret(hook))},
	} {
		values[name], open[name] = v, true
	}
	for name, v := range values {
		if v == nil || reflect.ValueOf(v).Kind() == reflect.Pointer && reflect.ValueOf(v).IsNil() {
			t.Fatalf("%s is nil", name)
		}
		t.Run(name, func(t *testing.T) {
			forms := map[string]any{
				"itself": v, "exported": struct{ V any }{v}, "in a list": []any{v}, "in a map": map[string]any{"k": v},
			}
			if !open[name] {
				forms["in a struct"], forms["behind a pointer"] = holder{"x", v}, &holder{"x", v}
				forms["deeper"] = pointerHolder{&v, []any{v}, map[string]any{"k": v}}
			}
			// The value behind a pointer is also printed by itself.
			if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer {
				forms["dereferenced"] = r.Elem().Interface()
				if !open[name] {
					forms["dereferenced in a struct"] = holder{"x", r.Elem().Interface()}
				}
			}
			for form, x := range forms {
				for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "% x", "%X", "%d"} {
					if text := fmt.Sprintf(verb, x); shows(text) {
						t.Errorf("%s with %s: %s", form, verb, text)
					}
				}
				var b bytes.Buffer
				opts := &slog.HandlerOptions{Level: slog.LevelDebug}
				slog.New(slog.NewTextHandler(&b, opts)).Info("x", "v", x, slog.Group("g", "v", x))
				slog.New(slog.NewJSONHandler(&b, opts)).Info("x", "v", x, slog.Group("g", "v", x))
				if shows(b.String()) {
					t.Errorf("%s logged: %s", form, &b)
				}
				if text, err := json.Marshal(x); shows(string(text)) || shows(fmt.Sprint(err)) {
					t.Errorf("%s as JSON: %s %v", form, text, err)
				}
				if text, err := jsonv2.Marshal(x); shows(string(text)) || shows(fmt.Sprint(err)) {
					t.Errorf("%s as JSON by version 2: %s %v", form, text, err)
				}
			}
			if err, isError := v.(error); isError {
				if shows(errors.Join(err, err).Error()) || shows(fmt.Errorf("x: %w", err).Error()) {
					t.Error("the error shows a secret")
				}
			}
		})
	}
}

// What the client logs at the lowest level contains no secret, and neither does
// what is sent to another address.
func TestSecretsDoNotReachTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		logger := slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug - 10}))
		s := secretService(t)
		c := makeClient(t, s, client.WithCredentials("app", clientSecret), client.WithLogger(logger), client.WithTokenObserver(func(f auth.FetchReport) {
			logger.Info("token", "fetch", f)
		}))
		w := c.DefaultWorkspace()
		_, _ = w.ListConnectors(t.Context())
		_, _ = w.CreateConnector(t.Context(), client.CreateConnectorRequest{ConnectorType: "x", Credentials: map[string]any{"t": connectorSecret}})
		_ = w.Ensure(t.Context())
		_, _ = w.ScopedToken(t.Context())
		_, _ = connectorOf(c).Execute(t.Context(), "issues", "create", client.Params{"password": connectorSecret})
		_, _ = connectorOf(c).Execute(t.Context(), "issues", "list", nil)
		route := s.route
		for _, answer := range []reply{
			says(401, `{"message":"`+fetchedToken+`"}`, "X-Request-Id", fetchedToken), says(429, fetchedToken, "Retry-After", "1"),
			fails(fmt.Errorf("proxy said %w", errReset)), says(302, "", "Location", "/x?token="+fetchedToken), says(200, "<p>"+fetchedToken),
		} {
			s.mu.Lock()
			s.route = func(sent) reply { return answer }
			s.mu.Unlock()
			_, _ = w.ListConnectors(t.Context())
			for range c.Workspaces(t.Context(), client.WorkspaceFilter{NameContains: connectorSecret}) {
				break
			}
		}
		s.mu.Lock()
		s.route = route
		s.mu.Unlock()
		d, err := connectorOf(c).Download(t.Context(), "files", nil)
		if err == nil {
			_ = d.Close()
		}
		if n := strings.Count(b.String(), "\n"); n < 20 {
			t.Errorf("%d lines were logged", n)
		}
		for line := range strings.SplitSeq(b.String(), "\n") {
			if shows(line) {
				t.Errorf("logged %s", line)
			}
		}
	})
}

// A redirect to another origin must not take the token there.
func TestSecretsDoNotFollowRedirects(t *testing.T) {
	for _, to := range []string{"https://evil.test/", "http://api.test/", "https://api.test:444/", "//evil.test/x", "https://sub.api.test/"} {
		for _, code := range []int{301, 302, 303, 307, 308} {
			s := serve(t, says(code, "", "Location", to), ok("[]"))
			c := newClient(t, s)
			_, err := c.DefaultWorkspace().ListConnectors(t.Context())
			if err == nil || !errors.Is(err, auth.ErrUnsafe) {
				t.Errorf("%d to %s: %v", code, to, err)
			}
			s.wantSent(t, 1)
		}
	}
	// Within the origin, a read may be redirected.
	s := serve(t, says(307, "", "Location", "/elsewhere"), list(listed(1, "a", "A", "a")))
	got, err := newClient(t, s).DefaultWorkspace().ListConnectors(t.Context())
	if err != nil || len(got) != 1 {
		t.Errorf("%v %v", got, err)
	}
	if r := s.requests(); len(r) != 2 || r[1].Path != "/elsewhere" || r[1].Header.Get("Authorization") == "" {
		t.Errorf("sent %v", r)
	}
	// The caller's own policy is applied, too.
	no := errors.New("no redirects here")
	s = serve(t, says(307, "", "Location", "/elsewhere"), list())
	hc := &http.Client{Transport: s, CheckRedirect: func(*http.Request, []*http.Request) error { return no }}
	if _, err := newClient(t, s, client.WithHTTPClient(hc)).DefaultWorkspace().ListConnectors(t.Context()); !errors.Is(err, no) {
		t.Error(err)
	}
}
