package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// callsOf are calls that need a token, by name.
func callsOf(c *client.Client) map[string]func(context.Context) error {
	w, conn := c.Workspace("acme"), connectorOf(c)
	request := client.CreateConnectorRequest{ConnectorType: "github", Credentials: map[string]any{"token": "ghp_1"}}
	change := client.ConnectorChange{Name: "new"}
	return map[string]func(context.Context) error{
		"WaitDeleted":     func(ctx context.Context) error { _, err := conn.WaitDeleted(ctx, client.Polling{}); return err },
		"WaitSearchable":  func(ctx context.Context) error { _, err := conn.WaitSearchable(ctx, "a", client.Polling{}); return err },
		"ListConnectors":  func(ctx context.Context) error { _, err := w.ListConnectors(ctx); return err },
		"Connector":       func(ctx context.Context) error { _, err := w.Connector(ctx, "github"); return err },
		"Workspace.Info":  func(ctx context.Context) error { _, err := w.Info(ctx); return err },
		"Ensure":          func(ctx context.Context) error { return w.Ensure(ctx) },
		"WorkspaceInfo":   func(ctx context.Context) error { _, err := c.WorkspaceInfo(ctx, stubID); return err },
		"CreateConnector": func(ctx context.Context) error { _, err := w.CreateConnector(ctx, request); return err },
		"CheckConnector":  func(ctx context.Context) error { _, err := w.CheckConnector(ctx, request); return err },
		"Details":         func(ctx context.Context) error { _, err := conn.Details(ctx); return err },
		"Check":           func(ctx context.Context) error { _, err := conn.Check(ctx); return err },
		"Update":          func(ctx context.Context) error { _, err := conn.Update(ctx, change); return err },
		"Inspect":         func(ctx context.Context) error { _, err := conn.Inspect(ctx); return err },
		"Docs":            func(ctx context.Context) error { _, err := conn.Docs(ctx, ""); return err },
		"Describe":        func(ctx context.Context) error { _, err := conn.Describe(ctx); return err },
		"Delete":          func(ctx context.Context) error { _, err := conn.Delete(ctx); return err },
		"Execute":         func(ctx context.Context) error { return read(ctx, c) },
		"Download":        func(ctx context.Context) error { _, err := conn.Download(ctx, "files", nil); return err },
		"Workflows":       func(ctx context.Context) error { _, err := w.Workflows().List(ctx); return err },
		"All": func(ctx context.Context) error {
			for _, err := range client.All[any](ctx, conn, "a", "list", nil) {
				return err
			}
			return nil
		},
		"Workspaces": func(ctx context.Context) error {
			for _, err := range c.Workspaces(ctx, client.WorkspaceFilter{}) {
				return err
			}
			return nil
		},
		"StartOAuth": func(ctx context.Context) error {
			_, err := w.StartOAuth(ctx, client.OAuthRequest{ConnectorType: "github", RedirectURL: "https://app.test/back"})
			return err
		},
	}
}

// A 404 of the token endpoint says that the address is wrong, and nothing about what
// the call asks for.
func TestTokenEndpointSaysNothingAboutResources(t *testing.T) {
	fromToken := read(t.Context(), newClient(t, serve(t, says(404, `{"message":"no such thing"}`))))
	sources := map[string]func(*stub) *client.Client{
		"token endpoint": func(s *stub) *client.Client {
			s.token = says(404, `{"message":"Not Found"}`)
			return newClientOfApp(t, s)
		},
		"scoped token endpoint": func(s *stub) *client.Client {
			s.route = func(r sent) reply {
				if r.Path == scopedPath {
					return says(404, `{"message":"Not Found"}`)
				}
				return says(200, `{"data":[{"id":"`+stubID+`","name":"default"}]}`) // the source looks the workspace up
			}
			return newClientOfApp(t, s, client.WithScopedToken())
		},
		"lookup for a scoped token": func(s *stub) *client.Client {
			s.route = func(sent) reply { return says(404, `{"message":"Not Found"}`) }
			return newClientOfApp(t, s, client.WithScopedToken())
		},
		"source": func(s *stub) *client.Client {
			return makeClient(t, s, client.WithTokenSource(tokenFunc(func(context.Context) (*auth.Token, error) { return nil, fromToken })))
		},
	}
	for source, newClient := range sources {
		for name := range callsOf(makeClient(t, serve(t), client.WithTokenSource(auth.Static("x")))) {
			t.Run(source+"/"+name, func(t *testing.T) {
				s := serve(t)
				err := callsOf(newClient(s))[name](t.Context())
				if err == nil {
					t.Fatal("no error")
				}
				wantKinds(t, err, "")
				if e := asError(t, err); e.StatusCode != 404 || e.OutcomeUnknown {
					t.Errorf("%+v", e)
				}
				for _, r := range s.requests() {
					if r.Path != scopedPath && (!strings.Contains(source, "scoped token") || r.Path != "/api/v1/workspaces" || r.Header.Get("Authorization") != "Bearer token-1") {
						t.Errorf("sent %s %s", r.Method, r.Path)
					}
				}
				if strings.Contains(err.Error(), "Ensure") {
					t.Errorf("the advice is wrong: %v", err)
				}
			})
		}
	}
}

