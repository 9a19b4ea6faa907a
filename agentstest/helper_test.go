package agentstest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

type object = map[string]any

// A caller calls a service over plain HTTP.
type caller struct {
	t      testing.TB
	http   *http.Client
	base   string
	token  string
	header http.Header
}

// An answer is the response to a request.
type answer struct {
	status int
	header http.Header
	raw    []byte
	body   any
}

// start starts a server and gets a token.
func start(t testing.TB, opts ...agentstest.Option) (*agentstest.Server, *caller) {
	t.Helper()
	s := agentstest.NewServer(opts...)
	t.Cleanup(s.Close)
	c := &caller{t: t, http: &http.Client{}, base: s.URL, header: http.Header{}}
	t.Cleanup(c.http.CloseIdleConnections)
	c.login()
	return s, c
}

// as returns the same caller with another token.
func (c *caller) as(token string) *caller {
	other := *c
	other.token, other.header = token, http.Header{}
	return &other
}

func (c *caller) login() {
	c.t.Helper()
	a := c.post("/account/applications/token", object{"client_id": agentstest.ClientID, "client_secret": agentstest.ClientSecret})
	c.expect(a, http.StatusOK)
	c.token = a.text("access_token")
}

// send sends a request and reads the whole response.
func (c *caller) send(method, path string, body any) (*answer, error) {
	var r io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(body)
	default:
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		r = bytes.NewReader(raw)
	}
	if !strings.HasPrefix(path, "http") && !strings.HasPrefix(path, "/api") {
		path = "/api/v1" + path
	}
	if strings.HasPrefix(path, "/") {
		path = c.base + path
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, path, r)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, values := range c.header {
		req.Header[name] = values
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	a := &answer{status: resp.StatusCode, header: resp.Header}
	a.raw, err = io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return a, err
	}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(a.raw, &a.body); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (c *caller) do(method, path string, body any) *answer {
	c.t.Helper()
	a, err := c.send(method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (c *caller) get(path string) *answer             { c.t.Helper(); return c.do("GET", path, nil) }
func (c *caller) post(path string, body any) *answer  { c.t.Helper(); return c.do("POST", path, body) }
func (c *caller) put(path string, body any) *answer   { c.t.Helper(); return c.do("PUT", path, body) }
func (c *caller) patch(path string, body any) *answer { c.t.Helper(); return c.do("PATCH", path, body) }
func (c *caller) delete(path string) *answer          { c.t.Helper(); return c.do("DELETE", path, nil) }

func (c *caller) expect(a *answer, status int) *answer {
	c.t.Helper()
	if a.status != status {
		c.t.Fatalf("status %d, want %d: %s", a.status, status, a.raw)
	}
	return a
}

// ok expects a success.
func (c *caller) ok(a *answer) *answer {
	c.t.Helper()
	if a.status/100 != 2 {
		c.t.Fatalf("status %d: %s", a.status, a.raw)
	}
	return a
}

// refused expects an error about fields, one of them with this code.
func (c *caller) refused(a *answer, status int, code string) *answer {
	c.t.Helper()
	c.expect(a, status)
	if a.text("message") != "Validation failed" {
		c.t.Errorf("message %q", a.text("message"))
	}
	found := false
	for _, e := range a.list("errors") {
		item := e.(object)
		if item["field"] == nil || item["field"] == "" || item["message"] == "" {
			c.t.Errorf("an error without a field or a message: %s", a.raw)
		}
		if _, ok := item["details"]; !ok {
			c.t.Errorf("an error without details: %s", a.raw)
		}
		found = found || item["error_code"] == code
	}
	if !found {
		c.t.Errorf("no error_code %q in %s", code, a.raw)
	}
	return a
}

// denied expects an error about no field, whose message has this text.
func (c *caller) denied(a *answer, status int, text string) *answer {
	c.t.Helper()
	c.expect(a, status)
	if message := a.text("message"); message == "" || !strings.Contains(message, text) {
		c.t.Errorf("message %q, want %q in it", message, text)
	}
	if errs, ok := a.at("errors").([]any); !ok || len(errs) > 0 {
		c.t.Errorf("errors %v: the message says it", a.at("errors"))
	}
	return a
}

// at returns the value in the body at a path of names and indexes.
func (a *answer) at(path ...any) any {
	v := a.body
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(object)
			v = m[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return nil
			}
			v = list[step]
		}
	}
	return v
}

func (a *answer) text(path ...any) string {
	v := a.at(path...)
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func (a *answer) list(path ...any) []any {
	list, _ := a.at(path...).([]any)
	return list
}

// connector returns the ID of the connector with a slug.
func (c *caller) connector(workspace, slug string) string {
	c.t.Helper()
	a := c.ok(c.get("/integrations/connectors?workspace_name=" + workspace))
	for _, item := range a.list("data") {
		one := item.(object)
		if one["summarized_source_template"].(object)["connector_name"] == slug {
			return one["id"].(string)
		}
	}
	c.t.Fatalf("no %s in %s", slug, workspace)
	return ""
}

// execute runs an action.
func (c *caller) execute(id, entity, action string, params any, more ...object) *answer {
	c.t.Helper()
	body := object{"entity": entity, "action": action}
	if params != nil {
		body["params"] = params
	}
	for _, m := range more {
		for k, v := range m {
			body[k] = v
		}
	}
	return c.post("/integrations/connectors/"+id+"/execute", body)
}

// workspace returns the ID of the workspace with a name.
func (c *caller) workspace(name string) string {
	c.t.Helper()
	for _, item := range c.ok(c.get("/workspaces?limit=100&name_contains=" + name)).list("data") {
		if ws := item.(object); ws["name"] == name && ws["tombstone"] == false {
			return ws["id"].(string)
		}
	}
	c.t.Fatalf("no workspace %s", name)
	return ""
}

// numbers returns n records.
func numbers(n int) []object {
	list := make([]object, n)
	for i := range list {
		list[i] = object{"id": fmt.Sprintf("rec_%03d", i), "n": i}
	}
	return list
}

// memoryCaller returns a caller that uses no network.
func memoryCaller(t testing.TB, s *agentstest.Service) *caller {
	t.Helper()
	c := &caller{t: t, http: &http.Client{Transport: s.Transport()}, base: "https://api.example.com", header: http.Header{}}
	c.login()
	return c
}
