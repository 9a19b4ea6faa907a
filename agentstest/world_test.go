package agentstest_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

// tableIn returns the rows of the table in doc.go that has these headers.
func tableIn(t *testing.T, headers ...string) (rows [][]string) {
	t.Helper()
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var starts []int // of the columns
	for line := range strings.Lines(string(source)) {
		line, found := strings.CutPrefix(strings.TrimRight(line, "\n"), "//\t")
		switch {
		case found && slices.Equal(strings.Fields(line), headers):
			for i := range line {
				if i == 0 || line[i] != ' ' && line[i-1] == ' ' {
					starts = append(starts, i)
				}
			}
		case found && starts != nil:
			var row []string
			for i, start := range starts {
				end := len(line)
				if i+1 < len(starts) {
					end = starts[i+1]
				}
				row = append(row, strings.TrimSpace(line[start:end]))
			}
			rows = append(rows, row)
		case starts != nil:
			return rows
		}
	}
	t.Fatalf("doc.go has no table %v", headers)
	return nil
}

// The package documentation describes the seeded world correctly.
func TestDocumentedWorld(t *testing.T) {
	c := memoryCaller(t, agentstest.New())
	const read = "list, get, api_search, search, context_store_search, context_store_sql_query"
	var got [][]string
	for _, item := range c.ok(c.get(connectorsPath + "?workspace_name=default")).list("data") {
		id := item.(object)["id"].(string)
		slug := item.(object)["summarized_source_template"].(object)["connector_name"].(string)
		indexed := map[string][]string{}
		for _, e := range c.ok(c.get(connectorsPath+"/"+id+"/inspect")).list("context_store_readiness", "configured_cache_entities") {
			fields, _ := e.(object)["semantic_search_status"].([]any)
			for _, f := range fields {
				name := e.(object)["entity"].(string)
				indexed[name] = append(indexed[name], f.(object)["field"].(string))
			}
		}
		for _, e := range c.ok(c.execute(id, "", "describe", nil)).list("result") {
			name := e.(object)["entity_name"].(string)
			records, next := "-", "-"
			var actions []string
			for _, action := range e.(object)["available_actions"].([]any) {
				actions = append(actions, action.(string))
				if action != "list" {
					continue
				}
				size := ""
				for name, p := range parametersOf(e, "list") {
					switch p["description"] {
					case "records on a page":
						size = name
					case "", "a query in SOQL; all records by default":
					default:
						next = name
					}
				}
				records = fmt.Sprint(len(c.ok(c.execute(id, name, "list", object{size: 100})).list("result")))
			}
			all := strings.Replace(strings.Join(actions, ", "), read+", create, update, delete", "all", 1)
			if all == read {
				all = "read"
			}
			fields := strings.Join(indexed[name], ", ")
			if fields == "" {
				fields = "-"
			}
			got = append(got, []string{slug, name, records, next, fields, all})
		}
	}
	slices.SortFunc(got, slices.Compare)
	want := tableIn(t, "connector", "entity", "records", "next", "indexed", "actions")
	if len(want) == 0 || !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the world is\n%s\nand documented as\n%s", show(got), show(want))
	}
}

func show(rows [][]string) string {
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(strings.Join(row, " | ") + "\n")
	}
	return b.String()
}

func TestDocumentedFiles(t *testing.T) {
	c := memoryCaller(t, agentstest.New())
	rows := tableIn(t, "connector", "entity", "id", "name")
	if len(rows) != 8 {
		t.Fatalf("files:\n%s", show(rows))
	}
	for _, row := range rows {
		id := c.connector("default", row[0])
		a := c.ok(c.execute(id, row[1], "download", object{"id": row[2]}))
		name, note, _ := strings.Cut(row[3], ", ")
		if !strings.Contains(a.header.Get("Content-Disposition"), name) && !strings.Contains(name, "ü") {
			t.Errorf("%v: %q", row, a.header.Get("Content-Disposition"))
		}
		if (len(a.raw) == 0) != (note == "0 bytes") || (a.header.Get("Content-Length") == "") != strings.Contains(note, "without a Content-Length") {
			t.Errorf("%v: %d bytes, %v", row, len(a.raw), a.header)
		}
	}
	// Describe lists them, too.
	a := c.ok(c.execute(c.connector("default", "github"), "files", "describe", nil))
	if text := parametersOf(a.at("result", 0), "download")["id"]["description"]; text != "the id of the file, such as README.md, backup.tar, empty.txt, logo.png" {
		t.Errorf("the description is %s", text)
	}
}

// Tickets refer to their attachments, so that a program can find files.
func TestTicketsHaveAttachments(t *testing.T) {
	c := memoryCaller(t, agentstest.New())
	zendesk := c.connector("default", "zendesk-support")
	found := map[string]string{}
	for _, ticket := range c.ok(c.execute(zendesk, "tickets", "list", object{"per_page": 100})).list("result") {
		for _, one := range ticket.(object)["attachments"].([]any) {
			attachment := one.(object)
			name := attachment["file_name"].(string)
			found[name] = fmt.Sprint(attachment["id"], " of ", ticket.(object)["id"])
			a := c.ok(c.execute(zendesk, "attachments", "download", object{"attachment_id": attachment["id"]}))
			if len(a.raw) == 0 || !strings.Contains(a.header.Get("Content-Disposition"), name) || a.header.Get("Content-Type") != attachment["content_type"] {
				t.Errorf("%v: %v, %d bytes", attachment, a.header, len(a.raw))
			}
		}
	}
	if want := fmt.Sprint(map[string]string{agentstest.AttachmentName: fmt.Sprint(agentstest.AttachmentID, " of 101"), "log.txt": "7002 of 108"}); fmt.Sprint(found) != want {
		t.Errorf("attachments %v, want %v", found, want)
	}
}