// Whoever waits for a deletion is told that the token could not be fetched: nobody asked
// for the connector.
func TestWaitDeletedWithoutWorkspace(t *testing.T) {
	s := serve(t)
	s.route = func(sent) reply { return says(200, `{"data":[]}`) }
	_, err := newClientOfApp(t, s, client.WithScopedToken()).DefaultWorkspace().ConnectorByID(stubID).WaitDeleted(t.Context(), client.Polling{})
	wantKinds(t, err, "ErrNotFound+ErrWorkspaceNotFound")
	for _, r := range s.requests() {
		if r.Path != "/api/v1/workspaces" {
			t.Errorf("sent %s %s", r.Method, r.Path)
		}
	}
}

// What a creation names can be missing too.
func TestNotFoundOfACreation(t *testing.T) {
	by := func(f func(*client.CreateConnectorRequest)) client.CreateConnectorRequest {
		r := client.CreateConnectorRequest{Credentials: map[string]any{"token": "ghp_1"}}
		f(&r)
		return r
	}
	slug := by(func(r *client.CreateConnectorRequest) { r.ConnectorType = "github" })
	template := by(func(r *client.CreateConnectorRequest) { r.SourceTemplateID = stubID })
	definition := by(func(r *client.CreateConnectorRequest) { r.DefinitionID = stubID })
	secret := by(func(r *client.CreateConnectorRequest) { r.ConnectorType, r.OAuthSecretID = "github", "s-1" })
	const gone = "ErrNotFound+ErrWorkspaceNotFound"
	for _, tt := range []struct {
		request client.CreateConnectorRequest
		body    string
		want    string
	}{
		{slug, ``, gone},
		{slug, `{"message":"Not Found"}`, gone},
		{slug, `{"message":"No such workspace in this organization"}`, gone},
		{slug, `{"message":"Workspace 'template-of-secrets' not found"}`, gone},
		{slug, `{"detail":"Connector type github is not known"}`, "ErrNotFound"},
		{slug, `{"errors":[{"field":"connector_type","message":"not found"}]}`, "ErrNotFound"},
		{template, `{"message":"No source template has the id"}`, "ErrNotFound"},
		{template, `{"message":"Not Found","errors":[{"field":"source_template_id","message":"x"}]}`, "ErrNotFound"},
		{template, `{"message":"gone","code":"template_not_found"}`, "ErrNotFound"},
		{template, `{"message":"Not Found"}`, "ErrNotFound"},
		{template, ``, "ErrNotFound"},
		{template, `{"message":"No such workspace"}`, gone},
		{definition, `{"message":"Source Definition not found"}`, "ErrNotFound"},
		{definition, ``, "ErrNotFound"},
		{definition, `{"detail":[{"loc":["body","workspace_name"],"msg":"not found","type":"x"}]}`, gone},
		{secret, `{"message":"OAuth secret not found"}`, "ErrNotFound"},
		{secret, `{"message":"Not Found"}`, "ErrNotFound"},
	} {
		w := newClient(t, serve(t, says(404, tt.body))).Workspace("template-of-secrets")
		_, createErr := w.CreateConnector(t.Context(), tt.request)
		_, checkErr := w.CheckConnector(t.Context(), tt.request)
		for _, err := range []error{createErr, checkErr} {
			wantKinds(t, err, tt.want)
			if advice := strings.Contains(err.Error(), "Workspace.Ensure creates"); tt.want == gone && !advice {
				t.Errorf("no advice in %v", err)
			}
		}
	}
}

