package agenttools

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A failure is an error as a model reads it.
type failure struct {
	text      string
	retryable bool
	after     time.Duration // when to try again; 0 if it is not known
	hint      string
	problems  []problem
	pending   bool // it is none yet: a person is being asked

	err error // what reported it, if that was not this package
}

// cause returns the failure as an error for the program.
func (f *failure) cause() error {
	if f.err != nil {
		return f.err
	}
	text := "agenttools: " + oneLine(f.text, maxErrorText)
	for i, p := range f.problems[:min(len(f.problems), maxProblems)] {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		text += sep + strings.TrimPrefix(oneLine(p.Field, maxField)+": ", ": ") + oneLine(p.Message, maxField)
	}
	return errors.New(text)
}

// A problem is what is wrong with an argument.
type problem struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// The sizes of what an error says; more would not help.
const (
	maxErrorText = 1_000
	maxHint      = 1_500
	maxProblems  = 20
	maxField     = 200
)

// json returns the failure as JSON of at most budget bytes.
func (f *failure) json(budget int) string {
	v := struct {
		Error      string    `json:"error"`
		Retryable  bool      `json:"retryable"`
		RetryAfter int       `json:"retry_after_seconds,omitempty"`
		Hint       string    `json:"hint,omitempty"`
		Problems   []problem `json:"problems,omitempty"`
	}{Error: shorten(clean(f.text), maxErrorText), Retryable: f.retryable, Hint: shorten(clean(f.hint), maxHint)}
	if f.after > 0 {
		v.RetryAfter = int(min(math.Ceil(f.after.Seconds()), 1e9))
	}
	for _, p := range f.problems[:min(len(f.problems), maxProblems)] {
		v.Problems = append(v.Problems, problem{shorten(clean(p.Field), maxField), shorten(clean(p.Message), maxField)})
	}
	for {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil { // texts can always be encoded
			return `{"error":"the error cannot be shown","retryable":false}`
		}
		text := strings.TrimSuffix(b.String(), "\n")
		switch {
		case len(text) <= budget:
			return text
		case len(v.Problems) > 1:
			v.Problems = v.Problems[:len(v.Problems)-1]
		case len(v.Hint) > 100:
			v.Hint = shorten(v.Hint, len(v.Hint)/2)
		case len(v.Error) > 100:
			v.Error = shorten(v.Error, len(v.Error)/2)
		default:
			v.Problems, v.Hint = nil, ""
			v.Error = shorten(v.Error, len(v.Error)/2)
		}
	}
}

// argument returns the name of an argument of a tool for a field of a request.
func argument(field string) string {
	field = strings.TrimPrefix(field, "body.")
	if rest, ok := strings.CutPrefix(field, "select_fields"); ok {
		return "fields" + rest
	}
	return field
}

// ofGo is the end of a text that tells a program about functions of package client.
var ofGo = regexp.MustCompile(`; [^;]*\b(?:With[A-Z]\w+|(?:Workspace|Connector|Client)\.[A-Z]\w+|Ensure creates)\b[^;]*$`)

// withoutGo returns what a text of package client says to anybody.
func withoutGo(text string) string {
	for ofGo.MatchString(text) {
		text = ofGo.ReplaceAllString(text, "")
	}
	return text
}

const tellUser = "tell the user; other arguments do not help"

// failed describes an error of package client, with the name of a workspace that does not
// exist.
func (s *Set) failed(err error) *failure {
	f := failed(err)
	if errors.Is(err, client.ErrWorkspaceNotFound) {
		f.text += ": " + oneLine(s.ws.Name(), 80)
	}
	return f
}

// failed describes an error of package client.
func failed(err error) *failure {
	var e *client.Error
	if !errors.As(err, &e) {
		e = &client.Error{}
	}
	f := &failure{retryable: e.Retryable, after: e.RetryAfter, err: err}
	for _, p := range e.Fields {
		if p.Field != "" || p.Message != "" {
			f.problems = append(f.problems, problem{argument(p.Field), p.Message})
		}
	}
	is := func(kind error) bool { return errors.Is(err, kind) }
	said := func(otherwise string) string {
		if e.Message != "" {
			return withoutGo(e.Message)
		}
		return otherwise
	}
	switch {
	case is(context.Canceled):
		f.text = "the call was cancelled"
	case is(context.DeadlineExceeded):
		f.text = "the call took too long"
	case is(client.ErrWorkspaceNotFound):
		f.hint = tellUser
		if f.text = "the workspace does not exist"; e.StatusCode != 0 {
			f.text = said(f.text)
		}
	case is(client.ErrUnauthorized):
		f.text, f.hint, f.problems = "the service does not accept the credentials of this program, or there are none", tellUser, nil
	case is(client.ErrForbidden):
		f.text = said("the service does not allow this")
		f.hint = "tell the user, unless another connector or action helps"
	case is(client.ErrUsageExceeded):
		f.text, f.hint = said("the organization has used more than its plan allows"), tellUser
	case is(client.ErrRateLimited):
		f.text = said("there were too many requests")
	case is(client.ErrResponseTooLarge):
		f.text, f.hint = "the response is too large", "ask for fewer records, or for some of their fields only"
	case is(client.ErrNetwork):
		f.text = "the service could not be reached, or its response broke off"
	case is(client.ErrBadResponse):
		f.text = said("the response is not one of the service")
	case is(client.ErrServer):
		f.text = said("the service failed")
	case is(client.ErrEmptyDownload):
		f.text = "the file is empty or does not exist"
	default:
		f.text = said(withoutGo(strings.TrimPrefix(err.Error(), "client: ")))
	}
	if e.StatusCode >= http.StatusBadRequest && !strings.Contains(f.text, fmt.Sprint(e.StatusCode)) {
		f.text = fmt.Sprintf("%d: %s", e.StatusCode, f.text)
	}
	switch {
	case e.OutcomeUnknown:
		f.hint = "the write may have happened nevertheless: read before you try again"
	case f.retryable && f.after > 0:
		f.hint = fmt.Sprintf("try again in %.0f seconds", math.Ceil(f.after.Seconds()))
	case f.retryable && f.hint == "":
		f.hint = "try again in a while"
	}
	return f
}
