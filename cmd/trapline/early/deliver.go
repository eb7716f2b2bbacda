//go:build linux && amd64

package early

import (
	"os"

	"golang.org/x/sys/unix"
)

// Package os/signal starts two threads, and its Notify waits for one of them for each
// signal, which takes a sixteenth of a short trace. The handler of Deliver needs none.

// delivered are the signals that the handler has noted, bit n-1 for signal n.
//
//lint:ignore U1000 the assembly uses it
var delivered uint64

// deliveredTo is the eventfd that the handler writes to.
//
//lint:ignore U1000 the assembly uses it
var deliveredTo int64

// handler returns the address of the handler, and of the code that returns from it.
func handler() (handler, restorer uintptr)

// takeDelivered returns delivered and sets it to 0.
func takeDelivered() uint64

// spareFiles is how many descriptors others may need. If fewer are left, Deliver takes
// none.
const spareFiles = 16

// Deliver sends signals to a channel, as signal.Notify does, but waits until there is
// room. It works once. It returns false if it cannot do this: the caller has to use
// Notify. The signals must not be blocked.
func Deliver(c chan<- os.Signal, signals []unix.Signal) bool {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return false
	}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil || limit.Cur < uint64(fd+spareFiles) {
		unix.Close(fd)
		return false
	}
	deliveredTo = int64(fd)
	// Flags of asm-generic/signal-defs.h and asm/signal.h: SA_RESTORER, SA_ONSTACK, SA_RESTART.
	action := sigaction{flags: 0x04000000 | 0x08000000 | 0x10000000, mask: ^uint64(0)}
	action.handler, action.restorer = handler()
	for _, sig := range signals {
		changeAction(sig, &action, nil)
	}
	go deliver(c, os.NewFile(uintptr(fd), "signals"))
	return true
}

// deliver sends the signals that the handler notes.
func deliver(c chan<- os.Signal, events *os.File) {
	var count [8]byte
	for {
		if _, err := events.Read(count[:]); err != nil {
			return // cannot happen: the runtime needs the same
		}
		for signals, sig := takeDelivered(), unix.Signal(1); signals != 0; signals, sig = signals>>1, sig+1 {
			if signals&1 != 0 {
				c <- sig
			}
		}
	}
}
