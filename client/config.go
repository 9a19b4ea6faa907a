package client

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Configuration of a connector or a destination, as the service has it. It
// may hold secrets, so it is hidden wherever it is printed, logged or
// marshalled, but in an unexported field of another type, where fmt calls no
// methods. Its fields, and map[string]any(c), are open.
type Configuration map[string]any

// String tells whether there is anything in the configuration.
func (c Configuration) String() string { return hiddenConfig(c) }

// Format writes what String returns, for every verb.
func (c Configuration) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer].
func (c Configuration) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON returns "[REDACTED]", null for nil and {} for an empty one.
func (c Configuration) MarshalJSON() ([]byte, error) {
	switch {
	case c == nil:
		return []byte("null"), nil
	case len(c) == 0:
		return []byte("{}"), nil
	}
	return []byte(`"` + redacted + `"`), nil
}

// UnmarshalJSON reads a configuration, numbers as json.Number. One that was
// marshalled comes back as nil, since nothing is left of it.
func (c *Configuration) UnmarshalJSON(b []byte) error {
	*c = nil
	if string(b) == `"`+redacted+`"` {
		return nil
	}
	return jsonv2.Unmarshal(b, (*map[string]any)(c), numbers)
}

// hiddenConfig is a configuration in print.
func hiddenConfig(config map[string]any) string {
	switch {
	case config == nil:
		return "none"
	case len(config) == 0:
		return "empty"
	}
	return redacted
}

// configSecrets are the texts of configurations that an error must not repeat.
func configSecrets(configs ...map[string]any) (list []string) {
	for _, c := range configs {
		list = texts(list, asSent(c))
	}
	return list
}

// configProblem is what is wrong with a configuration that is to be sent, ""
// for nothing.
func configProblem(field string, config map[string]any) string {
	if _, err := json.Marshal(config); err != nil {
		return field + " cannot be written as JSON"
	}
	if slices.Contains(configSecrets(config), redacted) {
		return "in " + field + " is an auth.Secret or a Configuration, which would be sent as " + redacted +
			"; string(s) and map[string]any(c) reveal them"
	}
	return ""
}

// asSent is what v looks like to the service, whatever types are in it.
func asSent(v map[string]any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return nil // nor will it be sent
	}
	var sent any
	_ = jsonv2.Unmarshal(b, &sent, numbers)
	return sent
}

// texts appends the texts in v, decoded JSON, to list.
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

// A configuration is a JSON object, decoded so that no number loses digits.
// Anything else is none.
type configuration struct{ v Configuration }

func (c *configuration) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	wrong, broken := tolerate(dec, func() error { return jsonv2.UnmarshalDecode(dec, (*map[string]any)(&c.v), numbers) })
	if wrong != nil {
		c.v = nil
	}
	return broken
}
