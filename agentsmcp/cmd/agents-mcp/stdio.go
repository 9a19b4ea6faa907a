package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/airbyte-agents/airbyte-agents-go/agentsmcp"
	"github.com/airbyte-agents/airbyte-agents-go/agenttools"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

const (
	// maxRest is how long calls in progress may take after the end of the input.
	maxRest = 600 * time.Millisecond

	// maxEnd is how long they may take to end after they were cancelled.
	maxEnd = 200 * time.Millisecond

	// maxLine is how many bytes a message may have.
	maxLine = 16 << 20
)

// serveStdio serves until the end of the input, or until ctx is done.
func serveStdio(ctx context.Context, in io.Reader, out io.Writer, ws *client.Workspace, opts []agenttools.Option) error {
	t := &stdio{in: in, out: out, ended: make(chan struct{})}
	session, err := agentsmcp.NewServer(ws, opts...).Connect(context.WithoutCancel(ctx), t, nil)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- session.Wait() }()
	select {
	case err = <-done:
		return unlessEOF(err)
	case <-ctx.Done():
		go session.Close() //nolint:errcheck // the process ends, in any case
	case <-t.ended:
	}
	select {
	case err = <-done:
		if ctx.Err() != nil {
			err = nil
		}
		return unlessEOF(err)
	case <-time.After(maxEnd):
		return nil // what is left ends with the process
	}
}

func unlessEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// A stdio is a transport of messages on a line each. It differs from that of package mcp
// in two ways. It lets the calls in progress finish after the end of the input, for a
// short time: package mcp cancels them at once, which loses the answers for a client that
// writes all its requests and closes its end. And it answers a line that is no message
// with an error, as JSON-RPC has it, where package mcp ends the session.
type stdio struct {
	in    io.Reader
	out   io.Writer
	ended chan struct{} // closed when the time of the calls is over
}

func (t *stdio) Connect(context.Context) (mcp.Connection, error) {
	c := &connection{
		out: t.out, ended: t.ended, incoming: make(chan jsonrpc.Message, 16), closed: make(chan struct{}),
		open: map[jsonrpc.ID]*batch{}, idle: make(chan struct{}, 1),
	}
	go c.readFrom(bufio.NewReaderSize(t.in, 64<<10))
	return c, nil
}

// A connection counts the requests that have no response yet.
type connection struct {
	ended     chan struct{}
	endOnce   sync.Once
	closed    chan struct{} // by Close
	closeOnce sync.Once

	incoming chan jsonrpc.Message // closed at the end of the input
	failed   error                // why it ended, if that was no end; set before incoming is closed

	writing sync.Mutex
	out     io.Writer

	mu   sync.Mutex
	open map[jsonrpc.ID]*batch // the batch is nil for a request that came alone
	idle chan struct{}         // gets a value when the last response was written
}

// A batch is a list of requests on one line, whose responses are a list, too. It has
// those that came.
type batch struct {
	missing   int
	responses []json.RawMessage
}

func (c *connection) SessionID() string { return "" }

func (c *connection) Close() error {
	c.closeOnce.Do(func() { close(c.closed) })
	return nil
}

