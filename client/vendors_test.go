package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/internal/paging/facts"
)

type vendorRecord struct {
	ID string `json:"id"`
}

// vendors is a service with a connector for each operation of the facts. Connectors
// page as the documents of the vendors say.
type vendors struct {
	lists     []facts.List
	unknown   bool // the slugs are not those of the documents
	describes bool // connectors answer to describe

	mu    sync.Mutex
	asked map[string]int // by action
	pages map[string]int // by connector
}

// connectorID returns the ID of the connector with the n-th operation.
func (v *vendors) connectorID(n int) string {
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
}

func (v *vendors) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	reply := func(status int, body any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	path := strings.Split(req.URL.Path, "/")
	id := path[len(path)-2]
	n, err := strconv.Atoi(id[len(id)-12:])
	if err != nil || n >= len(v.lists) {
		reply(http.StatusNotFound, map[string]any{})
		return
	}
	var r struct {
		Entity, Action string
		Params         map[string]any
	}
	if err := json.NewDecoder(req.Body).Decode(&r); err != nil {
		reply(http.StatusBadRequest, map[string]any{})
		return
	}
	v.mu.Lock()
	v.asked[r.Action]++
	v.pages[id]++
	endless := v.pages[id] > 3*50 // in three iterations over five pages
	v.mu.Unlock()
	if endless {
		reply(http.StatusLoopDetected, map[string]any{})
		return
	}
	l := v.lists[n]
	success := func(result, metadata any) {
		reply(http.StatusOK, map[string]any{
			"status": "success", "result": result, "connector_metadata": metadata,
			"execution_metadata": map[string]any{"connector_instance_id": id, "execution_time_ms": 1},
		})
	}
	switch {
	case r.Action == "describe" && v.describes:
		success(describes(l.Operation), map[string]any{})
	case r.Action == l.Action && r.Entity == l.Entities[0]:
		page, err := l.Page(r.Params)
		if err != nil {
			reply(http.StatusUnprocessableEntity, map[string]any{"message": err.Error()})
			return
		}
		records := []any{}
		for i := page.Start; i < page.End; i++ {
			records = append(records, map[string]any{"id": l.Key(i)})
		}
		if r.Action != "api_search" {
			success(records, page.Metadata)
			break
		}
		page.Metadata["has_more"] = page.End < l.Total
		success(map[string]any{"data": records, "meta": page.Metadata}, nil)
	default:
		reply(http.StatusUnprocessableEntity, map[string]any{"message": "no such action"})
	}
}

// describes returns how a connector with one operation describes itself.
func describes(op facts.Operation) any {
	params := []any{}
	for _, p := range op.Params {
		d := map[string]any{"name": p.Name, "in": "query", "required": false, "type": p.Type}
		if p.Known {
			d["default"] = p.Default
		}
		params = append(params, d)
	}
	return []any{map[string]any{"entity_name": op.Entities[0], "available_actions": []any{op.Action}, "parameters": map[string]any{op.Action: params}}}
}

// Over every operation that the documents of the public connectors describe, no record
// is lost in silence, none comes twice, and every iteration ends; most go on to the last
// record.
func TestEveryVendor(t *testing.T) {
	for _, way := range []struct {
		unknown, describes bool
		complete           int // the least percentage of the operations with a parameter that turns pages
	}{
		{unknown: false, describes: false, complete: 95},
		{unknown: false, describes: true, complete: 95},
		{unknown: true, describes: true, complete: 95},
		{unknown: true, describes: false},
	} {
		for _, ask := range []bool{false, true} {
			t.Run(fmt.Sprintf("unknown=%t/describes=%t/asked=%t", way.unknown, way.describes, ask), func(t *testing.T) {
				t.Parallel()
				v := &vendors{unknown: way.unknown, describes: way.describes, asked: map[string]int{}, pages: map[string]int{}}
				for _, op := range facts.All() {
					if l := vendorOf(op, ask); l.Total < 100_000 { // a default above that means that there are no pages
						v.lists = append(v.lists, l)
					}
				}
				v.walk(t, ask, way.complete)
			})
		}
	}
}

// vendorOf returns a list of four full pages and one that lacks a record.
func vendorOf(op facts.Operation, ask bool) facts.List {
	l := facts.List{Operation: op, Size: 10, Max: 1 << 30, Key: func(i int) string { return strconv.Itoa(7000 + i) }, URL: "https://vendor.example/v1/records", Null: ask}
	if p, ok := op.PageSize(); ok {
		if p.Known {
			l.Size = p.Default
		}
		if ask {
			l.Max = 25 // fewer than are asked for
			l.Size = 25
		}
	}
	l.Total = 5*l.Size - 1
	return l
}

func (v *vendors) walk(t *testing.T, ask bool, complete int) {
	server := httptest.NewServer(v)
	defer server.Close()
	counts, turning, whole := map[string]int{}, 0, 0
	for n, l := range v.lists {
		params := client.Params{}
		if p, ok := l.PageSize(); ok && ask {
			params[p.Name] = 100
		}
		slug := l.Slug
		if v.unknown {
			slug = "own-" + strconv.Itoa(n)
		}
		connect := func() *client.Connector {
			conn, err := client.Connect(t.Context(), slug, client.WithConnectorID(v.connectorID(n)), client.WithBaseURL(server.URL),
				client.WithTokenSource(auth.Static("token")), client.WithHTTPClient(server.Client()))
			if err != nil {
				t.Fatal(err)
			}
			return conn
		}
		_, turns := l.Turns()
		tours := bothWays[vendorRecord]()
		if !v.unknown { // otherwise the parameter may be a wrong guess, which only a connector that remembers notices
			tours["NextParams, each page by another program"] = func(ctx context.Context, _ *client.Connector, entity, action string, params client.Params, opts ...client.ExecuteOption) ([]vendorRecord, error) {
				return pageByPage[vendorRecord](ctx, connect, entity, action, params, opts...)
			}
		}
		for name, tour := range tours {
			rows, err := tour(t.Context(), connect(), l.Entities[0], l.Action, params)
			seen := map[string]bool{}
			for _, row := range rows {
				seen[row.ID] = true
			}
			got := "complete"
			switch {
			case len(seen) < len(rows):
				got = "repeated"
			case errors.Is(err, client.ErrPaging) && len(rows) > 0, errors.Is(err, client.ErrInvalid) && v.unknown:
				got = "loud"
			case errors.Is(err, client.ErrServer):
				got = "endless"
			case err != nil:
				got = "an error: " + err.Error()
			case len(rows) < l.Total && v.unknown && !v.describes && !l.Tells():
				got = "untold" // nothing tells that it pages
			case len(rows) < l.Total:
				got = "silent"
			}
			counts[got] += len(l.Entities)
			if turns {
				if turning += len(l.Entities); got == "complete" {
					whole += len(l.Entities)
				}
			}
			if got != "complete" && got != "loud" && got != "untold" {
				t.Errorf("%s: %s %s.%s: %s: %d of %d records, %v", name, l.Slug, l.Entities[0], l.Action, got, len(rows), l.Total, err)
			}
		}
	}
	t.Logf("%v; of those with a parameter that turns pages, %d of %d are complete; %v requests", counts, whole, turning, v.asked)
	if whole*100 < turning*complete {
		t.Errorf("fewer than %d %% are complete", complete)
	}
	if !v.unknown && v.asked["describe"] > 0 {
		t.Errorf("%d descriptions were asked for", v.asked["describe"])
	}
}
