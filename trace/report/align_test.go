//go:build linux && amd64

package report

import (
	"math/rand/v2"
	"testing"
)

// longestCommon is the length of the longest common subsequence, by the book.
func longestCommon(a, b []int) int {
	row := make([]int, len(b)+1)
	for i := range a {
		diagonal := 0
		for j := range b {
			above := row[j+1]
			if a[i] == b[j] {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}

func TestAlign(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		a, b := make([]int, random.IntN(30)), make([]int, random.IntN(30))
		kinds := 1 + random.IntN(6)
		for i := range a {
			a[i] = random.IntN(kinds)
		}
		for i := range b {
			b[i] = random.IntN(kinds)
		}
		pairs := align(a, b)
		if want := longestCommon(a, b); len(pairs) != want {
			t.Fatalf("%v and %v: %d pairs, want %d", a, b, len(pairs), want)
		}
		last := pair{-1, -1}
		for _, p := range pairs {
			if p.a <= last.a || p.b <= last.b || a[p.a] != b[p.b] {
				t.Fatalf("%v and %v: %v", a, b, pairs)
			}
			last = p
		}
	}
	// Lists that differ everywhere take bounded time.
	a, b := make([]int, 100_000), make([]int, 100_000)
	for i := range a {
		a[i], b[i] = i, -i-1
	}
	if pairs := align(a, b); len(pairs) != 0 {
		t.Errorf("%d pairs", len(pairs))
	}
}