// A redirect that is not followed is no answer of the service, and says that the
// request was not carried out, except for one to its result.
func TestRedirectsOfWrites(t *testing.T) {
	for _, code := range []int{300, 301, 302, 303, 304, 305, 307, 308} {
		for _, to := range []string{"", "https://evil.test/", executePath, "https://[", "/elsewhere"} {
			s := serve(t, says(code, "", "Location", to))
			err := write(t.Context(), newClient(t, s))
			wantKinds(t, err, "ErrBadResponse")
			if e := asError(t, err); e.StatusCode != code || e.Retryable || e.OutcomeUnknown != (code == 303) {
				t.Errorf("%d to %q: status %d, retryable %t, unknown %t: %v", code, to, e.StatusCode, e.Retryable, e.OutcomeUnknown, err)
			}
		}
	}
	s := serve(t, says(303, "", "Location", executePath, "X-Request-Id", "r-1 "+stubToken))
	if e := asError(t, write(t.Context(), newClient(t, s))); e.RequestID != "r-1 [REDACTED]" {
		t.Errorf("request id %q", e.RequestID)
	}
	s = serve(t, says(307, "", "Location", executePath), fails(errReset))
	wantKinds(t, write(t.Context(), newClient(t, s)), "ErrNetwork") // of the request that followed
}

