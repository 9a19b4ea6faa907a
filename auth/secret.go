package auth

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted is printed in place of a secret.
const redacted = "[REDACTED]"

// A Secret is text that must not be shown, such as a client secret or an access
// token. It prints, logs and marshals as [REDACTED], even if it is empty. The
// conversion string(s) reveals it.
//
// The protection works wherever fmt and slog can call methods. They cannot call
// the methods of an unexported field, so a type that keeps a Secret in one
// needs its own Format method. encoding/json does not call methods for the keys
// of a map either.
type Secret string

// String returns "[REDACTED]".
func (Secret) String() string { return redacted }

// GoString returns "[REDACTED]".
func (Secret) GoString() string { return redacted }

// Format implements [fmt.Formatter]. It writes [REDACTED] for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements [slog.LogValuer]. It returns "[REDACTED]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[REDACTED]".
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON returns the JSON string "[REDACTED]".
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// A sealed holds a secret in a function, where reflection cannot reach it: fmt
// prints unexported fields without calling the methods of their values.
type sealed func() Secret
