package main

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/document"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/model"
)

func TestFake(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "fake.json")
	if status, stdout, stderr := agentsGen("-fake", file, acme); status != 0 || stdout != "" || !strings.HasSuffix(stderr, "fake.json, for the connector acme-desk: 7 entities, 12 actions; 1 operation left out (-v lists them)\n") {
		t.Fatalf("status %d, %s%s", status, stdout, stderr)
	}
	whole := read(t, file)
	if status, stdout, _ := agentsGen("-fake", file, "-check", acme); status != 0 || stdout != "" {
		t.Errorf("-check of what is there: status %d, %s", status, stdout)
	}
	if status, stdout, _ := agentsGen("-fake", file, "-check", "-entities", "type", acme); status != 1 || !strings.HasPrefix(stdout, "compatible: ") || strings.Count(stdout, "\n") != 1 {
		t.Errorf("-check of something else: status %d, %s", status, stdout)
	}
	if read(t, file) != whole {
		t.Error("-check wrote the file")
	}
	if status, _, stderr := agentsGen("-fake", file, "-entities", "type", acme); status != 0 {
		t.Fatal(stderr)
	}
	if part := read(t, file); strings.Contains(part, "Ticket") || !strings.Contains(part, `"type"`) {
		t.Errorf("the description of one entity is %s", part)
	}

	inside := filepath.Join(dir, "a", "b", "fake.json")
	if status, _, stderr := agentsGen("-fake", inside, acme); status != 0 || read(t, inside) != whole {
		t.Errorf("in a folder that is missing: status %d, %s", status, stderr)
	}

	mine := write(t, filepath.Join(dir, "mine.json"), `{"slug": "mine"}`)
	link := filepath.Join(dir, "link.json")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	for _, path := range []string{mine, link, dir, filepath.Join(mine, "x.json")} {
		before, _ := os.ReadFile(path)
		status, _, stderr := agentsGen("-fake", path, "-o", out, acme)
		after, _ := os.ReadFile(path)
		if status != 2 || stderr == "" || string(before) != string(after) {
			t.Errorf("%s in the way: status %d, %s", path, status, stderr)
		}
		if _, err := os.Stat(out); err == nil {
			t.Fatalf("%s in the way: the package was written", path)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// The service can serve what any document describes.
func TestFakeOfMadeUpDocuments(t *testing.T) {
	n := 100
	if testing.Short() {
		n = 20
	}
	for seed := range n {
		d, err := document.Load(dice{rand.New(rand.NewPCG(uint64(seed), 1))}.document())
		if err != nil {
			t.Fatal(err)
		}
		if d.Slug == "" {
			continue
		}
		p := model.Build(d)
		raw, err := p.Describe(nil)
		if err != nil {
			t.Fatal(err)
		}
		serve(t, seed, p, raw)
	}
}

// served checks that the service takes the description of a package.
func served(t testing.TB, p *model.Package) {
	t.Helper()
	raw, err := p.Describe(nil)
	again, errAgain := p.Describe(nil)
	if err != nil || errAgain != nil || string(raw) != string(again) {
		t.Errorf("the description is %s, %v", raw, err)
	}
	if p.Slug != "" {
		agentstest.New(agentstest.WithoutSeed(), agentstest.WithDocument(raw))
	}
}

// serve runs all actions of a package.
func serve(t *testing.T, seed int, p *model.Package, raw []byte) {
	t.Helper()
	ctx := t.Context()
	fake := agentstest.New(agentstest.WithoutSeed(), agentstest.WithDocument(raw))
	ws, err := client.NewWorkspace(client.WithHTTPClient(&http.Client{Transport: fake.Transport()}), client.WithBaseURL(client.DefaultBaseURL),
		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret), client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName))
	if err != nil {
		t.Fatal(err)
	}
	infos, err := ws.ListConnectors(ctx)
	if err != nil || len(infos) != 1 {
		t.Fatalf("the connectors are %v, %v", infos, err)
	}
	for _, info := range infos {
		conn := ws.ConnectorByID(info.ID)
		for _, e := range p.Entities {
			for _, a := range e.Actions {
				if a.Wire == "download" {
					continue
				}
				_, err := conn.Execute(ctx, e.Wire, a.Wire, nil)
				var refusal *client.Error
				if errors.As(err, &refusal) && refusal.StatusCode != http.StatusUnprocessableEntity && refusal.StatusCode != http.StatusNotFound {
					t.Errorf("seed %d, %s.%s: %v", seed, e.Wire, a.Wire, err)
				}
			}
		}
	}
}

