// Agents-mcp serves the connectors of a workspace of Airbyte Agents to a client of the
// Model Context Protocol, over stdin and stdout or, with -http, over HTTP.
//
//	agents-mcp --demo
//	AIRBYTE_CLIENT_ID=… AIRBYTE_CLIENT_SECRET=… agents-mcp --write --connectors 'github,!*.*.delete'
//
// It takes the credentials and the workspace from the environment, as package client
// does: AIRBYTE_CLIENT_ID, AIRBYTE_CLIENT_SECRET, AIRBYTE_ORGANIZATION_ID,
// AIRBYTE_WORKSPACE, AIRBYTE_API_HOST. With --demo, it serves an in-memory service, which
// needs no account.
//
// Stdout carries the protocol and nothing else; logs go to stderr. The end of the input
// and SIGTERM end it within a second. It exits with 2 if it was called wrongly or has no
// credentials, with 1 if it fails otherwise.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"

	"github.com/airbyte-agents/airbyte-agents-go/agentsmcp"
	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/agenttools"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200) // the heap is so small that garbage is collected very often
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// The exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// A command is what the flags say.
type command struct {
	demo, write, check      bool
	version                 bool
	confirm, connectors     string
	maxOutput               int
	prefix, http, tokenFile string
	logLevel                string
	level                   slog.Level
	token                   string // of tokenFile
}

// parse reads the flags. Its error is one line.
func parse(args []string) (*command, error) {
	var c command
	fs := flag.NewFlagSet("agents-mcp", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.BoolVar(&c.demo, "demo", false, "serve an in-memory service, which needs no account")
	fs.BoolVar(&c.write, "write", false, "let the client change data, too")
	fs.StringVar(&c.confirm, "confirm", "auto", "`who` confirms a write: auto (the user, if the client can ask), always (the user, or it is refused) or never")
	fs.StringVar(&c.connectors, "connectors", "", "`patterns` of what is allowed, with commas between them, such as github,stripe.customers.list,!*.*.delete")
	fs.IntVar(&c.maxOutput, "max-output", 40_000, "the `bytes` that an answer has at most")
	fs.StringVar(&c.prefix, "prefix", "", "a `prefix` for the names of the tools, such as airbyte_")
	fs.StringVar(&c.http, "http", "", "serve HTTP on this `address`, such as 127.0.0.1:8080, at /mcp")
	fs.StringVar(&c.tokenFile, "token-file", "", "the `file` with the bearer token that HTTP clients must send")
	fs.BoolVar(&c.check, "check", false, "connect, say what would be served, and exit")
	fs.BoolVar(&c.version, "version", false, "say which version this is, and exit")
	fs.StringVar(&c.logLevel, "log-level", "info", "debug, info, warn or error; error with --check, unless it is given")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fs.SetOutput(os.Stderr)
			fmt.Fprintln(os.Stderr, "usage: agents-mcp [flags]")
			fs.PrintDefaults()
		}
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if err := c.level.UnmarshalText([]byte(c.logLevel)); err != nil {
		return nil, fmt.Errorf("--log-level must be debug, info, warn or error, not %q", c.logLevel)
	}
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if c.check && !given["log-level"] {
		c.level = slog.LevelError // what fails is the outcome
	}
	switch {
	case given["connectors"] && strings.TrimSpace(c.connectors) == "": // perhaps from a variable that was not set
		return nil, errors.New("--connectors must not be empty; leave it out to allow all connectors")
	case c.confirm != "auto" && c.confirm != "always" && c.confirm != "never":
		return nil, fmt.Errorf("--confirm must be auto, always or never, not %q", c.confirm)
	case given["confirm"] && !c.write:
		return nil, errors.New("--confirm is for --write")
	case c.maxOutput < 1_000:
		return nil, fmt.Errorf("--max-output must be at least 1000, not %d", c.maxOutput)
	case !regexp.MustCompile(`^[A-Za-z0-9_.-]{0,40}$`).MatchString(c.prefix):
		return nil, fmt.Errorf("--prefix must have up to 40 letters, digits, '_', '-' and '.', not %q", c.prefix)
	case c.tokenFile != "" && c.http == "":
		return nil, errors.New("--token-file is for --http")
	}
	if c.tokenFile != "" {
		var err error
		if c.token, err = readToken(c.tokenFile); err != nil {
			return nil, err
		}
	}
	return &c, nil
}

// options returns the options of the tools.
func (c *command) options(log *slog.Logger) []agenttools.Option {
	opts := []agenttools.Option{
		agenttools.WithMaxOutput(c.maxOutput), agenttools.WithPrefix(c.prefix), agenttools.WithAllow(patterns(c.connectors)...),
		agenttools.WithLogger(log),
	}
	if c.write {
		opts = append(opts, agentsmcp.Confirm(c.confirm))
	}
	return opts
}

