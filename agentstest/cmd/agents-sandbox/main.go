// Agents-sandbox serves an in-memory Airbyte Agents service on a loopback port,
// for programs in any language. It prints the environment variables with which
// programs use it in place of the real service. When it ends, all state is lost.
//
// Usage:
//
//	go run github.com/airbyte-agents/airbyte-agents-go/agentstest/cmd/agents-sandbox@latest [flags]
//
// The flags are:
//
//	-addr host:port
//		Listen on this address. Port 0 is any free port.
//		The default is 127.0.0.1:8085.
//	-document file
//		Serve a connector that agents-gen -fake described in this file, too; see
//		agentstest.WithDocument. The flag can be repeated.
//	-empty
//		Start without the sample workspaces and connectors.
//	-fault target=effect[,setting...]
//		Make requests fail. The flag can be repeated.
//	-latency duration
//		Wait this long before each response. The default is 0.
//	-records file
//		Give the connector of the -document before it the records in this file, an
//		object of JSON that has a list of records for each of some entities.
//	-strict
//		Refuse parameters that actions do not declare.
//	-token-lifetime duration
//		Set the lifetime of tokens. The default is 15m.
//	-v
//		Print a line for each request to stderr. The default is true if stderr
//		is a terminal.
//
// The target of a fault is an operationId, such as createToken; an entity and an
// action, such as issues.list, where * stands for any; or * for all requests.
// The effect is a status from 200 to 599, reset or lost, which break the
// connection before or after the request takes effect, or truncate=N, which
// breaks it after N bytes of the body. The settings are times=N (1 by default,
// -1 for all requests), after=N to let N requests pass first, rate=P for a
// probability, delay=DURATION, which may also be the only effect, and
// retry-after=SECONDS. A request is hit by the first fault that fits.
//
//	agents-sandbox -fault issues.list=429,retry-after=600,times=-1 -fault createToken=503
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "agents-sandbox:", err)
		os.Exit(2)
	}
}

