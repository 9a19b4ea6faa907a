package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// file is a response with a file.
func file(content string, headers ...string) reply {
	return says(200, content, append([]string{"Content-Type", "application/octet-stream"}, headers...)...)
}

// unsized is like file, without a length.
func unsized(content string) reply {
	return sends(200, func(*http.Request) io.Reader { return strings.NewReader(content) }, -1, "Content-Type", "application/octet-stream")
}

func download(t *testing.T, answer reply, opts ...client.ExecuteOption) (*client.Download, error) {
	t.Helper()
	return connectorOf(newClient(t, serve(t, answer))).Download(t.Context(), "files", client.Params{"id": 1}, opts...)
}

func mustDownload(t *testing.T, answer reply, opts ...client.ExecuteOption) *client.Download {
	t.Helper()
	d, err := download(t, answer, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestDownload(t *testing.T) {
	s := serve(t, file("hello", "Content-Disposition", `attachment; filename="a.txt"`, "Content-Type", "text/plain; charset=utf-8"))
	d, err := connectorOf(newClient(t, s)).Download(t.Context(), "files", client.Params{"id": 1}, client.WithIntent("to read it"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.Filename != "a.txt" || d.ContentType != "text/plain; charset=utf-8" || d.Size != 5 {
		t.Errorf("%v", d)
	}
	if err := iotest.TestReader(io.LimitReader(d, 5), []byte("hello")); err != nil {
		t.Error(err)
	}
	if n, err := d.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("after the end: %d %v", n, err)
	}
	r := s.requests()[0]
	if body := r.decoded(t); r.Path != executePath || body["action"] != "download" || body["entity"] != "files" || body["intent"] != "to read it" || fmt.Sprint(body["params"]) != "map[id:1]" {
		t.Errorf("%s %v", r.Path, body)
	}
	if d := mustDownload(t, unsized("hello")); d.Size != -1 || d.Filename != "" {
		t.Errorf("%v", d)
	}
}

// A file of any size needs almost no memory and has no limit.
func TestDownloadStreams(t *testing.T) {
	const size = 128 << 20
	s := serve(t, sends(200, func(*http.Request) io.Reader { return io.LimitReader(zeros{}, size) }, size, "Content-Type", "application/zip"))
	d, err := connectorOf(newClient(t, s, client.WithMaxResponseBytes(1000))).Download(t.Context(), "files", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	buf := make([]byte, 64<<10)
	n, peak := 0, uint64(0)
	for {
		k, err := d.Read(buf)
		if n += k; err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if n%(64<<20) < len(buf) {
			runtime.GC()
			runtime.ReadMemStats(&after)
			peak = max(peak, after.HeapAlloc)
		}
	}
	if n != size {
		t.Errorf("read %d bytes", n)
	}
	if peak > before.HeapAlloc+1<<20 {
		t.Errorf("the heap grew by %d bytes", peak-before.HeapAlloc)
	}
}

func TestDownloadProgress(t *testing.T) {
	type call struct{ done, total int64 }
	for _, tc := range []struct {
		answer reply
		total  int64
	}{{file("abcdef"), 6}, {unsized("abcdef"), -1}} {
		var calls []call
		d := mustDownload(t, tc.answer, client.WithProgress(func(done, total int64) { calls = append(calls, call{done, total}) }))
		for {
			if _, err := d.Read(make([]byte, 4)); err != nil {
				break
			}
		}
		if want := []call{{4, tc.total}, {6, tc.total}}; fmt.Sprint(calls) != fmt.Sprint(want) {
			t.Errorf("told %v, want %v", calls, want)
		}
	}
}

func TestEmptyDownload(t *testing.T) {
	t.Run("known", func(t *testing.T) {
		for name, answer := range map[string]reply{
			"a file": file(""), "204": says(204, ""), "204 of HTTP/2": sends(204, func(*http.Request) io.Reader { return strings.NewReader("") }, -1), "JSON": says(200, ""), "HTML": says(200, "", "Content-Type", "text/html"),
			"no type": says(200, "", "Content-Type", ""),
		} {
			d, err := download(t, answer)
			if err == nil {
				t.Fatalf("%s: %v", name, d)
			}
			wantKinds(t, err, "ErrEmptyDownload")
			if e := asError(t, err); e.StatusCode/100 != 2 || e.Attempts != 1 || e.Path != executePath {
				t.Errorf("%#v", *e)
			}
		}
	})
	t.Run("unknown", func(t *testing.T) {
		d := mustDownload(t, unsized(""))
		n, err := d.Read(make([]byte, 10))
		wantKinds(t, err, "ErrEmptyDownload")
		if n != 0 {
			t.Errorf("read %d bytes", n)
		}
	})
	t.Run("from Save", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "f")
		n, err := mustDownload(t, unsized("")).Save(path)
		wantKinds(t, err, "ErrEmptyDownload")
		if n != 0 {
			t.Errorf("saved %d bytes", n)
		}
		wantDir(t, filepath.Dir(path))
	})
}

func TestDownloadThatIsNoFile(t *testing.T) {
	for _, tc := range []struct {
		name  string
		reply reply
		kind  string
		text  []string
		code  string
	}{
		{"failure", says(200, `{"status":"error","error":{"code":"not_found","message":"no such file"}}`), "ErrExecution", []string{"no such file", "download files"}, "not_found"},
		{"failure without a reason", says(200, `{"status":"failed","result":null}`), "ErrExecution", []string{"failed"}, ""},
		{"success", says(200, `{"status":"success","result":{"url":"x"}}`), "ErrBadResponse", []string{"instead of the file"}, ""},
		{"another JSON type", says(200, `{"status":"error","message":"nope"}`, "Content-Type", "application/problem+json; charset=utf-8"), "ErrExecution", []string{"nope"}, ""},
		{"broken", says(200, `{"status":`), "ErrNetwork", []string{"incomplete"}, ""},
		{"refused", says(403, `{"message":"not yours"}`), "ErrForbidden", []string{"not yours"}, ""},
		{"large", sends(200, func(*http.Request) io.Reader {
			return io.MultiReader(strings.NewReader(`{"result":"`), io.LimitReader(zeros{}, 65<<20))
		}, -1), "ErrResponseTooLarge", nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d, err := download(t, tc.reply)
			if err == nil {
				t.Fatalf("got %v", d)
			}
			wantKinds(t, err, tc.kind)
			wantText(t, err, tc.text...)
			if e := asError(t, err); e.Code != tc.code || e.Attempts != 1 || e.StatusCode == 0 {
				t.Errorf("%#v", *e)
			}
		})
	}
	t.Run("a JSON file", func(t *testing.T) {
		d := mustDownload(t, says(200, `{"status":"error"}`, "Content-Disposition", "attachment; filename=report.json"))
		got, err := io.ReadAll(d)
		if err != nil || string(got) != `{"status":"error"}` || d.Filename != "report.json" {
			t.Errorf("%s %v %v", got, d, err)
		}
	})
}

// Execute runs the action download if the service is asked to respond with
// JSON. It refuses a file, and says which method reads files.
func TestExecuteDownload(t *testing.T) {
	file := says(200, "a,b", "Content-Type", "text/csv", "Content-Disposition", "attachment; filename=x.csv")
	for _, answer := range []reply{file, says(200, `[1]`, "Content-Disposition", "attachment")} {
		conn := connectorOf(newClient(t, serve(t, answer)))
		_, err := conn.Execute(t.Context(), "files", "download", client.Params{"id": 1})
		wantText(t, err, "execute files.download", "Connector.Download")
		_, _, err = client.Execute[any](t.Context(), conn, "files", "download", client.Params{"id": 1})
		wantText(t, err, "Connector.Download")
	}
	s := serve(t, ok(`{"part":1,"next_range_header":"bytes=65536-131071"}`), ok(`{"part":2,"next_range_header":null}`))
	conn := connectorOf(newClient(t, s))
	params := client.Params{"id": 1, "_airbyte_response_type": "json"}
	for params != nil {
		r, err := conn.Execute(t.Context(), "files", "download", params, client.WithPager(func(page *client.Result, params client.Params) (client.Params, error) {
			var part struct {
				Next string `json:"next_range_header"`
			}
			if err := page.Decode(&part); err != nil || part.Next == "" {
				return nil, err
			}
			params["range_header"] = part.Next
			return params, nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		if params, err = r.NextParams(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.wantSent(t, 2)
	if got, _ := s.requests()[1].decoded(t)["params"].(map[string]any); got["range_header"] != "bytes=65536-131071" || got["id"] != 1.0 {
		t.Errorf("asked for %v", got)
	}
}

func TestDownloadBreaksOff(t *testing.T) {
	d := mustDownload(t, sends(200, func(*http.Request) io.Reader {
		return &breaksOff{strings.NewReader("half"), errReset}
	}, 8, "Content-Type", "text/csv", "X-Request-Id", "r-1"))
	got, err := io.ReadAll(d)
	if string(got) != "half" || !errors.Is(err, errReset) {
		t.Errorf("%q %v", got, err)
	}
	if e := asError(t, err); e.RequestID != "r-1" || e.StatusCode != 200 {
		t.Errorf("%#v", *e)
	}

	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, sends(200, func(r *http.Request) io.Reader { return &stuck{strings.NewReader("half"), r.Context()} }, -1, "Content-Type", "text/csv"))
	d, err = connectorOf(newClient(t, s)).Download(ctx, "files", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	cancel()
	if _, err = io.ReadAll(d); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	asError(t, err)
}

// wantDir checks the names in a directory.
func wantDir(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d files are there: %q, want %q", len(got), got, want)
	}
}

func wantContent(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("the file has %q, want %q: %v", got, want, err)
	}
}

func TestSave(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.csv")
	d := mustDownload(t, file("new"))
	n, err := d.Save(path)
	if err != nil || n != 3 {
		t.Errorf("%d %v", n, err)
	}
	wantContent(t, path, "new")
	wantDir(t, filepath.Dir(path), "report.csv")
	if _, err := d.Save(path); err == nil {
		t.Error("a download that was saved can be saved again")
	}
	if n, err := mustDownload(t, unsized("newer")).Save(path); err != nil || n != 5 {
		t.Errorf("%d %v", n, err)
	}
	wantContent(t, path, "newer")
	t.Chdir(filepath.Dir(path))
	if _, err := mustDownload(t, file("newest")).Save("report.csv"); err != nil {
		t.Error(err)
	}
	wantContent(t, path, "newest")
}

func TestSaveFails(t *testing.T) {
	half := sends(200, func(*http.Request) io.Reader { return &breaksOff{strings.NewReader("half"), errReset} }, 8, "Content-Type", "text/csv")
	short := sends(200, func(*http.Request) io.Reader { return &breaksOff{strings.NewReader("half"), io.ErrUnexpectedEOF} }, 8, "Content-Type", "text/csv")
	for name, answer := range map[string]reply{"reset": half, "short": short, "empty": unsized("")} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "report.csv")
			if err := os.WriteFile(path, []byte("good"), 0o600); err != nil {
				t.Fatal(err)
			}
			n, err := mustDownload(t, answer).Save(path)
			if err == nil || n != 0 {
				t.Errorf("%d %v", n, err)
			}
			asError(t, err)
			wantContent(t, path, "good")
			wantDir(t, filepath.Dir(path), "report.csv")
			// No new file appears, either.
			if _, err := mustDownload(t, answer).Save(filepath.Join(filepath.Dir(path), "other")); err == nil {
				t.Error("no error")
			}
			wantDir(t, filepath.Dir(path), "report.csv")
		})
	}
	t.Run("a directory", func(t *testing.T) {
		dir := t.TempDir()
		_, err := mustDownload(t, file("x")).Save(dir)
		asError(t, err)
		wantText(t, err, "not a regular file", "Filename")
		wantDir(t, dir)
	})
	t.Run("no directory", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "no", "f")
		_, err := mustDownload(t, file("x")).Save(path)
		asError(t, err)
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), ".download") {
			t.Error(err)
		}
	})
	t.Run("no path", func(t *testing.T) {
		t.Chdir(t.TempDir())
		if _, err := mustDownload(t, file("x")).Save(""); err == nil {
			t.Error("saved to no path")
		}
		wantDir(t, ".")
	})
	t.Run("read before", func(t *testing.T) {
		d := mustDownload(t, file("abc"))
		if _, err := d.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		_, err := d.Save(filepath.Join(dir, "f"))
		wantText(t, err, "was read already")
		wantDir(t, dir)
	})
	t.Run("closed before", func(t *testing.T) {
		d := mustDownload(t, file("abc"))
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Errorf("closing twice: %v", err)
		}
	})
}

