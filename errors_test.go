package agents_test

import (
	"context"
	"errors"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// failures causes each of the errors of docs/errors.md, by the name of the sentinel that
// it matches.
var failures = map[string]struct {
	sentinel error
	cause    func(ctx context.Context, fake *agentstest.Service, c *client.Client) error
}{
	"auth.ErrNoCredentials": {auth.ErrNoCredentials, func(context.Context, *agentstest.Service, *client.Client) error {
		_, err := client.New()
		return err
	}},
	"auth.ErrUnsafe": {auth.ErrUnsafe, func(ctx context.Context, fake *agentstest.Service, _ *client.Client) error {
		_, err := client.New(append(options(fake), client.WithBaseURL("http://agents.example.com"))...)
		return err
	}},
	"client.ErrUnauthorized": {client.ErrUnauthorized, func(ctx context.Context, fake *agentstest.Service, _ *client.Client) error {
		_, err := client.Connect(ctx, "github", append(options(fake), client.WithClientSecret("wrong"))...)
		return err
	}},
	"client.ErrForbidden": {client.ErrForbidden, func(ctx context.Context, fake *agentstest.Service, _ *client.Client) error {
		_, err := client.Connect(ctx, "github", append(options(fake), client.WithCredentials("member", "of one organization"), client.WithScopedToken())...)
		return err
	}},
	"client.ErrNotFound": {client.ErrNotFound, func(ctx context.Context, _ *agentstest.Service, c *client.Client) error {
		return execute(ctx, c, "issues", "get", client.Params{"number": 4711})
	}},
	"client.ErrInvalid": {client.ErrInvalid, func(ctx context.Context, _ *agentstest.Service, c *client.Client) error {
		github, err := c.DefaultWorkspace().Connector(ctx, "github")
		if err != nil {
			return err
		}
		for _, err := range client.Search[map[string]any](ctx, github, "issues", client.Query{Filter: client.Where("titel").Contains("timeout")}) {
			return err
		}
		return nil
	}},
	"client.ErrRateLimited": {client.ErrRateLimited, func(ctx context.Context, fake *agentstest.Service, c *client.Client) error {
		fake.Inject(agentstest.Fault{Entity: "issues", Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"120"}}, Body: `{"message": "GitHub allows no more requests for now"}`})
		return execute(ctx, c, "issues", "list", nil)
	}},
	"client.ErrServer": {client.ErrServer, func(ctx context.Context, fake *agentstest.Service, c *client.Client) error {
		fake.Inject(agentstest.Fault{Entity: "issues", Status: http.StatusServiceUnavailable, Times: -1, Body: `{"message": "The connector could not be started"}`})
		return execute(ctx, c, "issues", "list", nil)
	}},
	"client.ErrUsageExceeded": {client.ErrUsageExceeded, func(ctx context.Context, fake *agentstest.Service, c *client.Client) error {
		fake.Inject(agentstest.Fault{Entity: "issues", Status: http.StatusPaymentRequired, Body: `{"message": "The plan includes no more actions in this period"}`})
		return execute(ctx, c, "issues", "list", nil)
	}},
	"client.ErrConnectorNotFound": {client.ErrConnectorNotFound, func(ctx context.Context, _ *agentstest.Service, c *client.Client) error {
		_, err := c.DefaultWorkspace().Connector(ctx, "gitlab")
		return err
	}},
	"client.ErrConnectorAmbiguous": {client.ErrConnectorAmbiguous, func(ctx context.Context, _ *agentstest.Service, c *client.Client) error {
		_, err := c.Workspace(agentstest.SecondWorkspaceName).Connector(ctx, "github")
		return err
	}},
	"client.ErrWorkspaceNotFound": {client.ErrWorkspaceNotFound, func(ctx context.Context, _ *agentstest.Service, c *client.Client) error {
		_, err := c.Workspace("acme-prod").Connector(ctx, "github")
		return err
	}},
	"client.ErrDefinitionAmbiguous": {client.ErrDefinitionAmbiguous, func(ctx context.Context, fake *agentstest.Service, c *client.Client) error {
		fake.Inject(agentstest.Fault{Operation: "listSourceDefinitions", Status: http.StatusOK, Body: `{"definitions": [
			{"sourceDefinitionId": "11111111-0000-4000-8000-000000000001", "name": "Files", "dockerRepository": "acme/source-files"},
			{"sourceDefinitionId": "11111111-0000-4000-8000-000000000002", "name": "Files", "dockerRepository": "airbyte/source-files"}]}`})
		_, err := c.Definitions().FindSource(ctx, "files")
		return err
	}},
	"client.ErrExecution": {client.ErrExecution, func(ctx context.Context, fake *agentstest.Service, c *client.Client) error {
		fake.Inject(agentstest.Fault{Entity: "issues", Status: http.StatusOK, Body: `{"status": "error", "error": "GitHub responded with 401: Bad credentials"}`})
		return execute(ctx, c, "issues", "list", nil)
	}},
	"client.ErrEmptyDownload": {client.ErrEmptyDownload, func(ctx context.Context, _ *agentstest.Service, c *client.Client) error {
		zendesk, err := c.DefaultWorkspace().Connector(ctx, "zendesk-support")
		if err != nil {
			return err
		}
		_, err = zendesk.Download(ctx, "attachments", client.Params{"attachment_id": 4711})
		return err
	}},
	"client.ErrResponseTooLarge": {client.ErrResponseTooLarge, func(ctx context.Context, fake *agentstest.Service, _ *client.Client) error {
		small, err := client.New(append(options(fake), client.WithMaxResponseBytes(4096))...)
		if err != nil {
			return err
		}
		return execute(ctx, small, "issues", "list", nil)
	}},
	"client.ErrNetwork": {client.ErrNetwork, func(ctx context.Context, fake *agentstest.Service, _ *client.Client) error {
		_, err := client.Connect(ctx, "github", append(options(fake), client.WithHTTPClient(&http.Client{Transport: offline{}}))...)
		return err
	}},
	"client.ErrBadResponse": {client.ErrBadResponse, func(ctx context.Context, fake *agentstest.Service, c *client.Client) error {
		fake.Inject(agentstest.Fault{Entity: "issues", Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html><title>Sign in to the proxy</title></html>"})
		return execute(ctx, c, "issues", "list", nil)
	}},
	"client.ErrPaging": {client.ErrPaging, func(ctx context.Context, _ *agentstest.Service, c *client.Client) (last error) {
		salesforce, err := c.DefaultWorkspace().Connector(ctx, "salesforce")
		if err != nil {
			return err
		}
		for _, err := range client.SQL[map[string]any](ctx, salesforce, "accounts", "SELECT * FROM accounts", client.WithLimit(10)) {
			last = err
		}
		return last
	}},
	"client.ErrPageRepeated": {client.ErrPageRepeated, func(ctx context.Context, _ *agentstest.Service, c *client.Client) (last error) {
		github, err := c.DefaultWorkspace().Connector(ctx, "github")
		if err != nil {
			return err
		}
		for _, err := range client.All[map[string]any](ctx, github, "issues", "list", nil, client.WithPageParam("page")) {
			last = err
		}
		return last
	}},
	"client.ErrNoConsent": {client.ErrNoConsent, func(context.Context, *agentstest.Service, *client.Client) error {
		_, err := client.ConsentResult(map[string][]string{"error": {"access_denied"}, "error_description": {"The user pressed Cancel"}})
		return err
	}},
	"client.ErrWaitedTooLong": {client.ErrWaitedTooLong, func(ctx context.Context, fake *agentstest.Service, c *client.Client) error {
		created, err := c.DefaultWorkspace().CreateConnector(ctx, client.CreateConnectorRequest{ConnectorType: "github", Name: "New", Credentials: map[string]any{"token": "x"}})
		if err != nil {
			return err
		}
		_, err = c.DefaultWorkspace().ConnectorFrom(*created).WaitSearchable(ctx, "issues", client.Polling{Limit: time.Minute})
		return err
	}},
}

// options are those of a client that uses a service in memory.
func options(fake *agentstest.Service) []client.Option {
	return []client.Option{
		client.WithHTTPClient(&http.Client{Transport: fake.Transport()}), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
	}
}

// offline is a network in which no name is found.
type offline struct{}

func (offline) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true}}
}

