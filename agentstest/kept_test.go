package agentstest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

// What a test gave to a service is its own: it may change it while the service runs. The
// race detector finds what the service uses nevertheless.
func TestServiceCopiesWhatItIsGiven(t *testing.T) {
	records := []map[string]any{{"id": "1", "title": "one", "tags": []string{"a"}}}
	files := map[string]agentstest.File{"f1": {Name: "a.txt", Data: []byte("hello")}}
	config := map[string]any{"region": "eu", "list": []string{"x"}, "in": map[string]string{"a": "b"}}
	actions := []string{"list", "get", "download"}
	entities := map[string]agentstest.Entity{"notes": {Records: records, Files: files, Actions: actions}}
	header := http.Header{"X-Fault": {"yes"}}
	s, c := start(t, agentstest.WithConnector("default", agentstest.Connector{ID: "11111111-2222-4333-8444-555555555555", Slug: "notebook", Entities: entities, Config: config}))
	s.Inject(agentstest.Fault{Operation: "getConnector", Header: header, Times: -1})

	stop := make(chan struct{})
	var changing sync.WaitGroup
	changing.Go(func() {
		for n := byte(0); ; n++ {
			records[0]["title"], records[0]["id"] = n, n
			records[0]["tags"].([]string)[0] = "changed"
			files["f1"].Data[0] = n
			files["f"+string(rune('a'+n%20))] = agentstest.File{}
			config["region"], config["in"].(map[string]string)["a"] = n, "changed"
			config["list"].([]string)[0] = "changed"
			actions[n%3] = "none"
			entities["more"] = agentstest.Entity{}
			header["X-Fault"][0] = "no"
			header.Set("X-More", "yes")
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Microsecond):
			}
		}
	})
	defer changing.Wait()
	defer close(stop)
	for range 30 {
		at := "/integrations/connectors/11111111-2222-4333-8444-555555555555"
		info := c.get(at)
		c.expect(info, http.StatusOK)
		if got := string(info.raw); !strings.Contains(got, `"region":"eu"`) || !strings.Contains(got, `"in":{"a":"b"}`) || !strings.Contains(got, `"list":["x"]`) || info.header.Get("X-Fault") != "yes" || info.header.Get("X-More") != "" {
			t.Fatalf("%s, header %v", got, info.header)
		}
		a := c.post(at+"/execute", object{"entity": "notes", "action": "list"})
		c.expect(a, http.StatusOK)
		if !strings.Contains(string(a.raw), `"title":"one"`) || !strings.Contains(string(a.raw), `"tags":["a"]`) {
			t.Fatalf("%s", a.raw)
		}
		if a = c.post(at+"/execute", object{"entity": "notes", "action": "download", "params": object{"id": "f1"}}); string(a.raw) != "hello" {
			t.Fatalf("%s", a.raw)
		}
		// Another connector of the new kind has the entities as they were.
		made := c.post("/integrations/connectors", object{"workspace_name": "default", "connector_type": "notebook", "credentials": object{"token": "x"}})
		c.expect(made, http.StatusOK)
		if a = c.post("/integrations/connectors/"+made.text("id")+"/execute", object{"entity": "notes", "action": "get", "params": object{"id": "1"}}); !strings.Contains(string(a.raw), `"title":"one"`) {
			t.Fatalf("%s", a.raw)
		}
	}
}

// The functions of a test may call the service, and the log is the test's to change.
func TestHandlersMayUseTheService(t *testing.T) {
	var s *agentstest.Server
	var c *caller
	use := func() {
		for _, r := range s.Requests() {
			r.Header.Set("X-Changed", "yes")
			for i := range r.Body {
				r.Body[i] = 'x'
			}
		}
		_, _ = s.Count(""), s.PendingFaults()
		c.expect(c.get("/workspaces"), http.StatusOK)
	}
	s, c = start(t,
		agentstest.WithCredentialCheck(func(string, map[string]any) error { use(); return errors.New("no") }),
		agentstest.WithSQL(func(string, string) ([]any, error) { use(); return nil, nil }),
		agentstest.WithConnector("default", agentstest.Connector{ID: "11111111-2222-4333-8444-555555555555", Slug: "notebook", Entities: map[string]agentstest.Entity{"notes": {Records: []object{{"id": "1"}}}}}),
	)
	s.Inject(agentstest.Fault{Operation: "listConnectors", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-Handler", "was here")
		use()
		s.Inject(agentstest.Fault{Operation: "getConnector", Status: 503})
		s.ClearFaults()
		s.Reset()
		w.WriteHeader(http.StatusTeapot)
	})})
	c.expect(c.get("/integrations/connectors?workspace_name=default"), http.StatusTeapot)
	c.expect(c.post("/integrations/connectors/check", object{"workspace_name": "default", "connector_type": "notebook", "credentials": object{"token": "x"}}), http.StatusOK)
	c.expect(c.post("/integrations/connectors/11111111-2222-4333-8444-555555555555/execute", object{"entity": "notes", "action": "context_store_sql_query", "params": object{"sql": "SELECT 1"}}), http.StatusOK)
}

// A handler may close the server that it serves.
func TestCloseInAHandler(t *testing.T) {
	for name, end := range map[string]func(*agentstest.Server){
		"Close":    (*agentstest.Server).Close,
		"Shutdown": func(s *agentstest.Server) { _ = s.Shutdown(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			s, c := start(t)
			returned := make(chan struct{})
			s.Inject(agentstest.Fault{Operation: "listConnectors", Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				end(s)
				close(returned)
			})})
			go func() { _, _ = c.send("GET", "/integrations/connectors?workspace_name=default", nil) }()
			select {
			case <-returned:
			case <-time.After(20 * time.Second):
				t.Fatal("it waits for itself")
			}
			s.Close() // waits for the handler
			if _, err := c.send("GET", "/workspaces", nil); err == nil {
				t.Error("the server is not closed")
			}
		})
	}
}

// The URL of a server that listens everywhere leads to it.
func TestServeOnEveryAddress(t *testing.T) {
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "127.0.0.1:0"} {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
		if err != nil {
			t.Logf("%s: %v", addr, err)
			continue
		}
		s := agentstest.Serve(l, agentstest.New())
		defer s.Close()
		if strings.Contains(s.URL, "0.0.0.0") || strings.Contains(s.URL, "::") {
			t.Errorf("%s: the URL is %s", addr, s.URL)
		}
		c := &caller{t: t, http: &http.Client{}, base: s.URL, header: http.Header{}}
		c.login()
		c.http.CloseIdleConnections()
	}
	if !slices.Contains(agentstest.Operations(), "createToken") {
		t.Error("no operations")
	}
}

func TestZeroValues(t *testing.T) {
	s := new(agentstest.Server)
	s.Close()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://fake.test/api/v1/workspaces", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := new(agentstest.Service).Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusInternalServerError || !strings.Contains(string(body), "New returns one") || err != nil {
		t.Errorf("%d %s, %v", resp.StatusCode, body, err)
	}
	_ = resp.Body.Close()
}
