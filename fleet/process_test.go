package fleet_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/valkey-io/valkey-go"

	"github.com/airbyte-agents/airbyte-agents-go/fleet"
)

// roles are what a process of a test can be; see spawn.
var roles = map[string]func(task){}

// A task is what a process of a test has to do.
type task struct {
	Role    string
	Store   string // address of the server
	Service string // URL of the in-memory service
	Gate    bool
	Workers int
	For     time.Duration
}

const taskEnv = "FLEET_TEST_TASK"

// TestMain is the main function of the processes of tests, too.
func TestMain(m *testing.M) {
	if text := os.Getenv(taskEnv); text != "" {
		var t task
		if err := json.Unmarshal([]byte(text), &t); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		roles[t.Role](t)
		return
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil { // most of the time, the tests wait
		panic(err)
	}
	os.Exit(m.Run())
}

// A process is a process of a test.
type process struct {
	t     testing.TB
	cmd   *exec.Cmd
	lines *bufio.Scanner
	in    io.Writer
}

// spawn starts a process, which is this program in another role.
func spawn(t testing.TB, what task) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(what)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), taskEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t, cmd, bufio.NewScanner(out), in}
	t.Cleanup(p.kill)
	return p
}

// line returns the next line that the process prints.
func (p *process) line() string {
	p.t.Helper()
	if !p.lines.Scan() {
		p.t.Fatalf("the process printed no line: %v", p.lines.Err())
	}
	return p.lines.Text()
}

// start lets a process begin that has said that it is ready.
func (p *process) start() {
	p.t.Helper()
	if _, err := io.WriteString(p.in, "start\n"); err != nil {
		p.t.Fatal(err)
	}
}

// ready is called by a process, and returns when it may begin.
func ready() {
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
}

// kill ends the process with SIGKILL.
func (p *process) kill() {
	if p.cmd != nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		p.cmd = nil
	}
}

func init() {
	roles["holder"] = func(t task) {
		v, err := valkey.NewClient(valkey.ClientOption{InitAddress: []string{t.Store}, ForceSingleClient: t.Workers == 0})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		_, _ = fleet.New(v).Do(context.Background(), "killed", nil, func(context.Context) ([]byte, time.Duration, error) {
			fmt.Println("filling")
			time.Sleep(time.Hour)
			return nil, 0, nil
		})
	}
}

// A process that is killed in the middle of a fill is replaced by one that waits.
func testHolderIsKilled(t *testing.T, addr string, m mode) {
	t.Helper()
	workers := 0
	if m.name == "cluster" {
		workers = 1
	}
	holder := spawn(t, task{Role: "holder", Store: addr, Workers: workers})
	if got := holder.line(); got != "filling" {
		t.Fatal(got)
	}
	src := new(source)
	done := make(chan string, 8)
	list := fleets(t, addr, m, 8)
	for _, f := range list {
		go func() {
			v, err := f.Do(t.Context(), "killed", nil, src.fill)
			done <- fmt.Sprint(string(v), err)
		}()
	}
	time.Sleep(4 * time.Second) // longer than a lease
	if n := src.n.Load(); n != 0 {
		t.Fatalf("%d fills beside a living holder", n)
	}
	holder.kill()
	killed := time.Now()
	for range list {
		if got, want := <-done, fmt.Sprint(value(1), error(nil)); got != want {
			t.Errorf("got %q", got)
		}
	}
	if d := time.Since(killed); d > 5*time.Second {
		t.Errorf("the holder was replaced after %v", d)
	}
	if n := src.n.Load(); n != 1 {
		t.Errorf("%d fills, want 1", n)
	}
}
