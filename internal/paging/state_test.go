package paging

import (
	"strconv"
	"testing"
)

// A cycle of any length is noticed, with a memory that is bounded.
func TestSeen(t *testing.T) {
	for _, length := range []int{1, 2, 100, maxSeen - 1, maxSeen, maxSeen + 1, 3 * maxSeen} {
		for _, before := range []int{0, 1, 100, 2 * maxSeen} {
			var s Seen
			again := 0
			for i := 0; again == 0 && i < 20*maxSeen; i++ {
				n := i
				if i > before {
					n = before + (i-before)%length
				}
				if s.Again(strconv.Itoa(n)) {
					again = i
				}
			}
			if again < before+length || length < maxSeen/2 && before < maxSeen/2 && again != before+length {
				t.Errorf("a cycle of %d after %d: noticed after %d", length, before, again)
			}
			if have := len(s.marks.pages); have > maxSeen {
				t.Errorf("%d texts are remembered", have)
			}
		}
	}
}
