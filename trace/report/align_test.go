//go:build linux && amd64

package report

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// longestCommon is the length of the longest common subsequence, by the textbook algorithm.
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
	// Aligning lists without common elements takes bounded time.
	a, b := make([]int, 100_000), make([]int, 100_000)
	for i := range a {
		a[i], b[i] = i, -i-1
	}
	if pairs := align(a, b); len(pairs) != 0 {
		t.Errorf("%d pairs", len(pairs))
	}
}

// Important calls are paired even if the others between them are in another order.
func TestAlignSteps(t *testing.T) {
	keys := new(numbering)
	steps := func(text string) (all []*step) {
		for _, r := range text { // capitals are important
			all = append(all, &step{key: keys.of(string(r)), weighs: r < 'a'})
		}
		return all
	}
	for _, tt := range []struct {
		a, b string
		want []pair
	}{
		{"Afffg", "fffgA", []pair{{0, 4}}},
		{"AffBh", "AfBgh", []pair{{0, 0}, {1, 1}, {3, 2}, {4, 4}}},
		{"fA", "fB", []pair{{0, 0}}},
		{"", "A", nil},
	} {
		got := keys.alignSteps(steps(tt.a), steps(tt.b))
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q and %q: %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
	weighty, light := &step{key: keys.of("x"), weighs: true}, &step{key: keys.of("x")}
	if got := keys.alignSteps([]*step{weighty}, []*step{light}); !slices.Equal(got, []pair{{0, 0}}) {
		t.Errorf("the same call, important on one side only: %v", got)
	}
}
