package fleet_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"

	"github.com/valkey-io/valkey-go"

	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/fleet"
)

// Each process of the service does this.
func Example() {
	ctx := context.Background()
	v, err := valkey.NewClient(valkey.ClientOption{InitAddress: []string{"localhost:6379"}, CacheSizeEachConn: 1 << 20})
	if err != nil {
		log.Fatal(err)
	}
	defer v.Close()
	shared := fleet.New(v, fleet.WithLogger(slog.Default()))
	github, err := client.Connect(ctx, "github", client.WithTokenStore(shared), client.WithGate(shared))
	if err != nil {
		log.Fatal(err)
	}
	issues, err := github.Execute(ctx, "issues", "list", client.Params{"per_page": 10})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(issues.Data))
}
