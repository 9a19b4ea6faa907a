package client

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// ConnectionTemplates gives access to the connection templates of an
// organization. A connection template says to which destination data is
// replicated, and when. [Client.ConnectionTemplates] returns it.
//
// A call with an ID that is not a UUID sends nothing and returns an error that
// matches [ErrInvalid].
type ConnectionTemplates struct{ part }

// ConnectionTemplates returns access to the organization's connection
// templates.
func (c *Client) ConnectionTemplates() ConnectionTemplates { return ConnectionTemplates{part{c}} }

// A ConnectionTemplate says to which destination data is replicated, and when.
// DestinationDefinitionID, DestinationConfig, SyncOnCreate and
// NonBreakingChanges are set only if Hosting is UserHosted.
type ConnectionTemplate struct {
	ID             string      `json:"id"`
	OrganizationID string      `json:"organization_id"`
	Hosting        DataHosting `json:"data_hosting_type"`

	DestinationName string `json:"destination_name"`

	// CronExpression says when to replicate, in Quartz syntax: 6 or 7 fields
	// (second minute hour day-of-month month day-of-week [year]), such as
	// "0 0 9 ? * MON-FRI". It is empty if there is no schedule.
	CronExpression string `json:"cron_expression,omitzero"`

	DestinationDefinitionID string             `json:"destination_definition_id,omitzero"` // a UUID
	DestinationConfig       Configuration      `json:"destination_config,omitempty"`
	SyncOnCreate            *bool              `json:"sync_on_create,omitzero"` // whether new connections replicate at once; nil if the service does not send it
	NonBreakingChanges      NonBreakingChanges `json:"non_breaking_changes_preference,omitzero"`

	Icon      string    `json:"icon,omitzero"` // a URL, or the icon itself as text
	Tags      []string  `json:"tags,omitempty"`
	CreatedAt time.Time `json:"created_at,omitzero"` // zero if the service does not send it
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

func (t ConnectionTemplate) lacks() string { return unless(t.ID != "", "id") }

// String describes the template and hides its DestinationConfig.
func (t ConnectionTemplate) String() string {
	return fmt.Sprintf("client.ConnectionTemplate{ID:%q, Hosting:%q, DestinationName:%q, DestinationConfig:%s, CronExpression:%q}",
		t.ID, t.Hosting, t.DestinationName, t.DestinationConfig, t.CronExpression)
}

// Format writes what String returns, for every verb. Without it, a verb that
// does not fit the type would make fmt print the fields of a pointer inside
// another type without calling their methods.
func (t ConnectionTemplate) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// setHosting sets Hosting if the service did not send it. Destinations that Airbyte
// provides have neither a definition nor a configuration.
func (t *ConnectionTemplate) setHosting() {
	if t.Hosting == "" {
		t.Hosting = AirbyteHosted
		if t.DestinationDefinitionID != "" || t.DestinationConfig != nil {
			t.Hosting = UserHosted
		}
	}
}

// A DataHosting says who owns a destination. The service may send values that
// are not among the constants.
type DataHosting string

// The owners of destinations.
const (
	UserHosted    DataHosting = "user_hosted"    // your own
	AirbyteHosted DataHosting = "airbyte_hosted" // storage that Airbyte provides
)

// A NonBreakingChanges says what to do when a source gains fields or streams.
// The service may send values that are not among the constants.
type NonBreakingChanges string

// What to do when a source gains fields or streams.
const (
	ChangesIgnore           NonBreakingChanges = "ignore"
	ChangesDisable          NonBreakingChanges = "disable"           // stop replicating
	ChangesPropagateColumns NonBreakingChanges = "propagate_columns" // replicate new fields
	ChangesPropagateFully   NonBreakingChanges = "propagate_fully"   // replicate new fields and streams
)

// A ConnectionTemplateRequest describes a connection template to create.
//
// Formatting, logging or marshaling a request hides its DestinationConfig,
// except where it is in an unexported field of another type: fmt calls no
// methods there.
type ConnectionTemplateRequest struct {
	// Hosting says who owns the destination. UserHosted is the default and
	// requires DestinationName, DestinationDefinitionID and DestinationConfig.
	// With AirbyteHosted, only CronExpression may be set.
	Hosting DataHosting

	// CronExpression says when to replicate, in Quartz syntax: 6 or 7 fields
	// (second minute hour day-of-month month day-of-week [year]), such as
	// "0 0 9 ? * MON-FRI". If it is empty, there is no schedule.
	CronExpression string

	DestinationName         string
	DestinationDefinitionID string             // a UUID; see [Definitions.FindDestination]
	DestinationConfig       Configuration      // must match the Spec of the definition
	SyncOnCreate            *bool              // whether new connections replicate at once; nil means true
	NonBreakingChanges      NonBreakingChanges // ChangesIgnore by default
}

// String describes the request and hides its DestinationConfig.
func (r ConnectionTemplateRequest) String() string {
	return fmt.Sprintf("client.ConnectionTemplateRequest{Hosting:%q, CronExpression:%q, DestinationName:%q, DestinationDefinitionID:%q, "+
		"DestinationConfig:%s, SyncOnCreate:%s, NonBreakingChanges:%q}",
		r.Hosting, r.CronExpression, r.DestinationName, r.DestinationDefinitionID,
		r.DestinationConfig, maybe(r.SyncOnCreate), r.NonBreakingChanges)
}

// maybe formats an optional bool.
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

// MarshalText returns what String returns: a request is not meant to be stored.
func (r ConnectionTemplateRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

func (r ConnectionTemplateRequest) wire(op string) (body gen.ConnectionTemplateCreateRequest, err error) {
	cron, name := strings.TrimSpace(r.CronExpression), strings.TrimSpace(r.DestinationName)
	definition := r.DestinationDefinitionID
	wrongID := uuidField("DestinationDefinitionID", &definition)
	switch hosting := cmp.Or(r.Hosting, UserHosted); hosting {
	case AirbyteHosted:
		if name != "" || definition != "" || r.DestinationConfig != nil || r.SyncOnCreate != nil || r.NonBreakingChanges != "" {
			return body, invalid(op, "AirbyteHosted takes only a CronExpression; leave the other fields empty, or set Hosting to UserHosted")
		}
		err = body.FromAirbyteHostedConnectionTemplateRequest(gen.AirbyteHostedConnectionTemplateRequest{
			CronExpression: optional(cron), DataHostingType: gen.AirbyteHostingType,
		})
	case UserHosted:
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
			problems = append(problems, "UserHosted, the default, needs "+strings.Join(lacking, " and ")+"; AirbyteHosted does not")
		}
		if err := refuse(op, append(problems, wrongID)...); err != nil {
			return body, err
		}
		err = body.FromUserHostedConnectionTemplateRequest(gen.UserHostedConnectionTemplateRequest{
			CronExpression: optional(cron), DataHostingType: new(gen.UserHostingType), DestinationName: name,
			DestinationDefinitionID: definition, DestinationConfig: r.DestinationConfig, SyncOnCreate: r.SyncOnCreate,
			NonBreakingChangesPreference: optional(gen.NonBreakingChangesPreference(r.NonBreakingChanges)),
		})
	default:
		return body, invalid(op, "Hosting %q is neither UserHosted nor AirbyteHosted", shorten(string(hosting)))
	}
	if err != nil {
		return body, invalid(op, "the request cannot be encoded as JSON: %v", err)
	}
	return body, nil
}

// A ConnectionTemplateChange says what [ConnectionTemplates.Update] changes.
// Zero fields leave the template unchanged.
//
// Formatting, logging or marshaling a change hides its DestinationConfig,
// except where it is in an unexported field of another type: fmt calls no
// methods there.
type ConnectionTemplateChange struct {
	// CronExpression says when to replicate, in Quartz syntax: 6 or 7 fields
	// (second minute hour day-of-month month day-of-week [year]), such as
	// "0 0 9 ? * MON-FRI". [Null] removes the schedule.
	CronExpression Nullable[string]

	DestinationName string

	// DestinationConfig replaces the template's DestinationConfig unless it is
	// nil. It must contain the secrets again: the service may have masked them
	// in what [ConnectionTemplates.Get] returns.
	DestinationConfig Configuration

	SyncOnCreate       *bool // with new(false), new connections wait for the schedule
	NonBreakingChanges NonBreakingChanges
}

// String describes the change and hides its DestinationConfig.
func (c ConnectionTemplateChange) String() string {
	return fmt.Sprintf("client.ConnectionTemplateChange{CronExpression:%s, DestinationName:%q, DestinationConfig:%s, SyncOnCreate:%s, NonBreakingChanges:%q}",
		shownChange(c.CronExpression, strconv.Quote), c.DestinationName, c.DestinationConfig.inChange(), maybe(c.SyncOnCreate), c.NonBreakingChanges)
}

// Format writes what String returns, for every verb.
func (c ConnectionTemplateChange) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer].
func (c ConnectionTemplateChange) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns what String returns: a change is not meant to be stored.
func (c ConnectionTemplateChange) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

