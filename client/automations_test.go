package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

var mondays = client.Automation{
	ID: "automation-1", WorkflowID: "workflow-1", WorkspaceID: acmeID, Enabled: true, TriggerType: "moonrise",
	CronExpression: "0 0 7 ? * MON", Timezone: "Europe/Berlin", CompletionWebhookURL: "https://done.test/a", TriggerWebhookURL: "https://start.test/b",
	CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), UpdatedAt: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC),
}

func TestAutomations(t *testing.T) {
	const (
		path  = workflowsPath + "/workflow-1/automations"
		query = "workspace_id=" + acmeID
	)
	create := func(r client.AutomationRequest) func(context.Context, client.Workflows) (any, error) {
		return func(ctx context.Context, f client.Workflows) (any, error) {
			return f.Automations("workflow-1").Create(ctx, r)
		}
	}
	update := func(c client.AutomationChange) func(context.Context, client.Workflows) (any, error) {
		return func(ctx context.Context, f client.Workflows) (any, error) {
			return f.Automations("workflow-1").Update(ctx, " automation-1 ", c)
		}
	}
	for _, tc := range []send{
		{
			name: "list", method: "GET", path: path, query: query,
			answer: `{"data":[` + oneAutomation + `,{},null]}`, got: []client.Automation{mondays, {}, {}},
			call: func(ctx context.Context, f client.Workflows) (any, error) {
				return f.Automations(" workflow-1 ").List(ctx)
			},
		},
		{
			name: "list of none", method: "GET", path: path, query: query, answer: `{"data":[]}`, got: []client.Automation{},
			call: func(ctx context.Context, f client.Workflows) (any, error) {
				return f.Automations("workflow-1").List(ctx)
			},
		},
		{
			name: "get", method: "GET", path: path + "/automation-1", query: query, answer: oneAutomation, got: &mondays,
			call: func(ctx context.Context, f client.Workflows) (any, error) {
				return f.Automations("workflow-1").Get(ctx, "automation-1")
			},
		},
		{
			name: "get one with nulls", method: "GET", path: path + "/a", query: query,
			answer: `{"id":"a","enabled":null,"trigger_type":null,"cron_expression":null,"timezone":null,"completion_webhook_url":null,"trigger_webhook_url":null,"created_at":null}`,
			got:    &client.Automation{ID: "a"},
			call: func(ctx context.Context, f client.Workflows) (any, error) {
				return f.Automations("workflow-1").Get(ctx, "a")
			},
		},
		{
			name: "create a schedule", method: "POST", path: path, query: query, answer: oneAutomation, got: &mondays,
			body: `{"workspace_id":"` + acmeID + `","enabled":true,"trigger_type":"schedule","cron_expression":"0 0 7 ? * MON"}`,
			call: create(client.AutomationRequest{CronExpression: " 0 0 7 ? * MON\n"}),
		},
		{
			name: "create with everything", method: "POST", path: path, query: query, answer: oneAutomation, got: &mondays,
			body: `{"workspace_id":"` + acmeID + `","enabled":false,"trigger_type":"moonrise","cron_expression":"x","timezone":"Etc/GMT+5","completion_webhook_url":"HTTPS://u:p@done.test:8443/a?b=c#d"}`,
			call: create(client.AutomationRequest{
				Disabled: true, TriggerType: "moonrise", CronExpression: "x", Timezone: " Etc/GMT+5", CompletionWebhookURL: " HTTPS://u:p@done.test:8443/a?b=c#d\n",
			}),
		},
		{
			name: "create without a schedule", method: "POST", path: path, query: query, answer: `{"id":"a"}`, got: &client.Automation{ID: "a"},
			body: `{"workspace_id":"` + acmeID + `","enabled":true,"trigger_type":"webhook"}`,
			call: create(client.AutomationRequest{TriggerType: "webhook"}),
		},
		{
			name: "pause", method: "PATCH", path: path + "/automation-1", query: query, answer: oneAutomation, got: &mondays,
			body: `{"enabled":false}`, call: update(client.AutomationChange{Enabled: new(false)}),
		},
		{
			name: "take away", method: "PATCH", path: path + "/automation-1", query: query, answer: oneAutomation, got: &mondays,
			body: `{"cron_expression":null,"completion_webhook_url":null}`,
			call: update(client.AutomationChange{CronExpression: client.Null[string](), CompletionWebhookURL: client.Null[auth.Secret]()}),
		},
		{
			name: "change everything", method: "PATCH", path: path + "/automation-1", query: query, answer: oneAutomation, got: &mondays,
			body: `{"enabled":true,"trigger_type":"schedule","cron_expression":"0 0 7 ? * MON","timezone":"UTC","completion_webhook_url":"http://127.0.0.1:80/"}`,
			call: update(client.AutomationChange{
				Enabled: new(true), TriggerType: client.TriggerSchedule, CronExpression: client.Value(" 0 0 7 ? * MON"), Timezone: " UTC ",
				CompletionWebhookURL: client.Value[auth.Secret]("http://127.0.0.1:80/ "),
			}),
		},
		{
			name: "delete", method: "DELETE", path: path + "/automation-1", query: query,
			call: func(ctx context.Context, f client.Workflows) (any, error) {
				return nil, f.Automations("workflow-1").Delete(ctx, "automation-1")
			},
		},
	} {
		tc.test(t)
	}
}

