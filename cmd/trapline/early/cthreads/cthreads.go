//go:build linux && amd64

// Package cthreads adapts the threads of the C library, which makes all threads in
// a build with cgo. Package early calls its C function before Go's runtime starts.
// Without cgo it is empty.
//
// Where little memory may be mapped, threads are small. As a rule each has a stack
// and a heap of its own, 8 MB and more, where Go's runtime needs 16 KB.
//
// The main thread, which launches commands, unregisters its restartable sequences. A
// launcher unmaps their area (hide in package tracer); the kernel would fail to write
// there and send SIGSEGV.
package cthreads
