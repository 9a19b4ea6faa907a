package agentsmcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/airbyte-agents/airbyte-agents-go/agentsmcp"
	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/agenttools"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

const (
	withSessions = "2025-11-25"
	stateless    = "2026-07-28"
)

// start returns a service and a workspace of it.
func start(t testing.TB, name string, opts ...agentstest.Option) (*agentstest.Service, *client.Workspace) {
	t.Helper()
	fake := agentstest.New(opts...)
	return fake, connect(t, fake.Transport(), name)
}

func connect(t testing.TB, transport http.RoundTripper, name string) *client.Workspace {
	t.Helper()
	ws, err := client.NewWorkspace(
		client.WithHTTPClient(&http.Client{Transport: transport}), client.WithBaseURL(client.DefaultBaseURL),
		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret), client.WithOrganizationID(agentstest.OrganizationID),
		client.WithWorkspaceName(name), client.WithMaxRetries(0),
	)
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

// A user answers questions of the server.
type user struct {
	mu        sync.Mutex
	action    string // accept, decline or cancel; "" for a client that cannot ask
	questions []string
}

func (u *user) options() *mcp.ClientOptions {
	if u.action == "" {
		return nil
	}
	return &mcp.ClientOptions{ElicitationHandler: func(_ context.Context, req *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.questions = append(u.questions, req.Params.Message)
		return &mcp.ElicitResult{Action: u.action}, nil
	}}
}

// The ways to reach a server.
var transports = []string{"pipe", "http"}

// open connects a client to a server.
func open(t *testing.T, transport, era string, ws *client.Workspace, u *user, opts ...agenttools.Option) *mcp.ClientSession {
	t.Helper()
	c := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, u.options())
	var to mcp.Transport
	if transport == "pipe" {
		var from mcp.Transport
		from, to = mcp.NewInMemoryTransports()
		session, err := agentsmcp.NewServer(ws, opts...).Connect(t.Context(), from, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = session.Close() })
	} else {
		srv := httptest.NewServer(agentsmcp.Handler(func(*http.Request) (*client.Workspace, string, error) { return ws, "me", nil }, opts...))
		t.Cleanup(srv.Close)
		to = &mcp.StreamableClientTransport{Endpoint: srv.URL, HTTPClient: &http.Client{Transport: &http.Transport{}}, DisableStandaloneSSE: true}
	}
	cs, err := c.Connect(t.Context(), to, &mcp.ClientSessionOptions{ProtocolVersion: era})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cs.Close() })
	if got := cs.InitializeResult().ProtocolVersion; got != era {
		t.Fatalf("the version is %s, not %s", got, era)
	}
	return cs
}

// everywhere runs a test for each era and each transport.
func everywhere(t *testing.T, f func(t *testing.T, transport, era string)) {
	for _, transport := range transports {
		for _, era := range []string{withSessions, stateless} {
			t.Run(transport+" "+era, func(t *testing.T) { f(t, transport, era) })
		}
	}
}

// call calls a tool.
func call(t *testing.T, cs *mcp.ClientSession, tool string, args map[string]any) (string, bool) {
	t.Helper()
	res, err := cs.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Content) != 1 || res.StructuredContent != nil {
		t.Fatalf("%+v", res)
	}
	return res.Content[0].(*mcp.TextContent).Text, res.IsError
}

func executions(fake *agentstest.Service, action string) int {
	n := 0
	for _, r := range fake.Requests() {
		if r.Operation == "executeConnector" && r.Action == action {
			n++
		}
	}
	return n
}

func TestTools(t *testing.T) {
	everywhere(t, func(t *testing.T, transport, era string) {
		fake, ws := start(t, agentstest.WorkspaceName)
		cs := open(t, transport, era, ws, &user{}, agentsmcp.Confirm("auto"), agenttools.WithPrefix("airbyte_"))
		res, err := cs.ListTools(t.Context(), nil)
		if err != nil || len(res.Tools) != 5 || res.CacheScope != "private" {
			t.Fatalf("%+v, %v", res, err)
		}
		for _, tool := range res.Tools {
			a := tool.Annotations
			writes := tool.Name == "airbyte_write_records"
			if a == nil || a.DestructiveHint == nil || a.OpenWorldHint == nil || *a.DestructiveHint != writes || a.ReadOnlyHint == writes || !strings.HasPrefix(tool.Name, "airbyte_") {
				t.Errorf("%+v: %+v", tool, a)
			}
		}
		if text := cs.InitializeResult().Instructions; !strings.Contains(text, "airbyte_next_page") {
			t.Error(text)
		}
		if fake.Count("") != 0 {
			t.Error("listing the tools sent a request")
		}
		if _, err := cs.CallTool(t.Context(), &mcp.CallToolParams{Name: "list_connectors"}); err == nil {
			t.Error("an unknown tool was called")
		}
	})
	_, ws := start(t, agentstest.WorkspaceName)
	cs := open(t, "pipe", stateless, ws, &user{})
	if res, err := cs.ListTools(t.Context(), nil); err != nil || len(res.Tools) != 4 {
		t.Errorf("%+v, %v", res, err)
	}
}

