// Fleet starts three processes that share a token and a pause through Valkey or Redis.
// All of them start at once and call the same action of a connector, which the service
// asks to wait for two seconds, once. They need one token, and one refused request.
//
// It uses the server at VALKEY_ADDR or, without that, starts valkey-server or
// redis-server. It is a separate module, so that the SDK does not depend on valkey-go.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/valkey-io/valkey-go"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/fleet"
)

const (
	addrEnv    = "VALKEY_ADDR"
	numberEnv  = "FLEET_PROCESS" // of a process, which this program starts
	serviceEnv = "FLEET_SERVICE"
)

func main() {
	log.SetFlags(0)
	do := parent
	if os.Getenv(numberEnv) != "" {
		do = process
	}
	if err := do(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// process is one of the three. It does what a program would do.
func process(ctx context.Context) error {
	v, err := valkey.NewClient(valkey.ClientOption{
		InitAddress:       []string{os.Getenv(addrEnv)},
		CacheSizeEachConn: 1 << 20, // is plenty
		// An answer is worth little when it comes late. This also ends connections on
		// which nothing arrives any more.
		ConnWriteTimeout: 2 * time.Second,
	})
	if err != nil {
		return err
	}
	defer v.Close()
	shared := fleet.New(v, fleet.WithLogger(slog.Default()))

	github, err := client.Connect(ctx, "github",
		client.WithTokenStore(shared), client.WithGate(shared),
		// With an account, leave out the rest.
		client.WithBaseURL(os.Getenv(serviceEnv)), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName),
		client.WithAttemptObserver(func(_ context.Context, a client.Attempt) {
			if a.Held > 100*time.Millisecond || a.StatusCode == http.StatusTooManyRequests {
				fmt.Printf("process %s: held back for %.1f s, then status %d\n", os.Getenv(numberEnv), a.Held.Seconds(), a.StatusCode)
			}
		}),
	)
	if err != nil {
		return err
	}
	for range 4 {
		if _, err := github.Execute(ctx, "issues", "list", nil); err != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	fmt.Printf("process %s: done\n", os.Getenv(numberEnv))
	return nil
}

// parent starts the service, the server and the processes.
func parent(ctx context.Context) error {
	addr := os.Getenv(addrEnv)
	if addr == "" {
		own, stop, err := startServer(ctx)
		if err != nil {
			return err
		}
		defer stop()
		addr = own
	}
	fake := agentstest.NewServer()
	defer fake.Close()
	fake.Inject(agentstest.Fault{Operation: "executeConnector", Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"2"}}})

	self, err := os.Executable()
	if err != nil {
		return err
	}
	var processes []*exec.Cmd
	for n := range 3 {
		p := exec.CommandContext(ctx, self)
		p.Env = append(os.Environ(), addrEnv+"="+addr, serviceEnv+"="+fake.URL, numberEnv+"="+strconv.Itoa(n+1))
		p.Stdout, p.Stderr = os.Stdout, os.Stderr
		if err := p.Start(); err != nil {
			return err
		}
		processes = append(processes, p)
	}
	for _, p := range processes {
		err = errors.Join(err, p.Wait())
	}
	refused := 0
	for _, r := range fake.Requests() {
		if r.Status == http.StatusTooManyRequests {
			refused++
		}
	}
	fmt.Printf("token requests: %d; executions: %d, of which refused: %d\n", fake.Count("createToken"), fake.Count("executeConnector"), refused)
	return err
}

// startServer starts a server on a free port.
func startServer(ctx context.Context) (addr string, stop func(), err error) {
	for _, name := range []string{"valkey-server", "redis-server"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return "", nil, err
		}
		addr := l.Addr().String()
		_, port, err := net.SplitHostPort(addr)
		if err := errors.Join(err, l.Close()); err != nil {
			return "", nil, err
		}
		s := exec.CommandContext(ctx, path, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
		if err := s.Start(); err != nil {
			return "", nil, err
		}
		stop := func() {
			_ = s.Process.Kill()
			_ = s.Wait()
		}
		for range 100 {
			if c, err := new(net.Dialer).DialContext(ctx, "tcp", addr); err == nil {
				return addr, stop, c.Close()
			}
			time.Sleep(50 * time.Millisecond)
		}
		stop()
		return "", nil, fmt.Errorf("%s does not start", name)
	}
	return "", nil, errors.New("there is neither valkey-server nor redis-server on PATH; set VALKEY_ADDR to the address of a server")
}
