package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

const (
	workflowsPath = "/api/v1/internal/workflows"
	acmeID        = "0a1b2c3d-0000-4000-8000-0000000000ac"
	oneWorkflow   = `{"id":"workflow-1","name":"Report","workspace_id":"` + acmeID + `","created_at":"2026-01-02T03:04:05Z","updated_at":null,"news":1}`
	oneAutomation = `{"id":"automation-1","workflow_id":"workflow-1","workspace_id":"` + acmeID + `","enabled":true,"trigger_type":"moonrise",` +
		`"cron_expression":"0 0 7 ? * MON","timezone":"Europe/Berlin","completion_webhook_url":"https://done.test/a","trigger_webhook_url":"https://start.test/b",` +
		`"created_at":"2026-01-02T03:04:05","updated_at":"2026-01-02T03:04:06Z","news":{}}`
)

// acmeIs is the response to the search for the ID of the workspace acme.
func acmeIs(id string) reply {
	return says(200, `{"data":[{"id":"x","name":"acme 2"},{"id":"`+id+`","name":"acme","status":"active"}],"next":null}`)
}

// serveAcme returns a stub that knows the workspace acme and has one response
// to everything else.
func serveAcme(t testing.TB, answer reply) *stub {
	s := serve(t)
	s.route = func(r sent) reply {
		if r.Path == workspacesPath {
			return acmeIs(acmeID)
		}
		return answer
	}
	return s
}

// acmeWorkflows returns the workflows of the workspace acme of s.
func acmeWorkflows(t testing.TB, s *stub) client.Workflows {
	return newClient(t, s).Workspace("acme").Workflows()
}

// A send is a call and the request that is sent for it.
type send struct {
	name                string
	call                func(context.Context, client.Workflows) (any, error)
	method, path, query string
	body                string // "" for none
	answer              string // "" for one without a body
	got                 any
}

func (tc send) test(t *testing.T) {
	t.Run(tc.name, func(t *testing.T) {
		status := http.StatusOK
		if tc.answer == "" {
			status = http.StatusNoContent
		}
		s := serveAcme(t, says(status, tc.answer))
		got, err := tc.call(t.Context(), acmeWorkflows(t, s))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, tc.got) {
			t.Errorf("got  %+v\nwant %+v (the URLs of automations do not show)", got, tc.got)
		}
		s.wantSent(t, 2) // the first one looks up the ID of the workspace
		r := s.requests()[1]
		if r.Method != tc.method || r.Path != tc.path || r.Query != tc.query {
			t.Errorf("sent %s %s?%s\nwant %s %s?%s", r.Method, r.Path, r.Query, tc.method, tc.path, tc.query)
		}
		if tc.body == "" {
			if r.Body != "" {
				t.Errorf("sent %s", r.Body)
			}
			return
		}
		var want map[string]any
		if err := json.Unmarshal([]byte(tc.body), &want); err != nil {
			t.Fatal(err)
		}
		if sent := r.decoded(t); !reflect.DeepEqual(sent, want) {
			t.Errorf("sent %s\nwant %s", r.Body, tc.body)
		}
	})
}

var reportWorkflow = client.Workflow{ID: "workflow-1", Name: "Report", WorkspaceID: acmeID, CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}

