package client

import (
	"github.com/airbyte-agents/airbyte-agents-go/internal/redact"
)

const redacted = redact.Text

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
