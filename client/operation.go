package client

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
	"github.com/airbyte-agents/airbyte-agents-go/internal/veil"
)

// An operation is an operation of the contract, identified by method and path. The
// table operations, which is generated, gives the requests of [Client.API] a name in
// logs and errors, and lets them be refused if an empty, "." or ".." path value has
// changed their path. In it, a fixed path stands before one with a parameter that fits
// it, too.
type operation struct{ id, method, path string }

// byTable takes the requests of users of [Client.API], which belong to no call. It looks
// the operation up in the table, and sends the request as a call of it. It is not a stage of
// the pipeline, so that programs which do not use API do not link the table.
type byTable struct {
	next   doer
	prefix string // the path of the base URL
}

func (t byTable) Do(req *http.Request) (*http.Response, error) {
	o, ok := operationAt(req.Method, strings.TrimPrefix(req.URL.Path, t.prefix))
	if !ok {
		closeBody(req)
		return nil, invalid(req.Method+" "+req.URL.Path, "the client knows no such operation; is a path value empty, \".\" or \"..\"?")
	}
	c := &call{op: o.id, name: o.id}
	o.describe(req, c)
	c.refused = o.holdError
	var held io.ReadCloser
	if !c.stream {
		c.consume = func(resp *http.Response) (err error) {
			held, err = o.hold(c, resp)
			return err
		}
	}
	resp, err := t.next.do(req.Context(), c, req)
	switch {
	case err != nil || resp.StatusCode/100 != 2:
	case c.stream:
		own := *resp
		resp.Body = &reported{resp.Body, func(err error) error {
			_, e := c.unread(req.Context(), req.Context(), &own, err)
			return e
		}}
	default:
		resp.Body = held
	}
	return resp, err
}

// A reported body returns *Errors.
type reported struct {
	io.ReadCloser
	report func(error) error
}

func (r *reported) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // readers return it as it is
		err = r.report(err)
	}
	return n, err
}

// holdError reads a response with an error status into memory. If the method of package
// gen could not decode the body, which may be of any form, it removes the Content-Type, so
// that the method returns the response rather than an error about its body.
func (o operation) holdError(resp *http.Response) {
	text, _ := io.ReadAll(resp.Body) // whatever arrived is better than nothing
	answer.Discard(resp.Body)
	resp.Body = inMemory(text)
	err := tryGen(o.id, resp)
	resp.Body = inMemory(text)
	if err != nil {
		resp.Header.Del("Content-Type")
	}
}

func inMemory(text []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(text)) }

// hold reads a response with status 2xx into memory, and returns the new body. It returns
// an error if the method of package gen would not be able to decode it.
func (o operation) hold(c *call, resp *http.Response) (io.ReadCloser, error) {
	text, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return nil, err
	case len(text) == 0 && !c.read:
		resp.Header.Del("Content-Type") // so that nobody decodes it: the status has said it all
		return http.NoBody, nil
	case len(text) == 0:
		return nil, &Error{kind: ErrBadResponse, Message: "the response is empty"}
	}
	own := *resp
	own.Body = inMemory(text)
	if err := tryGen(o.id, &own); err != nil {
		return nil, &Error{kind: ErrBadResponse, err: undecoded(err), body: text[:min(len(text), maxErrorBody)]}
	}
	return inMemory(text), nil
}

// undecoded returns err, an error of encoding/json, with a text that quotes no value.
func undecoded(err error) error {
	text := "the response is JSON, but not of the expected form"
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		text = fmt.Sprintf("the response is not JSON, from byte %d on", syntax.Offset)
	} else if field, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		text += fmt.Sprintf(": %s, at byte %d, should be of type %v", answer.Line(cmp.Or(field.Field, "it")), field.Offset, field.Type)
	}
	return &veil.Error{Text: text, Cause: err}
}

// trial returns the error of a function of package gen that parses responses.
func trial[T any](parse func(*http.Response) (T, error), resp *http.Response) error {
	_, err := parse(resp)
	return err
}

// operationAt finds the operation for a path. Only the end of the path must
// match, because the base URL may have a prefix.
func operationAt(method, path string) (operation, bool) {
	i := strings.Index(path, "/api/v1/")
	if i < 0 {
		return operation{}, false
	}
	for _, o := range operations {
		if o.method == method && samePath(o.path, path[i:]) {
			return o, !swallowed(o, path)
		}
	}
	return operation{}, false
}

// swallowed reports whether path may have been that of a longer operation with
// the path value ".": /connectors/./inspect has become /connectors/inspect, and
// "inspect" is not the ID of a connector.
func swallowed(o operation, path string) bool {
	last := path[strings.LastIndexByte(path, '/'):]
	return strings.HasSuffix(o.path, "}") && slices.ContainsFunc(operations, func(longer operation) bool {
		return longer.method == o.method && longer.path == o.path+last
	})
}

func samePath(template, path string) bool {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return false
	}
	for i, w := range want {
		if h := have[i]; w != h && (!strings.HasPrefix(w, "{") || h == "" || h == "." || h == "..") {
			return false
		}
	}
	return true
}

// describe sets whether req, a request of this operation, changes nothing, and whether
// its response is a file. For executions, it reads the entity and the action from the
// body.
func (o operation) describe(req *http.Request, c *call) {
	switch o.id {
	case "prepareExecution":
		c.read = true // it runs nothing
		return
	case "executeConnector":
	default:
		c.read = o.method == http.MethodGet
		return
	}
	if req.GetBody == nil {
		return
	}
	body, err := req.GetBody()
	if err != nil {
		return
	}
	defer body.Close() //nolint:errcheck // a reader in memory
	var r struct {
		Entity string `json:"entity"`
		Action string `json:"action"`
	}
	if err := jsonv2.UnmarshalRead(body, &r, lenient); err != nil {
		return
	}
	c.about.entity, c.about.action = r.Entity, r.Action
	c.read, c.stream = readActions[r.Action], r.Action == actionDownload
}