func TestResourcesAndPrompts(t *testing.T) {
	everywhere(t, func(t *testing.T, transport, era string) {
		_, ws := start(t, agentstest.SecondWorkspaceName)
		cs := open(t, transport, era, ws, &user{}, agenttools.WithAllow("!Backend"), agenttools.WithPrefix("p_"))
		templates, err := cs.ListResourceTemplates(t.Context(), nil)
		if err != nil || len(templates.ResourceTemplates) != 2 || templates.CacheScope != "private" {
			t.Fatalf("%+v, %v", templates, err)
		}
		for uri, want := range map[string]string{
			"airbyte://docs/stripe": "## Sections", "airbyte://docs/github/actions.issues.list": "per_page", "airbyte://docs/Frontend": "# Frontend", "airbyte://docs/customer%20payments": "## Sections",
		} {
			res, err := cs.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri})
			if err != nil || len(res.Contents) != 1 || !strings.Contains(res.Contents[0].Text, want) || res.Contents[0].MIMEType != "text/markdown" || res.CacheScope != "private" {
				t.Errorf("%s: %+v, %v", uri, res, err)
			}
		}
		for _, uri := range []string{"airbyte://docs/asana", "airbyte://docs/Backend", "airbyte://docs/stripe/nothing", "airbyte://docs/", "airbyte://other/stripe", "file:///etc/passwd", "airbyte://docs/a/b/c"} {
			if res, err := cs.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri}); err == nil || strings.ContainsAny(err.Error(), "{}") {
				t.Errorf("%s: %+v, %v", uri, res, err)
			}
		}
		for value, want := range map[string]string{"": "[stripe github]", "GIT": "[github]", "b": "[]"} {
			res, err := cs.Complete(t.Context(), &mcp.CompleteParams{
				Ref:      &mcp.CompleteReference{Type: "ref/resource", URI: "airbyte://docs/{connector}"},
				Argument: mcp.CompleteParamsArgument{Name: "connector", Value: value},
			})
			if err != nil || fmt.Sprint(res.Completion.Values) != want {
				t.Errorf("%q: %+v, %v", value, res, err)
			}
		}
		prompts, err := cs.ListPrompts(t.Context(), nil)
		if err != nil || len(prompts.Prompts) != 1 || prompts.Prompts[0].Name != "explore" {
			t.Fatalf("%+v, %v", prompts, err)
		}
		for _, args := range []map[string]string{nil, {"question": "who pays?"}} {
			res, err := cs.GetPrompt(t.Context(), &mcp.GetPromptParams{Name: "explore", Arguments: args})
			if err != nil || len(res.Messages) != 1 {
				t.Fatalf("%+v, %v", res, err)
			}
			if text := res.Messages[0].Content.(*mcp.TextContent).Text; !strings.Contains(text, "p_list_connectors") || strings.Contains(text, "%") || !strings.Contains(text, args["question"]) {
				t.Error(text)
			}
		}
	})
}

// A client that shows resources to its user gets the documentation of each connector that
// is allowed.
func TestResourceList(t *testing.T) {
	everywhere(t, func(t *testing.T, transport, era string) {
		fake, ws := start(t, agentstest.SecondWorkspaceName, agentstest.WithConnector(agentstest.SecondWorkspaceName, agentstest.Connector{Slug: "acme", Name: "a/b c?"}),
			agentstest.WithConnector(agentstest.SecondWorkspaceName, agentstest.Connector{Slug: "acme", Name: "other"}))
		cs := open(t, transport, era, ws, &user{}, agenttools.WithAllow("!Backend"))
		if fake.Count("") != 0 {
			t.Error("connecting sent a request")
		}
		res, err := cs.ListResources(t.Context(), nil)
		if err != nil || res.CacheScope != "private" || res.NextCursor != "" {
			t.Fatalf("%+v, %v", res, err)
		}
		names := map[string]bool{}
		for _, r := range res.Resources {
			names[r.Name] = true
			read, err := cs.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: r.URI})
			if err != nil || read.Contents[0].Text == "" || r.MIMEType != "text/markdown" || r.Title != "Documentation of "+r.Name {
				t.Errorf("%+v: %v", r, err)
			}
		}
		if len(names) != 4 || !names["stripe"] || !names["github"] || !names["a/b c?"] || !names["other"] {
			t.Errorf("%v", names)
		}
	})
	fake, ws := start(t, agentstest.WorkspaceName)
	fake.Inject(agentstest.Fault{Operation: "listConnectors", Status: http.StatusBadGateway})
	var log safeBuffer
	cs := open(t, "pipe", withSessions, ws, &user{}, agenttools.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	if res, err := cs.ListResources(t.Context(), nil); err != nil || res.Resources == nil || len(res.Resources) != 0 || !strings.Contains(log.String(), "status=502") && !strings.Contains(log.String(), "502") {
		t.Errorf("%+v, %v, %s", res, err, log.String())
	}
}

