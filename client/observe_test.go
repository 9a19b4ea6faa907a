package client_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// An observer is told of each request: what it was for, how it ended, and whether
// another one follows.
func TestAttemptObserver(t *testing.T) {
	const slow, broken, done = "slow down", `{"status":`, `{"status":"success","result":[]}`
	synctest.Test(t, func(t *testing.T) {
		s := serve(t,
			later(time.Second, says(429, slow, "Retry-After", "2", "X-Request-Id", "r1")),
			fails(syscall.ECONNRESET),
			says(200, broken),
			later(3*time.Second, says(200, done, "X-Request-Id", "r4")),
		)
		var got []client.Attempt
		type key struct{}
		c := newClient(t, s, client.WithMaxRetries(5), client.WithAttemptObserver(func(ctx context.Context, a client.Attempt) {
			if ctx.Value(key{}) != "of the caller" {
				t.Error("the ctx is not that of the caller")
			}
			got = append(got, a)
		}))
		if err := read(context.WithValue(t.Context(), key{}, "of the caller"), c); err != nil {
			t.Fatal(err)
		}
		want := []client.Attempt{
			{StatusCode: 429, Bytes: int64(len(slow)), RequestID: "r1", Duration: time.Second, Retry: true, Pause: 2 * time.Second},
			{Bytes: -1, Err: syscall.ECONNRESET, Retry: true},
			{StatusCode: 200, Bytes: int64(len(broken)), Err: io.ErrUnexpectedEOF, Retry: true},
			{StatusCode: 200, Bytes: int64(len(done)), RequestID: "r4", Duration: 3 * time.Second},
		}
		if len(got) != len(want) {
			t.Fatalf("%d attempts, want %d: %+v", len(got), len(want), got)
		}
		for i, a := range got {
			w := want[i]
			w.Call, w.Operation, w.Method, w.Path, w.Number = "execute issues.list", "executeConnector", "POST", executePath, i+1
			w.Workspace, w.ConnectorID, w.Entity, w.Action = "default", stubID, "issues", "list"
			if !errors.Is(a.Err, w.Err) || (a.Err == nil) != (w.Err == nil) {
				t.Errorf("attempt %d: the error is %v, want %v", a.Number, a.Err, w.Err)
			}
			if a.Err, w.Err = nil, nil; w.Pause == 0 {
				if a.Retry && a.Pause > 8*time.Second {
					t.Errorf("attempt %d: a pause of %v", a.Number, a.Pause)
				}
				a.Pause = 0
			}
			if fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", w) {
				t.Errorf("attempt %d:\n got %+v\nwant %+v", a.Number, a, w)
			}
		}
	})
}

// The request id that an observer is told has no secret, however long that is, and in
// whatever form the service repeats it.
func TestRequestIDRepeatsNoSecret(t *testing.T) {
	for _, token := range []string{"t0ken-9x", "a-t0ken-of-some-length", strings.Repeat("l0ng/T0ken.", 40)} {
		for id, want := range map[string]string{
			"r-1": "r-1", strings.Repeat("0123456789abcdef", 6): strings.Repeat("0123456789abcdef", 6),
			token: "[REDACTED]", "r " + token + " x": "r [REDACTED] x", "…" + token[len(token)-5:]: "",
			base64.StdEncoding.EncodeToString([]byte("id:" + token)): "", url.QueryEscape(token): "[REDACTED]",
		} {
			got := ""
			c := newClient(t, serve(t, says(200, `{"status":"success","result":[]}`, "X-Request-Id", id)), client.WithTokenSource(auth.Static(auth.Secret(token))),
				client.WithAttemptObserver(func(_ context.Context, a client.Attempt) { got = a.RequestID }))
			if err := read(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if len(id) <= 100 && want != "" && got != want || strings.Contains(got, token) || want == "" && got == id {
				t.Errorf("the token %s: the id %s is told as %s", token, id, got)
			}
		}
	}
}

// The last attempt of a call says that there is no other, whatever the reason; and
// a request that could not be sent for want of a token is none.
func TestAttemptObserverOfFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, tt := range map[string]struct {
			answers []reply
			opts    []client.Option
			call    func(context.Context, *client.Client) error
			want    []bool // Retry of each attempt
		}{
			"refused":            {[]reply{says(403, "")}, nil, read, []bool{false}},
			"written":            {[]reply{says(503, "")}, nil, write, []bool{false}},
			"no more attempts":   {[]reply{says(503, "")}, nil, read, []bool{true, true, false}},
			"no retries":         {[]reply{says(503, "")}, []client.Option{client.WithMaxRetries(0)}, read, []bool{false}},
			"asked to wait long": {[]reply{says(503, "", "Retry-After", "99")}, nil, read, []bool{false}},
			"too little time":    {[]reply{says(503, "", "Retry-After", "9")}, []client.Option{client.WithTimeout(5 * time.Second)}, read, []bool{false}},
		} {
			var got []bool
			observe := client.WithAttemptObserver(func(_ context.Context, a client.Attempt) { got = append(got, a.Retry) })
			err := tt.call(t.Context(), newClient(t, serve(t, tt.answers...), append(tt.opts, observe)...))
			if err == nil || len(got) != len(tt.want) {
				t.Errorf("%s: %v, %v; want %v", name, got, err, tt.want)
				continue
			}
			for i, again := range got {
				if again != tt.want[i] {
					t.Errorf("%s: attempt %d says %v, want %v", name, i+1, again, tt.want[i])
				}
			}
		}
		s := serve(t, ok("[]"))
		s.token = says(401, "{}")
		c := newClientOfApp(t, s, client.WithClientSecret("no-good-secret"), client.WithAttemptObserver(func(_ context.Context, a client.Attempt) {
			t.Errorf("no request was sent, and this was observed: %+v", a)
		}))
		if err := read(t.Context(), c); !errors.Is(err, client.ErrUnauthorized) {
			t.Errorf("the error is %v", err)
		}
	})
}

// The log and an observer do not take each other's place.
func TestAttemptObserverBesidesTheLog(t *testing.T) {
	var observed, logged int
	h := handlerFunc(func(context.Context, slog.Record) { logged++ })
	c := newClient(t, serve(t, ok("[]")), client.WithLogger(slog.New(h)),
		client.WithAttemptObserver(func(context.Context, client.Attempt) { observed++ }))
	if err := read(t.Context(), c); err != nil || observed != 1 || logged != 1 {
		t.Errorf("observed %d, logged %d, %v; want 1 of each", observed, logged, err)
	}
}

// An observer only looks on: if it panics, the call and the other observers go on.
func TestObserversMayPanic(t *testing.T) {
	logged := 0
	log := slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) { logged++; panic("the log is full") }), &slog.HandlerOptions{Level: slog.LevelDebug}))
	seen, fetched := 0, 0
	s := serve(t, says(503, ""), ok("[]"), says(500, ""))
	c := newClientOfApp(t, s, client.WithLogger(log), client.WithAttemptObserver(func(context.Context, client.Attempt) { seen++; panic("look away") }),
		client.WithTokenObserver(func(auth.FetchReport) { fetched++; panic("look away") }))
	if err := read(t.Context(), c); err != nil {
		t.Error(err)
	}
	wantKinds(t, read(t.Context(), c), "ErrServer")
	if seen != 3 || logged < 4 || fetched != 1 {
		t.Errorf("%d attempts seen, %d lines logged, %d fetches seen", seen, logged, fetched)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
