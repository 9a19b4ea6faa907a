// Anthropic lets a model of Anthropic work with
// the connectors of a workspace. The adapter is the function tools and the loop in
// ask. A script stands in for the service.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

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
	ws, err := client.NewWorkspace(
		client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName))
	if err != nil {
		return err
	}
	service := httptest.NewServer(http.HandlerFunc(script)) // with an account, leave out this and the options of NewClient
	defer service.Close()
	model := anthropic.NewClient(option.WithBaseURL(service.URL), option.WithAPIKey("none"))
	answer, err := ask(ctx, &model, agenttools.New(ws), "What is the newest issue?")
	fmt.Println(answer)
	return err
}

// tools are the tools as the model sees them.
func tools(set *agenttools.Set) (list []anthropic.ToolUnionParam, err error) {
	for _, t := range set.Tools() {
		var schema anthropic.ToolInputSchemaParam
		if err := json.Unmarshal(t.Schema, &schema); err != nil {
			return nil, err
		}
		list = append(list, anthropic.ToolUnionParam{OfTool: &anthropic.ToolParam{Name: t.Name, Description: anthropic.String(t.Description), InputSchema: schema}})
	}
	return list, nil
}

// ask returns the answer to a question. It runs the tools that the model calls.
func ask(ctx context.Context, model *anthropic.Client, set *agenttools.Set, question string) (answer string, err error) {
	list, err := tools(set)
	if err != nil {
		return "", err
	}
	params := anthropic.MessageNewParams{
		Model: "a-model-that-calls-tools", MaxTokens: 4096, Tools: list, System: []anthropic.TextBlockParam{{Text: set.Instructions()}},
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(question))},
	}
	for {
		res, err := model.Messages.New(ctx, params)
		if err != nil {
			return "", err
		}
		var results []anthropic.ContentBlockParamUnion
		for _, block := range res.Content {
			switch block := block.AsAny().(type) {
			case anthropic.TextBlock:
				answer = block.Text
			case anthropic.ToolUseBlock:
				out := set.Call(ctx, block.Name, block.Input)
				results = append(results, anthropic.NewToolResultBlock(block.ID, out.Text, out.IsError))
			}
		}
		if len(results) == 0 {
			return answer, nil
		}
		params.Messages = append(params.Messages, res.ToParam(), anthropic.NewUserMessage(results...))
	}
}