// Who confirms, for all that a client can do and a user can say.
func TestConfirm(t *testing.T) {
	for _, test := range []struct {
		mode, answer string // "" for a client that cannot ask
		undeclared   bool
		asked, sent  bool
	}{
		{"auto", "accept", false, true, true}, {"auto", "decline", false, true, false}, {"auto", "cancel", false, true, false}, {"auto", "", false, false, true},
		{"always", "accept", false, true, true}, {"always", "decline", false, true, false}, {"always", "", false, false, false},
		{"never", "accept", false, false, true}, {"never", "decline", false, false, true}, {"never", "", false, false, true},
		{"auto", "accept", true, true, true}, {"auto", "decline", true, true, false}, {"auto", "", true, false, false},
		{"always", "accept", true, true, true}, {"always", "", true, false, false},
		{"never", "accept", true, true, true}, {"never", "decline", true, true, false}, {"never", "", true, false, false},
	} {
		everywhere(t, func(t *testing.T, transport, era string) {
			fake, ws := start(t, agentstest.WorkspaceName)
			if test.undeclared {
				fake.Inject(agentstest.Fault{Action: "describe", Status: http.StatusForbidden, Times: -1})
			}
			u := &user{action: test.answer}
			cs := open(t, transport, era, ws, u, agentsmcp.Confirm(test.mode))
			text, isError := call(t, cs, "write_records", map[string]any{"connector": "github", "entity": "issues", "action": "create", "params": map[string]any{"title": "x"}})
			if n := executions(fake, "create"); n != 0 != test.sent || n > 1 || isError == test.sent || len(u.questions) != 0 != test.asked || len(u.questions) > 1 {
				t.Errorf("%+v: sent %d times, asked %d times: %s", test, n, len(u.questions), text)
			}
			if test.asked && test.undeclared != strings.Contains(u.questions[0], "nobody knows what this one does") {
				t.Errorf("%q", u.questions)
			}
		})
	}
}

// Options that are wrong are logged at once, and are what each request is told.
func TestBadOptions(t *testing.T) {
	fake, ws := start(t, agentstest.WorkspaceName)
	for _, test := range []struct {
		opt  agenttools.Option
		want string
	}{
		{agentsmcp.Confirm("allways"), `the mode "allways" is none of auto, always and never`}, {agentsmcp.Confirm(""), "is none of"},
		{agenttools.WithAllow("a.b.c.d"), "has more than three parts"},
	} {
		var log safeBuffer
		logger := agenttools.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))
		handler := agentsmcp.Handler(byToken(map[string]*client.Workspace{"a": ws}), test.opt, logger)
		plain := strings.ReplaceAll(log.String(), `\"`, `"`)
		if strings.Count(plain, "level=ERROR") != 1 || !strings.Contains(plain, test.want) || strings.Contains(plain, "no workspace") {
			t.Errorf("the log: %s", plain)
		}
		for token, status := range map[string]int{"a": http.StatusInternalServerError, "b": http.StatusUnauthorized} {
			w := rawClient{t, handler, token}.post(initialize, nil)
			if w.Code != status || (status == http.StatusInternalServerError) != strings.Contains(w.Body.String(), test.want) {
				t.Errorf("%d: %s", w.Code, w.Body)
			}
		}
		log = safeBuffer{}
		cs := open(t, "pipe", stateless, ws, &user{}, test.opt, logger)
		if text, isError := call(t, cs, "list_connectors", nil); !isError || !strings.Contains(text, "not set up correctly") || !strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("%s, %s", text, log.String())
		}
	}
	if fake.Count("") != 0 {
		t.Error("something was sent")
	}
	before := slog.Default()
	defer slog.SetDefault(before)
	var log safeBuffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	agentsmcp.Handler(byToken(nil))
	agentsmcp.NewServer(ws, agenttools.WithWrites(nil))
	if log.String() != "" {
		t.Error(log.String())
	}
	if agentsmcp.Handler(byToken(nil), agentsmcp.Confirm("allways")); !strings.Contains(log.String(), "allways") {
		t.Error(log.String())
	}
}

