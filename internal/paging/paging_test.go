package paging

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/internal/paging/facts"
)

func TestTableHasTheFacts(t *testing.T) {
	n := 0
	for _, op := range facts.All() {
		for _, entity := range op.Entities {
			n++
			params, ok := Lookup(op.Slug, entity, op.Action)
			if !ok || len(params) != len(op.Params) {
				t.Errorf("%s %s %s: %v, %t", op.Slug, entity, op.Action, params, ok)
			}
			for _, p := range params {
				got := "string " + string(p.Role)
				if p.Integer {
					got = "integer " + string(p.Role)
				}
				if p.Known {
					got += " default " + strconv.FormatInt(p.Default, 10)
				}
				i := slices.IndexFunc(op.Params, func(want facts.Param) bool { return want.Name == p.Name })
				if i < 0 {
					t.Fatalf("%s %s %s: %s is not declared", op.Slug, entity, op.Action, p.Name)
				}
				want := op.Params[i].Type + " " + op.Params[i].Role
				if op.Params[i].Known {
					want += " default " + strconv.Itoa(op.Params[i].Default)
				}
				if got != want {
					t.Errorf("%s %s %s: parameter %s is %q, want %q", op.Slug, entity, op.Action, p.Name, got, want)
				}
			}
		}
	}
	if have := len(keys) / keySize; n != have {
		t.Errorf("the facts have %d operations, the table has %d; run go generate", n, have)
	}
	for slug := range Slugs {
		if !slices.ContainsFunc(facts.All(), func(op facts.Operation) bool { return op.Slug == slug }) {
			t.Errorf("the facts have no %s", slug)
		}
	}
	if size := len(keys) + len(declared) + len(slugs); size > 6500 {
		t.Errorf("the table has %d bytes, which is more than a few thousand", size)
	}
}

func TestLookupUnknown(t *testing.T) {
	for _, op := range [][3]string{{"nobody", "issues", "list"}, {"github", "nothing", "list"}, {"github", "issues", "delete"}, {}} {
		if params, ok := Lookup(op[0], op[1], op[2]); ok || params != nil {
			t.Errorf("Lookup(%q) = %v, %t", op, params, ok)
		}
	}
	if params, ok := Lookup("airtable", "tables", "list"); !ok || params != nil {
		t.Errorf("an operation that does not page: %v, %t", params, ok)
	}
}

func TestLikely(t *testing.T) {
	for slug, want := range map[string]string{
		"github": "after cursor", "stripe": "starting_after last-id, page cursor", "gitlab": "page count1", "salesforce": "", "nobody": "",
		"jira": "startAt offset, nextPageToken cursor",
	} {
		var got []string
		for _, p := range Likely(slug) {
			got = append(got, p.Name+" "+string(p.Role))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %q, want %q", slug, got, want)
		}
	}
}
