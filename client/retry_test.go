package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

var (
	errReset   = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
)

// read and write make one call each.
func read(ctx context.Context, c *client.Client) error {
	_, err := connectorOf(c).Execute(ctx, "issues", "list", client.Params{"n": 1})
	return err
}

func write(ctx context.Context, c *client.Client) error {
	_, err := connectorOf(c).Execute(ctx, "issues", "create", client.Params{"n": 1})
	return err
}

func TestRetryBudgetInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, says(503, ""))
		c := newClient(t, s)
		exhausted := 0
		for range 1000 {
			err := asError(t, read(t.Context(), c))
			if err.BudgetExhausted {
				exhausted++
				wantText(t, err, "not tried again: this client has used up its budget of retries")
			} else if strings.Contains(err.Error(), "too many") {
				t.Fatalf("the text speaks of the budget, BudgetExhausted does not: %v", err)
			}
		}
		n := len(s.requests())
		if n > 1000+100+100 || n < 1000+100 {
			t.Errorf("%d requests for 1,000 calls, want 1,100 to 1,200", n)
		}
		if exhausted < 800 {
			t.Errorf("%d of 1,000 errors tell of the budget, want nearly all", exhausted)
		}
		// Each client has a budget of its own.
		if err := asError(t, read(t.Context(), newClient(t, s))); err.BudgetExhausted || err.Attempts != 3 {
			t.Errorf("another client has no budget: %d attempts, exhausted %v", err.Attempts, err.BudgetExhausted)
		}
		// When the service is back, calls earn retries again: ten calls earn
		// one.
		s.mu.Lock()
		s.replies, s.sent = []reply{ok("[]")}, nil
		s.mu.Unlock()
		for range 25 {
			if err := read(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		s.mu.Lock()
		s.replies, s.sent = []reply{says(503, "")}, nil
		s.mu.Unlock()
		retries := 0
		for range 3 {
			retries += asError(t, read(t.Context(), c)).Attempts - 1
		}
		if retries < 2 || retries > 3 { // including what was left from before
			t.Errorf("25 good calls earned %d retries, want 2 or 3", retries)
		}
	})
}

func TestRetryRidesOutAHiccup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := time.Now().Add(200 * time.Millisecond)
		s := serve(t)
		s.route = func(sent) reply {
			if time.Now().Before(back) {
				return says(503, "", "Retry-After", "1")
			}
			return ok("[]")
		}
		c := newClient(t, s)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if err := read(t.Context(), c); err != nil {
					t.Errorf("a call did not survive the hiccup: %v", err)
				}
			})
		}
		wg.Wait()
		s.wantSent(t, 100)
	})
}

func TestRetryPausesHaveFullJitter(t *testing.T) {
	const calls = 150
	const ms = time.Millisecond
	ceiling := []time.Duration{250 * ms, 500 * ms, 1000 * ms, 2000 * ms, 4000 * ms, 8000 * ms, 8000 * ms}
	var longest, shortest [7]time.Duration
	for range calls {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, fails(errReset))
			err := asError(t, read(t.Context(), newClient(t, s, client.WithMaxRetries(len(ceiling)))))
			if err.Attempts != len(ceiling)+1 {
				t.Fatalf("%d attempts", err.Attempts)
			}
			all := s.requests()
			for i := range ceiling {
				pause := all[i+1].At.Sub(all[i].At)
				if pause > ceiling[i] {
					t.Fatalf("pause %d was %v, longer than %v", i, pause, ceiling[i])
				}
				longest[i] = max(longest[i], pause)
				if shortest[i] == 0 {
					shortest[i] = pause
				}
				shortest[i] = min(shortest[i], pause)
			}
		})
	}
	for i, c := range ceiling {
		// With 150 samples, the probability of failing by chance is below 1 in
		// 10^18.
		if longest[i] < c*3/4 || shortest[i] > c/4 {
			t.Errorf("pauses before retry %d went from %v to %v, want all of 0 to %v", i+1, shortest[i], longest[i], c)
		}
	}
}

