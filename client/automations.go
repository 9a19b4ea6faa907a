package client

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// Automations are the automations of one workflow. [Workflows.Automations]
// makes the value, which may be kept and copied.
type Automations struct {
	ws       *Workspace
	workflow string
}

// Automations are those of the workflow with that id. Nothing is sent; an id
// that cannot be one is an error of the first call.
func (f Workflows) Automations(workflowID string) Automations {
	return Automations{ws: f.ws, workflow: workflowID}
}

// String names the workspace and the workflow.
func (a Automations) String() string {
	return fmt.Sprintf("client.Automations{%q, workflow %q}", a.ws.name, a.workflow)
}

// Format writes what String returns, for every verb.
func (a Automations) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, a.String()) }

// MarshalText returns what String returns.
func (a Automations) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// TriggerType tells what an automation waits for. Values that are not among the
// constants may come, and may be asked for.
type TriggerType string

// TriggerSchedule starts the workflow at the times of a cron expression.
const TriggerSchedule TriggerType = "schedule"

// An Automation is what starts a workflow.
//
// Whoever has TriggerWebhookURL can start the workflow, and a completion
// webhook is often as open. Both are therefore hidden wherever they are
// printed, logged or marshalled: as JSON, an automation is fit to be stored or
// shown, without its URLs. string(a.TriggerWebhookURL) reveals one, and
// [Automations.Get] tells it again.
type Automation struct {
	ID          string `json:"id"`
	WorkflowID  string `json:"workflow_id"`
	WorkspaceID string `json:"workspace_id"`
	Enabled     bool   `json:"enabled"` // whether it starts anything now

	TriggerType    TriggerType `json:"trigger_type"`
	CronExpression string      `json:"cron_expression,omitzero"` // when a schedule starts the workflow
	Timezone       string      `json:"timezone,omitzero"`        // of the schedule, such as Europe/Berlin; UTC when empty

	CompletionWebhookURL auth.Secret `json:"completion_webhook_url,omitzero"` // called when the workflow is done; "" for none
	TriggerWebhookURL    auth.Secret `json:"trigger_webhook_url,omitzero"`    // to be called to start the workflow; "" for none

	CreatedAt time.Time `json:"created_at,omitzero"` // zero when the service does not say
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

// String tells of the automation, without its URLs.
func (a Automation) String() string {
	return fmt.Sprintf("client.Automation{ID:%q, WorkflowID:%q, WorkspaceID:%q, Enabled:%t, TriggerType:%q, CronExpression:%q, Timezone:%q, "+
		"CompletionWebhookURL:%s, TriggerWebhookURL:%s}",
		a.ID, a.WorkflowID, a.WorkspaceID, a.Enabled, a.TriggerType, a.CronExpression, a.Timezone,
		hiddenURL(string(a.CompletionWebhookURL)), hiddenURL(string(a.TriggerWebhookURL)))
}

// Format writes what String returns, for every verb.
func (a Automation) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, a.String()) }

// LogValue implements [slog.LogValuer].
func (a Automation) LogValue() slog.Value { return slog.StringValue(a.String()) }

// hiddenURL is a URL in print: only whether there is one.
func hiddenURL(u string) string {
	if u == "" {
		return `""`
	}
	return redacted
}

// An AutomationRequest describes an automation to be made. With nothing but a
// CronExpression it is a schedule that is on. It prints without the URL, but in
// an unexported field of another type, where fmt calls no methods.
type AutomationRequest struct {
	TriggerType TriggerType // TriggerSchedule when empty
	Disabled    bool        // make it, but have it start nothing until it is enabled

	CronExpression string // when to start the workflow; needed for TriggerSchedule
	Timezone       string // of the schedule, a name such as Europe/Berlin; UTC when empty

	// CompletionWebhookURL is called when the workflow is done, if it is given:
	// an absolute URL of http or https.
	CompletionWebhookURL string
}

func (r AutomationRequest) String() string {
	return fmt.Sprintf("client.AutomationRequest{TriggerType:%q, Disabled:%t, CronExpression:%q, Timezone:%q, CompletionWebhookURL:%s}",
		r.TriggerType, r.Disabled, r.CronExpression, r.Timezone, hiddenURL(r.CompletionWebhookURL))
}

// Format writes what String returns, for every verb.
func (r AutomationRequest) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, r.String()) }

