package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// TestMain runs the command itself in the processes that TestExitCode starts.
func TestMain(m *testing.M) {
	if os.Getenv("AGENTS_SANDBOX_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestExitCode(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		arg            string
		code           int
		stdout, stderr []string
	}{
		{"-h", 0, []string{"Usage: agents-sandbox", "-fault target=effect", "issues.list=429"}, nil},
		{"-nonsense", 2, nil, []string{"agents-sandbox: ", "-nonsense", "-h shows"}},
		{"-fault=createToken", 2, nil, []string{"agents-sandbox: ", "createToken=503"}},
	} {
		cmd := exec.CommandContext(t.Context(), self, tc.arg)
		cmd.Env = append(os.Environ(), "AGENTS_SANDBOX_MAIN=1")
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != tc.code {
			t.Errorf("%s: %v, want exit code %d", tc.arg, err, tc.code)
		}
		for _, part := range tc.stdout {
			if !strings.Contains(stdout.String(), part) {
				t.Errorf("%s: stdout has no %q: %s", tc.arg, part, stdout.String())
			}
		}
		for _, part := range tc.stderr {
			if strings.Count(stderr.String(), part) != 1 {
				t.Errorf("%s: stderr has %q not once: %s", tc.arg, part, stderr.String())
			}
		}
		if (len(tc.stdout) == 0) != (stdout.Len() == 0) || (len(tc.stderr) == 0) != (stderr.Len() == 0) {
			t.Errorf("%s: stdout %q, stderr %q", tc.arg, stdout.String(), stderr.String())
		}
	}
}

func TestRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	var requests bytes.Buffer
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-token-lifetime", "30s", "-fault", "createToken=503,retry-after=7", "-fault=noSuchEntity.*=reset", "-v"}, write, &requests)
		_ = write.Close()
	}()
	env := map[string]string{}
	var comments []string
	lines := bufio.NewScanner(read)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "# Stop it") {
		if line, found := strings.CutPrefix(lines.Text(), "export "); found {
			name, value, _ := strings.Cut(line, "=")
			env[name] = value
		} else {
			comments = append(comments, lines.Text())
		}
	}
	rest := make(chan string)
	go func() {
		var b strings.Builder
		for lines.Scan() {
			b.WriteString(lines.Text() + "\n")
		}
		rest <- b.String()
	}()
	want := []string{
		"# Faults:",
		"#   createToken: respond with 503 Service Unavailable with Retry-After: 7, once",
		"#   noSuchEntity.*: break the connection before the request takes effect, once",
	}
	if len(comments) != 4 || !reflect.DeepEqual(comments[1:], want) {
		t.Errorf("printed %q", comments)
	}
	post := func() (status int, retryAfter, answer string) {
		body := `{"client_id":"` + env["AIRBYTE_CLIENT_ID"] + `","client_secret":"` + env["AIRBYTE_CLIENT_SECRET"] + `"}`
		req, err := http.NewRequestWithContext(ctx, "POST", env["AIRBYTE_API_HOST"]+"/api/v1/account/applications/token", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header.Get("Retry-After"), string(raw)
	}
	if status, retryAfter, answer := post(); status != http.StatusServiceUnavailable || retryAfter != "7" {
		t.Errorf("with a fault: %d %q %s", status, retryAfter, answer)
	}
	if status, _, answer := post(); status != http.StatusOK || !strings.Contains(answer, `"expires_in":30`) {
		t.Errorf("%d %s", status, answer)
	}
	if env["AIRBYTE_WORKSPACE"] != "default" || env["AIRBYTE_ORGANIZATION_ID"] == "" {
		t.Errorf("environment %v", env)
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end")
	}
	if got := <-rest; got != "# Stopped after 2 requests.\n# Faults that are not used up: 1.\n" {
		t.Errorf("at the end: %q", got)
	}
	shape := regexp.MustCompile(`^# 503 POST /api/v1/account/applications/token \d+m?s\n# 200 POST /api/v1/account/applications/token \d+m?s\n$`)
	if !shape.Match(requests.Bytes()) {
		t.Errorf("printed about the requests: %q", requests.String())
	}
}

