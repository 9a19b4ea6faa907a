package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

const credentialsPath = "/api/v1/organizations/" + stubOrg + "/credentials"

func TestOrganizationConnectors(t *testing.T) {
	const full = `{"id":"` + stubID + `","workspace_id":"w","workspace_name":"acme","workspace_tombstone":true,"connector_definition_id":"d","connector_name":"n","connector_mode":"MULTI",
		"created_at":"2026-03-01T10:00:00Z","last_accessed_at":"2026-03-01T10:00:00Z","direct_queries_30d":1,"replications_30d":2,
		"context_store_status":"Ready since today","context_store_badge_status":"ready","context_store_entity_count":3,"more":{}}`
	odd := `{"id":"b","workspace_id":1,"workspace_name":{},"workspace_tombstone":"no","connector_definition_id":[],"connector_name":null,"connector_mode":2,"created_at":"soon","last_accessed_at":null,
		"direct_queries_30d":"many","replications_30d":1.5,"context_store_status":0,"context_store_badge_status":"of the future","context_store_entity_count":null}`
	s := serve(t, says(200, `{"data":[`+full+`,`+odd+`,{"id":"c"}],"total":"unknown"}`))
	var got []client.OrganizationConnector
	for item, err := range newClient(t, s).OrganizationConnectors(t.Context(), stubOrg) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, item)
	}
	want := []client.OrganizationConnector{
		{
			ID: stubID, Name: "n", DefinitionID: "d", Mode: "MULTI", WorkspaceID: "w", WorkspaceName: "acme", WorkspaceDeleted: true, CreatedAt: march, LastAccessedAt: march,
			DirectQueries: 1, Replications: 2, ContextStore: client.ContextStoreReady, Status: "Ready since today", Entities: 3,
		},
		{ID: "b", ContextStore: "of the future"},
		{ID: "c"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	var again client.OrganizationConnector // what is stored has the names of the service
	if b, err := json.Marshal(got[0]); err != nil || json.Unmarshal(b, &again) != nil || again != got[0] || json.Unmarshal([]byte(full), &again) != nil || again != got[0] {
		t.Errorf("%s %v came back as %+v", b, err, again)
	}
	s.wantSent(t, 1)
	if r := s.requests()[0]; r.Method != "GET" || r.Path != credentialsPath || r.Query != "limit=200&offset=0" {
		t.Errorf("sent %s %s?%s", r.Method, r.Path, r.Query)
	}
	mistake{"no id", func(ctx context.Context, c *client.Client) error { return walk(c.OrganizationConnectors(ctx, "")) }, []string{"not a UUID"}}.run(t)
}

// credentials is a page of n connectors, the first of which has the number from.
func credentials(from, n int) string {
	list := []map[string]any{}
	for i := range n {
		list = append(list, map[string]any{"id": strconv.Itoa(from + i)})
	}
	data, _ := json.Marshal(map[string]any{"data": list, "total": 1}) // the total is informative
	return string(data)
}

func TestOrganizationConnectorsPages(t *testing.T) {
	for _, tt := range []struct {
		name    string
		route   func(offset int) string
		n, sent int
		kinds   string
	}{
		{"none", func(int) string { return credentials(0, 0) }, 0, 1, ""},
		{"one page", func(int) string { return credentials(0, 199) }, 199, 1, ""},
		{"a full page", func(offset int) string { return credentials(offset, 200-offset) }, 200, 2, ""},
		{"several pages", func(offset int) string { return credentials(offset, min(200, 450-offset)) }, 450, 3, ""},
		{"the same page", func(int) string { return credentials(0, 200) }, 200, 2, "ErrPaging+ErrPageRepeated"},
		{"an earlier page", func(offset int) string { return credentials(offset%400, 200) }, 400, 3, "ErrPaging+ErrPageRepeated"},
		{"a failure", func(offset int) string {
			if offset > 0 {
				return `{"error":1}`
			}
			return credentials(0, 200)
		}, 200, 2, "ErrBadResponse"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t)
			s.route = func(r sent) reply {
				query, _ := url.ParseQuery(r.Query)
				offset, err := strconv.Atoi(query.Get("offset"))
				if err != nil || query.Get("limit") != "200" {
					return says(500, "")
				}
				return says(200, tt.route(offset))
			}
			n := 0
			var last error
			for item, err := range newClient(t, s).OrganizationConnectors(t.Context(), stubOrg) {
				if last = err; err != nil {
					continue
				}
				if item.ID != fmt.Sprint(n) {
					t.Errorf("got %s, want %d", item.ID, n)
				}
				n++
			}
			if n != tt.n || (last == nil) != (tt.kinds == "") {
				t.Errorf("got %d, %v", n, last)
			}
			wantKinds(t, last, tt.kinds)
			s.wantSent(t, tt.sent)
		})
	}
}

func TestOrganizationConnectorsOfTheFake(t *testing.T) {
	ctx := t.Context()
	fake := agentstest.New(agentstest.WithSearchDelay(time.Hour))
	c := makeClient(t, fake.Transport(), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	n := 0
	for item, err := range c.OrganizationConnectors(ctx, agentstest.OrganizationID) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; item.ContextStore != client.ContextStoreBuilding || item.Entities == 0 || item.WorkspaceName == "" {
			t.Errorf("got %+v", item)
		}
	}
	if n != 9 {
		t.Errorf("%d connectors", n)
	}
	wantKinds(t, walk(c.OrganizationConnectors(ctx, agentstest.SecondOrganizationID)), "ErrForbidden")
	wantKinds(t, walk(c.OrganizationConnectors(ctx, stubOrg)), "ErrNotFound")
	scoped := makeClient(t, fake.Transport(), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret), client.WithScopedToken())
	wantKinds(t, walk(scoped.OrganizationConnectors(ctx, agentstest.OrganizationID)), "ErrForbidden")
}
