// Measure prints the figures about agents-mcp that BENCHMARKS.md has, as a table: the
// size of what a model reads, in bytes and tokens, and the time and memory of the
// command. It is a module of its own because of the tokenizer.
//
//	go run . # in this folder
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/tiktoken-go/tokenizer"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/agenttools"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func main() {
	log.SetFlags(0)
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	s, err := sizes(ctx)
	if err != nil {
		return err
	}
	fmt.Println("| what | measured | target |\n| --- | --- | --- |")
	fmt.Printf("| the five tools (names, descriptions, schemas): bytes | %d | ≤ 4,096 |\n| … tokens of o200k_base | %d | ≤ 500 |\n", s.toolBytes, s.toolTokens)
	fmt.Printf("| the instructions: tokens | %d | – |\n", s.instructionTokens)
	fmt.Printf("| 25 flat records: bytes as a table, with all around it, and as compact JSON | %d, %d | – |\n", s.tableBytes, s.jsonBytes)
	fmt.Printf("| … tokens, and their ratio | %d, %d: %.2f | ≤ 0.85 |\n", s.tableTokens, s.jsonTokens, float64(s.tableTokens)/float64(s.jsonTokens))
	fmt.Printf("| 25 nested records as lines of JSON: tokens, compared with compact JSON | %.2f | – |\n", float64(s.linesTokens)/float64(s.nestedTokens))

	dir, err := os.MkdirTemp("", "measure")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is temporary
	command := filepath.Join(dir, "agents-mcp")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", command, "./cmd/agents-mcp")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	info, err := os.Stat(command)
	if err != nil {
		return err
	}
	fmt.Printf("| the command, stripped: MiB | %.1f | – |\n", float64(info.Size())/(1<<20))
	first, err := start(ctx, command)
	if err != nil {
		return err
	}
	fmt.Printf("| start of the process to its first answer: ms | %.1f | ≤ 20 |\n", float64(first.Microseconds())/1000)
	for _, era := range []string{"2025-11-25", "2026-07-28"} {
		f, err := overStdio(ctx, command, era)
		if err != nil {
			return err
		}
		f.print("stdio, "+era, "≥ 1,500", "≤ 64")
		if f, err = overHTTP(ctx, command, era); err != nil {
			return err
		}
		f.print("HTTP, "+era, "–", "≤ 256")
	}
	return nil
}

// A size is how large what a model reads is.
type size struct {
	toolBytes, toolTokens, instructionTokens       int
	tableBytes, jsonBytes, tableTokens, jsonTokens int
	linesTokens, nestedTokens                      int
}

func sizes(ctx context.Context) (s size, err error) {
	enc, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		return s, err
	}
	tokens := func(text string) int {
		n, countErr := enc.Count(text)
		err = errors.Join(err, countErr)
		return n
	}
	fake := agentstest.New(agentstest.WithConnector("sizes", agentstest.Connector{Slug: "acme", Entities: map[string]agentstest.Entity{
		"flat": {Records: flat(25), PageSize: 25}, "nested": {Records: nested(25), PageSize: 25},
	}}))
	ws, err := client.NewWorkspace(
		client.WithHTTPClient(&http.Client{Transport: fake.Transport()}), client.WithBaseURL(client.DefaultBaseURL),
		client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret), client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName("sizes"),
	)
	if err != nil {
		return s, err
	}
	set := agenttools.New(ws, agenttools.WithWrites(nil))
	var tools strings.Builder
	for _, t := range set.Tools() {
		fmt.Fprintf(&tools, "%s\n%s\n%s\n", t.Name, t.Description, t.Schema)
	}
	s.toolBytes, s.toolTokens, s.instructionTokens = tools.Len(), tokens(tools.String()), tokens(set.Instructions())
	read := func(entity string, records any) (ours, theirs string, err error) {
		out := set.Call(ctx, "read_records", json.RawMessage(fmt.Sprintf(`{"connector":"acme","entity":%q,"action":"list"}`, entity)))
		if out.IsError {
			return "", "", errors.New(out.Text)
		}
		b, err := json.Marshal(records)
		return out.Text, string(b), err
	}
	table, plain, err := read("flat", flat(25))
	if err != nil {
		return s, err
	}
	s.tableBytes, s.jsonBytes, s.tableTokens, s.jsonTokens = len(table), len(plain), tokens(table), tokens(plain)
	lines, plain, err := read("nested", nested(25))
	if err != nil {
		return s, err
	}
	s.linesTokens, s.nestedTokens = tokens(lines), tokens(plain)
	return s, err
}

type issue struct {
	ID        int    `json:"id"`
	Number    int    `json:"number"`
	Title     string `json:"title"`
	State     string `json:"state"`
	CreatedAt string `json:"created_at"`
	Author    string `json:"author"`
	Comments  int    `json:"comments"`
	Locked    bool   `json:"locked"`
}

var titles = []string{"Timeouts are not configurable", "Show the request id in errors", "Flaky test in the scheduler", "Memory grows during imports, slowly", "Add a dark theme"}

func flat(n int) []issue {
	list := make([]issue, n)
	for i := range list {
		list[i] = issue{
			ID: 2_900_000_000 + i*37, Number: 1200 - i, Title: titles[i%len(titles)], State: []string{"open", "closed"}[i%2],
			CreatedAt: time.Date(2026, 1, 1+i, 8, i, 0, 0, time.UTC).Format(time.RFC3339), Author: []string{"ada", "grace", "edsger"}[i%3], Comments: i % 7,
		}
	}
	return list
}

