package agentstest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

func TestSQL(t *testing.T) {
	c, id := searchable(t)
	for sql, want := range map[string]string{
		`SELECT id FROM things`:                                            `1 2 3 4`,
		`select "id" from "things" ;`:                                      `1 2 3 4`,
		`SELECT * FROM things WHERE id = 2`:                                `2`,
		"\n SELECT id,\ttitle FROM things\nWHERE title='Add a dark theme'": `2`,
		`SELECT id FROM things WHERE n = 2.5`:                              `3`,
		`SELECT id FROM things WHERE n = -1`:                               `4`,
		`SELECT id FROM things WHERE who.name = 'Ada'`:                     `1`,
		`SELECT id FROM things WHERE done = TRUE`:                          `1 4`,
		`SELECT id FROM things WHERE done = false`:                         `2`,
		`SELECT id FROM things WHERE note = NULL`:                          ``,
		`SELECT id FROM things WHERE title = 'it''s'`:                      ``,
		`SELECT id FROM things LIMIT 2`:                                    `1 2`,
		`SELECT id FROM things LIMIT 0`:                                    ``,
		`SELECT id FROM things LIMIT 2 OFFSET 1`:                           `2 3`,
		`SELECT id FROM things WHERE done = true LIMIT 5 OFFSET 1`:         `4`,
	} {
		a := c.ok(c.execute(id, "things", "context_store_sql_query", object{"sql": sql}))
		var got []string
		for _, r := range a.list("result", "data") {
			got = append(got, fmt.Sprint(r.(object)["id"]))
		}
		if strings.Join(got, " ") != want || a.at("result", "meta", "has_more") != false || a.at("result", "meta", "cursor") != nil {
			t.Errorf("%s: got %v of %s, want %v", sql, got, a.raw, want)
		}
	}
	a := c.ok(c.execute(id, "things", "context_store_sql_query", object{"sql": `SELECT title, n FROM things`, "limit": 1}))
	if rows := a.list("result", "data"); len(rows) != 1 || len(rows[0].(object)) != 2 || a.at("result", "meta", "has_more") != true || a.at("result", "meta", "cursor") != nil {
		t.Errorf("got %s", a.raw)
	}
	for sql, code := range map[string]string{
		``: "missing", `  `: "missing", `DROP TABLE things`: "sql", `SELECT`: "sql", `SELECT FROM things`: "sql", `SELECT id`: "sql", `SELECT id, FROM things`: "sql", `SELECT id, * FROM things`: "sql",
		`SELECT count(*) FROM things`: "sql", `SELECT DISTINCT id FROM things`: "sql", `SELECT id FROM things, others`: "sql", `SELECT id FROM things WHERE id > 1`: "sql",
		`SELECT id FROM things WHERE id = 1 AND n = 2`: "sql", `SELECT id FROM things ORDER BY id`: "sql", `SELECT id FROM things LIMIT -1`: "sql", `SELECT id FROM things LIMIT '1'`: "sql",
		`SELECT id FROM things LIMIT 1 OFFSET`: "sql", `SELECT id FROM things OFFSET 1`: "sql", `SELECT id FROM things; DELETE`: "sql", `SELECT 'id FROM things`: "sql", `SELECT id FROM things WHERE id = n`: "sql",
		`SELECT id FROM things WHERE id = 1-`: "sql", `SELECT id FROM thinks`: "sql", `SELECT idd FROM things`: "unknown_field", `SELECT id FROM things WHERE titel = 'x'`: "unknown_field", `SELECT id FROM things -- x`: "sql",
		`SELECT 1`: "sql", `SELECT id, 'x' FROM things`: "sql", `SELECT é FROM things`: "unknown_field",
	} {
		if c.refused(c.execute(id, "things", "context_store_sql_query", object{"sql": sql}), 422, code); t.Failed() {
			t.Fatal(sql)
		}
	}
	for _, limit := range []any{0, 1001, "x", 1.5} {
		c.refused(c.execute(id, "things", "context_store_sql_query", object{"sql": "SELECT id FROM things", "limit": limit}), 422, "range")
	}
	c.refused(c.execute(id, "others", "context_store_sql_query", object{"sql": "SELECT id FROM things"}), 422, "unknown_entity")
}

func TestSQLSelect(t *testing.T) {
	records := make([]object, 2500)
	for i := range records {
		records[i] = object{"id": i}
	}
	s := agentstest.New(agentstest.WithConnector("w", agentstest.Connector{Slug: "acme", Entities: map[string]agentstest.Entity{"things": {Records: records}}}))
	c := memoryCaller(t, s)
	id := c.connector("w", "acme")
	params := object{"sql": "SELECT id FROM things", "sql_dialect": "bigquery", "workspace_name": "w"}
	n := 0
	for {
		a := c.ok(c.execute(id, "", "sql_select", params))
		if n += len(a.list("result")); a.at("execution_metadata") != nil {
			t.Errorf("got %.300s", a.raw)
		}
		if a.at("connector_metadata") == nil {
			break
		}
		params["cursor"] = a.text("connector_metadata", "cursor")
	}
	if n != 2500 {
		t.Errorf("%d rows", n)
	}
	a := c.ok(c.execute(id, "anything", "sql_select", object{"sql": "SELECT id FROM things", "sql_dialect": "snowflake", "workspace_id": "x", "dry_run": true}))
	if len(a.list("result")) != 0 {
		t.Errorf("a dry run gave %s", a.raw)
	}
	for code, change := range map[string]object{
		"enum": {"sql_dialect": "mysql"}, "one_of": {"workspace_id": "x"}, "conflict": {"dry_run": true}, "invalid_cursor": {"cursor": "x"}, "missing": {"sql": ""},
	} {
		wrong := object{"sql": "SELECT id FROM things", "sql_dialect": "bigquery", "workspace_name": "w", "cursor": params["cursor"]}
		for k, v := range change {
			wrong[k] = v
		}
		c.refused(c.execute(id, "", "sql_select", wrong), 422, code)
	}
}

func TestWithSQL(t *testing.T) {
	var asked []string
	s := agentstest.New(agentstest.WithSQL(func(entity, sql string) ([]any, error) {
		asked = append(asked, entity+": "+sql)
		if strings.HasPrefix(sql, "DROP") {
			return nil, errors.New("only SELECT is allowed")
		}
		return []any{object{"n": 1}, struct {
			N int `json:"n"`
		}{2}}, nil
	}))
	c := memoryCaller(t, s)
	id := c.connector("default", "stripe")
	a := c.ok(c.execute(id, "charges", "context_store_sql_query", object{"sql": "SELECT sum(amount) AS n FROM charges GROUP BY status"}))
	if len(a.list("result", "data")) != 2 || a.text("result", "data", 1, "n") != "2" {
		t.Errorf("got %s", a.raw)
	}
	a = c.execute(id, "charges", "context_store_sql_query", object{"sql": "DROP TABLE charges"})
	if c.refused(a, 422, "sql"); !strings.Contains(string(a.raw), "only SELECT is allowed") {
		t.Errorf("got %s", a.raw)
	}
	c.ok(c.execute(id, "", "sql_select", object{"sql": "SELECT 1", "sql_dialect": "snowflake", "workspace_name": "default"}))
	if want := "charges: SELECT sum(amount) AS n FROM charges GROUP BY status|charges: DROP TABLE charges|: SELECT 1"; strings.Join(asked, "|") != want {
		t.Errorf("asked %q", asked)
	}
}