// LogValue implements [slog.LogValuer].
func (r AutomationRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText returns what String returns: a request is not for storing.
func (r AutomationRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// trimmed is r without white space around its texts, and with the trigger that
// an empty one stands for.
func (r AutomationRequest) trimmed() AutomationRequest {
	r.CronExpression, r.Timezone = strings.TrimSpace(r.CronExpression), strings.TrimSpace(r.Timezone)
	r.CompletionWebhookURL = strings.TrimSpace(r.CompletionWebhookURL)
	if r.TriggerType = TriggerType(strings.TrimSpace(string(r.TriggerType))); r.TriggerType == "" {
		r.TriggerType = TriggerSchedule
	}
	return r
}

func (r AutomationRequest) check(op string) error {
	var problems []string
	if r.TriggerType == TriggerSchedule && r.CronExpression == "" {
		problems = append(problems, "a schedule needs a CronExpression")
	}
	problems = append(problems, automationProblems(r.CronExpression, r.Timezone, r.CompletionWebhookURL)...)
	if len(problems) > 0 {
		return invalid(op, "%s", strings.Join(problems, "; "))
	}
	return nil
}

// An AutomationChange says what [Automations.Update] changes. Zero fields stay
// as they are. It prints without the URL, but in an unexported field of another
// type, where fmt calls no methods.
type AutomationChange struct {
	Enabled     *bool // new(false) pauses the automation
	TriggerType TriggerType

	CronExpression Nullable[string] // null takes it away, which a schedule cannot do without
	Timezone       string           // UTC is "UTC"

	// CompletionWebhookURL is an absolute URL of http or https; with null, no
	// one is told when the workflow is done.
	CompletionWebhookURL Nullable[string]
}

func (c AutomationChange) String() string {
	enabled := "unchanged"
	if c.Enabled != nil {
		enabled = fmt.Sprint(*c.Enabled)
	}
	cron := "unchanged"
	switch text, ok := c.CronExpression.Get(); {
	case ok:
		cron = fmt.Sprintf("%q", text)
	case c.CronExpression.IsNull():
		cron = "null"
	}
	hook := "unchanged"
	switch text, ok := c.CompletionWebhookURL.Get(); {
	case ok:
		hook = hiddenURL(text)
	case c.CompletionWebhookURL.IsNull():
		hook = "null"
	}
	return fmt.Sprintf("client.AutomationChange{Enabled:%s, TriggerType:%q, CronExpression:%s, Timezone:%q, CompletionWebhookURL:%s}",
		enabled, c.TriggerType, cron, c.Timezone, hook)
}

// Format writes what String returns, for every verb.
func (c AutomationChange) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// LogValue implements [slog.LogValuer].
func (c AutomationChange) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns what String returns: a change is not for storing.
func (c AutomationChange) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// trimmed is c without white space around its texts.
func (c AutomationChange) trimmed() AutomationChange {
	for _, n := range []*Nullable[string]{&c.CronExpression, &c.CompletionWebhookURL} {
		if s, ok := n.Get(); ok {
			*n = Value(strings.TrimSpace(s))
		}
	}
	c.TriggerType = TriggerType(strings.TrimSpace(string(c.TriggerType)))
	c.Timezone = strings.TrimSpace(c.Timezone)
	return c
}

func (c AutomationChange) check(op string) error {
	if c == (AutomationChange{}) {
		return invalid(op, "there is nothing to change")
	}
	var problems []string
	cron, cronGiven := c.CronExpression.Get()
	if cronGiven && cron == "" {
		problems = append(problems, "CronExpression is blank; Null takes it away")
	}
	if c.TriggerType == TriggerSchedule && c.CronExpression.IsNull() {
		problems = append(problems, "a schedule needs a CronExpression")
	}
	hook, hookGiven := c.CompletionWebhookURL.Get()
	if hookGiven && hook == "" {
		problems = append(problems, "CompletionWebhookURL is blank; Null takes it away")
	}
	problems = append(problems, automationProblems(cron, c.Timezone, hook)...)
	if len(problems) > 0 {
		return invalid(op, "%s", strings.Join(problems, "; "))
	}
	return nil
}

// automationProblems tells what cannot be right. Whether a cron expression is
// one, and which time zones there are, the service knows best.
func automationProblems(cron, zone, hook string) (problems []string) {
	if strings.ContainsFunc(cron, unicode.IsControl) {
		problems = append(problems, "there is a control character in CronExpression")
	}
	switch {
	case zone == "Local":
		problems = append(problems, `Timezone is "Local", which is what Go calls a machine's own; a name such as Europe/Berlin is wanted`)
	case strings.ContainsFunc(zone, func(r rune) bool { return r <= ' ' || r > '~' }):
		problems = append(problems, fmt.Sprintf("Timezone is %q; a name such as Europe/Berlin is wanted", shorten(zone)))
	}
	if hook != "" && !isWebURL(hook) {
		text := "CompletionWebhookURL is not an absolute URL of http or https" // not which: it may be secret
		if hook == redacted {
			text = "CompletionWebhookURL is an auth.Secret in print; string(s) reveals it"
		}
		problems = append(problems, text)
	}
	return problems
}

// isWebURL reports whether s is an absolute URL of http or https.
func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

// urlSecrets are the texts of a webhook's URL that an error must not repeat.
func urlSecrets(s string) []string {
	u, err := url.Parse(s)
	if s == "" || err != nil {
		return nil
	}
	list := []string{s, u.String(), u.RequestURI(), u.Path, u.RawQuery, u.Fragment}
	if password, ok := u.User.Password(); ok {
		list = append(list, password)
	}
	for _, values := range u.Query() {
		list = append(list, values...)
	}
	return list
}

// List lists the automations of the workflow, in the order of the service,
// which has them on one page. A workflow that does not exist is [ErrNotFound].
func (a Automations) List(ctx context.Context) ([]Automation, error) {
	return a.list(ctx, "list automations")
}

func (a Automations) list(ctx context.Context, op string) ([]Automation, error) {
	call := &call{op: op, name: "listAutomations", read: true}
	at, err := a.at(ctx, call.op)
	if err != nil {
		return nil, err
	}
	got, err := fetchList[Automation](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return a.ws.client.raw.ListAutomations(ctx, at.workflow, &gen.ListAutomationsParams{WorkspaceID: at.workspace})
	})
	if err != nil {
		return nil, a.ws.forget(err)
	}
	return got, nil
}

// Get returns the automation of that id. One that does not exist, or that is
// another workflow's, is [ErrNotFound].
func (a Automations) Get(ctx context.Context, id string) (*Automation, error) {
	call := &call{op: "get automation", name: "getAutomation", read: true}
	id, err := pathID(call.op, "automation", id)
	if err != nil {
		return nil, err
	}
	at, err := a.at(ctx, call.op)
	if err != nil {
		return nil, err
	}
	got, err := fetch[Automation](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return a.ws.client.raw.GetAutomation(ctx, at.workflow, id, &gen.GetAutomationParams{WorkspaceID: at.workspace})
	})
	if err != nil {
		return nil, a.ws.forget(err)
	}
	return got, nil
}

