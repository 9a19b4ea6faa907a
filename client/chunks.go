package client

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"maps"
)

// WithChunks has a [Download] ask for the file in parts of at most 64 KiB, each
// in an answer of JSON, rather than as one stream: for networks that do not let
// streams through. It takes a request for each part, and [ErrEmptyDownload] is
// always told at once. Nothing but the connector knows whether the file changed
// between two parts.
func WithChunks() ExecuteOption { return func(x *execution) { x.chunked = true } }

// What the service is asked for a part of a file with.
const (
	paramResponseType   = "_airbyte_response_type"
	paramResponseFormat = "_airbyte_response_format"
	paramRange          = "range_header"
)

// chunks reads a file part by part.
type chunks struct {
	ctx  context.Context //nolint:containedctx // a Download lives within the ctx that it was asked for with
	c    *Connector
	x    *execution
	part chunk
	seen map[string]bool // ranges that were asked for
	err  error           // the first one, which is that of all reads to come
}

// A chunk is a part of a file as the service answers it.
type chunk struct {
	Content     string  `json:"content"`
	Encoding    string  `json:"encoding"` // "base64"; anything else means text
	ContentType string  `json:"content_type"`
	Filename    string  `json:"filename"`
	Next        *string `json:"next_range_header"` // nil for the last part
}

func (c *Connector) downloadChunks(ctx context.Context, x *execution) (*Download, error) {
	params := maps.Clone(x.params)
	if params == nil {
		params = Params{}
	}
	params[paramResponseType], params[paramResponseFormat] = "json", "base64"
	x.params = params
	r := &chunks{ctx: ctx, c: c, x: x, seen: map[string]bool{}}
	if err := r.fetch(); err != nil {
		return nil, err
	}
	op := "download " + x.entity
	if r.part.Content == "" && r.part.Next == nil {
		return nil, &Error{op: op, kind: ErrEmptyDownload}
	}
	return &Download{
		Filename:    safeName(r.part.Filename),
		ContentType: r.part.ContentType,
		Size:        -1,
		body:        r,
		progress:    x.progress,
		fault: func(err error) *Error {
			if own, ok := errors.AsType[*Error](err); ok {
				return own
			}
			return &Error{op: op, kind: map[bool]error{true: ErrEmptyDownload}[err == nil], err: err}
		},
	}, nil
}

// fetch asks for the next part.
func (r *chunks) fetch() error {
	if next := r.part.Next; next != nil {
		if r.seen[*next] {
			return &Error{op: r.x.op(), kind: ErrPaging, Message: "the service gave a range of the file again that it had given before"}
		}
		r.seen[*next] = true
		r.x.params[paramRange] = *next
	}
	got, err := r.c.Execute(r.ctx, r.x.entity, r.x.action, r.x.params)
	if err != nil {
		return err
	}
	var part chunk
	if err := got.Decode(&part); err != nil {
		return err
	}
	if part.Encoding == "base64" {
		data, err := base64.StdEncoding.DecodeString(part.Content)
		if err != nil {
			return &Error{op: r.x.op(), Message: "a part of the file is not base64, as the service says it is"}
		}
		part.Content = string(data)
	}
	r.part = part
	return nil
}

func (r *chunks) Read(p []byte) (int, error) {
	for r.part.Content == "" {
		switch {
		case r.err != nil:
			return 0, r.err
		case r.part.Next == nil:
			return 0, io.EOF
		}
		r.err = r.fetch()
	}
	n := copy(p, r.part.Content)
	r.part.Content = r.part.Content[n:]
	return n, nil
}

func (r *chunks) Close() error {
	r.part = chunk{}
	return nil
}
