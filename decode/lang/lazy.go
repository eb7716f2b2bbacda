package lang

import "sync/atomic"

// Lazy is a value that few programs need, such as a map. It is made at the first Get, by a
// function that always makes the same value.
type Lazy[T any] struct {
	Make func() T

	made atomic.Pointer[T]
}

// Get returns the value.
func (l *Lazy[T]) Get() T {
	if p := l.made.Load(); p != nil {
		return *p
	}
	v := l.Make()
	l.made.Store(&v)
	return v
}
