package client_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func TestNewReportsAllProblemsAtOnce(t *testing.T) {
	_, err := client.New(
		client.WithMaxRetries(-1), client.WithMaxRetryAfter(0), client.WithTimeout(-time.Second), client.WithAttemptTimeout(-1), client.WithMaxResponseBytes(0),
		client.WithHTTPClient(nil), client.WithLogger(nil), client.WithTokenSource(nil), nil,
		client.WithUserAgent("a\nb"), client.WithBaseURL("http://example.com"), client.WithConnectorID("x"), client.WithOrganizationID("acme"),
	)
	wantKinds(t, err, "ErrInvalid")
	asError(t, err)
	if !errors.Is(err, auth.ErrNoCredentials) {
		t.Error("the missing credentials are not told")
	}
	if !errors.Is(err, auth.ErrUnsafe) {
		t.Error("the base URL without TLS is not told")
	}
	wantText(t, err, "WithMaxRetries: -1", "WithMaxRetryAfter: 0s", "WithTimeout: -1s", "WithAttemptTimeout", "WithMaxResponseBytes: 0", "WithHTTPClient: the client is nil",
		"WithLogger: the logger is nil", "WithTokenSource: the source is nil", "an option is nil", "WithUserAgent", "WithBaseURL", "WithConnectorID",
		"organization_id", "client_id", "client_secret", auth.EnvClientID)
}

func TestNewSendsNothing(t *testing.T) {
	s := serve(t)
	c := newClientOfApp(t, s)
	_, err := client.NewWorkspace(client.WithHTTPClient(&http.Client{Transport: s}), client.WithCredentials("a", "b"))
	if err != nil {
		t.Error(err)
	}
	_ = c.Workspace("x").ConnectorByID("y")
	s.wantSent(t, 0)
	if s.tokenRequests() != 0 {
		t.Error("a token was asked for")
	}
}

