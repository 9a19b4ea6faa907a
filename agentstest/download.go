package agentstest

import (
	"bytes"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// download returns a file. A file that does not exist has no bytes and no name,
// which is what the service has been seen to send.
func (x *execution) download() (server.ExecuteConnectorResponseObject, error) {
	file, err := x.entity.file(x.params)
	if err != nil {
		return nil, err
	}
	return fileAnswer(file), nil
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
