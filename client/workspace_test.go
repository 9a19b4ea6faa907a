package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// listed returns a connector as in a list. Its ID is derived from n.
func listed(n int, slug, display, own string) string {
	b, err := json.Marshal(map[string]any{
		"id": numbered(n), "name": own, "created_at": "2026-01-02T03:04:05Z",
		"summarized_source_template": map[string]any{"id": "t", "name": display, "connector_name": slug, "actor_definition_id": "d", "icon": nil},
	})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// numbered returns a UUID with n in it.
func numbered(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

func list(items ...string) reply { return says(200, `{"data":[`+strings.Join(items, ",")+`]}`) }

func TestConnectorLookup(t *testing.T) {
	all := []string{
		listed(1, "github", "GitHub", "work"),
		listed(2, "zendesk-support", "Zendesk Support", "tickets"),
		listed(3, "slack", "Slack", "sales"),
		listed(4, "slack", "Slack", "ops"),
		listed(5, "jira", "Jira", "jira"),
		listed(6, "jira", "Jira", "other jira"),
		listed(7, "notion", "Notion", "github"), // its own name is the slug of another one
		listed(8, "google-drive", "Same", "drive"),
		listed(9, "one-drive", "Same", "msdrive"),
		listed(10, "", "", "nameless"),
		listed(11, "a", "A", "twin"),
		listed(12, "b", "B", "twin"),
	}
	for _, tc := range []struct {
		slug string
		id   int    // 0 means an error
		err  string // the kinds that it matches
		text []string
	}{
		{slug: "github", id: 1},
		{slug: "GitHub", id: 1},
		{slug: "  GITHUB\n", id: 1},
		{slug: "work", id: 1},
		{slug: "zendesk-support", id: 2},
		{slug: "Zendesk Support", id: 2},
		{slug: "zendesk_support", id: 2},
		{slug: "ZENDESK  SUPPORT", id: 2},
		{slug: "Tickets", id: 2},
		{slug: "sales", id: 3},
		{slug: "Ops", id: 4},
		{slug: "jira", id: 5}, // two have the slug, one of them has the name
		{slug: "Other_Jira", id: 6},
		{slug: "notion", id: 7},
		{slug: "nameless", id: 10},
		{slug: numbered(4), id: 4},
		{slug: strings.ToUpper(numbered(10)), id: 10},
		{slug: stubID, err: "ErrNotFound+ErrConnectorNotFound"},
		{slug: "slack", err: "ErrConnectorAmbiguous", text: []string{"2 connectors", `"slack"`, `"sales"`, `"ops"`, numbered(3), numbered(4), "own name or id"}},
		{slug: "same", err: "ErrConnectorAmbiguous", text: []string{"2 connectors", `"drive"`, `"msdrive"`}},
		{slug: "twin", err: "ErrConnectorAmbiguous", text: []string{"2 connectors"}},
		{slug: "gitlab", err: "ErrNotFound+ErrConnectorNotFound", text: []string{`no connector "gitlab"`, `workspace "default"`, "github", "zendesk-support", "slack"}},
		{slug: "git", err: "ErrNotFound+ErrConnectorNotFound"}, // no partial names
		{slug: "zendesksupport", err: "ErrNotFound+ErrConnectorNotFound"},
		{slug: "", err: "ErrInvalid", text: []string{"slug is empty"}},
		{slug: " \t", err: "ErrInvalid", text: []string{"slug is empty"}},
		{slug: "--", err: "ErrInvalid"},
		{slug: " _ ", err: "ErrInvalid"},
	} {
		t.Run(tc.slug, func(t *testing.T) {
			s := serve(t, list(all...))
			conn, err := newClient(t, s).DefaultWorkspace().Connector(t.Context(), tc.slug)
			if tc.id == 0 {
				if err == nil {
					t.Fatalf("found %v", conn)
				}
				wantKinds(t, err, tc.err)
				wantText(t, err, tc.text...)
			} else if err != nil {
				t.Fatal(err)
			} else if conn.ID() != numbered(tc.id) {
				t.Errorf("found %v, want %s", conn, numbered(tc.id))
			}
			want := 1
			if tc.err == "ErrInvalid" {
				want = 0
			}
			s.wantSent(t, want)
		})
	}
	t.Run("none", func(t *testing.T) {
		_, err := newClient(t, serve(t, list())).Workspace("acme").Connector(t.Context(), "github")
		wantKinds(t, err, "ErrNotFound+ErrConnectorNotFound")
		wantText(t, err, `workspace "acme"`, "it has none")
	})
	t.Run("very many", func(t *testing.T) {
		var many []string
		for i := range 500 {
			many = append(many, listed(i, fmt.Sprint("kind-", i), "", ""))
		}
		_, err := newClient(t, serve(t, list(many...))).DefaultWorkspace().Connector(t.Context(), "github")
		wantText(t, err, "and 490 more")
		if len(err.Error()) > 1000 {
			t.Errorf("the text has %d bytes", len(err.Error()))
		}
	})
	t.Run("slug and workspace", func(t *testing.T) {
		s := serve(t, list(all...))
		w := newClient(t, s).Workspace("acme")
		conn, err := w.Connector(t.Context(), "Zendesk Support")
		if err != nil {
			t.Fatal(err)
		}
		if conn.Slug() != "zendesk-support" || conn.Workspace() != w {
			t.Errorf("slug %q of %v", conn.Slug(), conn.Workspace())
		}
		if r := s.requests()[0]; r.Method != "GET" || r.Path != listPath || r.Query != "workspace_name=acme" {
			t.Errorf("asked %s %s?%s", r.Method, r.Path, r.Query)
		}
	})
}

func TestListConnectors(t *testing.T) {
	s := serve(t, list(
		listed(1, "github", "GitHub", "work"),
		`{"id":"x","name":null,"summarized_source_template":null,"created_at":null,"updated_at":"yesterday","news":[1,{"a":2}]}`,
		`{}`,
		`{"id":"y","created_at":"2026-01-02T03:04:05.123456","updated_at":"2026-01-02 03:04:05+00:00"}`,
		`{"id":"z","created_at":"2026-01-02","updated_at":1767323045}`,
	))
	got, err := newClient(t, s).DefaultWorkspace().ListConnectors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	want := []client.ConnectorInfo{
		{ID: numbered(1), Name: "work", Slug: "github", DisplayName: "GitHub", DefinitionID: "d", TemplateID: "t", CreatedAt: at},
		{ID: "x"},
		{},
		{ID: "y", CreatedAt: at.Add(123456 * time.Microsecond), UpdatedAt: at},
		{ID: "z", CreatedAt: at.Truncate(24 * time.Hour)},
	}
	if len(got) != len(want) {
		t.Fatalf("%d connectors", len(got))
	}
	for i := range want {
		got[i].CreatedAt, got[i].UpdatedAt = got[i].CreatedAt.UTC(), got[i].UpdatedAt.UTC()
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("connector %d is\n%+v, want\n%+v", i, got[i], want[i])
		}
	}
	if got, err := newClient(t, serve(t, says(200, `{"data":[]}`))).DefaultWorkspace().ListConnectors(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("an empty list: %v %v", got, err)
	}
}

func TestAWorkspaceThatIsMissing(t *testing.T) {
	gone := says(404, `{"message":"Workspace not found"}`)
	w := newClient(t, serve(t, gone)).Workspace("acme")
	for name, do := range map[string]func() error{
		"list":    func() error { _, err := w.ListConnectors(t.Context()); return err },
		"lookup":  func() error { _, err := w.Connector(t.Context(), "x"); return err },
		"connect": func() error { _, err := w.Connector(t.Context(), "x"); return err },
		"create": func() error {
			_, err := w.CreateConnector(t.Context(), client.CreateConnectorRequest{ConnectorType: "x", OAuthSecretID: "x"})
			return err
		},
	} {
		err := do()
		wantKinds(t, err, "ErrNotFound+ErrWorkspaceNotFound")
		wantText(t, err, "Workspace not found", `Workspace.Ensure creates "acme"`)
		if e := asError(t, err); e.StatusCode != 404 {
			t.Errorf("%s: status %d", name, e.StatusCode)
		}
	}
	// A 404 about a connector is not about the workspace.
	_, err := w.ConnectorByID(stubID).Inspect(t.Context())
	wantKinds(t, err, "ErrNotFound+ErrConnectorNotFound")
	_, err = w.ConnectorByID(stubID).Execute(t.Context(), "x", "get", nil)
	wantKinds(t, err, "ErrNotFound") // it may be about the record
}

func workspacePage(next string, names ...string) reply {
	items := []map[string]any{}
	for _, n := range names {
		name, dead := strings.CutSuffix(n, "†")
		items = append(items, map[string]any{"id": "id-" + name, "name": name, "organization_id": stubOrg, "status": "active", "tombstone": dead})
	}
	b, err := json.Marshal(map[string]any{"data": items, "next": next})
	if err != nil {
		panic(err)
	}
	return says(200, string(b))
}

func workspaceNames(t *testing.T, c *client.Client, filter client.WorkspaceFilter) (string, error) {
	t.Helper()
	var names []string
	for w, err := range c.Workspaces(t.Context(), filter) {
		if err != nil {
			return strings.Join(names, " "), err
		}
		names = append(names, w.Name)
	}
	return strings.Join(names, " "), nil
}

func TestWorkspacesGoesThroughAllPages(t *testing.T) {
	s := serve(t,
		workspacePage("https://api.test/api/v1/workspaces?cursor=2&limit=100", "a", "b"), // absolute
		workspacePage("/api/v1/workspaces?cursor=3"),                                     // relative to the origin, after an empty page
		workspacePage("?cursor=4", "c†"),                                                 // relative to the page
		workspacePage("HTTPS://API.TEST:443/api/v1/workspaces?cursor=5", "d"),            // the same origin
		workspacePage("", "e"),
	)
	got, err := workspaceNames(t, newClient(t, s), client.WorkspaceFilter{})
	if err != nil || got != "a b c d e" {
		t.Errorf("%s %v", got, err)
	}
	var queries []string
	for _, r := range s.requests() {
		queries = append(queries, r.Query)
		if r.Header.Get("Authorization") != "Bearer "+stubToken || r.Path != "/api/v1/workspaces" {
			t.Errorf("asked %s with %v", r.Path, r.Header)
		}
	}
	if got := strings.Join(queries, " "); got != "limit=100 cursor=2&limit=100 cursor=3 cursor=4 cursor=5" {
		t.Errorf("asked with %s", got)
	}
}

func TestWorkspacesOfABaseURLWithAPath(t *testing.T) {
	s := serve(t, workspacePage("https://api.test/prefix/api/v1/workspaces?cursor=2", "a"), workspacePage("?cursor=3", "b"), workspacePage("", "c"))
	got, err := workspaceNames(t, newClient(t, s, client.WithBaseURL("https://api.test/prefix")), client.WorkspaceFilter{})
	if err != nil || got != "a b c" {
		t.Errorf("%s %v", got, err)
	}
	for _, r := range s.requests() {
		if r.Path != "/prefix/api/v1/workspaces" {
			t.Errorf("asked %s", r.Path)
		}
	}
}

func TestWorkspacesLeavesTheServiceAlone(t *testing.T) {
	for _, next := range []string{
		"https://evil.test/api/v1/workspaces?cursor=2", "http://api.test/api/v1/workspaces", "https://api.test:8443/api/v1/workspaces",
		"//evil.test/api/v1/workspaces", "https://api.test@evil.test/x", "https://user:pw@api.test/api/v1/workspaces", `https:\\evil.test`,
		"javascript:alert(1)", "https://api.test.evil.test/", "http://127.0.0.1/", "file:///etc/passwd", "https://%41pi.test/", ":",
	} {
		t.Run(next, func(t *testing.T) {
			s := serve(t, workspacePage(next, "a"))
			got, err := workspaceNames(t, newClient(t, s), client.WorkspaceFilter{})
			if err == nil || got != "a" {
				t.Errorf("%q %v", got, err)
			}
			wantKinds(t, err, "ErrPaging")
			s.wantSent(t, 1)
			if strings.Contains(fmt.Sprint(err), "pw") {
				t.Errorf("a password is in %v", err)
			}
			if strings.Contains(next, "evil.test/api") && !errors.Is(err, auth.ErrUnsafe) {
				t.Errorf("not auth.ErrUnsafe: %v", err)
			}
		})
	}
}

func TestWorkspacesDoesNotLoop(t *testing.T) {
	for name, tc := range map[string]struct {
		pages []reply
		want  int
	}{
		"the page itself":        {[]reply{workspacePage("/api/v1/workspaces?limit=100", "a")}, 1},
		"the same":               {[]reply{workspacePage("/api/v1/workspaces?cursor=2", "a")}, 2},
		"the same, another link": {[]reply{workspacePage("?cursor=2", "a"), workspacePage("?cursor=3", "a")}, 2},
		"a circle": {[]reply{
			workspacePage("?cursor=2", "a"), workspacePage("?cursor=3", "b"), workspacePage("https://API.test/api/v1/workspaces?cursor=2", "c"),
		}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tc.pages...)
			got, err := workspaceNames(t, newClient(t, s), client.WorkspaceFilter{})
			wantKinds(t, err, "ErrPaging+ErrPageRepeated")
			s.wantSent(t, tc.want)
			if !strings.HasPrefix("a b c", got) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestWorkspacesFilter(t *testing.T) {
	for n, limit := range map[int]int{-1: 0, 0: 100, 1: 1, 100: 100, 101: 0} { // 0 means an error
		s := serve(t, workspacePage(""))
		_, err := workspaceNames(t, newClient(t, s), client.WorkspaceFilter{PageSize: n})
		if (err == nil) != (limit > 0) {
			t.Errorf("a page size of %d: %v", n, err)
		}
		if limit > 0 {
			if q := s.requests()[0].Query; q != fmt.Sprint("limit=", limit) {
				t.Errorf("asked with %s", q)
			}
		} else {
			wantKinds(t, err, "ErrInvalid")
			s.wantSent(t, 0)
		}
	}
	s := serve(t, workspacePage(""))
	if _, err := workspaceNames(t, newClient(t, s), client.WorkspaceFilter{NameContains: "a&b c", Status: client.WorkspaceInactive}); err != nil {
		t.Fatal(err)
	}
	if q := s.requests()[0].Query; q != "name_contains=a%26b+c&status=inactive&limit=100" {
		t.Errorf("asked with %s", q)
	}
	t.Run("break", func(t *testing.T) {
		s := serve(t, workspacePage("?cursor=2", "a", "b"))
		for range newClient(t, s).Workspaces(t.Context(), client.WorkspaceFilter{}) {
			break
		}
		s.wantSent(t, 1)
	})
	t.Run("error on a later page", func(t *testing.T) {
		s := serve(t, workspacePage("?cursor=2", "a"), says(403, `{"message":"no"}`))
		got, err := workspaceNames(t, newClient(t, s), client.WorkspaceFilter{})
		wantKinds(t, err, "ErrForbidden")
		if got != "a" {
			t.Errorf("got %q before the error", got)
		}
	})
	t.Run("twice", func(t *testing.T) {
		s := serve(t, workspacePage("?cursor=2", "a"), workspacePage("", "b"), workspacePage("?cursor=2", "a"), workspacePage("", "b"))
		seq := newClient(t, s).Workspaces(t.Context(), client.WorkspaceFilter{})
		for range 2 {
			n := 0
			for _, err := range seq {
				if n++; err != nil {
					t.Error(err)
				}
			}
			if n != 2 {
				t.Errorf("%d workspaces", n)
			}
		}
	})
}

func TestWorkspaceInfo(t *testing.T) {
	page := says(200, `{"data":[
		{"id":"1","name":"acme","tombstone":true},
		{"id":"2","name":"acme-2"},{"id":"3","name":"ACME"},{"id":"4"}
	],"next":"?cursor=2"}`)
	s := serve(t, page, says(200, `{"data":[{"id":"5","name":"acme","organization_id":"o","status":"inactive","cache_enabled":false,"created_at":"2026-01-02T03:04:05Z","updated_at":null}],"next":null}`))
	info, err := newClient(t, s).Workspace("acme").Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.ID != "5" || info.Name != "acme" || info.OrganizationID != "o" || info.Status != client.WorkspaceInactive || info.ContextStore == nil || *info.ContextStore ||
		!info.CreatedAt.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) || !info.UpdatedAt.IsZero() {
		t.Errorf("%+v", info)
	}
	s.wantSent(t, 2)
	if q := s.requests()[0].Query; !strings.Contains(q, "name_contains=acme") {
		t.Errorf("asked with %s", q)
	}
	_, err = newClient(t, serve(t, workspacePage("", "acme†", "acme-2"))).Workspace("acme").Info(t.Context())
	wantKinds(t, err, "ErrNotFound+ErrWorkspaceNotFound")
	wantText(t, err, `"acme"`, "Ensure creates it")
}

func TestWorkspaceEnsure(t *testing.T) {
	minted := says(200, `{"token":"scoped-secret"}`)
	for _, tc := range []struct {
		name  string
		pages []string
		want  string
	}{
		{"is there", []string{"acme"}, "GET /api/v1/workspaces"},
		{"is missing", nil, "GET /api/v1/workspaces, POST " + scopedPath},
		{"was deleted", []string{"acme†"}, "GET /api/v1/workspaces, POST " + scopedPath},
		{"others are there", []string{"acme-2"}, "GET /api/v1/workspaces, POST " + scopedPath},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t)
			s.route = func(r sent) reply {
				if r.Path == scopedPath {
					if name := r.decoded(t)["workspace_name"]; name != "acme" {
						t.Errorf("made the workspace %v", name)
					}
					return minted
				}
				return workspacePage("", tc.pages...)
			}
			if err := newClient(t, s).Workspace("acme").Ensure(t.Context()); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range s.requests() {
				got = append(got, r.Method+" "+r.Path)
			}
			if strings.Join(got, ", ") != tc.want {
				t.Errorf("sent %v, want %s", got, tc.want)
			}
		})
	}
	t.Run("an error of looking is not a reason to create", func(t *testing.T) {
		s := serve(t, says(403, ""))
		wantKinds(t, newClient(t, s).Workspace("acme").Ensure(t.Context()), "ErrForbidden")
		s.wantSent(t, 1)
	})
	t.Run("404 of the list is not a missing workspace", func(t *testing.T) {
		s := serve(t, says(404, ""))
		wantKinds(t, newClient(t, s).Workspace("acme").Ensure(t.Context()), "ErrNotFound")
		s.wantSent(t, 1)
	})
	t.Run("creating fails", func(t *testing.T) {
		s := serve(t, workspacePage(""), says(402, `{"message":"pay first"}`))
		err := newClient(t, s).Workspace("acme").Ensure(t.Context())
		wantText(t, err, "create workspace", "pay first")
	})
}

