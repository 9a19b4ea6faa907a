package client

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/airbyte-agents/airbyte-agents-go/openapi"
)

// The table of operations is that of the contract.
func TestOperationsAreThoseOfTheContract(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document())
	if err != nil {
		t.Fatal(err)
	}
	inContract := map[operation]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			o := operation{op.OperationID, method, path}
			if inContract[o] = true; !slices.Contains(operations, o) {
				t.Errorf("the table in operation.go lacks %q", o)
			}
		}
	}
	for _, o := range operations {
		if !inContract[o] {
			t.Errorf("the table in operation.go has %q, which is not in the contract", o)
		}
	}
	if len(operations) != len(inContract) {
		t.Errorf("%d operations in the table, %d in the contract", len(operations), len(inContract))
	}
	for _, o := range operations {
		path := strings.NewReplacer("{connector_type}", "github", "{workspace_id}", "w", "{workflow_id}", "f", "{automation_id}", "a", "{id}", "i").Replace(o.path)
		for _, prefix := range []string{"", "/proxy", "/api/v1"} {
			if found, ok := operationAt(o.method, prefix+path); prefix != "/api/v1" && (!ok || found != o) {
				t.Errorf("%s %s%s is taken for %v", o.method, prefix, path, found)
			}
		}
		if _, ok := operationAt("TRACE", path); ok {
			t.Errorf("TRACE %s is an operation", path)
		}
	}
}

// The read actions are those that the contract calls so. No other spelling of
// them counts.
func TestReadActions(t *testing.T) {
	var got []string
	for a := range readActions {
		got = append(got, a)
		if !IsRead(a) {
			t.Errorf("IsRead(%q) is false", a)
		}
	}
	for _, a := range []string{"", "create", "update", "delete", "List", "lists", "upsert"} {
		if IsRead(a) {
			t.Errorf("IsRead(%q) is true", a)
		}
	}
	slices.Sort(got)
	want := []string{"api_search", "context_store_search", "context_store_sql_query", "describe", "download", "get", "list", "search", "sql_select"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	execute := operations[slices.IndexFunc(operations, func(o operation) bool { return o.id == "executeConnector" })]
	for body, want := range map[string][2]bool{
		`{"action":"list"}`:                   {true, false},
		`{"action":"download","entity":"x"}`:  {true, true},
		`{"action":"create"}`:                 {},
		`{"action":"list","action":"delete"}`: {}, // the service may read the last one
		`{"Action":"list"}`:                   {},
		`{"params":{"action":"list"}}`:        {},
		`{"action":["list"]}`:                 {},
		`{"action":"li\u0073t"}`:              {true, false},
		`not JSON`:                            {},
		``:                                    {},
		`{"action":"list"`:                    {},
	} {
		req, err := http.NewRequest(http.MethodPost, "https://api.test"+execute.path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		c := new(call)
		if execute.describe(req, c); c.read != want[0] || c.stream != want[1] {
			t.Errorf("%s: read %v, stream %v", body, c.read, c.stream)
		}
	}
}
