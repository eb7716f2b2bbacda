package kernel

import (
	. "trapline/decode/lang"
	"trapline/tables"
)

// Iovecs are Count struct iovec (linux/uio.h) whose buffers hold, all of them
// together, up to Limit bytes of data; without a Limit all are full. After a call that failed the buffers are
// shown by their addresses, unless they are Answered.
type Iovecs struct {
	Unsized
	Count, Limit Num
	Each         func(c *Call, addr, n uint64) // shows the n bytes that one buffer holds; nil for (*Call).ShowBytes
	Answered     bool
}

// ShowIovBase shows a buffer by its address, for Iovecs.Each. It stands for a
// range of addresses, or there is nothing in it yet.
func ShowIovBase(c *Call, addr, n uint64) { c.Out.Addr(addr) }

// ShowAnsweredIovecs shows count buffers of size bytes in all, whether the call
// failed or not.
func ShowAnsweredIovecs(c *Call, addr, count, size uint64) {
	(&Iovecs{Count: Const(count), Limit: Const(size), Answered: true}).ShowAt(c, addr)
}

// unlimited is the limit of buffers that are all full.
const unlimited = 1<<64 - 1

func (t *Iovecs) Layout(abi tables.ABI) Layout { return Layout{Size: 0, Align: abi.WordSize()} }

func (t *Iovecs) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

func (t *Iovecs) ShownPlain(c *Call) bool { return t.Count.Num(c) == 0 }

func (t *Iovecs) ShowAt(c *Call, addr uint64) {
	now := iovShown.Of(c)
	outer := *now
	*now = iovState{unlimited, t.Each, t.Answered}
	if t.Limit != nil {
		now.left = t.Limit.Num(c)
	}
	c.ShowArray(addr, iovec, t.Count.Num(c))
	*now = outer
}

// iovState is where the array of buffers being shown stands.
type iovState struct {
	left uint64 // bytes of data in the buffers not yet shown
	show func(c *Call, addr, n uint64)
	all  bool // shows them after a call that failed, too
}

var iovShown = NewCallSlot[iovState]()

// iovec is one element, shown as far as iovShown says.
var iovec = &Struct{Fields: Fields{{"iov_base", iovBase{}}, {"iov_len", Size}}}

type iovBase struct{ WordSized }

func (t iovBase) Show(c *Call, v View) {
	word := c.WordSize()
	addr := v.Uint(word)
	now := iovShown.Of(c)
	if c.Exiting() && c.Failed() && !now.all {
		c.Out.Addr(addr)
		return
	}
	f := c.Frame(0)
	n := min(f.View.At(word, word).Uint(word), now.left)
	if now.left != unlimited {
		now.left -= n
	}
	if now.show == nil {
		c.ShowBytes(addr, n)
	} else {
		now.show(c, addr, n)
	}
}