func TestRetryHonoursRetryAfter(t *testing.T) {
	for _, tc := range []struct {
		name, header string
		want         time.Duration
		jitter       bool // the pause is a random one, below
	}{
		{"seconds", "5", 5 * time.Second, false},
		{"a fraction", "1.5", 1500 * time.Millisecond, false},
		{"the cap", "60", time.Minute, false},
		{"a date", "DATE", 8 * time.Second, false},
		{"a date in the past", "Sat, 01 Jan 2000 00:00:00 GMT", 250 * time.Millisecond, true},
		{"zero", "0", 250 * time.Millisecond, true},
		{"nonsense", "soon", 250 * time.Millisecond, true},
		{"negative", "-5", 250 * time.Millisecond, true},
	} {
		for _, code := range []int{429, 503} {
			t.Run(fmt.Sprint(tc.name, " ", code), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					header := tc.header
					if header == "DATE" {
						header = time.Now().Add(8 * time.Second).UTC().Format(http.TimeFormat)
					}
					s := serve(t, says(code, "", "Retry-After", header), ok("[]"))
					if err := read(t.Context(), newClient(t, s)); err != nil {
						t.Fatal(err)
					}
					s.wantSent(t, 2)
					all := s.requests()
					pause := all[1].At.Sub(all[0].At)
					if !tc.jitter && pause != tc.want || tc.jitter && pause > tc.want {
						t.Errorf("waited %v, want %v", pause, tc.want)
					}
				})
			})
		}
	}
	// The pause is the longer one of that and of its own: a service that asks for next to
	// nothing is not hammered.
	t.Run("next to nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			different := map[time.Duration]bool{}
			for range 20 {
				s := serve(t, says(503, "", "Retry-After", "0.000001"), ok("[]"))
				if err := read(t.Context(), newClient(t, s)); err != nil {
					t.Fatal(err)
				}
				all := s.requests()
				different[all[1].At.Sub(all[0].At)] = true
			}
			if len(different) < 10 {
				t.Errorf("the pauses are not random: %v", different)
			}
		})
	})
	t.Run("beyond the cap", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, says(429, "", "Retry-After", "3600"))
			start := time.Now()
			err := asError(t, read(t.Context(), newClient(t, s)))
			if err.RetryAfter != time.Hour || time.Since(start) != 0 {
				t.Errorf("RetryAfter %v after %v", err.RetryAfter, time.Since(start))
			}
			wantText(t, err, "asks to wait 1h0m0s, longer than a call waits")
		})
	})
	t.Run("patience", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, says(429, "", "Retry-After", "3600"), ok("[]"))
			start := time.Now()
			if err := read(t.Context(), newClient(t, s, client.WithMaxRetryAfter(time.Hour))); err != nil || time.Since(start) != time.Hour {
				t.Errorf("%v after %v", err, time.Since(start))
			}
			s = serve(t, says(429, "", "Retry-After", "3"), ok("[]"))
			err := asError(t, read(t.Context(), newClient(t, s, client.WithMaxRetryAfter(2*time.Second))))
			wantText(t, err, "asks to wait 3s, longer than a call waits (WithMaxRetryAfter)")
		})
	})
	t.Run("beyond the ctx", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			defer cancel()
			s := serve(t, says(429, "", "Retry-After", "5"))
			start := time.Now()
			err := asError(t, read(ctx, newClient(t, s)))
			if err.RetryAfter != 5*time.Second || time.Since(start) != 0 || !errors.Is(err, client.ErrRateLimited) {
				t.Errorf("RetryAfter %v after %v: %v", err.RetryAfter, time.Since(start), err)
			}
			wantText(t, err, "should wait 5s, longer than the ctx allows")
		})
	})
}

func TestRetryEndsWithTheContext(t *testing.T) {
	for _, tc := range []struct {
		name  string
		reply reply
		want  int  // requests
		note  bool // the error says that the call was waiting
	}{
		{"during a pause", says(503, "", "Retry-After", "30"), 1, true},
		{"during a request", hangs, 1, false},
		{"while reading", sends(200, func(r *http.Request) io.Reader {
			return &stuck{strings.NewReader(`{"status":`), r.Context()}
		}, -1), 1, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, tc.reply)
				gone := errors.New("the user has gone")
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(3*time.Second, func() { cancel(gone) })
				start := time.Now()
				err := read(ctx, newClient(t, s))
				if !errors.Is(err, context.Canceled) || errors.Is(err, client.ErrNetwork) || time.Since(start) != 3*time.Second {
					t.Errorf("after %v: %v", time.Since(start), err)
				}
				if asError(t, err); tc.note != strings.Contains(err.Error(), "while waiting to try again") {
					t.Errorf("wrong place: %v", err)
				}
				s.wantSent(t, tc.want)
			})
		})
	}
	t.Run("deadline", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, hangs)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			if err := read(ctx, newClient(t, s)); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			s.wantSent(t, 1)
		})
	})
	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s := serve(t, ok("[]"))
		err := read(ctx, newClient(t, s))
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		s.wantSent(t, 0)
	})
}

