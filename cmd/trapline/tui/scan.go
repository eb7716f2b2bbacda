//go:build linux && amd64

package tui

import (
	"context"
	"sync"
	"time"

	"trapline/trace"
)

// filter says which records are listed.
type filter struct {
	text      string           // as it was typed
	condition *trace.Condition // nil for any
	processes map[int]bool     // nil for all
}

func (f *filter) empty() bool { return f.condition == nil && f.processes == nil }

// holds reports whether a record matches the filter.
func (f *filter) holds(s Store, r *Record) bool {
	if r.Event == "" { // no record
		return false
	}
	if f.processes != nil && !f.processes[r.Process] {
		return false
	}
	if f.condition == nil {
		return true
	}
	p := &trace.Past{
		Call: r.Call(), Event: r.Event, Process: r.Process, TID: r.TID, Signal: r.Signal, Code: r.Code, Ended: r.Ended,
	}
	return f.condition.Matches(p)
}

// listing is the list of records that are shown: all of them, or those that a
// goroutine has found so far.
type listing struct {
	store  Store
	cancel context.CancelFunc // nil if it is all of them

	mu      sync.Mutex
	found   []int32
	scanned int
	over    bool
}

// all is the listing of all records.
func all(s Store) *listing { return &listing{store: s} }

// everything lists all records.
func everything(s Store) *listing {
	if s.Sparse() {
		return scan(s, filter{})
	}
	return all(s)
}

// scan lists the records that match a filter. It continues while the trace grows.
func scan(s Store, f filter) *listing {
	ctx, cancel := context.WithCancel(context.Background())
	l := &listing{store: s, cancel: cancel}
	go func() {
		defer l.end()
		for i := 0; ctx.Err() == nil; {
			done := s.Done()
			for n := s.Len(); i < n; i++ {
				if f.holds(s, s.Record(i)) {
					l.add(i)
				}
				if i%1024 == 0 {
					if ctx.Err() != nil {
						return
					}
					l.progress(i)
				}
			}
			l.progress(i)
			if done {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
	return l
}

// find lists the positions that search finds.
func find(s Store, search func(ctx context.Context, found func(i int))) *listing {
	ctx, cancel := context.WithCancel(context.Background())
	l := &listing{store: s, cancel: cancel}
	go func() {
		defer l.end()
		search(ctx, func(i int) {
			l.add(i)
			l.progress(i)
		})
	}()
	return l
}

func (l *listing) add(i int) {
	l.mu.Lock()
	l.found = append(l.found, int32(i))
	l.mu.Unlock()
}

func (l *listing) progress(i int) {
	l.mu.Lock()
	l.scanned = i
	l.mu.Unlock()
}

func (l *listing) end() {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
}

// stop ends the goroutine.
func (l *listing) stop() {
	if l.cancel != nil {
		l.cancel()
	}
}

// len is the number of rows so far.
func (l *listing) len() int {
	if l.cancel == nil {
		return l.store.Len()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.found)
}

// at is the position in the store of a row.
func (l *listing) at(row int) int {
	if l.cancel == nil {
		return row
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return int(l.found[row])
}

// row is the last row at or before a position in the store, or 0.
func (l *listing) row(i int) int {
	if l.cancel == nil {
		return max(0, min(i, l.store.Len()-1))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	low, high := 0, len(l.found)
	for low < high {
		if mid := (low + high) / 2; int(l.found[mid]) <= i {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return max(0, low-1)
}

// busy reports how much of a search is done, from 0 to 1; false if it is over.
func (l *listing) busy() (float64, bool) {
	if l.cancel == nil {
		return 1, false
	}
	n := l.store.Len()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || l.scanned >= n || n == 0 {
		return 1, false
	}
	return float64(l.scanned) / float64(n), true
}
