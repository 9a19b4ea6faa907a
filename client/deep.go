package client

import (
	"encoding/json"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deep the decoder lets JSON be nested.
const maxDepth = 10_000

// errTooDeep is the error for a record that the decoder cannot read.
var errTooDeep = errors.New("it is nested more than 10,000 levels deep")

// shallow is for JSON that the decoder refuses with err because part of it is nested too
// deeply. It returns text with null in place of each record that has such a part, and the
// records themselves, by the offset at which their null ends. A record is an element of an
// outermost list. For any other error, or if there is no such list, it returns nil.
func shallow(text []byte, err error) ([]byte, map[int64]json.RawMessage) {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); !ok || !tooDeep(syntax) {
		return nil, nil
	}
	var clean []byte
	found := map[int64]json.RawMessage{}
	list, depth := 0, 0     // list is the depth of the outermost list, 0 outside of one
	element, copied := 0, 0 // where the current element of that list begins, and how much of text is in clean
	deep := false           // the element is nested too deeply
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			switch {
			case list == 0 && text[i] == '[':
				list = depth + 1
			case depth == list:
				element = i
			}
			depth++
			deep = deep || list > 0 && depth > maxDepth
		case ']', '}':
			if depth == list {
				list = 0
			}
			depth--
			if deep && depth == list {
				clean = append(append(clean, text[copied:element]...), "null"...)
				copied, deep = i+1, false
				found[int64(len(clean))] = json.RawMessage(text[element:copied:copied])
			}
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	return append(clean, text[copied:]...), found
}

// offsetBefore converts an offset in the text that shallow returned, together with deep,
// into the offset in the text that it was given.
func offsetBefore(deep map[int64]json.RawMessage, at int64) int64 {
	n := at
	for end, raw := range deep {
		if end <= at {
			n += int64(len(raw) - len("null"))
		}
	}
	return n
}