// The service holds parameters to the limits of the document.
func TestFakeHasLimits(t *testing.T) {
	document, _ := lumen(t)
	document = strings.Replace(document, "title: {type: string}", "title: {type: string, minLength: 2, maxLength: 5}\n        tags: {type: array, minItems: 1, maxItems: 2, items: {type: string}}\n        share: {allOf: [{type: number}], minimum: -0.5, maximum: 1}", -1)
	file := filepath.Join(t.TempDir(), "fake.json")
	if status, _, stderr := agentsGen("-fake", file, write(t, filepath.Join(t.TempDir(), "lumen.yaml"), document)); status != 0 {
		t.Fatal(stderr)
	}
	service(t, agentstest.WithDocument([]byte(read(t, file))))
	conn, err := client.Connect(t.Context(), "lumen")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		action string
		params client.Params
		field  string // of the refusal; "" for none
	}{
		{"list", client.Params{"pipeline": "x", "limit": 100}, ""},
		{"list", client.Params{"pipeline": "x", "limit": 101}, "limit"},
		{"list", client.Params{"pipeline": "x", "limit": 0}, "limit"},
		{"update", client.Params{"deal_id": 1, "title": "äöüßé", "tags": []string{"a", "b"}, "share": -0.5}, ""},
		{"update", client.Params{"deal_id": 1, "title": "a"}, "title"},
		{"update", client.Params{"deal_id": 1, "title": "abcdef"}, "title"},
		{"update", client.Params{"deal_id": 1, "title": "abc", "tags": []string{}}, "tags"},
		{"update", client.Params{"deal_id": 1, "title": "abc", "tags": []string{"a", "b", "c"}}, "tags"},
		{"update", client.Params{"deal_id": 1, "title": "abc", "share": 1.01}, "share"},
		{"update", client.Params{"deal_id": 1, "title": "abc", "share": -0.51}, "share"},
	} {
		_, err := conn.Execute(t.Context(), "deals", test.action, test.params)
		var refusal *client.Error
		switch {
		case test.field == "" && err != nil:
			t.Errorf("%v: %v", test.params, err)
		case test.field != "" && (!errors.As(err, &refusal) || refusal.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(err.Error(), test.field)):
			t.Errorf("%v: %v, want a refusal of %s", test.params, err, test.field)
		}
	}
}

// What the document says of operations, parameters and members reaches who asks the
// connector what it can do.
func TestFakeTells(t *testing.T) {
	document, _ := lumen(t)
	document = strings.NewReplacer(
		"  title: Lumen CRM\n", "  title: Lumen CRM\n  description: Where the deals are.\n",
		"{name: pipeline, in: query, required: true,", "{name: pipeline, in: query, required: true, description: \"Key of the\\n\\u202epipeline.\",",
		"    DealChange:\n      type: object\n      properties:\n", "    DealChange:\n      type: object\n      properties:\n"+
			"        buyer: {type: object, description: Who buys, required: [name], properties: {name: {type: string, description: Full name., maxLength: 40}, since: {type: string, format: date}}}\n",
	).Replace(document)
	file := filepath.Join(t.TempDir(), "fake.json")
	if status, _, stderr := agentsGen("-fake", file, write(t, filepath.Join(t.TempDir(), "lumen.yaml"), document)); status != 0 {
		t.Fatal(stderr)
	}
	service(t, agentstest.WithDocument([]byte(read(t, file))))
	conn, err := client.Connect(t.Context(), "lumen")
	if err != nil {
		t.Fatal(err)
	}
	d, err := conn.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	deals, _ := d.Entity("deals")
	if want := "Deals of Lumen CRM; list: Lists the deals of a pipeline"; deals.Description != want {
		t.Errorf("the entity is %q, want %q", deals.Description, want)
	}
	for _, test := range []struct{ action, param, want string }{
		{"list", "pipeline", "Key of the pipeline."},
		{"list", "limit", "1 to 100; default 25"},
		{"update", "closes_on", "a date, such as 2026-01-02"},
		{"update", "buyer", "Who buys; members: name (string, required, Full name, at most 40 characters), since (string, a date, such as 2026-01-02)"},
	} {
		action, _ := deals.Action(test.action)
		i := slices.IndexFunc(action.Params, func(p client.ParamDescription) bool { return p.Name == test.param })
		if i < 0 || action.Params[i].Description != test.want {
			t.Errorf("%s of %s: %+v, want %q", test.param, test.action, action.Params, test.want)
		}
	}
	docs, err := conn.Docs(t.Context(), "actions.deals.list")
	if err != nil || !strings.Contains(docs.String(), "Lists the deals of a pipeline") || !strings.Contains(docs.String(), "Key of the pipeline.") {
		t.Errorf("the documentation is %+v, %v", docs, err)
	}
}