func TestRetryLimit(t *testing.T) {
	for _, limit := range []int{0, 1, 2, 5} {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, says(503, ""))
			err := asError(t, read(t.Context(), newClient(t, s, client.WithMaxRetries(limit))))
			s.wantSent(t, limit+1)
			if err.Attempts != limit+1 {
				t.Errorf("Attempts is %d, want %d", err.Attempts, limit+1)
			}
		})
	}
}

func TestRetryAfterWhichTheCallWorks(t *testing.T) {
	cut := sends(200, func(*http.Request) io.Reader {
		return &breaksOff{strings.NewReader(`{"status":"success","result":[`), io.ErrUnexpectedEOF}
	}, -1)
	for _, tc := range []struct {
		name  string
		first reply
		write bool // tried again as well
	}{
		{"408", says(408, ""), false},
		{"429", says(429, ""), true},
		{"502", says(502, "<html>", "Content-Type", "text/html"), false},
		{"503", says(503, ""), false},
		{"504", says(504, ""), false},
		{"refused", fails(errRefused), true},
		{"reset", fails(errReset), false},
		{"cut off", cut, false},
		{"broken off in an error", sends(503, func(*http.Request) io.Reader {
			return &breaksOff{strings.NewReader(`{"mess`), errReset}
		}, -1), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, tc.first, ok("[]"))
				if err := read(t.Context(), newClient(t, s)); err != nil {
					t.Errorf("read: %v", err)
				}
				s.wantSent(t, 2)
				all := s.requests()
				if all[0].Body != all[1].Body || all[0].Body == "" || all[1].Header.Get("Authorization") != "Bearer "+stubToken {
					t.Errorf("the second request differs: %q, %q", all[0].Body, all[1].Body)
				}

				s = serve(t, tc.first, ok("{}"))
				err := write(t.Context(), newClient(t, s))
				if (err == nil) != tc.write {
					t.Errorf("write: %v", err)
				}
				want := 1
				if tc.write {
					want = 2
				}
				s.wantSent(t, want)
			})
		})
	}
}

// A write is sent once, whichever method of the package sends it.
func TestRetryNeverRepeatsAWrite(t *testing.T) {
	type doing = func(context.Context, *client.Client) error
	writes := map[string]doing{
		"create connector": func(ctx context.Context, c *client.Client) error {
			_, err := c.DefaultWorkspace().CreateConnector(ctx, client.CreateConnectorRequest{ConnectorType: "github", Credentials: map[string]any{"token": "x"}})
			return err
		},
		"delete connector": func(ctx context.Context, c *client.Client) error {
			_, err := c.DefaultWorkspace().DeleteConnector(ctx, stubID)
			return err
		},
		"raw post": func(ctx context.Context, c *client.Client) error {
			_, err := c.API().CreateWorkflowWithResponse(ctx, &gen.CreateWorkflowParams{}, gen.WorkflowCreateRequest{})
			return err
		},
	}
	for _, action := range []string{"create", "update", "delete", "send", "LIST", "list ", "context_store_write"} {
		writes["action "+action] = func(ctx context.Context, c *client.Client) error {
			_, err := connectorOf(c).Execute(ctx, "issues", action, nil)
			return err
		}
	}
	for name, do := range writes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, fails(errReset))
				if err := do(t.Context(), newClient(t, s)); err == nil {
					t.Error("no error")
				}
				s.wantSent(t, 1)
			})
		})
	}
	reads := map[string]doing{
		"list connectors": func(ctx context.Context, c *client.Client) error {
			_, err := c.DefaultWorkspace().ListConnectors(ctx)
			return err
		},
		"workspace info": func(ctx context.Context, c *client.Client) error {
			_, err := c.Workspace("x").Info(ctx)
			return err
		},
		"inspect": func(ctx context.Context, c *client.Client) error {
			_, err := connectorOf(c).Inspect(ctx)
			return err
		},
		"describe": func(ctx context.Context, c *client.Client) error {
			_, err := connectorOf(c).Describe(ctx)
			return err
		},
		"raw get": func(ctx context.Context, c *client.Client) error {
			_, err := c.API().ListSkillsWithResponse(ctx, &gen.ListSkillsParams{})
			return err
		},
		"raw execution": func(ctx context.Context, c *client.Client) error {
			_, err := c.API().ExecuteConnectorWithResponse(ctx, stubID, &gen.ExecuteConnectorParams{}, gen.ExecuteRequest{Entity: "issues", Action: "list"})
			return err
		},
	}
	for _, action := range []string{"list", "get", "search", "api_search", "context_store_search", "context_store_sql_query", "describe", "download"} {
		reads["action "+action] = func(ctx context.Context, c *client.Client) error {
			_, err := connectorOf(c).Execute(ctx, "issues", action, nil)
			return err
		}
	}
	for name, do := range reads {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, fails(errReset))
				if err := do(t.Context(), newClient(t, s)); err == nil {
					t.Error("no error")
				}
				s.wantSent(t, 3)
			})
		})
	}
}

