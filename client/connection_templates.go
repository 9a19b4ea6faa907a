package client

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// ConnectionTemplates say where replicated data goes, and how often.
// [Client.ConnectionTemplates] gives them.
type ConnectionTemplates struct{ part }

// ConnectionTemplates are the organization's.
func (c *Client) ConnectionTemplates() ConnectionTemplates { return ConnectionTemplates{part{c}} }

// A ConnectionTemplate says where replicated data goes, and how often.
type ConnectionTemplate struct {
	ID             string      `json:"id"`
	OrganizationID string      `json:"organization_id"`
	Hosting        DataHosting `json:"data_hosting_type"`

	DestinationName string `json:"destination_name"`
	CronExpression  string `json:"cron_expression,omitzero"` // when to replicate, in Quartz syntax; "" for no schedule

	// What follows is of templates with a destination of one's own.

	DestinationDefinitionID string             `json:"destination_definition_id,omitzero"` // the kind of destination
	DestinationConfig       Configuration      `json:"destination_config,omitempty"`
	SyncOnCreate            *bool              `json:"sync_on_create,omitzero"` // whether new connections replicate at once; nil when the service does not say
	NonBreakingChanges      NonBreakingChanges `json:"non_breaking_changes_preference,omitzero"`

	Icon      string    `json:"icon,omitzero"` // a URL, or the icon itself as text
	Tags      []string  `json:"tags,omitempty"`
	CreatedAt time.Time `json:"created_at,omitzero"` // zero when the service does not say
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

// String tells where the data goes, and not how to get in there.
func (t ConnectionTemplate) String() string {
	return fmt.Sprintf("client.ConnectionTemplate{ID:%q, Hosting:%q, DestinationName:%q, DestinationConfig:%s, CronExpression:%q}",
		t.ID, t.Hosting, t.DestinationName, t.DestinationConfig, t.CronExpression)
}

// Format writes what String returns, for every verb: of a pointer inside
// another type, fmt would else print the fields without asking them.
func (t ConnectionTemplate) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// settle finds out where the data goes when the service does not say: Airbyte's
// own destinations have no definition and no configuration.
func (t *ConnectionTemplate) settle() {
	if t.Hosting == "" {
		t.Hosting = AirbyteHosted
		if t.DestinationDefinitionID != "" || t.DestinationConfig != nil {
			t.Hosting = UserHosted
		}
	}
}

// DataHosting tells whose the destination is. Values that are not among the
// constants may come.
type DataHosting string

// The owners of destinations.
const (
	UserHosted    DataHosting = "user_hosted"    // one's own
	AirbyteHosted DataHosting = "airbyte_hosted" // storage that Airbyte provides
)

// NonBreakingChanges tells what to do when a source gains fields or streams.
// Values that are not among the constants may come.
type NonBreakingChanges string

// What to do when a source gains fields or streams.
const (
	ChangesIgnored          NonBreakingChanges = "ignore"
	ChangesDisable          NonBreakingChanges = "disable"           // stop replicating
	ChangesPropagateColumns NonBreakingChanges = "propagate_columns" // take over new fields
	ChangesPropagateFully   NonBreakingChanges = "propagate_fully"   // and new streams
)

// A ConnectionTemplateRequest describes a connection template to be made. It
// prints without the configuration, but in an unexported field of another type,
// where fmt calls no methods.
type ConnectionTemplateRequest struct {
	// Hosting tells whose the destination is. UserHosted, and "" for it, needs
	// DestinationName, DestinationDefinitionID and DestinationConfig.
	// AirbyteHosted takes nothing but a CronExpression.
	Hosting DataHosting

	CronExpression string // when to replicate, in Quartz syntax; "" for no schedule

	DestinationName         string
	DestinationDefinitionID string             // the kind of destination, a UUID: see [Definitions.FindDestination]
	DestinationConfig       map[string]any     // as its definition wants it
	SyncOnCreate            *bool              // whether new connections replicate at once; nil for true
	NonBreakingChanges      NonBreakingChanges // ChangesIgnored when empty
}

func (r ConnectionTemplateRequest) String() string {
	return fmt.Sprintf("client.ConnectionTemplateRequest{Hosting:%q, CronExpression:%q, DestinationName:%q, DestinationDefinitionID:%q, "+
		"DestinationConfig:%s, SyncOnCreate:%s, NonBreakingChanges:%q}",
		r.Hosting, r.CronExpression, r.DestinationName, r.DestinationDefinitionID,
		hiddenConfig(r.DestinationConfig), maybe(r.SyncOnCreate), r.NonBreakingChanges)
}

// maybe is a bool in print that need not be given.
func maybe(b *bool) string {
	if b == nil {
		return "not given"
	}
	return fmt.Sprint(*b)
}

// Format writes what String returns, for every verb.
func (r ConnectionTemplateRequest) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue implements [slog.LogValuer].
func (r ConnectionTemplateRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText returns what String returns: a request is not for storing.
func (r ConnectionTemplateRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// wire is r as it is sent, if it is complete.
func (r ConnectionTemplateRequest) wire(op string) (body gen.ConnectionTemplateCreateRequest, err error) {
	cron, name := strings.TrimSpace(r.CronExpression), strings.TrimSpace(r.DestinationName)
	definition := strings.TrimSpace(r.DestinationDefinitionID)
	switch hosting := cmp.Or(r.Hosting, UserHosted); hosting {
	case AirbyteHosted:
		if name != "" || definition != "" || r.DestinationConfig != nil || r.SyncOnCreate != nil || r.NonBreakingChanges != "" {
			return body, invalid(op, "a destination that Airbyte provides takes nothing but a CronExpression; leave the rest out, or have Hosting be UserHosted")
		}
		err = body.FromAirbyteHostedConnectionTemplateRequest(gen.AirbyteHostedConnectionTemplateRequest{
			CronExpression: optional(cron), DataHostingType: gen.AirbyteHostingType,
		})
	case UserHosted:
		id, isUUID := plainUUID(definition)
		problems := []string{configProblem("DestinationConfig", r.DestinationConfig)}
		var lacking []string
		for _, need := range []struct {
			field   string
			missing bool
		}{
			{"DestinationName", name == ""}, {"DestinationDefinitionID", definition == ""}, {"DestinationConfig", r.DestinationConfig == nil},
		} {
			if need.missing {
				lacking = append(lacking, need.field)
			}
		}
		if len(lacking) > 0 {
			problems = append(problems, "a destination of one's own needs "+strings.Join(lacking, " and ")+"; AirbyteHosted does without")
		}
		if definition != "" && !isUUID {
			problems = append(problems, "DestinationDefinitionID is not a UUID")
		}
		if err := refuse(op, problems...); err != nil {
			return body, err
		}
		err = body.FromUserHostedConnectionTemplateRequest(gen.UserHostedConnectionTemplateRequest{
			CronExpression: optional(cron), DataHostingType: new(gen.UserHostingType), DestinationName: name,
			DestinationDefinitionID: id, DestinationConfig: r.DestinationConfig, SyncOnCreate: r.SyncOnCreate,
			NonBreakingChangesPreference: optional(gen.NonBreakingChangesPreference(r.NonBreakingChanges)),
		})
	default:
		return body, invalid(op, "Hosting %q is neither UserHosted nor AirbyteHosted", shorten(string(hosting)))
	}
	if err != nil {
		return body, invalid(op, "the request cannot be written as JSON: %v", err)
	}
	return body, nil
}

// A ConnectionTemplateChange says what [ConnectionTemplates.Update] changes.
// Zero fields stay as they are. It prints without the configuration, but in an
// unexported field of another type, where fmt calls no methods.
type ConnectionTemplateChange struct {
	CronExpression Nullable[string] // when to replicate, in Quartz syntax; null takes the schedule away

	DestinationName string

	// DestinationConfig takes the place of the one that the template has, if it
	// is not nil. It needs the secrets anew: in what [ConnectionTemplates.Get]
	// returns, the service may have masked them.
	DestinationConfig map[string]any

	SyncOnCreate       *bool // new(false): new connections wait for the schedule
	NonBreakingChanges NonBreakingChanges
}

func (c ConnectionTemplateChange) String() string {
	cron := "unchanged"
	switch text, ok := c.CronExpression.Get(); {
	case ok:
		cron = fmt.Sprintf("%q", text)
	case c.CronExpression.IsNull():
		cron = "null"
	}
	config := "unchanged"
	if c.DestinationConfig != nil {
		config = hiddenConfig(c.DestinationConfig)
	}
	return fmt.Sprintf("client.ConnectionTemplateChange{CronExpression:%s, DestinationName:%q, DestinationConfig:%s, SyncOnCreate:%s, NonBreakingChanges:%q}",
		cron, c.DestinationName, config, maybe(c.SyncOnCreate), c.NonBreakingChanges)
}

// Format writes what String returns, for every verb.
func (c ConnectionTemplateChange) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer].
func (c ConnectionTemplateChange) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns what String returns: a change is not for storing.
func (c ConnectionTemplateChange) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// wire is c as it is sent, if there is anything to change.
func (c ConnectionTemplateChange) wire(op string) (gen.ConnectionTemplateUpdateRequest, error) {
	body := gen.ConnectionTemplateUpdateRequest{
		CronExpression: c.CronExpression, DestinationName: set(strings.TrimSpace(c.DestinationName)),
		NonBreakingChangesPreference: set(gen.NonBreakingChangesPreference(c.NonBreakingChanges)),
	}
	if c.DestinationConfig != nil {
		body.DestinationConfig = Value(c.DestinationConfig)
	}
	if c.SyncOnCreate != nil {
		body.SyncOnCreate = Value(*c.SyncOnCreate)
	}
	problems := []string{configProblem("DestinationConfig", c.DestinationConfig)}
	if cron, ok := c.CronExpression.Get(); ok {
		cron = strings.TrimSpace(cron)
		if body.CronExpression = Value(cron); cron == "" {
			problems = append(problems, "CronExpression is empty; Null takes the schedule away")
		}
	}
	if body.CronExpression.IsZero() && body.DestinationName.IsZero() && body.DestinationConfig.IsZero() &&
		body.SyncOnCreate.IsZero() && body.NonBreakingChangesPreference.IsZero() {
		problems = append(problems, "there is nothing to change")
	}
	return body, refuse(op, problems...)
}

func fetchConnectionTemplate(ctx context.Context, call *call, send func(context.Context) (*http.Response, error)) (*ConnectionTemplate, error) {
	got, err := fetch[ConnectionTemplate](ctx, call, send)
	if err != nil {
		return nil, err
	}
	got.settle()
	return got, nil
}

// List lists the organization's connection templates. The service has them on
// one page.
func (t ConnectionTemplates) List(ctx context.Context, opts ...TemplateOption) ([]ConnectionTemplate, error) {
	call := &call{op: "list connection templates", name: "listConnectionTemplates", read: true}
	q, tags, mode, err := queryOf(call.op, opts)
	if err == nil && q.global {
		err = invalid(call.op, "WithGlobal is for source templates only")
	}
	if err != nil {
		return nil, err
	}
	got, err := fetchList[ConnectionTemplate](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return t.client.raw.ListConnectionTemplates(ctx, &gen.ListConnectionTemplatesParams{Tags: tags, TagsMode: mode})
	})
	if err != nil {
		return nil, err
	}
	for i := range got {
		got[i].settle()
	}
	return got, nil
}

// Get tells of the template with that id, a UUID.
func (t ConnectionTemplates) Get(ctx context.Context, id string) (*ConnectionTemplate, error) {
	call := &call{op: "get connection template", name: "getConnectionTemplate", read: true}
	id, err := checkUUID(call.op, "connection template", id)
	if err != nil {
		return nil, err
	}
	return fetchConnectionTemplate(ctx, call, func(ctx context.Context) (*http.Response, error) {
		return t.client.raw.GetConnectionTemplate(ctx, id, &gen.GetConnectionTemplateParams{})
	})
}

// Create adds a connection template to the organization. A request that is not
// complete, or has what the other kind of destination takes, is [ErrInvalid],
// and nothing is sent.
func (t ConnectionTemplates) Create(ctx context.Context, r ConnectionTemplateRequest) (*ConnectionTemplate, error) {
	call := &call{op: "create connection template", name: "createConnectionTemplate", secrets: configSecrets(r.DestinationConfig)}
	body, err := r.wire(call.op)
	if err != nil {
		return nil, err
	}
	return fetchConnectionTemplate(ctx, call, func(ctx context.Context) (*http.Response, error) {
		return t.client.raw.CreateConnectionTemplate(ctx, &gen.CreateConnectionTemplateParams{}, body)
	})
}

// Update changes the template with that id, a UUID, and returns what it is then.
// Of one with a destination that Airbyte provides, only the schedule should be
// changed.
func (t ConnectionTemplates) Update(ctx context.Context, id string, change ConnectionTemplateChange) (*ConnectionTemplate, error) {
	call := &call{op: "update connection template", name: "updateConnectionTemplate", secrets: configSecrets(change.DestinationConfig)}
	id, err := checkUUID(call.op, "connection template", id)
	if err != nil {
		return nil, err
	}
	body, err := change.wire(call.op)
	if err != nil {
		return nil, err
	}
	return fetchConnectionTemplate(ctx, call, func(ctx context.Context) (*http.Response, error) {
		return t.client.raw.UpdateConnectionTemplate(ctx, id, &gen.UpdateConnectionTemplateParams{}, body)
	})
}

// Delete deletes the template with that id, a UUID.
func (t ConnectionTemplates) Delete(ctx context.Context, id string) error {
	call := &call{op: "delete connection template", name: "deleteConnectionTemplate"}
	id, err := checkUUID(call.op, "connection template", id)
	if err != nil {
		return err
	}
	return acknowledge(ctx, call, func(ctx context.Context) (*http.Response, error) {
		return t.client.raw.DeleteConnectionTemplate(ctx, id, &gen.DeleteConnectionTemplateParams{})
	})
}

// DescribeCron has the service put a cron expression, in Quartz syntax, into
// words, such as "Every hour". One that the service does not accept is
// [ErrInvalid]; the error says what is wrong with it.
func (t ConnectionTemplates) DescribeCron(ctx context.Context, expression string) (string, error) {
	call := &call{op: "describe cron expression", name: "describeCron"}
	expression = strings.TrimSpace(expression)
	if expression == "" {
		return "", invalid(call.op, "the cron expression is empty")
	}
	type description struct {
		Text  string `json:"description"`
		Valid *bool  `json:"is_valid"`
	}
	got, err := fetch[description](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return t.client.raw.DescribeCron(ctx, &gen.DescribeCronParams{}, gen.CronDescribeRequest{CronExpression: expression})
	})
	if err != nil {
		return "", err
	}
	if got.Valid != nil && !*got.Valid {
		e := call.fail(nil)
		e.StatusCode, e.kind = http.StatusOK, ErrInvalid
		e.Message = cmp.Or(got.Text, "the service does not accept the cron expression")
		return "", e
	}
	if got.Text == "" {
		return "", &Error{op: call.op, StatusCode: http.StatusOK, Message: "the answer has no description"}
	}
	return got.Text, nil
}
