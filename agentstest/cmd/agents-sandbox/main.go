// The command agents-sandbox serves an in-memory Airbyte Agents service on a
// loopback port, and prints the environment that programs need to use it in
// place of the real one. It forgets everything when it ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "agents-sandbox:", err)
		}
		os.Exit(2)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, out, problems io.Writer) error {
	flags := flag.NewFlagSet("agents-sandbox", flag.ContinueOnError)
	flags.SetOutput(problems)
	addr := flags.String("addr", "127.0.0.1:8085", "`host:port` to listen on; port 0 picks a free one")
	lifetime := flags.Duration("token-lifetime", 15*time.Minute, "how long tokens last")
	latency := flags.Duration("latency", 0, "how long each answer takes at least")
	empty := flags.Bool("empty", false, "start without the sample workspaces and connectors")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case *lifetime <= 0:
		return errors.New("-token-lifetime must be more than 0")
	}
	opts := []agentstest.Option{agentstest.WithTokenLifetime(*lifetime), agentstest.WithLatency(*latency), agentstest.WithRequestLog(0)}
	if *empty {
		opts = append(opts, agentstest.WithoutSeed(), agentstest.WithWorkspace(agentstest.WorkspaceName))
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", *addr)
	if err != nil {
		return err
	}
	server := agentstest.Serve(l, agentstest.New(opts...))
	defer server.Close()
	_, _ = fmt.Fprintf(out, `# An in-memory Airbyte Agents service. In another terminal:
export AIRBYTE_API_HOST=%s
export AIRBYTE_CLIENT_ID=%s
export AIRBYTE_CLIENT_SECRET=%s
export AIRBYTE_ORGANIZATION_ID=%s
export AIRBYTE_WORKSPACE=%s
# Stop it with Ctrl-C.
`, server.URL, agentstest.ClientID, agentstest.ClientSecret, agentstest.OrganizationID, agentstest.WorkspaceName)
	<-ctx.Done()
	_, _ = fmt.Fprintf(out, "# Stopped after %d requests.\n", server.Count(""))
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