func TestWorkflows(t *testing.T) {
	const query = "workspace_id=" + acmeID
	for _, tc := range []send{
		{
			name: "list", method: "GET", path: workflowsPath, query: query,
			answer: `{"data":[` + oneWorkflow + `,{},null],"next":null}`, got: []client.Workflow{reportWorkflow, {}, {}},
			call: func(ctx context.Context, f client.Workflows) (any, error) { return f.List(ctx) },
		},
		{
			name: "list of none", method: "GET", path: workflowsPath, query: query,
			answer: `{"data":[]}`, got: []client.Workflow{},
			call: func(ctx context.Context, f client.Workflows) (any, error) { return f.List(ctx) },
		},
		{
			name: "get", method: "GET", path: workflowsPath + "/workflow-1", query: query,
			answer: oneWorkflow, got: &reportWorkflow,
			call: func(ctx context.Context, f client.Workflows) (any, error) { return f.Get(ctx, " workflow-1\n") },
		},
		{
			name: "get little", method: "GET", path: workflowsPath + "/a:b,c", query: query,
			answer: `{"id":"w"}`, got: &client.Workflow{ID: "w"},
			call: func(ctx context.Context, f client.Workflows) (any, error) { return f.Get(ctx, "a:b,c") },
		},
		{
			name: "create", method: "POST", path: workflowsPath,
			body:   `{"workspace_id":"` + acmeID + `","name":"Report","tasks":[{"prompt":"Say hello","n":1},{}]}`,
			answer: oneWorkflow, got: &reportWorkflow,
			call: func(ctx context.Context, f client.Workflows) (any, error) {
				return f.Create(ctx, client.WorkflowRequest{Name: " Report ", Tasks: []map[string]any{{"prompt": "Say hello", "n": 1}, {}}})
			},
		},
		{
			name: "create without tasks", method: "POST", path: workflowsPath,
			body:   `{"workspace_id":"` + acmeID + `","name":"Report"}`,
			answer: oneWorkflow, got: &reportWorkflow,
			call: func(ctx context.Context, f client.Workflows) (any, error) {
				return f.Create(ctx, client.WorkflowRequest{Name: "Report"})
			},
		},
		{
			name: "update", method: "PATCH", path: workflowsPath + "/workflow-1", query: query,
			body: `{"name":"Report"}`, answer: oneWorkflow, got: &reportWorkflow,
			call: func(ctx context.Context, f client.Workflows) (any, error) {
				return f.Update(ctx, "workflow-1", client.WorkflowChange{Name: " Report "})
			},
		},
		{
			name: "delete", method: "DELETE", path: workflowsPath + "/workflow-1", query: query,
			call: func(ctx context.Context, f client.Workflows) (any, error) { return nil, f.Delete(ctx, "workflow-1") },
		},
		{ // the service does not document the status
			name: "delete with a response", method: "DELETE", path: workflowsPath + "/workflow-1", query: query, answer: `{"id":"workflow-1"}`,
			call: func(ctx context.Context, f client.Workflows) (any, error) { return nil, f.Delete(ctx, "workflow-1") },
		},
	} {
		tc.test(t)
	}
}

// badIDs are not valid as IDs of workflows and automations.
var badIDs = []string{"", " \t", ".", "..", " .. ", "a/b", "a/../b", `a\b`, "a?b", "a#b", "a%2Fb", "a;b", "a b", "a\nb", "a\x00b", "ä", "\xff", "a\u2028b"}

func TestWorkflowsInvalid(t *testing.T) {
	calls := map[string]func(context.Context, client.Workflows) error{
		"no name": func(ctx context.Context, f client.Workflows) error {
			return createWorkflow(ctx, f, client.WorkflowRequest{})
		},
		"a blank name": func(ctx context.Context, f client.Workflows) error {
			return createWorkflow(ctx, f, client.WorkflowRequest{Name: " \n"})
		},
		"a nil task": func(ctx context.Context, f client.Workflows) error {
			return createWorkflow(ctx, f, client.WorkflowRequest{Name: "n", Tasks: []map[string]any{{}, nil}})
		},
		"a secret": func(ctx context.Context, f client.Workflows) error {
			return createWorkflow(ctx, f, client.WorkflowRequest{Name: "n", Tasks: []map[string]any{{"with": []any{auth.Secret("s")}}}})
		},
		"no change": func(ctx context.Context, f client.Workflows) error {
			_, err := f.Update(ctx, "workflow-1", client.WorkflowChange{})
			return err
		},
		"a change to blank": func(ctx context.Context, f client.Workflows) error {
			_, err := f.Update(ctx, "workflow-1", client.WorkflowChange{Name: " "})
			return err
		},
	}
	for _, id := range badIDs {
		calls[fmt.Sprintf("get %q", id)] = func(ctx context.Context, f client.Workflows) error { _, err := f.Get(ctx, id); return err }
		calls[fmt.Sprintf("update %q", id)] = func(ctx context.Context, f client.Workflows) error {
			_, err := f.Update(ctx, id, client.WorkflowChange{Name: "n"})
			return err
		}
		calls[fmt.Sprintf("delete %q", id)] = func(ctx context.Context, f client.Workflows) error { return f.Delete(ctx, id) }
	}
	for name, call := range calls {
		s := serveAcme(t, says(200, "{}"))
		err := call(t.Context(), acmeWorkflows(t, s))
		if kinds(err) != "ErrInvalid" {
			t.Errorf("%s: %v", name, err)
		}
		if n := len(s.requests()); n != 0 {
			t.Errorf("%s: %d requests were sent", name, n)
		}
	}
	// Tasks that are not JSON are not sent, either.
	s := serveAcme(t, says(200, "{}"))
	err := createWorkflow(t.Context(), acmeWorkflows(t, s), client.WorkflowRequest{Name: "n", Tasks: []map[string]any{{"f": func() {}}}})
	wantKinds(t, err, "ErrInvalid")
	s.wantSent(t, 1)
}

