package client

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

// logTo returns an observer that writes to l, without bodies, headers or queries.
// Only [WithLogger] refers to it, so that other programs do not link the parts of
// package slog that write.
func logTo(l *slog.Logger) observer {
	var quiet atomic.Int64 // until when there is no further warning of the store
	return observer{
		attempt: func(ctx context.Context, a Attempt) { logAttempt(ctx, l, a) },
		fetch: func(f auth.FetchReport) {
			logFetch(l, f)
			if f.StoreErr == nil {
				return
			}
			now, until := time.Now().UnixNano(), quiet.Load()
			if now >= until && quiet.CompareAndSwap(until, now+int64(time.Minute)) {
				l.LogAttrs(context.Background(), slog.LevelWarn, "airbyte token store", slog.String("error", f.StoreErr.Error()))
			}
		},
	}
}

func logFetch(l *slog.Logger, f auth.FetchReport) {
	attrs := []slog.Attr{slog.Int("attempts", f.Attempts), slog.Bool("early", f.Early), slog.Duration("duration", f.Duration)}
	if f.FromStore {
		attrs = append(attrs, slog.Bool("from_store", true))
	}
	if f.Err != nil {
		l.LogAttrs(context.Background(), slog.LevelWarn, "airbyte token", append(attrs, slog.String("error", f.Err.Error()))...)
		return
	}
	if f.Assumed {
		attrs = append(attrs, slog.Bool("assumed", true))
	}
	l.LogAttrs(context.Background(), slog.LevelDebug, "airbyte token", append(attrs, slog.Time("expiry", f.Expiry))...)
}

func logAttempt(ctx context.Context, l *slog.Logger, a Attempt) {
	debug, warn := l.Enabled(ctx, slog.LevelDebug), a.Retry && l.Enabled(ctx, slog.LevelWarn)
	if !debug && !warn {
		return
	}
	attrs := make([]slog.Attr, 0, 15)
	attrs = append(attrs,
		slog.String("call", a.Call),
		slog.String("operation", a.Operation),
		slog.String("method", a.Method),
		slog.String("path", a.Path),
		slog.Int("attempt", a.Number),
	)
	for _, about := range [...]struct{ key, text string }{
		{"workspace", a.Workspace}, {"connector", a.Connector}, {"connector_id", a.ConnectorID}, {"entity", a.Entity}, {"action", a.Action},
	} {
		if about.text != "" {
			attrs = append(attrs, slog.String(about.key, about.text))
		}
	}
	if a.StatusCode != 0 {
		attrs = append(attrs, slog.Int("status", a.StatusCode))
	}
	if a.Bytes >= 0 {
		attrs = append(attrs, slog.Int64("bytes", a.Bytes))
	}
	if a.RequestID != "" {
		attrs = append(attrs, slog.String("request_id", a.RequestID))
	}
	if a.Held > 0 {
		attrs = append(attrs, slog.Duration("held", a.Held))
	}
	if a.Err != nil {
		attrs = append(attrs, slog.String("error", a.Err.Error()))
	}
	n := len(attrs)
	if debug {
		l.LogAttrs(ctx, slog.LevelDebug, "airbyte request", append(attrs, slog.Duration("duration", a.Duration))...)
	}
	if warn {
		l.LogAttrs(ctx, slog.LevelWarn, "airbyte retry", append(attrs[:n:n], slog.Duration("pause", a.Pause))...)
	}
}
