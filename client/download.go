package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
)

// A Download is a file that is being received. Read it like any [io.ReadCloser], from
// one goroutine at a time, or call Save. Reading fails once the ctx of the call that
// returned the Download is done. A Download must be closed; Save does that.
type Download struct {
	Filename    string // the name that the service sent, without directories and safe to use; may be ""
	ContentType string // such as "text/csv; charset=utf-8"; "" if the service does not say
	Size        int64  // in bytes; -1 if unknown

	body     io.ReadCloser
	fault    func(error) *Error // converts an error of body; nil means that body is empty
	n        int64
	progress func(done, total int64)
}

// WithProgress makes a [Download] call f after each read, with the number of bytes
// read so far and the size of the file, or -1 if that is unknown.
func WithProgress(f func(done, total int64)) ExecuteOption {
	return func(x *execution) { x.progress = f }
}

// Download runs the action "download" and returns the file as a stream, which may have
// any size and is not kept in memory. A file without bytes is an error that matches
// [ErrEmptyDownload], since the service sends no bytes for a file that does not exist.
// Download returns that error if the service sends the size; otherwise the first Read,
// or Save, does.
//
// If a network does not let streams pass, use [Connector.DownloadPieces].
func (c *Connector) Download(ctx context.Context, entity string, params Params, opts ...ExecuteOption) (*Download, error) {
	x := newExecution(entity, actionDownload, params, opts)
	call := &call{op: "download " + entity, name: "executeConnector", read: true, stream: true, about: x.about(c)}
	resp, err := c.send(ctx, x, call)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, refusal(call, resp)
	}
	fault := func(err error) *Error {
		if err != nil {
			_, e := call.unread(ctx, ctx, resp, err)
			return e
		}
		e := responseError(call, resp)
		e.kind = ErrEmptyDownload
		return e
	}
	if resp.ContentLength == 0 || resp.StatusCode == http.StatusNoContent {
		answer.Discard(resp.Body)
		return nil, fault(nil)
	}
	if isEnvelope(resp.Header) {
		defer answer.Discard(resp.Body)
		return nil, notAFile(ctx, x, call, resp)
	}
	return &Download{
		Filename:    filename(resp.Header.Get("Content-Disposition")),
		ContentType: resp.Header.Get("Content-Type"),
		Size:        resp.ContentLength,
		body:        resp.Body,
		fault:       fault,
		progress:    x.progress,
	}, nil
}

// notAFile returns the error for an envelope where a file was expected.
func notAFile(ctx context.Context, x *execution, call *call, resp *http.Response) error {
	_, err := readRaw(x, resp)
	if err == nil {
		err = &Error{Message: "the service sent JSON about the file instead of the file"}
	}
	_, e := call.unread(ctx, ctx, resp, err)
	return e
}

// Read implements [io.Reader]. Every error but io.EOF is an *Error.
func (d *Download) Read(p []byte) (int, error) {
	if d.body == nil {
		return 0, &Error{op: "read download", Message: "there is no download: Connector.Download returns one"}
	}
	n, err := d.body.Read(p)
	d.n += int64(n)
	if n > 0 && d.progress != nil {
		d.progress(d.n, d.Size)
	}
	switch {
	case err == nil:
		return n, nil
	case err == io.EOF && d.n > 0:
		return n, io.EOF
	case err == io.EOF:
		return n, d.fault(nil)
	}
	return n, d.fault(err)
}

// Close ends the download. It may be called before the end of the file is read.
func (d *Download) Close() error {
	if d.body == nil {
		return nil
	}
	return d.body.Close()
}

