package agent

import (
	"os"
	"regexp"
	"testing"
)

func TestName(t *testing.T) {
	if !regexp.MustCompile(`^airbyte-agents-go/\S+ \(go1\.\S+.*\)$`).MatchString(Name()) {
		t.Errorf("%q", Name())
	}
}

// A release changes the changelog and the version together.
func TestVersionIsTheLastReleased(t *testing.T) {
	text, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	want := "dev"
	if m := regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\]`).FindSubmatch(text); m != nil {
		want = "v" + string(m[1])
	}
	if Version != want {
		t.Errorf("Version is %s, and the last release in CHANGELOG.md is %s", Version, want)
	}
}
