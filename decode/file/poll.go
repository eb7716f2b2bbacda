package file

import (
	"math/bits"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Waiting for files: fs/select.c.

var pollCalls = Calls{
	{"poll", Args{{"fds", pollFDs}, {"nfds", Uint}, {"timeout", Int}}, &ResultWith{Ret: RetUnsigned, Remark: remarkPolled, Again: Names{"fds"}}},
	{"ppoll", Args{{"fds", pollFDs}, {"nfds", Uint}, {"tmo_p", &Ptr{To: &Timespec}}, {"sigmask", &Ptr{To: &RtSigset}}, {"sigsetsize", Size}}, &ResultWith{Ret: RetUnsigned, Remark: func(c *Call) { remarkPolledFiles(c, &Timespec) }, Again: Names{"fds", "tmo_p"}}},
	{"pselect6", Args{{"nfds", Int}, {"readfds", fdSetPtr}, {"writefds", fdSetPtr}, {"exceptfds", fdSetPtr}, {"timeout", &Ptr{To: &Timespec}}, {"sig", &Ptr{To: sizedSigmask, UsuallyNull: true}}}, &ResultWith{Ret: RetUnsigned, Remark: func(c *Call) { remarkSelected(c, &Timespec) }, Again: selected}},
}

var pollCalls64 = Calls{
	{"select", Args{{"nfds", Int}, {"readfds", fdSetPtr}, {"writefds", fdSetPtr}, {"exceptfds", fdSetPtr}, {"timeout", &Ptr{To: &Timeval}}}, &ResultWith{Ret: RetUnsigned, Remark: func(c *Call) { remarkSelected(c, &Timeval) }, Again: selected}},
}

var pollCallsI386 = Calls{
	{"select", Args{{"", &Rest{By: oldSelectArgs, Among: []*Desc{selectUnreadable}, All: func(add func(*Desc)) { add(selectInMemory) }}}}, RetUnsigned},
	{"_newselect", Args{{"nfds", Int}, {"readfds", fdSetPtr}, {"writefds", fdSetPtr}, {"exceptfds", fdSetPtr}, {"timeout", &Ptr{To: &Timeval}}}, &ResultWith{Ret: RetUnsigned, Remark: func(c *Call) { remarkSelected(c, &Timeval) }, Again: selected}},
	{"ppoll_time64", Args{{"fds", pollFDs}, {"nfds", Uint}, {"tmo_p", &Ptr{To: &Timespec64}}, {"sigmask", &Ptr{To: &RtSigset}}, {"sigsetsize", Size}}, &ResultWith{Ret: RetUnsigned, Remark: func(c *Call) { remarkPolledFiles(c, &Timespec64) }, Again: Names{"fds", "tmo_p"}}},
	{"pselect6_time64", Args{{"nfds", Int}, {"readfds", fdSetPtr}, {"writefds", fdSetPtr}, {"exceptfds", fdSetPtr}, {"timeout", &Ptr{To: &Timespec64}}, {"sig", &Ptr{To: sizedSigmask, UsuallyNull: true}}}, &ResultWith{Ret: RetUnsigned, Remark: func(c *Call) { remarkSelected(c, &Timespec64) }, Again: selected}},
}

// pollfd is a struct pollfd as the caller passes it, polled one that the kernel
// has filled in.
var (
	pollfd = &Struct{C: "pollfd", Fields: Fields{
		{"fd", FD},
		{"events", &When{If: Test(func(c *Call) bool { return int32(Ref("fd").Num(c)) >= 0 }), Then: &Flags{In: X16, Set: &tables.PollEvents}}},
		{"_", X16},
	}}
	polled  = &Struct{C: "pollfd", Fields: Fields{{"fd", Int}, {"_", X16}, {"revents", &Flags{In: X16, Set: &tables.PollEvents}}}}
	pollFDs = &Ptr{To: &List{Of: pollfd, Count: Ref("nfds")}}
)

// remarkPolled shows which files are ready, or that the call timed out.
func remarkPolled(c *Call) { remarkPolledFiles(c, nil) }

// remarkPolledFiles also shows the remaining time if there is a timeout.
func remarkPolledFiles(c *Call, timeout Type) {
	if c.Ret == 0 {
		c.Remark("Timeout")
		return
	}
	left := uint64(0)
	if timeout != nil {
		left = c.Register(2)
	}
	r := polledFiles{c: c}
	if addr, n := c.Register(0), Ref("nfds").Num(c); addr != 0 && !c.Plain {
		r.show(addr, n)
	}
	if left != 0 && !c.Plain {
		r.begin()
		c.Out.Field("left")
		c.ShowAt(left, timeout)
	}
	r.end()
}

// polledFiles writes the files that poll found ready into a remark. It begins the
// remark when there is something to show.
type polledFiles struct {
	c            *Call
	begun, array bool
}

func (r *polledFiles) begin() {
	if r.array {
		r.c.Out.EndArray()
		r.array = false
	}
	if !r.begun {
		r.c.Outcome.BeginRemark(output.Aside)
		r.begun = true
	}
}

func (r *polledFiles) end() {
	if r.begun || r.array {
		r.begin()
		r.c.Outcome.EndRemark()
	}
}

func (r *polledFiles) elem() {
	if !r.array {
		r.begin()
		r.array = true
		r.c.Out.Field("")
		r.c.Out.BeginArray()
	}
}

// maxPolled limits how much of the array is searched for ready files. No process
// can have more open files (fs.nr_open).
const maxPolled = 1 << 20

func (r *polledFiles) show(addr, n uint64) {
	const chunk = 256 // elements read at once
	c := r.c
	size := polled.Layout(c.ABI).Size
	n = min(n, maxPolled)
	mark := c.Mark()
	shown := 0
	for i := uint64(0); i < n; {
		c.Release(mark)
		at := addr + i*uint64(size)
		b := c.Read(at, int(min(n-i, chunk))*size)
		if len(b) < size {
			r.elem()
			c.Out.Elem()
			c.Out.Addr(at)
			return
		}
		for ; len(b) >= size; b, i = b[size:], i+1 {
			v := View{B: b[:size], Addr: addr + i*uint64(size)}
			if polled.Member(c, "revents", v).Uint(2) == 0 {
				continue
			}
			r.elem()
			if c.Abbrev && shown == c.StringLimit {
				c.Out.More()
				return
			}
			shown++
			c.Out.Elem()
			polled.Show(c, v)
		}
	}
}

// fdSetPtr points to a set of descriptors.
var fdSetPtr = &Ptr{To: fdSet{}, C: "fd_set *"}

// fdSet is a set of file descriptors below the argument nfds.
type fdSet struct{ Unsized }

// Show implements Type.
func (t fdSet) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// ShowAt implements Reader.
func (fdSet) ShowAt(c *Call, addr uint64) {
	b, n, ok := readFDSet(c, addr)
	if !ok || n == 0 {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginSet(false)
	for fd := nextBit(b, 0, n); fd < n; fd = nextBit(b, fd+1, n) {
		c.Out.Elem()
		ShowFD(c, fd)
	}
	c.Out.EndSet()
}

// Keep implements keeper of package lang.
func (fdSet) Keep(k *Keeps) { k.Elements(fdSetWords("nfds"), 8, NoArray) }

// fdSetWords is the number of 64-bit words of a set of as many descriptors as the
// argument of that name says.
type fdSetWords Ref

// Num implements Num.
func (nfds fdSetWords) Num(c *Call) uint64 { return (Ref(nfds).Num(c) + 63) / 64 }

// KeepNum implements keptNum of package lang.
func (nfds fdSetWords) KeepNum(k *Keeps, op *KeepOp) bool {
	op.Shift, op.Most = 6, maxSelect/64
	return k.Count(op, Ref(nfds))
}

// selected are the arguments of select and its kin that remarkSelected reads.
var selected = Names{"readfds", "writefds", "exceptfds", "timeout"}

// sizedSigmask is a signal mask and its size, which pselect6 takes as one
// argument.
var sizedSigmask = &Struct{C: "sigset_argpack", Fields: Fields{{"sigmask", &Ptr{To: &RtSigset}}, {"sigsetsize", Size}}}

var (
	selectInMemory   = &Desc{"", Args{{"nfds", Int}, {"readfds", fdSetPtr}, {"writefds", fdSetPtr}, {"exceptfds", fdSetPtr}, {"timeout", &Ptr{To: &Timeval}}}, &ResultWith{Ret: RetUnsigned, Remark: func(c *Call) { remarkSelected(c, &Timeval) }, Again: selected}}
	selectUnreadable = &Desc{"", Args{{"arg", Addr}}, nil}
)

// oldSelectArgs chooses the description: it depends on whether the five arguments
// can be read.
func oldSelectArgs(c *Call) *Desc {
	if c.ArgsFromMemory(5) {
		return selectInMemory
	}
	return selectUnreadable
}

// maxSelect limits nfds. No process can have more open files (fs.nr_open).
const maxSelect = 1 << 20

// readFDSet reads a set and returns the number of bits in it.
func readFDSet(c *Call, addr uint64) (b []byte, n int, ok bool) {
	n = min(max(int(int32(c.Register(0))), 0), maxSelect)
	w := c.WordSize() * 8
	b, ok = c.ReadAll(addr, (n+w-1)/w*w/8)
	return b, n, ok
}

// nextBit returns the index of the first bit that is set, from bit i to n-1.
func nextBit(b []byte, i, n int) int {
	for i < n {
		if rest := b[i/8] >> (i % 8); rest != 0 {
			return min(i+bits.TrailingZeros8(rest), n)
		}
		i = (i/8 + 1) * 8
	}
	return n
}

// remarkSelected shows which files are ready and the remaining time, or that the
// call timed out.
func remarkSelected(c *Call, timeout Type) {
	if c.Ret == 0 {
		c.Remark("Timeout")
		return
	}
	c.Outcome.BeginRemark(output.Aside)
	ready := c.Ret
	for i, name := range [...]string{"in", "out", "except"} {
		addr := c.Register(1 + i)
		if addr == 0 || ready <= 0 {
			continue
		}
		b, n, ok := readFDSet(c, addr)
		if !ok {
			continue
		}
		fd := nextBit(b, 0, n)
		if fd == n {
			continue
		}
		c.Out.Field(name)
		c.Out.BeginSet(false)
		for ; fd < n && ready > 0; fd = nextBit(b, fd+1, n) {
			c.Out.Elem()
			c.Out.Number(uint64(fd), output.Unsigned)
			ready--
		}
		c.Out.EndSet()
	}
	if left := c.Register(4); left != 0 {
		c.Out.Field("left")
		c.ShowAt(left, timeout)
	}
	c.Outcome.EndRemark()
}
