package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
	"github.com/airbyte-agents/airbyte-agents-go/internal/veil"
)

// This file tells the records of a result apart, and decodes them one page at a time.

// A RecordError reports a record that does not fit the type that it is decoded into.
type RecordError struct {
	Index int             // the index of the record in its page, from 0; -1 if the result is not a list
	Page  int             // the number of the page in [All] or [Search], from 1; 0 for a single result
	Field string          // the path of the field, such as "user.id"; "" means the record itself
	Raw   json.RawMessage // the record as it was sent; nil in an error of [Execute]
	Err   error           // why it does not fit; errors.As finds the decoder's own error in it
}

// Error returns which record, and which field of it, does not fit, and why. It contains
// names but no values of the record, and so not the text of an error of the caller's
// type.
func (e *RecordError) Error() string {
	var b strings.Builder
	if b.WriteString("the result"); e.Index >= 0 {
		b.Reset()
		fmt.Fprintf(&b, "record %d", e.Index)
	}
	if e.Page > 1 {
		fmt.Fprintf(&b, " of page %d", e.Page)
	}
	if e.Field != "" {
		b.WriteString(", field " + shorten(answer.Line(e.Field)))
	}
	b.WriteString(" does not fit")
	if e.Err != nil {
		b.WriteString(": " + answer.Line(e.Err.Error()))
	}
	return b.String()
}

// Unwrap returns Err.
func (e *RecordError) Unwrap() error { return e.Err }

// Format writes what Error returns, for every verb, also of a RecordError that is not
// behind a pointer. It does not write Raw.
func (e RecordError) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Error()) }

// misfit converts an error of the decoder into a RecordError. prefix is the JSON pointer of
// the value that was decoded, and list reports whether that was a list of records.
func misfit(err error, prefix string, list bool) *RecordError {
	e := &RecordError{Index: -1, Err: err}
	sem, ok := err.(*jsonv2.SemanticError) //nolint:errorlint // the decoder's own
	if !ok {
		return e
	}
	var path []string
	for token := range jsontext.Pointer(strings.TrimPrefix(string(sem.JSONPointer), prefix)).Tokens() {
		path = append(path, token)
	}
	if list && len(path) > 0 {
		if i, err := strconv.Atoi(path[0]); err == nil {
			e.Index, path = i, path[1:]
		}
	}
	e.Field = strings.Join(path, ".")
	e.Err = mismatch(sem)
	return e
}

// mismatch returns sem with another text: without the place, which a RecordError has in
// its fields, and without the error of a method for decoding, which may quote the record.
func mismatch(sem *jsonv2.SemanticError) error {
	short := *sem
	short.JSONPointer, short.ByteOffset, short.JSONValue = "", 0, nil
	if sem.Err != nil && (sem.GoType == nil || decodesItself(sem.GoType)) {
		short.Err = errOfMethod
	}
	return &veil.Error{Text: short.Error(), Cause: sem}
}

var errOfMethod = errors.New("its method for decoding refuses it")

// pageRows are the decoded records of one result. A record that does not fit is zero in
// rows, and wrong has its error.
type pageRows struct {
	action string
	raw    []byte                    // the input of the decoder; nil if it is not in memory
	deep   map[int64]json.RawMessage // what shallow took out of raw

	again redecoder

	rows    reflect.Value // a slice that can be set
	wrong   []*RecordError
	strange error          // why none fits: see misnamed
	single  bool           // one object rather than a list
	beside  jsontext.Value // what stands beside the records in the object that wraps them
	whole   span           // the result, in the response
	last    span           // the last record, in raw; zero if they were read at once
	all     span           // the first record to the last, in raw; or the array, if they were read at once
}

// A span is the place of a value in the bytes that were decoded.
type span struct{ start, end int64 }

func (s span) of(raw []byte) []byte {
	if s.end > int64(len(raw)) || s.start >= s.end {
		return nil
	}
	return bytes.Trim(raw[s.start:s.end], " \t\r\n,:")
}

// UnmarshalJSONFrom reads a result.
func (p *pageRows) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	start := dec.InputOffset()
	err := p.read(dec)
	p.whole = span{start, dec.InputOffset()}
	return err
}

// decoding returns the options for decoding the records.
func (p *pageRows) decoding(useNumber jsonv2.Options) jsonv2.Options {
	return decodingOf(p.rows.Type().Elem(), useNumber)
}

// drop forgets the records. Their memory is used again, for records that begin as zero.
func (p *pageRows) drop() {
	p.rows.SetLen(0)
	p.wrong, p.strange, p.last, p.all = nil, nil, span{}, span{}
}

// add adds a record, which is zero, and returns it.
func (p *pageRows) add() reflect.Value {
	n := p.rows.Len()
	p.rows.Grow(1)
	p.rows.SetLen(n + 1)
	v := p.rows.Index(n)
	v.SetZero()
	return v
}