func TestAutomationsInvalid(t *testing.T) {
	const cron = "0 0 7 ? * MON"
	type attempt struct {
		name string
		call func(context.Context, client.Workflows) error
		text string
	}
	var attempts []attempt
	create := func(name string, r client.AutomationRequest, text string) {
		attempts = append(attempts, attempt{"create: " + name, func(ctx context.Context, f client.Workflows) error {
			_, err := f.Automations("w").Create(ctx, r)
			return err
		}, text})
	}
	update := func(name string, c client.AutomationChange, text string) {
		attempts = append(attempts, attempt{"update: " + name, func(ctx context.Context, f client.Workflows) error {
			_, err := f.Automations("w").Update(ctx, "a", c)
			return err
		}, text})
	}
	create("nothing", client.AutomationRequest{}, "a schedule needs a CronExpression")
	create("no cron", client.AutomationRequest{TriggerType: client.TriggerSchedule, Timezone: "UTC"}, "a schedule needs a CronExpression")
	create("a blank trigger", client.AutomationRequest{TriggerType: " "}, "a schedule needs a CronExpression")
	create("a blank cron", client.AutomationRequest{CronExpression: " \n"}, "a schedule needs a CronExpression")
	create("two lines", client.AutomationRequest{CronExpression: cron + "\n" + cron}, "CronExpression contains a control character")
	create("two problems", client.AutomationRequest{Timezone: "x y"}, `a schedule needs a CronExpression; Timezone "x y" is not valid`)
	for _, zone := range []string{"Local", "W. Europe Standard Time", "Europe\nBerlin", "Zürich", "\xff", strings.Repeat("ä", 500)} {
		create("zone "+zone, client.AutomationRequest{CronExpression: cron, Timezone: zone}, "such as Europe/Berlin")
		update("zone "+zone, client.AutomationChange{Timezone: zone}, "such as Europe/Berlin")
	}
	for _, u := range []string{
		"h8Sh8-Q", "/h8Sh8-Q", "//host/h8Sh8-Q", "ftp://host/h8Sh8-Q", "https:h8Sh8-Q", "https:///h8Sh8-Q", "https://:443/h8Sh8-Q",
		"https://host/h8Sh8-Q a", "https://host/\th8Sh8-Q", "https://host/%zz-h8Sh8-Q", "javascript:h8Sh8-Q", "mailto:h8Sh8-Q@host", "https://host/\u2028h8Sh8-Q",
	} {
		const text = "CompletionWebhookURL is not an absolute http or https URL"
		create("URL "+u, client.AutomationRequest{CronExpression: cron, CompletionWebhookURL: auth.Secret(u)}, text)
		update("URL "+u, client.AutomationChange{CompletionWebhookURL: client.Value(auth.Secret(u))}, text)
	}
	// This is the result of a.CompletionWebhookURL.String().
	create("a hidden URL", client.AutomationRequest{CronExpression: cron, CompletionWebhookURL: auth.Secret(mondays.TriggerWebhookURL.String())}, "use string(s) to reveal the URL")
	update("nothing", client.AutomationChange{}, "nothing to change")
	update("blank", client.AutomationChange{TriggerType: " ", Timezone: "\t"}, "nothing to change")
	update("a blank cron", client.AutomationChange{CronExpression: client.Value(" ")}, "use Null to remove it")
	update("a blank URL", client.AutomationChange{CompletionWebhookURL: client.Value[auth.Secret]("")}, "use Null to remove it")
	update("a schedule without cron", client.AutomationChange{TriggerType: client.TriggerSchedule, CronExpression: client.Null[string]()}, "needs a CronExpression")
	update("two lines", client.AutomationChange{CronExpression: client.Value("a\x00b")}, "control character")
	for _, id := range badIDs {
		for name, a := range map[string]struct{ workflow, automation string }{"workflow": {id, "a"}, "automation": {"w", id}} {
			text := "the " + name + "'s id"
			add := func(call func(ctx context.Context, f client.Automations) error) {
				attempts = append(attempts, attempt{fmt.Sprintf("%s %q", name, id), func(ctx context.Context, f client.Workflows) error {
					return call(ctx, f.Automations(a.workflow))
				}, text})
			}
			add(func(ctx context.Context, f client.Automations) error { _, err := f.Get(ctx, a.automation); return err })
			add(func(ctx context.Context, f client.Automations) error {
				_, err := f.Update(ctx, a.automation, client.AutomationChange{Enabled: new(true)})
				return err
			})
			add(func(ctx context.Context, f client.Automations) error { return f.Delete(ctx, a.automation) })
			if name == "workflow" {
				add(func(ctx context.Context, f client.Automations) error { _, err := f.List(ctx); return err })
				add(func(ctx context.Context, f client.Automations) error {
					_, err := f.Create(ctx, client.AutomationRequest{CronExpression: cron})
					return err
				})
			}
		}
	}
	for _, a := range attempts {
		s := serveAcme(t, says(200, "{}"))
		err := a.call(t.Context(), acmeWorkflows(t, s))
		if kinds(err) != "ErrInvalid" || !strings.Contains(err.Error(), a.text) {
			t.Errorf("%s: want %q: %v", a.name, a.text, err)
		} else if shows(err.Error()) {
			t.Errorf("%s: the error repeats what may be secret: %v", a.name, err)
		} else if len(err.Error()) > 512 {
			t.Errorf("%s: the error has %d bytes", a.name, len(err.Error()))
		}
		if n := len(s.requests()); n != 0 {
			t.Errorf("%s: %d requests were sent", a.name, n)
		}
	}
}

