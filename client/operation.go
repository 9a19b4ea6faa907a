package client

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// An operation is an operation of the contract, identified by method and path.
// The table gives the requests of [Client.API] a name in logs and errors, and
// lets them be refused if an empty, "." or ".." path value has changed their
// path. A test compares the table with the contract.
type operation struct{ id, method, path string }

var operations = []operation{
	{"createToken", "POST", "/api/v1/account/applications/token"},
	{"createScopedToken", "POST", "/api/v1/account/applications/scoped-token"},
	{"getScopedTokenInfo", "GET", "/api/v1/account/applications/scoped-token/info"},
	{"createWidgetToken", "POST", "/api/v1/account/applications/widget-token"},
	{"listConnectors", "GET", "/api/v1/integrations/connectors"},
	{"createConnector", "POST", "/api/v1/integrations/connectors"},
	{"checkConnectorConfig", "POST", "/api/v1/integrations/connectors/check"},
	{"initiateOAuth", "POST", "/api/v1/integrations/connectors/oauth/initiate"},
	{"getConnector", "GET", "/api/v1/integrations/connectors/{id}"},
	{"updateConnector", "PUT", "/api/v1/integrations/connectors/{id}"},
	{"deleteConnector", "DELETE", "/api/v1/integrations/connectors/{id}"},
	{"checkConnector", "POST", "/api/v1/integrations/connectors/{id}/check"},
	{"executeConnector", "POST", "/api/v1/integrations/connectors/{id}/execute"},
	{"prepareExecution", "POST", "/api/v1/integrations/connectors/{id}/execute/prepare"},
	{"inspectConnector", "GET", "/api/v1/integrations/connectors/{id}/inspect"},
	{"listSourceDefinitions", "GET", "/api/v1/integrations/definitions/sources"},
	{"getSourceDefinition", "GET", "/api/v1/integrations/definitions/sources/{id}"},
	{"listDestinationDefinitions", "GET", "/api/v1/integrations/definitions/destinations"},
	{"getDestinationDefinition", "GET", "/api/v1/integrations/definitions/destinations/{id}"},
	{"listSourceTemplates", "GET", "/api/v1/integrations/templates/sources"},
	{"createSourceTemplate", "POST", "/api/v1/integrations/templates/sources"},
	{"listGlobalSourceTemplates", "GET", "/api/v1/integrations/templates/sources/global"}, // before the next, which fits it, too
	{"getSourceTemplate", "GET", "/api/v1/integrations/templates/sources/{id}"},
	{"updateSourceTemplate", "PATCH", "/api/v1/integrations/templates/sources/{id}"},
	{"deleteSourceTemplate", "DELETE", "/api/v1/integrations/templates/sources/{id}"},
	{"listConnectionTemplates", "GET", "/api/v1/integrations/templates/connections"},
	{"createConnectionTemplate", "POST", "/api/v1/integrations/templates/connections"},
	{"getConnectionTemplate", "GET", "/api/v1/integrations/templates/connections/{id}"},
	{"updateConnectionTemplate", "PATCH", "/api/v1/integrations/templates/connections/{id}"},
	{"deleteConnectionTemplate", "DELETE", "/api/v1/integrations/templates/connections/{id}"},
	{"describeCron", "POST", "/api/v1/integrations/templates/connections/cron/describe"},
	{"setOAuthCredentials", "PUT", "/api/v1/oauth/credentials"},
	{"deleteOAuthCredentials", "DELETE", "/api/v1/oauth/credentials/connector_type/{connector_type}"},
	{"listSkills", "GET", "/api/v1/skills"},
	{"searchSkills", "GET", "/api/v1/skills/search"},
	{"getSkillDocs", "GET", "/api/v1/skills/docs"},
	{"listWorkspaces", "GET", "/api/v1/workspaces"},
	{"getWorkspaceStats", "GET", "/api/v1/workspaces/stats"},
	{"getWorkspace", "GET", "/api/v1/workspaces/{workspace_id}"},
	{"updateWorkspace", "PUT", "/api/v1/workspaces/{workspace_id}"},
	{"deleteWorkspace", "DELETE", "/api/v1/workspaces/{workspace_id}"},
	{"listOrganizations", "GET", "/api/v1/internal/account/organizations"},
	{"listOrganizationCredentials", "GET", "/api/v1/organizations/{organization_id}/credentials"},
	{"listWorkflows", "GET", "/api/v1/internal/workflows"},
	{"createWorkflow", "POST", "/api/v1/internal/workflows"},
	{"getWorkflow", "GET", "/api/v1/internal/workflows/{workflow_id}"},
	{"updateWorkflow", "PATCH", "/api/v1/internal/workflows/{workflow_id}"},
	{"deleteWorkflow", "DELETE", "/api/v1/internal/workflows/{workflow_id}"},
	{"listAutomations", "GET", "/api/v1/internal/workflows/{workflow_id}/automations"},
	{"createAutomation", "POST", "/api/v1/internal/workflows/{workflow_id}/automations"},
	{"getAutomation", "GET", "/api/v1/internal/workflows/{workflow_id}/automations/{automation_id}"},
	{"updateAutomation", "PATCH", "/api/v1/internal/workflows/{workflow_id}/automations/{automation_id}"},
	{"deleteAutomation", "DELETE", "/api/v1/internal/workflows/{workflow_id}/automations/{automation_id}"},
}

