package client

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
)

// This file has the body of every response: it is read up to a limit, decompressed, and
// remembers what ended it, so that errors can say so.

// A limited is the body of a response, of which a limited number of bytes can be read. A
// byte order mark at the beginning becomes white space, which JSON ignores.
type limited struct {
	rc      io.ReadCloser
	left    int64    // the number of bytes that may still be read
	max     int64    // the limit
	cut     bool     // at the limit, the body ends rather than fails
	n       int64    // the number of bytes that were read
	first   [2]byte  // the first of them
	mark    int      // how many bytes of a byte order mark were read; -1 once there cannot be one
	err     error    // the error of rc, unless it is io.EOF
	closers []func() // called once, by Close
}

// A readCloser reads from one place and closes another.
type readCloser struct {
	io.Reader
	io.Closer
}

// A brokenReader returns an error.
type brokenReader struct{ err error }

func (f brokenReader) Read([]byte) (int, error) { return 0, f.err }

// decompress decompresses a body that net/http did not decompress. Reading a body in an
// encoding other than gzip, which the client did not ask for, returns an error.
func (b *limited) decompress(resp *http.Response) {
	switch encoding := encodingOf(resp.Header); encoding {
	case "":
	case "gzip":
		b.rc = readCloser{&gunzip{from: b.rc}, b.rc}
		resp.Header.Del("Content-Encoding")
		resp.ContentLength, resp.Uncompressed = -1, true
	default:
		b.rc = readCloser{brokenReader{unknownEncoding(encoding)}, b.rc}
	}
}

// encodingOf returns how a body is encoded, "" if it is not.
func encodingOf(h http.Header) string {
	switch encoding := strings.ToLower(strings.TrimSpace(strings.Join(h.Values("Content-Encoding"), ", "))); encoding {
	case "identity":
		return ""
	case "x-gzip":
		return "gzip"
	default:
		return encoding
	}
}

func unknownEncoding(encoding string) *Error {
	return &Error{kind: ErrBadResponse, Message: fmt.Sprintf("the response is encoded with %q, which the client did not ask for and does not understand", answer.Line(shorten(encoding)))}
}

// A gunzip decompresses what it reads.
type gunzip struct {
	from io.Reader
	z    *gzip.Reader
}

func (g *gunzip) Read(p []byte) (n int, err error) {
	if g.z == nil {
		if g.z, err = gzip.NewReader(g.from); err != nil {
			return 0, err
		}
	}
	return g.z.Read(p)
}

// empty reports whether the body has no bytes.
func (b *limited) empty() bool {
	var one [1]byte
	n, err := io.ReadFull(b.rc, one[:])
	rest := b.rc
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return true
	case n == 0:
		rest = readCloser{brokenReader{err}, b.rc}
	}
	b.rc = readCloser{io.MultiReader(bytes.NewReader(one[:n]), rest), b.rc}
	return false
}

// isEmpty reports whether a response has no content.
func isEmpty(resp *http.Response) bool {
	b, ok := resp.Body.(*limited)
	return ok && b.empty()
}

func (b *limited) Read(p []byte) (int, error) {
	if b.left <= 0 {
		if b.cut {
			return 0, io.EOF
		}
		var one [1]byte
		if n, err := b.rc.Read(one[:]); n == 0 {
			return 0, b.note(err)
		}
		return 0, fmt.Errorf("%w: more than %d bytes; WithMaxResponseBytes changes the limit", ErrResponseTooLarge, b.max)
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.rc.Read(p)
	if b.n < int64(len(b.first)) {
		copy(b.first[b.n:], p[:n])
	}
	for i := 0; i < n && b.mark >= 0; i++ {
		if b.mark == len(byteOrderMark) || p[i] != byteOrderMark[b.mark] {
			if b.mark < len(byteOrderMark) { // it was another character: put back what became white space
				copy(p[max(i-b.mark, 0):i], byteOrderMark[max(b.mark-i, 0):])
			}
			b.mark = -1
			break
		}
		p[i] = ' '
		b.mark++
	}
	b.left -= int64(n)
	b.n += int64(n)
	return n, b.note(err)
}

const byteOrderMark = "\ufeff"

// note remembers an error of the network, and returns err. It does not remember an *Error
// of decompress, which needs no explanation.
func (b *limited) note(err error) error {
	if _, own := err.(*Error); err != nil && !own && !errors.Is(err, io.EOF) { //nolint:errorlint // see decompress
		b.err = err
	}
	return err
}

func (b *limited) Close() error {
	err := b.rc.Close()
	for _, f := range b.closers {
		f()
	}
	b.closers = nil
	return err
}

// onClose makes the body of resp call f when it is closed.
func onClose(resp *http.Response, f func()) {
	if b, ok := resp.Body.(*limited); ok {
		b.closers = append(b.closers, f)
	}
}

// brokenOff returns the error that ended the body of resp, or nil.
func brokenOff(resp *http.Response) error {
	if b, ok := resp.Body.(*limited); ok {
		return b.err
	}
	return nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
