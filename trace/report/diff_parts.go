//go:build linux && amd64

package report

// What one program writes to a pipe or socket arrives at another in parts that depend on
// when it reads: two writes may be one read or two.

// partsMax limits how many reads in a row are looked at.
const partsMax = 64

// inOtherParts reports whether x[i], which y lacks at j, reads part of what y reads as
// well: the same number of bytes in another number of calls.
func inOtherParts(x []*step, i int, y []*step, j int) bool {
	if !x[i].arrived {
		return false
	}
	got := readInARow(x, i, x[i].key)
	return got == readInARow(y, j-1, x[i].key) || got == readInARow(y, j, x[i].key)
}

// arrival is what consecutive calls have read.
type arrival struct {
	bytes uint64
	some  bool // there are such calls
	ended bool // one has read the end
}

// readInARow returns what was read by the run of consecutive calls that includes
// steps[at].
func readInARow(steps []*step, at, key int) (got arrival) {
	is := func(i int) bool { return i >= 0 && i < len(steps) && steps[i].arrived && steps[i].key == key }
	if !is(at) {
		return got
	}
	first := at
	for is(first-1) && at-first < partsMax {
		first--
	}
	for i := first; is(i) && i-at <= partsMax; i++ {
		got.bytes += steps[i].got
		got.ended = got.ended || steps[i].got == 0
	}
	got.some = true
	return got
}
