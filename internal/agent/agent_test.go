package agent

import (
	"regexp"
	"testing"
)

func TestName(t *testing.T) {
	if !regexp.MustCompile(`^airbyte-agents-go/\S+ \(go1\.\S+.*\)$`).MatchString(Name()) {
		t.Errorf("%q", Name())
	}
}
