package client_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

const preparePath = "/api/v1/integrations/connectors/" + stubID + "/execute/prepare"

// Of a bundle, Prepare keeps the definition, and nothing of it shows in a log or an
// error.
func TestPrepare(t *testing.T) {
	const secret = "h8Sh8-Q-of-the-bundle-91"
	rest := `,"config_values":{"token":"` + secret + `"},"source_config":{"a":["` + secret + `"]},"entity":"tickets"}`
	for _, tt := range []struct {
		name   string
		answer reply
		want   string
		kinds  string
		text   string
	}{
		{"a definition", says(200, `{"status":"success","result":null,"warning":"The action was not run","bundle":{"definition_yaml":"openapi: 3.1.0\n"`+rest+`}`), "openapi: 3.1.0\n", "", ""},
		{"no definition", says(200, `{"status":"success","bundle":{"connector_definition_id":"x"`+rest+`}`), "", "ErrBadResponse", "no definition_yaml"},
		{"a definition of another type", says(200, `{"status":"success","bundle":{"definition_yaml":{"a":"`+secret+`"}`+rest+`}`), "", "ErrBadResponse", "no definition_yaml"},
		{"no bundle", says(200, `{"status":"success","bundle":null}`), "", "ErrBadResponse", "no definition_yaml"},
		{"a failure", says(200, `{"status":"error","error":"no such entity","bundle":{"x":1`+rest+`}`), "", "ErrExecution", "no such entity"},
		{"broken JSON", says(200, `{"status":"success","bundle":{"config_values":"`+secret+`",`), "", "ErrNetwork", "incomplete"},
		{"no JSON", says(200, `{"bundle":`+secret+`}`), "", "ErrBadResponse", "not shown"},
		{"text", says(200, secret, "Content-Type", "text/plain"), "", "ErrBadResponse", "not shown"},
		{"a list", says(200, `["`+secret+`"]`), "", "ErrBadResponse", "not of the expected form"},
		{"refused", says(403, `{"message":"Not for you","bundle":{"x":1`+rest+`}`), "", "ErrForbidden", "Not for you"},
		{"not there", says(405, `{"detail":"Method Not Allowed"}`), "", "", "405"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			s := serve(t, tt.answer)
			c := newClient(t, s, client.WithMaxRetries(0), client.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug - 10}))))
			got, err := connectorOf(c).Prepare(t.Context(), "tickets", "list", client.Params{"per_page": 1})
			if string(got) != tt.want || (err == nil) != (tt.want != "") {
				t.Fatalf("got %q, %v", got, err)
			}
			if err != nil {
				wantKinds(t, err, tt.kinds)
				wantText(t, err, "prepare tickets.list", tt.text)
				e := asError(t, err)
				if all := fmt.Sprintf("%v %+v %#v %q %q", err, *e, e.Fields, e.Body(), log.String()); e.Body() != nil || strings.Contains(all, secret) {
					t.Errorf("the error shows the bundle: %s", all)
				}
			}
			if strings.Contains(log.String(), secret) {
				t.Error(log.String())
			}
			r := s.requests()[0]
			if r.Method != http.MethodPost || r.Path != preparePath || !sameJSON(r.Body, `{"entity":"tickets","action":"list","params":{"per_page":1}}`) {
				t.Errorf("sent %s %s %s", r.Method, r.Path, r.Body)
			}
		})
	}
}

func TestPrepareRefuses(t *testing.T) {
	for name, call := range map[string]func(*client.Connector) ([]byte, error){
		"no entity":   func(c *client.Connector) ([]byte, error) { return c.Prepare(t.Context(), " ", "list", nil) },
		"no action":   func(c *client.Connector) ([]byte, error) { return c.Prepare(t.Context(), "tickets", "", nil) },
		"no describe": func(c *client.Connector) ([]byte, error) { return c.Prepare(t.Context(), "", "describe", nil) },
		"a secret": func(c *client.Connector) ([]byte, error) {
			return c.Prepare(t.Context(), "a", "list", client.Params{"a": auth.Secret("x")})
		},
		"an id": func(c *client.Connector) ([]byte, error) {
			return c.Workspace().ConnectorByID("x").Prepare(t.Context(), "a", "list", nil)
		},
	} {
		s := serve(t)
		_, err := call(connectorOf(newClient(t, s)))
		if wantKinds(t, err, "ErrInvalid"); t.Failed() {
			t.Error(name)
		}
		s.wantSent(t, 0)
	}
}

func TestPrepareOfTheFake(t *testing.T) {
	ctx := t.Context()
	own := "openapi: 3.1.0\ninfo: {title: Acme}\n"
	fake := agentstest.New(agentstest.WithConnector("default", agentstest.Connector{
		Slug: "acme", Definition: own, Entities: map[string]agentstest.Entity{"things": {Records: []map[string]any{{"id": 1}}}},
	}))
	c := makeClient(t, fake.Transport(), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	for _, tt := range []struct{ slug, entity, action, want string }{
		{"acme", "things", "list", own},
		{"github", "issues", "create", `"x-airbyte-entity": "issues"`},
		{"zendesk-support", "attachments", "download", `"application/octet-stream"`},
	} {
		conn, err := c.DefaultWorkspace().Connector(ctx, tt.slug)
		if err != nil {
			t.Fatal(err)
		}
		got, err := conn.Prepare(ctx, tt.entity, tt.action, nil)
		if err != nil || !strings.Contains(string(got), tt.want) {
			t.Errorf("%s: got %s, %v", tt.slug, got, err)
		}
		_, err = conn.Prepare(ctx, "nothing", "list", nil)
		wantKinds(t, err, "ErrInvalid")
	}
}
