package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// chain returns err and everything that it unwraps to, as programs see it that report
// errors with their causes.
func chain(err error) (list []error) {
	if err == nil {
		return nil
	}
	list = append(list, err)
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return append(list, chain(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			list = append(list, chain(inner)...)
		}
	}
	return list
}

// wantHidden checks that no text of err, of its causes and of a *url.Error in it shows
// the secret.
func wantHidden(t *testing.T, err error, secret string) {
	t.Helper()
	list := chain(err)
	if u, ok := errors.AsType[*url.Error](err); ok {
		list = append(list, chain(u)...)
	}
	for _, e := range list {
		if text := fmt.Sprintf("%v|%+v|%q", e, e, e); strings.Contains(text, secret) {
			t.Errorf("%T shows the secret: %s", e, text)
		}
	}
}

// net/http quotes what it cannot read of a response. A service that repeats the token
// or the client secret there must not get it into an error or a log.
func TestSecretsInWhatHTTPQuotes(t *testing.T) {
	for name, response := range map[string]string{
		"protocol":          "SECRET 200 OK\n\n",
		"status":            "HTTP/1.1 SECRET\n\n",
		"status code":       "HTTP/1.1 2SECRET00 OK\n\n",
		"header line":       "HTTP/1.1 200 OK\nSECRET\n\n",
		"header name":       "HTTP/1.1 200 OK\nSECRET x: 1\n\n",
		"length":            "HTTP/1.1 200 OK\nContent-Length: SECRET\n\n",
		"lengths":           "HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: SECRET\n\n",
		"transfer encoding": "HTTP/1.1 200 OK\nTransfer-Encoding: SECRET\n\n",
		"location":          "HTTP/1.1 307 Go\nLocation: https://[SECRET\nContent-Length: 0\n\n",
		"location, escaped": "HTTP/1.1 307 Go\nLocation: ht%tp://\x01 SECRET\nContent-Length: 0\n\n",
		"location, query":   "HTTP/1.1 307 Go\nLocation: https://SECRET.test/?t=SECRET\nContent-Length: 0\n\n",
		"trailer":           "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Disposition: attachment\n\n2\n[]\n0\nSECRET\n\n",
	} {
		for _, column := range []string{"read", "write", "download", "API", "token"} {
			t.Run(name+"/"+column, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					secret := stubToken
					w := &wire{}
					answer := func(c *wireConn, _ *http.Request) { raw(c, strings.ReplaceAll(response, "SECRET", secret)) }
					w.serve = answer
					tr := w.transport()
					defer tr.CloseIdleConnections()
					var logged bytes.Buffer
					observed := func(err error) {
						if err != nil {
							wantHidden(t, err, secret)
						}
					}
					opts := []client.Option{
						client.WithLogger(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))),
						client.WithAttemptObserver(func(_ context.Context, a client.Attempt) { observed(a.Err) }),
						client.WithTokenObserver(func(f auth.FetchReport) { observed(f.Err) }),
					}
					c := newClient(t, tr, opts...)
					if column == "token" {
						secret = "app-secret-0815"
						c = newClientOfApp(t, tr, opts...)
					}
					var err error
					switch column {
					case "read", "token":
						_, err = connectorOf(c).Execute(t.Context(), "issues", "list", nil)
					case "write":
						_, err = connectorOf(c).Execute(t.Context(), "issues", "create", nil)
					case "API":
						_, err = c.API().GetWorkspaceStatsWithResponse(t.Context(), nil)
					case "download":
						var d *client.Download
						if d, err = connectorOf(c).Download(t.Context(), "files", nil); err == nil {
							_, err = io.Copy(io.Discard, d)
							_ = d.Close()
						}
					}
					if name == "header name" && (column == "API" || column == "write") {
						return // HTTP lets such names pass
					}
					asError(t, err)
					wantHidden(t, err, secret)
					if strings.Contains(logged.String(), secret) {
						t.Errorf("logged %s", &logged)
					}
				})
			})
		}
	}
}

// The errors keep their types without the secret in their texts.
func TestHiddenErrorsKeepTheirTypes(t *testing.T) {
	w := &wire{serve: func(c *wireConn, _ *http.Request) { raw(c, "HTTP/1.1 200 OK\n"+stubToken+"\n\n") }}
	err := read(t.Context(), newClient(t, w.transport(), client.WithMaxRetries(0)))
	wantHidden(t, err, stubToken)
	if _, ok := errors.AsType[textproto.ProtocolError](err); !ok {
		t.Errorf("no textproto.ProtocolError in %#v", chain(err))
	}
	wantKinds(t, err, "ErrNetwork")
	wantText(t, err, "malformed MIME header", "[REDACTED]")
}