func TestWorkspaceName(t *testing.T) {
	c := newClient(t, serve(t), client.WithWorkspaceName("acme"))
	for name, tc := range map[string]struct {
		w    *client.Workspace
		want string
	}{
		"default":         {c.DefaultWorkspace(), "acme"},
		"default default": {newClient(t, serve(t)).DefaultWorkspace(), "default"},
		"named":           {c.Workspace("other"), "other"},
		"trimmed":         {c.Workspace(" other\n"), "other"},
		"empty":           {c.Workspace(""), ""},
		"blank":           {c.Workspace(" \t"), ""},
		"from":            {c.WorkspaceFrom(client.WorkspaceInfo{Name: "other"}), "other"},
		"from nothing":    {c.WorkspaceFrom(client.WorkspaceInfo{}), ""},
	} {
		if tc.w.Name() != tc.want {
			t.Errorf("%s: the workspace is %v", name, tc.w)
		}
		if name != "default default" && tc.w.Client() != c {
			t.Errorf("%s: another client", name)
		}
	}
}

// A workspace without a name must not fall back to another.
func TestWorkspaceWithoutName(t *testing.T) {
	s := serve(t)
	c := newClient(t, s, client.WithWorkspaceName("acme"))
	for name, w := range map[string]*client.Workspace{
		"empty": c.Workspace(""), "blank": c.Workspace(" \n"), "from": c.WorkspaceFrom(client.WorkspaceInfo{ID: stubID, Name: " "}),
	} {
		conn := w.ConnectorByID(stubID)
		for call, f := range map[string]func() error{
			"Info":           func() error { _, err := w.Info(t.Context()); return err },
			"Ensure":         func() error { return w.Ensure(t.Context()) },
			"Update":         func() error { _, err := w.Update(t.Context(), client.WorkspaceChange{Name: "x"}); return err },
			"Delete":         func() error { return w.Delete(t.Context()) },
			"ListConnectors": func() error { _, err := w.ListConnectors(t.Context()); return err },
			"Connector":      func() error { _, err := w.Connector(t.Context(), "github"); return err },
			"ScopedToken":    func() error { _, err := w.ScopedToken(t.Context()); return err },
			"ScopedTokens":   func() error { _, err := w.ScopedTokens().Token(t.Context()); return err },
			"WidgetToken": func() error {
				_, err := w.WidgetToken(t.Context(), client.WidgetRequest{Origin: "https://app.example.com"})
				return err
			},
			"Workflows": func() error { _, err := w.Workflows().List(t.Context()); return err },
			"Execute":   func() error { _, err := conn.Execute(t.Context(), "issues", "list", nil); return err },
			"Download":  func() error { _, err := conn.Download(t.Context(), "files", nil); return err },
			"Inspect":   func() error { _, err := conn.Inspect(t.Context()); return err },
		} {
			err := f()
			if !errors.Is(err, client.ErrInvalid) {
				t.Errorf("%s, %s: %v", name, call, err)
				continue
			}
			wantText(t, err, "DefaultWorkspace", "no name")
		}
	}
	s.wantSent(t, 0)
}

