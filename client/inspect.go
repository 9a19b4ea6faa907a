package client

import (
	"cmp"
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// An Inspection describes a connector, and which of its data can be searched in the
// context store.
type Inspection struct {
	ConnectorID    string `json:"connector_id"`
	Name           string `json:"name"` // the connector's own name
	WorkspaceID    string `json:"workspace_id"`
	OrganizationID string `json:"organization_id"`
	TemplateID     string `json:"source_config_template_id"` // the ID of its source template
	DefinitionID   string `json:"source_definition_id"`      // the ID of its source definition
	DefinitionName string `json:"source_definition_name"`    // the name of its source definition; "" if the service does not say
	DocsID         string `json:"docs_skill_id"`             // the ID of its documentation, which [Connector.Docs] reads

	// Warnings are problems that did not prevent a response.
	Warnings []string `json:"warnings,omitempty"`

	// ContextStore lists the entities that this connector copies to the context
	// store.
	ContextStore []EntityReadiness `json:"configured_cache_entities,omitempty"`

	// Supported lists the entities that this kind of connector can copy to the
	// context store. It is nil if the service does not know.
	Supported []SupportedEntity `json:"supported_context_store_entities,omitempty"`

	// More has the members of the response that this version of the SDK does not know,
	// by name; nil if there are none.
	More map[string]json.RawMessage `json:"-"`
}

// EntityReadiness is the state of an entity in the context store.
type EntityReadiness struct {
	Entity    string    `json:"entity"`
	Status    string    `json:"status"`              // the state of the copy, in the service's words
	Supported bool      `json:"supported"`           // the kind of connector declares the entity
	Ready     bool      `json:"ready_for_search"`    // the entity can be searched now
	Count     int       `json:"entity_count"`        // the approximate number of records; -1 if unknown
	UpdatedAt time.Time `json:"updated_at,omitzero"` // when the copy was last updated; zero if unknown

	// Semantic lists the fields that have a semantic index.
	Semantic []SemanticField `json:"semantic_search_status,omitempty"`

	More map[string]json.RawMessage `json:"-"` // as in [Inspection]
}

// A SemanticField is a field of text with a semantic index. It can be searched by
// meaning when its status is [SemanticReady].
type SemanticField struct {
	Field  string         `json:"field"`
	Status SemanticStatus `json:"status"`
}

// A SemanticStatus is the state of a semantic index. The service may send values
// that are not among the constants.
type SemanticStatus string

// The states of semantic indexes.
const (
	SemanticIndexing SemanticStatus = "INDEXING"
	SemanticReady    SemanticStatus = "READY"
)

// A SupportedEntity is an entity that a kind of connector can copy to the context
// store.
type SupportedEntity struct {
	Entity    string `json:"entity"`
	Suggested bool   `json:"suggested,omitempty"` // the service recommends it for search

	More map[string]json.RawMessage `json:"-"` // as in [Inspection]
}

// Searchable reports whether the entity can be searched in the context store now.
func (i *Inspection) Searchable(entity string) bool {
	r := i.readiness(entity)
	return r != nil && r.Ready
}

// readiness returns the state of the entity, or nil if the connector does not copy
// it to the context store.
func (i *Inspection) readiness(entity string) *EntityReadiness {
	for n := range i.ContextStore {
		if i.ContextStore[n].Entity == entity {
			return &i.ContextStore[n]
		}
	}
	return nil
}

// inspectionItem is an Inspection as the service sends it.
type inspectionItem struct {
	Inspection

	Store *struct {
		ConnectorID  string          `json:"connector_id"`
		DefinitionID string          `json:"source_definition_id"`
		Configured   []readinessItem `json:"configured_cache_entities"`
		Supported    []supportedItem `json:"supported_context_store_entities"`
	} `json:"context_store_readiness"`
}

func (i inspectionItem) lacks() string { return unless(i.ConnectorID != "", "connector_id") }

// UnmarshalJSONFrom reads an inspection and keeps the members that it does not know.
func (i *inspectionItem) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain inspectionItem
	v, err := decodeKept(dec, (*plain)(i))
	if err != nil {
		return err
	}
	i.More = unknownIn(v, reflect.TypeFor[inspectionItem]())
	store := membersOf(v).get("context_store_readiness")
	if i.Store != nil && unknownIn(store, reflect.TypeOf(*i.Store)) != nil {
		if i.More == nil {
			i.More = map[string]json.RawMessage{}
		}
		i.More["context_store_readiness"] = json.RawMessage(store)
	}
	return nil
}

