// Sdk is a small program of a user, which internal/bench compares with
// internal/bench/hand. It finds a connector and runs an action, and prints how many
// microseconds that took from the start of main.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

type issue struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
}

func main() {
	start := time.Now()
	ctx := context.Background()
	github, err := client.Connect(ctx, "github")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	issues, _, err := client.Execute[[]issue](ctx, github, "issues", "list", client.Params{"per_page": 10})
	if err != nil || len(issues) == 0 {
		fmt.Fprintln(os.Stderr, len(issues), err)
		os.Exit(1)
	}
	fmt.Println(time.Since(start).Microseconds())
}