// A line for each request, in colours only if they are wanted.
func TestDocument(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-addr=127.0.0.1:0", "-empty", "-document", acme, "-document", acme, "-records", own(t, `{"limits": [{"per_minute": 77}]}`)}, write, io.Discard)
		_ = write.Close()
	}()
	host := ""
	lines := bufio.NewScanner(read)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "# Stop it") {
		if value, found := strings.CutPrefix(lines.Text(), "export AIRBYTE_API_HOST="); found {
			host = value
		}
	}
	go func() { _, _ = io.Copy(io.Discard, read) }()
	conn, err := client.Connect(ctx, "acme-desk", client.WithBaseURL(host), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithOrganizationID(agentstest.OrganizationID), client.WithWorkspaceName(agentstest.WorkspaceName))
	if err != nil {
		t.Fatal(err)
	}
	if limits, err := conn.Execute(ctx, "limits", "list", nil); err != nil || !strings.Contains(string(limits.Data), `"per_minute":77`) {
		t.Errorf("the limits are %v, %v", limits, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for file, want := range map[string]string{"none.json": "none.json", "main.go": "main.go: agents-gen -fake did not write it", "../../../examples/typed/acme.yaml": "acme.yaml: this looks like the document itself"} {
		if err := run(t.Context(), []string{"-document", file}, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", file, err, want)
		}
	}
}

// own writes a file with records.
func own(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "own.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRecordsAreRefused(t *testing.T) {
	for _, test := range []struct {
		text, want string
		args       []string // before -records
	}{
		{`{"limits": []}`, "after the -document", nil},
		{`{"limit": []}`, `no entity "limit"`, []string{"-document", acme}},
		{`{"limits": [{"per_minut": 1}]}`, "closest: per_minute", []string{"-document", acme}},
		{`[]`, "no object of JSON", []string{"-document", acme}},
	} {
		if err := run(t.Context(), append(test.args, "-records", own(t, test.text)), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.text, err, test.want)
		}
	}
	file := own(t, `{"limits": []}`)
	if err := run(t.Context(), []string{"-document", acme, "-records", file, "-records", file}, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "one -records for each -document") {
		t.Errorf("twice: %v", err)
	}
}

// acme is what agents-gen -fake wrote for a made-up connector.
const acme = "../../../examples/typed/acme.fake.json"