// A handle that was made from a listed workspace does not look it up.
func TestWorkspaceFromKnowsItsID(t *testing.T) {
	s := serve(t, says(200, `{"data":[]}`))
	w := newClient(t, s).WorkspaceFrom(client.WorkspaceInfo{ID: stubID, Name: "acme"})
	if _, err := w.Workflows().List(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.wantSent(t, 1)
}

func TestCreateConnector(t *testing.T) {
	s := serve(t, says(201, `{"id":"`+stubID+`","name":"mine","created_at":"2026-01-02T03:04:05Z","updated_at":null,"source_template":{"id":"t","name":"GitHub","source_definition_id":"def"}}`))
	info, err := newClient(t, s).Workspace("acme").CreateConnector(t.Context(), client.CreateConnectorRequest{
		Name: "mine", ConnectorType: "github", Credentials: map[string]any{"token": "ghp"}, Environment: map[string]any{"sub": "x"},
		Entities: []client.RequestedEntity{{Entity: "issues", Modes: []client.EntityMode{"read"}}, {Entity: "repos"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if info.ID != stubID || info.Name != "mine" || info.Slug != "github" || info.DisplayName != "GitHub" || info.DefinitionID != "def" || info.TemplateID != "t" || !info.UpdatedAt.IsZero() {
		t.Errorf("%+v", info)
	}
	r := s.requests()[0]
	if r.Method != "POST" || r.Path != listPath {
		t.Errorf("%s %s", r.Method, r.Path)
	}
	want := map[string]any{
		"workspace_name": "acme", "name": "mine", "connector_type": "github",
		"credentials": map[string]any{"token": "ghp"}, "environment": map[string]any{"sub": "x"},
		"entities": []any{map[string]any{"entity": "issues", "modes": []any{"read"}}, map[string]any{"entity": "repos"}},
	}
	if got := r.decoded(t); !reflect.DeepEqual(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}

	some := map[string]any{"a": 1}
	for name, tc := range map[string]struct {
		r    client.CreateConnectorRequest
		text []string
	}{
		"nothing":    {client.CreateConnectorRequest{}, []string{"exactly one of ConnectorType", "not 0", "one of Credentials, ReplicationConfig and OAuthSecretID"}},
		"two kinds":  {client.CreateConnectorRequest{ConnectorType: "a", DefinitionID: stubID, Credentials: some}, []string{"not 2"}},
		"no secrets": {client.CreateConnectorRequest{ConnectorType: "a", Environment: some}, []string{"one of Credentials"}},
		"bad ids":    {client.CreateConnectorRequest{DefinitionID: "x", Credentials: some}, []string{"DefinitionID is not a UUID"}},
		"bad ids 2":  {client.CreateConnectorRequest{SourceTemplateID: "{" + stubID + "}", Credentials: some}, []string{"SourceTemplateID is not a UUID"}},
		"no entity":  {client.CreateConnectorRequest{ConnectorType: "a", Credentials: some, Entities: []client.RequestedEntity{{Entity: "x"}, {}}}, []string{"Entities[1] has no name"}},
		"a Secret":   {client.CreateConnectorRequest{ConnectorType: "a", Credentials: map[string]any{"t": []any{auth.Secret("x")}}}, []string{"auth.Secret", "string(s)"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			_, err := newClient(t, s).DefaultWorkspace().CreateConnector(t.Context(), tc.r)
			wantKinds(t, err, "ErrInvalid")
			wantText(t, err, tc.text...)
			s.wantSent(t, 0)
		})
	}
	for name, r := range map[string]client.CreateConnectorRequest{
		"replication": {DefinitionID: stubID, ReplicationConfig: some}, "oauth": {SourceTemplateID: stubID, OAuthSecretID: "s"},
	} {
		if _, err := newClient(t, serve(t, says(201, `{"id":"x"}`))).DefaultWorkspace().CreateConnector(t.Context(), r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDeleteConnector(t *testing.T) {
	s := serve(t, says(202, `{"job_id":"job-1"}`))
	job, err := newClient(t, s).DefaultWorkspace().DeleteConnector(t.Context(), " source_id:"+stubID+" ")
	if err != nil || job != "job-1" {
		t.Errorf("%q %v", job, err)
	}
	if r := s.requests()[0]; r.Method != "DELETE" || r.Path != listPath+"/"+stubID {
		t.Errorf("%s %s", r.Method, r.Path)
	}
}

func TestIDsThatAreNone(t *testing.T) {
	for _, id := range []string{"", " ", ".", "..", "github", stubID + "/..", stubID[:35], "urn:uuid:" + stubID, "{" + stubID + "}", strings.ReplaceAll(stubID, "-", ""), stubID[:35] + "é", stubID + "\n" + stubID, strings.Repeat("x", 1000)} {
		s := serve(t)
		w := newClient(t, s).DefaultWorkspace()
		c := w.ConnectorByID(id)
		for name, do := range map[string]func(ctx context.Context) error{
			"execute":  func(ctx context.Context) error { _, err := c.Execute(ctx, "a", "list", nil); return err },
			"download": func(ctx context.Context) error { _, err := c.Download(ctx, "a", nil); return err },
			"inspect":  func(ctx context.Context) error { _, err := c.Inspect(ctx); return err },
			"check":    func(ctx context.Context) error { _, err := c.Check(ctx); return err },
			"docs":     func(ctx context.Context) error { _, err := c.Docs(ctx, ""); return err },
			"describe": func(ctx context.Context) error { _, err := c.Describe(ctx); return err },
			"delete":   func(ctx context.Context) error { _, err := w.DeleteConnector(ctx, id); return err },
		} {
			err := do(t.Context())
			wantKinds(t, err, "ErrInvalid")
			wantText(t, err, "is not a UUID")
			if len(fmt.Sprint(err)) > 300 {
				t.Errorf("%s: a long text: %v", name, err)
			}
		}
		s.wantSent(t, 0)
	}
	// Upper case is accepted, too.
	s := serve(t, ok("[]"))
	if _, err := newClient(t, s).DefaultWorkspace().ConnectorByID(strings.ToUpper(stubID)).Execute(t.Context(), "a", "list", nil); err != nil || s.requests()[0].Path != executePath {
		t.Errorf("%v", err)
	}
}

func TestInspectCheckDocsDescribe(t *testing.T) {
	const at = listPath + "/" + stubID
	s := serveRoutes(t, map[string]reply{
		"GET " + at + "/inspect":    says(200, `{"connector_id":"`+stubID+`","docs_skill_id":"skill-9","entities":null,"news":true}`),
		"POST " + at + "/check":     says(200, `{"id":"c","status":"failed","error_message":"the password is wrong"}`),
		"GET /api/v1/skills/docs":   says(200, `{"outline":[]}`),
		"POST " + at + "/execute":   ok(`{"entities":[]}`),
		"GET /api/v1/skills/search": says(500, ""),
	})
	c := connectorOf(newClient(t, s))
	if in, err := c.Inspect(t.Context()); err != nil || in.DocsID != "skill-9" {
		t.Errorf("%+v %v", in, err)
	}
	check, err := c.Check(t.Context())
	if err != nil || check.OK() || check.Status != client.CheckFailed || check.Message != "the password is wrong" {
		t.Errorf("a failed check is a result: %+v %v", check, err)
	}
	if _, err := c.Docs(t.Context(), ""); err != nil {
		t.Error(err)
	}
	if _, err := c.Docs(t.Context(), "auth & tokens"); err != nil {
		t.Error(err)
	}
	if r, err := c.Describe(t.Context()); err != nil || string(r.Data) != `{"entities":[]}` {
		t.Errorf("%v %v", r, err)
	}
	var got []string
	for _, r := range s.requests() {
		got = append(got, r.Method+" "+strings.TrimPrefix(r.Path, at)+"?"+r.Query)
	}
	want := []string{"GET /inspect?", "POST /check?", "GET /api/v1/skills/docs?id=skill-9", "GET /api/v1/skills/docs?id=skill-9&section=auth+%26+tokens", "POST /execute?"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("sent\n%q, want\n%q", got, want)
	}
	if d := s.requests()[4].decoded(t); d["action"] != "describe" || d["entity"] != "" {
		t.Errorf("described with %v", d)
	}

	// Docs inspects a connector that was not inspected, once.
	s2 := serve(t)
	s2.route = s.route
	c = connectorOf(newClient(t, s2))
	for range 3 {
		if _, err := c.Docs(t.Context(), ""); err != nil {
			t.Error(err)
		}
	}
	s2.wantSent(t, 4)
}

func TestDocsOfAConnectorWithoutDocs(t *testing.T) {
	s := serveRoutes(t, map[string]reply{
		"GET " + listPath + "/" + stubID + "/inspect": says(200, `{"connector_id":"c","docs_skill_id":null}`),
		"GET /api/v1/skills/docs":                     says(400, `{"message":"id is empty"}`),
	})
	_, err := connectorOf(newClient(t, s)).Docs(t.Context(), "")
	wantKinds(t, err, "ErrNotFound")
	wantText(t, err, "no documentation")
	s.wantSent(t, 1)
}

func TestConnect(t *testing.T) {
	opts := func(s *stub, more ...client.Option) []client.Option {
		return append([]client.Option{client.WithBaseURL(stubURL), client.WithHTTPClient(&http.Client{Transport: s}), client.WithCredentials("app", "app-secret-0815")}, more...)
	}
	t.Run("asks for the id", func(t *testing.T) {
		s := serve(t, list(listed(1, "github", "GitHub", "x")))
		c, err := client.Connect(t.Context(), "GitHub", opts(s, client.WithWorkspaceName("acme"))...)
		if err != nil || c.ID() != numbered(1) || c.Slug() != "github" || c.Workspace().Name() != "acme" {
			t.Errorf("%v %v", c, err)
		}
		s.wantSent(t, 1)
		if s.tokenRequests() != 1 {
			t.Errorf("%d token requests", s.tokenRequests())
		}
	})
	t.Run("a wrong slug fails", func(t *testing.T) {
		_, err := client.Connect(t.Context(), "gitlab", opts(serve(t, list(listed(1, "github", "GitHub", "x"))))...)
		wantKinds(t, err, "ErrNotFound+ErrConnectorNotFound")
	})
	t.Run("with the id, nothing is sent", func(t *testing.T) {
		s := serve(t)
		c, err := client.Connect(t.Context(), "GitHub", opts(s, client.WithConnectorID("source_id:"+strings.ToUpper(stubID)))...)
		if err != nil || c.ID() != stubID || c.Slug() != "github" {
			t.Errorf("%v %v", c, err)
		}
		s.wantSent(t, 0)
		if s.tokenRequests() != 0 {
			t.Error("a token was asked for")
		}
	})
	t.Run("a bad configuration", func(t *testing.T) {
		_, err := client.Connect(t.Context(), "x", client.WithConnectorID("x"), client.WithMaxRetries(-1))
		wantKinds(t, err, "ErrInvalid")
		wantText(t, err, "WithConnectorID", "WithMaxRetries")
	})
}
