package lang

import "sync/atomic"

// Lazy is what few programs need, such as a map: it is made when it is first
// asked for, by a function that always makes the same.
type Lazy[T any] struct {
	Make func() T

	made atomic.Pointer[T]
}

// Get gives what Make has made.
func (l *Lazy[T]) Get() T {
	if p := l.made.Load(); p != nil {
		return *p
	}
	v := l.Make()
	l.made.Store(&v)
	return v
}