func createWorkflow(ctx context.Context, f client.Workflows, r client.WorkflowRequest) error {
	_, err := f.Create(ctx, r)
	return err
}

// A write is not retried, and a read is.
func TestWorkflowsRetries(t *testing.T) {
	for _, tc := range []struct {
		name string
		want int
		call func(context.Context, client.Workflows) error
	}{
		{"list", 3, func(ctx context.Context, f client.Workflows) error { _, err := f.List(ctx); return err }},
		{"get", 3, func(ctx context.Context, f client.Workflows) error { _, err := f.Get(ctx, "w"); return err }},
		{"create", 1, func(ctx context.Context, f client.Workflows) error {
			return createWorkflow(ctx, f, client.WorkflowRequest{Name: "n"})
		}},
		{"update", 1, func(ctx context.Context, f client.Workflows) error {
			_, err := f.Update(ctx, "w", client.WorkflowChange{Name: "n"})
			return err
		}},
		{"delete", 1, func(ctx context.Context, f client.Workflows) error { return f.Delete(ctx, "w") }},
		{"list automations", 3, func(ctx context.Context, f client.Workflows) error {
			_, err := f.Automations("w").List(ctx)
			return err
		}},
		{"get automation", 3, func(ctx context.Context, f client.Workflows) error {
			_, err := f.Automations("w").Get(ctx, "a")
			return err
		}},
		{"create automation", 1, func(ctx context.Context, f client.Workflows) error {
			_, err := f.Automations("w").Create(ctx, client.AutomationRequest{CronExpression: "0 0 7 ? * MON"})
			return err
		}},
		{"update automation", 1, func(ctx context.Context, f client.Workflows) error {
			_, err := f.Automations("w").Update(ctx, "a", client.AutomationChange{Enabled: new(true)})
			return err
		}},
		{"delete automation", 1, func(ctx context.Context, f client.Workflows) error { return f.Automations("w").Delete(ctx, "a") }},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := serveAcme(t, says(503, `{"message":"later"}`))
			err := tc.call(t.Context(), acmeWorkflows(t, s))
			if e := asError(t, err); kinds(err) != "ErrServer" || e.Attempts != tc.want || !strings.Contains(e.Error(), "client: "+tc.name) {
				t.Errorf("%s: %d attempts, %v", tc.name, e.Attempts, err)
			}
			if n := len(s.requests()) - 1; n != tc.want {
				t.Errorf("%s: %d requests, want %d", tc.name, n, tc.want)
			}
		})
	}
}

// The ID of the workspace is looked up once, and again after a 404, since the
// workspace may be another one by then.
func TestWorkflowsWorkspaceID(t *testing.T) {
	const newID = "0a1b2c3d-0000-4000-8000-0000000000ad"
	id := acmeID
	s := serve(t)
	s.route = func(r sent) reply {
		switch {
		case r.Path == workspacesPath && id == "":
			return says(200, `{"data":[]}`)
		case r.Path == workspacesPath:
			return acmeIs(id)
		case r.Query == "workspace_id="+id || strings.Contains(r.Body, id):
			return says(200, `{"id":"x","data":[]}`)
		}
		return says(404, `{"message":"no such workspace"}`)
	}
	f := acmeWorkflows(t, s)
	for _, call := range []func() error{
		func() error { _, err := f.List(t.Context()); return err },
		func() error { _, err := f.Get(t.Context(), "w"); return err },
		func() error { return createWorkflow(t.Context(), f, client.WorkflowRequest{Name: "n"}) },
		func() error { _, err := f.Update(t.Context(), "w", client.WorkflowChange{Name: "n"}); return err },
		func() error { return f.Delete(t.Context(), "w") },
		func() error { _, err := f.Automations("w").List(t.Context()); return err },
		func() error { _, err := f.Automations("w").Get(t.Context(), "a"); return err },
		func() error {
			_, err := f.Automations("w").Create(t.Context(), client.AutomationRequest{CronExpression: "0 0 7 ? * MON"})
			return err
		},
		func() error {
			_, err := f.Automations("w").Update(t.Context(), "a", client.AutomationChange{Enabled: new(true)})
			return err
		},
		func() error { return f.Automations("w").Delete(t.Context(), "a") },
	} {
		id = acmeID
		if err := call(); err != nil {
			t.Fatal(err)
		}
		s.sent = nil
		if err := call(); err != nil {
			t.Fatal(err)
		}
		s.wantSent(t, 1)
		id = newID
		wantKinds(t, call(), "ErrNotFound") // for the old ID
		if err := call(); err != nil {
			t.Errorf("the old id is still used: %v", err)
		}
		id = acmeID
		_ = call() // with the new ID, which is forgotten now
		id, s.sent = "", nil
		wantKinds(t, call(), "ErrNotFound+ErrWorkspaceNotFound")
		s.wantSent(t, 1) // nothing about workflows
	}
}

