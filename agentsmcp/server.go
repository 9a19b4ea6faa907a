package agentsmcp

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/airbyte-agents/airbyte-agents-go/agenttools"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// NewServer returns a server of the tools for a workspace, for example to run it over an
// [mcp.StdioTransport]. It takes the options of package agenttools, and [Confirm]. Over
// HTTP, use [Handler]. Options that are wrong are logged, by [slog.Default] if there is no
// [agenttools.WithLogger], and every call of a tool then fails.
func NewServer(ws *client.Workspace, opts ...agenttools.Option) *mcp.Server {
	set := agenttools.New(ws, opts...)
	if err := set.Err(); err != nil {
		complain(set, err)
	}
	return newServer(&visit{set: set})
}

// A visit is what a request comes with: the tools, and who may use them.
type visit struct {
	set    *agenttools.Set
	tenant string
}

// A server serves requests, each with the tools of its visit.
type server struct {
	fixed  *visit // of all requests, unless they come with one
	states *states
}

// newServer returns a server. The requests that come with no visit have the fixed one.
func newServer(fixed *visit) *mcp.Server {
	s := &server{fixed: fixed, states: newStates(rand.Text())}
	m := mcp.NewServer(&mcp.Implementation{Name: "airbyte-agents", Title: "Airbyte Agents", Version: version()}, &mcp.ServerOptions{
		Instructions: fixed.set.Instructions(),
		Capabilities: &mcp.ServerCapabilities{
			Tools: &mcp.ToolCapabilities{}, Resources: &mcp.ResourceCapabilities{}, Prompts: &mcp.PromptCapabilities{}, // none of them changes
		},
		CompletionHandler: s.complete,
		SetCacheable:      func(_ context.Context, _ mcp.Request, c *mcp.Cacheable) { c.CacheScope = "private" },
	})
	no, yes := false, true
	for _, t := range fixed.set.Tools() {
		m.AddTool(&mcp.Tool{
			Name: t.Name, Title: t.Title, Description: t.Description, InputSchema: t.Schema,
			Annotations: &mcp.ToolAnnotations{
				Title: t.Title, ReadOnlyHint: t.ReadOnly, DestructiveHint: pick(t.Destructive, &yes, &no), IdempotentHint: t.ReadOnly, OpenWorldHint: &yes,
			},
		}, s.call)
	}
	for _, template := range []*mcp.ResourceTemplate{
		{URITemplate: docs + "{connector}", Name: "docs", Title: "Documentation of a connector", Description: "What a connector can do, with the sections that there are."},
		{URITemplate: docs + "{connector}/{section}", Name: "docs-section", Title: "Section of the documentation", Description: "One section of the documentation of a connector."},
	} {
		template.MIMEType = "text/markdown"
		m.AddResourceTemplate(template, s.read)
	}
	m.AddReceivingMiddleware(s.listed)
	m.AddPrompt(&mcp.Prompt{
		Name: "explore", Title: "Explore the connected systems", Description: "Find out which business systems are connected and what they hold.",
		Arguments: []*mcp.PromptArgument{{Name: "question", Title: "Question", Description: "what you want to know; may be left out"}},
	}, s.explore)
	return m
}

func pick[T any](condition bool, a, b T) T {
	if condition {
		return a
	}
	return b
}

// version is that of the module.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == "github.com/airbyte-agents/airbyte-agents-go/agentsmcp" && m.Version != "" && m.Version != "(devel)" {
			return m.Version
		}
	}
	return "dev"
}

// visitOf is the visit that a request comes with, or nil.
func (s *server) visitOf(extra *mcp.RequestExtra) *visit {
	if extra == nil || extra.TokenInfo == nil {
		return s.fixed
	}
	if v, ok := extra.TokenInfo.Extra[visitKey].(*visit); ok {
		return v
	}
	return s.fixed
}

