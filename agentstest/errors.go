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

// errorBody is an error in the service's shape, with its nulls.
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

// apiError is an answer that is no success. The methods of api return it as
// their error; answerError writes it.
type apiError struct {
	status int
	body   errorBody
}

func (e *apiError) Error() string { return strconv.Itoa(e.status) + " " + e.body.Message }

// problem is an error that concerns no single field.
func problem(status int, code, format string, args ...any) *apiError {
	message := fmt.Sprintf(format, args...)
	return &apiError{status, errorBody{Message: message, Errors: []errorItem{{Message: message, Code: code}}}}
}

func notFound(what, id string) *apiError {
	return problem(http.StatusNotFound, "not_found", "There is no %s %q", what, id)
}

func forbidden(format string, args ...any) *apiError {
	return problem(http.StatusForbidden, "forbidden", format, args...)
}

// fieldProblem is one value that is not acceptable.
func fieldProblem(field, code, format string, args ...any) errorItem {
	return errorItem{Field: &field, Message: fmt.Sprintf(format, args...), Code: code}
}

// invalid is a request with values that are not acceptable.
func invalid(items ...errorItem) *apiError {
	return &apiError{http.StatusUnprocessableEntity, errorBody{Message: "Validation failed", Errors: items}}
}

// missing is a request that leaves a field out.
func missing(field string) errorItem { return fieldProblem(field, "missing", "Field required") }

// statusText is what the service says for want of anything better.
var statusText = map[int][2]string{
	http.StatusBadRequest:          {"Malformed request", "bad_request"},
	http.StatusUnauthorized:        {"Unauthorized", "unauthorized"},
	http.StatusForbidden:           {"Forbidden", "forbidden"},
	http.StatusNotFound:            {"Not found", "not_found"},
	http.StatusUnprocessableEntity: {"Validation failed", "invalid"},
	http.StatusTooManyRequests:     {"Too many requests", "rate_limited"},
	http.StatusInternalServerError: {"Internal server error", "internal_error"},
	http.StatusBadGateway:          {"Bad gateway", "bad_gateway"},
	http.StatusServiceUnavailable:  {"Service unavailable", "unavailable"},
	http.StatusGatewayTimeout:      {"Gateway timeout", "timeout"},
}

// statusProblem is an error of which only the status is known.
func statusProblem(status int) *apiError {
	text, ok := statusText[status]
	if !ok {
		text = [2]string{http.StatusText(status), "status_" + strconv.Itoa(status)}
	}
	return problem(status, text[1], "%s", text[0])
}

// answerError writes an error in the service's shape.
func answerError(w http.ResponseWriter, _ *http.Request, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = problem(http.StatusInternalServerError, "internal_error", "%v", err)
	}
	writeJSON(w, e.status, e.body)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil { // only what a user put into the world can do that
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

// bodyError is for bodies that do not decode into what the operation wants.
func bodyError(w http.ResponseWriter, r *http.Request, err error) {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		answerError(w, r, invalid(fieldProblem("body."+wrong.Field, "type_error", "Input should be %s, not %s", kindName(wrong.Type.String()), wrong.Value)))
	case errors.Is(err, io.EOF):
		answerError(w, r, invalid(missing("body")))
	default:
		answerError(w, r, problem(http.StatusBadRequest, "malformed_json", "The body is not valid JSON: %v", err))
	}
}

// kindName says a Go type in JSON's words.
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

// parameterError is for parameters that the generated server cannot bind.
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
		answerError(w, r, problem(http.StatusBadRequest, "bad_request", "%v", err))
	}
}

func asTypeError(err error) (*json.UnmarshalTypeError, bool) {
	var wrong *json.UnmarshalTypeError
	ok := errors.As(err, &wrong)
	return wrong, ok
}