func TestNewWithoutCredentials(t *testing.T) {
	for name, opts := range map[string][]client.Option{
		"none": nil, "id": {client.WithClientID("x")}, "secret": {client.WithClientSecret("x")}, "blank": {client.WithCredentials(" ", "\n")},
	} {
		_, err := client.New(opts...)
		if !errors.Is(err, auth.ErrNoCredentials) || !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, f := range []func(...client.Option) error{
		func(o ...client.Option) error { _, err := client.NewWorkspace(o...); return err },
		func(o ...client.Option) error { _, err := client.Connect(context.Background(), "x", o...); return err },
	} {
		if err := f(); !errors.Is(err, auth.ErrNoCredentials) {
			t.Error(err)
		}
	}
	// With a token source, no credentials are looked for.
	t.Setenv(auth.EnvClientSecret, "a\x01b")
	if _, err := client.New(client.WithTokenSource(auth.Static("x"))); err != nil {
		t.Error(err)
	}
	t.Setenv(auth.EnvClientID, "")
	if _, err := client.New(client.WithTokenSource(auth.Static("x"))); err != nil {
		t.Error(err)
	}
	// Other problems are reported.
	_, err := client.New(client.WithTokenSource(auth.Static("x")), client.WithOrganizationID("acme"))
	wantKinds(t, err, "ErrInvalid")
	wantText(t, err, "organization_id (from option) is not a UUID")
	if errors.Is(err, auth.ErrNoCredentials) || strings.Contains(err.Error(), "client_") {
		t.Error(err)
	}
}

func TestBaseURL(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "https://api.airbyte.ai",
		"  ":                           "https://api.airbyte.ai",
		"https://api.test":             "https://api.test",
		"https://api.test/":            "https://api.test",
		" https://api.test// ":         "https://api.test",
		"api.test":                     "https://api.test",
		"api.test:8443":                "https://api.test:8443",
		"HTTPS://API.Test":             "https://api.test",
		"https://api.test/proxy/x/":    "https://api.test/proxy/x",
		"http://localhost:8080":        "http://localhost:8080",
		"http://127.0.0.1":             "http://127.0.0.1",
		"http://[::1]:80":              "http://[::1]:80",
		"http://api.test":              "",
		"http://10.0.0.1":              "",
		"http://localhost.evil.test":   "",
		"http://127.0.0.1.evil.test":   "",
		"ftp://api.test":               "",
		"https://":                     "",
		"https://user@api.test":        "",
		"https://user:pw@api.test":     "",
		"https://api.test?x=1":         "",
		"https://api.test#x":           "",
		"https://api.test\n.evil.test": "",
		"https://api.test/\x00":        "",
		"://":                          "",
		"https://api.test:port":        "",
		"file:///etc/passwd":           "",
	} {
		for _, from := range []string{"option", "environment"} {
			if from == "environment" && strings.Contains(in, "\x00") {
				continue // which the environment cannot contain
			}
			if from == "option" && strings.TrimSpace(in) == "" {
				continue // TestEmptyOptions
			}
			t.Run(from+" "+in, func(t *testing.T) {
				s := serve(t, list())
				opts := []client.Option{client.WithTokenSource(auth.Static("x")), client.WithHTTPClient(&http.Client{Transport: s})}
				if from == "option" {
					opts = append(opts, client.WithBaseURL(in))
				} else {
					t.Setenv(client.EnvAPIHost, in)
				}
				c, err := client.New(opts...)
				if want == "" {
					wantKinds(t, err, "ErrInvalid")
					wantText(t, err, map[string]string{"option": "WithBaseURL", "environment": client.EnvAPIHost}[from])
					if strings.Contains(err.Error(), "pw") {
						t.Errorf("a password is in %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.DefaultWorkspace().ListConnectors(t.Context()); err != nil {
					t.Fatal(err)
				}
				_, rest, _ := strings.Cut(want, "://")
				host, prefix, _ := strings.Cut(rest, "/")
				if prefix != "" {
					prefix = "/" + prefix
				}
				if r := s.requests()[0]; r.Host != host || r.Path != prefix+listPath {
					t.Errorf("sent to %s%s, want %s", r.Host, r.Path, want)
				}
				if !strings.Contains(c.String(), want) {
					t.Errorf("String() is %s", c)
				}
			})
		}
	}
	t.Run("the option wins", func(t *testing.T) {
		t.Setenv(client.EnvAPIHost, "not a URL\x7f")
		c, err := client.New(client.WithTokenSource(auth.Static("x")), client.WithBaseURL("https://api.test"))
		if err != nil || !strings.Contains(c.String(), "https://api.test") {
			t.Errorf("%v %v", c, err)
		}
	})
}

func TestOptionsWinOverConfigureAndEnvironment(t *testing.T) {
	t.Cleanup(auth.Unconfigure)
	ask := func(t *testing.T, opts ...client.Option) (token, query, org string) {
		t.Helper()
		s := serve(t, list())
		var body string
		tokens := s
		hc := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == tokenPath {
				b, err := r.GetBody()
				if err != nil {
					return nil, err
				}
				var text strings.Builder
				buf := make([]byte, 1000)
				n, _ := b.Read(buf)
				text.Write(buf[:n])
				body = text.String()
			}
			return tokens.RoundTrip(r)
		})}
		c, err := client.New(append(opts, client.WithHTTPClient(hc), client.WithBaseURL(stubURL))...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.DefaultWorkspace().ListConnectors(t.Context()); err != nil {
			t.Fatal(err)
		}
		r := s.requests()[0]
		if c.OrganizationID() != r.Header.Get("X-Organization-Id") {
			t.Errorf("OrganizationID() is %s", c.OrganizationID())
		}
		return body, r.Query, r.Header.Get("X-Organization-Id")
	}
	want := func(t *testing.T, id, secret, workspace, org string, opts ...client.Option) {
		t.Helper()
		body, query, gotOrg := ask(t, opts...)
		if body != `{"client_id":"`+id+`","client_secret":"`+secret+`"}`+"\n" && body != `{"client_id":"`+id+`","client_secret":"`+secret+`"}` {
			t.Errorf("asked for a token with %s", body)
		}
		if query != "workspace_name="+workspace || gotOrg != org {
			t.Errorf("asked with %s in %s", query, gotOrg)
		}
	}
	const envOrg, confOrg, optOrg = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002", "00000000-0000-4000-8000-000000000003"
	t.Setenv(auth.EnvClientID, "env-id")
	t.Setenv(auth.EnvClientSecret, "env-secret\n")
	want(t, "env-id", "env-secret", "default", "")
	t.Setenv(auth.EnvWorkspaceName, "env-ws")
	t.Setenv(auth.EnvOrganizationID, envOrg)
	want(t, "env-id", "env-secret", "env-ws", envOrg)
	if err := auth.Configure(auth.Config{ClientID: "conf-id", ClientSecret: "conf-secret", OrganizationID: confOrg}); err != nil {
		t.Fatal(err)
	}
	want(t, "conf-id", "conf-secret", "env-ws", confOrg)
	want(t, "opt-id", "conf-secret", "env-ws", confOrg, client.WithClientID("opt-id"))
	want(t, "opt-id", "opt-secret", "opt-ws", optOrg, client.WithClientID("opt-id"), client.WithClientSecret("opt-secret"),
		client.WithWorkspaceName("opt-ws"), client.WithOrganizationID(optOrg))
	want(t, "b", "y", "opt-ws", optOrg, client.WithCredentials("a", "x"), client.WithCredentials("b", "y"),
		client.WithWorkspaceName("first"), client.WithWorkspaceName("opt-ws"), client.WithOrganizationID(optOrg))
}

