package client

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// Automations gives access to the automations of one workflow.
// [Workflows.Automations] returns it. The value may be kept and copied.
//
// A call with an ID that is empty, or that cannot be part of a path, sends nothing and
// returns an error that matches [ErrInvalid].
type Automations struct {
	ws       *Workspace
	workflow string
}

// Automations returns access to the automations of the workflow with the given
// ID. It sends nothing; if the ID is not valid, the first call returns an
// error.
func (f Workflows) Automations(workflowID string) Automations {
	return Automations{ws: f.ws, workflow: workflowID}
}

// String describes the automations by the workspace and the workflow.
func (a Automations) String() string {
	return fmt.Sprintf("client.Automations{%q, workflow %q}", a.ws.ready().name, a.workflow)
}

// Format writes what String returns, for every verb.
func (a Automations) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, a.String()) }

// MarshalText returns what String returns.
func (a Automations) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// A TriggerType says what an automation waits for. The service does not publish
// its trigger types other than [TriggerSchedule]. It may send them, and requests
// may use them.
type TriggerType string

// TriggerSchedule starts the workflow at the times of a cron expression.
const TriggerSchedule TriggerType = "schedule"

// An Automation starts a workflow.
//
// Anyone who has TriggerWebhookURL can start the workflow, and a completion
// webhook is often just as open. Formatting, logging and marshaling therefore
// hide both URLs, except where they are in an unexported field of another type:
// fmt calls no methods there. The JSON of an automation is safe to store or
// show, but lacks the URLs; [Automations.Get] returns them again. To reveal a
// URL, convert it to a string.
type Automation struct {
	ID          string `json:"id"`
	WorkflowID  string `json:"workflow_id"`
	WorkspaceID string `json:"workspace_id"`
	Enabled     bool   `json:"enabled"` // whether it currently starts the workflow

	TriggerType TriggerType `json:"trigger_type"`

	// CronExpression says when a schedule starts the workflow.
	CronExpression string `json:"cron_expression,omitzero"`

	Timezone string `json:"timezone,omitzero"` // of the schedule, such as Europe/Berlin; "" means UTC

	CompletionWebhookURL auth.Secret `json:"completion_webhook_url,omitzero"` // called when the workflow is done; "" if there is none
	TriggerWebhookURL    auth.Secret `json:"trigger_webhook_url,omitzero"`    // call it to start the workflow; "" if there is none

	CreatedAt time.Time `json:"created_at,omitzero"` // zero if the service does not send it
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

func (a Automation) lacks() string { return unless(a.ID != "", "id") }

// String describes the automation without its URLs.
func (a Automation) String() string {
	return fmt.Sprintf("client.Automation{ID:%q, WorkflowID:%q, WorkspaceID:%q, Enabled:%t, TriggerType:%q, CronExpression:%q, Timezone:%q, "+
		"CompletionWebhookURL:%s, TriggerWebhookURL:%s}",
		a.ID, a.WorkflowID, a.WorkspaceID, a.Enabled, a.TriggerType, a.CronExpression, a.Timezone,
		shownSecret(a.CompletionWebhookURL), shownSecret(a.TriggerWebhookURL))
}

// Format writes what String returns, for every verb.
func (a Automation) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, a.String()) }

// LogValue implements [slog.LogValuer].
func (a Automation) LogValue() slog.Value { return slog.StringValue(a.String()) }

// An AutomationRequest describes an automation to create. With only a
// CronExpression, it describes an enabled schedule.
//
// Formatting, logging or marshaling a request hides its URL, except where it
// is in an unexported field of another type: fmt calls no methods there.
type AutomationRequest struct {
	TriggerType TriggerType // TriggerSchedule by default
	Disabled    bool        // whether the automation is created disabled

	// CronExpression says when to start the workflow. TriggerSchedule requires
	// it. The service does not document which cron syntax it expects here; for
	// connection templates it is that of Quartz, such as "0 0 9 ? * MON-FRI".
	CronExpression string

	Timezone string // of the schedule, a name such as Europe/Berlin; UTC by default

	// CompletionWebhookURL is called when the workflow is done, unless it is
	// empty. It must be an absolute http or https URL.
	CompletionWebhookURL auth.Secret
}

// String describes the request without its URL.
func (r AutomationRequest) String() string {
	return fmt.Sprintf("client.AutomationRequest{TriggerType:%q, Disabled:%t, CronExpression:%q, Timezone:%q, CompletionWebhookURL:%s}",
		r.TriggerType, r.Disabled, r.CronExpression, r.Timezone, shownSecret(r.CompletionWebhookURL))
}

// Format writes what String returns, for every verb.
func (r AutomationRequest) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, r.String()) }

