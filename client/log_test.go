package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// logged calls do with a client that logs at the given level, and returns the
// records.
func logged(t *testing.T, level slog.Level, s *stub, do func(*client.Client)) []map[string]any {
	t.Helper()
	var b bytes.Buffer
	do(newClient(t, s, client.WithLogger(slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: level})))))
	var records []map[string]any
	dec := json.NewDecoder(&b)
	for {
		var r map[string]any
		if err := dec.Decode(&r); err == io.EOF {
			return records
		} else if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
}

// wantRecord checks all attributes of a record.
func wantRecord(t *testing.T, got map[string]any, want map[string]any) {
	t.Helper()
	for k, v := range want {
		if fmt.Sprint(got[k]) != fmt.Sprint(v) {
			t.Errorf("%s is %v, want %v", k, got[k], v)
		}
	}
	for k := range got {
		if _, ok := want[k]; !ok && k != "time" {
			t.Errorf("the record has %s: %v", k, got[k])
		}
	}
}

func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := `{"status":"success","result":[]}`
		s := serve(t,
			later(time.Second, says(429, "slow", "Retry-After", "2", "X-Request-Id", "r1")),
			fails(errReset),
			later(3*time.Second, says(200, answer, "X-Request-Id", "r3")),
		)
		records := logged(t, slog.LevelDebug, s, func(c *client.Client) {
			if err := read(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
		if len(records) != 5 {
			t.Fatalf("%d records, want 5", len(records))
		}
		common := func(more map[string]any) map[string]any {
			more["call"] = "execute issues.list"
			more["operation"], more["method"], more["path"] = "executeConnector", "POST", executePath
			more["workspace"], more["connector_id"], more["entity"], more["action"] = "default", stubID, "issues", "list"
			return more
		}
		const debug, warn = "DEBUG", "WARN"
		wantRecord(t, records[0], common(map[string]any{"level": debug, "msg": "airbyte request", "attempt": 1, "status": 429, "bytes": 4, "request_id": "r1", "duration": 1e9}))
		wantRecord(t, records[1], common(map[string]any{"level": warn, "msg": "airbyte retry", "attempt": 1, "status": 429, "bytes": 4, "request_id": "r1", "pause": 2e9}))
		wantRecord(t, records[2], common(map[string]any{"level": debug, "msg": "airbyte request", "attempt": 2, "duration": 0, "error": records[2]["error"]}))
		wantRecord(t, records[3], common(map[string]any{"level": warn, "msg": "airbyte retry", "attempt": 2, "pause": records[3]["pause"], "error": records[3]["error"]}))
		wantRecord(t, records[4], common(map[string]any{"level": debug, "msg": "airbyte request", "attempt": 3, "status": 200, "bytes": len(answer), "request_id": "r3", "duration": 3e9}))
		if !strings.Contains(fmt.Sprint(records[2]["error"]), "connection reset") {
			t.Errorf("the error is %v", records[2]["error"])
		}
	})
}

func TestLogLevels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for level, want := range map[slog.Level]int{slog.LevelDebug: 3, slog.LevelInfo: 1, slog.LevelWarn: 1, slog.LevelError: 0} {
			got := logged(t, level, serve(t, says(503, ""), ok("[]")), func(c *client.Client) { _ = read(t.Context(), c) })
			if len(got) != want {
				t.Errorf("at %v there are %d records, want %d", level, len(got), want)
			}
		}
	})
}