// call answers tools/call.
func (s *server) call(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	v := s.visitOf(req.Extra)
	q, err := s.question(v, req)
	if err != nil {
		return nil, err
	}
	out := v.set.Call(context.WithValue(ctx, questionKey{}, q), req.Params.Name, req.Params.Arguments)
	if q.asks != nil {
		return q.asks, nil
	}
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: out.Text}}, IsError: out.IsError}, nil
}

// docs is where the URIs of resources begin.
const docs = "airbyte://docs/"

// listed adds to resources/list the documentation of the connectors that the visitor may
// see, which package mcp cannot have at hand. If they are not known, the list is empty: a
// client that cannot list resources may take the server for broken.
func (s *server) listed(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		result, err := next(ctx, method, req)
		list, ok := result.(*mcp.ListResourcesResult)
		if err != nil || !ok {
			return result, err
		}
		set := s.visitOf(req.GetExtra()).set
		names, err := set.Connectors(ctx)
		if err != nil && set.Logger() != nil {
			set.Logger().WarnContext(ctx, "the resources cannot be listed", "error", err)
		}
		for _, name := range names {
			list.Resources = append(list.Resources, &mcp.Resource{
				URI: docs + url.PathEscape(name), Name: name, Title: "Documentation of " + name, MIMEType: "text/markdown", Description: "What the connector can do, with the sections that there are.",
			})
		}
		return list, nil
	}
}

// read answers resources/read.
func (s *server) read(ctx context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
	path, _ := strings.CutPrefix(req.Params.URI, docs)
	connector, section, _ := strings.Cut(path, "/")
	for _, part := range []*string{&connector, &section} {
		var err error
		if *part, err = url.PathUnescape(*part); err != nil {
			return nil, mcp.ResourceNotFoundError(req.Params.URI)
		}
	}
	if connector == "" {
		return nil, mcp.ResourceNotFoundError(req.Params.URI)
	}
	out := s.visitOf(req.Extra).set.Docs(ctx, connector, section)
	if out.IsError {
		var failure struct{ Error string } // the rest is for a model, but people read resources
		if json.Unmarshal([]byte(out.Text), &failure) != nil {
			failure.Error = out.Text
		}
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: failure.Error}
	}
	return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: req.Params.URI, MIMEType: "text/markdown", Text: out.Text}}}, nil
}

// maxCompletions is how many values the protocol allows.
const maxCompletions = 100

// complete answers completion/complete: with the names of connectors, for the URI of
// their documentation.
func (s *server) complete(ctx context.Context, req *mcp.CompleteRequest) (*mcp.CompleteResult, error) {
	values := []string{} // not null
	if req.Params.Ref != nil && strings.HasPrefix(req.Params.Ref.URI, docs) && req.Params.Argument.Name == "connector" {
		names, err := s.visitOf(req.Extra).set.Connectors(ctx)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if strings.HasPrefix(strings.ToLower(name), strings.ToLower(req.Params.Argument.Value)) {
				values = append(values, name)
			}
		}
	}
	return &mcp.CompleteResult{Completion: mcp.CompletionResultDetails{
		Values: values[:min(len(values), maxCompletions)], Total: len(values), HasMore: len(values) > maxCompletions,
	}}, nil
}

// explore answers prompts/get.
func (s *server) explore(_ context.Context, req *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	prefix := strings.TrimSuffix(s.fixed.set.Tools()[0].Name, "list_connectors")
	text := strings.ReplaceAll("Find out which business systems are connected: call %list_connectors, then %describe_actions for those that matter, and read a few records "+
		"of the most important entities with %read_records. Then tell me in a few sentences what there is and which questions it can answer.", "%", prefix)
	if question := strings.TrimSpace(req.Params.Arguments["question"]); question != "" {
		text = strings.ReplaceAll("Answer this from the connected business systems; find what you need with %list_connectors and %describe_actions, and read with %read_records "+
			"and %next_page: ", "%", prefix) + question
	}
	return &mcp.GetPromptResult{
		Description: "Explore the connected business systems",
		Messages:    []*mcp.PromptMessage{{Role: "user", Content: &mcp.TextContent{Text: text}}},
	}, nil
}
