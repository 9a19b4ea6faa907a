package agenttools

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// Logger returns the logger of [WithLogger], or nil.
func (s *Set) Logger() *slog.Logger { return s.logger }

// log logs a call.
func (s *Set) log(ctx context.Context, name string, out Output, took time.Duration) {
	const level = slog.LevelInfo
	if !s.logger.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 12)
	for _, a := range [][2]string{{"tool", oneLine(name, 100)}, {"connector", out.Connector}, {"entity", out.Entity}, {"action", out.Action}} {
		if a[1] != "" {
			attrs = append(attrs, slog.String(a[0], a[1]))
		}
	}
	pending := errors.Is(out.Err, ErrPending)
	attrs = append(attrs, slog.Bool("failed", out.IsError))
	if pending {
		attrs = append(attrs, slog.Bool("pending", true))
	}
	attrs = append(attrs, slog.Int("bytes", len(out.Text)), slog.Duration("duration", took))
	if out.Err != nil && !pending {
		attrs = append(attrs, why(out.Err, name == s.prefix+writeRecords)...)
	}
	s.logger.LogAttrs(ctx, level, "call", attrs...)
}

// why describes an error for a log. If the call was a write, the text of the service is
// left out, which could repeat what was to be written.
func why(err error, write bool) []slog.Attr {
	const limit = 500
	var e *client.Error
	if !errors.As(err, &e) {
		return []slog.Attr{slog.String("error", oneLine(err.Error(), limit))}
	}
	text := oneLine(e.Error(), limit)
	if write {
		text = kind(err)
	}
	attrs := []slog.Attr{slog.String("error", text)}
	if e.StatusCode != 0 {
		attrs = append(attrs, slog.Int("status", e.StatusCode))
	}
	if e.RequestID != "" {
		attrs = append(attrs, slog.String("request_id", e.RequestID))
	}
	if e.OutcomeUnknown {
		attrs = append(attrs, slog.Bool("outcome_unknown", true))
	}
	return attrs
}

// kind returns what kind of error it is, in words that are the same for all of them.
func kind(err error) string {
	for _, kind := range []error{
		context.Canceled, context.DeadlineExceeded, client.ErrUnauthorized, client.ErrForbidden, client.ErrConnectorNotFound, client.ErrWorkspaceNotFound,
		client.ErrNotFound, client.ErrUsageExceeded, client.ErrRateLimited, client.ErrExecution, client.ErrResponseTooLarge, client.ErrNetwork,
		client.ErrBadResponse, client.ErrServer, client.ErrInvalid,
	} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return "failed"
}
