package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"net/http"
	"reflect"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/internal/jsonv1"
)

// A Result is the result of an action, with what the service says about it.
type Result struct {
	// Status is "success". Any other status is an error.
	Status string

	// Data is the result as it was sent ("result" in the service's response). It is
	// nil if it was decoded on arrival, by [Execute] or [ListOf] without [WithRawData].
	Data json.RawMessage

	// Metadata is what the connector says about the result, as it was sent
	// ("connector_metadata").
	Metadata json.RawMessage

	// Warning is nil if the service sent none.
	Warning *Warning

	// Duration is the time that the service took ("execution_time_ms").
	Duration time.Duration

	// ConnectorID is the ID of the connector that ran the action, "" if the service
	// sent none.
	ConnectorID string

	action    string
	useNumber jsonv2.Options
	again     redecoder

	decoded bool           // on arrival
	count   int            // then, the number of records, -1 if it is not known
	beside  jsontext.Value // then, what stands beside the records in the object that wraps them

	kept  []byte  // what would be the Data of a typed list, if the next page is found by its records
	pages *turner // finds the next page
}

// String describes the result without its data.
func (r Result) String() string {
	return fmt.Sprintf("client.Result{%s, %d bytes of data, %d of metadata}", r.Status, len(r.Data), len(r.Metadata))
}

// Format writes what String returns, for every verb. Without it, fmt would print raw
// JSON as a list of numbers.
func (r Result) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// A Warning comes with a result that may be incomplete or old, such as that of a
// search in a context store that had been paused. What the service does not send is
// zero: of some warnings it sends only the Message.
type Warning struct {
	Code          string    `json:"code"`
	Message       string    `json:"message"`
	DeactivatedAt time.Time `json:"deactivated_at,omitzero"` // when the context store was paused
	ReactivatedAt time.Time `json:"reactivated_at,omitzero"` // when it was resumed
	StaleSince    time.Time `json:"stale_since,omitzero"`    // when the data was last updated
	StatusURL     string    `json:"status_url,omitzero"`
}

// MarshalJSON returns the result as the service sent it, under the names of its HTTP
// interface. There is no "result" in it if Data is nil.
func (r Result) MarshalJSON() ([]byte, error) {
	type metadata struct {
		ConnectorID string  `json:"connector_instance_id,omitzero"`
		Millis      float64 `json:"execution_time_ms"`
	}
	return jsonv1.Marshal(struct {
		Status    string          `json:"status"`
		Result    json.RawMessage `json:"result,omitempty"`
		Metadata  json.RawMessage `json:"connector_metadata,omitempty"`
		Execution metadata        `json:"execution_metadata"`
		Warning   *Warning        `json:"warning,omitzero"`
	}{r.Status, r.Data, r.Metadata, metadata{r.ConnectorID, float64(r.Duration) / float64(time.Millisecond)}, r.Warning})
}

// UnmarshalJSON reads what MarshalJSON writes. The result then knows nothing of its
// request: [Result.NextParams] fails.
func (r *Result) UnmarshalJSON(b []byte) error {
	var e envelope[jsontext.Value]
	if err := jsonv2.Unmarshal(b, &e, lenient); err != nil {
		return err
	}
	*r = *e.result(new(execution), nil)
	r.Data = json.RawMessage(e.Result)
	return nil
}

