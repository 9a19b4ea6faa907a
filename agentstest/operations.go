package agentstest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// api implements the operations of the contract. When the contract gains one,
// the package does not compile until api has it.
type api struct{ s *Service }

var _ server.StrictServerInterface = (*api)(nil)

// An operation is what ServeHTTP has to know about an operation.
type operation struct {
	id       string   // the operationId
	open     bool     // needs no token
	ids      []string // path parameters that are UUIDs
	body     bool     // has a JSON body
	required []string // members that the body must have
	notNull  []string // members that it may leave out, but that must not be null
}

const v1 = "/api/v1/"

// executeConnector is the operation that runs the actions of connectors.
const executeConnector = "executeConnector"

// Members that several operations do not accept as null.
var (
	neverNullRun  = []string{"params", "skip_truncation"}
	neverNullTags = []string{"selected_connection_template_tags", "selected_connection_template_tags_mode"}
)

// operations are the operations of the contract, by route of the generated
// server.
var operations = map[string]*operation{
	"POST " + v1 + "account/applications/token":            {id: "createToken", open: true, body: true, required: []string{"client_id", "client_secret"}},
	"POST " + v1 + "account/applications/scoped-token":     {id: "createScopedToken", body: true, required: []string{"workspace_name"}},
	"GET " + v1 + "account/applications/scoped-token/info": {id: "getScopedTokenInfo"},
	"POST " + v1 + "account/applications/widget-token":     {id: "createWidgetToken", body: true, required: []string{"workspace_name", "allowed_origin"}, notNull: append([]string{"selected_source_template_tags", "selected_source_template_tags_mode"}, neverNullTags...)},

	"GET " + v1 + "integrations/connectors":                       {id: "listConnectors"},
	"POST " + v1 + "integrations/connectors":                      {id: "createConnector", body: true, required: []string{"workspace_name"}, notNull: neverNullTags},
	"POST " + v1 + "integrations/connectors/check":                {id: "checkConnectorConfig", body: true, required: []string{"workspace_name"}, notNull: neverNullTags},
	"POST " + v1 + "integrations/connectors/oauth/initiate":       {id: "initiateOAuth", body: true, required: []string{"workspace_name", "redirect_url"}},
	"GET " + v1 + "integrations/connectors/{id}":                  {id: "getConnector", ids: []string{"id"}},
	"PUT " + v1 + "integrations/connectors/{id}":                  {id: "updateConnector", ids: []string{"id"}, body: true},
	"DELETE " + v1 + "integrations/connectors/{id}":               {id: "deleteConnector", ids: []string{"id"}},
	"POST " + v1 + "integrations/connectors/{id}/check":           {id: "checkConnector", ids: []string{"id"}, body: true},
	"POST " + v1 + "integrations/connectors/{id}/execute":         {id: executeConnector, body: true, required: []string{"entity", "action"}, notNull: neverNullRun},
	"POST " + v1 + "integrations/connectors/{id}/execute/prepare": {id: "prepareExecution", body: true, required: []string{"entity", "action"}, notNull: neverNullRun},
	"GET " + v1 + "integrations/connectors/{id}/inspect":          {id: "inspectConnector", ids: []string{"id"}},

	"GET " + v1 + "integrations/definitions/sources":           {id: "listSourceDefinitions"},
	"GET " + v1 + "integrations/definitions/sources/{id}":      {id: "getSourceDefinition", ids: []string{"id"}},
	"GET " + v1 + "integrations/definitions/destinations":      {id: "listDestinationDefinitions"},
	"GET " + v1 + "integrations/definitions/destinations/{id}": {id: "getDestinationDefinition", ids: []string{"id"}},

	"GET " + v1 + "integrations/templates/sources":         {id: "listSourceTemplates"},
	"POST " + v1 + "integrations/templates/sources":        {id: "createSourceTemplate", body: true},
	"GET " + v1 + "integrations/templates/sources/global":  {id: "listGlobalSourceTemplates"},
	"GET " + v1 + "integrations/templates/sources/{id}":    {id: "getSourceTemplate", ids: []string{"id"}},
	"PATCH " + v1 + "integrations/templates/sources/{id}":  {id: "updateSourceTemplate", ids: []string{"id"}, body: true},
	"DELETE " + v1 + "integrations/templates/sources/{id}": {id: "deleteSourceTemplate", ids: []string{"id"}},

	"GET " + v1 + "integrations/templates/connections":                {id: "listConnectionTemplates"},
	"POST " + v1 + "integrations/templates/connections":               {id: "createConnectionTemplate", body: true, notNull: []string{"data_hosting_type", "non_breaking_changes_preference", "sync_on_create"}},
	"GET " + v1 + "integrations/templates/connections/{id}":           {id: "getConnectionTemplate", ids: []string{"id"}},
	"PATCH " + v1 + "integrations/templates/connections/{id}":         {id: "updateConnectionTemplate", ids: []string{"id"}, body: true},
	"DELETE " + v1 + "integrations/templates/connections/{id}":        {id: "deleteConnectionTemplate", ids: []string{"id"}},
	"POST " + v1 + "integrations/templates/connections/cron/describe": {id: "describeCron", body: true, required: []string{"cron_expression"}},

	"PUT " + v1 + "oauth/credentials":                                    {id: "setOAuthCredentials", body: true, required: []string{"configuration"}},
	"DELETE " + v1 + "oauth/credentials/connector_type/{connector_type}": {id: "deleteOAuthCredentials"},

	"GET " + v1 + "skills":        {id: "listSkills"},
	"GET " + v1 + "skills/search": {id: "searchSkills"},
	"GET " + v1 + "skills/docs":   {id: "getSkillDocs"},

	"GET " + v1 + "workspaces":                   {id: "listWorkspaces"},
	"GET " + v1 + "workspaces/stats":             {id: "getWorkspaceStats"},
	"GET " + v1 + "workspaces/{workspace_id}":    {id: "getWorkspace", ids: []string{"workspace_id"}},
	"PUT " + v1 + "workspaces/{workspace_id}":    {id: "updateWorkspace", ids: []string{"workspace_id"}, body: true},
	"DELETE " + v1 + "workspaces/{workspace_id}": {id: "deleteWorkspace", ids: []string{"workspace_id"}},

	"GET " + v1 + "internal/account/organizations":              {id: "listOrganizations"},
	"GET " + v1 + "organizations/{organization_id}/credentials": {id: "listOrganizationCredentials", ids: []string{"organization_id"}},

	"GET " + v1 + "internal/workflows":                                              {id: "listWorkflows"},
	"POST " + v1 + "internal/workflows":                                             {id: "createWorkflow", body: true, required: []string{"workspace_id", "name"}, notNull: []string{"tasks"}},
	"GET " + v1 + "internal/workflows/{workflow_id}":                                {id: "getWorkflow"},
	"PATCH " + v1 + "internal/workflows/{workflow_id}":                              {id: "updateWorkflow", body: true, notNull: []string{"name"}},
	"DELETE " + v1 + "internal/workflows/{workflow_id}":                             {id: "deleteWorkflow"},
	"GET " + v1 + "internal/workflows/{workflow_id}/automations":                    {id: "listAutomations"},
	"POST " + v1 + "internal/workflows/{workflow_id}/automations":                   {id: "createAutomation", body: true, required: []string{"workspace_id", "enabled", "trigger_type"}, notNull: []string{"timezone"}},
	"GET " + v1 + "internal/workflows/{workflow_id}/automations/{automation_id}":    {id: "getAutomation"},
	"PATCH " + v1 + "internal/workflows/{workflow_id}/automations/{automation_id}":  {id: "updateAutomation", body: true, notNull: []string{"enabled", "trigger_type", "timezone"}},
	"DELETE " + v1 + "internal/workflows/{workflow_id}/automations/{automation_id}": {id: "deleteAutomation"},
}

