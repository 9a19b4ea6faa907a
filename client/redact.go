package client

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const redacted = "[REDACTED]"

// minSecret is the minimum length of a secret that is searched for. Shorter
// ones are parts of words.
const minSecret = 4

// scrub removes from e the secrets of the call and of its request, in case the
// service repeats them.
func (c *call) scrub(e *Error, req *http.Request) *Error {
	s := c.scrubber(req)
	e.Message, e.Code, e.RequestID = s.text(e.Message), s.name(e.Code), s.text(e.RequestID)
	for i, f := range e.Fields {
		f.Field, f.Message, f.Code = s.name(f.Field), s.text(f.Message), s.name(f.Code)
		f.Details, _ = s.value(f.Details).(map[string]any)
		e.Fields[i] = f
	}
	e.body = s.bytes(e.body)
	return e
}

// scrubber returns a scrubber for the secrets of the call and the token in the
// headers of req.
func (c *call) scrubber(req *http.Request) scrubber {
	secrets := c.secrets
	if req != nil {
		if _, token, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok {
			secrets = append(slices.Clip(secrets), token)
		}
	}
	return newScrubber(secrets)
}

// A scrubber is a list of texts to remove. The longest comes first, because a
// text may be a part of another.
type scrubber []string

// escapeHTML does the same as html.EscapeString, whose package adds tables of
// 70 KB to every program.
var escapeHTML = strings.NewReplacer("&", "&amp;", "'", "&#39;", "<", "&lt;", ">", "&gt;", `"`, "&#34;")

// newScrubber returns a scrubber that also finds the secrets in the forms that
// they have in JSON, HTML and URLs.
func newScrubber(secrets []string) scrubber {
	var list scrubber
	for _, s := range secrets {
		if len(s) < minSecret {
			continue
		}
		list = append(list, s, escapeHTML.Replace(s), url.QueryEscape(s), url.PathEscape(s))
		if b, err := json.Marshal(s); err == nil {
			list = append(list, string(b[1:len(b)-1]))
		}
		b, _ := jsontext.AppendQuote(nil, s) // the error means that s is not UTF-8; the rest of it is quoted
		plain := string(b[1 : len(b)-1])
		list = append(list, plain, strings.ReplaceAll(plain, "/", `\/`))
	}
	slices.SortFunc(list, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	return slices.Compact(list)
}

// name scrubs a name that programs compare, of a field or of a kind of problem.
// Plain words are left in names: in credentials.token, the word token is not a
// secret, although a configuration may contain {"auth_type": "token"}.
func (s scrubber) name(text string) string {
	for _, secret := range s {
		if !plainWord(secret) {
			text = strings.ReplaceAll(text, secret, redacted)
		}
	}
	return text
}

// plainWord reports whether a text may be an ordinary word rather than a
// secret.
func plainWord(s string) bool {
	return len(s) <= 12 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// without returns text without the secret. A plain word is removed where it
// stands alone, anything else wherever it occurs.
func without(text, secret string) string {
	if !plainWord(secret) {
		return strings.ReplaceAll(text, secret, redacted)
	}
	var b strings.Builder
	for {
		i := strings.Index(text, secret)
		if i < 0 {
			return b.String() + text
		}
		end := i + len(secret)
		if i > 0 && isWordByte(text[i-1]) || end < len(text) && isWordByte(text[end]) || b.Len() > 0 && i == 0 {
			b.WriteString(text[:end])
		} else {
			b.WriteString(text[:i] + redacted)
		}
		text = text[end:]
	}
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0x80
}

func (s scrubber) text(text string) string {
	for _, secret := range s {
		text = without(text, secret)
	}
	if cut, ok := strings.CutSuffix(text, "…"); ok {
		text = cut[:len(cut)-s.begun([]byte(cut))] + "…"
	}
	return text
}

func (s scrubber) bytes(body []byte) []byte {
	whole := len(body) < maxErrorBody
	for _, secret := range s {
		if bytes.Contains(body, []byte(secret)) {
			body = []byte(without(string(body), secret))
		}
	}
	if !whole {
		body = body[:len(body)-s.begun(body)]
	}
	return body
}

// begun returns how many bytes at the end of text, which has been cut off, may
// be the beginning of a secret.
func (s scrubber) begun(text []byte) int {
	for _, secret := range s {
		for n := len(secret) - 1; n >= minSecret; n-- {
			if bytes.HasSuffix(text, []byte(secret[:n])) {
				return n
			}
		}
	}
	return 0
}

// value returns v, which is decoded JSON, without the secrets.
func (s scrubber) value(v any) any {
	switch v := v.(type) {
	case string:
		return s.text(v)
	case []any:
		for i, x := range v {
			v[i] = s.value(x)
		}
	case map[string]any:
		if v == nil {
			return nil
		}
		clean := make(map[string]any, len(v))
		for k, x := range v {
			clean[s.text(k)] = s.value(x)
		}
		return clean
	}
	return v
}
