package agentstest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

// The table of operations has the routes of the contract.
func TestOperationsAreThoseOfTheContract(t *testing.T) {
	source, err := os.ReadFile("internal/server/server.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	routes := regexp.MustCompile(`http\.Method(\w+)\+" "\+options\.BaseURL\+"([^"]+)", wrapper\.(\w+)\)`).FindAllStringSubmatch(string(source), -1)
	if len(routes) == 0 {
		t.Fatal("no routes were found")
	}
	s := agentstest.New()
	c := &caller{t: t, http: &http.Client{Transport: s.Transport()}, base: "http://x", header: http.Header{}}
	for _, r := range routes {
		method, path, name := strings.ToUpper(r[1]), r[2], r[3]
		path = regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "11111111-0000-4000-8000-000000000009")
		c.send(method, path, nil)
		op := strings.ToLower(name[:1]) + name[1:]
		if s.Count(op) != 1 {
			t.Errorf("%s %s is not %s", method, path, op)
		}
	}
	if n := len(agentstest.Operations()); n != len(routes) {
		t.Errorf("%d operations, %d routes", n, len(routes))
	}
	if n := s.Count(""); n != len(routes) {
		t.Errorf("counts %d of %d", n, len(routes))
	}
	for name, wrong := range map[string]func(){
		"Count":           func() { s.Count("noSuchOperation") },
		"Inject":          func() { s.Inject(agentstest.Fault{Operation: "noSuchOperation"}) },
		"WithApplication": func() { agentstest.New(agentstest.WithApplication("a", "b", "no uuid")) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			wrong()
		}()
	}
}

func TestUnknownRoutes(t *testing.T) {
	s, c := start(t)
	c.denied(c.get("/no/such/thing"), 404, "no operation GET /api/v1/no/such/thing")
	c.denied(c.delete("/workspaces"), 404, "")
	c.denied(c.post("/workspaces/stats", object{}), 404, "")
	if r := s.Requests(); r[len(r)-1].Operation != "" || r[len(r)-1].Status != 404 {
		t.Errorf("noted as %+v", r[len(r)-1])
	}
}

func TestRequestIDs(t *testing.T) {
	_, c := start(t)
	seen := map[string]bool{}
	for _, a := range []*answer{c.get("/workspaces"), c.as("").get("/workspaces"), c.get("/nowhere"), c.post("/account/applications/token", "{")} {
		id := a.header.Get("X-Request-Id")
		if id == "" || seen[id] {
			t.Errorf("request id %q", id)
		}
		seen[id] = true
	}
}

func TestRequestsHideSecrets(t *testing.T) {
	s, c := start(t)
	c.header.Set("Cookie", "session=very-secret")
	c.ok(c.post("/integrations/connectors", object{"workspace_name": "default", "connector_type": "stripe", "name": "Shown", "credentials": object{"api_key": "very-secret", "more": []string{"very-secret"}}}))
	c.expect(c.put("/oauth/credentials", object{"connector_type": "github", "configuration": object{"client_id": "very-secret", "client_secret": "very-secret"}}), 200)
	c.post("/integrations/connectors", `{"credentials": "very-secret", `)
	all := fmt.Sprintf("%+v", s.Requests())
	for _, r := range s.Requests() {
		all += string(r.Body)
	}
	for _, secret := range []string{"very-secret", agentstest.ClientSecret, c.token} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is shown", secret)
		}
	}
	requests := s.Requests()
	if !strings.Contains(string(requests[1].Body), "Shown") || requests[1].Operation != "createConnector" || requests[1].Header.Get("Authorization") != "Bearer [REDACTED]" ||
		requests[1].TokenID != "token-1" || requests[0].TokenID != "" || requests[1].Status != 200 || requests[1].ID == "" {
		t.Errorf("noted as %+v", requests[1])
	}
	c.header = http.Header{}
	c.ok(c.get("/workspaces?limit=5"))
	if r := s.Requests()[len(s.Requests())-1]; r.Query.Get("limit") != "5" || r.Method != "GET" || r.Path != "/api/v1/workspaces" {
		t.Errorf("noted as %+v", r)
	}
}

func TestRequestsTellWhatWasExecuted(t *testing.T) {
	s, c := start(t)
	slack := c.connector("default", "slack")
	s.Reset()
	long := strings.Repeat("x", 100<<10)
	path := "/integrations/connectors/" + slack + "/execute"
	c.ok(c.execute(slack, "messages", "list", object{"channel": "C1", "limit": 2, "ids": []int64{9007199254740993}}))
	c.ok(c.execute(slack, "messages", "list", nil))
	created := c.ok(c.execute(slack, "messages", "create", object{"text": long, "token": "very-secret", "auth": object{"password": "very-secret", "configuration": object{"a": "very-secret"}}})).text("result", "id")
	s.Inject(agentstest.Fault{Reset: true})
	if _, err := c.send("POST", path, object{"entity": "channels", "action": "get"}); err == nil {
		t.Error("no error")
	}
	c.as("").post(path, object{"entity": "users", "action": "list"}) // refused
	for _, body := range []any{nil, "{", "[1]", object{"entity": 1, "action": true, "params": "x"}} {
		c.post(path, body)
	}
	c.post("/skills", object{"entity": "users", "action": "list", "params": object{}})
	c.post("/account/applications/scoped-token", object{"workspace_name": "default", "entity": "users", "action": "list", "params": object{}})

	var got []string
	for _, r := range s.Requests() {
		if text, ok := r.Params["text"].(string); ok {
			if text != long || r.Body != nil {
				t.Errorf("text of %d bytes, body of %d", len(text), len(r.Body))
			}
			delete(r.Params, "text")
		}
		got = append(got, fmt.Sprint(r.Entity, " ", r.Action, " ", r.Params, " ", r.Params == nil))
	}
	want := []string{
		"messages list map[channel:C1 ids:[9007199254740993] limit:2] false",
		"messages list map[] true",
		"messages create map[auth:map[configuration:map[a:[REDACTED]] password:[REDACTED]] token:[REDACTED]] false",
		"channels get map[] true",
		"users list map[] true",
		"  map[] true", "  map[] true", "  map[] true", "  map[] true", // no execution can be read
		"  map[] true", "  map[] true", // other operations
	}
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n, ok := s.Requests()[0].Params["limit"].(json.Number); !ok || n != "2" {
		t.Errorf("limit %v", s.Requests()[0].Params["limit"])
	}
	if text, _ := s.Requests()[2].Params["text"].(string); text != long {
		t.Error("a change of what Requests gave shows")
	}
	if c.ok(c.execute(slack, "messages", "get", object{"id": created})).text("result", "token") != "very-secret" {
		t.Error("the log's redaction shows in the record")
	}
}

func TestRequestLogIsBounded(t *testing.T) {
	s, c := start(t, agentstest.WithRequestLog(3))
	for i := range 5 {
		c.ok(c.get(fmt.Sprintf("/workspaces?limit=%d", i+1)))
	}
	requests := s.Requests()
	if len(requests) != 3 || requests[0].Query.Get("limit") != "3" || requests[2].Query.Get("limit") != "5" {
		t.Errorf("%+v", requests)
	}
	s.Reset()
	if len(s.Requests()) != 0 || s.Count("") != 0 || s.Count("listWorkspaces") != 0 {
		t.Error("Reset keeps something")
	}
	s, c = start(t, agentstest.WithRequestLog(0))
	c.ok(c.get("/workspaces"))
	if len(s.Requests()) != 0 || s.Count("listWorkspaces") != 1 {
		t.Error("a log of 0 keeps something, or counts nothing")
	}
}

func TestSeedIsTheSameInEachRun(t *testing.T) {
	world := func() string {
		_, c := start(t)
		var all strings.Builder
		for _, path := range []string{"/workspaces", "/integrations/connectors", "/integrations/definitions/sources", "/integrations/templates/sources", "/integrations/templates/connections"} {
			all.Write(c.ok(c.get(path)).raw)
		}
		all.Write(c.ok(c.execute(c.connector("default", "github"), "issues", "list", nil)).raw)
		return regexp.MustCompile(`"execution_time_ms":\d+`).ReplaceAllString(all.String(), "")
	}
	if a, b := world(), world(); a != b {
		t.Errorf("two worlds:\n%s\n%s", a, b)
	}
}

func TestWithoutSeed(t *testing.T) {
	_, c := start(t, agentstest.WithoutSeed())
	if n := len(c.ok(c.get("/workspaces")).list("data")); n != 0 {
		t.Errorf("%d workspaces", n)
	}
	c.denied(c.get("/integrations/connectors?workspace_name=default"), 404, "")
	if n := len(c.ok(c.get("/integrations/definitions/sources")).list("definitions")); n == 0 {
		t.Error("no definitions")
	}
}

func TestTransportInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := agentstest.New(agentstest.WithTokenLifetime(time.Hour), agentstest.WithDeleteDelay(time.Minute))
		c := &caller{t: t, http: &http.Client{Transport: s.Transport(), Timeout: time.Minute}, base: "https://api.example.com", header: http.Header{}}
		c.login()
		if a := c.ok(c.get("/workspaces?limit=1")); !strings.HasPrefix(a.text("next"), "https://api.example.com/api/v1/workspaces?") {
			t.Errorf("next %q", a.text("next"))
		}
		id := c.connector("default", "github")
		c.expect(c.delete("/integrations/connectors/"+id), 202)
		time.Sleep(59 * time.Second)
		c.ok(c.get("/integrations/connectors/" + id))
		time.Sleep(time.Second)
		c.expect(c.get("/integrations/connectors/"+id), 404)
		time.Sleep(59 * time.Minute)
		c.denied(c.get("/workspaces"), 401, "has expired")
		c.login()
		began := time.Now()
		s.Inject(agentstest.Fault{Delay: 10 * time.Second, BodyDelay: 5 * time.Second})
		c.ok(c.get("/workspaces"))
		if took := time.Since(began); took != 15*time.Second {
			t.Errorf("took %v", took)
		}
		s.Inject(agentstest.Fault{Delay: time.Hour})
		if _, err := c.send("GET", "/workspaces", nil); err == nil {
			t.Error("no timeout")
		}
	})
}

func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	s := agentstest.NewServer()
	s.Inject(agentstest.Fault{Times: -1, Delay: time.Hour})
	hc := &http.Client{Transport: &http.Transport{}}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			req, err := http.NewRequestWithContext(context.Background(), "GET", s.URL+"/api/v1/workspaces", nil) // it ends with the server
			if err != nil {
				t.Error(err)
				return
			}
			if resp, err := hc.Do(req); err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
	for s.Count("listWorkspaces") < 10 {
		time.Sleep(time.Millisecond)
	}
	s.Close()
	s.Close()
	wg.Wait()
	hc.CloseIdleConnections()
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(time.Millisecond)
	}
}

func TestManyAtOnce(t *testing.T) {
	s, c := start(t, agentstest.WithDeleteDelay(time.Millisecond))
	github := c.connector("default", "github")
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			name := fmt.Sprintf("worker-%d", worker)
			for i := range 15 {
				for _, step := range []func() *answer{
					func() *answer { return c.post("/account/applications/scoped-token", object{"workspace_name": name}) },
					func() *answer { return c.get("/workspaces?limit=3") },
					func() *answer { return c.get("/integrations/connectors?workspace_name=" + name) },
					func() *answer { return c.execute(github, "issues", "list", object{"state": "open"}) },
					func() *answer {
						return c.execute(github, "issues", "create", object{"title": name, "number": 1000 + 100*worker + i})
					},
					func() *answer { return c.execute(github, "issues", "update", object{"number": 3, "title": name}) },
					func() *answer {
						return c.execute(github, "issues", "context_store_search", object{"query": object{"filter": object{"contains": object{"title": "worker"}}}})
					},
					func() *answer { return c.get("/skills?limit=5") },
					func() *answer { return c.get("/integrations/connectors/" + github + "/inspect") },
				} {
					if a := step(); a.status != 200 {
						t.Errorf("%s: %d %s", name, a.status, a.raw)
						return
					}
				}
				a := c.post("/integrations/connectors", object{"workspace_name": name, "connector_type": "slack", "credentials": object{}})
				if a.status != 200 || c.delete("/integrations/connectors/"+a.text("id")).status != 202 {
					t.Errorf("%s: %s", name, a.raw)
				}
				s.Requests()
				if i == 7 {
					s.Inject(agentstest.Fault{Operation: "describeCron", Status: 500})
				}
			}
		})
	}
	wg.Wait()
	if n := s.Count("executeConnector"); n != 16*15*4 {
		t.Errorf("%d executions", n)
	}
}