// Writes whose responses have no content were carried out.
func TestEmptyResponsesToWrites(t *testing.T) {
	change := client.ConnectorChange{Name: "new"}
	create := client.CreateConnectorRequest{ConnectorType: "github", Credentials: map[string]any{"token": "ghp_1"}}
	empties := map[string]reply{
		"204":            sends(204, func(*http.Request) io.Reader { return http.NoBody }, 0, "Content-Type", ""),
		"205":            sends(205, func(*http.Request) io.Reader { return http.NoBody }, 0),
		"200":            says(200, ""),
		"202, no length": sends(202, func(*http.Request) io.Reader { return strings.NewReader("") }, -1),
	}
	state := says(200, `{"id":"`+stubID+`","name":"new"}`)
	for name, empty := range empties {
		t.Run(name, func(t *testing.T) {
			answer := func(r sent) reply {
				if r.Method == http.MethodGet {
					if r.Path == "/api/v1/workspaces" {
						return says(200, `{"data":[{"id":"`+stubID+`","name":"acme"}]}`)
					}
					return state
				}
				return empty
			}
			s := serve(t)
			s.route = answer
			c := newClient(t, s)
			w, conn := c.Workspace("acme"), connectorOf(c)
			r, err := conn.Execute(t.Context(), "a", "create", nil)
			if err != nil || r.Status != "success" || r.Data != nil {
				t.Errorf("execute: %v %v", r, err)
			}
			v, _, err := client.Execute[*int](t.Context(), conn, "a", "delete", nil)
			if err != nil || v != nil {
				t.Errorf("typed: %v %v", v, err)
			}
			for name, f := range map[string]func() error{
				"DeleteConnector":  func() error { _, err := conn.Delete(t.Context()); return err },
				"Workspace.Delete": func() error { return w.Delete(t.Context()) },
				"template":         func() error { return c.SourceTemplates().Delete(t.Context(), stubID) },
				"workflow":         func() error { return w.Workflows().Delete(t.Context(), "w") },
				"OAuth app":        func() error { return c.OAuthApps().Delete(t.Context(), "github") },
			} {
				if err := f(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			// A change is followed by a look at what it led to.
			if got, err := conn.Update(t.Context(), change); err != nil || got.Name != "new" {
				t.Errorf("update: %v %v", got, err)
			}
			if got, err := w.Update(t.Context(), client.WorkspaceChange{Name: "new"}); err != nil || got.Name != "new" {
				t.Errorf("workspace: %v %v", got, err)
			}
			if got, err := c.SourceTemplates().Update(t.Context(), stubID, client.SourceTemplateChange{Name: "new"}); err != nil || got.Name != "new" {
				t.Errorf("source template: %v %v", got, err)
			}
			if got, err := c.ConnectionTemplates().Update(t.Context(), stubID, client.ConnectionTemplateChange{DestinationName: "new"}); err != nil || got.ID != stubID {
				t.Errorf("connection template: %v %v", got, err)
			}
			if got, err := w.Workflows().Update(t.Context(), "w", client.WorkflowChange{Name: "new"}); err != nil || got.Name != "new" {
				t.Errorf("workflow: %v %v", got, err)
			}
			if got, err := w.Workflows().Automations("w").Update(t.Context(), "a", client.AutomationChange{Enabled: new(true)}); err != nil || got.ID != stubID {
				t.Errorf("automation: %v %v", got, err)
			}
			// Where the content is what was asked for, the error says that it was done.
			state = says(503, "", "Retry-After", "3600")
			_, createErr := w.CreateConnector(t.Context(), create)
			_, updateErr := conn.Update(t.Context(), change)
			state = says(200, `{"id":"`+stubID+`","name":"new"}`)
			for _, err := range []error{createErr, updateErr} {
				wantKinds(t, err, "ErrBadResponse")
				wantText(t, err, "was carried out", "empty")
				if e := asError(t, err); e.OutcomeUnknown || e.Retryable {
					t.Errorf("%+v", e)
				}
			}
			// A read without content is no answer.
			s.route = func(sent) reply { return empty }
			wantKinds(t, read(t.Context(), c), "ErrBadResponse")
			_, err = w.ListConnectors(t.Context())
			wantKinds(t, err, "ErrBadResponse")
		})
	}
	// One that breaks off before its first byte is not empty.
	s := serve(t, sends(200, func(*http.Request) io.Reader { return &breaksOff{strings.NewReader(""), errReset} }, -1))
	err := write(t.Context(), newClient(t, s))
	wantKinds(t, err, "ErrNetwork")
	if !asError(t, err).OutcomeUnknown {
		t.Errorf("%v", err)
	}
	// The response to a deletion need not arrive in full.
	if err := newClient(t, s).SourceTemplates().Delete(t.Context(), stubID); err != nil {
		t.Error(err)
	}
}

func TestUnknownEncodingsAreNamed(t *testing.T) {
	for _, encoding := range []string{"br", "zstd", "gzip, br", "compress", "x\x00y"} {
		for _, code := range []int{200, 422, 503} {
			err := read(t.Context(), newClient(t, serve(t, says(code, "\x0b\x01garbage", "Content-Encoding", encoding)), client.WithMaxRetries(0)))
			wantText(t, err, strings.Split(encoding, "\x00")[0], "encoded")
			if strings.Contains(err.Error(), "garbage") {
				t.Error(err)
			}
		}
	}
	for _, encoding := range []string{"", "identity", " Identity "} {
		if err := read(t.Context(), newClient(t, serve(t, says(200, `{"status":"success"}`, "Content-Encoding", encoding)))); err != nil {
			t.Errorf("%q: %v", encoding, err)
		}
	}
	for _, encoding := range []string{"gzip", "x-gzip", "GZIP"} { // of a transport that leaves it
		if err := read(t.Context(), newClient(t, serve(t, says(200, zipped(`{"status":"success"}`), "Content-Encoding", encoding)))); err != nil {
			t.Errorf("%q: %v", encoding, err)
		}
	}
	err := read(t.Context(), newClient(t, serve(t, says(200, zipped(`{"status":"success"}`)))))
	wantKinds(t, err, "ErrBadResponse")
	wantText(t, err, "compressed with gzip once more")
}

// The time limits of the network are not the deadline of the caller.
func TestTimeoutsOfTheNetwork(t *testing.T) {
	dialing := func(ctx context.Context, _, _ string) (net.Conn, error) {
		d := net.Dialer{Timeout: time.Second}
		ctx, cancel := context.WithTimeout(ctx, d.Timeout)
		defer cancel()
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: dialTimeoutError{}}
	}
	hold := func(c *wireConn, _ *http.Request) { c.hold() }
	slowBody := func(c *wireConn, _ *http.Request) {
		raw(c, "HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Disposition: attachment\nContent-Length: 1000\n\n{\"status\":")
		c.hold()
	}
	for name, tt := range map[string]struct {
		serve func(*wireConn, *http.Request)
		set   func(*http.Client, *http.Transport)
	}{
		"client, headers": {hold, func(hc *http.Client, _ *http.Transport) { hc.Timeout = 3 * time.Second }},
		"client, body":    {slowBody, func(hc *http.Client, _ *http.Transport) { hc.Timeout = 3 * time.Second }},
		"response header": {hold, func(_ *http.Client, tr *http.Transport) { tr.ResponseHeaderTimeout = time.Second }},
		"dial":            {hold, func(_ *http.Client, tr *http.Transport) { tr.DialTLSContext = dialing }},
	} {
		for _, column := range []string{"read", "write", "download", "token", "API"} {
			t.Run(name+"/"+column, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := &wire{serve: tt.serve}
					tr := w.transport()
					hc := &http.Client{Transport: tr}
					tt.set(hc, tr)
					defer tr.CloseIdleConnections()
					c := newClient(t, tr, client.WithHTTPClient(hc))
					if column == "token" {
						c = newClientOfApp(t, tr, client.WithHTTPClient(hc))
					}
					ask := func(ctx context.Context) error {
						switch column {
						case "write":
							return write(ctx, c)
						case "API":
							_, err := c.API().ListSkillsWithResponse(ctx, nil)
							return err
						case "download":
							d, err := connectorOf(c).Download(ctx, "files", nil)
							if err == nil {
								_, err = io.Copy(io.Discard, d)
								_ = d.Close()
							}
							return err
						}
						return read(ctx, c)
					}
					err := ask(t.Context())
					wantKinds(t, err, "ErrNetwork")
					if errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, os.ErrDeadlineExceeded) {
						t.Errorf("it looks like the caller's deadline: %v", err)
					}
					if _, ok := errors.AsType[*net.OpError](err); name == "dial" && column != "token" && !ok {
						t.Errorf("no *net.OpError in %v", err)
					}
					// The caller's own is told as such.
					ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
					defer cancel()
					err = ask(ctx)
					wantKinds(t, err, "")
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("it does not look like the caller's deadline: %v", err)
					}
					time.Sleep(time.Hour) // until a fetch of a token has ended
				})
			})
		}
	}
}

