package client

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/internal/jsonv1"
)

// A CursorSealer turns the parameters of a next page into a text that a browser may
// keep, and back. A backend that shows one page at a time needs that: what
// [Result.NextParams] returns has all parameters of the request, some of which the
// browser must not see, and none of which it must change.
//
//	next, err := res.NextParams(ctx)              // after a page
//	cursor, err := sealer.Seal(next, tenant, "issues")
//	…
//	params, err := sealer.Open(cursor, tenant, "issues") // when the browser asks for more
//
// The text is encrypted and authenticated (AES-256-GCM), and bound to the tenant and to
// what else is named, such as the list. It does not expire. A CursorSealer is safe for
// concurrent use.
type CursorSealer struct {
	keys []cipher.AEAD
}

// Limits of NewCursorSealer and Open, in bytes.
const (
	minSealKey   = 16
	maxSealedLen = 64 << 10
)

// NewCursorSealer returns a CursorSealer for the keys, which all processes of the
// backend share. A key has at least 16 bytes that cannot be guessed, such as the output
// of openssl rand -base64 32; it must not be the client secret, so that each can be
// replaced without the other. The first key seals, and every key opens: to replace a
// key, put the new one first, and drop the old one when the pages are no longer open
// that were sealed with it. One key is good for four billion cursors.
func NewCursorSealer(keys ...auth.Secret) (*CursorSealer, error) {
	const op = "new cursor sealer"
	if len(keys) == 0 {
		return nil, invalid(op, "no key is given")
	}
	s := &CursorSealer{keys: make([]cipher.AEAD, len(keys))}
	for i, key := range keys {
		if len(key) < minSealKey {
			return nil, invalid(op, "key %d has %d bytes; it needs at least %d, such as the output of openssl rand -base64 32", i+1, len(key), minSealKey)
		}
		aead, err := sealWith(key)
		if err != nil {
			return nil, &Error{op: op, err: err}
		}
		s.keys[i] = aead
	}
	return s, nil
}

func sealWith(key auth.Secret) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, []byte(key), nil, "airbyte-agents-go page cursor v1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Seal returns next as a text of letters, digits, "-" and "_", which only
// [CursorSealer.Open] with the same tenant and scope can read. The text is about 40
// bytes and a third longer than next in JSON. For a nil next, which stands for the end
// of the list, it is "". An empty tenant, a parameter that JSON cannot express, or one
// that is an [auth.Secret], is an error that matches [ErrInvalid].
func (s *CursorSealer) Seal(next Params, tenant string, scope ...string) (string, error) {
	const op = "seal cursor"
	if next == nil {
		return "", nil
	}
	if err := s.usable(op, tenant); err != nil {
		return "", err
	}
	if problem := hiddenProblem("next", next); problem != "" {
		return "", invalid(op, "%s", problem)
	}
	plain, err := jsonv1.Marshal(next) // as params are sent
	if err != nil {
		return "", &Error{op: op, kind: ErrInvalid, err: err}
	}
	text := base64.RawURLEncoding.EncodeToString(s.keys[0].Seal(nil, nil, plain, bind(tenant, scope)))
	if len(text) > maxSealedLen {
		return "", invalid(op, "the parameters have %d bytes of JSON, which is too much for a cursor", len(plain))
	}
	return text, nil
}

// Open returns the parameters that Seal was given. A text that was not sealed with one
// of the keys, for this tenant and scope, is an error that matches [ErrInvalid]: for a
// text from a browser, answer 400, as [HTTPStatus] says. For "" it returns nil. Numbers
// are json.Number, and so keep all their digits.
func (s *CursorSealer) Open(text, tenant string, scope ...string) (Params, error) {
	const op = "open cursor"
	if text == "" {
		return nil, nil
	}
	if err := s.usable(op, tenant); err != nil {
		return nil, err
	}
	if len(text) <= maxSealedLen && !strings.ContainsAny(text, "\r\n") { // which base64 would skip
		if sealed, err := base64.RawURLEncoding.Strict().DecodeString(text); err == nil {
			for _, key := range s.keys {
				plain, err := key.Open(nil, nil, sealed, bind(tenant, scope))
				if err != nil {
					continue
				}
				var next Params
				dec := json.NewDecoder(bytes.NewReader(plain))
				dec.UseNumber()
				if err := dec.Decode(&next); err != nil {
					return nil, &Error{op: op, kind: ErrInvalid, err: err}
				}
				return next, nil
			}
		}
	}
	return nil, invalid(op, "the cursor was not sealed here, for this tenant and scope")
}

// usable returns an error for a CursorSealer without keys, such as a nil one, and if no
// tenant is named.
func (s *CursorSealer) usable(op, tenant string) error {
	if tenant == "" {
		return invalid(op, "the tenant is empty: the cursor would be good for everyone")
	}
	if s == nil || len(s.keys) == 0 {
		return invalid(op, "the CursorSealer has no key; NewCursorSealer makes one")
	}
	return nil
}

// bind returns the tenant and the scope as bytes, each part behind its length, so that
// {"ab", "c"} and {"a", "bc"} differ.
func bind(tenant string, scope []string) []byte {
	var b []byte
	for _, s := range append([]string{tenant}, scope...) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

// String returns a text without the keys.
func (s *CursorSealer) String() string { return "client.CursorSealer{[REDACTED]}" }

// Format writes the same, whatever the verb.
func (s *CursorSealer) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue returns the same for package slog.
func (s *CursorSealer) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns the same.
func (s *CursorSealer) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