// sourceFunc is a token source.
type sourceFunc func(context.Context) (*auth.Token, error)

func (f sourceFunc) Token(ctx context.Context) (*auth.Token, error) { return f(ctx) }

func TestRetryLeavesTheTokenSourceAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		down := errors.New("the vault is sealed")
		s := serve(t, ok("[]"))
		c := newClient(t, s, client.WithTokenSource(sourceFunc(func(context.Context) (*auth.Token, error) {
			asked++
			return nil, down
		})))
		err := read(t.Context(), c)
		if !errors.Is(err, down) || asked != 1 {
			t.Errorf("asked %d times: %v", asked, err)
		}
		if e := asError(t, err); e.Attempts != 0 || e.StatusCode != 0 {
			t.Errorf("%d attempts, status %d", e.Attempts, e.StatusCode)
		}
		s.wantSent(t, 0)
	})
}

func TestRetryCountsTheReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// First a 401, replayed with a 503; then, in another attempt, a 401,
		// replayed with success.
		s := serve(t, says(401, ""), says(503, ""), says(401, ""), ok("[]"))
		if err := read(t.Context(), newClientOfApp(t, s)); err != nil {
			t.Fatal(err)
		}
		s.wantSent(t, 4)
		var tokens, bodies []string
		for _, r := range s.requests() {
			tokens = append(tokens, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
			bodies = append(bodies, r.Body)
		}
		if got := strings.Join(tokens, " "); got != "token-1 token-2 token-2 token-3" {
			t.Errorf("tokens %s", got)
		}
		for _, b := range bodies {
			if b == "" || b != bodies[0] {
				t.Errorf("the body was not sent in full: %q", bodies)
			}
		}

		s = serve(t, says(401, `{"message":"revoked"}`))
		err := asError(t, read(t.Context(), newClientOfApp(t, s)))
		if err.Attempts != 2 || !errors.Is(err, client.ErrUnauthorized) || err.Message != "revoked" {
			t.Errorf("%d attempts: %v", err.Attempts, err)
		}
		s.wantSent(t, 2)

		// A write is replayed, too, since a 401 means that nothing was done.
		s = serve(t, says(401, ""), ok("{}"))
		if err := write(t.Context(), newClientOfApp(t, s, client.WithMaxRetries(0))); err != nil {
			t.Error(err)
		}
		s.wantSent(t, 2)
	})
}

func TestTimeout(t *testing.T) {
	slow := later(5*time.Second, says(503, ""))
	t.Run("bounds the call with its retries", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, slow)
			start := time.Now()
			err := read(t.Context(), newClient(t, s, client.WithTimeout(7*time.Second)))
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 7*time.Second {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
			s.wantSent(t, 2)
		})
	})
	t.Run("gives way to a deadline of the caller", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			err := read(ctx, newClient(t, serve(t, slow), client.WithTimeout(7*time.Second)))
			wantKinds(t, err, "ErrServer")
		})
	})
	t.Run("is not there by default", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, later(100*time.Minute, ok("[]")))
			if err := read(t.Context(), newClient(t, s, client.WithAttemptTimeout(0))); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("bounds reading through the raw client", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, sends(200, func(r *http.Request) io.Reader { return &stuck{strings.NewReader("{"), r.Context()} }, -1))
			start := time.Now()
			_, err := newClient(t, s, client.WithTimeout(7*time.Second)).API().ListSkillsWithResponse(t.Context(), &gen.ListSkillsParams{})
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 7*time.Second {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
		})
	})
	t.Run("lets the raw client read", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			resp, err := newClient(t, serve(t, says(200, `{"data":[]}`)), client.WithTimeout(7*time.Second)).API().ListSkillsWithResponse(t.Context(), &gen.ListSkillsParams{})
			if err != nil || resp.StatusCode() != 200 || string(resp.Body) != `{"data":[]}` {
				t.Errorf("%v %v", resp, err)
			}
		})
	})
	t.Run("leaves downloads alone", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, dribble(100, time.Second))
			d, err := connectorOf(newClient(t, s, client.WithTimeout(7*time.Second))).Download(t.Context(), "files", nil)
			wantFile(t, d, err, 100)
		})
	})
}

// dribble is a file of n bytes that arrive one at a time.
func dribble(n int, every time.Duration) reply {
	return sends(200, func(r *http.Request) io.Reader { return &drops{n: n, every: every, ctx: r.Context()} }, int64(n), "Content-Type", "application/octet-stream")
}

