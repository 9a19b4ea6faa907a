package openapi_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// A wrapper is a call of package client and the operations whose responses it
// reads.
type wrapper struct {
	name string
	ops  []string
	call func(context.Context, *client.Workspace) error

	// needed are the ends of the paths of the fields without which the call has
	// nothing to return. It must return an error if one is missing.
	needed []string
}

const connectorID = "0c000000-0000-4000-8000-000000000001"

var wrapperCalls = []wrapper{
	{name: "ListConnectors", ops: []string{"listConnectors"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.ListConnectors(ctx)
		return err
	}},
	{name: "Connector", ops: []string{"listConnectors"}, needed: []string{"/data", "/data/0", "/connector_name", "/summarized_source_template"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Connector(ctx, "zendesk-support")
		return err
	}},
	{name: "Workspaces", ops: []string{"listWorkspaces"}, call: func(ctx context.Context, w *client.Workspace) error {
		for _, err := range w.Client().Workspaces(ctx, client.WorkspaceFilter{}) {
			if err != nil {
				return err
			}
		}
		return nil
	}},
	{name: "Info", ops: []string{"listWorkspaces"}, needed: []string{"/data", "/data/0", "/name"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Info(ctx)
		return err
	}},
	{name: "Execute", ops: []string{"executeConnector"}, needed: []string{"/status"}, call: func(ctx context.Context, w *client.Workspace) error {
		r, err := w.ConnectorByID(connectorID).Execute(ctx, "tickets", "list", nil)
		if err == nil {
			_ = r.Page().HasNext
			for _, err := range client.Rows[map[string]any](r) {
				if e := (*client.RecordError)(nil); err != nil && !errors.As(err, &e) {
					return err
				}
			}
		}
		return err
	}},
	{name: "Execute typed", ops: []string{"executeConnector"}, needed: []string{"/status"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, _, err := client.Execute[[]map[string]any](ctx, w.ConnectorByID(connectorID), "tickets", "list", nil)
		return err
	}},
	{name: "Inspect", ops: []string{"inspectConnector"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.ConnectorByID(connectorID).Inspect(ctx)
		return err
	}},
	{name: "Check", ops: []string{"checkConnector"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.ConnectorByID(connectorID).Check(ctx)
		return err
	}},
	{name: "Docs", ops: []string{"getSkillDocs", "inspectConnector"}, needed: []string{"/docs_skill_id"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.ConnectorByID(connectorID).Docs(ctx, "")
		return err
	}},
	{name: "CreateConnector", ops: []string{"createConnector"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.CreateConnector(ctx, client.CreateConnectorRequest{ConnectorType: "stripe", Credentials: object{"api_key": "example"}})
		return err
	}},
	{name: "DeleteConnector", ops: []string{"deleteConnector"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.DeleteConnector(ctx, connectorID)
		return err
	}},
	{name: "ScopedToken", ops: []string{"createScopedToken"}, needed: []string{"/token"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.ScopedToken(ctx)
		return err
	}},
	{name: "WidgetToken", ops: []string{"createWidgetToken"}, needed: []string{"/token"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.WidgetToken(ctx, client.WidgetRequest{Origin: "https://app.example.com"})
		return err
	}},
}

// routes is a transport that has one response for each operation.
type routes struct {
	v       *validator // for its router
	answers map[string]any
	status  map[string]int
	t       *testing.T
}

func (r *routes) RoundTrip(req *http.Request) (*http.Response, error) {
	route, _, err := r.v.router.FindRoute(req)
	if err != nil {
		return nil, err
	}
	id := route.Operation.OperationID
	s := &stub{}
	s.answering(r.t, r.status[id], r.answers[id])
	return s.RoundTrip(req)
}

// A change is a changed response.
type change struct {
	what string
	path string
	body any
}

// changes returns responses that differ from v in one place: a field is missing
// or null, or a value is not one that the contract has.
func changes(v any, known map[string]bool) []change {
	var list []change
	var walk func(v any, path string, rebuilt func(any) any)
	walk = func(v any, path string, rebuilt func(any) any) {
		switch v := v.(type) {
		case map[string]any:
			more := maps.Clone(v)
			more["added_later"] = object{"deep": []any{1.0, nil, "x"}}
			list = append(list, change{"an unknown field in", path, rebuilt(more)})
			for _, k := range slices.Sorted(maps.Keys(v)) {
				less := maps.Clone(v)
				delete(less, k)
				list = append(list, change{"without", path + "/" + k, rebuilt(less)})
				set := func(x any) any {
					m := maps.Clone(v)
					m[k] = x
					return rebuilt(m)
				}
				list = append(list, change{"null at", path + "/" + k, set(nil)})
				if text, ok := v[k].(string); ok && known[text] {
					list = append(list, change{"an unknown value at", path + "/" + k, set("of the future")})
				}
				walk(v[k], path+"/"+k, set)
			}
		case []any:
			list = append(list, change{"an empty list at", path, rebuilt([]any{})})
			for i, x := range v {
				set := func(x any) any {
					l := slices.Clone(v)
					l[i] = x
					return rebuilt(l)
				}
				list = append(list, change{"null at", fmt.Sprintf("%s/%d", path, i), set(nil)})
				walk(x, fmt.Sprintf("%s/%d", path, i), set)
			}
		}
	}
	walk(v, "", func(x any) any { return x })
	return list
}

// enumerated returns the values of all enumerations of the document.
func enumerated(doc *openapi3.T) map[string]bool {
	known := map[string]bool{}
	add := func(s *openapi3.Schema) {
		for _, e := range s.Enum {
			known[fmt.Sprint(e)] = true
		}
		if c, ok := s.Const.(string); ok {
			known[c] = true
		}
	}
	for _, schema := range doc.Components.Schemas {
		add(schema.Value)
		for _, p := range schema.Value.Properties {
			add(p.Value)
		}
	}
	return known
}

