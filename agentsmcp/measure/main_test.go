package main

import "testing"

// What a model reads is small.
func TestSizes(t *testing.T) {
	s, err := sizes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.toolBytes > 4096 || s.toolTokens > 500 {
		t.Errorf("the tools have %d bytes and %d tokens", s.toolBytes, s.toolTokens)
	}
	if float64(s.tableTokens) > 0.85*float64(s.jsonTokens) {
		t.Errorf("a table has %d tokens, JSON has %d", s.tableTokens, s.jsonTokens)
	}
	if float64(s.linesTokens) > 1.1*float64(s.nestedTokens) {
		t.Errorf("lines have %d tokens, JSON has %d", s.linesTokens, s.nestedTokens)
	}
}