// read reads a result, in whichever form the action has.
func (p *pageRows) read(dec *jsontext.Decoder) error {
	p.drop()
	p.single, p.beside = false, nil
	switch dec.PeekKind() {
	case '[':
		return p.readList(dec)
	case 'n':
		return dec.SkipValue()
	case '{':
		if ofStore(p.action) {
			return p.readSearch(dec)
		}
		if mayWrap(p.action) {
			return p.readWrapped(dec)
		}
	}
	p.single = true
	return p.readRecord(dec)
}

// readList reads an array of records: all at once, which is faster, and one by one if one
// of them does not fit.
func (p *pageRows) readList(dec *jsontext.Decoder) error {
	if p.raw == nil || p.deep != nil {
		return p.readOneByOne(dec)
	}
	start, to := dec.InputOffset(), p.rows.Addr().Interface()
	text := beginning(dec)
	makeRoom(text, p.rows)
	strange := misnamed(p.rows.Type(), text)
	wrong, broken := tolerate(dec, func() error { return jsonv2.UnmarshalDecode(dec, to) })
	if broken != nil {
		return broken
	}
	if p.strange = strange; wrong != nil {
		text = span{start, dec.InputOffset()}.of(p.raw)
		p.drop()
		p.raw = text
		return p.readOneByOne(jsontext.NewDecoder(bytes.NewReader(text), dec.Options()))
	}
	p.all = span{start, dec.InputOffset()}
	return nil
}

// makeRoom gives v, if it is a slice without capacity, room for the elements of the first
// array in text. Their number is an estimate: as if all were as long as the first, and at
// most as many as take the memory that text takes. Without room, a slice grows step by
// step, and takes twice the memory.
func makeRoom(text []byte, v reflect.Value) {
	if v.Kind() != reflect.Slice || v.Cap() > 0 || !takesList(v.Type()) {
		return
	}
	_, list, _ := bytes.Cut(text, []byte("["))
	if first := lengthOf(bytes.TrimLeft(list, " \t\r\n")); first > 0 {
		size := max(int(v.Type().Elem().Size()), 1)
		v.Grow(min(len(list)/(first+1)+1, len(list)/size))
	}
}

// lengthOf returns the length of the object or the array with which text begins. It
// returns 0 if text begins with something else, or ends before the object or array does.
func lengthOf(text []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '{', c == '[':
			depth++
		case c == '}', c == ']':
			depth--
		}
		switch {
		case depth == 0 && i == 0:
			return 0
		case depth == 0:
			return i + 1
		}
	}
	return 0
}

// takesList reports whether records are decoded into a t as a list of them.
func takesList(t reflect.Type) bool {
	return (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) && t.Elem().Kind() != reflect.Uint8 && !decodesItself(t)
}

// readOneByOne reads an array of records.
func (p *pageRows) readOneByOne(dec *jsontext.Decoder) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		if err := p.readRecord(dec); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// records returns the text of the records, without what encloses an array.
func (p *pageRows) records() []byte {
	text := p.all.of(p.raw)
	if p.last == (span{}) && len(text) > 0 { // they were read at once
		text = bytes.TrimSpace(text[1 : len(text)-1])
	}
	return text
}

// lastRecord returns the text of the last record, nil if there is none.
func (p *pageRows) lastRecord() []byte {
	if p.last != (span{}) || p.all == (span{}) {
		return p.last.of(p.raw)
	}
	text, last := p.all.of(p.raw), span{}
	dec := jsontext.NewDecoder(bytes.NewReader(text), lenient)
	_, _ = dec.ReadToken() // it was read before
	for dec.PeekKind() != ']' && dec.PeekKind() != 0 {
		last.start = dec.InputOffset()
		_ = dec.SkipValue()
		last.end = dec.InputOffset()
	}
	return last.of(text)
}

// readRecord reads a record. If it does not fit, there is no error, but one more in wrong.
func (p *pageRows) readRecord(dec *jsontext.Decoder) error {
	start, index := dec.InputOffset(), p.rows.Len()
	v := p.add()
	to := v.Addr().Interface()
	if p.single {
		p.strange = misnamed(v.Type(), beginning(dec))
	}
	wrong, broken := tolerate(dec, func() error { return jsonv2.UnmarshalDecode(dec, to) })
	if broken != nil {
		return broken
	}
	p.last = span{start, dec.InputOffset()}
	if index == 0 {
		p.all.start = start
	}
	p.all.end = p.last.end
	if wrong != nil && p.again.decode(p.last.of(p.raw), to) {
		wrong = nil
	}
	deep, isDeep := p.deep[p.last.end]
	if wrong == nil && !isDeep {
		return nil
	}
	v.SetZero()
	e := &RecordError{Err: errTooDeep, Raw: slices.Clone(deep)}
	if !isDeep {
		e = misfit(wrong, string(dec.StackPointer()), false) // the pointer is that of this record
		e.Raw = slices.Clone(p.last.of(p.raw))
	}
	if e.Index = index; p.single {
		e.Index = -1
	}
	p.wrong = append(p.wrong, e)
	return nil
}

