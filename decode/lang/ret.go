package lang

import (
	"trapline/output"
	"trapline/tables"
)

// Ret says what a call's result is.
type Ret struct {
	Typ Type
	// remark writes what strace puts in parentheses behind the result; it is
	// called for calls that succeeded.
	remark func(c *Call)
	// then is called when the result of a call, successful or not, is complete.
	then func(c *Call)
}

// The kinds of results.
var (
	RetUnsigned = Ret{Typ: Ulong} // counts, and the zero of most calls
	RetSigned   = Ret{Typ: Long}
	RetHex      = Ret{Typ: Xlong} // bits without names
	RetAddr     = Ret{Typ: &resultAddr{Xlong}}
	RetOctal    = Ret{Typ: O32}
)

// resultAddr is an address in the tracee. Zero is 0, not NULL.
type resultAddr struct{ *Number }

func (t *resultAddr) Show(c *Call, v View) {
	if addr := t.Value(c, v); addr != 0 {
		c.Out.Addr(addr)
	} else {
		c.Out.Number(0, output.Hex)
	}
}

// ReturnsType is a result shown as a t.
func ReturnsType(t Type) Ret { return Ret{Typ: t} }

// With adds a remark, written by Go code with Encoder.BeginRemark.
func (r Ret) With(remark func(c *Call)) Ret {
	r.remark = remark
	return r
}

// Then adds records behind the call's, written by Go code.
func (r Ret) Then(show func(c *Call)) Ret {
	r.then = show
	return r
}

// Result shows the call's result, at the exit-stop after Exit.
func (c *Call) Result() {
	c.result()
	if then := c.Sig.ret.then; then != nil && !c.Raw {
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
	PutUint(b, uint64(c.Ret))
	t := c.Sig.ret.Typ
	if t == nil || c.Raw {
		t = RetUnsigned.Typ
		if c.Raw {
			t = Xlong
		}
	}
	t.Show(c, View{B: b})
	if c.Sig.ret.remark != nil && !c.Raw {
		c.Sig.ret.remark(c)
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

// Restarts says that the call was interrupted and may start again: it has no
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
	c.Out.BeginRemark(output.Aside)
	c.Out.Field("")
	c.Out.Text(word)
	c.Out.EndRemark()
}
