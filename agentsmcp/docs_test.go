package agentsmcp_test

import (
	"os"
	"strings"
	"testing"
)

// The snippets of the documentation are parts of the examples, so that they compile.
func TestSnippets(t *testing.T) {
	text, err := os.ReadFile("../docs/mcp.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	words := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	found := strings.Split(string(text), "```golang\n")[1:]
	if len(found) == 0 {
		t.Error("no snippets")
	}
	for _, snippet := range found {
		snippet, _, _ = strings.Cut(snippet, "```")
		if !strings.Contains(words(string(source)), words(snippet)) {
			t.Errorf("no example has\n%s", snippet)
		}
	}
}
