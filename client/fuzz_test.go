package client

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzErrorBody tests that whatever the service sends becomes an error with a
// short text on one line, without the token of the request.
func FuzzErrorBody(f *testing.F) {
	const token = "tok-0123456789"
	for _, body := range []string{
		`{"message":"no","errors":[{"field":"a","message":"b","error_code":"c","details":{"d":1}}]}`, `{"detail":"x"}`,
		`{"detail":[{"loc":["body","a",0],"msg":"m","type":"t"}]}`, `{"error":{"message":"` + token + `"}}`, `<html><title>x</title>`, "", "null", `"`,
		`{"message":"` + strings.Repeat("x", 505) + ` ` + token + `"}`, "\xff\xfe", `{"code":"` + token + `","message":"tok\u002d0123456789"}`,
	} {
		f.Add(400, "application/json", body)
		f.Add(200, "text/html", body)
	}
	f.Fuzz(func(t *testing.T, status int, kind, body string) {
		req, err := http.NewRequest(http.MethodPost, "https://api.test/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp := &http.Response{
			StatusCode: status, Header: http.Header{"Content-Type": {kind}, "X-Request-Id": {kind}}, Request: req,
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		}
		e := refusal(&call{op: "test"}, resp)
		text := e.Error()
		switch {
		case strings.ContainsFunc(text, unicode.IsControl), !utf8.ValidString(text):
			t.Errorf("not one line: %q", text)
		case len(text) > 1000:
			t.Errorf("%d bytes: %q", len(text), text)
		case strings.Contains(text, token), strings.Contains(fmt.Sprintf("%v", e.Fields), token), strings.Contains(string(e.Body()), token):
			t.Errorf("the token is in %q", text)
		}
		if _, err := json.Marshal(e.Fields); err != nil {
			t.Error(err)
		}
	})
}

// FuzzSlug tests that names that a user would consider equal are equal, and
// that a plain slug does not change.
func FuzzSlug(f *testing.F) {
	for _, s := range []string{"", "github", "Zendesk Support", "zendesk_support", "--a--b", "\tA\u00a0b\n", "ÄÖ İ", "a\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := plainSlug(s)
		if again := plainSlug(p); again != p {
			t.Errorf("%q becomes %q, then %q", s, p, again)
		}
		if strings.ContainsFunc(p, unicode.IsSpace) || strings.ContainsAny(p, "_") || strings.HasPrefix(p, "-") || strings.HasSuffix(p, "-") || strings.Contains(p, "--") {
			t.Errorf("%q becomes %q", s, p)
		}
		if other := plainSlug(" " + strings.ReplaceAll(s, " ", "_") + "-"); other != p {
			t.Errorf("%q becomes %q, with other separators %q", s, p, other)
		}
	})
}

// FuzzConnectorID tests that only a UUID becomes part of a path.
func FuzzConnectorID(f *testing.F) {
	for _, s := range []string{"", "11111111-2222-3333-4444-555555555555", "source_id:11111111-2222-3333-4444-555555555555", "{11111111-2222-3333-4444-5555555555}", "../..", "11111111-2222-3333-4444-55555555555é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := connectorUUID(s)
		if ok && (len(id) != 36 || strings.Trim(id, "0123456789abcdef-") != "") {
			t.Errorf("%q gives %q", s, id)
		}
		if again, ok2 := connectorUUID(id); ok && (!ok2 || again != id) {
			t.Errorf("%q gives %q, which gives %q", s, id, again)
		}
	})
}
