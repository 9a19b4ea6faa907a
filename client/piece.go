package client

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"iter"
	"math"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Sizes of pieces in bytes.
const (
	defaultPiece = 48 << 10
	maxPiece     = 64 << 10
)

// A Piece is a part of a file; see [Connector.DownloadPieces].
type Piece struct {
	Data        []byte
	Offset      int64  // of the first byte of Data in the file
	Next        int64  // the offset of the next piece
	More        bool   // whether there is a next piece
	ContentType string // such as "text/csv"; "" if the service does not say
}

// String describes the piece by its place in the file, without the Data.
func (p *Piece) String() string {
	return fmt.Sprintf("client.Piece{%d bytes from %d, more: %t}", len(p.Data), p.Offset, p.More)
}

// Format writes what String returns, for every verb.
func (p *Piece) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// WithPieceSize sets the number of bytes that [Connector.DownloadPiece] and
// [Connector.DownloadPieces] request at once, from 4 to 65,536. The default is 49,152.
// Other methods ignore it.
func WithPieceSize(n int) ExecuteOption {
	return func(x *execution) { x.piece = &n }
}

// WithTextPieces makes [Connector.DownloadPiece] and [Connector.DownloadPieces] ask for
// texts as they are, rather than in base64, which is a third longer. It makes no
// difference to the pieces. The service sends what is not UTF-8 in base64 nevertheless.
// Other methods ignore it.
func WithTextPieces() ExecuteOption {
	return func(x *execution) { x.text = true }
}

// DownloadPiece runs the action "download" and returns a part of the file, the one that
// begins at the byte offset, which is 0 for the first. The parts come as JSON: they are
// for networks that do not let the stream of [Connector.Download] pass, and for programs
// that handle a file bit by bit, such as a tool that a model calls. The Next of a piece
// is the offset of the one after it. Put together, the pieces are the file, byte by
// byte. In a text in UTF-8, no piece ends within a character: it ends up to three bytes
// earlier.
//
// A file without bytes is an error that matches [ErrEmptyDownload], as for Download. A
// response that is not the piece that was requested is one that matches
// [ErrBadResponse]. From the end of the file on, a piece is empty.
func (c *Connector) DownloadPiece(ctx context.Context, entity string, params Params, offset int64, opts ...ExecuteOption) (*Piece, error) {
	x := newExecution(entity, actionDownload, params, opts)
	ask := &call{op: "download " + entity, name: "executeConnector", read: true, about: x.about(c), params: x.params}
	size := defaultPiece
	if x.piece != nil {
		size = *x.piece
	}
	switch {
	case size < utf8.UTFMax || size > maxPiece:
		return nil, ask.about.addTo(invalid(ask.op, "the piece size %d is not between %d and %d", size, utf8.UTFMax, maxPiece))
	case offset < 0 || offset > math.MaxInt64-maxPiece:
		return nil, ask.about.addTo(invalid(ask.op, "the offset %d is not one of a file", offset))
	}
	if x.params == nil {
		x.params = Params{}
	}
	x.params["_airbyte_response_type"] = "json"
	x.params["_airbyte_response_format"] = "base64"
	if x.text {
		x.params["_airbyte_response_format"] = "text"
	}
	x.params["range_header"] = fmt.Sprintf("bytes=%d-%d", offset, offset+int64(size)-1)
	var p *Piece
	ask.consume = func(resp *http.Response) error {
		if !isEnvelope(resp.Header) {
			return &Error{kind: ErrBadResponse, Message: "the service sent the file instead of a piece of it; Connector.Download reads it"}
		}
		body, err := readAll(resp, nil)
		if err != nil {
			return err
		}
		var got pieceAnswer
		if err := decodeBytes(resp, body, &got, lenient); err != nil {
			return err
		}
		item := &got.Result.v
		if got.Status.v == "" && got.Content != nil {
			item = &got.pieceItem // without an envelope
		} else if err := got.verdict(); err != nil {
			return withBody(err, body)
		}
		p, err = item.piece(offset, size, x.text)
		return err
	}
	if _, err := c.sendExecution(ctx, x, ask); err != nil { //nolint:bodyclose // the pipeline closes what a call consumes
		return nil, err
	}
	return p, nil
}

// DownloadPieces iterates over a file in pieces, each of which [Connector.DownloadPiece]
// gets when the loop needs it. It stops after an error.
func (c *Connector) DownloadPieces(ctx context.Context, entity string, params Params, opts ...ExecuteOption) iter.Seq2[*Piece, error] {
	return func(yield func(*Piece, error) bool) {
		params := cloneParams(params)
		for offset := int64(0); ; {
			p, err := c.DownloadPiece(ctx, entity, params, offset, opts...)
			if !yield(p, err) || err != nil || !p.More {
				return
			}
			offset = p.Next
		}
	}
}

