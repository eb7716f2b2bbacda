// Synthetic makes recordings that no program was traced for: synthetic WHAT FILE.
//
// "long" takes seconds to read: a process calls getppid two million times, and has not
// ended. "gaps" lacks memory of three calls of openat, of six calls in all.
package main

import (
	"log"
	"os"
	"time"

	"trapline/tables"
	"trapline/trace/recording"
)

// Numbers of calls: syscall_64.tbl.
const (
	closeCall = 3
	getppid   = 110
	openat    = 257
)

func main() {
	file := os.Args[2]
	w, err := recording.Create(file, &recording.Info{
		Program: "test", Command: []string{"test"}, Start: time.Unix(1700000000, 0), Strings: 4096,
		Stacks: true, // of no frames
	})
	if err != nil {
		log.Fatal(err)
	}
	s := synthesis{w: w, at: time.Unix(1700000000, 0)}
	switch os.Args[1] {
	case "long", "longer":
		calls := 2_000_000
		if os.Args[1] == "longer" {
			calls *= 4
		}
		s.put(recording.Event{Kind: recording.Launched})
		for range calls {
			s.call(recording.Call{NR: getppid}, 1)
		}
	case "gaps":
		for range 3 {
			s.call(recording.Call{NR: closeCall, Args: [6]uint64{3}, NumArgs: 1}, 0)
			s.call(recording.Call{NR: openat, Args: [6]uint64{^uint64(99), 0x402000}, NumArgs: 4}, 0) // AT_FDCWD
		}
	default:
		log.Fatalf("what is %q?", os.Args[1])
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
}

// synthesis writes records of one thread, a microsecond apart.
type synthesis struct {
	w  *recording.Writer
	at time.Time
}

func (s *synthesis) call(c recording.Call, result int64) {
	c.ABI, c.IP, c.SP, c.EntrySeen = tables.X86_64, 0x401000, 0x7ffffff0, true
	s.put(recording.Event{Kind: recording.Enter, Call: c})
	c.Ret = result
	s.put(recording.Event{Kind: recording.Exit, Call: c})
}

func (s *synthesis) put(e recording.Event) {
	s.at = s.at.Add(time.Microsecond)
	e.TID, e.Time = 100, s.at
	s.w.Begin()
	s.w.Put(&e)
}
