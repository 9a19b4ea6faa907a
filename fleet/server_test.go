package fleet_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valkey-io/valkey-go"

	"github.com/airbyte-agents/airbyte-agents-go/fleet"
)

// A server is a Valkey or Redis server of a test.
type server struct {
	t    testing.TB
	bin  string
	args []string
	port int
	cmd  *exec.Cmd
}

// startServer starts a server on a free port.
func startServer(t testing.TB, args ...string) *server {
	t.Helper()
	var bin string
	for _, name := range []string{"valkey-server", "redis-server"} {
		if path, err := exec.LookPath(name); err == nil {
			bin = path
			break
		}
	}
	if bin == "" {
		const text = "neither valkey-server nor redis-server is on PATH"
		if os.Getenv("REQUIRE_VALKEY") != "" {
			t.Fatal(text)
		}
		t.Skip(text)
	}
	s := &server{t: t, bin: bin, port: freePort(t)}
	s.args = append([]string{"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--rdbcompression", "no", "--dir", t.TempDir(), "--loglevel", "warning"}, args...)
	s.start()
	t.Cleanup(s.kill)
	return s
}

// freePort returns a port that is free, and so is that of a cluster's bus. The kernel
// gives neither to anything else.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 10000 + rand.N(12000)
		if isFree(port) && isFree(port+10000) {
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

func isFree(port int) bool {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err == nil {
		_ = l.Close()
	}
	return err == nil
}

func (s *server) addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command(s.bin, s.args...)
	var out strings.Builder
	s.cmd.Stdout, s.cmd.Stderr = &out, &out
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	for range 500 {
		if s.answers() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.kill()
	s.t.Fatalf("the server does not start: %s", out.String())
}

// answers reports whether the server answers, and not that of another test.
func (s *server) answers() bool {
	c, err := net.DialTimeout("tcp", s.addr(), time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := io.WriteString(c, "INFO server\r\nQUIT\r\n"); err != nil {
		return false
	}
	text, err := io.ReadAll(c)
	return err == nil && strings.Contains(string(text), fmt.Sprintf("process_id:%d\r\n", s.cmd.Process.Pid))
}

// kill ends the server as a crash does.
func (s *server) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// A mode is a way to connect.
type mode struct {
	name string
	opt  func(*valkey.ClientOption)
}

var (
	caching = mode{"caching", func(*valkey.ClientOption) {}}
	plain   = mode{"without caching", func(o *valkey.ClientOption) { o.DisableCache = true }}
	resp2   = mode{"RESP2", func(o *valkey.ClientOption) { o.DisableCache, o.AlwaysRESP2 = true, true }}
)

// connect returns a client of the server at addr. It returns one even if there is no
// server.
func connect(t testing.TB, addr string, m mode) valkey.Client {
	t.Helper()
	o := valkey.ClientOption{InitAddress: []string{addr}, ForceSingleClient: true, RingScaleEachConn: 8, ReadBufferEachConn: 1 << 14, WriteBufferEachConn: 1 << 14}
	m.opt(&o)
	v, err := valkey.NewClient(o)
	if v == nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// fleets returns fleets that stand for so many processes.
func fleets(t testing.TB, addr string, m mode, n int, opts ...fleet.Option) []*fleet.Fleet {
	t.Helper()
	var list []*fleet.Fleet
	for range n {
		list = append(list, fleet.New(connect(t, addr, m), opts...))
	}
	return list
}

// startCluster starts a cluster of three nodes.
func startCluster(t testing.TB) []string {
	t.Helper()
	ctx := t.Context()
	var addrs []string
	var nodes []valkey.Client
	for range 3 {
		s := startServer(t, "--cluster-enabled", "yes", "--cluster-config-file", filepath.Join(t.TempDir(), "nodes.conf"))
		addrs = append(addrs, s.addr())
		nodes = append(nodes, connect(t, s.addr(), plain))
	}
	do := func(v valkey.Client, words ...string) string {
		t.Helper()
		text, err := v.Do(ctx, v.B().Arbitrary(words...).Build()).ToString()
		if err != nil {
			t.Fatalf("%v: %v", words, err)
		}
		return text
	}
	for i, v := range nodes {
		do(v, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(i*5461), strconv.Itoa(i*5461+5460+i/2))
		if i > 0 {
			host, port, _ := net.SplitHostPort(addrs[0])
			do(v, "CLUSTER", "MEET", host, port)
		}
	}
	for _, v := range nodes {
		for range 1000 {
			if strings.Contains(do(v, "CLUSTER", "INFO"), "cluster_state:ok") && strings.Contains(do(v, "CLUSTER", "INFO"), "cluster_known_nodes:3") {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return addrs
}

// A proxy forwards connections to a server, until it stalls.
type proxy struct {
	l  net.Listener
	to string

	mu      sync.Mutex
	stalled chan struct{} // closed when the proxy goes on; nil if it does not stall
}

func startProxy(t testing.TB, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{l: l, to: to}
	t.Cleanup(func() { p.resume(); _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

func (p *proxy) addr() string { return p.l.Addr().String() }

// stall makes the proxy forward nothing, and close nothing.
func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stalled == nil {
		p.stalled = make(chan struct{})
	}
}

func (p *proxy) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stalled != nil {
		close(p.stalled)
		p.stalled = nil
	}
}

func (p *proxy) wait() {
	p.mu.Lock()
	stalled := p.stalled
	p.mu.Unlock()
	if stalled != nil {
		<-stalled
	}
}

func (p *proxy) serve(c net.Conn) {
	defer c.Close()
	p.wait()
	s, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer s.Close()
	go p.copy(s, c)
	p.copy(c, s)
}

func (p *proxy) copy(to, from net.Conn) {
	defer to.Close()
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		p.wait()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// dump returns everything that is on a server: names of keys and values.
func dump(t testing.TB, addr string) string {
	t.Helper()
	ctx := context.Background()
	v := connect(t, addr, plain)
	keys, err := v.Do(ctx, v.B().Keys().Pattern("*").Build()).AsStrSlice()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, key := range keys {
		value, err := v.Do(ctx, v.B().Dump().Key(key).Build()).ToString()
		if err != nil && !valkey.IsValkeyNil(err) {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s = %s\n", key, value)
		if ttl, err := v.Do(ctx, v.B().Pttl().Key(key).Build()).AsInt64(); err != nil || ttl == -1 || ttl > time.Hour.Milliseconds() {
			t.Errorf("%s lasts for %d ms, %v", key, ttl, err)
		}
	}
	return b.String()
}
