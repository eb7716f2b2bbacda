//go:build linux && amd64

package report

// numbering gives numbers to texts: equal texts have equal numbers.
type numbering struct {
	numbers map[string]int
	texts   []string // by number
}

func (n *numbering) of(text string) int {
	i, ok := n.numbers[text]
	if !ok {
		if n.numbers == nil {
			n.numbers = make(map[string]int)
		}
		i = len(n.texts)
		n.numbers[text] = i
		n.texts = append(n.texts, text)
	}
	return i
}

// align finds the pairs of equal texts in two lists of their numbers, as the function
// align does. If there are several ways to pair, the choice does not depend on which list
// comes first.
func (n *numbering) align(a, b []int) []pair {
	if !n.after(a, b) {
		return align(a, b)
	}
	pairs := align(b, a)
	for i, p := range pairs {
		pairs[i] = pair{p.b, p.a}
	}
	return pairs
}

// after reports whether a list comes after another one, in an order that does not depend
// on the numbers.
func (n *numbering) after(a, b []int) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	for i := range a {
		if a[i] != b[i] {
			return n.texts[a[i]] > n.texts[b[i]]
		}
	}
	return false
}

// alignSteps pairs equal calls. Those that weigh are paired first, and the others between
// them: which calls for memory or locks a thread makes depends on chance, and must not
// decide which of its other calls correspond.
func (n *numbering) alignSteps(a, b []*step) (pairs []pair) {
	weighty := func(steps []*step) (keys, at []int) {
		for i, s := range steps {
			if s.weighs {
				keys, at = append(keys, s.key), append(at, i)
			}
		}
		return keys, at
	}
	keysOf := func(steps []*step) []int {
		keys := make([]int, len(steps))
		for i, s := range steps {
			keys[i] = s.key
		}
		return keys
	}
	keysA, atA := weighty(a)
	keysB, atB := weighty(b)
	i, j := 0, 0
	between := func(toA, toB int) {
		for _, p := range n.align(keysOf(a[i:toA]), keysOf(b[j:toB])) {
			pairs = append(pairs, pair{i + p.a, j + p.b})
		}
	}
	for _, p := range n.align(keysA, keysB) {
		x, y := atA[p.a], atB[p.b]
		between(x, y)
		pairs = append(pairs, pair{x, y})
		i, j = x+1, y+1
	}
	between(len(a), len(b))
	return pairs
}

// pair says that an element of one list corresponds to one of another list.
type pair struct{ a, b int }

// align finds the pairs of equal elements in two lists, in order, with as few elements
// left over as possible: the algorithm of Myers ("An O(ND) Difference Algorithm and Its
// Variations"). Where the lists differ too much, pairs may be missed.
func align(a, b []int) (pairs []pair) {
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		pairs = append(pairs, pair{start, start})
		start++
	}
	endA, endB := len(a), len(b)
	for endA > start && endB > start && a[endA-1] == b[endB-1] {
		endA, endB = endA-1, endB-1
	}
	middle, ok := shortest(a[start:endA], b[start:endB])
	if !ok {
		middle = nearby(a[start:endA], b[start:endB])
	}
	for _, p := range middle {
		pairs = append(pairs, pair{start + p.a, start + p.b})
	}
	for ; endA < len(a); endA, endB = endA+1, endB+1 {
		pairs = append(pairs, pair{endA, endB})
	}
	return pairs
}

// mostEdits is the number of unpaired elements up to which align looks for the best pairs.
// The memory that this takes grows with its square.
const mostEdits = 1500

// shortest is the algorithm. It returns false if there are more than mostEdits edits.
func shortest(a, b []int) (pairs []pair, ok bool) {
	if len(a) == 0 || len(b) == 0 {
		return nil, true
	}
	most := min(len(a)+len(b), mostEdits)
	reach := make([]int, 2*most+3) // how far each diagonal gets, from -most-1
	at := func(k int) *int { return &reach[k+most+1] }
	var steps [][]int32 // reach from -d to d, before the round d
	for d := 0; d <= most; d++ {
		saved := make([]int32, 2*d+3)
		for k := -d - 1; k <= d+1; k++ {
			if k >= -most-1 && k <= most+1 {
				saved[k+d+1] = int32(*at(k))
			}
		}
		steps = append(steps, saved)
		for k := -d; k <= d; k += 2 {
			x := 0
			if k == -d || k != d && *at(k - 1) < *at(k + 1) {
				x = *at(k + 1)
			} else {
				x = *at(k - 1) + 1
			}
			for x < len(a) && x-k >= 0 && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			*at(k) = x
			if x >= len(a) && x-k >= len(b) {
				return trackBack(a, b, steps), true
			}
		}
	}
	return nil, false
}

// trackBack finds the pairs on the path that shortest has found.
func trackBack(a, b []int, steps [][]int32) (pairs []pair) {
	x, y := len(a), len(b)
	for d := len(steps) - 1; d >= 0; d-- {
		v := func(k int) int { return int(steps[d][k+d+1]) }
		k := x - y
		before := k - 1
		if k == -d || k != d && v(k-1) < v(k+1) {
			before = k + 1
		}
		px := v(before)
		py := px - before
		if d == 0 {
			px, py = 0, 0
		}
		for x > px && y > py {
			x, y = x-1, y-1
			pairs = append(pairs, pair{x, y})
		}
		x, y = px, py
	}
	for i, j := 0, len(pairs)-1; i < j; i, j = i+1, j-1 {
		pairs[i], pairs[j] = pairs[j], pairs[i]
	}
	return pairs
}

// nearby pairs each element with the next equal one, if that is near.
func nearby(a, b []int) (pairs []pair) {
	const window = 200
	j := 0
	for i := range a {
		for n := j; n < len(b) && n < j+window; n++ {
			if a[i] == b[n] {
				pairs = append(pairs, pair{i, n})
				j = n + 1
				break
			}
		}
	}
	return pairs
}
