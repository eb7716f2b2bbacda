// Package uring describes the calls of io_uring, with what io_uring_register
// is given.
//
// A description is one line in ioUringCalls or, for io_uring_register, in its
// commands.
package uring
