package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

const (
	sourcesPath      = "/api/v1/integrations/definitions/sources"
	destinationsPath = "/api/v1/integrations/definitions/destinations"
)

// An exchange is a call, the request that it should send, and the result that
// it should get from the response.
type exchange struct {
	name string
	call func(context.Context, *client.Client) (any, error)

	method, path, query, body string
	status                    int // 200 if it is 0
	answer                    string
	got                       any
}

func (x exchange) run(t *testing.T) {
	if x.status == 0 {
		x.status = 200
	}
	s := serve(t, says(x.status, x.answer))
	got, err := x.call(t.Context(), newClient(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, x.got) {
		t.Errorf("got  %#v\nwant %#v", got, x.got)
	}
	s.wantSent(t, 1)
	r := s.requests()[0]
	if r.Method != x.method || r.Path != x.path || r.Query != x.query || !sameJSON(r.Body, x.body) {
		t.Errorf("sent %s %s?%s %s\nwant %s %s?%s %s", r.Method, r.Path, r.Query, r.Body, x.method, x.path, x.query, x.body)
	}
}

func sameJSON(a, b string) bool {
	var x, y any
	if a == "" || b == "" || json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return a == b
	}
	return reflect.DeepEqual(x, y)
}

// A mistake is a call that is refused before anything is sent.
type mistake struct {
	name string
	call func(context.Context, *client.Client) error
	text []string
}

func (m mistake) run(t *testing.T) {
	s := serve(t)
	err := m.call(t.Context(), newClient(t, s))
	wantKinds(t, err, "ErrInvalid")
	wantText(t, err, m.text...)
	s.wantSent(t, 0)
}

