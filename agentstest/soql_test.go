package agentstest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

func TestSOQL(t *testing.T) {
	_, c := start(t, agentstest.WithStrictParams())
	id := c.connector("default", "salesforce")
	const last = "006EX0000000005"
	for q, want := range map[string]string{
		"SELECT FIELDS(STANDARD) FROM Opportunity LIMIT 2":                                              "1 2",
		"select id\n, Id from Opportunity limit 1":                                                      "",
		"SELECT Id, Name FROM Opportunity WHERE Id > '" + last + "' ORDER BY Id LIMIT 200":              "6 7",
		" SELECT FIELDS(ALL) FROM Opportunity WHERE Id > '" + last + "' ORDER BY Id ASC LIMIT 1 ":       "6",
		"SELECT Id FROM Opportunity WHERE Id > '006EX0000000007' ORDER BY Id":                           "-",
		"SELECT Id FROM Opportunity":                                                                    "1 2 3 4 5 6 7",
		"SELECT Id FROM Opportunity ORDER BY Name":                                                      "",
		"SELECT Id FROM Opportunity WHERE Name = 'Deal 1'":                                              "",
		"SELECT Id FROM Opportunity WHERE Id > 'x\\' OR Id < 'y'":                                       "",
		"SELECT Id FROM Opportunity; DELETE":                                                            "",
		"":                                                                                              "",
		"SELECT Id FROM Opportunity WHERE Id > '' ORDER BY Id LIMIT 3":                                  "",
		"SELECT Id FROM Opportunity WHERE Id > '006EX0000000001' LIMIT 0":                               "-",
		"SELECT Id, Name, Amount, StageName, CloseDate, AccountId FROM Opportunity ORDER BY Id LIMIT 1": "1",
	} {
		a := c.execute(id, "opportunities", "list", object{"q": q})
		if want == "" {
			if !strings.Contains(string(a.raw), "soql") && !strings.Contains(string(a.raw), "unknown_field") {
				t.Errorf("%q: got %s", q, a.raw)
			}
			continue
		}
		var got []string
		for _, r := range c.ok(a).list("result") {
			got = append(got, strings.TrimLeft(strings.TrimPrefix(fmt.Sprint(r.(object)["Id"]), "006EX"), "0"))
		}
		if text := strings.Join(got, " "); text != strings.Trim(want, "-") {
			t.Errorf("%q: got %s, want %s", q, text, want)
		}
	}
	// The records have the fields that the query names, and come in pages.
	a := c.ok(c.execute(id, "accounts", "list", object{"q": "SELECT Id, Name FROM Account ORDER BY Id LIMIT 11"}))
	if list := a.list("result"); len(list) != 10 || len(list[0].(object)) != 2 || a.at("connector_metadata", "done") != false {
		t.Errorf("got %s", a.raw)
	}
	c.refused(c.execute(id, "accounts", "list", object{"q": 7}), 422, "soql")
	// Other connectors have no such parameter.
	github := c.connector("default", "github")
	c.refused(c.execute(github, "issues", "list", object{"q": "SELECT Id FROM Issue"}), 422, "extra_forbidden")
}