type drops struct {
	n     int
	every time.Duration
	ctx   context.Context
}

func (d *drops) Read(p []byte) (int, error) {
	if d.n == 0 {
		return 0, io.EOF
	}
	select {
	case <-time.After(d.every):
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
	d.n--
	p[0] = 'x'
	return 1, nil
}

func wantFile(t *testing.T, d *client.Download, err error, size int64) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if n, err := io.Copy(io.Discard, d); n != size || err != nil {
		t.Errorf("read %d of %d bytes: %v", n, size, err)
	}
}

func TestAttemptTimeout(t *testing.T) {
	t.Run("is followed by another attempt", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, hangs, ok("[]"))
			start := time.Now()
			if err := read(t.Context(), newClient(t, s, client.WithAttemptTimeout(4*time.Second))); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took < 4*time.Second || took > 4250*time.Millisecond {
				t.Errorf("took %v", took)
			}
			s.wantSent(t, 2)
		})
	})
	t.Run("of reading, too", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, sends(200, func(r *http.Request) io.Reader { return &stuck{strings.NewReader(`{"status":`), r.Context()} }, -1), ok("[]"))
			if err := read(t.Context(), newClient(t, s, client.WithAttemptTimeout(4*time.Second))); err != nil {
				t.Fatal(err)
			}
			s.wantSent(t, 2)
		})
	})
	t.Run("a write is not sent again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, hangs)
			err := write(t.Context(), newClient(t, s, client.WithAttemptTimeout(4*time.Second)))
			wantText(t, err, "WithAttemptTimeout")
			if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the error looks as if the caller's ctx had ended: %v", err)
			}
			s.wantSent(t, 1)
		})
	})
	t.Run("leaves downloads alone once they begin", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, hangs, dribble(100, time.Second))
			d, err := connectorOf(newClient(t, s, client.WithAttemptTimeout(4*time.Second))).Download(t.Context(), "files", nil)
			wantFile(t, d, err, 100)
			s.wantSent(t, 2)
		})
	})
	t.Run("bounds reading through the raw client", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, sends(200, func(r *http.Request) io.Reader { return &stuck{strings.NewReader("{"), r.Context()} }, -1))
			start := time.Now()
			_, err := newClient(t, s, client.WithAttemptTimeout(4*time.Second), client.WithMaxRetries(0)).API().ListSkillsWithResponse(t.Context(), &gen.ListSkillsParams{})
			if err == nil || time.Since(start) != 4*time.Second {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
			wantKinds(t, err, "ErrNetwork")
		})
	})
	t.Run("does not outlive the call", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, serve(t, ok("[]")), client.WithAttemptTimeout(time.Hour))
			if err := read(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			synctest.Wait()
			if time.Since(start) != 0 {
				t.Error("something is still waiting")
			}
		})
	})
}

// The Timeout of an http.Client is not the deadline of the ctx, even though it
// matches the same error.
func TestTimeoutOfTheHTTPClient(t *testing.T) {
	s := serve(t, sends(200, func(*http.Request) io.Reader {
		return io.MultiReader(strings.NewReader(`{"status":`), iotest.ErrReader(fmt.Errorf("Client.Timeout: %w", context.DeadlineExceeded)))
	}, -1))
	err := read(t.Context(), newClient(t, s, client.WithMaxRetries(0)))
	wantKinds(t, err, "ErrNetwork")
	if !asError(t, err).Retryable {
		t.Errorf("not retryable: %v", err)
	}
}

// The error of one token source, which may be that of another client, is not
// changed for each call that fails because of it.
func TestErrorsOfTokenSourcesAreNotShared(t *testing.T) {
	shared := read(t.Context(), newClient(t, serve(t, says(401, `{}`)), client.WithMaxRetries(0)))
	before := *asError(t, shared)
	c := makeClient(t, serve(t, ok("[]")), client.WithTokenSource(tokenFunc(func(context.Context) (*auth.Token, error) { return nil, shared })))
	errs := make([]error, 4)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = read(t.Context(), c) })
	}
	all.Wait()
	for i, err := range errs {
		if e := asError(t, err); e == asError(t, shared) || i > 0 && e == asError(t, errs[0]) || !errors.Is(err, client.ErrUnauthorized) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if after := asError(t, shared); after.Retryable != before.Retryable || after.OutcomeUnknown != before.OutcomeUnknown {
		t.Errorf("the error of the source became %+v", after)
	}
}

type tokenFunc func(context.Context) (*auth.Token, error)

func (f tokenFunc) Token(ctx context.Context) (*auth.Token, error) { return f(ctx) }