// A dialTimeoutError is like that of package net.
type dialTimeoutError struct{}

func (dialTimeoutError) Error() string        { return "i/o timeout" }
func (dialTimeoutError) Timeout() bool        { return true }
func (dialTimeoutError) Temporary() bool      { return true }
func (dialTimeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// A ctx that ends with a cause matches the cause and its own error, wherever it ends.
func TestEndsWithCauses(t *testing.T) {
	cause := errors.New("the user has left")
	stuckBody := sends(200, func(r *http.Request) io.Reader { return &stuck{strings.NewReader(`{"status":`), r.Context()} }, -1)
	causeful := func(req *http.Request) (*http.Response, error) { // as net/http does
		<-req.Context().Done()
		return nil, context.Cause(req.Context())
	}
	for name, tt := range map[string]struct{ answer, token reply }{
		"before the response":           {hangs, nil},
		"before the response, by cause": {causeful, nil},
		"in the body":                   {stuckBody, nil},
		"in a pause":                    {says(503, "", "Retry-After", "30"), nil},
		"before the token":              {ok("[]"), hangs},
	} {
		for _, kind := range []string{"timeout", "cancel", "foreign cause"} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := serve(t, tt.answer)
					s.token = tt.token
					c := newClientOfApp(t, s)
					want, why := context.DeadlineExceeded, cause
					if kind == "foreign cause" { // of which nothing is taken over but the match
						why = asError(t, read(t.Context(), newClient(t, serve(t, says(404, "")))))
					}
					ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, why)
					if kind == "cancel" {
						var end context.CancelCauseFunc
						ctx, end = context.WithCancelCause(t.Context())
						want = context.Canceled
						time.AfterFunc(5*time.Second, func() { end(cause) })
					}
					defer cancel()
					if name == "in a pause" && kind != "cancel" {
						time.AfterFunc(0, func() {}) // a pause beyond the deadline is not begun
						return
					}
					err := read(ctx, c)
					if !errors.Is(err, want) || !errors.Is(err, why) {
						t.Errorf("does not match both: %v", err)
					}
					if e := asError(t, err); e.StatusCode == 404 {
						t.Errorf("%v has the status of the cause", err)
					}
					time.Sleep(time.Hour)
				})
			})
		}
	}
}

