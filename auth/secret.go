package auth

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted is what a secret looks like in print.
const redacted = "[REDACTED]"

// A Secret is text that must not be shown, such as a client secret or an access
// token. It prints, logs and marshals as [REDACTED], also when it is empty;
// string(s) reveals it.
//
// The type protects the places where fmt and slog can call methods. They cannot
// in unexported fields: a type of yours that keeps a Secret in one needs a
// Format method of its own. Nor does encoding/json call them for the keys of a
// map.
type Secret string

// String returns "[REDACTED]".
func (Secret) String() string { return redacted }

// GoString returns "[REDACTED]".
func (Secret) GoString() string { return redacted }

// Format writes [REDACTED] for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements [slog.LogValuer].
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[REDACTED]".
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON returns the JSON string "[REDACTED]".
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// sealed keeps a secret where reflection finds only a function: fmt prints
// unexported fields without asking the methods of what is in them.
type sealed func() Secret

func seal(s Secret) sealed { return func() Secret { return s } }
