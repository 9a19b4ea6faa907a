package client_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

type (
	bare   struct{ ID int }
	snake  struct{ CreatedAt string }
	tagged struct {
		ID int `json:"ID"`
	}
	exact  struct{ Id int } //nolint:staticcheck // as Salesforce has it
	own    struct{ ID int }
	outer  struct{ bare }
	nested struct {
		ID     int                              `json:"id"`
		User   struct{ Login string }           `json:"user"`
		By     *struct{ Login string }          `json:"by"`
		Labels []struct{ Name string }          `json:"labels"`
		Fields map[string]struct{ Name string } `json:"fields"`
		Lists  [][]struct{ Name string }        `json:"lists"`
		Parent *nested                          `json:"parent"`
	}
	skipped struct {
		ID int `json:"-"`
	}
)

func (o *own) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &o.ID) }

// A field without a tag whose name is that of a member but for its case would stay zero
// in silence.
func TestFieldsThatNeedATag(t *testing.T) {
	t.Run("in another case", needsTag[bare](`{"id":1}`, "ID"))
	t.Run("a pointer", needsTag[*bare](`{"x":[1,{"id":3}],"id":1}`, "ID"))
	t.Run("with a line", needsTag[snake](`{"created_at":"2026-01-02"}`, "CreatedAt"))
	t.Run("with a dash", needsTag[snake](`{"Created-At":"2026-01-02"}`, "CreatedAt"))
	t.Run("escaped", needsTag[bare](`{"\u0069d":1}`, "ID"))
	t.Run("exact", needsTag[exact](`{"Id":1}`, ""))
	t.Run("both", needsTag[bare](`{"ID":1,"id":2}`, ""))
	t.Run("both, the other first", needsTag[bare](`{"id":2,"ID":1}`, ""))
	t.Run("neither", needsTag[bare](`{"number":1}`, ""))
	t.Run("inside", needsTag[bare](`{"number":{"id":1}}`, ""))
	t.Run("tagged", needsTag[tagged](`{"id":1}`, ""))
	t.Run("not decoded", needsTag[skipped](`{"id":1}`, ""))
	t.Run("a method of its own", needsTag[own](`1`, ""))
	t.Run("an embedded struct", needsTag[outer](`{"id":1}`, "ID"))
	t.Run("a tag without a name", needsTag[struct {
		ID int `json:",omitempty"`
	}](`{"id":1}`, "ID"))
	t.Run("in a struct", needsTag[nested](`{"id":1,"user":{"login":"ada"}}`, "Login"))
	t.Run("in a pointer", needsTag[nested](`{"by":{"login":"ada"}}`, "Login"))
	t.Run("in a list", needsTag[nested](`{"labels":[{"name":"bug"},{"name":"x"}]}`, "Name"))
	t.Run("in a map", needsTag[nested](`{"fields":{"a":{"name":"bug"}}}`, "Name"))
	t.Run("in a list of lists", needsTag[nested](`{"lists":[[],[{"name":"bug"}]]}`, "Name"))
	t.Run("in itself", needsTag[nested](`{"parent":{"parent":{"user":{"login":"ada"}}}}`, "Login"))
	t.Run("in another place", needsTag[nested](`{"login":"ada","name":"bug","user":{"name":"x"},"labels":[],"fields":{"name":{}},"parent":null}`, ""))
	t.Run("names that are data", needsTag[map[string]struct{ Name string }](`{"name":{"x":1}}`, ""))
	t.Run("a map", needsTag[map[string]any](`{"id":1}`, ""))
	t.Run("nothing", needsTag[struct{}](`{"id":1}`, ""))
}

// The first record may not have come whole when the decoding begins: then nothing is
// said, and the loop over its members ends.
func TestFieldsOfARecordThatIsCutOff(t *testing.T) {
	whole := `[{"id":1,"title":"` + strings.Repeat("x", 1<<20) + `"},{"id":2}]`
	conn := (&vendor{answer: func(int, map[string]any) string { return success(whole, `{}`) }}).connector(t, "github")
	got, _, err := client.Execute[[]bare](t.Context(), conn, "issues", "list", nil)
	if err != nil && recordError(err) == nil || err == nil && len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
}

