package openapi_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/airbyte-agents/airbyte-agents-go/openapi"
)

// schemas are names of schemas that programs see as Go types.
var schemas = []string{
	"APIError", "APIErrorItem",
	"Token", "TokenRequest", "ScopedToken", "ScopedTokenRequest", "ScopedTokenInfo", "WidgetToken", "WidgetTokenRequest",
	"Connector", "ConnectorSummary", "ConnectorList", "ConnectorCreateRequest", "ConnectorUpdateRequest", "ConnectorCheckResult", "ConnectorDeletion",
	"ExecuteRequest", "ExecuteResult", "ExecutionMetadata", "ExecutionBundle", "ContextStoreWarning", "Inspection", "ContextStoreReadiness",
	"SourceDefinition", "DestinationDefinition", "SourceTemplate", "SourceTemplateSummary",
	"ConnectionTemplate", "UserHostedConnectionTemplate", "AirbyteHostedConnectionTemplate",
	"Skill", "SkillList", "SkillDocs", "SkillBlock",
	"Workspace", "WorkspaceList", "WorkspaceStats", "WorkspaceUpdateRequest",
	"Organization", "OrganizationList", "OrganizationCredential", "OrganizationCredentialList",
	"OAuthInitiateRequest", "OAuthInitiateResponse", "GlobalSourceTemplate", "GlobalSourceTemplateList", "Workflow", "Automation",
}

// errorStatuses are the error statuses that every operation declares.
var errorStatuses = map[string]string{
	"400": "BadRequest",
	"401": "Unauthorized",
	"403": "Forbidden",
	"404": "NotFound",
	"422": "Unprocessable",
	"429": "RateLimited",
	"500": "ServerError",
}

func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// eachOperation runs a subtest for every operation.
func eachOperation(t *testing.T, test func(*testing.T, *openapi3.PathItem, *openapi3.Operation)) {
	for path, item := range load(t).Paths.Map() {
		for method, op := range item.Operations() {
			t.Run(method+" "+path, func(t *testing.T) { test(t, item, op) })
		}
	}
}

func TestDocument(t *testing.T) {
	a, b := openapi.Document(), openapi.Document()
	if len(a) == 0 || !bytes.Equal(a, b) {
		t.Fatal("not the same document twice")
	}
	clear(a)
	if !bytes.Equal(openapi.Document(), b) {
		t.Error("a caller can change what others get")
	}
}

func TestValid(t *testing.T) {
	doc := load(t)
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		t.Errorf("OpenAPI %s", doc.OpenAPI)
	}
	if got := doc.Servers[0].URL; got != "https://api.airbyte.ai" {
		t.Errorf("server %s", got)
	}
}

func TestSchemaNames(t *testing.T) {
	doc := load(t)
	for _, name := range schemas {
		if doc.Components.Schemas[name] == nil {
			t.Errorf("no schema %s", name)
		}
	}
}

func TestOperationTexts(t *testing.T) {
	tags := map[string]bool{}
	for _, tag := range load(t).Tags {
		tags[tag.Name] = tag.Description != ""
	}
	eachOperation(t, func(t *testing.T, _ *openapi3.PathItem, op *openapi3.Operation) {
		if op.Summary == "" || strings.HasSuffix(op.Summary, ".") || len(op.Summary) > 60 {
			t.Errorf("summary %q", op.Summary)
		}
		if !strings.HasSuffix(op.Description, ".") {
			t.Errorf("description %q", op.Description)
		}
		if len(op.Tags) != 1 || !tags[op.Tags[0]] {
			t.Errorf("tags %q, want one that is described", op.Tags)
		}
	})
}

func TestExamples(t *testing.T) {
	has := func(content openapi3.Content) bool {
		media := content["application/json"]
		return media != nil && (media.Example != nil || len(media.Examples) > 0)
	}
	eachOperation(t, func(t *testing.T, _ *openapi3.PathItem, op *openapi3.Operation) {
		if op.RequestBody != nil && !has(op.RequestBody.Value.Content) {
			t.Error("request has no example")
		}
		for status, response := range op.Responses.Map() {
			if len(response.Value.Content) > 0 && !has(response.Value.Content) {
				t.Errorf("response %s has no example", status)
			}
		}
	})
}

