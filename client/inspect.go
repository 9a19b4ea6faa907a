package client

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// An Inspection is what a connector is, and what of its data can be searched in
// the context store.
type Inspection struct {
	ConnectorID    string `json:"connector_id"`
	Name           string `json:"name"` // of this connector; its owner chose it
	WorkspaceID    string `json:"workspace_id"`
	OrganizationID string `json:"organization_id"`
	TemplateID     string `json:"source_config_template_id"` // of the source template that it was made from
	DefinitionID   string `json:"source_definition_id"`      // of its kind
	DefinitionName string `json:"source_definition_name"`    // of its kind, "" when the service does not say
	DocsID         string `json:"docs_skill_id"`             // of its documentation, which [Connector.Docs] reads

	// Warnings are problems that did not keep the answer from being given.
	Warnings []string `json:"warnings,omitempty"`

	// ContextStore has the entities that this connector puts into the store.
	ContextStore []EntityReadiness `json:"configured_cache_entities,omitempty"`

	// Supported are the entities that this kind of connector can put into the
	// store. It is nil when the service does not know.
	Supported []SupportedEntity `json:"supported_context_store_entities,omitempty"`
}

// EntityReadiness is how far an entity is in the context store.
type EntityReadiness struct {
	Entity    string    `json:"entity"`
	Status    string    `json:"status"`           // how far filling the store is, in the service's words
	Supported bool      `json:"supported"`        // this kind of connector declares the entity
	Ready     bool      `json:"ready_for_search"` // it can be searched now
	Count     int       `json:"entity_count"`     // about how many records there are; -1 when that is not known
	UpdatedAt time.Time `json:"updated_at"`       // when they were last brought up to date; zero when that is not known

	// Semantic are the fields with a semantic index, if there are any.
	Semantic []SemanticField `json:"semantic_search_status,omitempty"`
}

// A SemanticField is a field that can be searched by meaning once its status is
// [SemanticReady].
type SemanticField struct {
	Field  string         `json:"field"`
	Status SemanticStatus `json:"status"`
}

// A SemanticStatus is the state of a semantic index. Others than those below may
// come.
type SemanticStatus string

// The states of semantic indexes.
const (
	SemanticIndexing SemanticStatus = "INDEXING"
	SemanticReady    SemanticStatus = "READY"
)

// A SupportedEntity is one that a kind of connector can put into the context
// store.
type SupportedEntity struct {
	Entity    string `json:"entity"`
	Suggested bool   `json:"suggested,omitempty"` // the service recommends it
}

// Searchable reports whether the entity can be searched in the context store
// now.
func (i *Inspection) Searchable(entity string) bool {
	r := i.readiness(entity)
	return r != nil && r.Ready
}

// readiness is how far the entity is, nil for one that the connector does not
// put into the store.
func (i *Inspection) readiness(entity string) *EntityReadiness {
	for n := range i.ContextStore {
		if i.ContextStore[n].Entity == entity {
			return &i.ContextStore[n]
		}
	}
	return nil
}

// inspectionItem is what the service sends for an Inspection.
type inspectionItem struct {
	Inspection

	Store *struct {
		Configured []struct {
			EntityReadiness
			Count *int `json:"entity_count"` // in place of the other one
		} `json:"configured_cache_entities"`
		Supported []SupportedEntity `json:"supported_context_store_entities"`
	} `json:"context_store_readiness"`
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
	i.Supported = i.Store.Supported
	return &i.Inspection
}

// Inspect tells what the connector is: its kind, its documentation, and which
// entities can be searched in the context store. One that does not exist is
// [ErrConnectorNotFound].
func (c *Connector) Inspect(ctx context.Context) (*Inspection, error) {
	call := &call{op: "inspect connector", name: "inspectConnector", read: true}
	id, err := c.checkedID(call.op)
	if err != nil {
		return nil, err
	}
	got, err := fetch[inspectionItem](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return c.ws.client.raw.InspectConnector(ctx, id, &gen.InspectConnectorParams{})
	})
	if err != nil {
		return nil, missing(err, ErrConnectorNotFound)
	}
	if docs := got.DocsID; docs != "" {
		c.docs.Store(&docs)
	}
	return got.export(), nil
}