// run serves until ctx is done. If args ask for help, it prints that and returns
// at once. Requests are printed to log.
func run(ctx context.Context, args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("agents-sandbox", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints errors, and help goes to out
	addr := flags.String("addr", "127.0.0.1:8085", "listen on `host:port`; port 0 is any free port")
	lifetime := flags.Duration("token-lifetime", 15*time.Minute, "`duration` for which tokens are valid")
	latency := flags.Duration("latency", 0, "`duration` to wait before each response")
	empty := flags.Bool("empty", false, "start without the sample workspaces and connectors")
	strict := flags.Bool("strict", false, "refuse parameters that actions do not declare")
	verbose := flags.Bool("v", isTerminal(log), "print a line for each request to stderr; the default on a terminal")
	var documents []agentstest.Option
	var slug string // of the last document
	flags.Func("document", "serve the connector that agents-gen -fake described in this `file`, too; may be repeated", func(file string) error {
		o, of, err := described(file)
		documents, slug = append(documents, o), of
		return err
	})
	flags.Func("records", "give the connector of the -document before it the records in this `file`: an object of JSON with a list for each of some entities", func(file string) error {
		if len(documents) == 0 {
			return errors.New("it goes after the -document whose records they are")
		}
		o, err := records(file, slug, documents)
		documents, slug = append(documents, o), ""
		return err
	})
	var faults []agentstest.Fault
	flags.Func("fault", "make requests fail, as `target=effect` says; may be repeated", func(value string) error {
		f, err := parseFault(value)
		faults = append(faults, f)
		return err
	})
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		_, _ = fmt.Fprint(out, "Usage: agents-sandbox [flags]\n\nServes an in-memory Airbyte Agents service.\n\n")
		flags.SetOutput(out)
		flags.PrintDefaults()
		_, _ = fmt.Fprint(out, "\n"+faultHelp+operationHelp())
		return nil
	case err != nil:
		return fmt.Errorf("%w (-h shows the flags)", err)
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q (-h shows the flags)", flags.Arg(0))
	case *lifetime <= 0:
		return errors.New("-token-lifetime must be greater than 0")
	case *latency < 0:
		return errors.New("-latency must not be negative")
	}
	opts := []agentstest.Option{agentstest.WithTokenLifetime(*lifetime), agentstest.WithLatency(*latency), agentstest.WithRequestLog(0)}
	if *empty {
		opts = append(opts, agentstest.WithoutSeed(), agentstest.WithWorkspace(agentstest.WorkspaceName))
	}
	if *strict {
		opts = append(opts, agentstest.WithStrictParams())
	}
	service := agentstest.New(append(opts, documents...)...)
	endless := 0
	for _, f := range faults {
		service.Inject(f)
		if f.Times < 0 {
			endless++
		}
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", *addr)
	if err != nil {
		return err
	}
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end() // ends delays
	var handler http.Handler = service
	if *verbose {
		handler = &watcher{service: service, out: log, colour: isTerminal(log) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute, BaseContext: func(net.Listener) context.Context { return running }}
	defer server.Close()                //nolint:errcheck // nothing depends on it
	go func() { _ = server.Serve(l) }() // until Shutdown
	_, _ = fmt.Fprintf(out, `# An in-memory Airbyte Agents service. In another terminal:
export AIRBYTE_API_HOST=%s
export AIRBYTE_CLIENT_ID=%s
export AIRBYTE_CLIENT_SECRET=%s
export AIRBYTE_ORGANIZATION_ID=%s
export AIRBYTE_WORKSPACE=%s
`, baseURL(l.Addr()), agentstest.ClientID, agentstest.ClientSecret, agentstest.OrganizationID, agentstest.WorkspaceName)
	if len(faults) > 0 {
		_, _ = fmt.Fprintln(out, "# Faults:")
		for _, f := range faults {
			_, _ = fmt.Fprintln(out, "#   "+describeFault(f))
		}
	}
	_, _ = fmt.Fprintln(out, "# Stop it with Ctrl-C.")
	<-ctx.Done()
	_, _ = fmt.Fprintf(out, "# Stopped after %d requests.\n", service.Count(""))
	if left := service.PendingFaults() - endless; left > 0 {
		_, _ = fmt.Fprintf(out, "# Faults that are not used up: %d.\n", left)
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// described returns the option for a connector that agents-gen -fake described, and its
// slug.
func described(file string) (o agentstest.Option, slug string, err error) {
	description, err := os.ReadFile(file)
	if err != nil {
		return nil, "", err
	}
	var of struct {
		Slug string `json:"slug"`
	}
	_ = json.Unmarshal(description, &of) // WithDocument says what is wrong with it
	err = tried(file, func() []agentstest.Option {
		o = agentstest.WithDocument(description)
		return []agentstest.Option{o}
	})
	return o, of.Slug, err
}

// records returns the option for the records in a file.
func records(file, slug string, documents []agentstest.Option) (agentstest.Option, error) {
	if slug == "" {
		return nil, errors.New("one -records for each -document")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var lists map[string][]json.RawMessage
	if err := json.Unmarshal(data, &lists); err != nil {
		return nil, fmt.Errorf("%s: it is no object of JSON with lists of records: %w", file, err)
	}
	c := agentstest.Connector{Slug: slug, Entities: map[string]agentstest.Entity{}}
	for entity, list := range lists {
		c.Entities[entity] = agentstest.Entity{Records: list}
	}
	o := agentstest.WithConnector(agentstest.WorkspaceName, c)
	return o, tried(file, func() []agentstest.Option { return slices.Concat(documents, []agentstest.Option{o}) })
}

// tried returns what a service panics with that has options made of a file.
func tried(file string, options func() []agentstest.Option) (err error) {
	defer func() {
		if v := recover(); v != nil { // as it is for tests
			err = fmt.Errorf("%s: %s", file, strings.TrimPrefix(strings.TrimPrefix(fmt.Sprint(v), "agentstest: "), "WithDocument: "))
		}
	}()
	agentstest.New(append(options(), agentstest.WithoutSeed())...)
	return nil
}

// baseURL returns where a program on this machine reaches a listener.
func baseURL(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() { // no address that one could connect to
		return "http://" + net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return "http://" + addr.String()
}
