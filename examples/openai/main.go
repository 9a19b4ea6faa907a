// Openai lets a model of OpenAI, or of a service with the same interface, work with
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

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

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
	model := openai.NewClient(option.WithBaseURL(service.URL), option.WithAPIKey("none"))
	answer, err := ask(ctx, &model, agenttools.New(ws), "What is the newest issue?")
	fmt.Println(answer)
	return err
}

// tools are the tools as the model sees them.
func tools(set *agenttools.Set) (list []openai.ChatCompletionToolUnionParam, err error) {
	for _, t := range set.Tools() {
		var schema openai.FunctionParameters
		if err := json.Unmarshal(t.Schema, &schema); err != nil {
			return nil, err
		}
		list = append(list, openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{
			Name: t.Name, Description: openai.String(t.Description), Parameters: schema, Strict: openai.Bool(true),
		}))
	}
	return list, nil
}

// ask returns the answer to a question. It runs the tools that the model calls.
func ask(ctx context.Context, model *openai.Client, set *agenttools.Set, question string) (string, error) {
	list, err := tools(set)
	if err != nil {
		return "", err
	}
	params := openai.ChatCompletionNewParams{
		Model: "a-model-that-calls-tools", Tools: list,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.SystemMessage(set.Instructions()), openai.UserMessage(question)},
	}
	for {
		res, err := model.Chat.Completions.New(ctx, params)
		if err != nil {
			return "", err
		}
		said := res.Choices[0].Message
		if len(said.ToolCalls) == 0 {
			return said.Content, nil
		}
		params.Messages = append(params.Messages, said.ToParam())
		for _, call := range said.ToolCalls {
			out := set.Call(ctx, call.Function.Name, json.RawMessage(call.Function.Arguments))
			params.Messages = append(params.Messages, openai.ToolMessage(out.Text, call.ID))
		}
	}
}