// fakeClient returns a client of an in-memory service.
func fakeClient(t *testing.T) (*client.Client, *agentstest.Server) {
	t.Helper()
	fake := agentstest.NewServer()
	t.Cleanup(fake.Close)
	c, err := client.New(client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	if err != nil {
		t.Fatal(err)
	}
	return c, fake
}

func TestDefinitions(t *testing.T) {
	zendesk := client.Definition{
		ID: stubID, Name: "Zendesk Support", Slug: "zendesk-support", Icon: "https://icons.test/z.svg",
		DockerRepository: "airbyte/source-zendesk-support", SupportLevel: client.SupportCertified,
	}
	const zendeskFields = `"sourceDefinitionId":"` + stubID + `","name":"Zendesk Support","dockerRepository":"airbyte/source-zendesk-support",
		"iconUrl":"https://icons.test/z.svg","custom":false,"supportLevel":"certified"`
	list := func(filter client.SourceDefinitionFilter) func(context.Context, *client.Client) (any, error) {
		return func(ctx context.Context, c *client.Client) (any, error) {
			return c.Definitions().ListSources(ctx, filter)
		}
	}
	for _, x := range []exchange{
		{
			name: "sources", call: list(client.SourceDefinitionFilter{}), method: "GET", path: sourcesPath, answer: `{"definitions":[{` + zendeskFields + `},{},null,{"custom":true,"supportLevel":"legendary","name":null}]}`,
			got: []client.Definition{zendesk, {}, {}, {Custom: true, SupportLevel: "legendary"}},
		},
		{
			name: "sources by name", call: list(client.SourceDefinitionFilter{Name: "Zen & co"}), method: "GET", path: sourcesPath, query: "name=Zen+%26+co",
			answer: `{"definitions":[],"destinations":[]}`, got: []client.Definition{},
		},
		{
			name: "sources by no name", call: list(client.SourceDefinitionFilter{Name: ""}), method: "GET", path: sourcesPath, answer: `{"definitions":[]}`, got: []client.Definition{},
		},
		{
			name: "source", method: "GET", path: sourcesPath + "/" + stubID,
			call: func(ctx context.Context, c *client.Client) (any, error) {
				return c.Definitions().GetSource(ctx, " "+strings.ToUpper(stubID))
			},
			answer: `{"id":"` + stubID + `","definition":{` + zendeskFields + `,"spec":{"documentationUrl":"https://docs.test","connectionSpecification":{"type":"object"},
				"advanced_auth":{"auth_flow_type":"oauth2.0"}}},"example_questions":{"direct":["a?"],"search":["b?","c?"]}}`,
			got: &client.DefinitionDetails{
				Definition: zendesk,
				Spec: client.ConnectorSpec{
					DocumentationURL: "https://docs.test", Schema: json.RawMessage(`{"type":"object"}`), AdvancedAuth: json.RawMessage(`{"auth_flow_type":"oauth2.0"}`),
				},
				ExampleQuestions: client.ExampleQuestions{Direct: []string{"a?"}, Search: []string{"b?", "c?"}},
			},
		},
		{
			name: "source with nulls", method: "GET", path: sourcesPath + "/" + stubID,
			call: func(ctx context.Context, c *client.Client) (any, error) {
				return c.Definitions().GetSource(ctx, stubID)
			},
			answer: `{"definition":{"sourceDefinitionId":"s","destinationDefinitionId":null,"spec":{"documentationUrl":null,"connectionSpecification":null,"advanced_auth":null,
				"supported_destination_sync_modes":null},"custom":null,"supportLevel":null},"example_questions":null}`,
			got: &client.DefinitionDetails{Definition: client.Definition{ID: "s"}},
		},
		{
			name: "destinations", method: "GET", path: destinationsPath,
			call: func(ctx context.Context, c *client.Client) (any, error) {
				return c.Definitions().ListDestinations(ctx, client.DestinationDefinitionFilter{})
			},
			answer: `{"destinations":[{"id":"` + stubID + `","name":"S3","icon":"<svg/>"}]}`,
			got:    []client.Definition{{ID: stubID, Name: "S3", Icon: "<svg/>"}},
		},
		{
			name: "destinations by id", method: "GET", path: destinationsPath, query: "actorDefinitionIds=" + stubID + "&actorDefinitionIds=" + stubOrg,
			call: func(ctx context.Context, c *client.Client) (any, error) {
				return c.Definitions().ListDestinations(ctx, client.DestinationDefinitionFilter{IDs: []string{stubID, " " + stubOrg}})
			},
			answer: `{"definitions":[],"destinations":[]}`, got: []client.Definition{},
		},
		{
			name: "destination", method: "GET", path: destinationsPath + "/" + stubID,
			call: func(ctx context.Context, c *client.Client) (any, error) {
				return c.Definitions().GetDestination(ctx, stubID)
			},
			answer: `{"id":"","definition":{"destinationDefinitionId":"d","name":"S3","dockerRepository":"registry.test:5000/airbyte/destination-s3:1.2",
				"spec":{"supported_destination_sync_modes":["append","of the future"]}}}`,
			got: &client.DefinitionDetails{
				Definition: client.Definition{ID: "d", Name: "S3", Slug: "s3", DockerRepository: "registry.test:5000/airbyte/destination-s3:1.2"},
				Spec:       client.ConnectorSpec{SyncModes: []client.SyncMode{"append", "of the future"}},
			},
		},
	} {
		t.Run(x.name, x.run)
	}
	for _, m := range []mistake{
		{"source", func(ctx context.Context, c *client.Client) error {
			_, err := c.Definitions().GetSource(ctx, "zendesk-support")
			return err
		}, []string{`the source definition's id "zendesk-support" is not a UUID`}},
		{"destinations", func(ctx context.Context, c *client.Client) error {
			_, err := c.Definitions().ListDestinations(ctx, client.DestinationDefinitionFilter{IDs: []string{stubID, "s3"}})
			return err
		}, []string{`"s3" is not a UUID`}},
		{"destination", func(ctx context.Context, c *client.Client) error {
			_, err := c.Definitions().GetDestination(ctx, "../x")
			return err
		}, []string{"is not a UUID"}},
		{"no source", func(ctx context.Context, c *client.Client) error {
			_, err := c.Definitions().FindSource(ctx, " -_")
			return err
		}, []string{"the name is empty"}},
		{"no destination", func(ctx context.Context, c *client.Client) error {
			_, err := c.Definitions().FindDestination(ctx, "")
			return err
		}, []string{"the name is empty"}},
	} {
		t.Run("mistake/"+m.name, m.run)
	}
}

func TestFindDefinition(t *testing.T) {
	const sources = `{"definitions":[
		{"sourceDefinitionId":"1","name":"Zendesk Support","dockerRepository":"airbyte/source-zendesk-support"},
		{"sourceDefinitionId":"2","name":"GitHub","dockerRepository":"airbyte/source-github"},
		{"sourceDefinitionId":"3","name":"Postgres","dockerRepository":"airbyte/source-postgres"},
		{"sourceDefinitionId":"4","name":"Our Postgres","dockerRepository":"example/source-postgres","custom":true},
		{"sourceDefinitionId":"5","name":"Weather","dockerRepository":"airbyte/source-declarative-manifest","custom":true},
		{"sourceDefinitionId":"6","name":"Tides","dockerRepository":"airbyte/source-declarative-manifest","custom":true},
		{"sourceDefinitionId":"7","name":"Tides","dockerRepository":"example/tides-of-the-world","custom":true},
		{"sourceDefinitionId":"8","name":"X (formerly Twitter)","dockerRepository":null},
		{"sourceDefinitionId":"9","name":"GitLab","dockerRepository":"airbyte/source-gitlab"},
		{}, null]}`
	for _, tc := range []struct {
		name, id  string
		ambiguous bool
		text      []string
	}{
		{name: "zendesk-support", id: "1"},
		{name: " Zendesk_SUPPORT\n", id: "1"},
		{name: "Zendesk Support", id: "1"},
		{name: "our-postgres", id: "4"},
		{name: "postgres", id: "3"}, // two have the slug, one of them has the name
		{name: "weather", id: "5"},
		{name: "tides-of-the-world", id: "7"},
		{name: "x (formerly twitter)", id: "8"},
		{name: "declarative-manifest", ambiguous: true, text: []string{`2 source definitions match "declarative-manifest": "Tides" (6), "Weather" (5); use GetSource with an id`}},
		{name: "Tides", ambiguous: true, text: []string{`"Tides" (6), "Tides" (7)`}},
		{name: "githob", text: []string{`no source definition is called "githob"; similar: github, gitlab`}},
		{name: "zendesk", text: []string{"similar: zendesk-support"}},
		{name: "twitter", text: []string{"similar: X (formerly Twitter)"}},
		{name: "salesforce", text: []string{`no source definition is called "salesforce"; ListSources lists all 11`}},
		{name: "x", text: []string{"Sources lists all 11"}},
		{name: strings.Repeat("x", 1<<20), text: []string{"Sources lists all 11"}},
	} {
		t.Run(tc.name[:min(len(tc.name), 20)], func(t *testing.T) {
			s := serve(t, says(200, sources))
			d, err := newClient(t, s).Definitions().FindSource(t.Context(), tc.name)
			s.wantSent(t, 1)
			if s.requests()[0].Query != "" {
				t.Errorf("asked for %s", s.requests()[0].Query)
			}
			if tc.id != "" {
				if err != nil || d.ID != tc.id {
					t.Fatalf("got %+v, %v, want %s", d, err, tc.id)
				}
				return
			}
			if d != nil || errors.Is(err, client.ErrDefinitionAmbiguous) != tc.ambiguous || errors.Is(err, client.ErrNotFound) == tc.ambiguous {
				t.Errorf("got %+v, %v", d, err)
			}
			if len(err.Error()) > 1000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			wantText(t, err, tc.text...)
		})
	}
	t.Run("destination", func(t *testing.T) {
		s := serve(t, says(200, `{"destinations":[{"id":"1","name":"Google Sheets"},{"id":"2","name":"Postgres"},{"id":"3","name":"Postgres"}]}`))
		d := newClient(t, s).Definitions()
		if got, err := d.FindDestination(t.Context(), "google-sheets"); err != nil || got.ID != "1" {
			t.Errorf("got %+v, %v", got, err)
		}
		_, err := d.FindDestination(t.Context(), "postgres")
		if !errors.Is(err, client.ErrDefinitionAmbiguous) {
			t.Errorf("got %v", err)
		}
		wantText(t, err, `2 destination definitions match "postgres"`, "use GetDestination with an id")
		_, err = d.FindDestination(t.Context(), "sheets")
		wantKinds(t, err, "ErrNotFound")
		wantText(t, err, "similar: Google Sheets")
	})
	t.Run("the list fails", func(t *testing.T) {
		for _, find := range []func(client.Definitions) (*client.Definition, error){
			func(d client.Definitions) (*client.Definition, error) { return d.FindSource(t.Context(), "x") },
			func(d client.Definitions) (*client.Definition, error) { return d.FindDestination(t.Context(), "x") },
		} {
			s := serve(t, says(403, `{"message":"no"}`))
			_, err := find(newClient(t, s).Definitions())
			wantKinds(t, err, "ErrForbidden")
			s.wantSent(t, 1)
		}
	})
}

func TestDefinitionsOfTheFake(t *testing.T) {
	ctx := t.Context()
	c, _ := fakeClient(t)
	d := c.Definitions()
	found, err := d.FindSource(ctx, "Zendesk Support")
	if err != nil {
		t.Fatal(err)
	}
	details, err := d.GetSource(ctx, found.ID)
	if err != nil || details.Definition != *found || details.Spec.Schema == nil || details.Spec.AdvancedAuth == nil || len(details.ExampleQuestions.Direct) == 0 {
		t.Errorf("got %+v, %v", details, err)
	}
	some, err := d.ListSources(ctx, client.SourceDefinitionFilter{Name: "zen"})
	if err != nil || len(some) != 1 || some[0] != *found {
		t.Errorf("got %+v, %v", some, err)
	}
	s3, err := d.FindDestination(ctx, "s3")
	if err != nil {
		t.Fatal(err)
	}
	one, err := d.ListDestinations(ctx, client.DestinationDefinitionFilter{IDs: []string{s3.ID}})
	if err != nil || len(one) != 1 || one[0] != *s3 {
		t.Errorf("got %+v, %v", one, err)
	}
	if details, err = d.GetDestination(ctx, s3.ID); err != nil || details.Name != "S3" || details.Slug != "s3" {
		t.Errorf("got %+v, %v", details, err)
	}
	_, err = d.GetSource(ctx, stubID)
	wantKinds(t, err, "ErrNotFound")
}