func TestErrors(t *testing.T) {
	eachOperation(t, func(t *testing.T, _ *openapi3.PathItem, op *openapi3.Operation) {
		successes := 0
		for status := range op.Responses.Map() {
			if status[0] == '2' {
				successes++
			} else if errorStatuses[status] == "" {
				t.Errorf("undescribed status %s", status)
			}
		}
		if successes != 1 {
			t.Errorf("%d statuses of success", successes)
		}
		for status, name := range errorStatuses {
			response := op.Responses.Value(status)
			if response == nil || response.Ref != "#/components/responses/"+name {
				t.Errorf("status %s is not %s", status, name)
				continue
			}
			schema := response.Value.Content["application/json"].Schema
			if schema.Ref != "#/components/schemas/APIError" {
				t.Errorf("status %s answers %s", status, schema.Ref)
			}
		}
	})
	if load(t).Components.Responses["RateLimited"].Value.Headers["Retry-After"] == nil {
		t.Error("RateLimited has no Retry-After")
	}
}

func TestParameters(t *testing.T) {
	eachOperation(t, func(t *testing.T, item *openapi3.PathItem, op *openapi3.Operation) {
		all := slices.Concat(item.Parameters, op.Parameters)
		if all.GetByInAndName(openapi3.ParameterInHeader, "X-Organization-Id") == nil {
			t.Error("no X-Organization-Id")
		}
		for _, p := range all {
			if !strings.HasSuffix(p.Value.Description, ".") {
				t.Errorf("description of %s: %q", p.Value.Name, p.Value.Description)
			}
		}
	})
}

func TestSecurity(t *testing.T) {
	doc := load(t)
	eachOperation(t, func(t *testing.T, _ *openapi3.PathItem, op *openapi3.Operation) {
		security := &doc.Security
		if op.Security != nil {
			security = op.Security
		}
		want := 1
		if op.OperationID == "createToken" {
			want = 0
		}
		if len(*security) != want {
			t.Errorf("security %v", *security)
		}
	})
}

// TestExecute tests what the client needs in order to decode records only once.
func TestExecute(t *testing.T) {
	doc := load(t)
	op := doc.Paths.Value("/api/v1/integrations/connectors/{id}/execute").GetOperation(http.MethodPost)
	ok := op.Responses.Status(http.StatusOK).Value
	types := slices.Sorted(maps.Keys(ok.Content))
	if !slices.Equal(types, []string{"application/json", "application/octet-stream"}) {
		t.Errorf("content types %q", types)
	}
	if ok.Headers["Content-Disposition"] == nil {
		t.Error("no Content-Disposition")
	}
	for _, name := range []string{"result", "connector_metadata"} {
		property := doc.Components.Schemas["ExecuteResult"].Value.Properties[name].Value
		if got := property.Extensions["x-go-type"]; got != "json.RawMessage" {
			t.Errorf("%s is %v in Go", name, got)
		}
	}
}

// TestSchemaTexts tests that every schema and property has a description, and
// that either all values of an enumeration have Go names or none has.
func TestSchemaTexts(t *testing.T) {
	described := func(where string, text string) {
		if !strings.HasSuffix(text, ".") {
			t.Errorf("%s: description %q", where, text)
		}
	}
	for name, ref := range load(t).Components.Schemas {
		described(name, ref.Value.Description)
		parts := []*openapi3.Schema{ref.Value}
		for _, part := range ref.Value.AllOf {
			if part.Ref == "" {
				parts = append(parts, part.Value)
			}
		}
		for _, schema := range parts {
			for key, property := range schema.Properties {
				described(name+"."+key, property.Value.Description)
			}
			names, ok := schema.Extensions["x-enum-varnames"].([]any)
			if ok && schema.Const == nil && len(names) != len(schema.Enum) {
				t.Errorf("%s: %d names for %d values", name, len(names), len(schema.Enum))
			}
		}
	}
}

// TestNoLeftovers tests that every component is used.
func TestNoLeftovers(t *testing.T) {
	doc, text := load(t), string(openapi.Document())
	used := func(kind, name string) {
		if !strings.Contains(text, fmt.Sprintf("'#/components/%s/%s'", kind, name)) {
			t.Errorf("%s %s is not used", kind, name)
		}
	}
	for name := range doc.Components.Schemas {
		used("schemas", name)
	}
	for name := range doc.Components.Parameters {
		used("parameters", name)
	}
	for name := range doc.Components.Responses {
		used("responses", name)
	}
	for name := range doc.Components.Examples {
		used("examples", name)
	}
}
