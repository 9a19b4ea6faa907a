package client

import (
	"reflect"
	"testing"
)

// Text that is cut off anywhere, or broken, ends the comparison of names.
func TestMisnamedInTextThatIsCutOff(t *testing.T) {
	for _, s := range []string{``, `[`, `{`, `{"`, `{"id`, `{"id"`, `{"id":`, `{"id":"ab`, `{"id":1,`, `{"id":1,"x`, `{"id":{"a`, `[{"id":[1`, `{"id":1 x}`, `{"id" 1}`, `]`, `"a`} {
		if err := misnamed(reflect.TypeFor[struct{ ID int }](), []byte(s)); err != nil {
			t.Error(s, err)
		}
	}
}