// needsTag decodes the record in every way, and checks which field the error is about, ""
// if there is to be none.
func needsTag[T any](record, field string) func(t *testing.T) {
	return func(t *testing.T) {
		list := "[ " + record + "," + record + "]"
		check := func(way string, errs ...error) {
			t.Helper()
			for _, err := range errs {
				if err == nil {
					continue
				}
				if field == "" {
					t.Errorf("%s: %v", way, err)
				} else if got := recordError(err); got == nil || !strings.Contains(got.Error(), "the field "+field+" needs the tag `json:") {
					t.Errorf("%s: %v", way, err)
				}
			}
			if field != "" && (len(errs) == 0 || errs[0] == nil) {
				t.Errorf("%s: no error", way)
			}
		}
		answer := func(result string) *client.Connector {
			return (&vendor{answer: func(int, map[string]any) string { return success(result, `{"has_next_page":false}`) }}).connector(t, "github")
		}
		ctx := t.Context()
		rows, errs := collect(client.All[T](ctx, answer(list), "issues", "list", nil))
		check("All", errs...)
		if want := 2; field != "" && (len(errs) != want || len(rows) != 0) || field == "" && len(rows) != want {
			t.Errorf("All: %d records and %d errors", len(rows), len(errs))
		}
		r, err := answer(list).Execute(ctx, "issues", "list", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, errs = collect(client.Rows[T](r))
		check("Rows", errs...)
		check("Decode", r.Decode(new([]T)))
		_, _, err = client.Execute[[]T](ctx, answer(list), "issues", "list", nil)
		check("Execute, a list", err)
		_, _, err = client.Execute[[]T](ctx, answer(`{"data":`+list+`}`), "issues", "list", nil)
		check("Execute, a list in an object", err)
		_, _, err = client.Execute[T](ctx, answer(record), "issues", "get", nil)
		check("Execute, a record", err)
		_, _, err = client.Execute[T](ctx, answer(record), "issues", "create", nil)
		check("Execute, a write", err)
		_, errs = collect(client.All[T](ctx, answer(record), "issues", "get", nil))
		check("All, a record", errs...)
	}
}

func recordError(err error) *client.RecordError {
	var r *client.RecordError
	errors.As(err, &r)
	return r
}

type (
	tree     map[string]tree
	forest   []forest
	ofMethod map[string]struct{ Name string }
	listOf   []struct{ ID int }
)

func (*ofMethod) UnmarshalJSON([]byte) error { return nil }
func (*listOf) UnmarshalJSON([]byte) error   { return nil }

// Fields that get what they shall need no tag.
func TestFieldsThatNeedNoTag(t *testing.T) {
	t.Run("a map of itself", needsTag[tree](`{"a":{"b":{}}}`, ""))
	t.Run("a list of itself", needsTag[forest](`[[],[[]]]`, ""))
	t.Run("a field that contains itself", needsTag[struct {
		ID   int  `json:"id"`
		Tree tree `json:"tree"`
		Self *forest
	}](`{"id":1,"tree":{"a":{}},"Self":[]}`, ""))
	t.Run("the member is that of another field", needsTag[struct {
		RawDate string `json:"date"`
		Date    any
	}](`{"date":"x"}`, ""))
	t.Run("a map with a method", needsTag[struct {
		ID   int `json:"id"`
		Tags ofMethod
	}](`{"id":1,"Tags":{"a":{"name":"x"}}}`, ""))
	t.Run("a list with a method", needsTag[struct{ Tags listOf }](`{"Tags":[{"id":1}]}`, ""))
	t.Run("is a list with a method", needsTag[listOf](`[{"id":1}]`, ""))
	t.Run("case:ignore", needsTag[struct {
		CreatedAt string `json:",case:ignore"`
	}](`{"created_at":"x"}`, ""))
	t.Run("array", needsTag[struct {
		P [2]struct{ Name string }
		Q **struct{ ID int }
		I any
	}](`{"P":[{"Name":"x"},{"Name":"y"}],"Q":{"ID":1},"I":{"id":3}}`, ""))
}