// patterns splits a list at its commas, but not at those in quotes.
func patterns(list string) []string {
	if strings.TrimSpace(list) == "" {
		return nil
	}
	var all []string
	inQuotes, from := false, 0
	for i, r := range list {
		switch {
		case r == '"':
			inQuotes = !inQuotes
		case r == ',' && !inQuotes:
			all = append(all, strings.TrimSpace(list[from:i]))
			from = i + 1
		}
	}
	return append(all, strings.TrimSpace(list[from:]))
}

// workspace returns the workspace that is served.
func (c *command) workspace(log *slog.Logger) (*client.Workspace, error) {
	opts := []client.Option{client.WithLogger(log), client.WithUserAgent("agents-mcp")}
	if c.demo {
		opts = append(opts,
			client.WithHTTPClient(&http.Client{Transport: agentstest.New(agentstest.WithRequestLog(0)).Transport()}), client.WithBaseURL(client.DefaultBaseURL),
			client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret), client.WithOrganizationID(agentstest.OrganizationID),
			client.WithWorkspaceName(agentstest.WorkspaceName),
		)
	}
	return client.NewWorkspace(opts...)
}

// unusable describes an error of the configuration to whoever starts the command: what
// package client says about each value, without what only a program could do.
func unusable(err error) error {
	if !errors.Is(err, auth.ErrNoCredentials) {
		return err
	}
	var texts []string
	for _, problem := range problems(err) {
		if missing := unset(auth.EnvClientID, auth.EnvClientSecret); errors.Is(problem, auth.ErrNoCredentials) && strings.Contains(problem.Error(), "\n") { // it lists the places
			texts = append(texts, strings.Join(missing, " and ")+map[bool]string{true: " is", false: " are"}[len(missing) == 1]+" not set")
		} else {
			texts = append(texts, problem.Error())
		}
	}
	return errors.New(strings.Join(texts, "; ") + "; set them to the credentials of your Airbyte application, or try --demo")
}

// problems returns the errors that are joined in the error of the configuration.
func problems(err error) (list []error) {
	joined, ok := err.(interface{ Unwrap() []error })
	switch {
	case ok:
		for _, inner := range joined.Unwrap() {
			list = append(list, problems(inner)...)
		}
	case err != client.ErrInvalid: //nolint:errorlint // it is the kind of the error, and says nothing more
		list = append(list, err)
	}
	return list
}

// unset returns those of the variables that have no value.
func unset(names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return strings.TrimSpace(os.Getenv(name)) != "" })
}

func run(ctx context.Context, args []string) int {
	complain := func(code int, err error) int {
		fmt.Fprintln(os.Stderr, "agents-mcp: "+strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' }), "; "))
		return code
	}
	c, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return complain(exitUsage, err)
	}
	if c.version {
		fmt.Println("agents-mcp", version())
		return 0
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: c.level}))
	ws, err := c.workspace(log)
	if err != nil {
		return complain(exitUsage, unusable(err))
	}
	opts := c.options(log)
	if err := agenttools.New(ws, opts...).Err(); err != nil {
		return complain(exitUsage, err)
	}
	if c.connectors != "" && !c.check {
		go warn(ctx, log, ws, opts)
	}
	switch {
	case c.check:
		err = c.report(ctx, ws, opts)
	case c.http != "":
		var addr string
		if addr, err = c.address(); err != nil {
			return complain(exitUsage, err)
		}
		err = c.serveHTTP(ctx, addr, ws, opts)
	default:
		if info, err := os.Stdin.Stat(); err == nil {
			if none, err := os.Stat(os.DevNull); err != nil || !os.SameFile(info, none) {
				fmt.Fprint(os.Stderr, waiting(info.Mode()))
			}
		}
		err = serveStdio(ctx, os.Stdin, os.Stdout, ws, opts)
	}
	if err != nil {
		return complain(exitFailed, err)
	}
	return 0
}

// version is that of the command, with that of Go.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	return cmp.Or(strings.Trim(info.Main.Version, "()"), "dev") + " (" + info.GoVersion + ")"
}

// waiting is what a person is told who starts the command in a terminal, given the mode of
// stdin: it seems to do nothing.
func waiting(stdin os.FileMode) string {
	if stdin&os.ModeCharDevice == 0 {
		return ""
	}
	return "agents-mcp: waiting for messages of a client of the Model Context Protocol on stdin; --check shows what is served, --http serves HTTP, Ctrl-D ends\n"
}

