package main

import (
	"context"
	"errors"
	"io"
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
)

// serveStdio serves until the end of the input, or until ctx is done.
func serveStdio(ctx context.Context, in io.ReadCloser, out io.Writer, ws *client.Workspace, opts []agenttools.Option) error {
	t := &stdio{Transport: &mcp.IOTransport{Reader: in, Writer: noClose{out}}, ended: make(chan struct{})}
	session, err := agentsmcp.NewServer(ws, opts...).Connect(context.WithoutCancel(ctx), t, nil)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- session.Wait() }()
	select {
	case err = <-done:
		return err
	case <-ctx.Done():
		go session.Close() //nolint:errcheck // the process ends, in any case
	case <-t.ended:
	}
	select {
	case err = <-done:
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			err = nil
		}
		return err
	case <-time.After(maxEnd):
		return nil // what is left ends with the process
	}
}

type noClose struct{ io.Writer }

func (noClose) Close() error { return nil }

// A stdio is a transport whose connection lets the calls in progress finish after the
// end of the input, for a short time. Package mcp cancels them at once, which loses the
// answers for a client that writes all its requests and closes its end.
type stdio struct {
	mcp.Transport

	ended chan struct{} // closed when the time of the calls is over
}

func (t *stdio) Connect(ctx context.Context) (mcp.Connection, error) {
	c, err := t.Transport.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &connection{Connection: c, ended: t.ended, idle: make(chan struct{}, 1)}, nil
}

// A connection counts the requests that have no response yet.
type connection struct {
	mcp.Connection

	ended chan struct{}
	once  sync.Once

	mu   sync.Mutex
	open map[jsonrpc.ID]struct{}
	idle chan struct{} // gets a value when the last response was written
}

func (c *connection) Read(ctx context.Context) (jsonrpc.Message, error) {
	msg, err := c.Connection.Read(ctx)
	if err != nil {
		c.rest()
		c.once.Do(func() { close(c.ended) })
		return nil, err
	}
	if r, ok := msg.(*jsonrpc.Request); ok && r.IsCall() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.open == nil {
			c.open = map[jsonrpc.ID]struct{}{}
		}
		c.open[r.ID] = struct{}{}
	}
	return msg, nil
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

func (c *connection) Write(ctx context.Context, msg jsonrpc.Message) error {
	err := c.Connection.Write(ctx, msg)
	if r, ok := msg.(*jsonrpc.Response); ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.open, r.ID)
		if len(c.open) == 0 {
			select {
			case c.idle <- struct{}{}:
			default:
			}
		}
	}
	return err
}
