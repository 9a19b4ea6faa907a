package client

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
	"github.com/airbyte-agents/airbyte-agents-go/internal/filename"
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
// What the sender compressed for the way is decompressed, so that the bytes are those
// that Filename promises. JSON is a file if the service sends a name for it, or anything
// but the response of an execution: an object whose status is a text.
//
// If a network does not let streams pass, use [Connector.DownloadPieces].
func (c *Connector) Download(ctx context.Context, entity string, params Params, opts ...ExecuteOption) (*Download, error) {
	x := newExecution(entity, actionDownload, params, opts)
	ask := &call{op: "download " + entity, name: "executeConnector", read: true, stream: true, file: true, about: x.about(c), params: x.params, opened: timeReads}
	resp, err := c.sendExecution(ctx, x, ask)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, refusal(ask, resp)
	}
	fault := func(err error) *Error {
		if err != nil {
			_, e := ask.unread(ctx, ctx, resp, err)
			return e
		}
		e := responseError(ask, resp)
		e.kind = ErrEmptyDownload
		return e
	}
	if resp.ContentLength == 0 || resp.StatusCode == http.StatusNoContent {
		answer.Discard(resp.Body)
		return nil, fault(nil)
	}
	d := &Download{
		Filename:    filename.Of(resp.Header.Get("Content-Disposition")),
		ContentType: resp.Header.Get("Content-Type"),
		body:        resp.Body,
		fault:       fault,
		progress:    x.progress,
	}
	if b, ok := resp.Body.(*limited); ok { // as the pipeline returns it
		if err := d.decompress(b, resp); err != nil {
			answer.Discard(resp.Body)
			return nil, fault(err)
		}
		if isEnvelope(resp.Header) && b.holdsEnvelope() {
			defer answer.Discard(resp.Body)
			b.left, b.mark = b.max, 0
			return nil, notAFile(ctx, x, ask, resp)
		}
	}
	d.Size = resp.ContentLength
	return d, nil
}

// timeReads ends the attempt if no byte of the body comes for the time limit, unless that
// is 0.
func timeReads(resp *http.Response, limit time.Duration, end context.CancelCauseFunc) {
	if b, ok := resp.Body.(*limited); ok && limit > 0 {
		b.rc = &timed{b.rc, limit, func() { end(errNoBytes) }}
	}
}

// A timed body ends with an error if no byte comes for the time limit, which stop then
// makes of a Read that waits.
type timed struct {
	io.ReadCloser
	limit time.Duration
	stop  func()
}

func (t *timed) Read(p []byte) (int, error) {
	timer := time.AfterFunc(t.limit, t.stop)
	n, err := t.ReadCloser.Read(p)
	if !timer.Stop() && err != nil && err != io.EOF {
		err = errNoBytes
	}
	return n, err
}

// errNoBytes is the error of a file of which no byte came for too long.
var errNoBytes = fmt.Errorf("no byte of the file came for as long as WithAttemptTimeout allows: %w", os.ErrDeadlineExceeded)

// decompress makes the bytes of b those that the name of the file promises. A sender may
// have compressed a file for the way, or say only of a compressed file what it is.
func (d *Download) decompress(b *limited, resp *http.Response) error {
	stem, packed := unpackedName(d.Filename)
	switch encoding := encodingOf(resp.Header); {
	case encoding == "" && packed && resp.Uncompressed: // by a transport of the program
		if start := b.peek(len(gzipMark)); string(start) != gzipMark {
			d.Filename = stem
		}
	case encoding == "":
	case encoding != "gzip":
		return unknownEncoding(encoding)
	case packed && !twicePacked(b.peek(peekMost)):
		// These are the bytes of the file.
	default:
		b.decompress(resp)
	}
	return nil
}

const (
	gzipMark = "\x1f\x8b" // how every gzip begins
	peekMost = 4 << 10
)

// unpackedName returns the name of a file without the ending that says that it is
// compressed with gzip, and whether it has one.
func unpackedName(name string) (stem string, packed bool) {
	ext := filepath.Ext(name)
	stem = strings.TrimSuffix(name, ext)
	switch strings.ToLower(ext) {
	case ".gz", ".gzip":
		return stem, true
	case ".tgz":
		return stem + ".tar", true
	case ".svgz":
		return stem + ".svg", true
	}
	return name, false
}

// twicePacked reports whether a file that begins with start is a gzip within a gzip.
func twicePacked(start []byte) bool {
	var inner [len(gzipMark)]byte
	z, err := gzip.NewReader(bytes.NewReader(start))
	if err == nil {
		_, err = io.ReadFull(z, inner[:])
	}
	return err == nil && string(inner[:]) == gzipMark
}

// peek returns up to n bytes that the next reads of b will return.
func (b *limited) peek(n int) []byte {
	r := bufio.NewReaderSize(b.rc, n)
	start, _ := r.Peek(n) // an error comes again
	b.rc = readCloser{r, b.rc}
	return start
}

// holdsEnvelope reports whether b, which should be JSON, is an envelope rather than a file:
// an object whose status is a text. It keeps no more in memory than the beginning of a
// file.
func (b *limited) holdsEnvelope() bool {
	var head []byte
	for size := int64(64 << 10); ; size *= 4 {
		size = min(size, b.max) + 1 // one more than an envelope may have
		more, err := io.ReadAll(io.LimitReader(b.rc, size-int64(len(head))))
		head = append(head, more...)
		is, sure := envelopeIn(head)
		if sure || err != nil || int64(len(head)) < size || size > b.max {
			rest := io.MultiReader(bytes.NewReader(head), b.rc)
			if err != nil {
				rest = io.MultiReader(bytes.NewReader(head), brokenReader{err})
			}
			b.rc = readCloser{rest, b.rc}
			return is
		}
	}
}

