package agentsmcp_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentsmcp"
	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
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

// What the documentation has curl send is answered.
func TestCurl(t *testing.T) {
	text, err := os.ReadFile("../docs/mcp.md")
	if err != nil {
		t.Fatal(err)
	}
	_, ws := start(t, agentstest.WorkspaceName)
	c := rawClient{t, agentsmcp.Handler(func(*http.Request) (*client.Workspace, string, error) { return ws, "me", nil }), ""}
	session, calls := "", 0
	for _, command := range regexp.MustCompile(`(?s)curl [^\n]*http://127.*? -d '[^\n]*'`).FindAllString(string(text), -1) {
		header := http.Header{}
		for _, m := range regexp.MustCompile(`-H ['"]([\w-]+): ([^'"]*)['"]`).FindAllStringSubmatch(command, -1) {
			header.Set(m[1], strings.ReplaceAll(m[2], "$session", session))
		}
		_, body, _ := strings.Cut(command, "-d '")
		w := c.post(strings.TrimSuffix(body, "'"), header)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", command, w.Code, w.Body)
		}
		if session = w.Header().Get("Mcp-Session-Id"); session == "" && strings.Contains(w.Body.String(), "github,GitHub") {
			calls++
		}
	}
	if calls != 2 {
		t.Errorf("%d calls have an answer", calls)
	}
}
