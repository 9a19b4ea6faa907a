package agentstest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

// faulty runs a test over the network and in memory.
func faulty(t *testing.T, test func(t *testing.T, s *agentstest.Service, c *caller)) {
	t.Run("network", func(t *testing.T) {
		s, c := start(t)
		c.http.Transport = &http.Transport{DisableKeepAlives: true}
		test(t, s.Service, c)
	})
	t.Run("memory", func(t *testing.T) {
		s := agentstest.New()
		c := &caller{t: t, http: &http.Client{Transport: s.Transport()}, base: "https://api.example.com", header: http.Header{}}
		c.login()
		test(t, s, c)
	})
}

func TestFaultAnswers(t *testing.T) {
	faulty(t, func(t *testing.T, s *agentstest.Service, c *caller) {
		s.Inject(agentstest.Fault{Status: 429})
		if a := c.denied(c.get("/workspaces"), 429, "Injected fault"); a.header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
		}
		s.Inject(agentstest.Fault{Status: 429, Header: http.Header{"Retry-After": {"Mon, 02 Jan 2040 15:04:05 GMT"}}})
		if a := c.denied(c.get("/workspaces"), 429, "Injected fault"); a.header.Get("Retry-After") != "Mon, 02 Jan 2040 15:04:05 GMT" {
			t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
		}
		s.Inject(agentstest.Fault{Status: 429, Header: http.Header{"Retry-After": nil}})
		if a := c.denied(c.get("/workspaces"), 429, "Injected fault"); a.header.Get("Retry-After") != "" {
			t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
		}
		s.Inject(agentstest.Fault{Status: 502, Body: "<html>Bad gateway</html>"})
		if a := c.expect(c.get("/workspaces"), 502); !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			t.Errorf("%v", a.header)
		}
		s.Inject(agentstest.Fault{Body: `{"status":"error"}`})
		if a := c.expect(c.get("/workspaces"), 200); a.text("status") != "error" {
			t.Errorf("%s", a.raw)
		}
		s.Inject(agentstest.Fault{Status: 503})
		c.denied(c.get("/workspaces"), 503, "Injected fault")
		s.Inject(agentstest.Fault{Status: 204})
		c.expect(c.get("/workspaces"), 204)
		s.Inject(agentstest.Fault{Header: http.Header{"X-Extra": {"1"}, "Content-Type": {"text/plain"}}})
		if a := c.ok(c.get("/workspaces")); a.header.Get("X-Extra") != "1" || !bytes.Contains(a.raw, []byte(`"default"`)) || a.header.Get("Content-Type") != "text/plain" {
			t.Errorf("%v %s", a.header, a.raw)
		}
		s.Inject(agentstest.Fault{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418) })})
		c.expect(c.get("/workspaces"), 418)
		s.Inject(agentstest.Fault{Raw: "HTTP/1.1 299 Odd\r\nContent-Length: 2\r\n\r\nhi"})
		if a := c.expect(c.get("/workspaces"), 299); string(a.raw) != "hi" {
			t.Errorf("raw %q", a.raw)
		}
		s.Inject(agentstest.Fault{Raw: "HTTP/1.1 2"})
		if _, err := c.send("GET", "/workspaces", nil); err == nil {
			t.Error("half a header is an answer")
		}
		if s.PendingFaults() != 0 {
			t.Errorf("%d faults left", s.PendingFaults())
		}
		c.ok(c.get("/workspaces"))
	})
}

func TestFaultsComeInOrder(t *testing.T) {
	s, c := start(t)
	s.Inject(agentstest.Fault{Operation: "listWorkspaces", After: 1, Status: 500})
	s.Inject(agentstest.Fault{Operation: "listWorkspaces", Times: 2, Status: 503})
	s.Inject(agentstest.Fault{Operation: "listConnectors", Times: -1, Status: 502})
	var got []int
	for range 5 {
		got = append(got, c.get("/workspaces").status)
	}
	if want := []int{503, 500, 503, 200, 200}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for range 3 {
		c.expect(c.get("/integrations/connectors"), 502)
	}
	if s.Count("listConnectors") != 3 || s.PendingFaults() != 1 {
		t.Errorf("count %d, pending %d", s.Count("listConnectors"), s.PendingFaults())
	}
	s.ClearFaults()
	c.ok(c.get("/integrations/connectors"))
	s.Inject(agentstest.Fault{Operation: "createToken", Status: 500})
	c.expect(c.as("").post("/account/applications/token", "no json"), 500)
}