// unwrap returns the list of records in an object that wraps it, and as beside the object
// with null in place of the list. It reports false if the object is a record.
func unwrap(action string, object jsontext.Value) (list, beside jsontext.Value, ok bool) {
	var data, meta jsontext.Value
	others, from := 0, 0
	dec := jsontext.NewDecoder(bytes.NewReader(object), lenient)
	_, _ = dec.ReadToken() // the object is valid
	for dec.PeekKind() == '"' {
		name, _ := dec.ReadToken()
		key := name.String()
		start := dec.InputOffset()
		_ = dec.SkipValue()
		v := jsontext.Value(span{start, dec.InputOffset()}.of(object))
		switch key {
		case "data":
			data = v
			beside = append(append(beside, object[from:start]...), ":null"...)
			from = int(dec.InputOffset())
		case "meta":
			meta = v
		default:
			others++
		}
	}
	beside = append(beside, object[from:]...)
	null := data.Kind() == 'n' && others == 0
	switch action {
	case actionSearch, actionSQL:
		ok = data == nil || data.Kind() == 'n' || data.Kind() == '['
	case "search", "api_search":
		ok = data.Kind() == '[' || null
	case "list":
		ok = (data.Kind() == '[' || null) && others == 0 && (meta == nil || meta.Kind() == '{' || meta.Kind() == 'n')
	case "":
		ok = data.Kind() == '[' && meta.Kind() == '{'
	}
	if data == nil || data.Kind() == 'n' {
		data = jsontext.Value("[]")
	}
	return data, beside, ok
}

// readWrapped reads an object that may wrap the records.
func (p *pageRows) readWrapped(dec *jsontext.Decoder) error {
	start := dec.InputOffset()
	if err := dec.SkipValue(); err != nil {
		return err
	}
	raw := span{start, dec.InputOffset()}.of(p.raw)
	inner := pageRows{action: "get", raw: raw, rows: p.rows, again: p.again}
	if list, beside, ok := unwrap(p.action, raw); ok {
		inner.raw, p.beside = list, beside
	}
	err := inner.read(jsontext.NewDecoder(bytes.NewReader(inner.raw), dec.Options()))
	if inner.single && p.action == "list" && inner.wrong == nil {
		if v := reflect.Indirect(inner.rows.Index(0)); v.Kind() == reflect.Struct && v.NumField() > 0 && v.IsZero() {
			inner.wrong = []*RecordError{{Index: -1, Raw: slices.Clone(raw), Err: errNoList}}
		}
	}
	inner.action, inner.beside = p.action, p.beside
	*p = inner
	return err
}

// readSearch reads the response to a search of the context store: an object with the
// records in "data" and the paging state in "meta".
func (p *pageRows) readSearch(dec *jsontext.Decoder) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		switch name.String() {
		case "data":
			err = p.readFound(dec)
		case "meta":
			var v jsontext.Value
			v, err = dec.ReadValue()
			p.beside = append(append([]byte(`{"meta":`), v...), '}')
		default:
			err = dec.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// readFound reads the records of a search. If they come twice, those that come last count.
func (p *pageRows) readFound(dec *jsontext.Decoder) error {
	p.drop()
	switch dec.PeekKind() {
	case '[':
		return p.readList(dec)
	case 'n':
		return dec.SkipValue()
	}
	v, err := dec.ReadValue()
	if err == nil {
		p.add()
		p.wrong = []*RecordError{{Index: -1, Field: "data", Raw: json.RawMessage(v.Clone()), Err: errNoList}}
	}
	return err
}

// errNoList is the error for a search whose data is not an array, and for a list that is
// an object with nothing for the fields of a record: some other object may wrap it.
var errNoList = errors.New("it is not a list of records")

// each yields the records in order, each with its error if it does not fit. It returns
// false if the loop ended.
func (p *pageRows) each(op string, yield yielder) bool {
	wrong := p.wrong
	for i := range p.rows.Len() {
		var err error
		switch {
		case len(wrong) > 0 && (wrong[0].Index == i || wrong[0].Index < 0):
			err = &Error{op: op, err: wrong[0]}
			wrong = wrong[1:]
		case p.strange != nil:
			err = &Error{op: op, err: &RecordError{Index: i, Err: p.strange}}
		}
		if !yield(p.rows.Index(i).Addr().Interface(), err) {
			return false
		}
	}
	return true
}
