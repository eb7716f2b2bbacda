//go:build linux && amd64

package main

import (
	"errors"

	"golang.org/x/sys/unix"

	"trapline/trace"
)

// errorStatus is --error-status: what trapline exits with if it fails itself.
type errorStatus uint8

const (
	straceStatus errorStatus = iota // 1, as strace
	envStatus                       // 125 to 127, as env(1) and timeout(1)
)

// The statuses of env(1).
const (
	statusFailed     = 125 // trapline itself
	statusNoExec     = 126 // the command cannot be executed
	statusNoSuchFile = 127 // there is no such command
)

// ownStatuses is --error-status. It is parsed before the rest of the command line, because
// an error there has a status as well.
var ownStatuses errorStatus

// setErrorStatus reads the argument of --error-status.
func (c *config) setErrorStatus(spelled, value string, _ bool) (err error) {
	ownStatuses, err = choose(spelled, value, map[string]errorStatus{"strace": straceStatus, "env": envStatus})
	return err
}

// of is the status for an error of trapline itself, or for a command that could not be
// executed.
func (s errorStatus) of(err error) int {
	if s == straceStatus {
		return 1
	}
	var command *trace.CommandError
	switch {
	case !errors.As(err, &command):
		return statusFailed
	case command.Errno == unix.ENOENT || command.Errno == unix.ENOTDIR:
		return statusNoSuchFile
	}
	return statusNoExec
}
