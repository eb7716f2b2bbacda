//go:build linux && amd64

package trace

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/output"
	"trapline/tables"
	"trapline/trace/explain"
	"trapline/tracer"
)

// lastCalls are the calls that may have made the command fail (Options.ExplainLast). Only
// failed calls are kept, as they would be written. Noise is left out:
//
// - a file that a process looked for in several places, and found in one: a later call
// succeeds with the same last part of the path;
// - errors that programs expect, such as EAGAIN when no lock is in the way;
//   - a call that failed before in the same way;
//   - the calls before an execve that has succeeded;
//   - the calls of processes that have ended with 0.
//
// What a program writes to its standard error tells which failures it minds: it contains
// the text of the error, or the file's name. If there are such calls, only they are shown.
type lastCalls struct {
	call   decode.Call
	all    []suspect
	looks  output.Options
	opened bool          // looks has been copied from the log
	paths  *explain.Uses // the paths of calls that succeed

	failedOther bool // a process that was attached to has failed
}

// suspect is a failed call.
type suspect struct {
	process int // whose call it was
	line    []byte
	key     string // two calls with the same key have failed in the same way
	errno   int
	names   []string // the last parts of its paths
	missed  bool     // a path was not found, or could not be used
	told    bool     // the program has said so
}

const (
	suspectsKept  = 256 // failed calls; the oldest ones are dropped
	suspectsShown = 3
)

func (s *Session) newLastCalls() *lastCalls {
	l := &lastCalls{looks: s.o.Looks}
	l.looks.PID = output.PIDNone
	if s.o.Follow {
		l.looks.PID = output.PIDColumn
	}
	l.paths = explain.NewUses(decode.HostOf(s.decoder))
	return l
}

// endLast handles the end of a call that is traced.
func (s *Session) endLast(t *tracee, now time.Time) {
	l := s.last
	process := s.processOf(t)
	if t.call.Errno != 0 {
		if s.result.Rule == 0 || s.result.Tampered != "" {
			l.failed(s, t, process, now)
		}
		return
	}
	if t.call.Sig.Name == "execve" || t.call.Sig.Name == "execveat" { // another program begins
		l.all = slices.DeleteFunc(l.all, func(one suspect) bool { return one.process == process })
		return
	}
	l.listen(&t.call, process)
	l.found(&t.call, process)
}

// processOf returns the id of a tracee's process.
func (s *Session) processOf(t *tracee) int {
	if t.tgid == 0 {
		h := decode.HostOf(s.decoder)
		if id, ok := h.Identity(h.Process(t.call.TID)); ok {
			t.tgid = id.TGID
		}
	}
	return t.tgid
}

// expected reports whether programs expect an error of a call, and continue.
func expected(name string, errno unix.Errno) bool {
	const restart = 512 // ERESTARTSYS and those after it
	switch errno {
	case unix.EINTR, unix.EINPROGRESS, unix.EALREADY, unix.ECHILD, unix.ESPIPE, unix.ENODATA, unix.ETIMEDOUT:
		return errno != unix.ETIMEDOUT || name != "connect"
	case unix.ENOTTY:
		return name == "ioctl"
	}
	return errno >= restart
}

// failed keeps a failed call.
func (l *lastCalls) failed(s *Session, t *tracee, process int, now time.Time) {
	d := &t.call
	errno := unix.Errno(d.Errno)
	if expected(d.Sig.Name, errno) {
		return
	}
	reason := ""
	if s.result.Tampered == "" {
		reason = s.explain.Reason(d)
	} else {
		s.explain.Look(d)
	}
	if errno == unix.EAGAIN && reason == "" {
		return
	}
	one := suspect{process: process, errno: d.Errno, key: d.Sig.Name + " " + errno.Error()}
	for name := range s.explain.Names {
		one.names = append(one.names, lastPart(name))
		one.key += " " + name
		one.missed = errno == unix.ENOENT || errno == unix.ENOTDIR || errno == unix.EACCES || errno == unix.EEXIST
	}
	one.line = l.written(s, t, now, reason)
	l.all = slices.DeleteFunc(l.all, func(other suspect) bool { return other.process == process && other.key == one.key })
	if len(l.all) >= suspectsKept {
		l.all = l.all[1:]
	}
	l.all = append(l.all, one)
}