// A key of several lines, and the ways in which a service may repeat it.
const multilineKey = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n\nMSTGhCVRqnMGcnkn==\n-----END PRIVATE KEY-----\n"

func echoes(secret string) map[string]string {
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b[1 : len(b)-1]) }
	oneLine := strings.Join(strings.Fields(secret), " ")
	return map[string]string{
		"as it is":     quoted(secret),
		"one line":     oneLine,
		"without ends": quoted(strings.TrimSpace(secret)),
		"quoted twice": quoted(quoted(secret)),
		"in a query":   "?key=" + url.QueryEscape(secret),
		"lower hex":    strings.NewReplacer("%2B", "%2b", "%3D", "%3d", "%2F", "%2f").Replace(url.QueryEscape(secret)),
		"in a path":    "/" + url.PathEscape(secret),
		"as HTML":      quoted(html.EscapeString(secret)),
		"cut":          strings.Repeat("x ", 230) + quoted(secret),
		"cut, one":     strings.Repeat("x ", 230) + oneLine,
		"cut, spaces":  strings.Repeat("x"+strings.Repeat(" ", 7), 230) + oneLine,
		"cut by us":    oneLine[:len(oneLine)/2] + "…",
	}
}

// wantNoPart checks that no line of the secret, and no half of a line, is in text.
func wantNoPart(t *testing.T, text, secret string) {
	t.Helper()
	for line := range strings.Lines(secret) {
		line = strings.TrimSpace(line)
		for _, part := range []string{line[:len(line)/2], line[len(line)/2:]} {
			if len(part) >= 8 && strings.Contains(text, part) {
				t.Errorf("%q of the secret is in %s", part, text)
				return
			}
		}
	}
}

func TestMultilineSecretsAreHidden(t *testing.T) {
	request := client.CreateConnectorRequest{ConnectorType: "x", Credentials: map[string]any{"service": map[string]any{"private_key": multilineKey}}}
	change := client.ConnectorChange{ReplicationConfig: map[string]any{"private_key": multilineKey}}
	for way, echo := range echoes(multilineKey) {
		t.Run(way, func(t *testing.T) {
			for _, body := range []string{
				`{"message":"` + echo + `"}`,
				`{"detail":"` + echo + `"}`,
				`{"detail":[{"loc":["body","credentials"],"msg":"` + echo + `","type":"value_error"}]}`,
				`{"message":"bad","errors":[{"field":"` + echo + `","message":"` + echo + `","error_code":"` + echo + `","details":{"` + echo + `":["` + echo + `"]}}]}`,
				"<html><title>" + echo + "</title>", echo,
			} {
				c := newClient(t, serve(t, says(422, body, "X-Request-Id", strings.Join(strings.Fields(echo), " "))))
				_, createErr := c.DefaultWorkspace().CreateConnector(t.Context(), request)
				_, checkErr := c.DefaultWorkspace().CheckConnector(t.Context(), request)
				_, updateErr := connectorOf(c).Update(t.Context(), change)
				for _, err := range []error{createErr, checkErr, updateErr} {
					e := asError(t, err)
					wantNoPart(t, fmt.Sprintf("%v %q %q %q %+v", e, e.Message, e.Code, e.RequestID, e.Fields), multilineKey)
					if way != "cut by us" { // of which the whole is not in the body
						wantNoPart(t, string(e.Body()), multilineKey)
					}
				}
			}
			texts := `"id":"ID","status":"failed","error_message":"ID","entity_check_results":[{"entity":"ID","status":"ID","error_message":"ID"}],
				"failure_reason":{"failure_origin":"ID","failure_type":"ID","external_message":"ID","internal_message":"ID","stacktrace":"ID"}`
			s := serve(t, says(200, "{"+strings.ReplaceAll(texts, "ID", echo)+"}"))
			w := newClient(t, s).DefaultWorkspace()
			checked, err := w.CheckConnector(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			changed, err := w.ConnectorByID(stubID).CheckChange(t.Context(), change)
			if err != nil {
				t.Fatal(err)
			}
			for _, got := range []*client.CheckResult{checked, changed} {
				text, err := json.Marshal(got)
				if err != nil {
					t.Fatal(err)
				}
				wantNoPart(t, fmt.Sprintf("%s %q %+v", text, got.Reason(), *got.Failure), multilineKey)
			}
		})
	}
}

// A check of a connector as it is knows no secret but the token.
func TestCheckHidesTheToken(t *testing.T) {
	s := serve(t, says(200, `{"id":"c","status":"failed","error_message":"not for Bearer `+stubToken+`"}`))
	got, err := connectorOf(newClient(t, s)).Check(t.Context())
	if err != nil || got.Reason() != "not for Bearer [REDACTED]" {
		t.Errorf("%+v %v", got, err)
	}
}
