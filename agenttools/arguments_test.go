package agenttools

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// What models send in place of what the schema says is taken, if it is clear.
func TestParseArguments(t *testing.T) {
	names := []string{"connector", "entity", "action", "params", "fields"}
	for _, test := range []struct{ in, want string }{
		{`{"connector":"github","entity":"issues","action":"list","params":"{\"per_page\":10}","fields":["id"]}`, `github issues list {"per_page":10} [id]`},
		{`{"connector":"github","entity":"issues","action":"list","params":{"per_page":10},"fields":"id, title"}`, `github issues list {"per_page":10} [id title]`},
		{`{"connector":" github ","params":"","fields":[]}`, `github   null []`},
		{`{"connector":42,"entity":null,"params":null,"fields":null}`, `42   null []`},
		{`{"params":"null","fields":["", " a "]}`, `   null [a]`},
		{`{"params":"  {} ","fields":""}`, `   {} []`},
		{`{"params":[],"fields":"[\"a\",\"b\"]"}`, `   null [a b]`},
		{`{"params":"\"{\\\"id\\\":1}\""}`, `   {"id":1} []`},
		{`{"params":"{\"id\":12345678901234567890,\"x\":1.50,\"y\":1e400}"}`, `   {"id":12345678901234567890,"x":1.50,"y":1e400} []`},
		{`"{\"connector\":\"github\",\"params\":{\"n\":9007199254740993}}"`, `github   {"n":9007199254740993} []`},
		{`""`, `   null []`}, {` [] `, `   null []`}, {`null`, `   null []`}, {`"null"`, `   null []`},
		{``, `   null []`}, {` {} `, `   null []`}, {"\n", `   null []`},
	} {
		a := &arguments{}
		f := a.parse(names, json.RawMessage(test.in))
		if f != nil {
			t.Errorf("%s: %s", test.in, f.json(1000))
			continue
		}
		params, err := json.Marshal(a.params)
		if got := fmt.Sprintf("%s %s %s %s %v", a.connector, a.entity, a.action, params, a.fields); got != test.want || err != nil {
			t.Errorf("%s is %q, not %q", test.in, got, test.want)
		}
	}
	for in, field := range map[string]string{
		`[{}]`: "", `null x`: "", `"\"{}\""`: "", `"x"`: "", `{`: "", `{"connector":"a"} {}`: "", "{\"connector\":\"\xff\"}": "", `1`: "",
		`{"connector":true}`: "connector", `{"entity":{}}`: "entity", `{"action":["list"]}`: "action",
		`{"params":1}`: "params", `{"params":"x"}`: "params", `{"params":"{"}`: "params", `{"params":"{} {}"}`: "params", `{"params":true}`: "params",
		`{"params":[1]}`: "params", `{"params":"\"\\\"{}\\\"\""}`: "params",
		`{"fields":1}`: "fields", `{"fields":[1]}`: "fields", `{"fields":"[1]"}`: "fields", `{"fields":{}}`: "fields",
		`{"per_page":10}`: "per_page", `{"page":"x"}`: "page", `{"Connector":"x"}`: "Connector",
	} {
		f := new(arguments).parse(names, json.RawMessage(in))
		if f == nil || len(f.problems) != 1 || f.problems[0].Field != field || f.retryable {
			t.Errorf("%s: %+v", in, f)
		}
	}
	if f := new(arguments).parse(names, json.RawMessage(`{"per_page":10,"x":1,"fields":2}`)); len(f.problems) != 3 || !strings.Contains(f.problems[1].Message, "goes into params") {
		t.Errorf("%+v", f)
	}
}

func TestReadTexts(t *testing.T) {
	declared := []client.ParamDescription{
		{Name: "n", Type: "integer"}, {Name: "x", Type: "number"}, {Name: "b", Type: "boolean"}, {Name: "s", Type: "string"}, {Name: "ns", Type: "integer|string"},
		{Name: "nn", Type: "integer|null"}, {Name: "o", Type: "object"}, {Name: "u", Type: ""},
	}
	for _, test := range [][2]string{
		{`{"n":"12","x":"1.5","b":"true"}`, `{"b":true,"n":12,"x":1.5}`},
		{`{"n":"12345678901234567890","x":"-1e3","b":"false"}`, `{"b":false,"n":12345678901234567890,"x":-1e3}`},
		{`{"n":"-7","nn":"8","x":"3"}`, `{"n":-7,"nn":8,"x":3}`},
		{`{"n":"1.5","x":"one","b":"yes"}`, `{"b":"yes","n":"1.5","x":"one"}`},
		{`{"n":"","x":" 1","b":"TRUE"}`, `{"b":"TRUE","n":"","x":" 1"}`},
		{`{"n":"012","x":"{}","b":"null"}`, `{"b":"null","n":"012","x":"{}"}`},
		{`{"s":"12","ns":"12","o":"{}","u":"12","other":"12"}`, `{"ns":"12","o":"{}","other":"12","s":"12","u":"12"}`},
		{`{"n":12,"b":true}`, `{"b":true,"n":12}`},
	} {
		params, why := parseParams(json.RawMessage(test[0]), 0)
		if why != "" {
			t.Fatal(why)
		}
		readTexts(params, declared)
		got, err := json.Marshal(params)
		if err != nil || string(got) != test[1] {
			t.Errorf("%s is %s, not %s: %v", test[0], got, test[1], err)
		}
	}
}
