package fleet_test

import (
	"os"
	"strings"
	"testing"
)

// The snippet of docs/fleet.md is from the example, and the rights that it lists are
// those of a test.
func TestDocumentation(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	page, example, test := read("../docs/fleet.md"), read("example_test.go"), read("fleet_test.go")
	for fence, source := range map[string]string{"```golang\nv, err": example, "```text\n": test} {
		blocks := strings.Split(page, fence)[1:]
		if len(blocks) == 0 {
			t.Errorf("no %q", fence)
		}
		for _, block := range blocks {
			block, _, _ = strings.Cut(block, "\n```")
			for line := range strings.Lines(block) {
				if line = strings.TrimSpace(line); !strings.Contains(source, line) {
					t.Errorf("not tested: %s", line)
				}
			}
		}
	}
}
