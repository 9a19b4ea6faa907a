package agenttools

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A program learns from an output what the call was about and why it failed; the model
// does not.
func TestOutputForPrograms(t *testing.T) {
	fake, ws := start(t, agentstest.WorkspaceName)
	no := errors.New("not on Sundays")
	s := New(ws, WithWrites(func(context.Context, Action) error { return no }))
	fake.Inject(agentstest.Fault{Entity: "issues", Action: "list", Status: http.StatusForbidden, Header: http.Header{"X-Request-Id": {"req-7"}}})
	refused := read(t, s, "GitHub", "issues", "list", "")
	var e *client.Error
	if !errors.As(refused.Err, &e) || e.RequestID != "req-7" || e.Entity != "issues" || !errors.Is(refused.Err, client.ErrForbidden) {
		t.Errorf("%+v", refused)
	}
	page := readAnswer(t, read(t, s, "github", "issues", "list", "").Text).next
	for name, test := range map[string]struct {
		out   Output
		about string
		err   string // in the text of Err; "" for none
		cause error
	}{
		"a list":               {call(t, s, listConnectors), "..", "", nil},
		"a description":        {call(t, s, describeActions, "connector", "GitHub", "entity", "issues"), "github.issues.", "", nil},
		"records":              {read(t, s, "GITHUB", "issues", "list", ""), "github.issues.list", "", nil},
		"a page":               {call(t, s, nextPage, "page", page), "github.issues.list", "", nil},
		"an unknown page":      {call(t, s, nextPage, "page", "x"), "..", "agenttools: this page is not known", nil},
		"an unknown connector": {read(t, s, "gi\nthub", "issues", "list", ""), "gi thub.issues.list", "agenttools: there is no connector gi thub", nil},
		"an unknown tool":      {call(t, s, "x"), "..", "agenttools: there is no tool", nil},
		"refused":              {refused, "github.issues.list", "client: ", client.ErrForbidden},
		"not confirmed":        {write(t, s, "github", "issues", "create", `{"title":"x"}`), "github.issues.create", "agenttools: the write was not confirmed: not on Sundays", no},
		"documentation":        {s.Docs(t.Context(), "github", ""), "github..", "", nil},
	} {
		about := strings.Join([]string{test.out.Connector, test.out.Entity, test.out.Action}, ".")
		if about != test.about || (test.err == "") != (test.out.Err == nil) || test.out.IsError != (test.out.Err != nil) {
			t.Errorf("%s: %s, %+v", name, about, test.out)
			continue
		}
		if test.err != "" && !strings.HasPrefix(test.out.Err.Error(), test.err) || test.cause != nil && !errors.Is(test.out.Err, test.cause) {
			t.Errorf("%s: %v", name, test.out.Err)
		}
		if b, err := json.Marshal(test.out); err != nil || strings.Contains(string(b), "Err\"") {
			t.Errorf("%s: %v, %s", name, err, b)
		}
	}
}

// Who asks for a section that there is not learns which there are, and the log has it.
func TestDocsLog(t *testing.T) {
	_, ws := start(t, agentstest.WorkspaceName)
	var log bytes.Buffer
	s := New(ws, WithAllow("github.issues", "!*.*.delete"), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	for _, test := range []struct{ connector, section, text, log string }{
		{"GitHub", "", "# Engineering", "msg=docs connector=github failed=false bytes="},
		{"github", "actions.issues.list", "per_page", "connector=github section=actions.issues.list failed=false"},
		{"github", "issues", "; the sections are ", `section=issues failed=true`},
		{"github", "actions.issues.delete", "is not allowed", `section=actions.issues.delete failed=true`},
		{"asana", "", "no connector asana", `connector=asana failed=true`},
	} {
		log.Reset()
		out := s.Docs(t.Context(), test.connector, test.section)
		if !strings.Contains(out.Text, test.text) || !strings.Contains(log.String(), test.log) || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("%+v: %s, %s", test, out.Text, log.String())
		}
		if test.section == "issues" {
			if r := readReport(t, out); !strings.Contains(r.Error, "actions.issues.list") || strings.Contains(r.Error, "delete") || strings.Contains(r.Error, "users") || !errors.Is(out.Err, client.ErrNotFound) {
				t.Errorf("%+v", r)
			}
		}
	}
}