// execute runs an action of the connector of GitHub.
func execute(ctx context.Context, c *client.Client, entity, action string, params client.Params) error {
	github, err := c.DefaultWorkspace().Connector(ctx, "github")
	if err != nil {
		return err
	}
	_, err = github.Execute(ctx, entity, action, params)
	return err
}

var update = flag.Bool("update", false, "write the texts of errors into docs/errors.md")

// A case of docs/errors.md: the name of the sentinel, its text, cause and fix.
var errorCase = regexp.MustCompile("(?m)^### ((?:auth|client)\\.Err\\w+)\n\n```text\n((?s:.*?))\n```\n\n\\*\\*Cause:\\*\\* ((?s:.+?))\n\n\\*\\*Fix:\\*\\* ")

// TestErrorCases checks that docs/errors.md has a case for every sentinel of client and
// auth, and that the text in it is the one that users see. With -update it writes the
// texts.
func TestErrorCases(t *testing.T) {
	for _, name := range []string{"AIRBYTE_CLIENT_ID", "AIRBYTE_CLIENT_SECRET", "AIRBYTE_ORGANIZATION_ID", "AIRBYTE_WORKSPACE", "AIRBYTE_API_HOST"} {
		t.Setenv(name, "") // and restores it
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	const page = "docs/errors.md"
	document := read(t, page)
	documented := map[string]bool{}
	changed := document
	for _, m := range errorCase.FindAllStringSubmatch(document, -1) {
		name, text := m[1], m[2]
		if documented[name] {
			t.Errorf("%s has %s twice", page, name)
		}
		documented[name] = true
		got := failureText(t, name)
		if got == text || got == "" {
			continue
		}
		if !*update {
			t.Errorf("%s: the text of %s is now (-update writes it)\n%s\nand not\n%s", page, name, got, text)
		}
		changed = strings.Replace(changed, "### "+name+"\n\n```text\n"+text+"\n", "### "+name+"\n\n```text\n"+got+"\n", 1)
	}
	names := append(sentinels(t, "auth"), sentinels(t, "client")...)
	if len(names) < 20 {
		t.Errorf("only %d sentinels were found: %v", len(names), names)
	}
	for _, name := range names {
		if !documented[name] {
			t.Errorf("%s has no case of %s, with its text, cause and fix", page, name)
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("%s has a case of %s, which does not exist", page, name)
	}
	if *update && changed != document {
		if err := os.WriteFile(page, []byte(changed), 0o600); err != nil {
			t.Error(err)
		}
	}
}

// failureText causes an error that matches a sentinel, and returns its text.
func failureText(t *testing.T, name string) (text string) {
	f, ok := failures[name]
	if !ok {
		t.Errorf("failures does not cause %s", name)
		return ""
	}
	synctest.Test(t, func(t *testing.T) {
		fake := agentstest.New(agentstest.WithMember("member", "of one organization"), agentstest.WithSearchDelay(time.Hour))
		c, err := client.New(options(fake)...)
		if err != nil {
			t.Fatal(err)
		}
		if name == "client.ErrInvalid" || name == "client.ErrPaging" {
			time.Sleep(time.Hour) // until the context store is filled
		}
		err = f.cause(t.Context(), fake, c)
		if !errors.Is(err, f.sentinel) {
			t.Errorf("%s: got %v", name, err)
			return
		}
		text = err.Error()
	})
	return text
}

// sentinels returns the exported errors that a package declares, such as
// client.ErrNotFound.
func sentinels(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			vars, ok := decl.(*ast.GenDecl)
			if !ok || vars.Tok != token.VAR {
				continue
			}
			for _, spec := range vars.Specs {
				for _, id := range spec.(*ast.ValueSpec).Names {
					if strings.HasPrefix(id.Name, "Err") {
						names = append(names, dir+"."+id.Name)
					}
				}
			}
		}
	}
	return names
}