// Decode decodes Data into the value that v points to, by the same rules as
// [Execute]. If the service sent no result, v is left unchanged.
func (r *Result) Decode(v any) error {
	switch {
	case r.Data == nil && !r.decoded:
		return nil
	case r.Data == nil:
		return r.about().addTo(&Error{op: "decode result", Message: "the result has no data; was it decoded already (WithRawData keeps it)?"})
	}
	data, t := jsontext.Value(r.Data), reflect.TypeOf(v)
	if t != nil && t.Kind() == reflect.Pointer && takesList(t.Elem()) && mayWrap(r.action) {
		if list, _, ok := unwrap(r.action, data); ok {
			data = list
		}
	}
	if p := reflect.ValueOf(v); data.Kind() == '[' && p.Kind() == reflect.Pointer && !p.IsNil() {
		makeRoom(data, p.Elem())
	}
	err := jsonv2.Unmarshal(data, v, decodingOf(t, r.useNumber))
	if err != nil && r.again.decode(data, v) {
		err = nil
	}
	if err == nil && t != nil && t.Kind() == reflect.Pointer {
		err = misnamed(t.Elem(), data)
	}
	if err != nil {
		return r.about().addTo(&Error{op: "decode result", err: misfit(err, "", data.Kind() == '[')})
	}
	return nil
}

// about returns the subject of the call that r is from.
func (r *Result) about() subject {
	if r.pages == nil {
		return subject{}
	}
	return r.pages.x.about(r.pages.c)
}

// Rows iterates over the records in the Data of r: the elements of an array, the
// elements of "data" in an object that wraps them, or the single object of an action
// such as "get". The result of a search, such as "api_search" or
// "context_store_search", wraps records if it is an object whose "data" is an array; the
// result of "list" does so if it has nothing else but "meta", an object. Any other
// object is a record. A record that does not fit T is yielded as an error that wraps a
// [*RecordError], and the iteration goes on if the loop does.
func Rows[T any](r *Result) iter.Seq2[T, error] {
	return iterate[T](r.yieldRows)
}

// yieldRows yields the records of r.
func (r *Result) yieldRows(slice reflect.Type, loop yielder) {
	yield := naming(r.about(), loop)
	if len(r.Data) == 0 && r.decoded {
		yield(nil, &Error{op: "rows", Message: "the result was decoded already; WithRawData keeps its data"})
		return
	}
	rows, err := r.rows(r.Data, slice)
	if err != nil {
		yield(nil, err)
		return
	}
	rows.each("rows", yield)
}

// rows decodes data, the records of r, into a slice of a type.
func (r *Result) rows(data []byte, slice reflect.Type) (*pageRows, error) {
	rows := &pageRows{action: r.action, raw: data, rows: reflect.New(slice).Elem(), again: r.again}
	if len(data) == 0 {
		return rows, nil
	}
	opts := rows.decoding(r.useNumber)
	err := rows.read(jsontext.NewDecoder(bytes.NewReader(data), opts))
	if text, deep := shallow(data, err); deep != nil {
		rows.raw, rows.deep = text, deep
		err = rows.read(jsontext.NewDecoder(bytes.NewReader(text), opts))
	}
	if err != nil {
		return nil, &Error{op: "rows", err: fmt.Errorf("the data is not JSON: %w", err)}
	}
	return rows, nil
}

// result converts e, which came with resp, to a Result without data.
func (e *frame) result(x *execution, resp *http.Response) *Result {
	w := e.Warning.v.export()
	if w != nil && resp != nil && resp.Request != nil { // it may repeat the token
		if c := callOf(resp.Request.Context()); c != nil {
			s := c.scrubs(resp.Request)
			w.Code, w.Message, w.StatusURL = s.Name(w.Code), s.String(w.Message), s.String(w.StatusURL)
		}
	}
	return &Result{
		Status:      e.Status.v,
		Metadata:    json.RawMessage(e.Metadata),
		Warning:     w,
		Duration:    duration(e.Execution.v.Millis.v),
		ConnectorID: strings.TrimPrefix(e.Execution.v.ConnectorID.v, "source_id:"),
		action:      x.action,
		useNumber:   x.useNumber,
		again:       x.again,
	}
}

// duration converts a number of milliseconds; it returns 0 for one that makes no
// sense.
func duration(millis float64) time.Duration {
	ns := millis * float64(time.Millisecond)
	if !(ns > 0 && ns < math.MaxInt64) {
		return 0
	}
	return time.Duration(ns)
}
