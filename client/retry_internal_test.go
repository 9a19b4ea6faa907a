package client

import "testing"

func TestBudget(t *testing.T) {
	b := newBudget()
	b.earn() // it is full
	for n := range 100 {
		if !b.spend() {
			t.Fatalf("no retry after %d, want 100", n)
		}
	}
	for n := range 10 {
		if b.spend() {
			t.Fatalf("a retry after %d calls, want one for every ten", n)
		}
		b.earn()
	}
	if !b.spend() || b.spend() {
		t.Error("ten calls do not earn one retry")
	}
}