// LogValue implements [slog.LogValuer].
func (r AutomationRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText returns what String returns: a request is not meant to be stored.
func (r AutomationRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// trimmed returns r without white space around its texts, and with the default
// TriggerType if it has none.
func (r AutomationRequest) trimmed() AutomationRequest {
	r.CronExpression, r.Timezone = strings.TrimSpace(r.CronExpression), strings.TrimSpace(r.Timezone)
	r.CompletionWebhookURL = trimmedSecret(r.CompletionWebhookURL)
	if r.TriggerType = TriggerType(strings.TrimSpace(string(r.TriggerType))); r.TriggerType == "" {
		r.TriggerType = TriggerSchedule
	}
	return r
}

// wire returns the body without the workspace, which is looked up.
func (r AutomationRequest) wire(op string) (gen.AutomationCreateRequest, error) {
	r = r.trimmed()
	body := gen.AutomationCreateRequest{
		Enabled: !r.Disabled, TriggerType: string(r.TriggerType),
		CronExpression: optional(r.CronExpression), Timezone: optional(r.Timezone), CompletionWebhookURL: optional(string(r.CompletionWebhookURL)),
	}
	problem := problemIf(r.TriggerType == TriggerSchedule && r.CronExpression == "", "a schedule needs a CronExpression")
	return body, refuse(op, append([]string{problem}, automationProblems(r.CronExpression, r.Timezone, string(r.CompletionWebhookURL))...)...)
}

// An AutomationChange says what [Automations.Update] changes. Zero fields leave
// the automation unchanged.
//
// Formatting, logging or marshaling a change hides its URL, except where it is
// in an unexported field of another type: fmt calls no methods there.
type AutomationChange struct {
	Enabled     *bool // new(false) pauses the automation
	TriggerType TriggerType

	// CronExpression says when to start the workflow, in the syntax that
	// [AutomationRequest] has. [Null] removes it, but a schedule must have one.
	CronExpression Nullable[string]

	Timezone string // of the schedule; for UTC, set "UTC"

	// CompletionWebhookURL must be an absolute http or https URL. With [Null],
	// nothing is called when the workflow is done.
	CompletionWebhookURL Nullable[auth.Secret]
}

// String describes the change without its URL.
func (c AutomationChange) String() string {
	enabled := unchanged
	if c.Enabled != nil {
		enabled = strconv.FormatBool(*c.Enabled)
	}
	return fmt.Sprintf("client.AutomationChange{Enabled:%s, TriggerType:%q, CronExpression:%s, Timezone:%q, CompletionWebhookURL:%s}",
		enabled, c.TriggerType, shownChange(c.CronExpression, strconv.Quote), c.Timezone, shownChange(c.CompletionWebhookURL, shownSecret))
}

// Format writes what String returns, for every verb.
func (c AutomationChange) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// LogValue implements [slog.LogValuer].
func (c AutomationChange) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns what String returns: a change is not meant to be stored.
func (c AutomationChange) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// trimmed returns c without white space around its texts.
func (c AutomationChange) trimmed() AutomationChange {
	if cron, ok := c.CronExpression.Get(); ok {
		c.CronExpression = Value(strings.TrimSpace(cron))
	}
	if hook, ok := c.CompletionWebhookURL.Get(); ok {
		c.CompletionWebhookURL = Value(trimmedSecret(hook))
	}
	c.TriggerType = TriggerType(strings.TrimSpace(string(c.TriggerType)))
	c.Timezone = strings.TrimSpace(c.Timezone)
	return c
}

func (c AutomationChange) wire(op string) (body gen.AutomationUpdateRequest, err error) {
	c = c.trimmed()
	if c == (AutomationChange{}) {
		return body, invalid(op, nothing)
	}
	cron, cronGiven := c.CronExpression.Get()
	hook, hookGiven := c.CompletionWebhookURL.Get()
	body = gen.AutomationUpdateRequest{
		Enabled: c.Enabled, TriggerType: optional(string(c.TriggerType)), CronExpression: c.CronExpression, Timezone: optional(c.Timezone),
	}
	switch {
	case c.CompletionWebhookURL.IsNull():
		body.CompletionWebhookURL = Null[string]()
	case hookGiven:
		body.CompletionWebhookURL = Value(string(hook))
	}
	problems := []string{
		problemIf(cronGiven && cron == "", "CronExpression is blank; use Null to remove it"),
		problemIf(c.TriggerType == TriggerSchedule && c.CronExpression.IsNull(), "a schedule needs a CronExpression"),
		problemIf(hookGiven && hook == "", "CompletionWebhookURL is blank; use Null to remove it"),
	}
	return body, refuse(op, append(problems, automationProblems(cron, c.Timezone, string(hook))...)...)
}

// urlSecrets returns the parts of a webhook's URL that an error must not
// repeat.
func urlSecrets(hook auth.Secret) []string {
	s := strings.TrimSpace(string(hook))
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
	for segment := range strings.SplitSeq(u.Path, "/") {
		if len(segment) >= 16 { // long enough to be a key rather than a word
			list = append(list, segment)
		}
	}
	return list
}

// List returns the automations of the workflow, in the order of the service,
// which sends them in one page. If the workflow does not exist, the error
// matches [ErrNotFound].
func (a Automations) List(ctx context.Context) ([]Automation, error) {
	return a.list(ctx, "list automations")
}

func (a Automations) list(ctx context.Context, op string) ([]Automation, error) {
	ask := a.ws.begin(&call{op: op, name: "listAutomations", read: true})
	at, err := a.at(ctx, ask.op)
	if err != nil {
		return nil, err
	}
	got, err := fetchList[Automation](ctx, ask.to(gen.NewListAutomationsRequest(ask.server(), at.workflow, &gen.ListAutomationsParams{WorkspaceID: at.workspace})))
	if err != nil {
		return nil, a.ws.forget(err)
	}
	return got, nil
}

// Get returns the automation with the given ID. If there is none, or if it
// belongs to another workflow, the error matches [ErrNotFound].
func (a Automations) Get(ctx context.Context, id string) (*Automation, error) {
	ask := a.ws.begin(&call{op: "get automation", name: "getAutomation", read: true})
	id, err := pathID(ask.op, "automation", id)
	if err != nil {
		return nil, err
	}
	at, err := a.at(ctx, ask.op)
	if err != nil {
		return nil, err
	}
	got, err := fetch[Automation](ctx, ask.to(gen.NewGetAutomationRequest(ask.server(), at.workflow, id, &gen.GetAutomationParams{WorkspaceID: at.workspace})))
	if err != nil {
		return nil, a.ws.forget(err)
	}
	return got, nil
}

// Create creates an automation, which is enabled unless the request says
// otherwise. A request that is incomplete or has an invalid field is an error
// that matches [ErrInvalid]; nothing is sent.
func (a Automations) Create(ctx context.Context, r AutomationRequest) (*Automation, error) {
	ask := a.ws.begin(&call{op: "create automation", name: "createAutomation"})
	body, err := r.wire(ask.op)
	if err != nil {
		return nil, err
	}
	ask.secrets = urlSecrets(r.CompletionWebhookURL)
	at, err := a.at(ctx, ask.op)
	if err != nil {
		return nil, err
	}
	body.WorkspaceID = at.workspace
	got, err := fetch[Automation](ctx, ask.to(gen.NewCreateAutomationRequest(ask.server(), at.workflow, &gen.CreateAutomationParams{WorkspaceID: at.workspace}, body)))
	if err != nil {
		return nil, a.ws.forget(err)
	}
	return got, nil
}

// Update changes the automation with the given ID and returns its new state. An
// empty change, or one with an invalid field, is an error that matches
// [ErrInvalid]; nothing is sent.
func (a Automations) Update(ctx context.Context, id string, change AutomationChange) (*Automation, error) {
	hook, _ := change.CompletionWebhookURL.Get()
	ask := a.ws.begin(&call{op: "update automation", name: "updateAutomation"})
	id, err := pathID(ask.op, "automation", id)
	if err != nil {
		return nil, err
	}
	body, err := change.wire(ask.op)
	if err != nil {
		return nil, err
	}
	ask.secrets = urlSecrets(hook)
	at, err := a.at(ctx, ask.op)
	if err != nil {
		return nil, err
	}
	got, err := fetch[Automation](ctx, ask.to(gen.NewUpdateAutomationRequest(ask.server(), at.workflow, id, &gen.UpdateAutomationParams{WorkspaceID: at.workspace}, body)))
	if err != nil {
		return orLook(a.ws.forget(err), func() (*Automation, error) { return a.Get(ctx, id) })
	}
	return got, nil
}

// Delete deletes the automation with the given ID. If there is none, the error
// matches [ErrNotFound].
func (a Automations) Delete(ctx context.Context, id string) error {
	ask := a.ws.begin(&call{op: "delete automation", name: "deleteAutomation"})
	id, err := pathID(ask.op, "automation", id)
	if err != nil {
		return err
	}
	at, err := a.at(ctx, ask.op)
	if err != nil {
		return err
	}
	return a.ws.forget(acknowledge(ctx, ask.to(gen.NewDeleteAutomationRequest(ask.server(), at.workflow, id, &gen.DeleteAutomationParams{WorkspaceID: at.workspace}))))
}

// A workflowAt identifies a workflow to the service.
type workflowAt struct{ workspace, workflow string }

// at checks the workflow's ID and looks up the workspace's ID.
func (a Automations) at(ctx context.Context, op string) (at workflowAt, err error) {
	if at.workflow, err = pathID(op, "workflow", a.workflow); err != nil {
		return at, err
	}
	at.workspace, err = a.ws.id(ctx)
	return at, err
}