// A write that waits for a person has not failed, and is not done: the model learns when
// to call again, and the program's observer and its log agree.
func TestPending(t *testing.T) {
	fake, ws := start(t, agentstest.WorkspaceName)
	var log bytes.Buffer
	var seen []Output
	why := fmt.Errorf("a message was sent to\u202e the boss%s: %w", strings.Repeat(".", 5000), ErrPending)
	s := New(ws, WithPrefix("p_"), WithMaxOutput(1000), WithLogger(slog.New(slog.NewTextHandler(&log, nil))), WithWrites(func(context.Context, Action) error { return why }),
		WithObserver(func(_ context.Context, _ string, out Output, _ time.Duration) { seen = append(seen, out) }))
	out := write(t, s, "github", "issues", "create", `{"title":"x"}`)
	if out.IsError || out.Retryable || !errors.Is(out.Err, ErrPending) || executions(fake, "create") != 0 || len(seen) != 1 || seen[0].Text != out.Text || seen[0].IsError {
		t.Errorf("%+v", out)
	}
	if text := out.Text; !strings.HasPrefix(text, "github.issues.create: nothing was changed yet: a message was sent to the boss...") || !strings.Contains(text, "call p_write_records again with the same arguments once the user has answered") ||
		strings.Contains(text, "do not try it again") || strings.Contains(text, "\n") || len(text) > 1000 {
		t.Error(text)
	}
	if text := log.String(); !strings.Contains(text, "failed=false pending=true") {
		t.Error(text)
	}
}

// A log says which call failed and why, and has nothing of what was written.
func TestLogger(t *testing.T) {
	fake, ws := start(t, agentstest.WorkspaceName)
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	pending := true
	s := New(ws, WithLogger(logger), WithWrites(func(context.Context, Action) error {
		if pending {
			return fmt.Errorf("the user thinks: %w", ErrPending)
		}
		return nil
	}))
	if s.Logger() != logger || New(ws).Logger() != nil || s.For(ws).Logger() != logger {
		t.Error("another logger")
	}
	const secret = "hunter2"
	create := func() Output { return write(t, s, "github", "issues", "create", `{"title":"`+secret+`"}`) }
	for _, test := range []struct {
		fault agentstest.Fault
		call  func() Output
		want  []string
		not   []string
	}{
		{call: func() Output { return read(t, s, "github", "issues", "list", "") }, want: []string{"msg=call tool=read_records connector=github entity=issues action=list failed=false bytes="}, not: []string{"error=", "status="}},
		{call: func() Output { return read(t, s, "github", "issues", "close", "") }, want: []string{"action=close failed=true", `error="agenttools: github.issues has no action close`}},
		{
			fault: agentstest.Fault{Action: "list", Status: http.StatusForbidden, Header: http.Header{"X-Request-Id": {"req-7"}}},
			call:  func() Output { return read(t, s, "github", "issues", "list", "") },
			want:  []string{"failed=true", "status=403", "request_id=req-7", `error="client: `},
		},
		{call: create, want: []string{"tool=write_records connector=github entity=issues action=create failed=false pending=true"}, not: []string{"error="}},
		{call: func() Output { pending = false; return create() }, want: []string{"action=create failed=false bytes="}, not: []string{"pending"}},
		{
			fault: agentstest.Fault{Action: "create", Status: http.StatusUnprocessableEntity, Body: `{"message":"hunter2 is no title"}`},
			call:  create, want: []string{"failed=true", "status=422", `error="invalid request"`},
		},
		{fault: agentstest.Fault{Action: "create", Lost: true}, call: create, want: []string{"failed=true", `error="the service was not reached"`, "outcome_unknown=true"}},
	} {
		if test.fault.Action != "" {
			fake.Inject(test.fault)
		}
		log.Reset()
		test.call()
		for _, want := range test.want {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%s is not in %s", want, log.String())
			}
		}
		for _, not := range append(test.not, secret) {
			if strings.Contains(log.String(), not) {
				t.Errorf("%s is in %s", not, log.String())
			}
		}
	}
	observed := false
	both := New(ws, WithLogger(logger), WithObserver(func(context.Context, string, Output, time.Duration) { observed = true }))
	if log.Reset(); call(t, both, listConnectors).IsError || !observed || log.Len() == 0 {
		t.Error("a logger replaces an observer")
	}
}
