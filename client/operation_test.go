package client_test

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// rawCalls calls every generated method whose operation has values in its path,
// with value as each of them in turn, and reports what it returns.
func rawCalls(c *client.Client, ctx context.Context, value string, report func(method string, err error)) { //nolint:revive // the client is what it is about
	api := reflect.ValueOf(c.API())
	for i := range api.NumMethod() {
		name := api.Type().Method(i).Name
		if !strings.HasSuffix(name, "WithResponse") || strings.HasSuffix(name, "WithBodyWithResponse") {
			continue
		}
		call := api.Method(i)
		var args []reflect.Value
		var values []int
		for n := range call.Type().NumIn() {
			in := call.Type().In(n)
			switch {
			case n == 0:
				args = append(args, reflect.ValueOf(ctx))
			case call.Type().IsVariadic() && n == call.Type().NumIn()-1: // editors
			case in.Kind() == reflect.String:
				values = append(values, n)
				args = append(args, reflect.ValueOf(stubID).Convert(in))
			case in.Kind() == reflect.Pointer:
				args = append(args, reflect.New(in.Elem()))
			default:
				args = append(args, reflect.Zero(in))
			}
		}
		for _, n := range values {
			own := append([]reflect.Value(nil), args...)
			own[n] = reflect.ValueOf(value).Convert(call.Type().In(n))
			err, _ := call.Call(own)[1].Interface().(error)
			report(strings.TrimSuffix(name, "WithResponse"), err)
		}
	}
}

// A path value that is not a path segment would lead to another operation.
func TestPathValuesThatAreNoneAreRefused(t *testing.T) {
	for _, value := range []string{"", ".", ".."} {
		t.Run("value "+value, func(t *testing.T) {
			s := serve(t, says(200, `{}`))
			n, sent := 0, 0
			rawCalls(newClient(t, s), t.Context(), value, func(method string, err error) {
				n++
				if now := len(s.requests()); now > sent {
					r := s.requests()[sent]
					sent = now
					// The generated client resolves the path before this package sees
					// it, and with "." this one has become checkConnectorConfig.
					if method != "CheckConnector" || value != "." {
						t.Errorf("%s with %q sent %s %s", method, value, r.Method, r.Path)
					}
					return
				}
				if err == nil {
					t.Errorf("%s with %q: no error", method, value)
					return
				}
				wantKinds(t, err, "ErrInvalid")
				asError(t, err)
			})
			if n < 20 {
				t.Errorf("%d calls with path values", n)
			}
		})
	}
	t.Run("good values", func(t *testing.T) {
		s := serve(t, says(200, `{}`))
		n := 0
		rawCalls(newClient(t, s), t.Context(), "a b%2F?#ü", func(method string, err error) {
			if n++; err != nil {
				t.Errorf("%s: %v", method, err)
			}
		})
		s.wantSent(t, n)
	})
}

// The generated client has the same tokens, retries, limits and errors.
func TestRawCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, says(401, ""), says(503, ""), says(200, `{"data":[]}`))
		resp, err := newClientOfApp(t, s, client.WithOrganizationID(stubOrg)).API().ListConnectorsWithResponse(t.Context(), &gen.ListConnectorsParams{})
		if err != nil || resp.StatusCode() != 200 || resp.JSON200 == nil {
			t.Fatalf("%v %v", resp, err)
		}
		s.wantSent(t, 3)
		for i, want := range []string{"token-1", "token-2", "token-2"} {
			r := s.requests()[i]
			if r.Header.Get("Authorization") != "Bearer "+want || r.Header.Get("X-Organization-Id") != stubOrg || !strings.HasPrefix(r.Header.Get("User-Agent"), "airbyte-agents-go/") {
				t.Errorf("request %d has %v", i, r.Header)
			}
		}

		// A response of any status is returned to the caller, after the
		// retries.
		s = serve(t, says(503, `{"message":"down"}`))
		resp, err = newClient(t, s).API().ListConnectorsWithResponse(t.Context(), &gen.ListConnectorsParams{})
		if err != nil || resp.StatusCode() != 503 || !strings.Contains(string(resp.Body), "down") {
			t.Errorf("%v %v", resp, err)
		}
		s.wantSent(t, 3)

		// Without a response, there is an *Error.
		_, err = newClient(t, serve(t, fails(errReset)), client.WithMaxRetries(0)).API().ListConnectorsWithResponse(t.Context(), &gen.ListConnectorsParams{})
		if e := asError(t, err); e.Attempts != 1 || e.Path != listPath || !strings.Contains(e.Error(), "listConnectors") {
			t.Errorf("%v", e)
		}
		_, err = newClient(t, serve(t, says(200, `{"data":[]}`)), client.WithMaxResponseBytes(4)).API().ListConnectorsWithResponse(t.Context(), &gen.ListConnectorsParams{})
		wantKinds(t, err, "ErrResponseTooLarge")

		// Of an error response, a part is enough.
		s = serve(t, sends(500, func(*http.Request) io.Reader { return io.LimitReader(zeros{}, 3<<20) }, -1, "Content-Type", "text/html"))
		resp, err = newClient(t, s).API().ListConnectorsWithResponse(t.Context(), &gen.ListConnectorsParams{})
		if err != nil {
			t.Fatal(err)
		}
		if len(resp.Body) != 1<<20 {
			t.Errorf("%d bytes", len(resp.Body))
		}

		// Headers that the caller set remain.
		s = serve(t, says(200, `{}`))
		_, err = newClient(t, s).API().ListConnectorsWithResponse(t.Context(), &gen.ListConnectorsParams{}, func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Basic own")
			r.Header.Set("User-Agent", "own")
			return nil
		})
		if r := s.requests()[0]; err != nil || r.Header.Get("Authorization") != "Basic own" || r.Header.Get("User-Agent") != "own" {
			t.Errorf("%v %v", r.Header, err)
		}
		// So does the host that the caller chose, which gets no token.
		s = serve(t, says(200, `{}`))
		_, err = newClient(t, s).API().ListConnectorsWithResponse(t.Context(), &gen.ListConnectorsParams{}, func(_ context.Context, r *http.Request) error {
			r.URL.Host = "evil.test"
			return nil
		})
		for _, r := range s.requests() {
			if r.Header.Get("Authorization") != "" {
				t.Errorf("a token went to %s (%v)", r.Host, err)
			}
		}
	})
}
