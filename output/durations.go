package output

import (
	"cmp"
	"math/bits"
	"slices"
	"time"
)

// Durations counts how long calls took. Between one power of two nanoseconds and the next
// it distinguishes 16 durations, so that it is accurate to three percent.
type Durations struct {
	counts map[uint16]uint64 // by bucket
	total  uint64

	shortest, longest time.Duration // if total is not 0
}

const subBits = 4 // of a bucket's number, below the power of two

// bucketOf returns the number of a duration's bucket.
func bucketOf(d time.Duration) uint16 {
	v := uint64(max(0, d))
	if v < 1<<subBits {
		return uint16(v)
	}
	power := bits.Len64(v) - 1
	return uint16(power-subBits+1)<<subBits + uint16(v>>(power-subBits)&(1<<subBits-1))
}

// startOf returns the shortest duration in a bucket.
func startOf(bucket uint16) time.Duration {
	if bucket < 1<<subBits {
		return time.Duration(bucket)
	}
	return time.Duration(1<<subBits+uint64(bucket)&(1<<subBits-1)) << (bucket>>subBits - 1)
}

// add counts a duration.
func (d *Durations) add(t time.Duration) {
	if d.counts == nil {
		d.counts = make(map[uint16]uint64)
	}
	d.counts[bucketOf(t)]++
	d.extend(t, t)
	d.total++
}

// extend updates the range for durations that are added to total.
func (d *Durations) extend(shortest, longest time.Duration) {
	if d.total == 0 {
		d.shortest, d.longest = shortest, longest
		return
	}
	d.shortest, d.longest = min(d.shortest, shortest), max(d.longest, longest)
}

// Merge adds the counts of other durations.
func (d *Durations) Merge(u *Durations) {
	if d.counts == nil && u.total > 0 {
		d.counts = make(map[uint16]uint64)
	}
	for bucket, n := range u.counts {
		d.counts[bucket] += n
	}
	if u.total > 0 {
		d.extend(u.shortest, u.longest)
	}
	d.total += u.total
}

// buckets returns the buckets that are not empty, in order.
func (d *Durations) buckets() []uint16 {
	list := make([]uint16, 0, len(d.counts))
	for bucket := range d.counts {
		list = append(list, bucket)
	}
	slices.SortFunc(list, cmp.Compare)
	return list
}

// Percentile returns a duration that percent of the calls did not exceed, or 0 if there
// were no calls. It is the middle of its bucket, but within the range of the counted
// durations.
func (d *Durations) Percentile(percent float64) time.Duration {
	rank := uint64(percent / 100 * float64(d.total))
	if float64(rank) < percent/100*float64(d.total) {
		rank++
	}
	var seen uint64
	for _, bucket := range d.buckets() {
		if seen += d.counts[bucket]; seen >= max(1, rank) {
			return min(max((startOf(bucket)+startOf(bucket+1)-1)/2, d.shortest), d.longest)
		}
	}
	return 0
}

// Bar is a part of a histogram: the calls that took at least From and less than
// To.
type Bar struct {
	From, To time.Duration
	Calls    uint64
}

// Histogram returns a bar for each power of two, from the shortest call to the
// longest.
func (d *Durations) Histogram() (bars []Bar) {
	for _, bucket := range d.buckets() {
		start := startOf(bucket)
		from, to := time.Duration(0), time.Duration(1)
		if start > 0 {
			from = 1 << (bits.Len64(uint64(start)) - 1)
			to = 2 * from
		}
		for len(bars) > 0 && bars[len(bars)-1].To < from {
			last := bars[len(bars)-1].To
			bars = append(bars, Bar{From: last, To: 2 * last})
		}
		if n := len(bars); n == 0 || bars[n-1].From != from {
			bars = append(bars, Bar{From: from, To: to})
		}
		bars[len(bars)-1].Calls += d.counts[bucket]
	}
	return bars
}
