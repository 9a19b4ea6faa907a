package agenttools

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

func TestParsePattern(t *testing.T) {
	for _, text := range []string{
		"github", "GitHub", "*", "!*", "github.issues", "github.*", "*.*.delete", "!*.*.delete", " github ", "Support desk", "zendesk-support.tickets.list",
		`"Acme, Inc."`, `"a.b".issues`, `!"a.b".c`, `"say ""hi"""`, `"*"`, "Yahoo!", "Müller & Söhne.contacts",
	} {
		if _, err := parsePattern(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{
		"", " ", "!", "!!github", "git*", "*hub", "**", ".", "..", "github.", ".issues", "github..list", "github.issues.list.", "github.issues.list.x",
		"a,b", `"a`, `"a"b`, `"a".`, `a"b`, `""`, `"" `, "github. issues", "github .issues", "! github", "a\nb", "a\x00b", "a\xffb", "\u200b", "-", "__",
		`github."issues"`, "*.*.*.*", "github.!issues",
	} {
		if p, err := parsePattern(text); err == nil {
			t.Errorf("%q is %+v", text, p)
		} else if !strings.Contains(err.Error(), "pattern") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestRules(t *testing.T) {
	github, stripe := subject{"github", "Engineering"}, subject{"stripe", "Payments"}
	type call struct {
		c              subject
		entity, action string
	}
	issuesList, issuesDelete, usersGet := call{github, "issues", "list"}, call{github, "issues", "delete"}, call{github, "users", "get"}
	customersList := call{stripe, "customers", "list"}
	all := []call{issuesList, issuesDelete, usersGet, customersList}
	for _, test := range []struct {
		patterns string
		allowed  []call
	}{
		{"", all},
		{"*", all},
		{"!*.*.delete", []call{issuesList, usersGet, customersList}},
		{"!*", nil},
		{"!GITHUB", []call{customersList}},
		{"!engineering", []call{customersList}},
		{"github", []call{issuesList, issuesDelete, usersGet}},
		{"Engineering", []call{issuesList, issuesDelete, usersGet}},
		{"ENGINEERING.Issues.LIST", []call{issuesList}},
		{"github.issues", []call{issuesList, issuesDelete}},
		{"github|!github.issues", []call{usersGet}},
		{"!github.issues|github", []call{usersGet}},
		{"github.*.list|stripe", []call{issuesList, customersList}},
		{"*.issues.list|*.*.list|!stripe.*.list", []call{issuesList}},
		{"asana", nil},
		{"github.issues.list|!github.issues.list", nil},
	} {
		r := testRules(t, test.patterns)
		var list []call
		for _, c := range all {
			if r.action(c.c, c.entity, c.action) {
				list = append(list, c)
				if !r.connector(c.c) || !r.entity(c.c, c.entity) {
					t.Errorf("%q: %v is allowed and not listed", test.patterns, c)
				}
			}
		}
		if len(list) != len(test.allowed) {
			t.Errorf("%q allows %v", test.patterns, list)
			continue
		}
		for i := range list {
			if list[i] != test.allowed[i] {
				t.Errorf("%q allows %v", test.patterns, list)
			}
		}
	}
}

// What is wholly denied, or not allowed, must not even be listed.
func TestRulesOfLists(t *testing.T) {
	c := subject{"github", "Engineering"}
	for _, test := range []struct {
		patterns                    string
		connector, issues, anything bool
	}{
		{"", true, true, true},
		{"!github", false, false, false},
		{"!github.*", false, false, false},
		{"!github.*.*", false, false, false},
		{"!github.issues", true, false, false},
		{"!github.issues.list", true, true, false},
		{"!github.*.list", true, true, false},
		{"!github.*.delete", true, true, true},
		{"!stripe", true, true, true},
		{"stripe", false, false, false},
		{"github.users", true, false, false},
		{"github.issues", true, true, false},
		{"github.issues.list", true, true, true},
		{"github.issues.list|!github.issues.list", false, false, false},
		{"github.issues.list|!*.issues", false, false, false},
		{"github.issues.list|!github.issues.get", true, true, true},
		{"*.*.list", true, true, true},
		{"github.*.list|!github.issues", true, false, false},
	} {
		r := testRules(t, test.patterns)
		if got := r.connector(c); got != test.connector {
			t.Errorf("%q: connector is %t", test.patterns, got)
		}
		if got := r.entity(c, "issues"); got != test.issues {
			t.Errorf("%q: entity is %t", test.patterns, got)
		}
		if got := r.anyEntity(c, "issues", "list"); got != test.anything {
			t.Errorf("%q: anyEntity is %t", test.patterns, got)
		}
	}
	if r := testRules(t, "github.issues.sql_select"); !r.anyEntity(c, "issues", "sql_select") || r.anyEntity(c, "users", "sql_select") {
		t.Error("a pattern that names the action and the entity")
	}
}

func testRules(t *testing.T, patterns string) rules {
	t.Helper()
	var r rules
	for text := range strings.SplitSeq(patterns, "|") {
		if patterns == "" {
			break
		}
		if err := r.add(text); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// What may be written is what the descriptions list and the patterns leave.
func TestWritesLeft(t *testing.T) {
	fake, ws := start(t, agentstest.WorkspaceName)
	for _, test := range []struct {
		opts []Option
		want string
	}{
		{nil, "[] true"},
		{[]Option{WithWrites(yes), WithAllow("github.issues")}, "[issues.create issues.update issues.delete] true"},
		{[]Option{WithWrites(yes), WithAllow("github.issues", "!*.*.delete")}, "[issues.create issues.update] true"},
		{[]Option{WithWrites(yes), WithAllow("github.issues", "!github.issues.delet")}, "[issues.create issues.update issues.delete] true"},
		{[]Option{WithWrites(yes), WithAllow("github.issues.list")}, "[] true"},
	} {
		actions, known, err := New(ws, test.opts...).Writes(t.Context(), "GitHub")
		if got := fmt.Sprint(actions, known); got != test.want || err != nil {
			t.Errorf("%s, not %s: %v", got, test.want, err)
		}
	}
	if _, _, err := New(ws, WithWrites(yes)).Writes(t.Context(), "asana"); err == nil || !strings.Contains(err.Error(), "there is no connector asana") {
		t.Error(err)
	}
	if _, _, err := New(ws, WithWrites(yes), WithAllow("a..b")).Writes(t.Context(), "github"); err == nil {
		t.Error("no error")
	}
	for status, fails := range map[int]bool{http.StatusForbidden: false, http.StatusBadGateway: true} {
		fake.Inject(agentstest.Fault{Action: "describe", Status: status})
		if actions, known, err := New(ws, WithWrites(yes)).Writes(t.Context(), "github"); actions != nil || known || (err != nil) != fails {
			t.Errorf("%d: %v, %v, %v", status, actions, known, err)
		}
	}
}
