package client

import (
	"net/http"
	"slices"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
	"github.com/airbyte-agents/airbyte-agents-go/internal/redact"
)

const redacted = redact.Text

// scrub removes from e the secrets of the call and of its request, in case the
// service repeats them.
func (c *call) scrub(e *Error, req *http.Request) *Error {
	s := c.scrubber(req)
	e.Message, e.Code, e.RequestID = s.text(e.Message), s.Name(e.Code), s.text(e.RequestID)
	for i, f := range e.Fields {
		f.Field, f.Message, f.Code = s.Name(f.Field), s.text(f.Message), s.Name(f.Code)
		f.Details, _ = s.value(f.Details).(map[string]any)
		e.Fields[i] = f
	}
	e.body = s.bytes(e.body)
	e.err = s.Error(e.err)
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

// requestID returns the request id of resp without the secrets of the call. A text much
// shorter than each of them has none in it, in no form: then nothing is looked for, which
// would cost more than all else that is told about a request.
func (c *call) requestID(resp *http.Response) string {
	id := answer.RequestID(resp.Header)
	token := ""
	if resp.Request != nil {
		token = resp.Request.Header.Get("Authorization")
	}
	if !strings.Contains(id, "…") && longerThan(2*len(id)+len("Bearer "), token) && !slices.ContainsFunc(c.secrets, func(s string) bool { return !longerThan(2*len(id), s) }) {
		return id
	}
	return c.scrubber(resp.Request).text(id)
}

// longerThan reports whether s, without white space and all that is not ASCII, has more
// than n bytes.
func longerThan(n int, s string) bool {
	for i := 0; i < len(s) && n >= 0; i++ {
		if ' ' < s[i] && s[i] < 0x7f {
			n--
		}
	}
	return n < 0
}

type scrubber struct{ redact.Scrubber }

func newScrubber(secrets []string) scrubber { return scrubber{redact.New(secrets...)} }

func (s scrubber) text(text string) string { return s.String(text) }

func (s scrubber) bytes(body []byte) []byte {
	switch {
	case body == nil:
		return nil
	case len(body) < maxErrorBody:
		return []byte(s.String(string(body)))
	}
	return []byte(s.Cut(string(body)))
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