func TestSaveKeepsWhatWasThere(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permissions and links are others there")
	}
	t.Run("permissions", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "f")
		for _, mode := range []fs.FileMode{0o600, 0o640, 0o444, 0o755} {
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			if _, err := mustDownload(t, file("new")).Save(path); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm() != mode {
				t.Errorf("%v became %v (%v)", mode, info.Mode(), err)
			}
			wantContent(t, path, "new")
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("a link", func(t *testing.T) {
		dir := t.TempDir()
		target, link := filepath.Join(dir, "v1"), filepath.Join(dir, "current")
		if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("v1", link); err != nil {
			t.Fatal(err)
		}
		if _, err := mustDownload(t, file("new")).Save(link); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("the link is %v (%v)", info.Mode(), err)
		}
		wantContent(t, target, "new")
		wantDir(t, dir, "current", "v1")
	})
	t.Run("a link to nothing", func(t *testing.T) {
		dir := t.TempDir()
		link := filepath.Join(dir, "current")
		if err := os.Symlink("v1", link); err != nil {
			t.Fatal(err)
		}
		if _, err := mustDownload(t, file("new")).Save(link); err != nil {
			t.Fatal(err)
		}
		wantContent(t, link, "new")
	})
}

// The name is read by internal/filename, where the rest is tested.
func TestFilename(t *testing.T) {
	for header, want := range map[string]string{
		`attachment; filename="naive.txt"; filename*=UTF-8'en'na%C3%AFve.txt`: "naïve.txt",
		`attachment; filename="../../etc/passwd"`:                             "passwd",
		`attachment`: "",
	} {
		if d := mustDownload(t, file("x", "Content-Disposition", header)); d.Filename != want {
			t.Errorf("%s gives %q, want %q", header, d.Filename, want)
		}
	}
}

