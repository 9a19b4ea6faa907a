package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// updates records the change that arrives; everything else panics.
type updates struct {
	StrictServerInterface
	body *ConnectorUpdateRequest
}

func (u *updates) UpdateConnector(_ context.Context, r UpdateConnectorRequestObject) (UpdateConnectorResponseObject, error) {
	u.body = r.Body
	return UpdateConnector200JSONResponse{ID: r.ID}, nil
}

// TestNullable tells the states of fields apart as they come from the wire.
func TestNullable(t *testing.T) {
	const (
		isAbsent = "absent"
		isNull   = "null"
		isEmpty  = "empty"
		isSet    = "set"
	)
	tests := []struct {
		body                   string
		status                 int
		name, entities, config string
	}{
		{`{}`, http.StatusOK, isAbsent, isAbsent, isAbsent},
		{`{"name": null, "entities": null, "replication_config": null}`, http.StatusOK, isNull, isNull, isNull},
		{`{"name": "", "entities": [], "replication_config": {}}`, http.StatusOK, isEmpty, isEmpty, isEmpty},
		{`{"name": "x", "entities": [{"entity": "tickets"}], "replication_config": {"a": 1}}`, http.StatusOK, isSet, isSet, isSet},
		{`{"entities": []}`, http.StatusOK, isAbsent, isEmpty, isAbsent},
		{`{"entities": "all"}`, http.StatusBadRequest, "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.body, func(t *testing.T) {
			u := &updates{}
			handler := Handler(NewStrictHandler(u, nil))
			req := httptest.NewRequest(http.MethodPut, "/api/v1/integrations/connectors/c1", strings.NewReader(tt.body))
			req.Header.Set("Content-Type", "application/json")
			rec := httptest.NewRecorder()
			handler.ServeHTTP(rec, req)
			if rec.Code != tt.status {
				t.Fatalf("status %d: %s", rec.Code, rec.Body)
			}
			if tt.status != http.StatusOK {
				return
			}
			if got := state(u.body.Name, func(v string) bool { return v == "" }); got != tt.name {
				t.Errorf("name is %s, want %s", got, tt.name)
			}
			if got := state(u.body.Entities, func(v []RequestedEntity) bool { return len(v) == 0 }); got != tt.entities {
				t.Errorf("entities are %s, want %s", got, tt.entities)
			}
			if got := state(u.body.ReplicationConfig, func(v map[string]any) bool { return len(v) == 0 }); got != tt.config {
				t.Errorf("replication_config is %s, want %s", got, tt.config)
			}
		})
	}
}

// state names what the methods of n tell, and "contradiction" if they do not
// agree.
func state[T any](n Nullable[T], empty func(T) bool) string {
	value, ok := n.Get()
	switch {
	case ok && !n.IsNull() && !n.IsZero() && empty(value):
		return "empty"
	case ok && !n.IsNull() && !n.IsZero():
		return "set"
	case !ok && n.IsNull() && !n.IsZero():
		return "null"
	case !ok && !n.IsNull() && n.IsZero():
		return "absent"
	}
	return "contradiction"
}
