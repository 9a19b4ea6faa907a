package agenttools

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// An Option changes a [Set].
type Option func(*Set)

// An Action is a write that a model asks for.
type Action struct {
	Workspace string // its name
	Connector string // the connector's own name
	Slug      string // the slug of its kind
	Entity    string
	Name      string        // the name of the action, such as "create"
	Params    client.Params // a copy

	// Description is what the connector says about the action, on one line of at most
	// 200 bytes, or "". Like all that it sends, it is no more than what somebody wrote.
	Description string

	// Undeclared reports that the connector does not tell which actions it has. Then
	// nobody knows that the action exists and what it does, so a person should say
	// yes, even where other writes need none.
	Undeclared bool
}

// String describes the action without its parameters.
func (a Action) String() string {
	return fmt.Sprintf("%s.%s.%s of %q", a.Slug, a.Entity, a.Name, a.Connector)
}

// ErrPending means that a person is being asked about a write, who has not answered yet.
// A function of [WithWrites] returns an error that matches it if the call will come again
// once there is an answer. Then the call has not failed: the model reads the text of the
// error and that it may call again with the same arguments once the user has answered,
// and the log of [WithLogger] says that it is pending.
var ErrPending = errors.New("the user is being asked")

// WithWrites adds the tool write_records. Before each write, the Set calls confirm,
// which may ask a person. If it returns an error, nothing is sent, and the model reads
// the text of the error. With nil, no write is confirmed, except that those whose
// [Action.Undeclared] is true are refused.
//
// It can be given once: with two, also if one of them is that of another package, every
// call fails, so that nothing is written which one of them would have refused; see
// [Set.Err].
func WithWrites(confirm func(context.Context, Action) error) Option {
	return func(s *Set) {
		if s.writes {
			s.problem(errors.New("two options say who confirms writes: give one, WithWrites or that of another package"))
		}
		s.writes, s.confirm = true, confirm
	}
}

// WithAllow says what the model may call. A pattern is a connector ("github"), an
// entity of it ("github.issues") or an action ("github.issues.list"); each part may be
// * for any. A connector is named by its slug or by its own name, in any case; a name
// with a dot or a comma stands in double quotes. A pattern that begins with ! denies,
// and wins over those that allow. If there are only patterns that deny, the rest is
// allowed.
//
// What is not allowed is not listed or described either, and hints do not name it. An
// action that does not keep to its entity, such as a statement of SQL, needs a pattern
// that allows it for all entities, or that names it, and no pattern may deny any entity
// to it.
//
// A pattern that is not of this form makes every call fail; see [Set.Err]. One that names
// nothing that there is allows or denies nothing; see [Set.Unmatched].
func WithAllow(patterns ...string) Option {
	return func(s *Set) {
		for _, text := range patterns {
			s.problem(s.rules.add(text))
		}
	}
}

// Invalid makes every call fail, and [Set.Err] return the error, as a bad pattern does. It
// is for packages that have options of their own, which can be given a bad value.
func Invalid(err error) Option {
	return func(s *Set) { s.problem(err) }
}

// WithPrefix puts a prefix before the names of the tools, such as "airbyte_", to keep
// them apart from those of others. It may have up to 40 characters.
func WithPrefix(prefix string) Option {
	return func(s *Set) {
		s.prefix = prefix
		if len(prefix) > 40 || strings.ContainsFunc(prefix, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || dropped(r) }) {
			s.problem(fmt.Errorf("the prefix %q is not the beginning of a name: it has more than 40 bytes, or a space", prefix))
			s.prefix = ""
		}
	}
}

// WithMaxOutput limits the bytes of an answer. The default is 40,000, about 10,000
// tokens; the smallest is 1,000, which smaller numbers mean, too.
func WithMaxOutput(bytes int) Option {
	return func(s *Set) { s.budget = max(bytes, minOutput) }
}

const (
	minOutput     = 1_000
	defaultOutput = 40_000
)

// WithObserver makes the Set call f after each call, with the name as it was called,
// the output, and how long it took. The text of the output has the records: do not log
// it; [WithLogger] logs the rest.
func WithObserver(f func(ctx context.Context, name string, out Output, took time.Duration)) Option {
	return func(s *Set) { s.observe = f }
}

// WithLogger makes the Set log each call, and each use of [Set.Docs], at the level Info:
// the tool, what the call was about, how large the answer was, how long it took and, if it
// failed, why, with the status and the request ID of the service. Params and records are
// not logged. What the service says about a read that failed is, and may repeat a param of
// it; of a write that failed, only the kind of the error is logged.
func WithLogger(l *slog.Logger) Option {
	return func(s *Set) { s.logger = l }
}
