package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/airbyte-agents/airbyte-agents-go/agentsmcp"
	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/agenttools"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A step is what a model does in the conversation.
type step struct {
	does    string
	tool    string
	args    string   // a JSON object
	user    string   // what the user says when asked: accept, decline; "" if nobody is to be asked
	want    []string // what the answers have
	refused bool
	creates int // how many requests have created something after the step
}

// The conversation: what a model does to find a connector, to read and to write. Each
// answer is read to its end.
var conversation = []step{
	{
		does: "finds a connector", tool: "list_connectors", args: `{"query":"issues on GitHub"}`,
		want: []string{"connectors 1 to 1", "github,GitHub,Engineering"},
	},
	{
		does: "reads what it has", tool: "describe_actions", args: `{"connector":"github","entity":""}`,
		want: []string{"issues", "repositories", "users", "end: there are no more entities"},
	},
	{
		does: "reads its actions", tool: "describe_actions", args: `{"connector":"github","entity":"issues"}`,
		want: []string{"per_page", "create", "next_page …", "end: there are no more lines"},
	},
	{
		does: "reads to the end", tool: "read_records", args: `{"connector":"github","entity":"issues","action":"list","params":"{\"per_page\":6}","fields":["number","title"]}`,
		want: []string{"records 1 to 6", "records 7 to 12", "records 13 to 15", "end: there are no more records"},
	},
	{
		does: "reads what does not fit into an answer", tool: "read_records", args: `{"connector":"github","entity":"issues","action":"list","params":{"per_page":"15"},"fields":["number","body"]}`,
		want: []string{"records 1 to ", "next_page …", " to 15\n", "end: there are no more records"},
	},
	{
		does: "searches", tool: "read_records",
		args: `{"connector":"github","entity":"issues","action":"context_store_search","params":"{\"query\":{\"filter\":{\"eq\":{\"state\":\"open\"}}},\"limit\":3}","fields":["number","state"]}`,
		want: []string{"records 1 to 3", "open"},
	},
	{
		does: "gets a name wrong", tool: "read_records", args: `{"connector":"github","entity":"issue","action":"list","params":"","fields":[]}`,
		want: []string{"the entities of github are"}, refused: true,
	},
	{
		does: "is refused an action that does not exist", tool: "write_records", args: `{"connector":"github","entity":"issues","action":"close","params":"{\"number\":15}"}`,
		want: []string{"github.issues has no action close", "create"}, refused: true,
	},
	{
		does: "is refused a write by the user", tool: "write_records", args: `{"connector":"github","entity":"issues","action":"create","params":"{\"title\":\"Timeouts, again\"}"}`,
		user: "decline", want: []string{"the user said no", "nothing was changed"}, refused: true,
	},
	{
		does: "makes it when the user wants it", tool: "write_records", args: `{"connector":"github","entity":"issues","action":"create","params":"{\"title\":\"Timeouts, again\"}"}`,
		user: "accept", want: []string{"Timeouts, again", "the change was made"}, creates: 1,
	},
	{
		does: "sees it", tool: "read_records", args: `{"connector":"github","entity":"issues","action":"get","params":"{\"number\":16}","fields":["number","title"]}`,
		want: []string{"16\tTimeouts, again"}, creates: 1,
	},
}

// A caller calls a tool.
type caller func(tool, args string) (text string, isError bool)

// A dialog stands in for the user.
type dialog struct {
	says  string
	asked int
}

// alone calls the tools of package agenttools without a protocol.
func alone(t *testing.T, fake *agentstest.Server, user *dialog, writes bool) caller {
	opts := []agenttools.Option{agenttools.WithMaxOutput(transcriptBudget)}
	if writes {
		opts = append(opts, agenttools.WithWrites(func(context.Context, agenttools.Action) error {
			if user.asked++; user.says != "accept" {
				return errors.New("the user said no")
			}
			return nil
		}))
	}
	set := agenttools.New(workspaceOf(t, fake), opts...)
	return func(tool, args string) (string, bool) {
		out := set.Call(t.Context(), tool, json.RawMessage(args))
		return out.Text, out.IsError
	}
}

func workspaceOf(t *testing.T, fake *agentstest.Server) *client.Workspace {
	ws, err := client.NewWorkspace(client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName))
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

