package output

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Every duration is in the bucket whose bounds enclose it.
func TestBuckets(t *testing.T) {
	check := func(d time.Duration) {
		t.Helper()
		b := bucketOf(d)
		if start, end := startOf(b), startOf(b+1); d < start || d >= end || end-start > max(1, d/16) {
			t.Errorf("%d is in bucket %d, from %d to %d", d, b, start, end)
		}
	}
	for d := range time.Duration(5000) {
		check(d)
	}
	for power := 10; power < 62; power++ {
		for _, more := range []time.Duration{-1, 0, 1, 12345} {
			check(1<<power + more)
		}
	}
	if bucketOf(-5) != bucketOf(0) {
		t.Error("a negative duration does not count as none")
	}
}

// Percentiles are within three percent of what sorting gives.
func TestPercentiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 10, 99, 100, 101, 5000} {
		var d, half Durations
		var all []time.Duration
		for i := range n {
			v := time.Duration(r.ExpFloat64() * 1e6)
			all = append(all, v)
			if i%2 == 0 {
				half.add(v)
			} else {
				d.add(v)
			}
		}
		d.Merge(&half)
		slices.Sort(all)
		for _, p := range []float64{50, 95, 99} {
			want := all[(int(p)*n+99)/100-1]
			if got := d.Percentile(p); (got - want).Abs() > want/25+1 {
				t.Errorf("percentile %v of %d durations is %v, want %v", p, n, got, want)
			} else if got < all[0] || got > all[n-1] {
				t.Errorf("percentile %v of %d durations is %v, they are from %v to %v", p, n, got, all[0], all[n-1])
			}
		}
	}
	if got := new(Durations).Percentile(50); got != 0 {
		t.Errorf("half of no durations is %v", got)
	}
}

func TestHistogram(t *testing.T) {
	var d Durations
	for _, v := range []time.Duration{0, 1, 5, 7, 8, 100, 100, 127, 128} {
		d.add(v)
	}
	want := []Bar{{0, 1, 1}, {1, 2, 1}, {2, 4, 0}, {4, 8, 2}, {8, 16, 1}, {16, 32, 0}, {32, 64, 0}, {64, 128, 3}, {128, 256, 1}}
	if got := d.Histogram(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := new(Durations).Histogram(); got != nil {
		t.Errorf("the histogram of nothing is %v", got)
	}
}

// Counting a call does not allocate once its row exists.
func TestCountDoesNotAllocate(t *testing.T) {
	s := Summary{Percentiles: true, By: ByPath}
	count := func() { s.Count(0, 0, "/a", time.Microsecond, time.Millisecond, false) }
	count()
	if n := testing.AllocsPerRun(100, count); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestOverlap(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	var o Overlap
	o.Begin(at(1))
	o.End(at(3))
	if d, overlapped := o.Take(at(4)); d != 2*time.Second || overlapped {
		t.Errorf("one call: %v, %v", d, overlapped)
	}
	o.Begin(at(10))
	o.Begin(at(11))
	o.End(at(12))
	if d, overlapped := o.Take(at(13)); d != 3*time.Second || !overlapped {
		t.Errorf("two calls, one in progress: %v, %v", d, overlapped)
	}
	o.End(at(20))
	o.End(at(21)) // of a call whose beginning was not seen
	if d, overlapped := o.Take(at(22)); d != 7*time.Second || overlapped {
		t.Errorf("the rest: %v, %v", d, overlapped)
	}
}
