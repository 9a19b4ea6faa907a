package client

import (
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/internal/redact"
)

const redacted = redact.Text

// shownSecret describes a secret by whether there is one.
func shownSecret(s auth.Secret) string {
	if s == "" {
		return `""`
	}
	return redacted
}

type scrubber struct{ redact.Scrubber }

func newScrubber(secrets []string) scrubber { return scrubber{redact.New(secrets...)} }

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
		return s.String(v)
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
			clean[s.String(k)] = s.value(x)
		}
		return clean
	}
	return v
}