// A readinessItem is an EntityReadiness as the service sends it.
type readinessItem struct {
	EntityReadiness
	Count *int `json:"entity_count"` // hides the embedded one, which has no null
}

// UnmarshalJSONFrom is like that of inspectionItem.
func (r *readinessItem) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain readinessItem
	v, err := decodeKept(dec, (*plain)(r))
	r.More = unknownIn(v, reflect.TypeFor[readinessItem]())
	return err
}

// A supportedItem is a SupportedEntity as the service sends it.
type supportedItem struct{ SupportedEntity }

// UnmarshalJSONFrom is like that of inspectionItem.
func (s *supportedItem) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := decodeKept(dec, &s.SupportedEntity)
	s.More = unknownIn(v, reflect.TypeFor[SupportedEntity]())
	return err
}

// decodeKept decodes the next value into to, and returns it as it was sent.
func decodeKept(dec *jsontext.Decoder, to any) (jsontext.Value, error) {
	v, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	v = v.Clone()
	return v, jsonv2.Unmarshal(v, to, dec.Options())
}

// unknownIn returns the members of an object that have no field in a type.
func unknownIn(v jsontext.Value, t reflect.Type) (more map[string]json.RawMessage) {
	known := map[string]bool{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[name] = name != "-"
	}
	if v.Kind() != '{' {
		return nil
	}
	for _, m := range membersOf(v) {
		if known[m.name] {
			continue
		}
		if more == nil {
			more = map[string]json.RawMessage{}
		}
		more[m.name] = json.RawMessage(m.value)
	}
	return more
}

func (i *inspectionItem) export() *Inspection {
	if i.Store == nil {
		return &i.Inspection
	}
	for _, e := range i.Store.Configured {
		e.EntityReadiness.Count = -1
		if e.Count != nil {
			e.EntityReadiness.Count = *e.Count
		}
		i.ContextStore = append(i.ContextStore, e.EntityReadiness)
	}
	if i.Store.Supported != nil {
		i.Supported = []SupportedEntity{} // none, rather than unknown
	}
	for _, s := range i.Store.Supported {
		i.Supported = append(i.Supported, s.SupportedEntity)
	}
	return &i.Inspection
}

// Inspect returns what the service knows about the connector beyond its configuration:
// its documentation, and which entities can be searched in the context store. If the
// connector does not exist, the error matches [ErrConnectorNotFound].
func (c *Connector) Inspect(ctx context.Context) (*Inspection, error) {
	ask := c.begin(&call{op: "inspect connector", name: "inspectConnector", read: true})
	id, err := c.checkedID(ask.op)
	if err != nil {
		return nil, err
	}
	got, err := fetch[inspectionItem](ctx, ask.to(gen.NewInspectConnectorRequest(ask.server(), id, nil)))
	if err != nil {
		return nil, missing(err, ErrConnectorNotFound)
	}
	if docs := got.DocsID; docs != "" {
		c.docs.Store(&docs)
	}
	return got.export(), nil
}