// report says what would be served.
func (c *command) report(ctx context.Context, ws *client.Workspace, opts []agenttools.Option) error {
	set := agenttools.New(ws, opts...)
	names, err := set.Connectors(ctx)
	if err != nil {
		return forPeople(err, ws)
	}
	all, err := ws.ListConnectors(ctx)
	if err != nil {
		return forPeople(err, ws)
	}
	count := map[int]string{0: "no connectors", 1: "1 connector"}[len(names)]
	fmt.Printf("workspace %s: %s\n", ws.Name(), cmp.Or(count, fmt.Sprint(len(names), " connectors")))
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, name := range names {
		i := slices.IndexFunc(all, func(info client.ConnectorInfo) bool {
			return slices.ContainsFunc([]string{info.Slug, info.Name, info.ID}, func(of string) bool { return strings.EqualFold(of, name) })
		})
		if i < 0 { // it is new, or its name has characters that nobody sees
			fmt.Fprintf(w, "  %s\n", name)
			continue
		}
		fmt.Fprintf(w, "  %s\t%s\t%q\n", name, cmp.Or(all[i].DisplayName, all[i].Slug), all[i].Name)
	}
	_ = w.Flush() // what fails here fails below, too
	for _, line := range c.writes(ctx, set, names) {
		fmt.Println(line)
	}
	var tools []string
	for _, t := range set.Tools() {
		tools = append(tools, t.Name)
	}
	if _, err := fmt.Println("tools: " + strings.Join(tools, ", ")); err != nil {
		return err
	}
	unmatched, err := set.Unmatched(ctx)
	switch {
	case err != nil:
		return forPeople(err, ws)
	case len(unmatched) == 1:
		return errors.New("nothing matches this pattern of --connectors: " + unmatched[0] + there(all, unmatched))
	case len(unmatched) > 1:
		return errors.New("nothing matches these patterns of --connectors: " + strings.Join(unmatched, ", ") + there(all, unmatched))
	}
	return nil
}

// there names the connectors that there are, if one of the patterns that match nothing may
// have the name of none of them.
func there(all []client.ConnectorInfo, unmatched []string) string {
	const most = 30
	known := func(pattern string) bool {
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(pattern), "!"), ".")
		return slices.ContainsFunc(all, func(info client.ConnectorInfo) bool {
			return strings.EqualFold(name, info.Slug) || strings.EqualFold(name, info.Name)
		})
	}
	if len(all) == 0 || !slices.ContainsFunc(unmatched, func(p string) bool { return !known(p) }) {
		return ""
	}
	var names []string
	for _, info := range all[:min(len(all), most)] {
		names = append(names, fmt.Sprintf("%s (%q)", info.Slug, info.Name))
	}
	if len(all) > most {
		names = append(names, fmt.Sprint("and ", len(all)-most, " more"))
	}
	return "; the connectors are " + strings.Join(names, ", ")
}

// writes says what each connector lets a client change, and who confirms it.
func (c *command) writes(ctx context.Context, set *agenttools.Set, connectors []string) []string {
	if !c.write {
		return []string{"reads only"}
	}
	const atOnce = 8
	lines, turns := make([]string, len(connectors)), make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, name := range connectors {
		turns <- struct{}{}
		all.Go(func() {
			actions, known, err := set.Writes(ctx, name)
			lines[i] = name + " writes: " + c.allowed(actions, known, err)
			<-turns
		})
	}
	all.Wait()
	return lines
}

// allowed describes the writes of a connector in a line.
func (c *command) allowed(actions []string, known bool, err error) string {
	const most = 30
	by := map[string]string{"auto": "the user, or the client alone if it cannot ask", "always": "the user", "never": "nobody"}[c.confirm]
	switch {
	case err != nil:
		return "not known, because it was not described: " + err.Error()
	case !known:
		return "not known, because it does not describe itself; confirmed by: the user"
	case len(actions) == 0:
		return "none"
	case len(actions) > most:
		return fmt.Sprintf("%s and %d more; confirmed by: %s", strings.Join(actions[:most], ", "), len(actions)-most, by)
	}
	return strings.Join(actions, ", ") + "; confirmed by: " + by
}

// forPeople returns an error of package client for whoever started the command: with the
// variable that may be wrong, and without what only a program could do.
func forPeople(err error, ws *client.Workspace) error {
	if errors.Is(err, client.ErrWorkspaceNotFound) {
		return fmt.Errorf("the workspace %q does not exist; %s names it", ws.Name(), auth.EnvWorkspaceName)
	}
	if host := strings.TrimSpace(os.Getenv(client.EnvAPIHost)); host != "" && errors.Is(err, client.ErrNetwork) {
		return fmt.Errorf("the service at %s, which %s names, cannot be reached: %w", host, client.EnvAPIHost, err)
	}
	return err
}

// warn logs the patterns that match nothing, if that can be found out.
func warn(ctx context.Context, log *slog.Logger, ws *client.Workspace, opts []agenttools.Option) {
	unmatched, err := agenttools.New(ws, opts...).Unmatched(ctx)
	if err != nil {
		log.DebugContext(ctx, "it is not known whether the patterns of --connectors match anything", "error", err)
	}
	for _, p := range unmatched {
		log.WarnContext(ctx, "nothing matches a pattern of --connectors", "pattern", p)
	}
}