// WaitSearchable waits until the entity can be searched in the context store,
// which takes a while after a connector was made. It returns how far the entity
// is, also with an error: nil while the connector does not put it into the
// store. That filling the store has failed, it does not understand: it goes on. An entity that this kind of connector cannot put there is [ErrInvalid]
// at once; the error names those that it can.
//
// It waits for 10 minutes at most, unless [WithWaitLimit] says otherwise; then
// the error is [ErrWaitedTooLong].
func (c *Connector) WaitSearchable(ctx context.Context, entity string, opts ...WaitOption) (*EntityReadiness, error) {
	op := "wait until an entity can be searched"
	if strings.TrimSpace(entity) == "" {
		return nil, invalid(op, "the entity is empty; which ones there are, Inspect tells")
	}
	op = "wait until " + shorten(entity) + " can be searched"
	var last *EntityReadiness // wait keeps no state of a look that fails
	_, err := wait(ctx, op, opts, func(ctx context.Context) (*EntityReadiness, bool, error) {
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
	return last, err
}

// supports reports whether the connector can put the entity into the store, as
// far as the service knows.
func (i *Inspection) supports(entity string) bool {
	return i.Supported == nil || slices.ContainsFunc(i.Supported, func(s SupportedEntity) bool { return s.Entity == entity })
}

// supported lists entities for an error.
func (i *Inspection) supported() string {
	return cmp.Or(enumerate(i.Supported, func(s SupportedEntity) string { return s.Entity }), "none")
}

// A CheckResult is whether a connector works. A check that failed is a result,
// with a status and a message, and not an error.
type CheckResult struct {
	ID      string      `json:"id"` // of the check
	Status  CheckStatus `json:"status"`
	Message string      `json:"error_message,omitzero"` // what is wrong

	// Entities are the outcomes for each entity that was tried.
	Entities []EntityCheck `json:"entity_check_results,omitempty"`

	// Failure is why the check failed, nil when the service does not say.
	Failure *CheckFailure `json:"failure_reason,omitempty"`
}

// OK reports whether the check succeeded. One that neither succeeded nor failed,
// such as one that was skipped, is not OK; see Status.
func (r *CheckResult) OK() bool { return r.Status == CheckSucceeded }

// Reason is why the check is not OK, in the words that are fittest for users of
// those that the service gave: the message of the failure, the message of the
// check, or that of the first entity that has one. It is the status if there are
// no words, and "" for a check that is OK.
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

// A CheckStatus is how a check ended, or where it is. Others than those below
// may come, and "" when the service does not say.
type CheckStatus string

// The states of checks.
const (
	CheckSucceeded    CheckStatus = "succeeded"
	CheckFailed       CheckStatus = "failed"
	CheckPending      CheckStatus = "pending"
	CheckRunning      CheckStatus = "running"
	CheckSkipped      CheckStatus = "skipped"
	CheckCancelled    CheckStatus = "cancelled"
	CheckInconclusive CheckStatus = "inconclusive"
)

// An EntityCheck is what a check found for one entity.
type EntityCheck struct {
	Entity     string      `json:"entity"`
	Status     CheckStatus `json:"status"`
	Message    string      `json:"error_message,omitzero"` // what is wrong
	StatusCode int         `json:"status_code,omitzero"`   // that the vendor answered with; 0 when the service does not say
}

// A CheckFailure is why a check failed, as far as the service says.
type CheckFailure struct {
	Origin    FailureOrigin `json:"failure_origin,omitzero"`
	Type      FailureType   `json:"failure_type,omitzero"`
	Message   string        `json:"external_message,omitzero"` // fit to be shown to users
	Detail    string        `json:"internal_message,omitzero"` // technical
	Trace     string        `json:"stacktrace,omitzero"`       // where in the connector's code it failed
	Retryable bool          `json:"retryable,omitzero"`        // the service says that trying again may help
}

// A FailureOrigin is the part that failed. Others than those below may come.
type FailureOrigin string

// The parts that fail.
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

// A FailureType is the kind of a failure. Others than those below may come.
type FailureType string

// The kinds of failures.
const (
	FailureConfiguration      FailureType = "config_error" // for the user to mend
	FailureSystem             FailureType = "system_error"
	FailureTransient          FailureType = "transient_error" // may pass
	FailureManualCancellation FailureType = "manual_cancellation"
	FailureRefreshSchema      FailureType = "refresh_schema"
	FailureHeartbeatTimeout   FailureType = "heartbeat_timeout"
	FailureDestinationTimeout FailureType = "destination_timeout"
)

// scrub removes secrets from what the service says.
func (r *CheckResult) scrub(s scrubber) {
	r.Message = s.text(r.Message)
	for i := range r.Entities {
		r.Entities[i].Message = s.text(r.Entities[i].Message)
	}
	if f := r.Failure; f != nil {
		f.Message, f.Detail, f.Trace = s.text(f.Message), s.text(f.Detail), s.text(f.Trace)
	}
}

// A CheckOption changes what [Connector.Check] checks.
type CheckOption func(*checking)

type checking struct{ change ConnectorChange }

// WithChange checks the connector as it would be after that change, and changes
// nothing. Of several, the last one counts.
func WithChange(change ConnectorChange) CheckOption {
	return func(c *checking) { c.change = change }
}

// Check asks the service to try the connector's configuration, or with
// [WithChange] the one that it would have. A check that fails is a result and no
// error; [CheckResult.OK] tells. A change that [Connector.Update] would refuse is
// [ErrInvalid], and nothing is sent, but one that changes nothing is fine. What
// is secret in a change is removed from the texts of the result.
func (c *Connector) Check(ctx context.Context, opts ...CheckOption) (*CheckResult, error) {
	var o checking
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	call := &call{op: "check connector", name: "checkConnector", secrets: o.change.secretValues()}
	id, err := c.checkedID(call.op)
	if err != nil {
		return nil, err
	}
	if err := o.change.check(call.op); err != nil {
		return nil, err
	}
	got, err := fetch[CheckResult](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return c.ws.client.raw.CheckConnector(ctx, id, &gen.CheckConnectorParams{}, o.change.wire())
	})
	if err != nil {
		return nil, missing(err, ErrConnectorNotFound)
	}
	got.scrub(newScrubber(call.secrets))
	return got, nil
}