// WaitSearchable waits until the entity can be searched in the context store, which
// takes a while after the connector was created. It returns the last known state of
// the entity, even with an error; the state is nil if the connector does not copy the
// entity to the context store yet. It does not notice if copying has failed, but goes
// on waiting. If this kind of connector cannot copy the entity, WaitSearchable returns
// at once an error that matches [ErrInvalid] and names the entities that it can copy.
//
// It waits for at most 10 minutes, or as long as [Polling.Limit] says; after that the
// error matches [ErrWaitedTooLong].
func (c *Connector) WaitSearchable(ctx context.Context, entity string, polling Polling) (*EntityReadiness, error) {
	op := "wait until an entity can be searched"
	if strings.TrimSpace(entity) == "" {
		return nil, c.about().addTo(invalid(op, "the entity is empty; Inspect lists the entities"))
	}
	op = "wait until " + shorten(entity) + " can be searched"
	var last *EntityReadiness // also of a look that ends with an error, which poll does not return
	_, err := poll(ctx, op, polling, func(ctx context.Context) (*EntityReadiness, bool, error) {
		got, err := c.Inspect(ctx)
		if err != nil {
			return nil, false, err
		}
		last = got.readiness(entity)
		switch {
		case last != nil && last.Ready:
			return last, true, nil
		case last != nil && last.Supported || got.supports(entity):
			return last, false, nil
		}
		return nil, false, invalid(op, "the context store does not support %q for this connector; it supports %s", shorten(entity), got.supported())
	})
	about := c.about()
	about.entity = entity
	return last, about.addTo(err)
}

// supports reports whether the connector can copy the entity to the context store,
// as far as the service knows.
func (i *Inspection) supports(entity string) bool {
	return i.Supported == nil || slices.ContainsFunc(i.Supported, func(s SupportedEntity) bool { return s.Entity == entity })
}

// supported returns a list of the supported entities for an error.
func (i *Inspection) supported() string {
	return cmp.Or(enumerate(i.Supported, func(s SupportedEntity) string { return s.Entity }), "none")
}

// A CheckResult says whether the configuration of a connector works. A check that
// fails is a result and not an error: use [CheckResult.OK] to find out.
type CheckResult struct {
	ID      string      `json:"id"` // the ID of the check
	Status  CheckStatus `json:"status"`
	Message string      `json:"error_message,omitzero"` // what is wrong

	// Entities are the results for each entity that was tried.
	Entities []EntityCheck `json:"entity_check_results,omitempty"`

	// Failure is why the check failed; nil if the service does not say.
	Failure *CheckFailure `json:"failure_reason,omitempty"`
}

func (r CheckResult) lacks() string { return unless(r.ID != "" || r.Status != "", "id") }

// OK reports whether the check succeeded. A check that neither succeeded nor failed,
// such as one that was skipped, is not OK; see Status.
func (r *CheckResult) OK() bool { return r.Status == CheckSucceeded }

// Reason returns why the check is not OK, in words that can be shown to the owner of
// the credentials: the message of the failure, that of the check, or that of the
// first entity that has one. If the service sent none, it returns the status. For a
// check that is OK it returns "".
func (r *CheckResult) Reason() string {
	if r.OK() {
		return ""
	}
	reason := r.Message
	if r.Failure != nil {
		reason = cmp.Or(r.Failure.Message, reason, r.Failure.Detail)
	}
	for _, e := range r.Entities {
		reason = cmp.Or(reason, e.Message)
	}
	return cmp.Or(reason, string(r.Status), "unknown")
}

// A CheckStatus is the state of a check, "" if the service does not say. It may send
// values that are not among the constants.
type CheckStatus string

// The states of a check.
const (
	CheckSucceeded    CheckStatus = "succeeded"
	CheckFailed       CheckStatus = "failed"
	CheckPending      CheckStatus = "pending"
	CheckRunning      CheckStatus = "running"
	CheckSkipped      CheckStatus = "skipped"
	CheckCancelled    CheckStatus = "cancelled"
	CheckInconclusive CheckStatus = "inconclusive"
)

// An EntityCheck is the result of a check for one entity.
type EntityCheck struct {
	Entity     string      `json:"entity"`
	Status     CheckStatus `json:"status"`
	Message    string      `json:"error_message,omitzero"` // what is wrong
	StatusCode int         `json:"status_code,omitzero"`   // the HTTP status that the vendor returned; 0 if unknown
}