// envelopeIn is isEnvelope for the beginning of a JSON text. Unless it is sure, what
// follows may still decide.
func envelopeIn(head []byte) (is, sure bool) {
	dec := jsontext.NewDecoder(bytes.NewReader(bytes.TrimPrefix(head, []byte(byteOrderMark))), lenient)
	switch dec.PeekKind() {
	case '{':
		_, _ = dec.ReadToken()
	case '[':
		return false, true
	default: // if it is not even JSON, the error says what it is
		_, err := dec.ReadToken()
		return len(head) > 0 && err != nil && !errors.Is(err, io.ErrUnexpectedEOF), true
	}
	foreign := false // it has a member that an envelope does not have
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return !foreign, foreign
		}
		switch name.String() {
		case "status":
			if dec.PeekKind() == '"' {
				return true, true
			}
		case "result", "connector_metadata", "execution_metadata", "warning", "error", "message", "bundle":
		default:
			foreign = true
		}
		if dec.SkipValue() != nil { // head ends here, or it is no JSON
			return !foreign, foreign
		}
	}
	return false, true
}

// notAFile returns the error for an envelope where a file was expected.
func notAFile(ctx context.Context, x *execution, ask *call, resp *http.Response) error {
	_, err := readRaw(x, resp)
	if err == nil {
		err = &Error{kind: ErrBadResponse, Message: "the service sent JSON about the file instead of the file"}
	}
	_, e := ask.unread(ctx, ctx, resp, err)
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
// replaced and its permissions are kept. Where path is a link, this is about the file
// that the link leads to, which need not be there yet.
//
// Save cannot replace a file that is a mount of its own, as with docker run -v, or one in
// a directory in which nothing can be created. The error then says so: open the file, and
// write into it with [io.Copy].
func (d *Download) Save(path string) (n int64, err error) {
	defer d.Close() //nolint:errcheck // all was read, or there is an error already
	if d.body == nil {
		_, err := d.Read(nil)
		return 0, err
	}
	if d.n > 0 {
		return 0, saveError(path, errors.New("some of the download was read already"))
	}
	given := path
	old, err := os.Stat(path)
	switch {
	case err == nil && !old.Mode().IsRegular():
		return 0, saveError(given, errors.New("it is not a regular file; to save into a directory, join it with Filename"))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return 0, saveError(given, err)
	}
	if path, err = behindLinks(path); err != nil {
		return 0, saveError(given, err)
	}
	perm := fs.FileMode(0o666) // as any new file
	if old != nil {
		perm = old.Mode().Perm()
	}
	dir, _ := filepath.Split(path) // not cleaned: what is before a ".." may be a link
	temp := dir + ".download-" + rand.Text()
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		if old != nil {
			err = fmt.Errorf("%w: Save creates a new file in its directory first; to write into the one that is there, use io.Copy", withoutPaths(err))
		}
		return 0, saveError(given, err)
	}
	saved := false
	defer func() {
		if !saved { // even if the function of WithProgress panicked
			_ = f.Close() // perhaps again, which does no harm
			_ = os.Remove(temp)
		}
	}()
	if n, err = d.writeTo(f, old != nil, perm); err != nil {
		return 0, saveError(given, err)
	}
	if err = os.Rename(temp, path); err != nil {
		if old != nil {
			err = fmt.Errorf("%w: the file cannot be replaced, perhaps because it is a mount; to write into it, use io.Copy", withoutPaths(err))
		}
		return 0, saveError(given, err)
	}
	saved = true
	if parent, openErr := os.Open(cmp.Or(dir, ".")); openErr == nil {
		_ = parent.Sync() // for the new name; some systems cannot do that
		_ = parent.Close()
	}
	return n, nil
}

// writeTo writes the whole file to f, so that it survives a crash, and closes f.
func (d *Download) writeTo(f *os.File, replaces bool, perm fs.FileMode) (n int64, err error) {
	if replaces { // whatever the umask is
		if now, err := f.Stat(); err != nil || now.Mode().Perm() != perm { // some file systems have one for all, and cannot set it
			if err := f.Chmod(perm); err != nil {
				return 0, err
			}
		}
	}
	if n, err = io.Copy(f, d); err != nil {
		return n, err
	}
	if err = syncFile(f); err != nil {
		return n, err
	}
	return n, f.Close()
}

// syncFile is replaced by a test, which cannot see otherwise whether it is called.
var syncFile = (*os.File).Sync

// saveError returns the error of saving to path, which names path rather than a file
// that the program does not know of.
func saveError(path string, err error) error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	return &Error{op: "save download", err: &fs.PathError{Op: "write", Path: path, Err: withoutPaths(err)}}
}

// withoutPaths returns err without the names of files.
func withoutPaths(err error) error {
	switch own := err.(type) { //nolint:errorlint // as package os returns it
	case *fs.PathError:
		return own.Err
	case *os.LinkError:
		return own.Err
	}
	return err
}

// behindLinks returns the path of the file that a path leads to, whether it is there or
// not.
func behindLinks(path string) (string, error) {
	for range 255 {
		target, err := os.Readlink(path)
		if err != nil {
			return path, nil //nolint:nilerr // it is not a link
		}
		if !filepath.IsAbs(target) {
			dir, err := filepath.EvalSymlinks(filepath.Dir(path))
			if err != nil {
				return "", err
			}
			target = dir + string(filepath.Separator) + target // not cleaned, see Save
		}
		path = target
	}
	return "", errors.New("too many links lead to each other")
}

// String describes the download by the name, the type and the size of the file.
func (d *Download) String() string {
	return fmt.Sprintf("client.Download{%q, %s, %d bytes}", d.Filename, d.ContentType, d.Size)
}

// Format writes what String returns, for every verb.
func (d *Download) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, d.String()) }