// Every operation is logged with its name, however it is called, and without
// query, body and headers.
func TestLogNamesOperations(t *testing.T) {
	s := serve(t, says(200, `{"data":[],"connector_id":"c","docs_skill_id":"d","status":"success","result":[{"mail":"private-mail"}]}`, "Set-Cookie", "private-cookie"))
	records := logged(t, slog.LevelDebug, s, func(c *client.Client) {
		ctx := t.Context()
		w := c.Workspace("a-workspace")
		_, _ = w.ListConnectors(ctx)
		_, _ = w.Info(ctx)
		_, _ = w.CreateConnector(ctx, client.CreateConnectorRequest{ConnectorType: "x", OAuthSecretID: "private-oauth"})
		_, _ = w.DeleteConnector(ctx, stubID)
		conn := connectorOf(c)
		_, _ = conn.Inspect(ctx)
		_, _ = conn.Check(ctx)
		_, _ = conn.Docs(ctx, "private-section")
		_, _ = conn.Execute(ctx, "issues", "list", client.Params{"q": "private-query"}, client.WithIntent("private-intent"))
		_, _ = collect(client.All[map[string]any](ctx, conn, "issues", "list", nil))
		rawCalls(c, ctx, "some-id", func(string, error) {})
	})
	seen := map[string]bool{}
	for _, r := range records {
		name := fmt.Sprint(r["operation"])
		seen[name] = true
		if text := fmt.Sprint(r); strings.Contains(text, "private") || strings.Contains(text, "?") {
			t.Errorf("logged %v", r)
		}
		if name == "" || strings.Contains(name, " ") {
			t.Errorf("no operation in %v", r)
		}
	}
	for _, name := range []string{"listConnectors", "listWorkspaces", "createConnector", "deleteConnector", "inspectConnector", "checkConnector", "getSkillDocs", "executeConnector", "getConnector", "updateWorkflow", "deleteAutomation"} {
		if !seen[name] {
			t.Errorf("%s was not logged", name)
		}
	}
}

// Token fetches are logged, including those that fail. A request that was not
// sent because there was no token is not.
func TestLogTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, ok("[]"))
		var observed int
		log := func(secret string) []map[string]any {
			var b bytes.Buffer
			c := newClientOfApp(t, s, client.WithClientSecret(secret), client.WithLogger(slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))),
				client.WithTokenObserver(func(auth.FetchReport) { observed++ }))
			_ = read(t.Context(), c)
			var records []map[string]any
			for line := range strings.Lines(b.String()) {
				r := map[string]any{}
				if err := json.Unmarshal([]byte(line), &r); err != nil {
					t.Fatal(err)
				}
				records = append(records, r)
			}
			if strings.Contains(b.String(), secret) || strings.Contains(b.String(), "token-1") {
				t.Errorf("a secret was logged: %s", b.String())
			}
			return records
		}
		got := log("a-good-secret")
		if len(got) != 2 || got[0]["msg"] != "airbyte token" || got[0]["level"] != "DEBUG" || got[0]["attempts"] != 1.0 || got[0]["expiry"] == nil || got[1]["msg"] != "airbyte request" {
			t.Errorf("logged %v", got)
		}
		if _, told := got[0]["assumed"]; told {
			t.Errorf("the service said how long the token lives, and logged was %v", got)
		}
		s.token = says(201, `{"access_token":"token-1","expires_in":"soon"}`)
		if got = log("another-good-secret"); len(got) != 2 || got[0]["level"] != "DEBUG" || got[0]["assumed"] != true {
			t.Errorf("logged %v", got)
		}
		s.token = says(401, `{"message":"a-bad-secret is wrong"}`)
		got = log("a-bad-secret")
		if len(got) != 1 || got[0]["msg"] != "airbyte token" || got[0]["level"] != "WARN" || got[0]["error"] == nil {
			t.Errorf("logged %v", got)
		}
		if observed != 3 {
			t.Errorf("%d fetches were observed", observed)
		}
	})
}

// The handler gets the ctx of the call, with what tracing has put there.
func TestLogHasTheContext(t *testing.T) {
	type key struct{}
	var got []any
	h := handlerFunc(func(ctx context.Context, _ slog.Record) { got = append(got, ctx.Value(key{})) })
	c := newClient(t, serve(t, ok("[]")), client.WithLogger(slog.New(h)))
	if err := read(context.WithValue(t.Context(), key{}, "trace-1"), c); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0] != "trace-1" {
		t.Errorf("got %v", got)
	}
}

type handlerFunc func(context.Context, slog.Record)

func (h handlerFunc) Enabled(context.Context, slog.Level) bool { return true }
func (h handlerFunc) Handle(ctx context.Context, r slog.Record) error {
	h(ctx, r)
	return nil
}
func (h handlerFunc) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h handlerFunc) WithGroup(string) slog.Handler      { return h }