// workflowsOf responds with n workflows, and to the request for the automations
// of the ith with automations(i).
func workflowsOf(t testing.TB, n int, automations func(i int) reply) *stub {
	var items []string
	for i := range n {
		items = append(items, fmt.Sprintf(`{"id":"w%d"}`, i))
	}
	s := serve(t)
	s.route = func(r sent) reply {
		var i int
		switch rest, _ := strings.CutPrefix(r.Path, workflowsPath); {
		case r.Path == workspacesPath:
			return acmeIs(acmeID)
		case rest == "":
			return list(items...)
		default:
			if _, err := fmt.Sscanf(rest, "/w%d/automations", &i); err != nil {
				return nil
			}
		}
		return automations(i)
	}
	return s
}

func TestListAutomations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		s := workflowsOf(t, 40, func(i int) reply {
			answer := later(time.Duration(40-i)*time.Second, list(fmt.Sprintf(`{"id":"a%d-1"},{"id":"a%d-2"}`, i, i)))
			if i == 7 {
				answer = says(200, `{"data":[]}`)
			}
			return func(req *http.Request) (*http.Response, error) {
				if n := now.Add(1); n > most.Load() {
					most.Store(n)
				}
				defer now.Add(-1)
				return answer(req)
			}
		})
		got, err := acmeWorkflows(t, s).ListAutomations(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var ids, want []string
		for _, a := range got {
			ids = append(ids, a.ID)
		}
		for i := range 40 {
			if i != 7 {
				want = append(want, fmt.Sprintf("a%d-1", i), fmt.Sprintf("a%d-2", i))
			}
		}
		if !slices.Equal(ids, want) {
			t.Errorf("got %v", ids)
		}
		if n := most.Load(); n > 8 || n < 7 {
			t.Errorf("%d at a time, want 8", n)
		}
		s.wantSent(t, 1+1+40)
		for _, r := range s.requests()[1:] {
			if r.Query != "workspace_id="+acmeID {
				t.Errorf("asked %s?%s", r.Path, r.Query)
			}
		}
	})
}