func (c ConnectionTemplateChange) wire(op string) (gen.ConnectionTemplateUpdateRequest, error) {
	body := gen.ConnectionTemplateUpdateRequest{
		CronExpression: c.CronExpression, DestinationName: set(strings.TrimSpace(c.DestinationName)),
		NonBreakingChangesPreference: set(gen.NonBreakingChangesPreference(c.NonBreakingChanges)),
	}
	if c.DestinationConfig != nil {
		body.DestinationConfig = Value(map[string]any(c.DestinationConfig))
	}
	if c.SyncOnCreate != nil {
		body.SyncOnCreate = Value(*c.SyncOnCreate)
	}
	problems := []string{configProblem("DestinationConfig", c.DestinationConfig)}
	if cron, ok := c.CronExpression.Get(); ok {
		cron = strings.TrimSpace(cron)
		if body.CronExpression = Value(cron); cron == "" {
			problems = append(problems, "CronExpression is empty; use Null to remove the schedule")
		}
	}
	empty := body.CronExpression.IsZero() && body.DestinationName.IsZero() && body.DestinationConfig.IsZero() &&
		body.SyncOnCreate.IsZero() && body.NonBreakingChangesPreference.IsZero()
	return body, refuse(op, append(problems, problemIf(empty, nothing))...)
}

