//go:build linux && amd64

package tracer

import (
	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/tracer/buffered"
)

// With Options.Lasting, a call with a descriptor is buffered only if the descriptor is listed
// in the areas of the threads that share it. The tracer lists a descriptor when a call that
// uses it stops. It removes the descriptor from the lists when a call closes it; calls that
// close descriptors stop.

// BufferedClosesAny is BufferedCall.Closes of a call that may close any descriptor.
const BufferedClosesAny = buffered.ClosesAny

// list lists the descriptors of the call that a tracee has entered.
func (t *Tracer) list(tr *Tracee) {
	b, call := t.buffered, &tr.call
	if call.ABI != tables.X86_64 || call.NR >= bufferedNumbers || !b.prepared[call.NR] || tr.shares || b.listsNone {
		return
	}
	for _, o := range b.calls[call.NR].Choose(&call.Args).Ops {
		if o.Kind != buffered.KindListed {
			continue
		}
		fd := uint64(uint32(call.Args[o.Arg]))
		if tr.buffered == nil || tr.buffered.area.IsListed(fd) || !t.opts.Lasting(tr, fd) {
			continue
		}
		for _, th := range b.areas {
			if th.tr.space == tr.space {
				th.area.List(fd, true)
			}
		}
	}
}

// unlistClosed removes descriptors from the lists at the entry and at the exit of a call that
// may close them.
func (t *Tracer) unlistClosed(tr *Tracee) {
	b, call := t.buffered, &tr.call
	if flags, creates := tr.cloneFlagsOf(); creates && sharesFilesAlone(flags) || call.NR == unix.SYS_UNSHARE {
		b.listsNone = true
	}
	closes := uint8(BufferedClosesAny)
	switch {
	case call.ABI != tables.X86_64 || call.NR >= bufferedNumbers || b.listsNone:
	case alwaysStops(call.NR), call.NR == unix.SYS_RT_SIGRETURN:
		return
	case b.prepared[call.NR]:
		closes = b.calls[call.NR].Closes
	}
	if closes == 0 {
		return
	}
	for _, th := range b.areas {
		switch {
		case closes == BufferedClosesAny:
			th.area.ListNone()
		case th.tr.space == tr.space:
			for i := range call.Args {
				if closes>>i&1 != 0 {
					th.area.List(uint64(uint32(call.Args[i])), false)
				}
			}
		}
	}
}

// sharesFilesAlone reports whether a task created with these flags shares descriptors but not
// memory with its parent, or is a thread with its own descriptors. In both cases it is not
// known whose descriptors a call closes.
func sharesFilesAlone(flags uint64) bool {
	files, thread := flags&unix.CLONE_FILES != 0, flags&unix.CLONE_THREAD != 0
	return files && flags&unix.CLONE_VM == 0 || thread && !files
}
