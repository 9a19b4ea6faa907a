// Package answer reads the responses with which an HTTP service refuses a
// request: the reason in the body, in any of several formats, and the headers
// that identify the request and say when to retry. Package auth uses it for the
// token endpoint, and package client for everything else.
package answer

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxText = 512     // bytes of a message; more would be noise in a log line
	maxID   = 128     // bytes of a request ID
	maxRest = 1 << 18 // bytes that Discard reads so that the connection can be reused
)

// A Reason describes why a service refused a request.
type Reason struct {
	Code    string // machine-readable, or "" if the body has none
	Message string // one line of at most 512 bytes, or "" if the body has none
	Fields  []Field
}

// A Field describes a problem with one part of a request.
type Field struct {
	Field, Message, Code string
	Details              map[string]any
}

// Parse returns the reason in the body of an error response. It understands the
// service's own {"message", "errors"}, the {"detail"} of its validation layer,
// which is a text or a list, OAuth's {"error", "error_description"}, HTML pages
// and plain text. Parse never fails. For a body without a reason, it returns
// the zero Reason.
func Parse(body []byte) Reason {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return Reason{}
	}
	var v any
	err := json.Unmarshal(body, &v, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	switch v := v.(type) {
	case map[string]any:
		if err == nil {
			return fromObject(v)
		}
	case string:
		if err == nil {
			return Reason{Message: Line(v)}
		}
	}
	if err == nil {
		return Reason{Message: Line(string(body))}
	}
	if body[0] == '<' {
		return Reason{Message: fromHTML(string(body))}
	}
	return Reason{Message: Line(string(body))}
}

func fromObject(m map[string]any) Reason {
	r := Reason{
		Code:    firstText(m, "code", "error_code"),
		Message: firstText(m, "message", "error_description", "detail", "error", "title"),
	}
	if inner, ok := m["error"].(map[string]any); ok {
		sub := fromObject(inner)
		r.Code, r.Message, r.Fields = cmp.Or(r.Code, sub.Code), cmp.Or(r.Message, sub.Message), sub.Fields
	} else if m["error_description"] != nil {
		r.Code = cmp.Or(r.Code, text(m["error"]))
	}
	if inner, ok := m["detail"].(map[string]any); ok {
		sub := fromObject(inner)
		r.Code, r.Message = cmp.Or(r.Code, sub.Code), cmp.Or(r.Message, sub.Message)
		r.Fields = append(r.Fields, sub.Fields...)
	}
	for _, key := range []string{"errors", "detail"} {
		list, _ := m[key].([]any)
		for _, item := range list {
			if f, ok := fromItem(item); ok {
				r.Fields = append(r.Fields, f)
			}
		}
	}
	if r.Message == "" {
		r.Message = summary(r.Fields)
	}
	if r.Code == "" && len(r.Fields) > 0 {
		r.Code = r.Fields[0].Code
	}
	return r
}

func fromItem(item any) (Field, bool) {
	m, ok := item.(map[string]any)
	if !ok {
		msg := text(item)
		return Field{Message: msg}, msg != ""
	}
	f := Field{
		Field:   cmp.Or(firstText(m, "field"), location(m["loc"])),
		Message: firstText(m, "message", "msg"),
		Code:    firstText(m, "error_code", "type", "code"),
	}
	f.Details, _ = m["details"].(map[string]any)
	return f, f.Field != "" || f.Message != "" || f.Code != "" || f.Details != nil
}

// location joins the path of a validation error with dots. It drops a first
// step such as "body" or "query", which does not help the caller of a typed
// method.
func location(v any) string {
	list, _ := v.([]any)
	var parts []string
	for i, step := range list {
		s := text(step)
		if i == 0 && len(list) > 1 && (s == "body" || s == "query" || s == "path" || s == "header") {
			continue
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ".")
}

func summary(fields []Field) string {
	var parts []string
	for _, f := range fields {
		switch {
		case f.Field != "" && f.Message != "":
			parts = append(parts, f.Field+": "+f.Message)
		default:
			parts = append(parts, cmp.Or(f.Message, f.Field, f.Code))
		}
	}
	return Line(strings.Join(parts, "; "))
}

func firstText(m map[string]any, keys ...string) string {
	for _, k := range keys {
		if s := text(m[k]); s != "" {
			return s
		}
	}
	return ""
}

// text returns a JSON scalar as text, and "" for any other value.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return Line(v)
	case float64, bool:
		return fmt.Sprint(v)
	}
	return ""
}