// written writes a call as the trace would show it.
func (l *lastCalls) written(s *Session, t *tracee, now time.Time, reason string) []byte {
	d := &t.call
	about := output.Tracee{PID: d.TID}
	if h := decode.HostOf(s.decoder); l.looks.Format.Processes {
		id, _ := h.Identity(h.Process(d.TID))
		about.TGID, about.PPID = id.TGID, id.PPID
	}
	if !l.opened {
		pid := l.looks.PID
		l.looks, l.opened = s.log.Looks(), true
		l.looks.PID = pid
	}
	w := l.looks.Format.New(&l.looks, &about)
	h := output.Header{Time: t.entered, ABI: d.ABI, NR: tables.InRegister(d.ABI, d.NR), Name: d.Sig.Name}
	w.BeginCall(&h)
	c := &l.call
	c.Decoder, c.Out, c.Outcome = s.decoder, w, w
	c.Mem, c.TID, c.Abbrev = d.Mem, d.TID, d.Abbrev
	c.ABI, c.NR, c.Args, c.SP, c.Sig = d.ABI, d.NR, d.Args, d.SP, d.Sig
	c.Begin()
	c.Enter()
	c.Ret, c.Errno = d.Ret, d.Errno
	c.Exit()
	c.Result()
	w.EndCall(&output.Result{Duration: now.Sub(t.entered), Reason: reason, Tampered: s.result.Tampered, Rule: s.result.Rule}, nil)
	return bytes.Clone(w.Take())
}

// found drops the failed searches for files that a process has now found.
func (l *lastCalls) found(d *decode.Call, process int) {
	row := tables.Lookup(d.ABI, d.NR)
	if row == nil || row.Classes&fileClasses == 0 ||
		!slices.ContainsFunc(l.all, func(one suspect) bool { return one.process == process && one.missed }) {
		return
	}
	l.paths.Look(d)
	for name := range l.paths.Names {
		name = lastPart(name)
		l.all = slices.DeleteFunc(l.all, func(one suspect) bool {
			return one.process == process && one.missed && !one.told && slices.Contains(one.names, name)
		})
	}
}

// lastPart is the last part of a path.
func lastPart(name string) string {
	name = strings.TrimRight(name, "/")
	return name[strings.LastIndexByte(name, '/')+1:]
}

// listen examines what a process writes to its standard error.
func (l *lastCalls) listen(d *decode.Call, process int) {
	if len(l.all) == 0 || int32(d.Args[0]) != 2 || d.Ret <= 0 {
		return
	}
	var text []byte
	read := func(at, n uint64) {
		b := make([]byte, min(n, 4096))
		text = append(text, b[:d.Mem.ReadMemory(at, b)]...)
	}
	switch d.Sig.Name {
	case "write":
		read(d.Args[1], min(d.Args[2], uint64(d.Ret)))
	case "writev":
		word := uint64(d.ABI.WordSize())
		for i := range min(d.Args[2], 64) {
			b := make([]byte, 2*word)
			if d.Mem.ReadMemory(d.Args[1]+i*2*word, b) != len(b) {
				break
			}
			if word == 4 {
				read(uint64(binary.NativeEndian.Uint32(b)), uint64(binary.NativeEndian.Uint32(b[4:])))
			} else {
				read(binary.NativeEndian.Uint64(b), binary.NativeEndian.Uint64(b[8:]))
			}
		}
	default:
		return
	}
	said := strings.ToLower(string(text))
	for i := range l.all {
		one := &l.all[i]
		if one.process != process {
			continue
		}
		names := slices.ContainsFunc(one.names, func(name string) bool { return name != "" && strings.Contains(said, strings.ToLower(name)) })
		error := strings.Contains(said, strings.ToLower(tables.ErrnoMessage(uint32(one.errno))))
		if names && error || error && len(one.names) == 0 || names && len(one.names) > 0 && one.missed {
			one.told = true
		}
	}
}

// endedLast handles the end of a tracee. If its process succeeded, its failed calls are
// dropped.
func (s *Session) endedLast(ev *tracer.Event) {
	tid := ev.Tracee.TID
	if ev.Status.Exited() && ev.Status.ExitStatus() == 0 {
		s.last.all = slices.DeleteFunc(s.last.all, func(one suspect) bool { return one.process == tid })
		return
	}
	if s.command == 0 {
		s.last.failedOther = true // a process that was attached to
	}
}

// writeLast writes the calls that most likely made the command fail.
func (s *Session) writeLast() {
	if s.last == nil || s.log == nil || !s.last.failedOther && (s.command == 0 || s.status.Exited() && s.status.ExitStatus() == 0) {
		return
	}
	all := s.last.all
	if told := slices.DeleteFunc(slices.Clone(all), func(one suspect) bool { return !one.told }); len(told) > 0 {
		all = told
	}
	if len(all) == 0 {
		s.say("no call that has failed stands out")
		return
	}
	for _, one := range all[max(0, len(all)-suspectsShown):] {
		s.log.Write(one.line)
	}
}
