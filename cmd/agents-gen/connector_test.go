package main

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/emit"
)

// service starts a service that the environment names.
func service(t *testing.T, opts ...agentstest.Option) *agentstest.Server {
	t.Helper()
	fake := agentstest.NewServer(opts...)
	t.Cleanup(fake.Close)
	for name, value := range map[string]string{
		"AIRBYTE_API_HOST": fake.URL, "AIRBYTE_CLIENT_ID": agentstest.ClientID, "AIRBYTE_CLIENT_SECRET": agentstest.ClientSecret,
		"AIRBYTE_ORGANIZATION_ID": agentstest.OrganizationID, "AIRBYTE_WORKSPACE": agentstest.WorkspaceName,
	} {
		t.Setenv(name, value)
	}
	return fake
}

// written returns the files of a folder, which are checked to compile.
func written(t *testing.T, dir string) string {
	t.Helper()
	var made []emit.File
	for name, data := range files(t, dir) {
		made = append(made, emit.File{Name: name, Data: []byte(data)})
	}
	slices.SortFunc(made, func(a, b emit.File) int { return strings.Compare(a.Name, b.Name) })
	compile(t, made)
	return source(made)
}

func refuse(operation, action string, status int) agentstest.Fault {
	return agentstest.Fault{Operation: operation, Action: action, Status: status, Times: -1}
}

func TestConnector(t *testing.T) {
	describe := refuse("executeConnector", "describe", http.StatusForbidden)
	prepare := func(status int) agentstest.Fault { return refuse("prepareExecution", "", status) }
	for _, test := range []struct {
		name   string
		faults []agentstest.Fault
		typed  bool
		wrong  string // the error, if there is one
	}{
		{"the document", nil, true, ""},
		{"the document, without a description", []agentstest.Fault{describe}, true, ""},
		{"400", []agentstest.Fault{prepare(http.StatusBadRequest)}, false, ""},
		{"403", []agentstest.Fault{prepare(http.StatusForbidden)}, false, ""},
		{"404", []agentstest.Fault{prepare(http.StatusNotFound)}, false, ""},
		{"405", []agentstest.Fault{prepare(http.StatusMethodNotAllowed)}, false, ""},
		{"422", []agentstest.Fault{prepare(http.StatusUnprocessableEntity)}, false, "422"},
		{"409", []agentstest.Fault{prepare(http.StatusConflict)}, false, "409"},
		{"neither", []agentstest.Fault{describe, prepare(http.StatusForbidden)}, false, "generate from a file"},
		{"neither, and no inspection", []agentstest.Fault{describe, refuse("inspectConnector", "", http.StatusForbidden)}, false, "generate from a file"},
		{"no inspection", []agentstest.Fault{describe, refuse("inspectConnector", "", http.StatusConflict)}, false, "409"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := service(t)
			for _, f := range test.faults {
				fake.Inject(f)
			}
			dir := filepath.Join(t.TempDir(), "out")
			status, stdout, stderr := agentsGen("-v", "-connector", "stripe", "-o", dir, "-fake", filepath.Join(dir, "fake.json"))
			if test.wrong != "" {
				if status != 2 || stdout != "" || !strings.Contains(stderr, test.wrong) || strings.Count(stderr, "\n") != 1 {
					t.Errorf("status %d, %q, %q", status, stdout, stderr)
				}
				if _, err := os.Stat(dir); err == nil {
					t.Error("something was written")
				}
				return
			}
			if status != 0 || stdout != "" {
				t.Fatalf("status %d, %s, %s", status, stdout, stderr)
			}
			description := read(t, filepath.Join(dir, "fake.json"))
			if err := os.Remove(filepath.Join(dir, "fake.json")); err != nil {
				t.Fatal(err)
			}
			code := written(t, dir)
			for _, want := range map[bool][]string{
				true: {
					`package stripe`, `document "Stripe" of the connector "stripe", version "1.0.0"`, ") All(ctx context.Context, p CustomersListParams, opts ...client.ExecuteOption) iter.Seq2[Customers, error] {",
					`CustomersFieldEmail `, "`json:\"email\"`", ") Search(ctx context.Context, q client.Query, opts ...client.ExecuteOption) iter.Seq2[CustomersStoreRecord, error] {",
				},
				false: {
					`package stripe`, `Made from what the connector "stripe" says about itself`, ") All(ctx context.Context, p CustomersListParams, opts ...client.ExecuteOption) iter.Seq2[json.RawMessage, error] {",
					") Create(ctx context.Context, p CustomersCreateParams, opts ...client.ExecuteOption) (json.RawMessage, error) {", "func CustomersRows[T any](records []json.RawMessage) iter.Seq2[T, error] {",
					") Search(ctx context.Context, q client.Query, opts ...client.ExecuteOption) iter.Seq2[json.RawMessage, error] {", "\tID any `json:\"id\"`\n",
				},
			}[test.typed] {
				if !strings.Contains(code, want) {
					t.Errorf("there is no %s in\n%s", want, code)
				}
			}
			for _, secret := range []string{"agentstest-secret", agentstest.ClientSecret, "api_key"} {
				if strings.Contains(code+stdout+stderr+description, secret) {
					t.Errorf("%s was written or printed", secret)
				}
			}
			if status, stdout, _ := agentsGen("-check", "-connector", "stripe", "-o", dir); status != 0 {
				t.Errorf("-check finds differences: %s", stdout)
			}
			agentstest.New(agentstest.WithDocument([]byte(description)))
		})
	}
}

