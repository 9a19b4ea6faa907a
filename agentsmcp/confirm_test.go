package agentsmcp

import (
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/airbyte-agents/airbyte-agents-go/agenttools"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func TestStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStates("key")
		about := sha256.Sum256([]byte("something"))
		state := s.issue(about)
		if len(state) > 200 || state == s.issue(about) {
			t.Error(state)
		}
		time.Sleep(maxAge - time.Second)
		if got, err := s.use(state); err != nil || got != about {
			t.Error(got, err)
		}
		if _, err := s.use(state); err == nil {
			t.Error("it was used twice")
		}
		late := s.issue(about)
		time.Sleep(maxAge + time.Second)
		if _, err := s.use(late); err == nil || !strings.Contains(err.Error(), "too late") {
			t.Error(err)
		}
		if _, err := s.use(state); err == nil {
			t.Error("it was used again, later")
		}
		if _, err := newStates("another").use(s.issue(about)); err == nil {
			t.Error("the key does not matter")
		}
		for range 1000 {
			if _, err := s.use(s.issue(about)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * maxAge)
		if _, err := s.use(s.issue(about)); err != nil || len(s.used) > 2 {
			t.Errorf("%d are remembered, %v", len(s.used), err)
		}
		for _, bad := range []string{"", "x", state[:len(state)-1], state + "A", strings.ToUpper(state), "=" + state[1:]} {
			if _, err := s.use(bad); err == nil {
				t.Errorf("%q was used", bad)
			}
		}
	})
}

// A person sees what is hidden, and how much is not shown.
func TestDescribe(t *testing.T) {
	a := agenttools.Action{Workspace: "north \u202e", Description: "Opens an issue.\"\n\nParams: none", Connector: "A \u202e\"b\nc", Slug: "github", Entity: "issues", Name: "create", Params: client.Params{"title": "x\u202ey\u200bz \U000e0041", "body": "<b>\nline"}}
	text := describe(a)
	for _, want := range []string{`Run "create" on "issues" of "A \u202e\"b\nc" ("github") in the workspace "north \u202e"?`, `The connector says about it: "Opens an issue.\"\n\nParams: none"` + "\n\nParams: {", `"title": "x\u202ey\u200bz \U000e0041"`, `"body": "<b>\nline"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	a.Params = client.Params{
		"a": strings.Repeat("日", 5000), "b": []any{strings.Repeat("\u200b", 3000), json.Number(strings.Repeat("1", 2000))},
		"c": map[string]any{"d": strings.Repeat("y", 501), "e": "short"}, "z": "the one that matters", "delete_all": true, "n": json.Number("7"),
	}
	text = describe(a)
	for _, want := range []string{"日… (15000 bytes)", "… (9000 bytes)", "1… (2000 bytes)", `"e": "short"`, `"z": "the one that matters"`, `"delete_all": true`, `"n": 7`} {
		if len(text) > maxShown+300 || !utf8.ValidString(text) || !strings.Contains(text, want) {
			t.Errorf("%d bytes: no %s in %s", len(text), want, text)
		}
	}
	many := make([]any, 3000)
	for i := range many {
		many[i] = i
	}
	a.Params, a.Entity = client.Params{"ids": many}, strings.Repeat("e", 5000)
	if text := describe(a); len(text) > maxShown+600 || !strings.Contains(text, "(only the first 4000 of ") || !strings.Contains(text, "e… (5000 bytes)") {
		t.Errorf("%d bytes: %s", len(text), text)
	}
	a.Params, a.Workspace, a.Description = nil, "", ""
	if text := describe(a); strings.Contains(text, "workspace") || strings.Contains(text, "says about it") {
		t.Error(text)
	}
	if text := describe(a); !strings.HasSuffix(text, "Params: none") {
		t.Error(text)
	}
}

func TestCanonical(t *testing.T) {
	for _, test := range [][2]string{
		{`{"b":1,"a":"x"}`, `{ "a" : "x", "b" : 1 }`}, {`{"a":"\u00fc"}`, `{"a":"ü"}`}, {`{"a":{"c":[1,2],"b":null}}`, `{"a":{"b":null,"c":[1,2]}}`},
	} {
		if string(canonical([]byte(test[0]))) != string(canonical([]byte(test[1]))) {
			t.Errorf("%s is not %s", test[0], test[1])
		}
	}
	for _, test := range [][2]string{{`{"a":1}`, `{"a":2}`}, {`{"a":1}`, `{"a":"1"}`}, {`{"a":12345678901234567890}`, `{"a":12345678901234567891}`}, {`x`, `y`}, {``, `{}`}} {
		if string(canonical([]byte(test[0]))) == string(canonical([]byte(test[1]))) {
			t.Errorf("%s is %s", test[0], test[1])
		}
	}
}

func TestHashOf(t *testing.T) {
	if hashOf("a", "bc") == hashOf("ab", "c") || hashOf("a") == hashOf("a", "") || hashOf() == hashOf("") {
		t.Error("texts run into each other")
	}
}