// pieceAnswer is the response to a download of a piece.
type pieceAnswer struct {
	frame
	Result loose[pieceItem] `json:"result"`
	pieceItem
}

// A pieceItem is a piece as the service sends it.
type pieceItem struct {
	Content     *string        `json:"content"`
	Encoding    loose[string]  `json:"encoding"`
	Bytes       loose[*int64]  `json:"bytes_returned"`
	Requested   loose[string]  `json:"range_requested"`
	NextRange   loose[string]  `json:"next_range_header"`
	More        loose[*bool]   `json:"has_more"`
	ContentType loose[*string] `json:"content_type"`
}

// piece returns the piece that begins at offset, or an error if it is another one. text
// reports whether it was requested as a text.
func (i *pieceItem) piece(offset int64, size int, text bool) (*Piece, error) {
	wrong := func(format string, args ...any) (*Piece, error) {
		return nil, &Error{kind: ErrBadResponse, Message: "the response is not the piece of the file that was requested: " + fmt.Sprintf(format, args...)}
	}
	if i.Content == nil {
		return wrong("it has no content")
	}
	p := &Piece{Data: []byte(*i.Content), Offset: offset}
	encoding := strings.ToLower(i.Encoding.v)
	if encoding == "" && !text {
		encoding = "base64" // which was requested
	}
	switch encoding {
	case "base64":
		data, err := base64.StdEncoding.DecodeString(*i.Content)
		if err != nil {
			return wrong("its content is not base64")
		}
		p.Data = data
	case "utf-8", "utf8", "text", "":
	default:
		return wrong("its encoding %q is neither utf-8 nor base64", shorten(encoding))
	}
	n := int64(len(p.Data))
	next, told := rangeStart(i.NextRange.v)
	switch {
	case i.More.v != nil:
		p.More = *i.More.v
	case told:
		p.More = true
	default:
		p.More = n == int64(size)
	}
	if whole, ok := i.replaced(p.Data); ok && p.More && encoding != "base64" {
		p.Data, n = whole, *i.Bytes.v
	}
	if i.Bytes.v != nil && *i.Bytes.v != n {
		return wrong("it has %d bytes and says %d", n, *i.Bytes.v)
	}
	if n > int64(size) {
		return wrong("it has %d bytes, more than %d", n, size)
	}
	if at, ok := rangeStart(i.Requested.v); ok && at != offset {
		return wrong("it begins at %d, not at %d", at, offset)
	}
	if i.ContentType.v != nil {
		p.ContentType = *i.ContentType.v
	}
	switch {
	case n == 0 && offset == 0:
		return nil, &Error{kind: ErrEmptyDownload}
	case p.More && n == 0:
		return wrong("it is empty, and there is more")
	case p.More && told && next != offset+n:
		return wrong("the next one begins at %d, and it ends at %d", next, offset+n)
	}
	if p.More {
		p.Data = p.Data[:wholeText(p.Data)]
	}
	p.Next = offset + int64(len(p.Data))
	return p, nil
}

// replaced returns data, a text, without the U+FFFD at its end. It reports whether that
// stands for the first one to three bytes of a character, which the end of the range cut: a
// service that decodes the bytes of a range as UTF-8 puts U+FFFD in their place.
func (i *pieceItem) replaced(data []byte) ([]byte, bool) {
	whole, ok := bytes.CutSuffix(data, []byte("\uFFFD"))
	if !ok || i.Bytes.v == nil || len(whole) == 0 {
		return data, false
	}
	cut := *i.Bytes.v - int64(len(whole))
	return whole, cut > 0 && cut < utf8.UTFMax
}

// rangeStart returns the first byte of a range such as "bytes=0-99".
func rangeStart(s string) (int64, bool) {
	first, _, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(s), "bytes="), "-")
	n, err := strconv.ParseInt(strings.TrimSpace(first), 10, 64)
	return n, ok && err == nil && n >= 0
}

// wholeText returns the length of data without a character of UTF-8 that has only
// begun. If data is no text, that is its whole length.
func wholeText(data []byte) int {
	for back := 1; back < utf8.UTFMax && back < len(data); back++ {
		start := len(data) - back
		if !utf8.RuneStart(data[start]) {
			continue
		}
		if !utf8.FullRune(data[start:]) && utf8.Valid(data[:start]) {
			return start
		}
		break
	}
	return len(data)
}
