package client_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// The bytes of a download are those that its name promises, whatever was compressed on
// the way.
func TestDownloadOfWhatIsCompressed(t *testing.T) {
	const text = "a,b\n1,2\n"
	packed := zipped(text)
	for name, tt := range map[string]struct {
		body     string
		encoding string
		file     string
		want     string
		wantFile string
	}{
		"plain":                           {text, "", "a.csv", text, "a.csv"},
		"identity":                        {text, "identity", "a.csv", text, "a.csv"},
		"compressed for the way":          {packed, "gzip", "a.csv", text, "a.csv"},
		"without a name":                  {packed, "gzip", "", text, ""},
		"a compressed file":               {packed, "", "a.csv.gz", packed, "a.csv.gz"},
		"a compressed file that says so":  {packed, "gzip", "a.csv.gz", packed, "a.csv.gz"},
		"an archive that says so":         {packed, "x-gzip", "a.TGZ", packed, "a.TGZ"},
		"an archive, compressed again":    {zipped(packed), "gzip", "a.tgz", packed, "a.tgz"},
		"a small file that says so":       {zipped("x"), "gzip", "a.gz", zipped("x"), "a.gz"},
		"a name that lies by itself":      {text, "", "a.gz", text, "a.gz"},
		"a name that lies, as a gzip":     {text, "gzip", "a.gz", text, "a.gz"},
		"JSON, compressed for the way":    {zipped(`[1]`), "gzip", "a.json", `[1]`, "a.json"},
		"a large one, compressed again":   {zipped(zipped(strings.Repeat(text, 50_000))), "gzip", "a.gz", zipped(strings.Repeat(text, 50_000)), "a.gz"},
		"a large one, compressed for way": {zipped(strings.Repeat(text, 50_000)), "gzip", "a.csv", strings.Repeat(text, 50_000), "a.csv"},
	} {
		t.Run(name, func(t *testing.T) {
			headers := []string{"Content-Type", "text/csv", "Content-Encoding", tt.encoding}
			if tt.file != "" {
				headers = append(headers, "Content-Disposition", `attachment; filename="`+tt.file+`"`)
			}
			s := serve(t, says(200, tt.body, headers...))
			d, err := connectorOf(newClient(t, s)).Download(t.Context(), "files", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			size := d.Size
			got, err := io.ReadAll(d)
			if string(got) != tt.want || err != nil || d.Filename != tt.wantFile {
				t.Errorf("%d bytes in %q, want %d in %q (%v)", len(got), d.Filename, len(tt.want), tt.wantFile, err)
			}
			if size >= 0 && size != int64(len(got)) {
				t.Errorf("%d bytes, and the size was %d", len(got), size)
			}
			if asked := s.requests()[0].Header.Get("Accept-Encoding"); asked != "gzip" {
				t.Errorf("Accept-Encoding: %q", asked)
			}
		})
	}
	_, err := download(t, says(200, "\x0b\x01", "Content-Type", "text/csv", "Content-Encoding", "br"))
	wantKinds(t, err, "ErrBadResponse")
	wantText(t, err, `encoded with "br"`)
	d := mustDownload(t, says(200, packed[:len(packed)-6], "Content-Type", "text/csv", "Content-Encoding", "gzip"))
	if _, err := io.ReadAll(d); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a gzip that is cut off: %v", err)
	}
}

// An unpacking transport decompresses what it gets, as that of a program may.
type unpacking struct{ rt http.RoundTripper }

func (u unpacking) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := u.rt.RoundTrip(req)
	if err == nil && resp.Header.Get("Content-Encoding") == "gzip" {
		resp.Header.Del("Content-Encoding")
		resp.ContentLength, resp.Uncompressed = -1, true
	}
	return resp, err
}

