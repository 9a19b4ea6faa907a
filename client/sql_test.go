package client_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func TestSQL(t *testing.T) {
	type row struct {
		ID int `json:"id"`
	}
	for _, tt := range []struct {
		name, answer string
		rows, wrong  int
		kinds, text  string
	}{
		{"rows", `{"status":"success","result":{"data":[{"id":1},{"id":2}],"meta":{"has_more":false,"cursor":null}}}`, 2, 0, "", ""},
		{"no rows", `{"status":"success","result":{"data":[],"meta":{"has_more":false}}}`, 0, 0, "", ""},
		{"more rows", `{"status":"success","result":{"data":[{"id":1},{"id":2}],"meta":{"has_more":true,"cursor":null}},"connector_metadata":null,"execution_metadata":null}`, 2, 0, "ErrPaging", "LIMIT and OFFSET"},
		{"meta first", `{"result":{"meta":{"has_more":true},"data":[{"id":1},{"id":2}]},"status":"success"}`, 2, 0, "ErrPaging", "ORDER BY"},
		{"more, as the metadata say", `{"status":"success","result":[{"id":1},{"id":2}],"connector_metadata":{"has_more":true,"cursor":null}}`, 2, 0, "ErrPaging", "LIMIT and OFFSET"},
		{"odd metadata", `{"status":"success","result":[{"id":1},{"id":2}],"connector_metadata":[7]}`, 2, 0, "", ""},
		{"an odd row", `{"status":"success","result":{"data":[{"id":1},{"id":"x"},{"id":2}]}}`, 2, 1, "", ""},
		{"a list", `{"status":"success","result":[{"id":1},{"id":2}]}`, 2, 0, "", ""},
		{"no result", `{"status":"success"}`, 0, 0, "", ""},
		{"odd meta", `{"status":"success","result":{"data":[{"id":1}],"meta":[true]}}`, 1, 0, "", ""},
		{"a failure", `{"status":"error","error":"Parser Error"}`, 0, 0, "ErrExecution", "Parser Error"},
		{"no envelope", `[]`, 0, 0, "ErrBadResponse", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, says(200, tt.answer))
			rows, wrong := 0, 0
			var last error
			for r, err := range client.SQL[row](t.Context(), connectorOf(newClient(t, s)), "things", "SELECT id FROM things", client.WithLimit(2)) {
				switch {
				case err == nil:
					if rows++; r.ID != rows {
						t.Errorf("row %d is %d", rows, r.ID)
					}
				case isRecordError(err):
					wrong++
				default:
					last = err
				}
			}
			if rows != tt.rows || wrong != tt.wrong || (last == nil) != (tt.kinds == "") {
				t.Errorf("got %d rows, %d that do not fit, %v", rows, wrong, last)
			}
			if wantKinds(t, last, tt.kinds); last != nil {
				wantText(t, last, "execute things.context_store_sql_query", tt.text)
			}
			s.wantSent(t, 1)
			if r := s.requests()[0]; !sameJSON(r.Body, `{"entity":"things","action":"context_store_sql_query","params":{"sql":"SELECT id FROM things","limit":2}}`) {
				t.Errorf("sent %s", r.Body)
			}
		})
	}
	s := serve(t)
	conn := connectorOf(newClient(t, s))
	for _, err := range []error{
		walk(client.SQL[row](t.Context(), conn, "things", " \n")), walk(client.SQL[row](t.Context(), conn, "", "SELECT 1")),
		walk(client.SQL[row](t.Context(), conn, "things", "SELECT 1", client.WithLimit(0))),
	} {
		wantKinds(t, err, "ErrInvalid")
	}
	s.wantSent(t, 0)
}

func isRecordError(err error) bool {
	var r *client.RecordError
	return errors.As(err, &r)
}

// The other ways to run a query read the same response.
func TestSQLByOtherMeans(t *testing.T) {
	const answer = `{"status":"success","result":{"data":[{"id":1}],"meta":{"has_more":false,"cursor":null}}}`
	params := client.Params{"sql": "SELECT 1"}
	n := 0
	for r, err := range client.All[map[string]any](t.Context(), connectorOf(newClient(t, serve(t, says(200, answer)))), "things", "context_store_sql_query", params) {
		if n++; err != nil || r["id"] != 1.0 {
			t.Errorf("got %v, %v", r, err)
		}
	}
	result, err := connectorOf(newClient(t, serve(t, says(200, answer)))).Execute(t.Context(), "things", "context_store_sql_query", params)
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range client.Rows[map[string]any](result) {
		if n++; err != nil || r["id"] != 1.0 {
			t.Errorf("got %v, %v", r, err)
		}
	}
	if n != 2 {
		t.Errorf("%d rows", n)
	}
}

// A query of a destination needs no entity, reads and is retried.
func TestSQLSelect(t *testing.T) {
	fake := agentstest.New()
	c := makeClient(t, fake.Transport(), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	conn, err := c.DefaultWorkspace().Connector(t.Context(), "stripe")
	if err != nil {
		t.Fatal(err)
	}
	fake.Inject(agentstest.Fault{Operation: "executeConnector", Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"0"}}})
	rows, r, err := client.Execute[[]map[string]any](t.Context(), conn, "", "sql_select", client.Params{
		"sql": "SELECT id FROM customers WHERE id = 'cus_0003'", "sql_dialect": "snowflake", "workspace_name": "default",
	})
	if err != nil || len(rows) != 1 || rows[0]["id"] != "cus_0003" || r.ConnectorID != "" || r.Duration != 0 {
		t.Errorf("got %v, %v, %v", rows, r, err)
	}
	if n := fake.Count("executeConnector"); n != 2 {
		t.Errorf("%d requests", n)
	}
	_, err = conn.Execute(t.Context(), "", "context_store_sql_query", client.Params{"sql": "SELECT 1"})
	wantKinds(t, err, "ErrInvalid")
}
