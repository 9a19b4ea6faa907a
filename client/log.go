package client

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
)

// An attemptLog receives every request that a call makes, and every fetch of a
// token for it. It is an interface so that only programs that use [WithLogger]
// link the parts of package slog that write.
type attemptLog interface {
	// token reports a token fetch, which may consist of several requests.
	token(auth.Fetch)

	// attempt reports an attempt that has ended: it failed, or there was a response
	// and, if the call reads its responses, the response was read.
	attempt(ctx context.Context, c *call, n int, took time.Duration, resp *http.Response, err error)

	// retry reports that a request will be repeated after a pause.
	retry(ctx context.Context, c *call, n int, pause time.Duration, resp *http.Response, err error)
}

// slogLog is the attemptLog of [WithLogger]. It writes no bodies, headers or
// queries.
type slogLog struct{ to *slog.Logger }

func (l slogLog) token(f auth.Fetch) {
	attrs := []slog.Attr{slog.Int("attempts", f.Attempts), slog.Bool("early", f.Early), slog.Duration("duration", f.Duration)}
	if f.Err != nil {
		l.to.LogAttrs(context.Background(), slog.LevelWarn, "airbyte token", append(attrs, slog.String("error", f.Err.Error()))...)
		return
	}
	l.to.LogAttrs(context.Background(), slog.LevelDebug, "airbyte token", append(attrs, slog.Time("expiry", f.Expiry))...)
}

func (l slogLog) attempt(ctx context.Context, c *call, n int, took time.Duration, resp *http.Response, err error) {
	if !l.to.Enabled(ctx, slog.LevelDebug) {
		return
	}
	l.to.LogAttrs(ctx, slog.LevelDebug, "airbyte request", append(l.attrs(c, n, resp, err), slog.Duration("duration", took))...)
}

func (l slogLog) retry(ctx context.Context, c *call, n int, pause time.Duration, resp *http.Response, err error) {
	if !l.to.Enabled(ctx, slog.LevelWarn) {
		return
	}
	l.to.LogAttrs(ctx, slog.LevelWarn, "airbyte retry", append(l.attrs(c, n, resp, err), slog.Duration("pause", pause))...)
}

func (l slogLog) attrs(c *call, n int, resp *http.Response, err error) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("call", c.op),
		slog.String("operation", c.name),
		slog.String("method", c.method),
		slog.String("path", c.path),
		slog.Int("attempt", n),
	}
	if resp != nil {
		attrs = append(attrs, slog.Int("status", resp.StatusCode))
		if b, ok := resp.Body.(*body); ok && b.n > 0 {
			attrs = append(attrs, slog.Int64("bytes", b.n))
		} else if resp.ContentLength >= 0 {
			attrs = append(attrs, slog.Int64("bytes", resp.ContentLength))
		}
		if id := answer.RequestID(resp.Header); id != "" {
			attrs = append(attrs, slog.String("request_id", c.scrubber(resp.Request).text(id)))
		}
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	return attrs
}
