package agentstest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
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

// maxChunk is the most that a download as JSON gives at a time.
const maxChunk = 64 << 10

// download answers a file. One that does not exist has no bytes and no name,
// which is what the service has been seen to do.
func (x *execution) download() (server.ExecuteConnectorResponseObject, error) {
	file := x.file()
	if kind, _ := scalar(x.params["_airbyte_response_type"]); kind == "json" {
		return x.chunk(file)
	}
	return fileAnswer(file), nil
}

// file finds the file that a parameter names.
func (x *execution) file() File {
	files := x.entity.Files
	named := false
	for _, name := range slices.Sorted(maps.Keys(x.params)) {
		if v, ok := scalar(x.params[name]); ok && !strings.HasPrefix(name, "_airbyte") && name != "range_header" {
			if f, ok := files[v]; ok {
				return f
			}
			named = true
		}
	}
	if !named && len(files) == 1 {
		for _, f := range files {
			return f
		}
	}
	return File{}
}

func (f File) size() int64 {
	if f.Size > 0 {
		return f.Size
	}
	return int64(len(f.Data))
}

// open reads the file from an offset on.
func (f File) open(from int64) io.Reader {
	if f.Size > 0 {
		return &alphabet{at: from, end: f.Size}
	}
	return bytes.NewReader(f.Data[min(from, int64(len(f.Data))):])
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

// fileAnswer is the answer to a download. The generated one knows neither
// content types nor files without a length.
type fileAnswer File

// VisitExecuteConnectorResponse implements [server.ExecuteConnectorResponseObject].
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
		_ = http.NewResponseController(w).Flush() // sends the header without a length
	}
	_, _ = io.Copy(w, f.open(0)) // the client may be gone
	return nil
}

var letters = strings.Repeat("abcdefghijklmnopqrstuvwxyz", 1260)

// alphabet makes up the bytes of a File with a Size.
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

// chunk answers a part of a file as JSON, and which part is next.
func (x *execution) chunk(f File) (*envelope, error) {
	from, to, ok := byteRange(x.params["range_header"])
	if !ok {
		return nil, invalid(fieldProblem("body.params.range_header", "range", `Input should be a range such as "bytes=0-65535", of at most %d bytes`, maxChunk))
	}
	format, _ := scalar(x.params["_airbyte_response_format"])
	if format == "" {
		format = "text"
	}
	if format != "text" && format != "base64" {
		return nil, invalid(fieldProblem("body.params._airbyte_response_format", "enum", "Input should be text or base64"))
	}
	size := f.size()
	from = min(from, size)
	data, err := io.ReadAll(io.LimitReader(f.open(from), to-from+1))
	if err != nil {
		return nil, err
	}
	if format == "text" && from+int64(len(data)) < size { // no character is torn apart
		for cut := len(data); cut > len(data)-utf8.UTFMax && cut > 0; cut-- {
			if utf8.RuneStart(data[cut-1]) {
				if !utf8.FullRune(data[cut-1:]) {
					data = data[:cut-1]
				}
				break
			}
		}
	}
	end := from + int64(len(data))
	answer := map[string]any{
		"encoding": "utf-8", "bytes_returned": len(data), "has_more": end < size,
		"range_requested": rangeHeader(from, to), "next_range_header": nil, "content_type": f.contentType(),
	}
	if format == "text" {
		if !utf8.Valid(data) {
			return nil, invalid(fieldProblem("body.params._airbyte_response_format", "encoding", "The file is not UTF-8; ask for base64"))
		}
		answer["content"] = string(data)
	} else {
		answer["encoding"] = "base64"
		answer["content"] = base64.StdEncoding.EncodeToString(data)
	}
	if end < size {
		answer["next_range_header"] = rangeHeader(end, end+to-from)
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	return x.answer(&envelope{result: raw}), nil
}

func rangeHeader(from, to int64) string {
	return "bytes=" + strconv.FormatInt(from, 10) + "-" + strconv.FormatInt(to, 10)
}

func byteRange(v any) (from, to int64, ok bool) {
	if v == nil {
		return 0, maxChunk - 1, true
	}
	s, _ := v.(string)
	span, found := strings.CutPrefix(s, "bytes=")
	first, last, dash := strings.Cut(span, "-")
	from, errFrom := strconv.ParseInt(first, 10, 64)
	to, errTo := strconv.ParseInt(last, 10, 64)
	if errFrom == nil && last == "" {
		to, errTo = from+maxChunk-1, nil
	}
	ok = found && dash && errFrom == nil && errTo == nil && from >= 0 && to >= from && to-from < maxChunk
	return from, to, ok
}
