package agentstest_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

func manyWorkspaces(n int) (opts []agentstest.Option) {
	opts = append(opts, agentstest.WithoutSeed())
	for i := range n {
		opts = append(opts, agentstest.WithWorkspace(fmt.Sprintf("Customer-%02d", i)))
	}
	return opts
}

func TestListWorkspaces(t *testing.T) {
	for _, relative := range []bool{false, true} {
		opts := manyWorkspaces(45)
		if relative {
			opts = append(opts, agentstest.WithRelativeNext())
		}
		_, c := start(t, opts...)
		var names []string
		pages := 0
		for next := "/api/v1/workspaces?limit=10&name_contains=customer&status=active"; next != ""; pages++ {
			a := c.ok(c.get(next))
			for _, ws := range a.list("data") {
				names = append(names, ws.(object)["name"].(string))
			}
			next = a.text("next")
			if next != "" && strings.HasPrefix(next, "/") != relative {
				t.Errorf("next %q", next)
			}
			if u, err := url.Parse(next); err != nil || next != "" && (u.Query().Get("name_contains") != "customer" || u.Query().Get("status") != "active") {
				t.Errorf("next %q loses the filter", next)
			}
		}
		if len(names) != 45 || pages != 5 || names[44] != "Customer-44" {
			t.Errorf("%d names on %d pages", len(names), pages)
		}
		if n := len(c.ok(c.get("/workspaces")).list("data")); n != 20 {
			t.Errorf("default page of %d", n)
		}
		if n := len(c.ok(c.get("/workspaces?name_contains=-3")).list("data")); n != 10 {
			t.Errorf("%d with -3", n)
		}
		c.refused(c.get("/workspaces?limit=0"), 422, "greater_than_equal")
		c.refused(c.get("/workspaces?limit=101"), 422, "less_than_equal")
		c.refused(c.get("/workspaces?limit=many"), 422, "type_error")
		c.refused(c.get("/workspaces?cursor=made-up"), 422, "invalid_cursor")
		c.refused(c.get("/workspaces?status=lost"), 422, "enum")
	}
}

func TestChangeWorkspace(t *testing.T) {
	_, c := start(t)
	path := "/workspaces/" + c.workspace("customer-42")
	a := c.ok(c.put(path, object{"cache_enabled": true}))
	if a.at("cache_enabled") != true {
		t.Errorf("value: %s", a.raw)
	}
	a = c.ok(c.put(path, object{"status": "inactive"}))
	if a.at("cache_enabled") != true || a.text("status") != "inactive" {
		t.Errorf("absent must keep: %s", a.raw)
	}
	a = c.ok(c.put(path, object{"cache_enabled": false, "name": nil}))
	if a.at("cache_enabled") != false || a.text("name") != "customer-42" {
		t.Errorf("false: %s", a.raw)
	}
	a = c.ok(c.put(path, object{"cache_enabled": nil}))
	if v, ok := a.body.(object)["cache_enabled"]; !ok || v != nil {
		t.Errorf("null inherits: %s", a.raw)
	}
	a = c.ok(c.put(path, object{"name": "renamed"}))
	if a.text("name") != "renamed" || a.text("status") != "inactive" {
		t.Errorf("renamed: %s", a.raw)
	}
	c.ok(c.get("/integrations/connectors?workspace_name=renamed"))
	c.denied(c.get("/integrations/connectors?workspace_name=customer-42"), 404, "")
	c.refused(c.put(path, object{"name": "default"}), 400, "name_taken")
	c.refused(c.put(path, object{"status": "asleep"}), 422, "enum")
	c.refused(c.put(path, object{"cache_enabled": "yes"}), 422, "type_error")

	if n := len(c.ok(c.get("/workspaces?status=inactive")).list("data")); n != 1 {
		t.Errorf("%d inactive", n)
	}
	a = c.ok(c.get("/workspaces/stats"))
	if a.at("active_count") != 1.0 || a.at("inactive_count") != 1.0 || a.at("total_count") != 2.0 {
		t.Errorf("stats %s", a.raw)
	}
}

func TestDeleteWorkspace(t *testing.T) {
	_, c := start(t)
	id := c.workspace("customer-42")
	connector := c.connector("customer-42", "stripe")
	a := c.ok(c.delete("/workspaces/" + id))
	if a.text("id") != id || a.text("deleted_at") == "" {
		t.Errorf("answer %s", a.raw)
	}
	if a := c.ok(c.get("/workspaces/" + id)); a.at("tombstone") != true {
		t.Errorf("no tombstone: %s", a.raw)
	}
	if a := c.ok(c.get("/workspaces?name_contains=customer-42")); a.at("data", 0, "tombstone") != true {
		t.Errorf("not listed: %s", a.raw)
	}
	c.denied(c.delete("/workspaces/"+id), 404, "")
	c.denied(c.put("/workspaces/"+id, object{}), 404, "")
	c.denied(c.get("/integrations/connectors?workspace_name=customer-42"), 404, "")
	c.denied(c.get("/integrations/connectors/"+connector), 404, "")
	if a := c.ok(c.get("/workspaces/stats")); a.at("total_count") != 1.0 {
		t.Errorf("stats %s", a.raw)
	}
	c.refused(c.get("/workspaces/no-uuid"), 422, "uuid_parsing")
	c.denied(c.get("/workspaces/11111111-0000-4000-8000-000000000009"), 404, "")
}
