//go:build linux && amd64

package trace

import (
	"strconv"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/output"
	"trapline/socketcall"
	"trapline/tables"
	"trapline/tracer"
)

// summaryKeys find the key that a call is counted by, if that is not its name: see
// Summary.By. Since a call may close files and descriptors, summaryKeys decode it a second
// time at its entry for those, with a Decoder of their own.
type summaryKeys struct {
	by      output.SummaryKey
	decoder *decode.Decoder
	host    interface {
		Process(tid int) int
		Command(b []byte, process int) ([]byte, bool)
		Resolve(b []byte, process, dir int, path []byte, link bool) []byte
		Descriptor(b []byte, process, fd int) []byte
	}
	call   decode.Call
	tracee *tracee // whose call is decoded
	fd     int     // the first descriptor of the call, or -1
	dir    int     // the first directory descriptor, or -1
	name   [16]byte
	buffer [unix.PathMax]byte
}

func newSummaryKeys(s *Session, by output.SummaryKey) *summaryKeys {
	k := &summaryKeys{by: by, host: decode.HostOf(s.decoder)}
	k.decoder = decode.NewDecoder(decode.Options{StringLimit: s.o.recordedStrings(unix.PathMax), Rings: s.o.Rings}, decode.HostOf(s.decoder))
	k.call.Decoder, k.call.Out = k.decoder, output.Discard{}
	decode.SeeFDs(k.decoder, k.seeFD)
	if by == output.ByPath {
		decode.SeePaths(k.decoder, k.seePath)
	}
	return k
}

// enter handles the entry of a call.
func (k *summaryKeys) enter(t *tracee, call *tracer.Syscall, inner *socketcall.Call) {
	t.key = t.key[:0]
	if k.by != output.ByPath && k.by != output.ByFD || classes(call, inner)&fileClasses == 0 {
		return
	}
	c, d := &k.call, &t.call
	c.Mem, c.TID = d.Mem, d.TID
	c.ABI, c.NR, c.Args, c.SP = d.ABI, d.NR, d.Args, d.SP
	c.Sig = signature(k.decoder, call, inner)
	k.tracee, k.fd, k.dir = t, -1, -1
	c.Begin()
	c.Enter()
	switch {
	case len(t.key) > 0:
	case k.by == output.ByFD && k.fd >= 0:
		t.key = strconv.AppendInt(t.key, int64(k.fd), 10)
	case k.by == output.ByFD:
	case k.fd >= 0:
		t.key = append(t.key, k.host.Descriptor(k.buffer[:], decode.ProcessOf(c), k.fd)...)
	case k.dir >= 0:
		t.key = append(t.key, k.host.Descriptor(k.buffer[:], decode.ProcessOf(c), k.dir)...)
	}
}

func (k *summaryKeys) seeFD(fd int, dir bool) {
	switch {
	case fd < 0:
	case dir && k.dir < 0:
		k.dir = fd
	case !dir && k.fd < 0:
		k.fd = fd
	}
}

// seePath keeps the first path of a call.
func (k *summaryKeys) seePath(c *decode.Call, dir int, path []byte, link bool) {
	t := k.tracee
	if len(t.key) > 0 || len(path) == 0 {
		return
	}
	full := k.host.Resolve(k.buffer[:], decode.ProcessOf(c), dir, path, link)
	if full == nil {
		full = path
	}
	t.key = append(t.key, full...)
}

// exit returns the key of a call at its end. It is valid until the next call of
// the tracee.
func (k *summaryKeys) exit(t *tracee, ev *tracer.Event) string {
	switch k.by {
	case output.ByPID:
		t.key = strconv.AppendInt(t.key[:0], int64(ev.Tracee.TID), 10)
	case output.ByComm:
		if name, ok := k.host.Command(k.name[:], k.host.Process(ev.Tracee.TID)); ok {
			t.key = append(t.key[:0], name...)
		}
	case output.ByErrno:
		t.key = t.key[:0]
		if ev.Call.IsError {
			errno := uint32(-ev.Call.Ret)
			if t.key = append(t.key, tables.ErrnoName(errno)...); len(t.key) == 0 {
				t.key = strconv.AppendUint(t.key, uint64(errno), 10)
			}
		}
	}
	if len(t.key) == 0 {
		return output.NoKey
	}
	return output.AsString(t.key)
}