func TestDownloadPrintsNothingOfItsContent(t *testing.T) {
	d := mustDownload(t, file("the content", "Content-Disposition", "attachment; filename=a.txt"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		var b bytes.Buffer
		fmt.Fprintf(&b, verb, d)
		if got := b.String(); !strings.Contains(got, "a.txt") || strings.Contains(got, "content") || strings.Contains(got, stubToken) {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

// A file that only its owner may read is never readable by others, also not in part
// while it is replaced.
func TestSaveKeepsPermissionsFromTheStart(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has access control lists instead of these permissions")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "report.pdf")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	var seen []fs.FileMode
	look := func(int64, int64) {
		temps, err := filepath.Glob(filepath.Join(dir, ".download-*"))
		if err != nil {
			t.Error(err)
		}
		for _, name := range temps {
			if info, err := os.Stat(name); err == nil {
				seen = append(seen, info.Mode().Perm())
			}
		}
	}
	s := serve(t, sends(200, func(*http.Request) io.Reader { return strings.NewReader(strings.Repeat("x", 100_000)) }, -1, "Content-Type", "application/pdf"))
	d, err := connectorOf(newClient(t, s)).Download(t.Context(), "files", nil, client.WithProgress(look))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	if len(seen) == 0 || slices.ContainsFunc(seen, func(m fs.FileMode) bool { return m != 0o600 }) {
		t.Errorf("while the file was written its permissions were %v, want 0600", seen)
	}
}

// A stalls reader returns its text, and then nothing until ctx ends, as the body of
// net/http does.
type stalls struct {
	ctx   context.Context
	text  io.Reader
	pause time.Duration // between the bytes
}

func (s *stalls) Read(p []byte) (int, error) {
	time.Sleep(s.pause)
	if n, err := s.text.Read(p[:1]); err == nil {
		return n, nil
	}
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

// A download may take any time, but not without a byte.
func TestDownloadThatStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := func(text string, opts ...client.Option) *client.Download {
			s := serve(t, sends(200, func(req *http.Request) io.Reader {
				return &stalls{ctx: req.Context(), text: strings.NewReader(text), pause: time.Second}
			}, -1, "Content-Type", "application/pdf"))
			d, err := connectorOf(newClient(t, s, opts...)).Download(t.Context(), "files", nil)
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		start := time.Now()
		path := filepath.Join(t.TempDir(), "f")
		d := open("a file", client.WithAttemptTimeout(3*time.Second))
		_, err := d.Save(path)
		wantKinds(t, err, "ErrNetwork")
		wantText(t, err, "no byte of the file came")
		if !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a file that stalls: %v", err)
		}
		if took := time.Since(start); took != 9*time.Second {
			t.Errorf("it took %v", took)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("a part was saved")
		}

		// Who reads slowly is not hurried.
		d = open("ab", client.WithAttemptTimeout(3*time.Second))
		for range 2 {
			time.Sleep(time.Hour)
			if n, err := d.Read(make([]byte, 10)); n != 1 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}

		// Without a limit, it is up to the ctx.
		d = open("ab", client.WithAttemptTimeout(0))
		time.AfterFunc(time.Hour, func() { _ = d.Close() })
		if _, err := io.ReadAll(d); err == nil || time.Since(start) < time.Hour {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}