// A CheckFailure is why a check failed, as far as the service says.
type CheckFailure struct {
	Origin    FailureOrigin `json:"failure_origin,omitzero"`
	Type      FailureType   `json:"failure_type,omitzero"`
	Message   string        `json:"external_message,omitzero"` // for users
	Detail    string        `json:"internal_message,omitzero"` // for developers
	Trace     string        `json:"stacktrace,omitzero"`       // the stack trace of the connector
	Retryable bool          `json:"retryable,omitzero"`        // the service says that another check may succeed
}

// A FailureOrigin is the part of the system that failed. The service may send values
// that are not among the constants.
type FailureOrigin string

// The origins of failures.
const (
	FailureOfSource        FailureOrigin = "source"
	FailureOfDestination   FailureOrigin = "destination"
	FailureOfReplication   FailureOrigin = "replication"
	FailureOfPersistence   FailureOrigin = "persistence"
	FailureOfNormalization FailureOrigin = "normalization"
	FailureOfDBT           FailureOrigin = "dbt"
	FailureOfPlatform      FailureOrigin = "airbyte_platform"
	FailureOfUnknown       FailureOrigin = "unknown"
)

// A FailureType is the kind of a failure. The service may send values that are not
// among the constants.
type FailureType string

// The kinds of failures.
const (
	FailureConfiguration      FailureType = "config_error" // the user can correct it
	FailureSystem             FailureType = "system_error"
	FailureTransient          FailureType = "transient_error" // it may go away
	FailureManualCancellation FailureType = "manual_cancellation"
	FailureRefreshSchema      FailureType = "refresh_schema"
	FailureHeartbeatTimeout   FailureType = "heartbeat_timeout"
	FailureDestinationTimeout FailureType = "destination_timeout"
)

// scrub removes secrets from everything that the service says.
func (r *CheckResult) scrub(s scrubber) {
	r.ID, r.Status, r.Message = s.Name(r.ID), CheckStatus(s.Name(string(r.Status))), s.String(r.Message)
	for i := range r.Entities {
		e := &r.Entities[i]
		e.Entity, e.Status, e.Message = s.Name(e.Entity), CheckStatus(s.Name(string(e.Status))), s.String(e.Message)
	}
	if f := r.Failure; f != nil {
		f.Origin, f.Type = FailureOrigin(s.Name(string(f.Origin))), FailureType(s.Name(string(f.Type)))
		f.Message, f.Detail, f.Trace = s.String(f.Message), s.String(f.Detail), s.String(f.Trace)
	}
}

// Check asks the service to try the configuration of the connector. A configuration
// that does not work is not an error: use [CheckResult.OK] to find out.
func (c *Connector) Check(ctx context.Context) (*CheckResult, error) {
	return c.CheckChange(ctx, ConnectorChange{})
}

// CheckChange asks the service to try the configuration that the connector would have
// after a change, without changing it; see [Connector.Check]. A change that
// [Connector.Update] would refuse is an error that matches [ErrInvalid], and nothing is
// sent; only an empty change is accepted. Secrets of the change are removed from the
// texts of the result.
func (c *Connector) CheckChange(ctx context.Context, change ConnectorChange) (*CheckResult, error) {
	ask := c.begin(&call{op: "check connector", name: "checkConnector"})
	id, err := c.checkedID(ask.op)
	if err != nil {
		return nil, err
	}
	body, err := change.wire(ask.op)
	if err != nil {
		return nil, ask.about.addTo(err)
	}
	ask.secrets = change.secretValues()
	got, err := fetch[CheckResult](ctx, ask.to(gen.NewCheckConnectorRequest(ask.server(), id, nil, body)))
	if err != nil {
		return nil, missing(err, ErrConnectorNotFound)
	}
	return got, nil
}