// roundTrip is an http.RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestConfigureDoesNotChangeAClient(t *testing.T) {
	t.Cleanup(auth.Unconfigure)
	if err := auth.Configure(auth.Config{ClientID: "one", ClientSecret: "s", WorkspaceName: "first"}); err != nil {
		t.Fatal(err)
	}
	s := serve(t, list())
	c := makeClient(t, s)
	if err := auth.Configure(auth.Config{ClientID: "two", ClientSecret: "s", WorkspaceName: "second", OrganizationID: stubOrg}); err != nil {
		t.Fatal(err)
	}
	t.Setenv(client.EnvAPIHost, "https://elsewhere.test")
	if _, err := c.DefaultWorkspace().ListConnectors(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := s.requests()[0]; r.Query != "workspace_name=first" || r.Header.Get("X-Organization-Id") != "" || r.Host != "api.test" {
		t.Errorf("asked %s %s in %s", r.Host, r.Query, r.Header.Get("X-Organization-Id"))
	}
	if got := makeClient(t, s).DefaultWorkspace().Name(); got != "second" {
		t.Errorf("a new client works in %s", got)
	}
}

func TestUserAgent(t *testing.T) {
	for extra, want := range map[string]string{"myapp/1.2": ") myapp/1.2", "  myapp/1.2 (x; y) ": ") myapp/1.2 (x; y)"} {
		s := serve(t, list())
		if _, err := newClient(t, s, client.WithUserAgent(extra)).DefaultWorkspace().ListConnectors(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := s.requests()[0].Header.Get("User-Agent")
		if !strings.HasPrefix(got, "airbyte-agents-go/") || !strings.Contains(got, "(go1.") || !strings.HasSuffix(got, want) {
			t.Errorf("with %q the user agent is %q", extra, got)
		}
	}
	for _, bad := range []string{"a\r\nX-Evil: 1", "a\x00", "a\x7fb"} {
		_, err := client.New(client.WithTokenSource(auth.Static("x")), client.WithUserAgent(bad))
		wantKinds(t, err, "ErrInvalid")
	}
}

func TestTheCallersHTTPClientIsNotChanged(t *testing.T) {
	s := serve(t, says(307, "", "Location", "https://evil.test/"))
	hc := &http.Client{Transport: s, Timeout: time.Hour}
	before := *hc
	c := newClient(t, nil, client.WithHTTPClient(hc))
	_ = read(t.Context(), c)
	if !reflect.DeepEqual(before, *hc) || hc.CheckRedirect != nil {
		t.Error("the client was changed")
	}
	// Later changes of it do not affect the client.
	hc.Transport = roundTrip(func(*http.Request) (*http.Response, error) { t.Error("sent elsewhere"); return nil, errReset })
	_ = read(t.Context(), c)
	if n := len(s.requests()); n < 2 {
		t.Errorf("%d requests", n)
	}
}

func TestWithConnectorIDIsForConnect(t *testing.T) {
	for name, f := range map[string]func(...client.Option) error{
		"New":          func(o ...client.Option) error { _, err := client.New(o...); return err },
		"NewWorkspace": func(o ...client.Option) error { _, err := client.NewWorkspace(o...); return err },
	} {
		err := f(client.WithTokenSource(auth.Static("x")), client.WithConnectorID(stubID))
		wantKinds(t, err, "ErrInvalid")
		wantText(t, err, "WithConnectorID is for Connect only")
		if err := f(client.WithTokenSource(auth.Static("x")), client.WithConnectorID("")); !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMaxResponseBytes(t *testing.T) {
	body := `{"data":[` + listed(1, "a", "A", strings.Repeat("x", 100)) + `]}`
	for limit, good := range map[int]bool{len(body) - 1: false, len(body): true, len(body) + 1: true} {
		_, err := newClient(t, serve(t, says(200, body)), client.WithMaxResponseBytes(int64(limit))).DefaultWorkspace().ListConnectors(t.Context())
		if good && err != nil {
			t.Errorf("%d bytes with a limit of %d: %v", len(body), limit, err)
		}
		if !good {
			wantKinds(t, err, "ErrResponseTooLarge")
			wantText(t, err, "WithMaxResponseBytes")
		}
	}
}

func TestTokenObserver(t *testing.T) {
	var seen []auth.FetchReport
	s := serve(t, list())
	c := newClientOfApp(t, s, client.WithTokenObserver(func(f auth.FetchReport) { seen = append(seen, f) }))
	for range 3 {
		if _, err := c.DefaultWorkspace().ListConnectors(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 1 || seen[0].Err != nil || seen[0].Attempts != 1 || seen[0].Early {
		t.Errorf("%+v", seen)
	}
}

// A transport of NewTransport is the caller's alone, and works in place of the
// shared one.
func TestNewTransport(t *testing.T) {
	mine, other := client.NewTransport(), client.NewTransport()
	if mine == other {
		t.Error("there is one transport for all")
	}
	if mine.MaxIdleConnsPerHost != 64 || mine.Proxy == nil || !mine.ForceAttemptHTTP2 || mine.TLSHandshakeTimeout == 0 || mine.DialContext == nil {
		t.Errorf("the transport is %+v", mine)
	}
	fake := agentstest.NewServer()
	defer fake.Close()
	defer mine.CloseIdleConnections()
	var dialed atomic.Int64
	dial := mine.DialContext
	mine.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		dialed.Add(1)
		return dial(ctx, network, addr)
	}
	ws, err := client.NewWorkspace(client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithHTTPClient(&http.Client{Transport: mine}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ws.ListConnectors(t.Context()); err != nil || dialed.Load() == 0 {
		t.Errorf("%d connections, %v", dialed.Load(), err)
	}
}

// An empty text is more likely a variable that was not set than a wish for the default.
func TestEmptyOptions(t *testing.T) {
	for _, blank := range []string{"", " \n"} {
		for name, opt := range map[string]client.Option{
			"WithClientID": client.WithClientID(blank), "WithClientSecret": client.WithClientSecret(blank),
			"WithCredentials": client.WithCredentials("id", blank), "WithOrganizationID": client.WithOrganizationID(blank),
			"WithWorkspaceName": client.WithWorkspaceName(blank), "WithConnectorID": client.WithConnectorID(blank),
			"WithBaseURL": client.WithBaseURL(blank), "WithUserAgent": client.WithUserAgent(blank),
		} {
			_, err := client.New(client.WithTokenSource(auth.Static("x")), opt)
			wantKinds(t, err, "ErrInvalid")
			wantText(t, err, name+": ", "leave the option out")
		}
	}
}

// What an environment or a file adds to a value is named, with the variable and without
// the value, before anything is sent.
func TestValuesThatWereNotRead(t *testing.T) {
	const value = "v4lue"
	for spelled, want := range map[string]string{
		`"` + value + `"`: "is in quotes", "'" + value + "'": "is in quotes", "\ufeff" + value: "U+FEFF", value + "\u200b": "U+200B",
		"${" + value + "}": "a variable", "$(" + value + ")": "a variable", "{{ " + value + " }}": "a variable",
	} {
		for _, env := range []string{auth.EnvClientID, auth.EnvClientSecret, auth.EnvOrganizationID, auth.EnvWorkspaceName, client.EnvAPIHost} {
			t.Run(env+" "+spelled, func(t *testing.T) {
				t.Setenv(auth.EnvClientID, "app")
				t.Setenv(auth.EnvClientSecret, "secret")
				t.Setenv(env, spelled)
				s := serve(t)
				_, err := client.New(client.WithHTTPClient(&http.Client{Transport: s}))
				wantKinds(t, err, "ErrInvalid")
				wantText(t, err, env, want)
				if strings.Contains(err.Error(), value) {
					t.Errorf("the error has the value: %v", err)
				}
			})
		}
		if _, err := client.New(client.WithCredentials("app", spelled)); err == nil || !strings.Contains(err.Error(), "client_secret (from option) ") || strings.Contains(err.Error(), value) {
			t.Errorf("WithCredentials with %q: %v", spelled, err)
		}
	}
	// A program may name its workspaces as it likes.
	if _, err := client.New(client.WithCredentials("app", "secret"), client.WithWorkspaceName(`"quoted" ${x} 👩\u200d💻`)); err != nil {
		t.Error(err)
	}
}

// A base URL that ends with the path of the API is what is wrong, not the workspace.
func TestBaseURLWithThePathOfTheAPI(t *testing.T) {
	s := serve(t)
	s.route = func(r sent) reply { return says(404, `{"detail":"Not Found"}`) }
	app := newClientOfApp(t, s, client.WithBaseURL(stubURL+"/api/v1/"))
	wantText(t, read(t.Context(), app), "the base URL ends in /api/v1, which the client adds by itself")
	static := newClient(t, s, client.WithBaseURL(stubURL+"/api/v1"))
	wantText(t, read(t.Context(), static), "the base URL ends in /api/v1, which the client adds by itself")
	if err := read(t.Context(), newClient(t, s)); strings.Contains(err.Error(), "base URL") {
		t.Error(err)
	}
}
