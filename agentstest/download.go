package agentstest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// download returns a file. A file that does not exist has no bytes and no name,
// which is what the service has been seen to send.
func (x *execution) download() (server.ExecuteConnectorResponseObject, error) {
	var file File
	if a := x.entity.described.action("download"); a != nil && x.entity.madeUp {
		file = x.fileDeclared(a)
	} else {
		var err error
		if file, err = x.entity.file(x.params); err != nil {
			return nil, err
		}
	}
	if textOf(x.params["_airbyte_response_type"]) == "json" {
		return x.piece(file)
	}
	return fileAnswer(file), nil
}

// Sizes of pieces, in bytes.
const (
	defaultTextPiece   = 15 << 10
	defaultBase64Piece = 48 << 10
	maxPiece           = 64 << 10
)

// piece returns a part of a file as JSON. A text is not cut within a character.
func (x *execution) piece(file File) (*envelope, error) {
	format := textOf(x.params["_airbyte_response_format"])
	size := int64(defaultTextPiece)
	switch format {
	case "", "text":
	case "base64":
		size = defaultBase64Piece
	default:
		return nil, invalid(fieldProblem("body.params._airbyte_response_format", "enum", "Input should be text or base64"))
	}
	start := int64(0)
	if v := x.params["range_header"]; v != nil {
		var end int64
		if n, err := fmt.Sscanf(textOf(v), "bytes=%d-%d", &start, &end); n != 2 || err != nil || start < 0 || end < start || end-start >= maxPiece {
			return nil, invalid(fieldProblem("body.params.range_header", "range", "Input should be like bytes=0-49151, with at most %d bytes", maxPiece))
		}
		size = end - start + 1
	}
	requested := fmt.Sprintf("bytes=%d-%d", start, start+size-1)
	data := file.part(start, size)
	encoding, content := "base64", base64.StdEncoding.EncodeToString(data)
	if format != "base64" {
		whole := data
		for len(whole) > 0 && len(data)-len(whole) < utf8.UTFMax-1 && start+int64(len(data)) < file.size() && !utf8.Valid(whole) {
			whole = whole[:len(whole)-1]
		}
		if utf8.Valid(whole) {
			data, encoding, content = whole, "utf-8", string(whole)
		}
	}
	next := start + int64(len(data))
	piece := map[string]any{
		"content": content, "encoding": encoding, "bytes_returned": len(data), "range_requested": requested,
		"next_range_header": nil, "has_more": next < file.size(), "content_type": file.contentType(),
	}
	if next < file.size() {
		piece["next_range_header"] = fmt.Sprintf("bytes=%d-%d", next, next+size-1)
	}
	raw, err := json.Marshal(piece)
	if err != nil {
		return nil, err
	}
	return x.answer(&envelope{result: raw}), nil
}

// part returns up to size bytes of the file from start on.
func (f File) part(start, size int64) []byte {
	if start >= f.size() {
		return nil
	}
	size = min(size, f.size()-start)
	if f.Size == 0 {
		return f.Data[start : start+size]
	}
	data, _ := io.ReadAll(&alphabet{at: start, end: start + size}) // it has no errors
	return data
}

// file returns the file that a parameter names, the zero File if none has that
// ID. Any parameter may name a file that exists, since vendors differ; only one
// that looks like an ID may name a file that does not.
func (e *entity) file(params map[string]any) (File, error) {
	ids := e.keyNames()
	isID := func(name string) bool {
		return slices.Contains(ids, name) || strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "Id")
	}
	named := false
	for _, name := range slices.Concat(ids[:1], slices.Sorted(maps.Keys(params))) {
		v := params[name]
		if v == nil || v == "" {
			continue
		}
		id, ok := scalar(v)
		switch {
		case ok && !pagingNames[name] && !slices.Contains(sizeNames, name):
			if f, found := e.Files[id]; found {
				return f, nil
			}
			named = named || isID(name)
		case !ok && isID(name):
			return File{}, invalid(fieldProblem("body.params."+name, "type_error", "Input should be a string or a number"))
		}
	}
	if !named {
		return File{}, invalid(missing("body.params." + e.Key))
	}
	return File{}, nil
}

func (f File) size() int64 {
	if f.Size > 0 {
		return f.Size
	}
	return int64(len(f.Data))
}

func (f File) open() io.Reader {
	if f.Size > 0 {
		return &alphabet{end: f.Size}
	}
	return bytes.NewReader(f.Data)
}

func (f File) disposition() string {
	switch {
	case f.Disposition != "":
		return f.Disposition
	case f.Name == "":
		return ""
	}
	return mime.FormatMediaType("attachment", map[string]string{"filename": f.Name})
}

func (f File) contentType() string {
	if f.ContentType != "" {
		return f.ContentType
	}
	return "application/octet-stream"
}

// A fileAnswer is the response to a download. The generated type has no content
// type and always a length.
type fileAnswer File

// VisitExecuteConnectorResponse implements
// [server.ExecuteConnectorResponseObject].
func (a fileAnswer) VisitExecuteConnectorResponse(w http.ResponseWriter) error {
	f := File(a)
	h := w.Header()
	h.Set("Content-Type", f.contentType())
	if d := f.disposition(); d != "" {
		h.Set("Content-Disposition", d)
	}
	if !f.Unsized {
		h.Set("Content-Length", strconv.FormatInt(f.size(), 10))
	}
	w.WriteHeader(http.StatusOK)
	if f.Unsized {
		_ = http.NewResponseController(w).Flush() // so that net/http adds no length
	}
	_, _ = io.Copy(w, f.open()) // the client may be gone
	return nil
}

var letters = strings.Repeat("abcdefghijklmnopqrstuvwxyz", 1260)

// An alphabet is the invented content of a File with a Size.
type alphabet struct{ at, end int64 }

// Read implements [io.Reader].
func (a *alphabet) Read(p []byte) (int, error) {
	if a.at >= a.end {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), a.end-a.at))
	for done := 0; done < n; {
		done += copy(p[done:n], letters[(a.at+int64(done))%26:])
	}
	a.at += int64(n)
	return n, nil
}
