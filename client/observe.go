package client

import (
	"context"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

// An Attempt describes one attempt of a call to the function of [WithAttemptObserver].
// A request that is sent again with a new token, because the service refused the old
// one, is part of the same attempt.
type Attempt struct {
	_ [0]func() // not comparable, so that a field of any type can be added

	Call      string // what is being done, as errors call it: "execute issues.list"
	Operation string // the operationId in the contract, such as "executeConnector"
	Method    string // of HTTP
	Path      string // without the query; it may contain IDs

	// What the call is about, as far as it is known: the name of a workspace, the slug
	// of a connector and its ID, an entity and an action.
	Workspace, Connector, ConnectorID, Entity, Action string

	Number     int           // 1 for the first attempt of a call
	StatusCode int           // the status of the response; 0 if there was none
	Bytes      int64         // the size of the response's body; -1 if it is not known
	RequestID  string        // the ID that the service or a proxy gave the request
	Duration   time.Duration // until the response was read or, for downloads and the methods of Client.API, until it began
	Err        error         // why there is no response, or why it could not be used; nil for a status other than 2xx
	Retry      bool          // another attempt follows after Pause, unless the ctx ends before
	Pause      time.Duration // until the next attempt; with a [Gate], it may be longer
	Held       time.Duration // how long a [Gate] held the attempt back; not part of Duration
}

// An observer is told what a client does, for logs and metrics. Fields that are nil
// are not called.
type observer struct {
	attempt func(context.Context, Attempt)
	fetch   func(auth.FetchReport)
}

// and returns an observer that tells both o and p.
func (o observer) and(p observer) observer {
	switch {
	case o.attempt == nil:
		o.attempt = p.attempt
	case p.attempt != nil:
		first := o.attempt
		o.attempt = func(ctx context.Context, a Attempt) {
			quietly(func() { first(ctx, a) })
			p.attempt(ctx, a)
		}
	}
	switch {
	case o.fetch == nil:
		o.fetch = p.fetch
	case p.fetch != nil:
		first := o.fetch
		o.fetch = func(f auth.FetchReport) {
			quietly(func() { first(f) })
			p.fetch(f)
		}
	}
	return o
}

// quietly calls f, which only looks on, and ignores a panic in it.
func quietly(f func()) {
	defer func() { _ = recover() }()
	f()
}