func TestConnectorBadInput(t *testing.T) {
	service(t, agentstest.WithConnector(agentstest.WorkspaceName, agentstest.Connector{Slug: "empty", Entities: map[string]agentstest.Entity{}}),
		agentstest.WithConnector(agentstest.WorkspaceName, agentstest.Connector{
			Slug: "broken", Definition: "a: [", Entities: map[string]agentstest.Entity{"things": {}},
		}))
	out := filepath.Join(t.TempDir(), "out")
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"a file, too", []string{"-connector", "stripe", acme}, "either"},
		{"no name", []string{"-connector", " "}, "-connector"},
		{"no folder", []string{"-connector", "stripe"}, "-o"},
		{"unknown", []string{"-connector", "none", "-o", out}, "stripe"},
		{"without entities", []string{"-connector", "empty", "-o", out}, "no entities"},
		{"a document that is none", []string{"-connector", "broken", "-o", out}, "not YAML"},
	} {
		status, stdout, stderr := agentsGen(test.args...)
		if status != 2 || stdout != "" || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: status %d, %q, %q", test.name, status, stdout, stderr)
		}
	}
	t.Setenv("AIRBYTE_CLIENT_SECRET", "")
	if status, _, stderr := agentsGen("-connector", "stripe", "-o", out); status != 2 || !strings.Contains(stderr, "AIRBYTE_CLIENT_SECRET is empty; To fix it") || strings.Contains(stderr, "  ") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("without a secret: status %d, %q", status, stderr)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("something was written")
	}
}

// Text of the connector's description becomes no code.
func TestConnectorIsUntrusted(t *testing.T) {
	fake := service(t, agentstest.WithConnector(agentstest.WorkspaceName, agentstest.Connector{
		Slug: "odd", Entities: map[string]agentstest.Entity{
			"../../x\n*/ func": {Records: []map[string]any{{"id": 1, "a`b\n": "x", "type": true, "Extra": "//go:build x"}}},
			"windows":          {Actions: []string{"list", "own\naction", "describe"}},
		},
	}))
	for _, faults := range [][]agentstest.Fault{nil, {refuse("prepareExecution", "", http.StatusForbidden)}} {
		for _, f := range faults {
			fake.Inject(f)
		}
		dir := t.TempDir()
		if status, _, stderr := agentsGen("-connector", "odd", "-o", filepath.Join(dir, "out")); status != 0 {
			t.Errorf("status %d, %s", status, stderr)
			continue
		}
		written(t, filepath.Join(dir, "out"))
		if list := files(t, filepath.Join(dir, "out")); len(list) != 4 {
			t.Errorf("there are %d files", len(list))
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
			t.Errorf("there is %v, %v", entries, err)
		}
	}
}