func TestListAutomationsFails(t *testing.T) {
	t.Run("one", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { // fails if a goroutine remains
			s := workflowsOf(t, 40, func(i int) reply {
				if i == 3 {
					return later(time.Second, says(403, `{"message":"not yours"}`))
				}
				return hangs
			})
			start := time.Now()
			got, err := acmeWorkflows(t, s).ListAutomations(t.Context())
			wantKinds(t, err, "ErrForbidden")
			wantText(t, err, "list automations of workflow w3", "not yours")
			if got != nil || time.Since(start) != time.Second {
				t.Errorf("%d automations after %v", len(got), time.Since(start))
			}
			s.wantSent(t, 1+1+8)
		})
	})
	t.Run("canceled", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			s := workflowsOf(t, 40, func(int) reply { return hangs })
			start := time.Now()
			_, err := acmeWorkflows(t, s).ListAutomations(ctx)
			if e := asError(t, err); !errors.Is(e, context.DeadlineExceeded) || time.Since(start) != time.Second {
				t.Errorf("got %v after %v", err, time.Since(start))
			}
		})
	})
	t.Run("the list of workflows", func(t *testing.T) {
		s := serveAcme(t, says(403, `{"message":"not yours"}`))
		_, err := acmeWorkflows(t, s).ListAutomations(t.Context())
		wantKinds(t, err, "ErrForbidden")
		wantText(t, err, "list workflows")
		s.wantSent(t, 2)
	})
	t.Run("a workflow without an id", func(t *testing.T) {
		for _, item := range []string{`{}`, `null`, `{"id":".."}`, `{"id":"a/b\nc"}`} {
			s := serveAcme(t, list(item))
			_, err := acmeWorkflows(t, s).ListAutomations(t.Context())
			wantKinds(t, err, "") // it is not the caller's mistake
			asError(t, err)
			s.wantSent(t, 2)
		}
	})
	t.Run("no workflows", func(t *testing.T) {
		got, err := acmeWorkflows(t, serveAcme(t, list())).ListAutomations(t.Context())
		if err != nil || len(got) != 0 {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// TestWorkflowLife takes a workflow of the in-memory service from its creation
// to its deletion.
func TestWorkflowLife(t *testing.T) {
	fake := agentstest.NewServer()
	defer fake.Close()
	c, err := client.New(client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	f := c.DefaultWorkspace().Workflows()
	made, err := f.Create(ctx, client.WorkflowRequest{Name: "Digest", Tasks: []map[string]any{{"prompt": "Sum up"}}})
	if err != nil {
		t.Fatal(err)
	}
	if made.ID == "" || made.Name != "Digest" || made.WorkspaceID == "" || made.CreatedAt.IsZero() {
		t.Errorf("made %+v", made)
	}
	if _, err := f.Update(ctx, made.ID, client.WorkflowChange{Name: "Daily digest"}); err != nil {
		t.Fatal(err)
	}
	all, err := f.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(all); n != 2 || all[1].Name != "Daily digest" {
		t.Errorf("listed %+v", all)
	}
	automations := f.Automations(made.ID)
	hooked, err := automations.Create(ctx, client.AutomationRequest{TriggerType: "webhook", CompletionWebhookURL: "https://done.test/1"})
	if err != nil {
		t.Fatal(err)
	}
	if !hooked.Enabled || hooked.TriggerType != "webhook" || hooked.CompletionWebhookURL != "https://done.test/1" || !strings.HasPrefix(string(hooked.TriggerWebhookURL), fake.URL) {
		t.Errorf("made %v", hooked)
	}
	changed, err := automations.Update(ctx, hooked.ID, client.AutomationChange{
		TriggerType: client.TriggerSchedule, CronExpression: client.Value("0 0 7 ? * MON"), Timezone: "Asia/Tokyo",
		Enabled: new(false), CompletionWebhookURL: client.Null[auth.Secret](),
	})
	if err != nil {
		t.Fatal(err)
	}
	if changed.Enabled || changed.CronExpression != "0 0 7 ? * MON" || changed.Timezone != "Asia/Tokyo" || changed.CompletionWebhookURL != "" {
		t.Errorf("changed to %v", changed)
	}
	// A schedule requires an expression. The service says so if the client
	// cannot know.
	_, err = automations.Update(ctx, hooked.ID, client.AutomationChange{CronExpression: client.Null[string]()})
	wantKinds(t, err, "ErrInvalid")
	everything, err := f.ListAutomations(ctx)
	if err != nil || len(everything) != 2 || everything[1].ID != hooked.ID {
		t.Errorf("all: %v, %v", everything, err)
	}
	_, err = f.Automations(all[0].ID).Get(ctx, hooked.ID)
	wantKinds(t, err, "ErrNotFound") // it belongs to another workflow
	if err := automations.Delete(ctx, hooked.ID); err != nil {
		t.Fatal(err)
	}
	if rest, err := automations.List(ctx); err != nil || len(rest) != 0 {
		t.Errorf("left: %v, %v", rest, err)
	}
	if err := f.Delete(ctx, made.ID); err != nil {
		t.Fatal(err)
	}
	_, err = f.Get(ctx, made.ID)
	wantKinds(t, err, "ErrNotFound")
	_, err = automations.List(ctx)
	wantKinds(t, err, "ErrNotFound")
}

func TestWorkflowsPrint(t *testing.T) {
	f := newClient(t, serve(t)).Workspace("acme").Workflows()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if got := fmt.Sprintf(verb, f); got != `client.Workflows{"acme"}` {
			t.Errorf("%s: %s", verb, got)
		}
		if got := fmt.Sprintf(verb, f.Automations("w")); got != `client.Automations{"acme", workflow "w"}` {
			t.Errorf("%s: %s", verb, got)
		}
	}
	for _, v := range []any{f, f.Automations("w")} {
		if b, err := json.Marshal(v); err != nil || !strings.Contains(string(b), "acme") {
			t.Errorf("%s, %v", b, err)
		}
	}
}
