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

// logCall logs a call of a tool.
func (s *Set) logCall(ctx context.Context, name string, out Output, took time.Duration) {
	about := [][2]string{{"tool", oneLine(name, 100)}, {"connector", out.Connector}, {"entity", out.Entity}, {"action", out.Action}}
	s.log(ctx, "call", about, out, name == s.prefix+writeRecords, took)
}

// log logs what was about something.
func (s *Set) log(ctx context.Context, message string, about [][2]string, out Output, write bool, took time.Duration) {
	const level = slog.LevelInfo
	if !s.logger.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 12)
	for _, a := range about {
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
		attrs = append(attrs, why(out.Err, write)...)
	}
	s.logger.LogAttrs(ctx, level, message, attrs...)
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