func (c *connection) Read(ctx context.Context) (jsonrpc.Message, error) {
	select {
	case msg, ok := <-c.incoming:
		if ok {
			return msg, nil
		}
		c.rest()
		c.endOnce.Do(func() { close(c.ended) })
		if c.failed != nil {
			return nil, c.failed
		}
		return nil, io.EOF
	case <-c.closed:
		return nil, io.EOF
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// rest waits for the responses that are still missing.
func (c *connection) rest() {
	for end := time.After(maxRest); ; {
		c.mu.Lock()
		n := len(c.open)
		c.mu.Unlock()
		if n == 0 {
			return
		}
		select {
		case <-c.idle:
		case <-end:
			return
		}
	}
}

// readFrom reads messages to the end of the input.
func (c *connection) readFrom(r *bufio.Reader) {
	defer close(c.incoming)
	for {
		line, fits, err := readLine(r)
		if line = bytes.TrimSpace(line); !fits {
			c.complain(nil, jsonrpc.CodeInvalidRequest, "the message is too long")
		} else if len(line) > 0 {
			for _, msg := range c.messages(line) {
				select {
				case c.incoming <- msg:
				case <-c.closed:
					return
				}
			}
		}
		if err != nil {
			c.failed = unlessEOF(err)
			return
		}
	}
}

// readLine reads a line. Of one that does not fit, it drops the rest.
func readLine(r *bufio.Reader) (line []byte, fits bool, err error) {
	fits = true
	for {
		part, err := r.ReadSlice('\n')
		if fits = fits && len(line)+len(part) <= maxLine; fits {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, fits, err
		}
	}
}

// messages returns the messages of a line, and answers what is none.
func (c *connection) messages(line []byte) (list []jsonrpc.Message) {
	texts := []json.RawMessage{line}
	var b *batch
	if line[0] == '[' {
		if b = new(batch); json.Unmarshal(line, &texts) != nil || len(texts) == 0 {
			texts = []json.RawMessage{line} // no message
		}
	}
	for _, text := range texts {
		if msg := messageOf(text); msg != nil {
			list = append(list, msg)
		} else if json.Valid(text) {
			c.complain(text, jsonrpc.CodeInvalidRequest, "the message is none of JSON-RPC 2.0")
		} else {
			c.complain(nil, jsonrpc.CodeParseError, "the line is not JSON")
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, msg := range list {
		r, ok := msg.(*jsonrpc.Request)
		if !ok || !r.IsCall() {
			continue
		}
		if _, taken := c.open[r.ID]; taken {
			continue // package mcp refuses it, without the id
		}
		if c.open[r.ID] = b; b != nil {
			b.missing++
		}
	}
	return list
}

// messageOf returns the message that a text is, or nil. It does what
// [jsonrpc.DecodeMessage] does, which takes 64 KB of memory for each message, and refuses
// an id that it would change.
func messageOf(text json.RawMessage) jsonrpc.Message {
	var members map[string]json.RawMessage // unlike those of a struct, its names have a case
	var version string
	var id any
	if json.Unmarshal(text, &members) != nil || json.Unmarshal(members["jsonrpc"], &version) != nil || version != "2.0" {
		return nil
	}
	if raw, ok := members["id"]; ok && json.Unmarshal(raw, &id) != nil {
		return nil
	}
	if n, ok := id.(float64); ok && (n != math.Trunc(n) || math.Abs(n) > 1<<53) {
		return nil
	}
	known, err := jsonrpc.MakeID(id)
	if err != nil {
		return nil
	}
	if method, ok := members["method"]; ok {
		r := &jsonrpc.Request{ID: known, Params: members["params"]}
		if json.Unmarshal(method, &r.Method) != nil {
			return nil
		}
		return r
	}
	if !known.IsValid() {
		return nil
	}
	r := &jsonrpc.Response{ID: known, Result: members["result"]}
	if raw, ok := members["error"]; ok {
		var wire *jsonrpc.Error
		if json.Unmarshal(raw, &wire) != nil {
			return nil
		}
		if wire != nil {
			r.Error = wire
		}
	}
	return r
}

// complain answers a text that is no message, with its id if it has one.
func (c *connection) complain(text json.RawMessage, code int64, why string) {
	var told struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(text, &told) != nil || len(told.ID) == 0 || !strings.ContainsRune(`"-0123456789`, rune(told.ID[0])) {
		told.ID = json.RawMessage("null")
	}
	answer := struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   jsonrpc.Error   `json:"error"`
	}{"2.0", told.ID, jsonrpc.Error{Code: code, Message: why}}
	if b, err := json.Marshal(answer); err == nil {
		_ = c.writeLine(b) // if it fails, the next response does, too
	}
}

func (c *connection) writeLine(b []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	_, err := c.out.Write(append(b, '\n'))
	return err
}

func (c *connection) Write(ctx context.Context, msg jsonrpc.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b, err := jsonrpc.EncodeMessage(msg)
	if err != nil {
		return err
	}
	r, ok := msg.(*jsonrpc.Response)
	if !ok {
		return c.writeLine(b)
	}
	c.mu.Lock()
	if of := c.open[r.ID]; of != nil {
		of.responses = append(of.responses, b)
		if of.missing--; of.missing == 0 {
			b, err = json.Marshal(of.responses)
		} else {
			b = nil
		}
	}
	c.mu.Unlock()
	if b != nil && err == nil {
		err = c.writeLine(b)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, r.ID)
	if len(c.open) == 0 {
		select {
		case c.idle <- struct{}{}:
		default:
		}
	}
	return err
}
