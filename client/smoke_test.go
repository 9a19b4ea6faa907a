package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func TestSmoke(t *testing.T) {
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		t.Log(r.Method, r.URL, r.Header)
		switch r.URL.Path {
		case "/api/v1/account/applications/token":
			fmt.Fprint(w, `{"access_token":"tok","token_type":"Bearer","expires_in":900}`)
		case "/api/v1/integrations/connectors":
			fmt.Fprint(w, `{"data":[{"id":"11111111-1111-1111-1111-111111111111","name":"gh","summarized_source_template":{"id":"x","name":"GitHub","connector_name":"github","actor_definition_id":"d","icon":null}}]}`)
		default:
			n++
			if n == 1 {
				fmt.Fprint(w, `{"status":"success","result":[{"id":1},{"id":"x"},{"id":3}],"connector_metadata":{"has_next_page":true,"end_cursor":"c2"},"execution_metadata":{"connector_instance_id":"source_id:a","execution_time_ms":12}}`)
			} else {
				fmt.Fprint(w, `{"result":[{"id":4}],"connector_metadata":{"has_next_page":false},"execution_metadata":{"connector_instance_id":"source_id:a","execution_time_ms":12},"status":"success"}`)
			}
		}
	}))
	defer s.Close()
	ctx := context.Background()
	gh, err := client.Connect(ctx, "GitHub", client.WithCredentials("id", "secret"), client.WithBaseURL(s.URL))
	if err != nil {
		t.Fatal(err)
	}
	type rec struct {
		ID int `json:"id"`
	}
	for r, err := range client.All[rec](ctx, gh, "issues", "list", client.Params{"per_page": 10}) {
		t.Log(r, err)
	}
	n = 0
	v, r, err := client.Execute[[]rec](ctx, gh, "issues", "list", nil)
	t.Log(v, r, err)
	v, r, err = client.Execute[[]rec](ctx, gh, "issues", "list", nil)
	t.Log(v, r, err)
	n = 0
	r, err = gh.Execute(ctx, "issues", "list", nil)
	t.Logf("%+v %v", r, err)
	for r, err := range client.Rows[rec](r) {
		t.Log(r, err)
	}
}
