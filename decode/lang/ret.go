package lang

import (
	"encoding/binary"

	"trapline/output"
	"trapline/tables"
)

// The kinds of results. Any Type may be one: it shows the result as if it were in memory.
const (
	RetUnsigned = Ulong // counts, and the zero of most calls
	RetHex      = Xlong // bits without names
	RetAddr     = resultAddr(Xlong)
)

// resultAddr is an address in the tracee. Zero is 0, not NULL.
type resultAddr Number

// Layout implements Type.
func (t resultAddr) Layout(abi tables.ABI) Layout { return Number(t).Layout(abi) }

func (resultAddr) Keep(*Keeps) {}

// Show implements Type.
func (t resultAddr) Show(c *Call, v View) {
	if addr := Number(t).Value(c, v); addr != 0 {
		c.Out.Addr(addr)
	} else {
		c.Out.Number(0, output.Hex)
	}
}

// ResultWith is a result with additions by Go code.
type ResultWith struct {
	Ret    Type
	Remark func(c *Call) // writes what strace puts in parentheses, with Encoder.BeginRemark, if the call succeeded
	Then   func(c *Call) // adds records after the call's, whether it succeeded or not
	Again  Names         // the arguments whose memory Remark reads as the call has left it
}

// Layout implements Type.
func (t *ResultWith) Layout(abi tables.ABI) Layout { return t.Ret.Layout(abi) }

// Show implements Type.
func (t *ResultWith) Show(c *Call, v View) { t.Ret.Show(c, v) }

func (t *ResultWith) Keep(k *Keeps) { k.Value(t.Ret) }

// Result shows the call's result, at the exit-stop after Exit.
func (c *Call) Result() {
	c.result()
	if then := c.Sig.then; then != nil && !c.Raw {
		then(c)
	}
}

func (c *Call) result() {
	c.Outcome.Return()
	if c.Errno != 0 {
		if c.Restarts() {
			c.Out.Unknown()
		} else {
			c.Out.Number(^uint64(0), output.Signed)
		}
		c.Outcome.Failure(c.Errno, tables.ErrnoName(uint32(c.Errno)), tables.ErrnoMessage(uint32(c.Errno)))
		return
	}
	b := c.Alloc(8)
	binary.LittleEndian.PutUint64(b, uint64(c.Ret))
	t := c.Sig.ret
	switch {
	case c.Raw:
		t = RetHex
	case t == nil:
		t = RetUnsigned
	}
	t.Show(c, View{B: b})
	if c.Sig.remark != nil && !c.Raw {
		c.Sig.remark(c)
	}
}

// Errors between the kernel and the signal code that only a tracer sees
// (include/linux/errno.h): the call starts again, or fails with EINTR.
const (
	erestartsys          = 512
	erestartnointr       = 513
	erestartnohand       = 514
	erestartRestartblock = 516
)

// Restarts reports whether the call was interrupted and may start again: it has no
// result yet.
func (c *Call) Restarts() bool {
	switch c.Errno {
	case erestartsys, erestartnointr, erestartnohand, erestartRestartblock:
		return true
	}
	return false
}

// Remark adds a bare word to the result.
func (c *Call) Remark(word string) {
	c.Outcome.BeginRemark(output.Aside)
	c.Out.Field("")
	c.Out.Text(word)
	c.Outcome.EndRemark()
}