// hookURL is a URL with secrets in several places.
const hookURL = "https://user:h8Sh8-Q-password@hooks.test/services/h8Sh8-Q%2Fpath?token=h8Sh8-Q+a%26b&x=1#h8Sh8-Q-fragment"

func TestAutomationSecretsDoNotShow(t *testing.T) {
	automation := client.Automation{ID: "automation-1", CompletionWebhookURL: hookURL, TriggerWebhookURL: hookURL}
	request := client.AutomationRequest{CronExpression: "x", CompletionWebhookURL: hookURL}
	change := client.AutomationChange{Enabled: new(true), CronExpression: client.Null[string](), CompletionWebhookURL: client.Value[auth.Secret](hookURL)}
	for name, v := range map[string]any{
		"automation": automation, "automation pointer": &automation, "automations": []client.Automation{automation}, "in a map": map[string]*client.Automation{"a": &automation},
		"in a struct": struct{ A client.Automation }{automation},
		"request":     request, "request pointer": &request, "requests": []client.AutomationRequest{request},
		"change": change, "change pointer": &change, "changes": map[int]client.AutomationChange{1: change},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
			if text := fmt.Sprintf(verb, v); shows(text) {
				t.Errorf("%s with %s: %s", name, verb, text)
			}
		}
		if b, err := json.Marshal(v); err != nil || shows(string(b)) {
			t.Errorf("%s as JSON: %s, %v", name, b, err)
		}
		if b, err := jsonv2.Marshal(v, jsonv2.Deterministic(true)); err != nil || shows(string(b)) {
			t.Errorf("%s as JSON v2: %s, %v", name, b, err)
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("text", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("json", "v", v)
		if shows(log.String()) {
			t.Errorf("%s in a log: %s", name, log.String())
		}
	}
	for want, v := range map[string]any{
		`client.Automation{ID:"automation-1", WorkflowID:"", WorkspaceID:"", Enabled:false, TriggerType:"", CronExpression:"", Timezone:"", CompletionWebhookURL:[REDACTED], TriggerWebhookURL:[REDACTED]}`: automation,
		`client.Automation{ID:"", WorkflowID:"", WorkspaceID:"", Enabled:false, TriggerType:"", CronExpression:"", Timezone:"", CompletionWebhookURL:"", TriggerWebhookURL:""}`:                             client.Automation{},
		`client.AutomationRequest{TriggerType:"", Disabled:false, CronExpression:"x", Timezone:"", CompletionWebhookURL:[REDACTED]}`:                                                                        request,
		`client.AutomationChange{Enabled:true, TriggerType:"", CronExpression:null, Timezone:"", CompletionWebhookURL:[REDACTED]}`:                                                                          change,
		`client.AutomationChange{Enabled:unchanged, TriggerType:"", CronExpression:"x", Timezone:"", CompletionWebhookURL:null}`: client.AutomationChange{
			CronExpression: client.Value("x"), CompletionWebhookURL: client.Null[auth.Secret](),
		},
		`client.AutomationChange{Enabled:unchanged, TriggerType:"", CronExpression:unchanged, Timezone:"", CompletionWebhookURL:unchanged}`: client.AutomationChange{},
	} {
		if got := fmt.Sprint(v); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// An automation can be stored as JSON, which has everything but its URLs. It
// shows whether there are any.
func TestAutomationStored(t *testing.T) {
	b, err := json.Marshal(mondays)
	if err != nil {
		t.Fatal(err)
	}
	var back client.Automation
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	want := mondays
	want.CompletionWebhookURL, want.TriggerWebhookURL = "[REDACTED]", "[REDACTED]"
	if back != want {
		t.Errorf("got  %s\nwant the fields of %s", b, oneAutomation)
	}
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, func(v any) ([]byte, error) { return jsonv2.Marshal(v) }} {
		if b, err := marshal(client.Automation{ID: "a", TriggerType: "t"}); string(b) != `{"id":"a","workflow_id":"","workspace_id":"","enabled":false,"trigger_type":"t"}` {
			t.Errorf("got %s, %v", b, err)
		}
	}
}

// What the service says about a URL does not get into errors.
func TestAutomationErrorsHideURL(t *testing.T) {
	u, err := url.Parse(hookURL)
	if err != nil {
		t.Fatal(err)
	}
	for name, repeated := range map[string]string{
		"whole": hookURL, "path and query": u.RequestURI(), "path": u.Path, "query": u.RawQuery, "value": u.Query().Get("token"), "password": "h8Sh8-Q-password", "fragment": u.Fragment,
	} {
		message, err := json.Marshal("bad hook " + repeated + ", sorry")
		if err != nil {
			t.Fatal(err)
		}
		s := serveAcme(t, says(422, fmt.Sprintf(`{"message":%s,"errors":[{"field":"completion_webhook_url","message":%s,"details":{"input":%s}}]}`, message, message, message)))
		a := acmeWorkflows(t, s).Automations("w")
		_, createErr := a.Create(t.Context(), client.AutomationRequest{CronExpression: "x", CompletionWebhookURL: " " + hookURL})
		_, updateErr := a.Update(t.Context(), "a", client.AutomationChange{CompletionWebhookURL: client.Value[auth.Secret](hookURL)})
		for _, err := range []error{createErr, updateErr} {
			wantKinds(t, err, "ErrInvalid")
			e := asError(t, err)
			if text := fmt.Sprint(e, e.Fields, string(e.Body())); shows(text) || !strings.Contains(text, "bad hook [REDACTED]") {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
}