func TestDownloadThatATransportUnpacked(t *testing.T) {
	for body, want := range map[string]string{"text": "data.tar", zipped("text"): "data.tgz"} {
		s := serve(t, says(200, body, "Content-Type", "application/gzip", "Content-Encoding", "gzip", "Content-Disposition", "attachment; filename=data.tgz"))
		d, err := connectorOf(newClient(t, unpacking{s})).Download(t.Context(), "files", nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(d)
		if string(got) != body || err != nil || d.Filename != want {
			t.Errorf("%q in %q, want %q (%v)", got, d.Filename, want, err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// JSON is a file unless it is an envelope.
func TestDownloadOfJSON(t *testing.T) {
	large := `{"rows":["` + strings.Repeat("x", 3<<20) + `"],"status":"success"}`
	for _, text := range []string{
		`[]`, `[{"status":"error"}]`, `{}`, `"text"`, `7`, `null`, `{"a":1}`, `{"status":7}`, `{"status":null,"x":{"status":"error"}}`, `{"data":{"status":"error"}}`,
		` {"type":"FeatureCollection","features":[]} `, "\ufeff[1]", "{\"a\":1}\n{\"a\":2}\n", large, `[` + strings.Repeat(`{"a":1},`, 100_000) + `{}]`, `{"a":[1,2`,
	} {
		for _, kind := range []string{"application/json", "application/vnd.api+json; charset=utf-8"} {
			d := mustDownload(t, says(200, text, "Content-Type", kind))
			if d.Size != int64(len(text)) || d.ContentType != kind {
				t.Errorf("%.40s: size %d, type %q", text, d.Size, d.ContentType)
			}
			if got, err := io.ReadAll(d); string(got) != text || err != nil {
				t.Errorf("%.40s: %d bytes, want %d (%v)", text, len(got), len(text), err)
			}
		}
	}
	failed := `{"result":"` + strings.Repeat("x", 1<<20) + `","connector_metadata":{},"status":"failed","error":"no such file"}`
	for text, kind := range map[string]string{
		`{"status":"failed","message":"no such file"}`: "ErrExecution", `{"x":1,"status":"error","error":{"message":"no such file"}}`: "ErrExecution",
		"\ufeff" + `{"status":"failed","message":"no such file"}`: "ErrExecution", failed: "ErrExecution", `{"status":`: "ErrNetwork", `{`: "ErrNetwork", `no such file`: "ErrBadResponse",
	} {
		_, err := download(t, says(200, text))
		wantKinds(t, err, kind)
		if kind != "ErrNetwork" {
			wantText(t, err, "no such file")
		}
	}
	// A file that breaks off is one that breaks off.
	d := mustDownload(t, sends(200, func(*http.Request) io.Reader { return &breaksOff{strings.NewReader(`[1,2,`), errReset} }, -1))
	if got, err := io.ReadAll(d); string(got) != `[1,2,` || !errors.Is(err, errReset) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSaveThroughLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there")
	}
	dir := t.TempDir()
	for _, sub := range []string{"data", "bin"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"bin/current": "../data/next", "first": "second", "second": "bin/current", "absolute": filepath.Join(dir, "data", "v2"), "inside": "data", "loop": "pool", "pool": "loop"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for path, target := range map[string]string{"first": "data/next", "absolute": "data/v2", "inside/new": "data/new"} {
		for _, text := range []string{"one", "two"} { // the target is not there at first
			if _, err := mustDownload(t, file(text)).Save(filepath.Join(dir, path)); err != nil {
				t.Fatal(err)
			}
			wantContent(t, filepath.Join(dir, target), text)
			info, err := os.Lstat(filepath.Join(dir, path))
			if link := path != "inside/new"; err != nil || (info.Mode()&fs.ModeSymlink != 0) != link {
				t.Errorf("%s became %v (%v)", path, info.Mode(), err)
			}
		}
	}
	wantDir(t, filepath.Join(dir, "data"), "new", "next", "v2")
	_, err := mustDownload(t, file("x")).Save(filepath.Join(dir, "loop"))
	asError(t, err)
	wantText(t, err, "links")
}

// A panic of the program's own function leaves no file behind.
func TestSaveWithProgressThatPanics(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := mustDownload(t, file("new"), client.WithProgress(func(int64, int64) { panic("the screen is full") }))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is the caller's")
			}
		}()
		_, _ = d.Save(path)
	}()
	wantDir(t, dir, "f")
	wantContent(t, path, "old")
}

// wantAdvice checks an error of Save: it names the path and not the temporary file.
func wantAdvice(t *testing.T, err error, path string, parts ...string) {
	t.Helper()
	asError(t, err)
	wantText(t, err, append(parts, path)...)
	if strings.Contains(err.Error(), ".download-") {
		t.Errorf("the error names a file that nobody knows: %v", err)
	}
}

// large is a file that does not fit on a small disk.
func large() reply { return file(string(bytes.Repeat([]byte("0123456789abcdef"), 64<<10))) }
