package client

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/jsonv1"
)

// This file checks what callers give. It becomes what is sent in one way: the method wire
// of its type returns the body or the query, without white space around texts, or an error
// that matches [ErrInvalid] and says all that is wrong. The functions below find a problem
// each, and return it as a text, "" if there is none; [refuse] makes an error of them.

// checkUUID returns id as it is sent, in lower case and without white space. If id is
// not a UUID, it returns an error that says so, and whose ID it should be. No other ID
// becomes part of a path.
func checkUUID(op, whose, id string) (string, error) {
	if s, ok := plainUUID(id); ok {
		return s, nil
	}
	return "", invalid(op, "%s", notUUID(whose, id))
}

// uuidField puts the ID in a field into the form in which it is sent, and returns what is
// wrong with it, "" if nothing is or if there is none.
func uuidField(field string, id *string) (problem string) {
	*id = strings.TrimSpace(*id)
	plain, ok := plainUUID(*id)
	switch {
	case ok:
		*id = plain
	case *id != "":
		return field + " is not a UUID"
	}
	return ""
}

// exactlyOne returns what is wrong if not exactly one of several fields has a value.
func exactlyOne(fields string, values ...string) (problem string) {
	n := 0
	for _, s := range values {
		if s != "" {
			n++
		}
	}
	if n == 1 {
		return ""
	}
	return fmt.Sprintf("exactly one of %s must be given, not %d", fields, n)
}

// fieldsOfKind are the fields that say of which kind a connector is to be.
const fieldsOfKind = "ConnectorType, DefinitionID and SourceTemplateID"

// nothing is what is wrong with a change without fields.
const nothing = "there is nothing to change"

// problemIf returns the problem if there is one, else "".
func problemIf(wrong bool, problem string) string {
	if wrong {
		return problem
	}
	return ""
}

// notUUID says that an ID is not a UUID, and whose ID it is not.
func notUUID(whose, id string) string {
	return fmt.Sprintf("the %s's id %q is not a UUID", whose, shorten(id))
}

func plainUUID(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if len(s) != 36 {
		return "", false
	}
	id, err := uuid.Parse(s)
	return id.String(), err == nil
}

// connectorUUID is plainUUID for the ID of a connector, which the service sends
// with the prefix "source_id:" in some places.
func connectorUUID(s string) (string, bool) {
	return plainUUID(strings.TrimPrefix(strings.TrimSpace(s), "source_id:"))
}

// pathID returns the ID of a workflow or an automation in the form in which it
// goes into a path. The service does not say what its IDs look like, so pathID
// refuses only what could lead to another path.
func pathID(op, whose, id string) (string, error) {
	id = strings.TrimSpace(id)
	switch {
	case id == "":
		return "", invalid(op, "the %s's id is empty", whose)
	case id == ".", id == "..", strings.ContainsFunc(id, unfitForPath):
		return "", invalid(op, "the %s's id %q is not valid; use one that the service returned", whose, shorten(id))
	}
	return id, nil
}

// unfitForPath reports whether r separates parts of a URL, or may do so for
// some server on the way, or is not a printable ASCII character.
func unfitForPath(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune(`/\?#%;`, r)
}

// automationProblems returns the problems that can be found without the
// service, which knows best whether a cron expression is valid and which time
// zones exist.
func automationProblems(cron, zone, hook string) (problems []string) {
	if strings.ContainsFunc(cron, unicode.IsControl) {
		problems = append(problems, "CronExpression contains a control character")
	}
	switch {
	case zone == "Local":
		problems = append(problems, `Timezone is "Local", which is Go's name for the time zone of the machine; use a name such as Europe/Berlin`)
	case strings.ContainsFunc(zone, func(r rune) bool { return r <= ' ' || r > '~' }):
		problems = append(problems, fmt.Sprintf("Timezone %q is not valid; use a name such as Europe/Berlin", shorten(zone)))
	}
	if hook != "" && !isWebURL(hook) {
		text := "CompletionWebhookURL is not an absolute http or https URL" // without the URL, which may be secret
		if hook == redacted {
			text = "CompletionWebhookURL is the printed form of an auth.Secret; use string(s) to reveal the URL"
		}
		problems = append(problems, text)
	}
	return problems
}

func trimmedSecret(s auth.Secret) auth.Secret { return auth.Secret(strings.TrimSpace(string(s))) }

// isWebURL reports whether s is an absolute http or https URL.
func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

// isWebPage reports whether s is a URL that a browser can be sent to.
func isWebPage(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http")
}

// A TagMatch says how many of several tags must match.
type TagMatch string

// The ways to match tags.
const (
	TagMatchAny TagMatch = "any"
	TagMatchAll TagMatch = "all"
)

// tagProblem returns what is wrong with tags and a match. prefix is what the names of
// their fields have before Tags and Match.
func tagProblem(prefix string, tags []string, match TagMatch) (problem string) {
	switch {
	case slices.ContainsFunc(tags, func(tag string) bool { return strings.TrimSpace(tag) == "" }):
		return "one of the " + prefix + "Tags is empty"
	case len(tags) == 0 && match != "":
		return prefix + "Match is given without " + prefix + "Tags"
	}
	return ""
}

// matchTags returns tags and how the service shall match them, nil if there are none. It
// always says how: the service's defaults differ between lists and bodies.
func matchTags(tags []string, match TagMatch) ([]string, *gen.TagMatch) {
	if len(tags) == 0 {
		return nil, nil
	}
	return tags, new(gen.TagMatch(cmp.Or(match, TagMatchAny)))
}

// pageSize returns how many items to request at once: n, or 100 if n is 0.
func pageSize(op string, n int) (int, error) {
	if n < 0 || n > 100 {
		return 0, invalid(op, "page size %d is not between 1 and 100", n)
	}
	return cmp.Or(n, 100), nil
}

// configProblem returns what is wrong with a configuration that is about to be
// sent, or "".
func configProblem(field string, c map[string]any) (problem string) {
	if problem := hiddenProblem(field, c); problem != "" {
		return field + " " + problem
	}
	if _, err := jsonv1.Marshal(c); err != nil {
		return field + " cannot be encoded as JSON"
	}
	if slices.Contains(texts(nil, asSent(c)), redacted) {
		return field + " contains " + redacted + ", which is what a secret prints instead of its value"
	}
	return ""
}

// A Nullable is a field of a change that distinguishes between no change, null
// and a value. The zero Nullable leaves the field unchanged, [Null] removes its
// value, and [Value] sets one.
//
//	ws.Update(ctx, client.WorkspaceChange{ContextStore: client.Value(false)})
type Nullable[T any] = gen.Nullable[T]

// Value returns a Nullable that sets the field to v, which may be empty. For a
// list without elements, v must be an empty slice, not nil.
func Value[T any](v T) Nullable[T] { return gen.Value(v) }

// Null returns a Nullable that removes the value of the field.
func Null[T any]() Nullable[T] { return gen.Null[T]() }

// shownChange describes a field of a change with one function for the value.
func shownChange[T any](field Nullable[T], show func(T) string) string {
	switch v, ok := field.Get(); {
	case ok:
		return show(v)
	case field.IsNull():
		return "null"
	}
	return unchanged
}

const unchanged = "unchanged"

// set returns a Nullable that sets the field to v unless v is the zero value.
// It is for fields for which null has no meaning.
func set[T comparable](v T) Nullable[T] {
	if v == *new(T) {
		return Nullable[T]{}
	}
	return Value(v)
}

// optional returns a pointer to v, or nil if v is the zero value, so that a
// request omits the field.
func optional[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}
