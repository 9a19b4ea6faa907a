package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// workflowsSandbox returns an in-memory service and the options for using it. A program
// with an account needs neither.
func workflowsSandbox() (*agentstest.Server, []client.Option) {
	fake := agentstest.NewServer()
	return fake, []client.Option{client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret)}
}

func ExampleWorkspace_Workflows() {
	fake, opts := workflowsSandbox()
	defer fake.Close()
	ws, err := client.NewWorkspace(opts...)
	if err != nil {
		log.Fatal(err)
	}
	workflows, err := ws.Workflows().List(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range workflows {
		fmt.Println(w.Name)
	}
	// Output: Weekly report
}

func ExampleWorkflows_Create() {
	ctx := context.Background()
	fake, opts := workflowsSandbox()
	defer fake.Close()
	ws, err := client.NewWorkspace(opts...)
	if err != nil {
		log.Fatal(err)
	}
	digest, err := ws.Workflows().Create(ctx, client.WorkflowRequest{
		Name:  "Daily digest",
		Tasks: []map[string]any{{"prompt": "Sum up the tickets of the day"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	// At 7:00 on weekdays, Berlin time.
	schedule, err := ws.Workflows().Automations(digest.ID).Create(ctx, client.AutomationRequest{
		CronExpression: "0 0 7 ? * MON-FRI",
		Timezone:       "Europe/Berlin",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(digest.Name, schedule.TriggerType, schedule.Enabled)
	// Output: Daily digest schedule true
}

func ExampleWorkflows_Update() {
	ctx := context.Background()
	fake, opts := workflowsSandbox()
	defer fake.Close()
	ws, err := client.NewWorkspace(opts...)
	if err != nil {
		log.Fatal(err)
	}
	workflows, err := ws.Workflows().List(ctx)
	if err != nil {
		log.Fatal(err)
	}
	renamed, err := ws.Workflows().Update(ctx, workflows[0].ID, client.WorkflowChange{Name: "Report on Mondays"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(renamed.Name)
	// Output: Report on Mondays
}

func ExampleWorkflows_ListAutomations() {
	fake, opts := workflowsSandbox()
	defer fake.Close()
	ws, err := client.NewWorkspace(opts...)
	if err != nil {
		log.Fatal(err)
	}
	automations, err := ws.Workflows().ListAutomations(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range automations {
		fmt.Println(a.TriggerType, a.CronExpression, a.Timezone)
	}
	// Output: schedule 0 0 7 ? * MON Europe/Berlin
}

func ExampleAutomations_Update() {
	ctx := context.Background()
	fake, opts := workflowsSandbox()
	defer fake.Close()
	ws, err := client.NewWorkspace(opts...)
	if err != nil {
		log.Fatal(err)
	}
	automations, err := ws.Workflows().ListAutomations(ctx)
	if err != nil {
		log.Fatal(err)
	}
	// Pause all automations and remove their completion webhooks.
	for _, a := range automations {
		paused, err := ws.Workflows().Automations(a.WorkflowID).Update(ctx, a.ID, client.AutomationChange{
			Enabled:              new(false),
			CompletionWebhookURL: client.Null[auth.Secret](),
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(paused.ID, paused.Enabled)
	}
	// Output: automation-1 false
}
