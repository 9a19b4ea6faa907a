package param_test

import (
	"fmt"
	"testing"

	"github.com/oapi-codegen/runtime"

	"github.com/airbyte-agents/airbyte-agents-go/internal/param"
)

type mode string

// TestStyleParamWithOptions compares the results with those of
// github.com/oapi-codegen/runtime.
func TestStyleParamWithOptions(t *testing.T) {
	places := []struct {
		style   string
		explode bool
		at      runtime.ParamLocation
	}{
		{"form", true, param.ParamLocationQuery}, {"simple", false, param.ParamLocationPath}, {"simple", false, param.ParamLocationHeader},
	}
	values := []any{
		"", "plain", "a b", "a/b?c&d=e#f", "ü %2F;,+", "..", mode("any"), 0, -7, true, false,
	}
	lists := []any{[]string{}, []string{"one"}, []string{"a,b", "c d", "&="}, []mode{"all", "x"}, []int{1, 2}}
	for _, p := range places {
		list := values
		if p.at == param.ParamLocationQuery {
			list = append(list[:len(list):len(list)], lists...)
		}
		for _, v := range list {
			t.Run(fmt.Sprintf("%s %v %v", p.style, p.at, v), func(t *testing.T) {
				opts := runtime.StyleParamOptions{ParamLocation: p.at}
				want, wantErr := runtime.StyleParamWithOptions(p.style, p.explode, "the_name", v, opts)
				got, err := param.StyleParamWithOptions(p.style, p.explode, "the_name", v, opts)
				if got != want || err != nil || wantErr != nil {
					t.Errorf("got %q and %v, want %q and %v", got, err, want, wantErr)
				}
			})
		}
	}
}

// TestUnknown tests that parameters of kinds that the contract does not have
// are errors, and are not encoded in a wrong way.
func TestUnknown(t *testing.T) {
	for _, test := range []struct {
		style   string
		explode bool
		at      runtime.ParamLocation
		value   any
	}{
		{"form", false, param.ParamLocationQuery, []string{"a", "b"}},
		{"deepObject", true, param.ParamLocationQuery, map[string]string{"a": "b"}},
		{"form", true, param.ParamLocationQuery, map[string]string{"a": "b"}},
		{"form", true, param.ParamLocationQuery, []any{1.5}},
		{"form", true, runtime.ParamLocationCookie, "a"},
		{"simple", false, param.ParamLocationPath, []string{"a", "b"}},
		{"matrix", false, param.ParamLocationPath, "a"},
		{"simple", false, param.ParamLocationHeader, struct{}{}},
		{"simple", false, param.ParamLocationHeader, nil},
	} {
		if got, err := param.StyleParamWithOptions(test.style, test.explode, "x", test.value, runtime.StyleParamOptions{ParamLocation: test.at}); err == nil {
			t.Errorf("%+v is encoded as %q", test, got)
		}
	}
}
