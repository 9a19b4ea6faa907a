package agentstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// An errorBody is an error in the service's shape. Its nulls are sent.
type errorBody struct {
	Message string      `json:"message"`
	Errors  []errorItem `json:"errors"`
}

type errorItem struct {
	Field   *string        `json:"field"`
	Message string         `json:"message"`
	Code    string         `json:"error_code"`
	Details map[string]any `json:"details"`
}

// An apiError is a response that is not a success. The methods of api return it,
// and answerError writes it.
type apiError struct {
	status int
	body   errorBody
}

func (e *apiError) Error() string { return strconv.Itoa(e.status) + " " + e.body.Message }

// problem returns an error that concerns no field. The service lists none then.
func problem(status int, format string, args ...any) *apiError {
	return &apiError{status, errorBody{Message: fmt.Sprintf(format, args...), Errors: []errorItem{}}}
}

func notFound(what, id string) *apiError {
	return problem(http.StatusNotFound, "No %s has the id %q", what, id)
}

func forbidden(format string, args ...any) *apiError {
	return problem(http.StatusForbidden, format, args...)
}

// fieldProblem returns what is wrong with the value of one field.
func fieldProblem(field, code, format string, args ...any) errorItem {
	return errorItem{Field: &field, Message: fmt.Sprintf(format, args...), Code: code}
}

// invalid returns the error of a request with unacceptable values.
func invalid(items ...errorItem) *apiError { return refuse(http.StatusUnprocessableEntity, items...) }

// refuse is like invalid with another status.
func refuse(status int, items ...errorItem) *apiError {
	return &apiError{status, errorBody{Message: "Validation failed", Errors: items}}
}

// missing returns the problem of a field that the request leaves out.
func missing(field string) errorItem { return fieldProblem(field, "missing", "Field required") }

// answerError writes an error in the service's shape.
func answerError(w http.ResponseWriter, _ *http.Request, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = problem(http.StatusInternalServerError, "%v", err)
	}
	writeJSON(w, e.status, e.body)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil { // only records and details that a user made can do that
		status, body = http.StatusInternalServerError, []byte(`{"message":"agentstest cannot encode its answer","errors":[]}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if status == http.StatusTooManyRequests && h.Get("Retry-After") == "" {
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

// bodyError responds to a request whose body the generated server cannot decode.
func bodyError(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, io.EOF) {
		err = invalid(missing("body"))
	} else {
		err = mismatch(err)
	}
	answerError(w, r, err)
}

// mismatch returns the error of a body that is not of the type that it should be.
func mismatch(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return invalid(fieldProblem("body."+wrong.Field, "type_error", "Input should be %s, not %s", kindName(wrong.Type.String()), wrong.Value))
	}
	return problem(http.StatusBadRequest, "The body has the wrong form: %v", err)
}

// kindName returns the JSON name of a Go type.
func kindName(goType string) string {
	t := strings.TrimLeft(goType, "*")
	switch {
	case strings.HasPrefix(t, "[]"):
		return "an array"
	case strings.HasPrefix(t, "map"):
		return "an object"
	case strings.HasPrefix(t, "int"):
		return "an integer"
	case t == "bool":
		return "a boolean"
	case t == "string":
		return "a string"
	}
	return "of another type"
}

// parameterError responds to a request with parameters that the generated server
// cannot bind.
func parameterError(w http.ResponseWriter, r *http.Request, err error) {
	var required *server.RequiredParamError
	var format *server.InvalidParamFormatError
	var many *server.TooManyValuesForParamError
	switch {
	case errors.As(err, &required):
		answerError(w, r, invalid(missing("query."+required.ParamName)))
	case errors.As(err, &format):
		answerError(w, r, invalid(fieldProblem("query."+format.ParamName, "type_error", "Input has the wrong type")))
	case errors.As(err, &many):
		answerError(w, r, invalid(fieldProblem("header."+many.ParamName, "type_error", "Expected one value, got %d", many.Count)))
	default:
		answerError(w, r, problem(http.StatusBadRequest, "%v", err))
	}
}
