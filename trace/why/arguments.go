//go:build linux && amd64

package why

import (
	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/output"
)

// files finds the descriptors and paths that a call gets.
type files struct {
	output.Discard
	call  decode.Call
	fds   []int
	paths []path
}

type path struct {
	dir  int
	name string
	link bool
}

func (f *files) init(h host.Host) {
	f.call.Decoder = decode.NewDecoder(decode.Options{StringLimit: unix.PathMax}, h)
	f.call.Out, f.call.Outcome = f, f
	decode.SeeFDs(f.call.Decoder, func(fd int, dir bool) {
		if !dir && fd >= 0 {
			f.fds = append(f.fds, fd)
		}
	})
	decode.SeePaths(f.call.Decoder, func(_ *decode.Call, dir int, name []byte, link bool) {
		f.paths = append(f.paths, path{dir, string(name), link})
	})
}

// filesOf finds the descriptors and paths of a thread's current call.
func (q *Inquiry) filesOf(t *thread) *files {
	f := &q.asked
	f.fds, f.paths = f.fds[:0], f.paths[:0]
	if t.sig == nil {
		return f
	}
	c := &f.call
	c.Mem, c.TID = q.memoryOf(t), q.host.Own(t.TID)
	c.ABI, c.NR, c.Args, c.SP = t.abi, t.call.NR, t.args, t.call.SP
	c.Sig = c.Decoder.Lookup(t.abi, t.call.NR)
	if t.sig.Name != c.Sig.Name {
		c.Sig = t.sig
	}
	c.Begin()
	c.Enter()
	return f
}
