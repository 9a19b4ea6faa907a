package client

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/internal/jsonv1"
)

// A Configuration is the configuration of a connector, a destination or an OAuth
// app, as a program sends it or as the service does. A map[string]any can be
// assigned to it. It may contain secrets, so formatting, logging and marshaling
// hide it, except where it is in an unexported field of another type: fmt calls
// no methods there. Its elements, and map[string]any(c), are not hidden. It is
// sent as it is.
type Configuration map[string]any

// String returns "none" for a nil configuration, "empty" for an empty one, and
// "[REDACTED]" for any other.
func (c Configuration) String() string {
	switch {
	case c == nil:
		return "none"
	case len(c) == 0:
		return "empty"
	}
	return redacted
}

// inChange describes the configuration in a change, where nil means no change.
func (c Configuration) inChange() string {
	if c == nil {
		return unchanged
	}
	return c.String()
}

// Format writes what String returns, for every verb.
func (c Configuration) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer].
func (c Configuration) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON returns null for a nil configuration, {} for an empty one, and
// "[REDACTED]" for any other.
func (c Configuration) MarshalJSON() ([]byte, error) {
	switch {
	case c == nil:
		return []byte("null"), nil
	case len(c) == 0:
		return []byte("{}"), nil
	}
	return []byte(`"` + redacted + `"`), nil
}

// UnmarshalJSON decodes a configuration, with numbers as json.Number. A
// configuration that was marshaled as "[REDACTED]" becomes nil, because its
// content is lost.
func (c *Configuration) UnmarshalJSON(b []byte) error {
	*c = nil
	if string(b) == `"`+redacted+`"` {
		return nil
	}
	return jsonv2.Unmarshal(b, (*map[string]any)(c), numbers)
}

// configSecrets returns the texts in configurations that an error must not
// repeat.
func configSecrets(configs ...map[string]any) (list []string) {
	for _, c := range configs {
		list = texts(list, asSent(c))
	}
	return list
}

// secretParams returns the texts among the parameters whose names say that they are
// secrets, such as the password of a new user.
func secretParams(params Params) (list []string) {
	for name, v := range params {
		switch v := v.(type) {
		case string:
			if isSecretName(plainName(name)) {
				list = append(list, v)
			}
		case map[string]any:
			list = append(list, secretParams(v)...)
		}
	}
	return list
}

// isSecretName reports whether a value of the name, which is plain, is a secret. A token
// that asks for a page is none.
func isSecretName(name string) bool {
	for _, word := range [...]string{"password", "secret", "apikey", "privatekey", "accesskey", "credential"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return strings.HasSuffix(name, "token") && !strings.Contains(name, "page") && !strings.Contains(name, "next")
}

// asSent returns v as the service will see it, whatever types it contains.
func asSent(v map[string]any) any {
	b, err := jsonv1.Marshal(v)
	if err != nil {
		return nil // it will not be sent
	}
	var sent any
	_ = jsonv2.Unmarshal(b, &sent, numbers)
	return sent
}

// texts appends to list the strings and the long numbers in v, which is decoded
// JSON.
func texts(list []string, v any) []string {
	switch v := v.(type) {
	case string:
		return append(list, v)
	case json.Number:
		if digits := strings.Trim(v.String(), "-."); len(digits) >= 6 {
			return append(list, digits)
		}
	case map[string]any:
		for _, x := range v {
			list = texts(list, x)
		}
	case []any:
		for _, x := range v {
			list = texts(list, x)
		}
	}
	return list
}

// A configuration is a JSON object, decoded so that numbers lose no digits. Any
// other JSON value is decoded as nil.
type configuration struct{ v Configuration }

func (c *configuration) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	wrong, broken := tolerate(dec, func() error { return jsonv2.UnmarshalDecode(dec, (*map[string]any)(&c.v), numbers) })
	if wrong != nil {
		c.v = nil
	}
	return broken
}