// fromHTML returns the title of a page, or its text without tags if it has
// none. That is enough to tell the error page of a proxy from a response of the
// service.
func fromHTML(page string) string {
	lower := strings.ToLower(page)
	if i := strings.Index(lower, "<title"); i >= 0 && len(lower) == len(page) {
		if j := strings.IndexByte(lower[i:], '>'); j >= 0 {
			start := i + j + 1
			if k := strings.Index(lower[start:], "</title"); k >= 0 {
				if title := Line(unescape(page[start : start+k])); title != "" {
					return title
				}
			}
		}
	}
	var b strings.Builder
	inTag := false
	for _, r := range page {
		switch {
		case r == '<':
			inTag = true
			b.WriteByte(' ')
		case r == '>':
			inTag = false
		case !inTag:
			b.WriteRune(r)
		}
		if b.Len() > 4*maxText {
			break
		}
	}
	return Line(unescape(b.String()))
}

// Line returns s as one line of at most 512 bytes. It replaces control
// characters and runs of white space with a space. If it cuts s, the result
// ends with "…".
func Line(s string) string { return clean(s, maxText) }

func clean(s string, limit int) string {
	long := len(s) > 4*limit
	if long {
		s = s[:4*limit] // so that the loop below does not run over megabytes
	}
	var b strings.Builder
	space := false
	for _, r := range s {
		if unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError {
			space = b.Len() > 0
			continue
		}
		n := utf8.RuneLen(r)
		if space {
			n++
		}
		if b.Len()+n > limit-len("…") {
			b.WriteString("…")
			return b.String()
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	if long && b.Len() > 0 {
		b.WriteString("…")
	}
	return b.String()
}

// RequestID returns the ID that the service, or a proxy in front of it, gave to
// the request, or "" if no header contains one.
func RequestID(h http.Header) string {
	for _, key := range []string{
		"X-Request-Id", "Request-Id", "X-Correlation-Id", "X-Amzn-Requestid", "X-Amzn-Trace-Id", "Cf-Ray",
	} {
		if id := clean(h.Get(key), maxID); id != "" {
			return id
		}
	}
	return ""
}

// RetryAfter returns how long to wait according to the Retry-After header, which is
// a number of seconds or an HTTP date. A date is compared with the Date header of the
// same response, since the clock of this machine may differ from the server's, and
// with now if there is none. For a date in the past, it returns 0; nothing is longer
// than [maxRetryAfter]. The boolean is false if the header is missing or is neither a
// plain decimal number nor a date. See RFC 9110, section 10.2.3.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if plainDecimal(v) {
		secs, err := strconv.ParseFloat(v, 64)
		if err != nil || secs >= maxRetryAfter.Seconds() {
			return maxRetryAfter, true
		}
		return time.Duration(secs * float64(time.Second)), true
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0, false
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return min(max(at.Sub(now), 0), maxRetryAfter), true
}

// maxRetryAfter is the longest time that a response can ask for: a year, which is as
// good as never and still reads as a time.
const maxRetryAfter = 365 * 24 * time.Hour

// plainDecimal reports whether s consists of digits, with at most one point between
// them. strconv also takes Infinity, 1e9, 0x1p4 and 1_000, which no server means.
func plainDecimal(s string) bool {
	whole, fraction, point := strings.Cut(s, ".")
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	return digits(whole) && (!point || digits(fraction))
}

// Corrupt reports whether err, from reading a body, is about compressed data that is
// wrong rather than cut off: reading it again would not help.
func Corrupt(err error) bool {
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || err != nil && strings.Contains(err.Error(), "flate: corrupt")
}

// Discard reads the rest of a body, up to 256 KiB, and closes it, so that its
// connection can be reused.
func Discard(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, maxRest)
	_ = body.Close()
}

// refreshErrorKey is the context key of the error of [SetRefreshError] in the
// request of a response.
type refreshErrorKey struct{}

// SetRefreshError notes in the request of resp, a 401, that no other token
// could be obtained because of err.
func SetRefreshError(resp *http.Response, err error) {
	resp.Request = resp.Request.WithContext(context.WithValue(resp.Request.Context(), refreshErrorKey{}, err))
}

// RefreshError returns the error that [SetRefreshError] noted, or nil.
func RefreshError(resp *http.Response) error {
	if resp.Request == nil {
		return nil
	}
	err, _ := resp.Request.Context().Value(refreshErrorKey{}).(error)
	return err
}