// through calls the tools as a client of the protocol does.
func through(transport, version string) func(*testing.T, *agentstest.Server, *dialog, bool) caller {
	return func(t *testing.T, fake *agentstest.Server, user *dialog, writes bool) caller {
		flags := []string{"--log-level", "error", "--max-output", fmt.Sprint(transcriptBudget)}
		opts := []agenttools.Option{agenttools.WithMaxOutput(transcriptBudget)}
		if writes {
			flags, opts = append(flags, "--write", "--confirm", "always"), append(opts, agentsmcp.Confirm("always"))
		}
		var to mcp.Transport
		switch transport {
		case "memory":
			var from mcp.Transport
			from, to = mcp.NewInMemoryTransports()
			if _, err := agentsmcp.NewServer(workspaceOf(t, fake), opts...).Connect(t.Context(), from, nil); err != nil {
				t.Fatal(err)
			}
		case "stdio":
			to = &mcp.CommandTransport{Command: start(t, account(fake), flags...)}
		case "HTTP":
			_, url := serve(t, account(fake), flags...)
			to = &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: &http.Transport{}}, DisableStandaloneSSE: true}
		}
		c := mcp.NewClient(&mcp.Implementation{Name: "transcript", Version: "1"}, &mcp.ClientOptions{
			ElicitationHandler: func(context.Context, *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
				user.asked++
				return &mcp.ElicitResult{Action: user.says}, nil
			},
		})
		session, err := c.Connect(t.Context(), to, &mcp.ClientSessionOptions{ProtocolVersion: version})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = session.Close() })
		if got := session.InitializeResult().ProtocolVersion; got != version {
			t.Fatalf("the version is %s", got)
		}
		return func(tool, args string) (string, bool) {
			res, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: json.RawMessage(args)})
			if err != nil { // of the protocol
				return err.Error(), true
			}
			return res.Content[0].(*mcp.TextContent).Text, res.IsError
		}
	}
}

// transcriptBudget is so small that some answers do not fit into it.
const transcriptBudget = 1500

// The same conversation gives the same answers with package agenttools alone, and with a
// client of the protocol, whatever the transport and the version.
func TestTranscript(t *testing.T) {
	ways := []struct {
		name string
		open func(*testing.T, *agentstest.Server, *dialog, bool) caller
	}{{"agenttools alone", alone}}
	for _, transport := range []string{"memory", "stdio", "HTTP"} {
		for _, version := range []string{"2025-11-25", "2026-07-28"} {
			ways = append(ways, struct {
				name string
				open func(*testing.T, *agentstest.Server, *dialog, bool) caller
			}{transport + " " + version, through(transport, version)})
		}
	}
	reference := ""
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			transcript := converse(t, way.open)
			if reference == "" {
				t.Log(transcript)
				reference = transcript
			}
			if transcript != reference {
				t.Errorf("it differs from that of %s:\n%s", ways[0].name, transcript)
			}
		})
	}
}

// converse has a conversation, and returns its transcript, without what differs each time.
func converse(t *testing.T, open func(*testing.T, *agentstest.Server, *dialog, bool) caller) string {
	fake := agentstest.NewServer()
	defer fake.Close()
	var transcript strings.Builder
	user := &dialog{}
	call := open(t, fake, user, true)
	for _, s := range conversation {
		user.says, user.asked = s.user, 0
		fmt.Fprintf(&transcript, "\n# The model %s.\n", s.does)
		var answers []string
		for tool, args, more := s.tool, s.args, true; more; {
			fmt.Fprintf(&transcript, "\n> %s %s\n", tool, steady(args))
			if s.user != "" {
				fmt.Fprintf(&transcript, "(the user is asked, and says: %s)\n", s.user)
			}
			text, isError := call(tool, args)
			if isError != s.refused || len(text) > transcriptBudget {
				t.Errorf("the model %s: %t, %d bytes: %s", s.does, isError, len(text), text)
			}
			transcript.WriteString(steady(text) + "\n")
			answers = append(answers, steady(text))
			var handle string
			if handle, more = strings.CutPrefix(text[strings.LastIndexByte(text, '\n')+1:], "next_page "); more {
				tool, args = "next_page", fmt.Sprintf(`{"page":%q}`, handle)
			}
		}
		all := strings.Join(answers, "\n")
		for _, want := range s.want {
			if !strings.Contains(all, want) {
				t.Errorf("the model %s: no %q in\n%s", s.does, want, all)
			}
		}
		creates := 0
		for _, r := range fake.Requests() {
			if r.Action == "create" || r.Action == "close" {
				creates++
			}
		}
		if (user.asked == 1) != (s.user != "") || creates != s.creates {
			t.Errorf("the model %s: the user was asked %d times, and %d requests changed something", s.does, user.asked, creates)
		}
	}
	call = open(t, fake, user, false)
	fake.Reset()
	if text, isError := call("write_records", conversation[len(conversation)-2].args); !isError || fake.Count("executeConnector") != 0 {
		t.Errorf("a server that only reads: %s", text)
	}
	return transcript.String()
}

// steady hides what differs each time: the code of the marks, handles and times.
func steady(text string) string {
	for _, r := range [][2]string{{`(</?data-)\w+`, "${1}…"}, {`(next_page |"page":")\w+`, "${1}…"}, {`\d{4}-\d\d-\d\dT[\d:.]+Z`, "…"}} {
		text = regexp.MustCompile(r[0]).ReplaceAllString(text, r[1])
	}
	return text
}