// Save writes the file to path, whose directory must exist, and closes the download.
// It returns the number of bytes written. It returns an error if part of the file has
// been read already. The file appears complete or not at all: it
// is written to a temporary file in the same directory, synced, and renamed. If Save
// fails, a file that was at path before is unchanged; if it succeeds, that file is
// replaced and its permissions are kept.
func (d *Download) Save(path string) (n int64, err error) {
	defer d.Close() //nolint:errcheck // all was read, or there is an error already
	fail := func(err error) error {
		if own, ok := errors.AsType[*Error](err); ok {
			return own
		}
		return &Error{op: "save download", err: err}
	}
	if d.body == nil {
		_, err := d.Read(nil)
		return 0, err
	}
	if d.n > 0 {
		return 0, fail(errors.New("some of the download was read already"))
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // so that a link stays one
	}
	old, err := os.Stat(path)
	switch {
	case err == nil && !old.Mode().IsRegular():
		return 0, fail(fmt.Errorf("%s is not a regular file; to save into a directory, join it with Filename", path))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return 0, fail(err)
	}
	perm := fs.FileMode(0o666) // as any new file
	if old != nil {
		perm = old.Mode().Perm()
	}
	temp := filepath.Join(filepath.Dir(path), ".download-"+rand.Text())
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		if own, ok := errors.AsType[*fs.PathError](err); ok {
			err = &fs.PathError{Op: "create", Path: path, Err: own.Err} // the name that the caller knows
		}
		return 0, fail(err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // perhaps again, which does no harm
			_ = os.Remove(temp)
			n, err = 0, fail(err)
		}
	}()
	if old != nil {
		if err = f.Chmod(perm); err != nil { // whatever the umask is
			return n, err
		}
	}
	if n, err = io.Copy(f, d); err != nil {
		return n, err
	}
	if err = f.Sync(); err != nil {
		return n, err
	}
	if err = f.Close(); err != nil {
		return n, err
	}
	if err = os.Rename(temp, path); err != nil {
		return n, err
	}
	if dir, openErr := os.Open(filepath.Dir(path)); openErr == nil {
		_ = dir.Sync() // for the new name; some systems cannot do that
		_ = dir.Close()
	}
	return n, nil
}

// String describes the download by the name, the type and the size of the file.
func (d *Download) String() string {
	return fmt.Sprintf("client.Download{%q, %s, %d bytes}", d.Filename, d.ContentType, d.Size)
}

// Format writes what String returns, for every verb.
func (d *Download) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, d.String()) }

// maxFilename is the longest name, in bytes, that common file systems take.
const maxFilename = 255

// filename returns the name in a Content-Disposition header (RFC 6266), made safe for
// a file system: without directories, control characters and names that Windows
// reserves.
func filename(disposition string) string {
	return safeName(disposedName(disposition))
}

func disposedName(disposition string) string {
	if _, params, err := mime.ParseMediaType(disposition); err == nil && params["filename"] != "" {
		name := params["filename"]
		if words, err := new(mime.WordDecoder).DecodeHeader(name); err == nil {
			name = words // not allowed here, and sent all the same
		}
		return name
	}
	// Some senders do not quote or encode the name: take it as it is.
	plain := ""
	for part := range strings.SplitSeq(disposition, ";") {
		key, value, _ := strings.Cut(part, "=")
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "filename*":
			if fields := strings.SplitN(value, "'", 3); len(fields) == 3 {
				value = fields[2]
			}
			if name, err := url.PathUnescape(value); err == nil && utf8.ValidString(name) {
				return name
			}
		case "filename":
			plain = value
		}
	}
	return plain
}

func safeName(name string) string {
	name = strings.ToValidUTF8(name, "")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, name)
	name = strings.TrimRight(strings.TrimSpace(name), ". ")
	if strings.Trim(name, ".") == "" {
		return ""
	}
	stem, _, _ := strings.Cut(name, ".")
	if reserved(strings.TrimSpace(stem)) {
		name = "_" + name
	}
	for len(name) > maxFilename {
		ext := filepath.Ext(name)
		if len(ext) > 32 {
			ext = ""
		}
		stem := name[:maxFilename-len(ext)]
		name = strings.ToValidUTF8(stem, "") + ext
	}
	return name
}

// reserved reports whether Windows gives the name to a device.
func reserved(stem string) bool {
	stem = strings.ToUpper(stem)
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	if len(stem) >= 4 && (stem[:3] == "COM" || stem[:3] == "LPT") {
		switch stem[3:] {
		case "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³":
			return true
		}
	}
	return false
}