// The promises of API hold for the bodies that package gen decodes.
func TestAPIBodies(t *testing.T) {
	const good = `{"total_count":1,"active_count":1,"inactive_count":0}`
	broken := sends(200, func(*http.Request) io.Reader { return &breaksOff{strings.NewReader(`{"total`), errReset} }, -1)
	for name, tt := range map[string]struct {
		replies  []reply
		kinds    string
		text     string
		requests int
	}{
		"good":           {[]reply{says(200, good)}, "", "", 1},
		"breaks off":     {[]reply{broken}, "ErrNetwork", "reset", 3},
		"once":           {[]reply{broken, says(200, good)}, "", "", 2},
		"too large":      {[]reply{says(200, `{"x":"`+strings.Repeat("x", 2000)+`"}`)}, "ErrResponseTooLarge", "1000 bytes", 1},
		"not JSON":       {[]reply{says(200, `{"total_count":1,nope h8Sh8-Q}`)}, "ErrBadResponse", "not JSON, from byte", 1},
		"another form":   {[]reply{says(200, `{"total_count":"h8Sh8-Q"}`)}, "ErrBadResponse", "total_count", 1},
		"a list":         {[]reply{says(200, `["h8Sh8-Q"]`)}, "ErrBadResponse", "not of the expected form", 1},
		"empty":          {[]reply{says(200, ``)}, "ErrBadResponse", "empty", 1},
		"brotli":         {[]reply{says(200, `x`, "Content-Encoding", "br")}, "ErrBadResponse", "br", 1},
		"HTML":           {[]reply{says(200, `<p>`, "Content-Type", "text/html")}, "", "", 1}, // as the caller sees
		"refused":        {[]reply{says(422, `{"message":"no"}`)}, "", "", 1},
		"refused, cut":   {[]reply{sends(422, func(*http.Request) io.Reader { return &breaksOff{strings.NewReader(`{"mess`), errReset} }, -1)}, "", "", 1},
		"unavailable":    {[]reply{says(503, ``)}, "", "", 3},
		"redirect":       {[]reply{says(307, ``, "Location", "https://evil.test/")}, "ErrBadResponse", "another origin", 1},
		"other redirect": {[]reply{says(304, ``)}, "", "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, tt.replies...)
				resp, err := newClient(t, s, client.WithMaxResponseBytes(1000)).API().GetWorkspaceStatsWithResponse(t.Context(), nil)
				s.wantSent(t, tt.requests)
				if tt.kinds == "" {
					if err != nil {
						t.Fatal(err)
					}
					if resp.StatusCode() == 200 && name != "HTML" && resp.JSON200.TotalCount != 1 {
						t.Errorf("%+v", resp.JSON200)
					}
					return
				}
				asError(t, err)
				wantKinds(t, err, tt.kinds)
				wantText(t, err, tt.text, "getWorkspaceStats")
				if shows(fmt.Sprintf("%v %+v %#v", err, err, err)) {
					t.Errorf("the value is in %v", err)
				}
			})
		})
	}
	t.Run("a slow body", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, sends(200, func(r *http.Request) io.Reader { return &stuck{strings.NewReader("{"), r.Context()} }, -1))
			_, err := newClient(t, s, client.WithAttemptTimeout(time.Second)).API().GetWorkspaceStatsWithResponse(t.Context(), nil)
			wantKinds(t, err, "ErrNetwork")
			wantText(t, err, "WithAttemptTimeout")
			s.wantSent(t, 3)
		})
	})
	t.Run("an empty answer to a write", func(t *testing.T) {
		s := serve(t, says(200, ""))
		resp, err := newClient(t, s).API().DeleteConnectorWithResponse(t.Context(), stubID, nil)
		if err != nil || resp.StatusCode() != 200 {
			t.Errorf("%v %v", resp, err)
		}
	})
	t.Run("a file", func(t *testing.T) {
		body := gen.ExecuteRequest{Entity: "files", Action: "download"}
		s := serve(t, file(strings.Repeat("x", 5000)), sends(200, func(*http.Request) io.Reader { return &breaksOff{strings.NewReader("half"), errReset} }, -1, "Content-Type", "application/octet-stream"))
		api := newClient(t, s, client.WithMaxResponseBytes(1000)).API()
		resp, err := api.ExecuteConnectorWithResponse(t.Context(), stubID, nil, body)
		if err != nil || len(resp.Body) != 5000 {
			t.Fatalf("%v", err)
		}
		_, err = api.ExecuteConnectorWithResponse(t.Context(), stubID, nil, body)
		wantKinds(t, err, "ErrNetwork")
		asError(t, err)
	})
}

// A base URL may have a path like that of the service.
func TestAPIBehindAPrefix(t *testing.T) {
	for _, prefix := range []string{"", "/x", "/api/v1/x", "/api/v1/workspaces"} {
		s := serve(t, says(200, `{"total_count":1}`))
		if _, err := newClient(t, s, client.WithBaseURL(stubURL+prefix)).API().GetWorkspaceStatsWithResponse(t.Context(), nil); err != nil {
			t.Errorf("%s: %v", prefix, err)
		}
		if r := s.requests(); len(r) != 1 || r[0].Path != prefix+"/api/v1/workspaces/stats" {
			t.Errorf("%s: sent %v", prefix, r)
		}
	}
}
