// Package uring describes the calls of io_uring, including the arguments of
// io_uring_register.
//
// Each call is one line in calls (uring.go) and each command of io_uring_register
// one in registerCommands (register.go).
package uring