func fetchConnectionTemplate(ctx context.Context, ask *call) (*ConnectionTemplate, error) {
	got, err := fetch[ConnectionTemplate](ctx, ask)
	if err != nil {
		return nil, err
	}
	got.setHosting()
	return got, nil
}

// A ConnectionTemplateFilter says which templates [ConnectionTemplates.List]
// returns. The zero filter selects all of them.
type ConnectionTemplateFilter struct {
	Tags  []string // selects by tags; empty means all templates
	Match TagMatch // whether one of the Tags is enough; TagMatchAny if empty
}

func (f ConnectionTemplateFilter) wire(op string) (*gen.ListConnectionTemplatesParams, error) {
	tags, mode := matchTags(f.Tags, f.Match)
	return &gen.ListConnectionTemplatesParams{Tags: tags, TagsMode: mode}, refuse(op, tagProblem("", f.Tags, f.Match))
}

// List returns the organization's connection templates that the filter selects.
// The service sends them in one page.
func (t ConnectionTemplates) List(ctx context.Context, filter ConnectionTemplateFilter) ([]ConnectionTemplate, error) {
	ask := t.begin(&call{op: "list connection templates", name: "listConnectionTemplates", read: true})
	query, err := filter.wire(ask.op)
	if err != nil {
		return nil, err
	}
	got, err := fetchList[ConnectionTemplate](ctx, ask.to(gen.NewListConnectionTemplatesRequest(ask.server(), query)))
	if err != nil {
		return nil, err
	}
	for i := range got {
		got[i].setHosting()
	}
	return got, nil
}