// byTable receives the requests of users of [Client.API]. Their ctx does not
// say which call they belong to, so byTable looks it up in the table. It stands
// before the pipeline, so that programs that do not use API do not link the
// table.
type byTable struct{ next gen.HttpRequestDoer }

func (t byTable) Do(req *http.Request) (*http.Response, error) {
	o, ok := operationAt(req.Method, req.URL.Path)
	if !ok {
		closeBody(req)
		return nil, invalid(req.Method+" "+req.URL.Path, "the client knows no such operation; is a path value empty, \".\" or \"..\"?")
	}
	c := &call{op: o.id, name: o.id}
	o.describe(req, c)
	return t.next.Do(req.WithContext(withCall(req.Context(), c)))
}

// operationAt finds the operation for a path. Only the end of the path must
// match, because the base URL may have a prefix.
func operationAt(method, path string) (operation, bool) {
	i := strings.Index(path, "/api/v1/")
	if i < 0 {
		return operation{}, false
	}
	for _, o := range operations {
		if o.method == method && samePath(o.path, path[i:]) {
			return o, !swallowed(o, path)
		}
	}
	return operation{}, false
}

// swallowed reports whether path may have been that of a longer operation with
// the path value ".": /connectors/./inspect has become /connectors/inspect, and
// "inspect" is not the ID of a connector.
func swallowed(o operation, path string) bool {
	last := path[strings.LastIndexByte(path, '/'):]
	return strings.HasSuffix(o.path, "}") && slices.ContainsFunc(operations, func(longer operation) bool {
		return longer.method == o.method && longer.path == o.path+last
	})
}

func samePath(template, path string) bool {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return false
	}
	for i, w := range want {
		if h := have[i]; w != h && (!strings.HasPrefix(w, "{") || h == "" || h == "." || h == "..") {
			return false
		}
	}
	return true
}

// describe sets whether req, a request of this operation, changes nothing, and whether
// its response is a file. For executions, it reads the entity and the action from the
// body.
func (o operation) describe(req *http.Request, c *call) {
	switch o.id {
	case "prepareExecution":
		c.read = true // it runs nothing
		return
	case "executeConnector":
	default:
		c.read = o.method == http.MethodGet
		return
	}
	if req.GetBody == nil {
		return
	}
	body, err := req.GetBody()
	if err != nil {
		return
	}
	defer body.Close() //nolint:errcheck // a reader in memory
	var r struct {
		Entity string `json:"entity"`
		Action string `json:"action"`
	}
	if err := json.UnmarshalRead(body, &r, lenient); err != nil {
		return
	}
	c.entity, c.action = r.Entity, r.Action
	c.read, c.stream = readActions[r.Action], r.Action == actionDownload
}
