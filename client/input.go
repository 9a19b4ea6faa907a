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

// checkUUID returns id in the form that goes into paths and queries, or an error
// that names whose ID it is not. Only what passes may become part of a path.
func checkUUID(op, whose, id string) (string, error) {
	if s, ok := plainUUID(id); ok {
		return s, nil
	}
	return "", invalid(op, "%s", notUUID(whose, id))
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

// matchTags returns the tags, and how the service shall match them: nil without tags.
func matchTags(op string, tags []string, match TagMatch) ([]string, *gen.TagMatch, error) {
	switch {
	case slices.ContainsFunc(tags, func(tag string) bool { return strings.TrimSpace(tag) == "" }):
		return nil, nil, invalid(op, "a tag is empty")
	case len(tags) == 0 && match != "":
		return nil, nil, invalid(op, "a match is given without tags")
	case len(tags) == 0:
		return nil, nil, nil
	}
	return tags, new(gen.TagMatch(cmp.Or(match, TagMatchAny))), nil
}

// unnamed lists the entities that have no name, as problems.
func unnamed(entities []RequestedEntity) (problems []string) {
	for i, e := range entities {
		if strings.TrimSpace(e.Entity) == "" {
			problems = append(problems, fmt.Sprintf("Entities[%d] has no name", i))
		}
	}
	return problems
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
func configProblem(field string, config map[string]any) string {
	if problem := hiddenProblem(field, config); problem != "" {
		return field + " " + problem
	}
	if _, err := jsonv1.Marshal(config); err != nil {
		return field + " cannot be encoded as JSON"
	}
	return ""
}

// invalid returns an error for input that is refused before anything is sent.
func invalid(op, format string, args ...any) *Error {
	return &Error{op: op, kind: ErrInvalid, Message: fmt.Sprintf(format, args...)}
}

// refuse returns an error with the problems that are not empty, or nil if all are.
func refuse(op string, problems ...string) error {
	if text := phrase("; ", problems...); text != "" {
		return invalid(op, "%s", text)
	}
	return nil
}