// A request that is refused is logged with the error of the visitor, which is not sent.
func TestRefusedRequestsAreLogged(t *testing.T) {
	_, ws := start(t, agentstest.WorkspaceName)
	var log safeBuffer
	logger := agenttools.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))
	handler := agentsmcp.Handler(func(r *http.Request) (*client.Workspace, string, error) {
		if r.Header.Get("Authorization") == "" {
			return nil, "", errors.New("no such customer")
		}
		return ws, "", nil
	}, logger)
	for _, test := range []struct {
		token  string
		header http.Header
		status int
		log    string
	}{
		{"", nil, http.StatusUnauthorized, `error="no such customer"`},
		{"a", nil, http.StatusUnauthorized, "no name for the tenant"},
		{"a", http.Header{"Origin": {"https://evil.example"}}, http.StatusForbidden, "evil.example"},
	} {
		log = safeBuffer{}
		w := rawClient{t, handler, test.token}.post(initialize, test.header)
		if w.Code != test.status || !strings.Contains(log.String(), test.log) || !strings.Contains(log.String(), fmt.Sprintf("level=WARN msg=\"request refused\" status=%d", test.status)) || strings.Contains(w.Body.String(), "customer") {
			t.Errorf("%+v: %d %s: %s", test, w.Code, w.Body, log.String())
		}
		if test.status == http.StatusUnauthorized && !strings.Contains(w.Body.String(), "Authorization") {
			t.Error(w.Body)
		}
	}
}

