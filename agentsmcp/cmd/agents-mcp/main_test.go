package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

// The test binary is the command if this is set.
const asCommand = "AGENTS_MCP_TEST_RUN"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// command returns the command with arguments, and with environment variables beside the
// few that it needs.
func start(t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append([]string{asCommand + "=1", "GORACE=atexit_sleep_ms=0", "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}, env...)
	return cmd
}

// account is the environment for a service.
func account(fake *agentstest.Server) []string {
	return []string{
		"AIRBYTE_API_HOST=" + fake.URL, "AIRBYTE_CLIENT_ID=" + agentstest.ClientID, "AIRBYTE_CLIENT_SECRET=" + agentstest.ClientSecret,
		"AIRBYTE_ORGANIZATION_ID=" + agentstest.OrganizationID,
	}
}

// run runs the command with an input, and returns what it wrote and its exit code.
func runWith(t testing.TB, input string, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := start(t, env, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

const (
	initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
`
	listCall = `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"read_records","arguments":{"connector":"github","entity":"issues","action":"list"}}}
`
)

func TestExitCodes(t *testing.T) {
	down := agentstest.NewServer()
	down.Close()
	fake := agentstest.NewServer()
	defer fake.Close()
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	empty, two, short := filepath.Join(t.TempDir(), "empty"), filepath.Join(t.TempDir(), "two"), filepath.Join(t.TempDir(), "short")
	for name, text := range map[string]string{empty: " \n", two: "a b\n", short: strings.Repeat("x", 19) + "\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The system has texts of its own for these.
	_, nowhere := os.Open("/does/not/exist")
	_, inUse := new(net.ListenConfig).Listen(t.Context(), "tcp", taken.Listener.Addr().String())
	if nowhere == nil || inUse == nil {
		t.Fatal(nowhere, inUse)
	}
	with := func(more ...string) []string { return append(account(fake), more...) }
	for _, test := range []struct {
		args   string
		env    []string
		code   int
		stderr string // a part of it
	}{
		{"--demo", nil, 0, ""},
		{"-demo", nil, 0, ""},
		{"", nil, 2, "agents-mcp: AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET are not set; set them to the credentials of your Airbyte application, or try --demo\n"},
		{"--check", nil, 2, "AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET are not set"},
		{"", []string{"AIRBYTE_CLIENT_ID=x"}, 2, "agents-mcp: AIRBYTE_CLIENT_SECRET is not set; "},
		{"", []string{"AIRBYTE_CLIENT_SECRET=x", "AIRBYTE_CLIENT_ID= "}, 2, "agents-mcp: AIRBYTE_CLIENT_ID is not set; "},
		{"--check", []string{"AIRBYTE_CLIENT_ID=${env:AIRBYTE_CLIENT_ID}"}, 2, "client_id (from AIRBYTE_CLIENT_ID) is the name of a variable that nothing replaced by its value; AIRBYTE_CLIENT_SECRET is not set; "},
		{"--check", []string{"AIRBYTE_CLIENT_ID=x", "AIRBYTE_CLIENT_SECRET=${env:AIRBYTE_CLIENT_SECRET}"}, 2, "client_secret (from AIRBYTE_CLIENT_SECRET) is the name of a variable"},
		{"--check", []string{"AIRBYTE_CLIENT_ID=${env:AIRBYTE_CLIENT_ID}", "AIRBYTE_CLIENT_SECRET=${env:AIRBYTE_CLIENT_SECRET}"}, 2, "or try --demo\n"},
		{"--check", []string{"AIRBYTE_API_HOST=http://example.com"}, 2, "https"},
		{"", with(), 0, ""},
		{"", account(down), 0, ""},
		{"--check", with(), 0, ""},
		{"--check", account(down), 1, "agents-mcp: the service at " + down.URL + ", which AIRBYTE_API_HOST names, cannot be reached: client: "},
		{"--check", with("AIRBYTE_WORKSPACE=nowhere"), 1, `the workspace "nowhere" does not exist; AIRBYTE_WORKSPACE names it`},
		{"--check", with("AIRBYTE_CLIENT_SECRET=wrong"), 1, "agents-mcp: client: list connectors: auth: token request: 401 Unauthorized: The client id or the client secret is wrong"},
		{"--check --demo --connectors git-hub,nope,stripe.custmers,!hubspot.deels", nil, 1, "agents-mcp: nothing matches these patterns of --connectors: git-hub, nope, stripe.custmers, !hubspot.deels; the connectors are github (\"Engineering\"), hubspot (\"Marketing\"), "},
		{"--check --demo --connectors gitlab", nil, 1, "nothing matches this pattern of --connectors: gitlab; the connectors are github (\"Engineering\"), hubspot (\"Marketing\"), "},
		{"--check --demo --connectors github,!*.*.delete --prefix a_", nil, 0, ""},
		{"--check --demo --write --connectors github,!github.issues.delet", nil, 1, "nothing matches this pattern of --connectors: !github.issues.delet\n"},
		{"--check --demo --write --connectors github,!github.issues.delete", nil, 0, ""},
		{"--check", with("AIRBYTE_API_HOST=http://example.com"), 2, "https"},
		{"--check --demo", nil, 0, ""},
		{"--nonsense", nil, 2, "flag provided but not defined: -nonsense"},
		{"--demo nonsense", nil, 2, `unexpected argument "nonsense"`},
		{"--demo --max-output x", nil, 2, "max-output"},
		{"--demo --max-output 999", nil, 2, "must be at least 1000"},
		{"--demo --max-output 1000", nil, 0, ""},
		{"--demo --write --confirm sometimes", nil, 2, "--confirm must be"},
		{"--demo --write --confirm always", nil, 0, ""},
		{"--demo --connectors git*", nil, 2, "pattern"},
		{"--demo --connectors github,,stripe", nil, 2, "pattern"},
		{"--demo --connectors github,!*.*.delete", nil, 0, ""},
		{"--demo --prefix a/b", nil, 2, "--prefix"},
		{"--demo --prefix airbyte_", nil, 0, ""},
		{"--demo --log-level loud", nil, 2, "--log-level"},
		{"--demo --http :0", nil, 2, "can be reached from other machines"},
		{"--demo --http 0.0.0.0:0", nil, 2, "can be reached from other machines"},
		{"--demo --http [::]:0", nil, 2, "can be reached from other machines"},
		{"--demo --http nonsense", nil, 2, "--http"},
		{"--demo --http " + taken.Listener.Addr().String(), nil, 1, inUse.Error()},
		{"--demo --http 127.0.0.1:0 --token-file " + empty, nil, 2, "is empty"},
		{"--demo --http 127.0.0.1:0 --token-file " + two, nil, 2, "one token"},
		{"--demo --http 127.0.0.1:0 --token-file " + short, nil, 2, "the token in " + short + " can be guessed: it has fewer than 20 characters; openssl rand -hex 32 makes one"},
		{"--demo --confirm always", nil, 2, "--confirm is for --write"},
		{"--demo --confirm auto", nil, 2, "--confirm is for --write"},
		{"--version", nil, 0, ""},
		{"--demo --http 127.0.0.1:0 --token-file /does/not/exist", nil, 2, nowhere.Error()},
		{"--demo --token-file " + two, nil, 2, "is for --http"},
		{"--help", nil, 0, "usage: agents-mcp"},
		{"--demo --connectors=", nil, 2, "--connectors must not be empty"},
	} {
		began := time.Now()
		stdout, stderr, code := runWith(t, "", test.env, strings.Fields(test.args)...)
		if code != test.code || !strings.Contains(stderr, test.stderr) {
			t.Errorf("%s: %d, %q", test.args, code, stderr)
		}
		if (code == exitUsage || code == exitFailed && strings.Contains(test.args, "--check")) && (strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "agents-mcp: ")) {
			t.Errorf("%s: not one line: %q", test.args, stderr)
		}
		if test.args == "--version" {
			if !strings.HasPrefix(stdout, "agents-mcp ") || strings.Count(stdout, "\n") != 1 {
				t.Errorf("%q", stdout)
			}
			continue
		}
		if checks, patterns := strings.Contains(test.args, "--check"), strings.Contains(test.args, "--connectors"); (stdout != "") != (checks && (code == 0 || patterns)) {
			t.Errorf("%s: %q", test.args, stdout)
		}
		for _, text := range []string{"other arguments", "<data", "Ensure", "With", "tell the user"} {
			if strings.Contains(stdout+stderr, text) {
				t.Errorf("%s: this is not for people: %q, %q", test.args, stdout, stderr)
			}
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s took %v", test.args, took)
		}
	}
}

func TestCheck(t *testing.T) {
	fake := agentstest.NewServer()
	defer fake.Close()
	for _, test := range []struct {
		env  string
		args string
		want string
	}{
		{"", "--check", `workspace default: 6 connectors
  github           GitHub           "Engineering"
  hubspot          HubSpot          "Marketing"
`},
		{"", "--check --connectors stripe,!*.*.delete", "workspace default: 1 connector\n  stripe  Stripe  \"Payments\"\n"},
		{"", "--check --connectors gitlab", "workspace default: no connectors\n"},
		{"", "--check --connectors github", "\"Engineering\"\nreads only\n"},
		{"", "--check --write --connectors github.issues,!*.*.delete,stripe.customers.list", "\ngithub writes: issues.create, issues.update; confirmed by: the user, or the client alone if it cannot ask\nstripe writes: none\n"},
		{"", "--check --write --confirm always --connectors github.issues", "github writes: issues.create, issues.update, issues.delete; confirmed by: the user\n"},
		{"", "--check --write --confirm never --connectors github.issues", "issues.delete; confirmed by: nobody\n"},
		{"", "--check --write --prefix p_", "tools: p_list_connectors, p_describe_actions, p_read_records, p_next_page, p_write_records\n"},
		{"AIRBYTE_WORKSPACE=" + agentstest.SecondWorkspaceName, "--check", "  Frontend  GitHub"},
	} {
		if stdout, stderr, _ := runWith(t, "", append(account(fake), test.env), strings.Fields(test.args)...); !strings.Contains(stdout, test.want) {
			t.Errorf("%s: %s\n%s", test.args, stdout, stderr)
		}
	}
}

// A pattern that matches nothing is in the log when the command starts; a service that is
// down does not matter.
func TestUnmatchedAtStart(t *testing.T) {
	for _, args := range [][]string{{"--demo", "--connectors", "github,githb"}, {"--demo", "--connectors", "github,githb", "--http", "127.0.0.1:0"}} {
		cmd := start(t, nil, args...)
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		found := false
		for lines := bufio.NewScanner(stderr); !found && lines.Scan(); {
			found = strings.Contains(lines.Text(), "level=WARN") && strings.Contains(lines.Text(), "pattern=githb")
		}
		if !found {
			t.Errorf("%s: no warning", args)
		}
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

func TestPatterns(t *testing.T) {
	for _, test := range []struct {
		in   string
		want []string
	}{
		{"", nil}, {" ", nil}, {"github", []string{"github"}}, {" a , b ", []string{"a", "b"}}, {`"Acme, Inc.".x,!"b,c"`, []string{`"Acme, Inc.".x`, `!"b,c"`}},
		{`"say ""a,b""",c`, []string{`"say ""a,b"""`, "c"}}, {"a,,b", []string{"a", "", "b"}}, {"a,", []string{"a", ""}},
	} {
		if got := patterns(test.in); !slices.Equal(got, test.want) {
			t.Errorf("%s is %q", test.in, got)
		}
	}
}

// messages reads JSON-RPC messages, by the id of the request.
func messages(t testing.TB, stdout string) map[string]json.RawMessage {
	t.Helper()
	all := map[string]json.RawMessage{}
	for line := range strings.Lines(stdout) {
		var m struct {
			Version string          `json:"jsonrpc"`
			ID      json.RawMessage `json:"id"`
			Result  json.RawMessage `json:"result"`
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.Version != "2.0" {
			t.Fatalf("%v: %q", err, line)
		}
		all[string(m.ID)] = m.Result
	}
	return all
}

// A client that writes all its requests and closes its end gets all responses.
func TestAllAtOnce(t *testing.T) {
	input := initialize
	for i := range 5 {
		input += strings.Replace(listCall, `"id":2`, fmt.Sprintf(`"id":%d`, i+2), 1)
	}
	stdout, stderr, code := runWith(t, input, nil, "--demo", "--log-level", "debug")
	if got := messages(t, stdout); len(got) != 6 || code != 0 || !strings.Contains(string(got["6"]), "records 1 to 10") {
		t.Errorf("%d responses, %d: %s\n%s", len(got), code, got["6"], stderr)
	}
	const stateless = `{"jsonrpc":"2.0","id":"a","method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}
`
	stdout, _, _ = runWith(t, stateless, nil, "--demo")
	if got := messages(t, stdout); !strings.Contains(string(got[`"a"`]), "list_connectors") {
		t.Error(stdout)
	}
}

// A line that is no message is answered, and takes nothing else with it.
func TestLinesThatAreNoMessages(t *testing.T) {
	const ping = `{"jsonrpc":"2.0","id":7,"method":"ping"}`
	for line, want := range map[string]string{
		"nonsense":                 `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"the line is not JSON"}}`,
		`{"jsonrpc":"2.0","id":7,`: `"id":null,"error":{"code":-32700,`,
		"\xff\xfe":                 `"id":null,"error":{"code":-32700,`,
		ping + " " + ping:          `"id":null,"error":{"code":-32700,`,
		`{"id":7,"method":"ping"}`: `{"jsonrpc":"2.0","id":7,"error":{"code":-32600,"message":"the message is none of JSON-RPC 2.0"}}`,
		`{"jsonrpc":"1.0","id":"a","method":"ping"}`: `"id":"a","error":{"code":-32600,`,
		`{"jsonrpc":"2.0","id":{},"method":"ping"}`:  `"id":null,"error":{"code":-32600,`,
		`{"jsonrpc":"2.0","id":7,"method":7}`:        `"id":7,"error":{"code":-32600,`,
		"null":                                       `"id":null,"error":{"code":-32600,`,
		"7":                                          `"id":null,"error":{"code":-32600,`,
		"[]":                                         `"id":null,"error":{"code":-32600,"message":"the message is none of JSON-RPC 2.0"}`,
		`{"jsonrpc":"2.0","id":1.5,"method":"ping"}`:                  `"id":1.5,"error":{"code":-32600,`,
		`{"jsonrpc":"2.0","id":12345678901234567890,"method":"ping"}`: `"id":12345678901234567890,"error":{"code":-32600,`,
		`{"jsonrpc":"2.0","id":7,"Method":"ping"}`:                    "",
		`{"jsonrpc":"2.0","id":7,"error":7}`:                          `"id":7,"error":{"code":-32600,`,
		`{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"x"}}`:   "",
		"":                         "",
		" \t\r":                    "",
		`{"jsonrpc":"2.0","id":7}`: "", // the response to a request that nobody made
		ping + "\r":                `{"jsonrpc":"2.0","id":7,"result":{}}`,
		"[" + ping + "]":           `[{"jsonrpc":"2.0","id":7,"result":{}}]`,
		"[" + ping + `,5,{"jsonrpc":"2.0","id":"b"}]`: `[{"jsonrpc":"2.0","id":7,"result":{}}]`,
		"[" + ping + "," + ping + "]":                 `[{"jsonrpc":"2.0","id":7,"result":{}}]`,
		`["` + strings.Repeat("x", maxLine) + `"]`:    `"id":null,"error":{"code":-32600,"message":"the message is too long"}`,
		`{"jsonrpc":"2.0","id":7,"method":"nothing"}`: `"id":7,"error":{"code":-32601,`,
	} {
		stdout, stderr, code := runWith(t, initialize+line+"\n"+listCall, nil, "--demo", "--log-level", "error")
		if code != 0 || stderr != "" || !strings.Contains(stdout, want) || !strings.Contains(stdout, `"id":2,"result"`) {
			t.Errorf("%.50q: %d, %q\n%s", line, code, stderr, stdout)
		}
		for line := range strings.Lines(stdout) {
			if !json.Valid([]byte(line)) {
				t.Errorf("not JSON: %q", line)
			}
		}
		if want == "" && strings.Count(stdout, "\n") != 2 {
			t.Errorf("%.50q is answered: %s", line, stdout)
		}
	}
	// Without a line feed at the end, it is a message nevertheless.
	if stdout, _, _ := runWith(t, initialize+ping, nil, "--demo", "--log-level", "error"); !strings.Contains(stdout, `{"jsonrpc":"2.0","id":7,"result":{}}`) {
		t.Error(stdout)
	}
}

// The responses to requests that came together come together.
func TestBatch(t *testing.T) {
	batch := "[" + strings.TrimSpace(listCall) + `,{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"none"}},{"jsonrpc":"2.0","id":"p","method":"ping"}]` + "\n"
	stdout, _, code := runWith(t, strings.Replace(initialize, "2025-11-25", "2025-03-26", 1)+batch, nil, "--demo", "--log-level", "error")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	var list []struct{ ID any }
	if code != 0 || len(lines) != 2 || json.Unmarshal([]byte(lines[1]), &list) != nil || len(list) != 2 {
		t.Errorf("%d: %s", code, stdout)
	}
}

// hang makes the service hang in list, and returns a channel that says when it does.
func hang(fake *agentstest.Server) <-chan struct{} {
	began := make(chan struct{}, 100)
	fake.Inject(agentstest.Fault{Action: "list", Times: -1, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		began <- struct{}{}
		<-r.Context().Done()
	})})
	return began
}

// The end of the input, and signals, end the command within a second, whatever it does.
func TestEnds(t *testing.T) {
	for name, test := range map[string]struct {
		call bool // a call is in progress
		end  func(cmd *exec.Cmd, stdin io.Closer) error
	}{
		"the end of the input":              {false, func(_ *exec.Cmd, stdin io.Closer) error { return stdin.Close() }},
		"the end of the input, with a call": {true, func(_ *exec.Cmd, stdin io.Closer) error { return stdin.Close() }},
		"SIGTERM":                           {false, func(cmd *exec.Cmd, _ io.Closer) error { return cmd.Process.Signal(syscall.SIGTERM) }},
		"SIGTERM, with a call":              {true, func(cmd *exec.Cmd, _ io.Closer) error { return cmd.Process.Signal(syscall.SIGTERM) }},
		"SIGINT, with a call":               {true, func(cmd *exec.Cmd, _ io.Closer) error { return cmd.Process.Signal(os.Interrupt) }},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(name, "SIG") {
				needsSignals(t)
			}
			inTime(t, func() time.Duration { return ending(t, test.call, test.end) })
		})
	}
}

// needsSignals skips a test where no process can send a signal to another.
func needsSignals(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signals to other processes")
	}
}

// inTime fails if something takes more than a second each time, since a machine that has
// much to do takes longer once in a while.
func inTime(t *testing.T, f func() time.Duration) {
	t.Helper()
	for try := 1; ; try++ {
		took := f()
		if took <= time.Second {
			return
		}
		if try == 3 {
			t.Fatalf("it took %v", took)
		}
	}
}

// ending returns how long the command takes to end.
func ending(t *testing.T, call bool, end func(cmd *exec.Cmd, stdin io.Closer) error) time.Duration {
	t.Helper()
	fake := agentstest.NewServer()
	defer fake.Close()
	began := hang(fake)
	cmd := start(t, account(fake))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	if _, err := io.WriteString(stdin, initialize); err != nil || !lines.Scan() {
		t.Fatal(err, lines.Err())
	}
	if call {
		if _, err := io.WriteString(stdin, listCall); err != nil {
			t.Fatal(err)
		}
		<-began
	}
	at := time.Now()
	if err := end(cmd, stdin); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // until the end
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, stderr.String())
	}
	return time.Since(at)
}

// No secret is in anything that the command writes, at any level.
func TestNoSecrets(t *testing.T) {
	fake := agentstest.NewServer()
	defer fake.Close()
	var mu sync.Mutex
	var secrets []string
	fake.Inject(agentstest.Fault{Entity: "issues", Action: "list", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		mu.Lock()
		secrets = append(secrets, token)
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = fmt.Fprintf(w, `{"message":"no: %s","errors":[{"field":"x","message":%q}]}`, token, r.Header.Get("Authorization"))
	})})
	const params = "hunter2-in-params"
	input := initialize + listCall +
		`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"write_records","arguments":{"connector":"github","entity":"issues","action":"create","params":"{\"title\":\"` + params + `\"}"}}}
{"jsonrpc":"2.0","id":4,"method":"resources/read","params":{"uri":"airbyte://docs/github"}}
{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"write_records","arguments":{"connector":"github","entity":"issues","action":"create","params":"{\"title\":\"` + params + `\"` + `"}}}
`
	stdout, stderr, code := runWith(t, input, account(fake), "--write", "--log-level", "debug")
	if got := messages(t, stdout); len(got) != 5 || code != 0 || len(secrets) != 1 || !strings.Contains(string(got["3"]), "the change was made") {
		t.Fatalf("%d responses, %d: %s\n%s", len(got), code, stdout, stderr)
	}
	if !strings.Contains(stderr, "level=DEBUG") || !strings.Contains(stderr, "tool=write_records") {
		t.Errorf("nothing is logged: %s", stderr)
	}
	for _, secret := range append(secrets, agentstest.ClientSecret) {
		if strings.Contains(stdout+stderr, secret) {
			t.Errorf("%s is in the output:\n%s\n%s", secret, stdout, stderr)
		}
	}
	for _, want := range []string{
		`tool=read_records connector=github entity=issues action=list failed=true`, "status=422", "tool=write_records connector=github entity=issues action=create failed=false",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%s is not in the log: %s", want, stderr)
		}
	}
	if strings.Contains(stderr, params) {
		t.Errorf("the params of a write are in the log: %s", stderr)
	}
}

// Whoever starts the command in a terminal is told what it waits for.
func TestTerminal(t *testing.T) {
	for mode, told := range map[os.FileMode]bool{os.ModeDevice | os.ModeCharDevice: true, 0: false, os.ModeNamedPipe: false} {
		if text := waiting(mode); (text != "") != told || told && !strings.Contains(text, "--check") {
			t.Errorf("%v: %q", mode, text)
		}
	}
}

// serve starts the command with HTTP, and returns its address.
func serve(t *testing.T, env []string, args ...string) (cmd *exec.Cmd, url string) {
	t.Helper()
	cmd = start(t, env, append(args, "--http", "127.0.0.1:0")...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	found := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			if m := regexp.MustCompile(`http://127\.0\.0\.1:\d+/mcp`).FindString(lines.Text()); m != "" {
				found <- m
			}
		}
	}()
	select {
	case url = <-found:
	case <-time.After(20 * time.Second):
		t.Fatal("no address")
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, url
}

// withToken adds a bearer token.
type withToken struct{ token string }

func (w withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if w.token != "" {
		r.Header.Set("Authorization", "Bearer "+w.token)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func connect(t *testing.T, url, token, version string) (*mcp.ClientSession, error) {
	t.Helper()
	c := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	return c.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: withToken{token}}, MaxRetries: -1}, &mcp.ClientSessionOptions{ProtocolVersion: version})
}

func TestHTTP(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("s3cret-s3cret-s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		_, open := serve(t, nil, "--demo")
		_, closed := serve(t, nil, "--demo", "--token-file", file)
		for _, test := range []struct {
			url, token string
			ok         bool
		}{{open, "", true}, {open, "anything", true}, {closed, "s3cret-s3cret-s3cret", true}, {closed, "", false}, {closed, "wrong", false}, {closed, "s3cret-s3cret-s3cret2", false}, {open + "/x", "", false}} {
			cs, err := connect(t, test.url, test.token, version)
			if (err == nil) != test.ok {
				t.Errorf("%+v: %v", test, err)
			}
			if err != nil {
				continue
			}
			res, err := cs.CallTool(t.Context(), &mcp.CallToolParams{Name: "list_connectors", Arguments: map[string]any{"query": "stripe"}})
			if err != nil || res.IsError || !strings.Contains(res.Content[0].(*mcp.TextContent).Text, "stripe,Stripe,Payments") {
				t.Errorf("%+v, %v", res, err)
			}
			_ = cs.Close()
		}
	}
}

// SIGTERM ends the server within a second, with a session, a stream and a call.
func TestHTTPEnds(t *testing.T) {
	needsSignals(t)
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		inTime(t, func() time.Duration {
			fake := agentstest.NewServer()
			defer fake.Close()
			began := hang(fake)
			cmd, url := serve(t, account(fake))
			cs, err := connect(t, url, "", version)
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() {
				_, err := cs.CallTool(t.Context(), &mcp.CallToolParams{Name: "read_records", Arguments: map[string]any{"connector": "github", "entity": "issues", "action": "list"}})
				done <- err
			}()
			<-began
			at := time.Now()
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("%s: %v", version, err)
			}
			took := time.Since(at)
			if err := <-done; err == nil {
				t.Error("the call has a result")
			}
			_ = cs.Close()
			return took
		})
	}
}

// A thousand calls at once over stdio.
func TestManyCalls(t *testing.T) {
	fake := agentstest.NewServer(agentstest.WithRequestLog(0))
	defer fake.Close()
	for _, version := range []string{"2025-11-25", "2026-07-28"} {
		c := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
		cs, err := c.Connect(t.Context(), &mcp.CommandTransport{Command: start(t, account(fake), "--log-level", "warn")}, &mcp.ClientSessionOptions{ProtocolVersion: version})
		if err != nil {
			t.Fatal(err)
		}
		before := fake.Count("createToken")
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				res, err := cs.CallTool(t.Context(), &mcp.CallToolParams{Name: "read_records", Arguments: map[string]any{"connector": "github", "entity": "issues", "action": "list"}})
				if err != nil || res.IsError {
					t.Errorf("%+v, %v", res, err)
				}
			})
		}
		wg.Wait()
		if n := fake.Count("createToken") - before; n != 1 {
			t.Errorf("%d requests for a token", n)
		}
		if err := cs.Close(); err != nil {
			t.Error(err)
		}
	}
}