func TestFaultsForEntityAndAction(t *testing.T) {
	faulty(t, func(t *testing.T, s *agentstest.Service, c *caller) {
		slack, github := c.connector("default", "slack"), c.connector("default", "github")
		run := func(connector, entity, action string) int {
			return c.execute(connector, entity, action, object{"channel": "C1", "name": "x"}).status
		}
		s.Inject(agentstest.Fault{Entity: "messages", Action: "create", After: 1, Times: 2, Status: 500})
		s.Inject(agentstest.Fault{Operation: "executeConnector", Action: "describe", Status: 502})
		s.Inject(agentstest.Fault{Operation: "executeConnector", Entity: "issues", Times: -1, Status: 503})
		c.ok(c.get("/workspaces")) // none of them is for it
		var got []int
		for range 2 { // requests that do not match count for neither After nor Times
			got = append(got, run(slack, "messages", "list"), run(slack, "channels", "create"))
		}
		for range 4 {
			got = append(got, run(slack, "messages", "create"))
		}
		got = append(got, run(slack, "", "describe"), run(slack, "", "describe"), run(github, "issues", "list"), run(github, "issues", "get"), run(github, "repositories", "list"))
		if want := []int{200, 200, 200, 200, 200, 500, 500, 200, 502, 200, 503, 503, 200}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if s.PendingFaults() != 1 {
			t.Errorf("%d faults left", s.PendingFaults())
		}
		s.ClearFaults()

		// A body that names no entity, or an unknown path, does not meet the
		// fault and gets its usual response.
		s.Inject(agentstest.Fault{Entity: "messages", Status: 500})
		for _, body := range []any{nil, "{", "[]", `{"entity":1,"action":"list"}`, `{"Entity":"messages"}`} {
			if a := c.post("/integrations/connectors/"+slack+"/execute", body); a.status/100 != 4 {
				t.Errorf("%v: %d", body, a.status)
			}
		}
		c.denied(c.post("/no/such/operation", object{"entity": "messages"}), 404, "")
		if s.PendingFaults() != 1 {
			t.Error("a fault was met")
		}

		// A body is matched by its content, whatever its length.
		long := object{"text": strings.Repeat("x", 100<<10)}
		if a := c.execute(slack, "messages", "create", long); a.status != 500 {
			t.Errorf("long body: %d", a.status)
		}
	})
}

func TestFaultsForEntityAndActionOfNothingElse(t *testing.T) {
	s := agentstest.New()
	for _, f := range []agentstest.Fault{
		{Operation: "listConnectors", Entity: "issues"},
		{Operation: "createToken", Action: "list"},
		{Operation: "noSuchOperation", Entity: "issues"},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v: no panic", f)
				}
			}()
			s.Inject(f)
		}()
	}
	if s.PendingFaults() != 0 {
		t.Error("a fault that was refused is there")
	}
}

func TestFaultRate(t *testing.T) {
	run := func() (failed []int) {
		s := agentstest.New(agentstest.WithoutSeed())
		c := &caller{t: t, http: &http.Client{Transport: s.Transport()}, base: "http://x", header: http.Header{}}
		c.login()
		s.Inject(agentstest.Fault{Times: -1, Rate: 0.3, Status: 500})
		for i := range 500 {
			if c.get("/workspaces").status == 500 {
				failed = append(failed, i)
			}
		}
		return failed
	}
	first := run()
	if n := len(first); n < 110 || n > 190 {
		t.Errorf("%d of 500 failed", n)
	}
	if !slices.Equal(first, run()) {
		t.Error("another run fails otherwise")
	}
}

func TestBrokenConnections(t *testing.T) {
	faulty(t, func(t *testing.T, s *agentstest.Service, c *caller) {
		created := func() int { return len(c.ok(c.get("/workspaces")).list("data")) }
		before := created()
		s.Inject(agentstest.Fault{Operation: "createScopedToken", Reset: true})
		_, err := c.send("POST", "/account/applications/scoped-token", object{"workspace_name": "one"})
		// The sockets of Windows have a number of their own for it, WSAECONNRESET.
		if !errors.Is(err, syscall.ECONNRESET) && (runtime.GOOS != "windows" || !errors.Is(err, syscall.Errno(10054))) {
			t.Errorf("reset: %v", err)
		}
		if n := created(); n != before {
			t.Error("the operation was carried out")
		}
		s.Inject(agentstest.Fault{Operation: "createScopedToken", Lost: true})
		if _, err := c.send("POST", "/account/applications/scoped-token", object{"workspace_name": "two"}); err == nil {
			t.Error("lost: no error")
		}
		if n := created(); n != before+1 {
			t.Error("the operation was not carried out")
		}
		for _, cut := range []int{-1, 1, 100} {
			s.Inject(agentstest.Fault{Operation: "listWorkspaces", Truncate: cut})
			a, err := c.send("GET", "/workspaces", nil)
			if !errors.Is(err, io.ErrUnexpectedEOF) || a == nil || len(a.raw) != max(cut, 0) {
				t.Errorf("cut after %d: %v", cut, err)
			}
		}
		s.Inject(agentstest.Fault{Status: 500, Body: "a long text", Truncate: 4})
		if a, err := c.send("GET", "/workspaces", nil); err == nil || a == nil || a.status != 500 || string(a.raw) != "a lo" {
			t.Errorf("%v", err)
		}
		s.Inject(agentstest.Fault{Truncate: 1 << 20}) // longer than the response
		c.ok(c.get("/workspaces"))
	})
}

