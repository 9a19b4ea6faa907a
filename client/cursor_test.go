package client_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func newSealer(t *testing.T, keys ...auth.Secret) *client.CursorSealer {
	t.Helper()
	s, err := client.NewCursorSealer(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	sealKey  auth.Secret = "a key of thirty-two bytes, more or less"
	otherKey auth.Secret = "another key, also long enough for this"
)

func TestCursorSealer(t *testing.T) {
	s := newSealer(t, sealKey)
	next := client.Params{
		"offset": 1000002.0, "big": json.Number("9007199254740993"), "after": "<a&b>\u2028", "repo": client.Params{"owner": "golang"}, "tags": []string{"x"}, "none": nil,
	}
	want := client.Params{
		"offset": json.Number("1000002"), "big": json.Number("9007199254740993"), "after": "<a&b>\u2028", "repo": map[string]any{"owner": "golang"}, "tags": []any{"x"}, "none": nil,
	}
	text, err := s.Seal(next, "customer-42", "issues")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" || strings.Contains(text, "golang") {
		t.Errorf("the cursor is %q", text)
	}
	if got, err := s.Open(text, "customer-42", "issues"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, %v", got, err)
	}
	if again, _ := s.Seal(next, "customer-42", "issues"); again == text {
		t.Error("two cursors with the same nonce")
	}

	// The first key seals, every key opens.
	both := newSealer(t, otherKey, sealKey)
	if got, err := both.Open(text, "customer-42", "issues"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("with an old key: %#v, %v", got, err)
	}
	newer, _ := both.Seal(next, "x")
	if _, err := newSealer(t, otherKey).Open(newer, "x"); err != nil {
		t.Error(err)
	}

	// The end of the list.
	if text, err := s.Seal(nil, "x"); text != "" || err != nil {
		t.Errorf("a nil next gives %q, %v", text, err)
	}
	if next, err := s.Open("", "x"); next != nil || err != nil {
		t.Errorf("an empty cursor gives %v, %v", next, err)
	}
}

func TestCursorsThatAreRefused(t *testing.T) {
	s := newSealer(t, sealKey)
	text, err := s.Seal(client.Params{"cursor": "c"}, "ab", "c")
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(text) {
		wrong := []byte(text)
		if wrong[i]++; string(wrong) == text {
			continue
		}
		if got, err := s.Open(string(wrong), "ab", "c"); err == nil {
			t.Fatalf("byte %d was altered: %v", i, got)
		}
	}
	for name, open := range map[string]func() (client.Params, error){
		"another scope":      func() (client.Params, error) { return s.Open(text, "ab", "d") },
		"another split":      func() (client.Params, error) { return s.Open(text, "a", "bc") },
		"no tenant":          func() (client.Params, error) { return s.Open(text, "") },
		"no tenant to seal":  func() (client.Params, error) { _, err := s.Seal(client.Params{}, ""); return nil, err },
		"a shorter scope":    func() (client.Params, error) { return s.Open(text, "ab") },
		"a longer scope":     func() (client.Params, error) { return s.Open(text, "ab", "c", "") },
		"another key":        func() (client.Params, error) { return newSealer(t, otherKey).Open(text, "ab", "c") },
		"half of it":         func() (client.Params, error) { return s.Open(text[:len(text)/2], "ab", "c") },
		"a line break in it": func() (client.Params, error) { return s.Open(text[:9]+"\n"+text[9:], "ab", "c") },
		"too long":           func() (client.Params, error) { return s.Open(strings.Repeat("A", 1<<20), "ab", "c") },
		"no base64":          func() (client.Params, error) { return s.Open("ä", "ab", "c") },
		"a nil sealer":       func() (client.Params, error) { return (*client.CursorSealer)(nil).Open(text, "ab", "c") },
		"a zero sealer":      func() (client.Params, error) { return new(client.CursorSealer).Open(text, "ab", "c") },
		"a zero sealer's": func() (client.Params, error) {
			_, err := new(client.CursorSealer).Seal(client.Params{}, "x")
			return nil, err
		},
		"no key":      func() (client.Params, error) { _, err := client.NewCursorSealer(); return nil, err },
		"a short key": func() (client.Params, error) { _, err := client.NewCursorSealer("short-secret"); return nil, err },
		"a secret": func() (client.Params, error) {
			_, err := s.Seal(client.Params{"token": auth.Secret("xyzzy-1234")}, "x")
			return nil, err
		},
		"a channel": func() (client.Params, error) {
			_, err := s.Seal(client.Params{"c": make(chan int)}, "x")
			return nil, err
		},
		"too much": func() (client.Params, error) {
			_, err := s.Seal(client.Params{"c": strings.Repeat("x", 1<<16)}, "x")
			return nil, err
		},
	} {
		next, err := open()
		if next != nil || err == nil {
			t.Errorf("%s: %v", name, next)
		}
		wantKinds(t, err, "ErrInvalid")
		if name == "a short key" {
			wantText(t, err, "openssl rand -base64 32")
		}
		if got := client.HTTPStatus(err); got != 400 {
			t.Errorf("%s: the status is %d", name, got)
		}
		if strings.Contains(fmt.Sprint(err), "xyzzy") || strings.Contains(fmt.Sprint(err), "short-secret") {
			t.Errorf("%s: the error shows a secret: %v", name, err)
		}
	}
}

func TestCursorSealerDoesNotPrintItsKey(t *testing.T) {
	s := newSealer(t, sealKey)
	b, err := json.Marshal(map[string]any{"s": s, "l": fmt.Sprint(s.LogValue())})
	for _, text := range append([]string{fmt.Sprintf("%v %+v %#v %s %d", s, s, s, s, s), string(b)}, fmt.Sprint(err)) {
		if strings.Contains(text, string(sealKey)) || strings.Contains(text, "0x") || strings.Contains(text, "keys") {
			t.Errorf("it prints %s", text)
		}
	}
}

// What NextParams returns can be sealed, opened and asked for, up to the last page.
func TestCursorSealerTurnsPages(t *testing.T) {
	fake := agentstest.NewServer()
	defer fake.Close()
	conn, err := client.Connect(t.Context(), "stripe", client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	if err != nil {
		t.Fatal(err)
	}
	type customer struct {
		ID string `json:"id"`
	}
	s := newSealer(t, sealKey)
	want := map[string]bool{}
	for c, err := range client.All[customer](t.Context(), conn, "customers", "list", nil) {
		if err != nil {
			t.Fatal(err)
		}
		want[c.ID] = true
	}
	got, pages := map[string]bool{}, 0
	params := client.Params{"limit": 5}
	for {
		customers, res, err := client.Execute[[]customer](t.Context(), conn, "customers", "list", params, client.WithRawData())
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, c := range customers {
			got[c.ID] = true
		}
		next, err := res.NextParams(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		cursor, err := s.Seal(next, "acme")
		if err != nil {
			t.Fatal(err)
		}
		if cursor == "" {
			break
		}
		if params, err = s.Open(cursor, "acme"); err != nil {
			t.Fatal(err)
		}
	}
	if len(want) < 11 || !maps.Equal(got, want) || pages < 3 {
		t.Errorf("%d of %d customers on %d pages", len(got), len(want), pages)
	}
}
