package client

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// An operation is one of the contract's, told by method and path. The table
// gives requests of Client.API a name in logs and errors, and refuses those
// whose path values ("", ".", "..") made another path of theirs. A test compares
// it with the contract.
type operation struct{ id, method, path string }

var operations = []operation{
	{"createToken", "POST", "/api/v1/account/applications/token"},
	{"createScopedToken", "POST", "/api/v1/account/applications/scoped-token"},
	{"getScopedTokenInfo", "GET", "/api/v1/account/applications/scoped-token/info"},
	{"createWidgetToken", "POST", "/api/v1/account/applications/widget-token"},
	{"listConnectors", "GET", "/api/v1/integrations/connectors"},
	{"createConnector", "POST", "/api/v1/integrations/connectors"},
	{"checkConnectorConfig", "POST", "/api/v1/integrations/connectors/check"},
	{"getConnector", "GET", "/api/v1/integrations/connectors/{id}"},
	{"updateConnector", "PUT", "/api/v1/integrations/connectors/{id}"},
	{"deleteConnector", "DELETE", "/api/v1/integrations/connectors/{id}"},
	{"checkConnector", "POST", "/api/v1/integrations/connectors/{id}/check"},
	{"executeConnector", "POST", "/api/v1/integrations/connectors/{id}/execute"},
	{"inspectConnector", "GET", "/api/v1/integrations/connectors/{id}/inspect"},
	{"listSourceDefinitions", "GET", "/api/v1/integrations/definitions/sources"},
	{"getSourceDefinition", "GET", "/api/v1/integrations/definitions/sources/{id}"},
	{"listDestinationDefinitions", "GET", "/api/v1/integrations/definitions/destinations"},
	{"getDestinationDefinition", "GET", "/api/v1/integrations/definitions/destinations/{id}"},
	{"listSourceTemplates", "GET", "/api/v1/integrations/templates/sources"},
	{"createSourceTemplate", "POST", "/api/v1/integrations/templates/sources"},
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

// byTable is where requests of users of Client.API come in, whose ctx does not say
// what call it is: the table does. It stands before the pipeline, so that
// programs that do not call API do not carry the table.
type byTable struct{ next gen.HttpRequestDoer }

func (t byTable) Do(req *http.Request) (*http.Response, error) {
	o, ok := operationAt(req.Method, req.URL.Path)
	if !ok {
		closeBody(req)
		return nil, invalid(req.Method+" "+req.URL.Path, "the contract has no such operation; is a path value empty, \".\" or \"..\"?")
	}
	c := &call{op: o.id, name: o.id}
	c.read, c.stream = o.reads(req)
	return t.next.Do(req.WithContext(withCall(req.Context(), c)))
}

// operationAt finds the operation whose path ends the given one: the base URL
// may have a prefix.
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

// swallowed reports whether path may be that of a longer operation whose path
// value was ".": /connectors/./inspect is /connectors/inspect by now, and
// "inspect" is no connector.
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

// reads tells whether req of this operation changes nothing, and whether its
// answer is a file. The action of an execution is read from the body.
func (o operation) reads(req *http.Request) (read, stream bool) {
	if o.id != "executeConnector" {
		return o.method == http.MethodGet, false
	}
	if req.GetBody == nil {
		return false, false
	}
	body, err := req.GetBody()
	if err != nil {
		return false, false
	}
	defer body.Close() //nolint:errcheck // a reader in memory
	var r struct {
		Action string `json:"action"`
	}
	if err := json.UnmarshalRead(body, &r, lenient); err != nil {
		return false, false
	}
	return readActions[r.Action], r.Action == actionDownload
}
