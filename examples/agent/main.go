// Agent lets a language model work with the connectors of a workspace, through
// the tools of package agenttools. A script stands in for the model; with a real
// one, only the type model is another.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"regexp"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/agenttools"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	fake := agentstest.NewServer() // with an account, leave out this and its options
	defer fake.Close()
	ws, err := client.NewWorkspace(client.WithScopedToken(), // the model has access to this workspace and no other
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName))
	if err != nil {
		return err
	}
	set := agenttools.New(ws,
		agenttools.WithMaxOutput(1_000), // so small only to show what happens then
		agenttools.WithAllow("github", "stripe.customers"),
		agenttools.WithWrites(approve),
	)
	m := &model{script: conversation}
	m.start(set.Instructions(), set.Tools())
	for {
		call, ok := m.next(ctx)
		if !ok {
			return nil
		}
		out := set.Call(ctx, call.tool, call.args)
		fmt.Printf("> %s %s\n%s\n\n", call.tool, steady(string(call.args)), steady(out.Text))
		m.read(out.Text)
	}
}

// approve stands in for a dialog with the user.
func approve(_ context.Context, a agenttools.Action) error {
	if a.Name == "delete" {
		return errors.New("the user does not want this")
	}
	return nil
}

// A toolCall is what a model asks for.
type toolCall struct {
	tool string
	args json.RawMessage
}

// A model says what to do next. This one does what its script says.
type model struct {
	script []toolCall
	page   string // the handle in the last output
}

func (m *model) start(string, []agenttools.Tool) {} // a real one sends both with each request

func (m *model) next(context.Context) (toolCall, bool) {
	if len(m.script) == 0 {
		return toolCall{}, false
	}
	call := m.script[0]
	m.script = m.script[1:]
	call.args = json.RawMessage(strings.Replace(string(call.args), "PAGE", m.page, 1))
	return call, true
}

func (m *model) read(output string) {
	lines := strings.Split(output, "\n")
	if page, ok := strings.CutPrefix(lines[len(lines)-1], "next_page "); ok {
		m.page = page
	}
}

var conversation = []toolCall{
	{"list_connectors", json.RawMessage(`{"query":""}`)},
	{"describe_actions", json.RawMessage(`{"connector":"github","entity":""}`)},
	{"read_records", json.RawMessage(`{"connector":"github","entity":"issue","action":"list","params":"","fields":[]}`)},
	{"read_records", json.RawMessage(`{"connector":"github","entity":"issues","action":"list","params":"{\"per_page\":8}","fields":["number","title"]}`)},
	{"next_page", json.RawMessage(`{"page":"PAGE"}`)},
	{"read_records", json.RawMessage(`{"connector":"github","entity":"issues","action":"context_store_search","params":"{\"semantic\":{\"prompt\":\"timeouts should be configurable\",\"field\":\"title\"},\"limit\":1}","fields":[]}`)},
	{"write_records", json.RawMessage(`{"connector":"stripe","entity":"customers","action":"delete","params":"{\"id\":\"cus_0001\"}"}`)},
	{"write_records", json.RawMessage(`{"connector":"github","entity":"issues","action":"create","params":"{\"title\":\"Timeouts, again\"}"}`)},
}

// steady hides what differs between runs: the code of the marks, handles and times.
func steady(text string) string {
	for _, r := range []struct{ pattern, with string }{
		{`(</?data-)\w+`, "${1}…"}, {`(next_page |"page":")\w+`, "${1}…"}, {`\d{4}-\d\d-\d\dT[\d:]+Z`, "…"},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.with)
	}
	return text
}