// A call is what an operation has to know about its request, beside its
// parameters.
type call struct {
	grant  *grant                     // of the token; nil for createToken
	base   string                     // the scheme and host that the client used
	header string                     // X-Organization-Id
	fields map[string]json.RawMessage // of the body
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// admit checks what all operations have in common. If a check fails, it responds
// to the request and returns nil.
func (s *Service) admit(w http.ResponseWriter, r *http.Request, op *operation) *call {
	c := &call{base: "http://" + r.Host, header: r.Header.Get("X-Organization-Id")}
	if r.TLS != nil || r.URL.Scheme == "https" { // the latter by Transport
		c.base = "https://" + r.Host
	}
	if err := s.check(r, op, c); err != nil {
		answerError(w, r, err)
		return nil
	}
	return c
}

func (s *Service) check(r *http.Request, op *operation, c *call) *apiError {
	if !op.open {
		var err *apiError
		if c.grant, err = s.authorize(r.Header); err != nil {
			return err
		}
	}
	if c.header != "" && !isUUID(c.header) {
		return invalid(fieldProblem("header.X-Organization-Id", "uuid_parsing", "Input should be a valid UUID"))
	}
	if c.header != "" && c.grant != nil && !strings.EqualFold(c.header, c.grant.organization) {
		return forbidden("The token does not reach organization %s", c.header)
	}
	for _, name := range op.ids {
		if !isUUID(r.PathValue(name)) {
			return invalid(fieldProblem("path."+name, "uuid_parsing", "Input should be a valid UUID"))
		}
	}
	if r.URL.RawQuery != "" {
		query := r.URL.Query()
		for _, name := range []string{"workspace_id", "definition_id", "organization_id"} {
			if v := query.Get(name); v != "" && !isUUID(v) {
				return invalid(fieldProblem("query."+name, "uuid_parsing", "Input should be a valid UUID"))
			}
		}
	}
	if !op.body {
		return nil
	}
	return readFields(r, op, c)
}

// readFields reads a body before the generated server decodes it, since
// afterwards a missing member looks like an empty one.
func readFields(r *http.Request, op *operation, c *call) *apiError {
	kept, ok := r.Body.(interface{ Bytes() []byte })
	if !ok {
		return invalid(missing("body"))
	}
	body := kept.Bytes()
	if len(bytes.TrimSpace(body)) == 0 {
		return invalid(missing("body"))
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" && !strings.HasSuffix(media, "+json") {
		return invalid(fieldProblem("header.Content-Type", "content_type", "The Content-Type should be application/json"))
	}
	if err := json.Unmarshal(body, &c.fields); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return invalid(fieldProblem("body", "type_error", "Input should be an object"))
		}
		return problem(http.StatusBadRequest, "The body is not valid JSON: %v", err)
	}
	if c.fields == nil {
		return invalid(fieldProblem("body", "type_error", "Input should be an object"))
	}
	var items []errorItem
	for _, name := range op.required {
		switch v, ok := c.fields[name]; {
		case !ok:
			items = append(items, missing("body."+name))
		case string(v) == "null":
			items = append(items, notNull(name))
		}
	}
	for _, name := range op.notNull {
		if string(c.fields[name]) == "null" {
			items = append(items, notNull(name))
		}
	}
	if items != nil {
		return invalid(items...)
	}
	return nil
}

// notNull returns the problem of a member of the body that is null.
func notNull(name string) errorItem {
	return fieldProblem("body."+name, "type_error", "Input should not be null")
}

// isUUID reports whether s has the form of a UUID.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}