// testJWT returns a JWT like those of the service, which expires far in the
// future.
func testJWT() string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	return part(`{"alg":"none"}`) + "." + part(`{"exp":4102444800}`) + "." + part("signature")
}

// TestCompatible changes the responses that the hand-written calls read, in one
// place at a time. A future addition must have no effect, and a missing field
// must be a zero value. No change may cause a panic.
func TestCompatible(t *testing.T) {
	v := newValidator(t, nil)
	doc := strict(t)
	known := enumerated(doc)
	base := &routes{v: v, answers: map[string]any{}, status: map[string]int{}, t: t}
	for _, op := range operationsOf(doc) {
		for status, response := range op.Responses.Map() {
			if status == "204" {
				base.status[op.OperationID] = http.StatusNoContent
			}
			if media := response.Value.Content["application/json"]; status[0] == '2' && media != nil {
				base.status[op.OperationID] = int(status[2]-'0') + 200
				examples := examplesOf(media)
				names := slices.Sorted(maps.Keys(examples))
				base.answers[op.OperationID] = examples[names[0]]
			}
		}
	}
	base.answers["createScopedToken"] = object{"token": testJWT()}
	base.answers["executeConnector"] = object{
		"status": "success", "result": []any{object{"id": "1"}}, "connector_metadata": object{"has_next_page": false, "end_cursor": "a"},
		"execution_metadata": object{"connector_instance_id": connectorID, "execution_time_ms": 12.0},
		"warning":            object{"code": "c", "message": "m", "stale_since": "2026-03-01T00:00:00Z"},
	}
	list := base.answers["listWorkspaces"].(object)
	base.answers["listWorkspaces"] = object{"data": list["data"], "next": nil}

	tried := 0
	calls := slices.Concat(wrapperCalls, workspaceCalls, connectorCalls, templateCalls, skillCalls, workflowCalls)
	for _, w := range calls {
		t.Run(w.name, func(t *testing.T) {
			rt := *base
			rt.t, rt.answers = t, maps.Clone(base.answers)
			workspace := stubClient(t, &rt).Workspace("customer-42")
			if err := w.call(t.Context(), workspace); err != nil {
				t.Fatalf("as it is: %v", err)
			}
			for _, id := range w.ops {
				whole := base.answers[id]
				for _, c := range changes(whole, known) {
					rt.answers[id] = c.body
					err := w.call(t.Context(), workspace)
					// A response that lacks an ID, or a list, is not the expected one.
					always := slices.Contains([]string{"/id", "/connector_id", "/job_id", "/data"}, c.path)
					needed := !strings.HasPrefix(c.what, "an unknown") && (always || slices.ContainsFunc(w.needed, func(end string) bool { return strings.HasSuffix(c.path, end) }))
					if err != nil && !needed {
						t.Errorf("%s: %s %s: %v", id, c.what, c.path, err)
					}
					if e := (*client.Error)(nil); err != nil && !errors.As(err, &e) {
						t.Errorf("%s: %s %s: an error that is no *client.Error: %v", id, c.what, c.path, err)
					}
					tried++
				}
				rt.answers[id] = whole
			}
		})
	}
	t.Logf("%d calls of package client, %d changed answers", len(calls), tried)
}

// TestCompatibleValues puts future values of enumerations and unions into the
// responses of all operations.
func TestCompatibleValues(t *testing.T) {
	s := &stub{}
	api := stubClient(t, s).API()
	doc := load(t)
	known := enumerated(doc)
	var enums func(v any)
	changed := 0
	enums = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range maps.Clone(v) {
				if text, ok := x.(string); ok && known[text] {
					v[k] = "of the future"
					changed++
				}
				enums(x)
			}
			if _, dictionary := v["key 0"]; !dictionary && len(v) > 0 { // see variants: its keys are not fields
				v["added_later"] = object{"a": []any{1.0}}
			}
		case []any:
			for i, x := range v {
				if text, ok := x.(string); ok && known[text] {
					v[i] = "of the future"
					changed++
				}
				enums(x)
			}
		}
	}
	for _, op := range operationsOf(doc) {
		o := goOperationOf(t, api, op.OperationID)
		for status, response := range op.Responses.Map() {
			media := response.Value.Content["application/json"]
			if media == nil || status[0] != '2' {
				continue
			}
			for _, answer := range variants(media.Schema.Value) {
				var future any
				if err := json.Unmarshal(marshal(t, answer), &future); err != nil {
					t.Fatal(err)
				}
				enums(future)
				s.answering(t, int(status[2]-'0')+200, future)
				got, err := o.call(t.Context(), op.pathValues(), marshal(t, op.paramVariants()[0]), []byte("{}"))
				if err != nil || got.typed == nil {
					t.Errorf("%s: %v, of the answer %.300s", op.OperationID, err, s.body)
				}
			}
		}
	}
	t.Logf("%d values of the future", changed)

	// A union returns an error for a type that it does not hold.
	s.answering(t, http.StatusOK, object{"data": []any{object{"data_hosting_type": "moon_hosted", "id": unknownID}}})
	list, err := api.ListConnectionTemplatesWithResponse(t.Context(), &gen.ListConnectionTemplatesParams{})
	if err != nil || list.JSON200 == nil || len(list.JSON200.Data) != 1 {
		t.Fatalf("got %+v, %v", list, err)
	}
	if kind, err := list.JSON200.Data[0].Discriminator(); kind != "moon_hosted" || err != nil {
		t.Errorf("kind %q, %v", kind, err)
	}
	if _, err := list.JSON200.Data[0].ValueByDiscriminator(); err == nil {
		t.Error("a value of an unknown type")
	}
}