// Create makes an automation, which is on at once unless the request says
// otherwise. A request that cannot be right is [ErrInvalid], and nothing is
// sent.
func (a Automations) Create(ctx context.Context, r AutomationRequest) (*Automation, error) {
	r = r.trimmed()
	call := &call{op: "create automation", name: "createAutomation", secrets: urlSecrets(r.CompletionWebhookURL)}
	if err := r.check(call.op); err != nil {
		return nil, err
	}
	at, err := a.at(ctx, call.op)
	if err != nil {
		return nil, err
	}
	body := gen.AutomationCreateRequest{
		WorkspaceID: at.workspace, Enabled: !r.Disabled, TriggerType: string(r.TriggerType),
		CronExpression: optional(r.CronExpression), Timezone: optional(r.Timezone), CompletionWebhookURL: optional(r.CompletionWebhookURL),
	}
	got, err := fetch[Automation](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return a.ws.client.raw.CreateAutomation(ctx, at.workflow, &gen.CreateAutomationParams{WorkspaceID: at.workspace}, body)
	})
	if err != nil {
		return nil, a.ws.forget(err)
	}
	return got, nil
}

// Update changes the automation of that id and returns what it is then. A
// change of nothing, or one that cannot be right, is [ErrInvalid], and nothing
// is sent.
func (a Automations) Update(ctx context.Context, id string, change AutomationChange) (*Automation, error) {
	change = change.trimmed()
	hook, _ := change.CompletionWebhookURL.Get()
	call := &call{op: "update automation", name: "updateAutomation", secrets: urlSecrets(hook)}
	id, err := pathID(call.op, "automation", id)
	if err != nil {
		return nil, err
	}
	if err := change.check(call.op); err != nil {
		return nil, err
	}
	at, err := a.at(ctx, call.op)
	if err != nil {
		return nil, err
	}
	body := gen.AutomationUpdateRequest{
		Enabled: change.Enabled, TriggerType: optional(string(change.TriggerType)), CronExpression: change.CronExpression,
		Timezone: optional(change.Timezone), CompletionWebhookURL: change.CompletionWebhookURL,
	}
	got, err := fetch[Automation](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return a.ws.client.raw.UpdateAutomation(ctx, at.workflow, id, &gen.UpdateAutomationParams{WorkspaceID: at.workspace}, body)
	})
	if err != nil {
		return nil, a.ws.forget(err)
	}
	return got, nil
}

// Delete deletes the automation of that id. One that does not exist is
// [ErrNotFound].
func (a Automations) Delete(ctx context.Context, id string) error {
	call := &call{op: "delete automation", name: "deleteAutomation"}
	id, err := pathID(call.op, "automation", id)
	if err != nil {
		return err
	}
	at, err := a.at(ctx, call.op)
	if err != nil {
		return err
	}
	return a.ws.forget(acknowledge(ctx, call, func(ctx context.Context) (*http.Response, error) {
		return a.ws.client.raw.DeleteAutomation(ctx, at.workflow, id, &gen.DeleteAutomationParams{WorkspaceID: at.workspace})
	}))
}

// workflowAt says where a workflow is, for the service.
type workflowAt struct{ workspace, workflow string }

// at checks the workflow's id, and finds the workspace's.
func (a Automations) at(ctx context.Context, op string) (at workflowAt, err error) {
	if at.workflow, err = pathID(op, "workflow", a.workflow); err != nil {
		return at, err
	}
	at.workspace, err = a.ws.id(ctx)
	return at, err
}