func TestDelays(t *testing.T) {
	faulty(t, func(t *testing.T, s *agentstest.Service, c *caller) {
		s.Inject(agentstest.Fault{Delay: 60 * time.Millisecond})
		began := time.Now()
		c.ok(c.get("/workspaces"))
		if took := time.Since(began); took < 60*time.Millisecond {
			t.Errorf("took %v", took)
		}
		s.Inject(agentstest.Fault{BodyDelay: 60 * time.Millisecond})
		began = time.Now()
		if a := c.ok(c.get("/workspaces")); time.Since(began) < 60*time.Millisecond || len(a.list("data")) != 2 {
			t.Errorf("took %v: %s", time.Since(began), a.raw)
		}
		// A client that gives up does not wait.
		s.Inject(agentstest.Fault{Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, "GET", c.base+"/api/v1/workspaces", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.http.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}

// A fault does not add a Content-Length.
func TestFaultsAddNoLength(t *testing.T) {
	const size = 100
	opts := []agentstest.Option{agentstest.WithConnector("w", agentstest.Connector{Slug: "acme", Entities: map[string]agentstest.Entity{"files": {Files: map[string]agentstest.File{
		"known": {Size: size}, "unknown": {Size: size, Unsized: true},
	}}}})}
	test := func(t *testing.T, s *agentstest.Service, c *caller) {
		id := c.connector("w", "acme")
		for _, tc := range []struct {
			name  string
			fault agentstest.Fault
			bytes int
		}{
			{"no fault", agentstest.Fault{Operation: "createToken"}, size},
			{"header", agentstest.Fault{Entity: "files", Header: http.Header{"X-Extra": {"1"}}}, size},
			{"body delay", agentstest.Fault{Entity: "files", BodyDelay: time.Nanosecond}, size},
			{"truncate", agentstest.Fault{Entity: "files", Truncate: 10}, 10},
			{"truncate at once", agentstest.Fault{Entity: "files", Truncate: -1}, 0},
			{"truncate later", agentstest.Fault{Entity: "files", Truncate: 1000}, size},
		} {
			for file, length := range map[string]int64{"known": size, "unknown": -1} {
				s.ClearFaults()
				s.Inject(tc.fault)
				req, err := http.NewRequestWithContext(t.Context(), "POST", c.base+"/api/v1/integrations/connectors/"+id+"/execute",
					strings.NewReader(`{"entity":"files","action":"download","params":{"id":"`+file+`"}}`))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("Authorization", "Bearer "+c.token)
				resp, err := c.http.Do(req)
				if err != nil {
					t.Fatalf("%s of %s: %v", tc.name, file, err)
				}
				n, err := io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if resp.ContentLength != length || n != int64(tc.bytes) || (err != nil) != (tc.bytes < size) {
					t.Errorf("%s of %s: Content-Length %d, %d bytes, %v", tc.name, file, resp.ContentLength, n, err)
				}
			}
		}
	}
	t.Run("network", func(t *testing.T) {
		s, c := start(t, opts...)
		c.http.Transport = &http.Transport{DisableKeepAlives: true}
		test(t, s.Service, c)
	})
	t.Run("memory", func(t *testing.T) {
		s := agentstest.New(opts...)
		test(t, s, memoryCaller(t, s))
	})
}

// An error that is not about a field lists no fields.
func TestErrorsWithoutFields(t *testing.T) {
	s := agentstest.New()
	c := memoryCaller(t, s)
	for _, status := range []int{400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504, 507} {
		s.Inject(agentstest.Fault{Status: status})
		a := c.denied(c.get("/workspaces"), status, "Injected fault")
		if string(a.raw) != `{"message":"Injected fault","errors":[]}` {
			t.Errorf("%d: %s", status, a.raw)
		}
	}
}
