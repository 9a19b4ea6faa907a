package client

import (
	"fmt"
	"io"
)

// A part is a group of methods of a client. The groups keep the number of
// methods of each type small enough to survey.
type part struct{ client *Client }

// String returns what [Client.String] returns.
func (p part) String() string { return p.client.ready().String() }

// Format writes what String returns, for every verb.
func (p part) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// MarshalText returns what String returns.
func (p part) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