// What package mcp refuses is logged, too: once, and without what was to be written.
func TestProtocolRefusalsAreLogged(t *testing.T) {
	_, ws := start(t, agentstest.WorkspaceName)
	var log safeBuffer
	srv := httptest.NewServer(agentsmcp.Handler(func(*http.Request) (*client.Workspace, string, error) { return ws, "me", nil }, agenttools.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))))
	defer srv.Close()
	const secret = "hunter2"
	for _, test := range []struct {
		name, method, host, contentType, session, body string
		status                                         int
		level, want                                    string
	}{
		{"another host", "POST", "evil.example", "application/json", "", initialize, 403, "WARN", "evil.example"},
		{"no JSON", "POST", "", "text/plain", "", secret, 415, "WARN", "Content-Type must be"},
		{"no session", "GET", "", "", "", "", 400, "WARN", "requires an Mcp-Session-Id"},
		{"an unknown session", "POST", "", "application/json", "gone", initialize, 404, "INFO", "session not found"},
		{"no message", "POST", "", "application/json", "", `{"jsonrpc":"2.0","id":1,"method":"` + secret + `","params":"` + secret, 400, "WARN", "malformed payload"},
		{"a method that is none", "PUT", "", "application/json", "", "{}", 405, "INFO", "method=PUT"},
		{"a good one", "POST", "", "application/json", "", initialize, 200, "", ""},
	} {
		log = safeBuffer{}
		r, err := http.NewRequestWithContext(t.Context(), test.method, srv.URL, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		if test.host != "" {
			r.Host = test.host
		}
		r.Header.Set("Accept", "application/json, text/event-stream")
		for name, value := range map[string]string{"Content-Type": test.contentType, "Mcp-Session-Id": test.session} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		for range 100 { // the response may be there before the log
			if test.level == "" || log.String() != "" {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		text := log.String()
		if res.StatusCode != test.status || strings.Contains(text, secret) {
			t.Errorf("%s: %d: %s", test.name, res.StatusCode, text)
		}
		if refused := strings.Count(text, `msg="request refused"`); refused != map[bool]int{true: 1}[test.level != ""] || !strings.Contains(text, test.want) ||
			refused > 0 && !strings.Contains(text, fmt.Sprintf("level=%s msg=\"request refused\" status=%d", test.level, test.status)) {
			t.Errorf("%s: %s", test.name, text)
		}
	}
}

// A write that waits for its user is no failure in the log.
func TestLogOfWaiting(t *testing.T) {
	everywhere(t, func(t *testing.T, transport, era string) {
		_, ws := start(t, agentstest.WorkspaceName)
		var log safeBuffer
		cs := open(t, transport, era, ws, &user{action: "accept"}, agentsmcp.Confirm("auto"), agenttools.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		call(t, cs, "write_records", map[string]any{"connector": "github", "entity": "issues", "action": "create", "params": `{"title":"x"}`})
		if text := log.String(); strings.Contains(text, "failed=true") || strings.Count(text, "failed=false") != 2 || strings.Count(text, "pending=true") != 1 {
			t.Error(text)
		}
	})
}

// A safeBuffer is a buffer for several goroutines.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// A function of the program can confirm in place of the client.
func TestConfirmOnTheServer(t *testing.T) {
	everywhere(t, func(t *testing.T, transport, era string) {
		fake, ws := start(t, agentstest.WorkspaceName)
		cs := open(t, transport, era, ws, &user{action: "accept"}, agenttools.WithWrites(func(_ context.Context, a agenttools.Action) error {
			if a.Name == "delete" {
				return errors.New("nobody deletes")
			}
			return nil
		}))
		call(t, cs, "write_records", map[string]any{"connector": "github", "entity": "issues", "action": "create", "params": `{"title":"x"}`})
		text, isError := call(t, cs, "write_records", map[string]any{"connector": "github", "entity": "issues", "action": "delete", "params": `{"number":1}`})
		if !isError || !strings.Contains(text, "nobody deletes") || executions(fake, "create") != 1 || executions(fake, "delete") != 0 {
			t.Error(text)
		}
	})
}

// Nobody can tell which of two options is meant, so neither of them is.
func TestTwoWhoConfirm(t *testing.T) {
	fake, ws := start(t, agentstest.WorkspaceName)
	refuse := func(context.Context, agenttools.Action) error { return errors.New("no") }
	for _, opts := range [][]agenttools.Option{
		{agentsmcp.Confirm("always"), agenttools.WithWrites(nil)}, {agenttools.WithWrites(refuse), agentsmcp.Confirm("never")}, {agentsmcp.Confirm("never"), agentsmcp.Confirm("always")},
	} {
		set := agenttools.New(ws, opts...)
		out := set.Call(t.Context(), "write_records", json.RawMessage(`{"connector":"github","entity":"issues","action":"create","params":{"title":"x"}}`))
		if !out.IsError || set.Err() == nil || !strings.Contains(set.Err().Error(), "two options say who confirms writes") {
			t.Errorf("%v: %+v", set.Err(), out)
		}
	}
	if fake.Count("") != 0 {
		t.Error("something was sent")
	}
}

// Outside of a server, there is nobody to ask.
func TestConfirmWithoutClient(t *testing.T) {
	fake, ws := start(t, agentstest.WorkspaceName)
	for mode, sent := range map[string]bool{"auto": false, "always": false, "never": true} {
		fake.Reset()
		out := agenttools.New(ws, agentsmcp.Confirm(mode)).Call(t.Context(), "write_records", json.RawMessage(`{"connector":"github","entity":"issues","action":"create","params":"{}"}`))
		if (executions(fake, "create") == 1) != sent || out.IsError == sent {
			t.Errorf("%s: %+v", mode, out)
		}
	}
}

// A client sends requests of the stateless era as they are.
type rawClient struct {
	t       *testing.T
	handler http.Handler
	token   string
}

type rawResult struct {
	ResultType    string          `json:"resultType"`
	RequestState  string          `json:"requestState"`
	InputRequests json.RawMessage `json:"inputRequests"`
	IsError       bool            `json:"isError"`
	Content       []struct {
		Text string `json:"text"`
	} `json:"content"`

	protocolError string
}

func (r rawResult) text() string {
	if len(r.Content) == 0 {
		return ""
	}
	return r.Content[0].Text
}

// call calls write_records, with an answer if there is a state.
func (c rawClient) call(args, state, answer string) rawResult {
	c.t.Helper()
	extra := ""
	if state != "" {
		extra += fmt.Sprintf(`,"requestState":%q`, state)
	}
	if answer != "" {
		extra += fmt.Sprintf(`,"inputResponses":{"confirmation":{"method":"elicitation/create","action":%q}}`, answer)
	}
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write_records","arguments":` + args + extra +
		`,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}}}`
	w := c.post(body, http.Header{"Mcp-Protocol-Version": {stateless}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {"write_records"}})
	var res struct {
		Result rawResult `json:"result"`
		Error  struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &res); err != nil {
		c.t.Fatalf("%v: %d %s", err, w.Code, w.Body)
	}
	res.Result.protocolError = res.Error.Message
	return res.Result
}

func (c rawClient) post(body string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(c.t.Context(), http.MethodPost, "http://localhost/mcp", strings.NewReader(body))
	r.Header = header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	return w
}

// byToken is a visitor whose tenants are their tokens.
func byToken(workspaces map[string]*client.Workspace) func(*http.Request) (*client.Workspace, string, error) {
	return func(r *http.Request) (*client.Workspace, string, error) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		ws, ok := workspaces[token]
		if !ok {
			return nil, "", errors.New("no such token: " + token)
		}
		return ws, token, nil
	}
}

// A confirmation is for one call of one tenant, once.
func TestConfirmationsCannotBeReplayed(t *testing.T) {
	const create, other = `{"connector":"github","entity":"issues","action":"create","params":"{\"title\":\"x\"}"}`, `{"connector":"github","entity":"issues","action":"create","params":"{\"title\":\"y\"}"}`
	const reordered = `{"params":"{\"title\":\"x\"}","action":"create","entity":"issues", "connector":"github"}`
	fake, ws := start(t, agentstest.WorkspaceName)
	workspaces := map[string]*client.Workspace{"a": ws, "b": ws}
	handler := agentsmcp.Handler(byToken(workspaces), agentsmcp.Confirm("always"))
	a, b := rawClient{t, handler, "a"}, rawClient{t, handler, "b"}
	restarted := rawClient{t, agentsmcp.Handler(byToken(workspaces), agentsmcp.Confirm("always")), "a"}
	ask := func() string {
		res := a.call(create, "", "")
		if res.ResultType != "input_required" || res.RequestState == "" || !strings.Contains(string(res.InputRequests), "elicitation/create") {
			t.Fatalf("%+v", res)
		}
		return res.RequestState
	}
	check := func(name string, res rawResult, sent int, want string) {
		t.Helper()
		if n := executions(fake, "create"); n != sent || res.IsError == (want == "") || !strings.Contains(res.text(), want) || res.ResultType != "complete" {
			t.Errorf("%s: sent %d times: %+v", name, n, res)
		}
	}
	forged := func(name string, res rawResult, sent int) {
		t.Helper()
		if n := executions(fake, "create"); n != sent || res.protocolError != "the confirmation is not one that this process asked for" {
			t.Errorf("%s: sent %d times: %+v", name, n, res)
		}
	}
	state := ask()
	check("no", a.call(create, state, "decline"), 0, "the user said no")
	check("yes after no", a.call(create, state, "accept"), 0, "was used before")
	state = ask()
	check("cancel", a.call(create, state, "cancel"), 0, "the user said no")
	check("yes after cancel", a.call(create, state, "accept"), 0, "was used before")
	state = ask()
	check("yes", a.call(reordered, state, "accept"), 1, "")
	check("yes twice", a.call(create, state, "accept"), 1, "was used before")
	check("another call", a.call(other, ask(), "accept"), 1, "is for another call")
	check("another tenant", b.call(create, ask(), "accept"), 1, "is for another call")
	forged("another process", restarted.call(create, ask(), "accept"), 1)
	forged("no state", a.call(create, "", "accept"), 1)
	if res := a.call(create, ask(), ""); res.ResultType != "input_required" || executions(fake, "create") != 1 {
		t.Errorf("no answer: %+v", res)
	}
	state = ask()
	for i := range len(state) {
		altered := []byte(state)
		altered[i] ^= 1
		if string(altered) != state && altered[i] != '\n' {
			forged("altered", a.call(create, string(altered), "accept"), 1)
		}
	}
	check("after all", a.call(create, state, "accept"), 2, "")
	var wg sync.WaitGroup
	state = ask()
	for range 20 {
		wg.Go(func() { a.call(create, state, "accept") })
	}
	wg.Wait()
	if n := executions(fake, "create"); n != 3 {
		t.Errorf("%d requests with one confirmation", n-2)
	}
}

// A client that goes away, or cancels, takes its request to the service with it.
func TestCancel(t *testing.T) {
	everywhere(t, func(t *testing.T, transport, era string) {
		fake := agentstest.New()
		gone := make(chan struct{}, 1)
		began := make(chan struct{}, 1)
		ws := connect(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			var body []byte
			if r.Body != nil {
				var err error
				if body, err = io.ReadAll(r.Body); err != nil {
					return nil, err
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
			}
			if !bytes.Contains(body, []byte(`"action":"list"`)) {
				return fake.Transport().RoundTrip(r)
			}
			began <- struct{}{}
			<-r.Context().Done()
			gone <- struct{}{}
			return nil, r.Context().Err()
		}), agentstest.WorkspaceName)
		cs := open(t, transport, era, ws, &user{})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-began; cancel() }()
		_, err := cs.CallTool(ctx, &mcp.CallToolParams{Name: "read_records", Arguments: map[string]any{"connector": "github", "entity": "issues", "action": "list"}})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		select {
		case <-gone:
		case <-time.After(5 * time.Second):
			t.Error("the request goes on")
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`

// rpc is a call of a tool in the era of sessions.
func rpc(tool, args string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, tool, args)
}

// What one tenant has does not exist for another.
func TestTenants(t *testing.T) {
	fake := agentstest.New()
	tenants := map[string]*client.Workspace{"a": connect(t, fake.Transport(), agentstest.WorkspaceName), "b": connect(t, fake.Transport(), agentstest.SecondWorkspaceName)}
	handler := agentsmcp.Handler(byToken(tenants))
	a, b, nobody, stranger := rawClient{t, handler, "a"}, rawClient{t, handler, "b"}, rawClient{t, handler, ""}, rawClient{t, handler, "c"}
	session := func(c rawClient) http.Header {
		w := c.post(initialize, nil)
		id := w.Header().Get("Mcp-Session-Id")
		if w.Code != http.StatusOK || id == "" {
			t.Fatalf("%d: %s", w.Code, w.Body)
		}
		return http.Header{"Mcp-Session-Id": {id}, "Mcp-Protocol-Version": {withSessions}}
	}
	ofA, ofB := session(a), session(b)
	connectors := rpc("list_connectors", `{}`)
	if w := a.post(connectors, ofA); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "salesforce") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	if w := b.post(connectors, ofB); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Frontend") || strings.Contains(w.Body.String(), "salesforce") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	sent := fake.Count("")
	for name, test := range map[string]struct {
		c      rawClient
		header http.Header
		status int
	}{
		"another tenant":   {b, ofA, http.StatusNotFound},
		"the other way":    {a, ofB, http.StatusNotFound},
		"nobody":           {nobody, ofA, http.StatusUnauthorized},
		"a stranger":       {stranger, ofA, http.StatusUnauthorized},
		"nobody, at first": {nobody, nil, http.StatusUnauthorized},
		"nobody, later":    {nobody, http.Header{"Mcp-Protocol-Version": {stateless}}, http.StatusUnauthorized},
	} {
		w := test.c.post(connectors, test.header)
		if w.Code != test.status || strings.Contains(w.Body.String(), "github") || strings.Contains(w.Body.String(), "no such token") {
			t.Errorf("%s: %d: %s", name, w.Code, w.Body)
		}
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost/mcp", nil)
			r.Header = test.header.Clone()
			if r.Header == nil {
				r.Header = http.Header{}
			}
			r.Header.Set("Accept", "text/event-stream")
			r.Header.Set("Authorization", "Bearer "+test.c.token)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != test.status {
				t.Errorf("%s, %s: %d: %s", name, method, w.Code, w.Body)
			}
		}
	}
	if fake.Count("") != sent {
		t.Error("something was sent")
	}
	m := regexp.MustCompile(`next_page ([a-z0-9]+)"`).FindStringSubmatch(a.post(rpc("read_records", `{"connector":"github","entity":"issues","action":"list"}`), ofA).Body.String())
	if m == nil {
		t.Fatal("no handle")
	}
	next := rpc("next_page", `{"page":"`+m[1]+`"}`)
	if w := b.post(next, ofB); !strings.Contains(w.Body.String(), "this page is not known") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	if w := a.post(next, session(a)); !strings.Contains(w.Body.String(), "records 11 to 15") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	delete(tenants, "a")
	if w := a.post(next, ofA); w.Code != http.StatusUnauthorized {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
}

// The workspace is that of the request, whatever a program does to get it.
func TestWorkspaceOfTheRequest(t *testing.T) {
	fake := agentstest.New()
	name := agentstest.WorkspaceName
	handler := agentsmcp.Handler(func(*http.Request) (*client.Workspace, string, error) {
		return connect(t, fake.Transport(), name), "me", nil
	})
	c := rawClient{t, handler, ""}
	w := c.post(initialize, nil)
	header := http.Header{"Mcp-Session-Id": {w.Header().Get("Mcp-Session-Id")}, "Mcp-Protocol-Version": {withSessions}}
	m := regexp.MustCompile(`next_page ([a-z0-9]+)"`).FindStringSubmatch(c.post(rpc("read_records", `{"connector":"github","entity":"issues","action":"list"}`), header).Body.String())
	if m == nil {
		t.Fatal("no handle")
	}
	next := rpc("next_page", `{"page":"`+m[1]+`"}`)
	if w := c.post(next, header); !strings.Contains(w.Body.String(), "records 11 to 15") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	name = agentstest.SecondWorkspaceName
	if w := c.post(rpc("list_connectors", `{}`), header); !strings.Contains(w.Body.String(), "Frontend") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	if w := c.post(next, header); !strings.Contains(w.Body.String(), "this page is not known") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
}

func TestVisitors(t *testing.T) {
	_, ws := start(t, agentstest.WorkspaceName)
	for name, test := range map[string]struct {
		ws     *client.Workspace
		tenant string
		err    error
		status int
	}{
		"good":                      {ws, "x", nil, http.StatusOK},
		"an error":                  {ws, "x", errors.New("secret"), http.StatusUnauthorized},
		"no workspace":              {nil, "x", nil, http.StatusUnauthorized},
		"no tenant":                 {ws, "", nil, http.StatusUnauthorized},
		"a workspace without name":  {ws.Client().Workspace(""), "x", nil, http.StatusOK}, // the tools say so
		"a workspace that is not":   {ws.Client().Workspace("nowhere"), "x", nil, http.StatusOK},
		"a tenant with odd letters": {ws, "x\x00 ü", nil, http.StatusOK},
	} {
		handler := agentsmcp.Handler(func(*http.Request) (*client.Workspace, string, error) { return test.ws, test.tenant, test.err })
		w := rawClient{t, handler, ""}.post(initialize, nil)
		if w.Code != test.status || strings.Contains(w.Body.String(), "secret") || (w.Code == http.StatusUnauthorized) != (w.Header().Get("WWW-Authenticate") != "") {
			t.Errorf("%s: %d: %s", name, w.Code, w.Body)
		}
	}
}

func TestOrigins(t *testing.T) {
	_, ws := start(t, agentstest.WorkspaceName)
	srv := httptest.NewServer(agentsmcp.Handler(func(*http.Request) (*client.Workspace, string, error) { return ws, "me", nil }))
	defer srv.Close()
	own := strings.TrimPrefix(srv.URL, "http://")
	for _, test := range []struct {
		host, origin, site string
		status             int
	}{
		{own, "", "", http.StatusOK}, {own, srv.URL, "", http.StatusOK}, {own, srv.URL, "same-origin", http.StatusOK}, {own, "", "none", http.StatusOK},
		{"localhost:80", "", "", http.StatusOK},
		{own, "https://evil.example", "", http.StatusForbidden}, {own, "null", "", http.StatusForbidden}, {own, "http://localhost:1", "", http.StatusForbidden},
		{own, "http://" + own + ".evil.example", "", http.StatusForbidden}, {own, "", "cross-site", http.StatusForbidden}, {own, "", "same-site", http.StatusForbidden},
		{"evil.example", "", "", http.StatusForbidden}, {"evil.example", "http://evil.example", "same-origin", http.StatusForbidden},
	} {
		for _, version := range []string{"", stateless} {
			body := initialize
			if version != "" {
				body = `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Host = test.host
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", "application/json, text/event-stream")
			for name, value := range map[string]string{"Origin": test.origin, "Sec-Fetch-Site": test.site, "Mcp-Protocol-Version": version, "Mcp-Method": "server/discover"} {
				if value != "" && (name != "Mcp-Method" || version != "") {
					r.Header.Set(name, value)
				}
			}
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err != nil || res.StatusCode != test.status {
				t.Errorf("%+v %s: %d, %v: %s", test, version, res.StatusCode, err, text)
			}
		}
	}
}

// Many calls at once, in each era.
func TestManyCalls(t *testing.T) {
	everywhere(t, func(t *testing.T, transport, era string) {
		fake, ws := start(t, agentstest.WorkspaceName, agentstest.WithRequestLog(0))
		cs := open(t, transport, era, ws, &user{})
		var wg sync.WaitGroup
		n := 200
		if transport == "http" && era == stateless {
			n = 1000 // over stdio, the tests of the command make them
		}
		for range n {
			wg.Go(func() {
				text, isError := call(t, cs, "read_records", map[string]any{"connector": "github", "entity": "issues", "action": "list", "params": `{"per_page":3}`})
				if isError || !strings.HasPrefix(text, "github.issues.list: records 1 to 3\n") {
					t.Error(text)
				}
			})
		}
		wg.Wait()
		if n := fake.Count("createToken"); n != 1 {
			t.Errorf("%d requests for a token", n)
		}
	})
}