// Get returns the template with the given ID, a UUID.
func (t ConnectionTemplates) Get(ctx context.Context, id string) (*ConnectionTemplate, error) {
	ask := t.begin(&call{op: "get connection template", name: "getConnectionTemplate", read: true})
	id, err := checkUUID(ask.op, "connection template", id)
	if err != nil {
		return nil, err
	}
	return fetchConnectionTemplate(ctx, ask.to(gen.NewGetConnectionTemplateRequest(ask.server(), id, nil)))
}

// Create creates a connection template in the organization. A request that is
// incomplete, or that sets fields that do not apply to its Hosting, is an error
// that matches [ErrInvalid]; nothing is sent.
func (t ConnectionTemplates) Create(ctx context.Context, r ConnectionTemplateRequest) (*ConnectionTemplate, error) {
	ask := t.begin(&call{op: "create connection template", name: "createConnectionTemplate"})
	body, err := r.wire(ask.op)
	if err != nil {
		return nil, err
	}
	ask.secrets = configSecrets(r.DestinationConfig)
	return fetchConnectionTemplate(ctx, ask.to(gen.NewCreateConnectionTemplateRequest(ask.server(), nil, body)))
}

// Update changes the template with the given ID, a UUID, and returns its new
// state. For a destination that Airbyte provides, only the schedule should be
// changed. An empty change is an error that matches [ErrInvalid]; nothing is
// sent.
func (t ConnectionTemplates) Update(ctx context.Context, id string, change ConnectionTemplateChange) (*ConnectionTemplate, error) {
	ask := t.begin(&call{op: "update connection template", name: "updateConnectionTemplate"})
	id, err := checkUUID(ask.op, "connection template", id)
	if err != nil {
		return nil, err
	}
	body, err := change.wire(ask.op)
	if err != nil {
		return nil, err
	}
	ask.secrets = configSecrets(change.DestinationConfig)
	got, err := fetchConnectionTemplate(ctx, ask.to(gen.NewUpdateConnectionTemplateRequest(ask.server(), id, nil, body)))
	if err != nil {
		return orLook(err, func() (*ConnectionTemplate, error) { return t.Get(ctx, id) })
	}
	return got, nil
}

// Delete deletes the template with the given ID, a UUID.
func (t ConnectionTemplates) Delete(ctx context.Context, id string) error {
	ask := t.begin(&call{op: "delete connection template", name: "deleteConnectionTemplate"})
	id, err := checkUUID(ask.op, "connection template", id)
	if err != nil {
		return err
	}
	return acknowledge(ctx, ask.to(gen.NewDeleteConnectionTemplateRequest(ask.server(), id, nil)))
}

// DescribeCron returns the schedule of a cron expression in words, such as
// "Every hour". The service writes the description. The expression is in Quartz
// syntax, as in [ConnectionTemplateRequest]. If the service does not accept it,
// the error matches [ErrInvalid] and says what is wrong.
func (t ConnectionTemplates) DescribeCron(ctx context.Context, expression string) (string, error) {
	ask := t.begin(&call{op: "describe cron expression", name: "describeCron"})
	expression = strings.TrimSpace(expression)
	if expression == "" {
		return "", invalid(ask.op, "the cron expression is empty")
	}
	got, err := fetch[cronDescription](ctx, ask.to(gen.NewDescribeCronRequest(ask.server(), nil, gen.CronDescribeRequest{CronExpression: expression})))
	if err != nil {
		return "", err
	}
	if got.Valid != nil && !*got.Valid {
		e := ask.fail(nil)
		e.StatusCode, e.kind = http.StatusOK, ErrInvalid
		e.Message = cmp.Or(got.Text, "the service does not accept the cron expression")
		return "", e
	}
	return got.Text, nil
}

type cronDescription struct {
	Text  string `json:"description"`
	Valid *bool  `json:"is_valid"`
}

func (d cronDescription) lacks() string {
	return unless(d.Text != "" || d.Valid != nil && !*d.Valid, "description")
}