func nested(n int) []map[string]any {
	list := make([]map[string]any, n)
	for i := range list {
		list[i] = map[string]any{
			"id": 2_900_000_000 + i*37, "title": titles[i%len(titles)], "body": "It fails like this:\n\n    panic\n\nSince yesterday.",
			"labels": []map[string]any{{"name": "bug", "color": "d73a4a"}}, "user": map[string]any{"login": "ada", "id": i},
		}
	}
	return list
}

// rounds is how often the process is started. The median counts.
const rounds = 21

// start returns how long it takes from the start of the process to its first answer.
func start(ctx context.Context, command string) (time.Duration, error) {
	const request = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_connectors","arguments":{"query":""},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}` + "\n"
	var all []time.Duration
	for range rounds {
		cmd := exec.CommandContext(ctx, command, "--demo", "--log-level", "error")
		stdin, err := cmd.StdinPipe()
		if err != nil {
			return 0, err
		}
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			return 0, err
		}
		began := time.Now()
		if err := cmd.Start(); err != nil {
			return 0, err
		}
		if _, err := stdin.Write([]byte(request)); err != nil {
			return 0, err
		}
		if _, err := stdout.Read(make([]byte, 1)); err != nil {
			return 0, err
		}
		all = append(all, time.Since(began))
		if err := errors.Join(stdin.Close(), cmd.Wait()); err != nil {
			return 0, err
		}
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

func overStdio(ctx context.Context, command, era string) (figures, error) {
	cmd := exec.CommandContext(ctx, command, "--demo", "--log-level", "error")
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "measure"}, nil).Connect(ctx, &mcp.CommandTransport{Command: cmd}, &mcp.ClientSessionOptions{ProtocolVersion: era})
	if err != nil {
		return figures{}, err
	}
	defer cs.Close() //nolint:errcheck // it was only measured
	return load(ctx, cs, cmd.Process.Pid)
}

func overHTTP(ctx context.Context, command, era string) (figures, error) {
	cmd := exec.CommandContext(ctx, command, "--demo", "--log-level", "error", "--http", "127.0.0.1:0")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return figures{}, err
	}
	if err := cmd.Start(); err != nil {
		return figures{}, err
	}
	defer func() { _, _ = cmd.Process.Kill(), cmd.Wait() }()
	line := make([]byte, 200)
	n, err := stderr.Read(line)
	if err != nil {
		return figures{}, err
	}
	url := regexp.MustCompile(`http://\S+`).FindString(string(line[:n]))
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	cs, err := mcp.NewClient(&mcp.Implementation{Name: "measure"}, nil).Connect(ctx,
		&mcp.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: transport}, DisableStandaloneSSE: true}, &mcp.ClientSessionOptions{ProtocolVersion: era})
	if err != nil {
		return figures{}, err
	}
	return load(ctx, cs, cmd.Process.Pid)
}

// figures are those of a server with many calls at a time.
type figures struct {
	perSecond float64 // calls
	each      float64 // processor time of the server for a call, in milliseconds
	peak      float64 // memory at most, in megabytes
}

func (f figures) print(what, perSecond, peak string) {
	fmt.Printf("| %s: calls per second, 64 at a time | %.0f | %s |\n| … processor time of the server for a call: ms | %.2f | – |\n"+
		"| … memory at most, 1,000 calls at once: MB | %.0f | %s |\n", what, f.perSecond, perSecond, f.each, f.peak, peak)
}

// load makes 1,000 calls at once, and then as many as it can for a while.
func load(ctx context.Context, cs *mcp.ClientSession, pid int) (f figures, err error) {
	const seconds = 3
	if err := calls(ctx, cs, 1000, 1); err != nil {
		return f, err
	}
	if f.peak, err = peakMemory(pid); err != nil {
		return f, err
	}
	before, err := processorTime(pid)
	if err != nil {
		return f, err
	}
	began, n := time.Now(), 0
	for time.Since(began) < seconds*time.Second {
		if err := calls(ctx, cs, 64, 20); err != nil {
			return f, err
		}
		n += 64 * 20
	}
	f.perSecond = float64(n) / time.Since(began).Seconds()
	after, err := processorTime(pid)
	f.each = 1000 * (after - before) / float64(n)
	return f, err
}

// processorTime is the processor time of a process, in seconds.
func processorTime(pid int) (float64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:])) // the name before may have spaces
	sum := 0.0
	for _, i := range []int{11, 12} { // in user mode and in the system, in hundredths
		ticks, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return 0, err
		}
		sum += ticks / 100
	}
	return sum, nil
}

// calls makes calls, a number of workers at a time.
func calls(ctx context.Context, cs *mcp.ClientSession, workers, each int) error {
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for range each {
				res, err := cs.CallTool(ctx, &mcp.CallToolParams{Name: "read_records", Arguments: map[string]any{"connector": "stripe", "entity": "customers", "action": "list"}})
				if err == nil && res.IsError {
					err = errors.New(res.Content[0].(*mcp.TextContent).Text)
				}
				errs[i] = errors.Join(errs[i], err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// peakMemory is the memory that a process had at most, in megabytes.
func peakMemory(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		return 0, errors.New("the system does not tell the memory of processes")
	}
	kb, err := strconv.Atoi(string(m[1]))
	return float64(kb) * 1024 / 1e6, err
}
