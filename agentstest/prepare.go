package agentstest

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// bundleSecret is in the bundles of connectors that have no credentials, so that
// tests can show that a program does not keep it.
const bundleSecret = "agentstest-secret-of-a-bundle"

// PrepareExecution implements prepareExecution.
func (a *api) PrepareExecution(ctx context.Context, req server.PrepareExecutionRequestObject) (server.PrepareExecutionResponseObject, error) {
	x, err := a.execution(ctx, req.ID, req.Body)
	if err != nil {
		return nil, err
	}
	if err := x.read(callOf(ctx).fields["params"]); err != nil {
		return nil, err
	}
	if x.entity == nil {
		return nil, invalid(fieldProblem("body.entity", "string_too_short", "Input should not be empty"))
	}
	document := x.conn.definition
	if document == "" {
		if document, err = x.conn.document(); err != nil {
			return nil, err
		}
	}
	config := merged(x.conn.settings, x.conn.credentials)
	if len(config) == 0 {
		for _, name := range x.conn.template.kind.credentials {
			config[name] = bundleSecret
		}
	}
	answer := server.PrepareExecution200JSONResponse{
		Status: "success",
		Bundle: &server.ExecutionBundle{
			ConnectorDefinitionID: new(x.conn.template.kind.id), DefinitionYaml: document, Entity: new(x.entity.name), Action: new(x.body.Action),
			Params: x.body.Params, SelectFields: x.body.SelectFields, ExcludeFields: x.body.ExcludeFields,
			SkipTruncation: new(x.body.SkipTruncation == nil || *x.body.SkipTruncation), SourceConfig: config,
		},
		Warning: &server.ExecuteResult_Warning{},
	}
	return answer, answer.Warning.FromExecuteResultWarning1("The action was not run")
}

// document returns the description of the connector: OpenAPI 3.1 in JSON, which is
// YAML, too.
func (c *connector) document() (string, error) {
	k := c.template.kind
	paths, schemas, copied := object{}, object{}, []object{}
	for _, e := range c.sortedEntities() {
		fields := e.fields()
		record := object{"type": "object", "additionalProperties": true}
		if len(fields) > 0 {
			schemas[e.name] = object{"type": "object", "additionalProperties": true, "properties": fields}
			record = object{"$ref": "#/components/schemas/" + e.name}
		}
		for _, action := range e.actions {
			switch {
			case action == "context_store_search", action == storeSQL && !e.allows("context_store_search"):
				copied = append(copied, object{"entity": e.name, "fields": listFields(e.searchSchemas(fields))})
			case !storeActions[action]:
				method, operation := e.openAPI(action, fields, record)
				paths["/"+e.name+"/"+action] = object{method: operation}
			}
		}
	}
	info := object{
		"title": k.name, "version": "1.0.0", "x-airbyte-connector-name": k.slug, "x-airbyte-connector-definition-id": k.id,
		"x-airbyte-context-store": object{"entities": copied},
	}
	text, err := json.MarshalIndent(object{
		"openapi": "3.1.0", "info": info, "servers": []object{{"url": "https://" + k.slug + ".example.com"}},
		"paths": paths, "components": object{"schemas": schemas},
	}, "", "  ")
	return string(text), err
}

// storeActions read the context store and not the vendor.
var storeActions = map[string]bool{"context_store_search": true, storeSQL: true}

// listFields lists fields as the description of a context store does.
func listFields(fields map[string]map[string]any) []object {
	list := []object{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		field := object{"name": name}
		if t, ok := fields[name]["type"]; ok {
			field["type"] = t
		}
		list = append(list, field)
	}
	return list
}

// openAPI describes an action of the entity as an operation of OpenAPI.
func (e *entity) openAPI(action string, fields map[string]map[string]any, record object) (method string, operation object) {
	params, _ := e.parameters(action, fields)
	operation = object{"operationId": e.name + "_" + action, "x-airbyte-entity": e.name, "x-airbyte-action": action}
	method = http.MethodGet
	result := record
	switch action {
	case "list", "search", "api_search":
		result = object{"type": "array", "items": record}
	case "get":
	case "download":
		operation["responses"] = object{"200": object{"description": "The file.", "content": object{
			"application/octet-stream": object{"schema": object{"type": "string", "format": "binary"}},
		}}}
	case "update":
		method = http.MethodPut
	case "delete":
		method = http.MethodDelete
	default:
		method = http.MethodPost
	}
	query, body, required := []object{}, object{}, []string{}
	for _, p := range params {
		if p.in == "body" || p.in == "" && (action == "create" || action == "update" && p.name != e.Key) {
			body[p.name] = p.schema
			if p.required {
				required = append(required, p.name)
			}
			continue
		}
		query = append(query, object{"name": p.name, "in": cmp.Or(p.in, "query"), "required": p.required, "schema": p.schema})
	}
	operation["parameters"] = query
	if len(body) > 0 {
		operation["requestBody"] = object{"content": object{"application/json": object{
			"schema": object{"type": "object", "properties": body, "required": required, "additionalProperties": true},
		}}}
	}
	if operation["responses"] == nil {
		operation["responses"] = object{"200": object{"description": "The result.", "content": object{"application/json": object{"schema": result}}}}
	}
	return strings.ToLower(method), operation
}
