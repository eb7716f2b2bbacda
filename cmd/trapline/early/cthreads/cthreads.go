//go:build linux && amd64

// Package cthreads adapts the threads of the C library, which makes all threads in
// a build with cgo. Package early calls its C function before Go's runtime starts.
// Without cgo it is empty.
//
// Where little memory may be mapped, threads are small. As a rule each has a stack
// and a heap of its own, 8 MB and more, where Go's runtime needs 16 KB.
//
// The main thread, which launches commands, does without restartable sequences. The
// kernel would write to their area in a launcher that has unmapped it (hide in
// package tracer), and end it by SIGSEGV.
package cthreads