func TestWatcher(t *testing.T) {
	service := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.ContentLength > 0 && int64(len(body)) != r.ContentLength {
			t.Errorf("%d bytes of the body, %v", len(body), err)
		}
		switch r.URL.Query().Get("do") {
		case "break":
			panic(http.ErrAbortHandler)
		case "refuse":
			w.WriteHeader(http.StatusNotFound)
		case "fail":
			w.WriteHeader(http.StatusBadGateway)
		}
		_, _ = io.WriteString(w, "text")
	})
	for _, tc := range []struct {
		target, body string
		colour       bool
		want         string
	}{
		{"/x", "", false, "# 200 GET /x 0s\n"},
		{"/x", "", true, "# \x1b[32m200\x1b[0m GET /x 0s\n"},
		{"/%1b[31m?do=refuse", "", true, "# \x1b[33m404\x1b[0m GET /%1b[31m 0s\n"},
		{"/x?do=fail", "", true, "# \x1b[31m502\x1b[0m GET /x 0s\n"},
		{"/x?do=break", "", true, "# \x1b[31m---\x1b[0m GET /x 0s\n"},
		{"/1/execute", `{"entity": "issues", "action": "list"}`, false, "# 200 GET /1/execute \"issues.list\" 0s\n"},
		{"/1/execute", `{"entity": "\u001b", "action": "list"}`, false, "# 200 GET /1/execute \"\\x1b.list\" 0s\n"},
		{"/1/execute", "no JSON", false, "# 200 GET /1/execute 0s\n"},
		{"/1/execute", `{"action": "` + strings.Repeat("x", 70<<10) + `"}`, false, "# 200 GET /1/execute 0s\n"},
	} {
		synctest.Test(t, func(t *testing.T) { // in which nothing takes time
			var out strings.Builder
			func() {
				defer func() { _ = recover() }()
				req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, tc.target, strings.NewReader(tc.body))
				(&watcher{service: service, colour: tc.colour, out: &out}).ServeHTTP(httptest.NewRecorder(), req)
			}()
			if out.String() != tc.want {
				t.Errorf("%s: %q, want %q", tc.target, out.String(), tc.want)
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	for _, args := range [][]string{{"-addr", "256.0.0.1:x"}, {"-token-lifetime", "0s"}, {"-latency", "-1s"}, {"more"}, {"-nonsense"}, {"-fault", "createToken"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}

func TestParseFault(t *testing.T) {
	retryAfter := func(s string) http.Header { return http.Header{"Retry-After": {s}} }
	for _, tc := range []struct {
		value string
		want  agentstest.Fault
		text  string
	}{
		{"createToken=503", agentstest.Fault{Operation: "createToken", Status: 503}, "createToken: respond with 503 Service Unavailable, once"},
		{"issues.list=429,retry-after=600,times=-1", agentstest.Fault{Entity: "issues", Action: "list", Status: 429, Header: retryAfter("600"), Times: -1},
			"issues.list: respond with 429 Too Many Requests with Retry-After: 600, every time"},
		{"executeConnector=429", agentstest.Fault{Operation: "executeConnector", Status: 429}, "executeConnector: respond with 429 Too Many Requests with Retry-After: 1, once"},
		{"*.*=reset", agentstest.Fault{Operation: "executeConnector", Reset: true}, "executeConnector: break the connection before the request takes effect, once"},
		{"*.list=lost,times=2", agentstest.Fault{Action: "list", Lost: true, Times: 2}, "*.list: break the connection after the request took effect, 2 times"},
		{"a.b.*=truncate=5", agentstest.Fault{Entity: "a.b", Truncate: 5}, "a.b.*: break the connection after 5 bytes of the body, once"},
		{"*=delay=1.5s, rate=0.25, after=2", agentstest.Fault{Delay: 1500 * time.Millisecond, Rate: 0.25, After: 2},
			"*: wait 1.5s, then respond as usual, once, from request 3 on, with probability 0.25"},
		{"*=500,truncate=0,delay=1s", agentstest.Fault{Status: 500, Truncate: -1, Delay: time.Second},
			"*: wait 1s, then respond with 500 Internal Server Error and break the connection after 0 bytes of the body, once"},
	} {
		got, err := parseFault(tc.value)
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %+v, %v", tc.value, got, err)
			continue
		}
		if text := describeFault(got); text != tc.text {
			t.Errorf("%s: %q, want %q", tc.value, text, tc.text)
		}
		agentstest.New().Inject(got) // panics if it is not valid
	}
}

func TestParseFaultRefuses(t *testing.T) {
	for value, want := range map[string]string{
		"":                               "target=effect",
		"issues.list":                    "target=effect",
		"issues.list=":                   "target=effect",
		"=503":                           "unknown target",
		"listIssues=503":                 "unknown target",
		".list=503":                      "unknown target",
		"issues.=503":                    "unknown target",
		"issues.list=99":                 "200 to 599",
		"issues.list=600":                "200 to 599",
		"issues.list=503,500":            "more than one status",
		"issues.list=fail":               `"fail"`,
		"issues.list=503,":               `""`,
		"issues.list=503,until=5":        `"until"`,
		"issues.list=times=2":            "no effect",
		"issues.list=reset=1":            "no value",
		"issues.list=reset,lost":         "more than one effect",
		"issues.list=lost,503":           "more than one effect",
		"issues.list=503,times=0":        "times=0",
		"issues.list=503,times=x":        "times=x",
		"issues.list=503,times=2,times=": "more than one times",
		"issues.list=503,after=-1":       "after=-1",
		"issues.list=503,rate=1.5":       "rate=1.5",
		"issues.list=503,rate=NaN":       "rate=NaN",
		"issues.list=delay=2":            "delay=2",
		"issues.list=truncate=-1":        "truncate=-1",
		"issues.list=503,retry-after=1s": "retry-after=1s",
		"issues.list=retry-after=1,lost": "retry-after needs",
	} {
		if _, err := parseFault(value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", value, err, want)
		}
	}
}

// Help lists what a fault can be about, and the address that is printed works.
func TestHelpListsOperations(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"-h"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, name := range agentstest.Operations() {
		if !strings.Contains(out.String(), "  "+name+"\n") {
			t.Errorf("help does not list %s", name)
		}
	}
}

func TestAddressWithoutAHost(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-addr", ":0"}, write, io.Discard)
		_ = write.Close()
	}()
	host := ""
	for lines := bufio.NewScanner(read); lines.Scan(); {
		if at, found := strings.CutPrefix(lines.Text(), "export AIRBYTE_API_HOST="); found {
			host = at
		}
		if strings.HasPrefix(lines.Text(), "# Stop it") {
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, read) }()
	if !strings.HasPrefix(host, "http://localhost:") && !strings.HasPrefix(host, "http://127.0.0.1:") { // plain http is for loopback addresses
		t.Errorf("the address is %s", host)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, host+"/api/v1/workspaces", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("status %d", resp.StatusCode)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
