package kernel

import (
	. "trapline/decode/lang"
	"trapline/tables"
)

// Iovecs is an array of count struct iovec (linux/uio.h) whose buffers hold,
// all of them together, up to limit bytes of data. After a call that failed
// the buffers are shown by their addresses.
func Iovecs(count, limit Num) Type {
	return &iovecs{count: count, limit: limit, show: (*Call).ShowBytes}
}

// IovecsOf is Iovecs for data that is not plain bytes: show writes the n bytes
// at addr that one buffer holds.
func IovecsOf(count, limit Num, show func(c *Call, addr, n uint64)) Type {
	return &iovecs{count: count, limit: limit, show: show}
}

// IovecRanges is an array of count struct iovec that stand for ranges of
// addresses, not for what is there.
func IovecRanges(count Num) Type {
	return IovecsOf(count, Unlimited, func(c *Call, addr, n uint64) { c.Out.Addr(addr) })
}

// ShowAnsweredIovecs shows count buffers of size bytes in all, whether the call
// failed or not.
func ShowAnsweredIovecs(c *Call, addr, count, size uint64) {
	(&iovecs{Const(count), Const(size), (*Call).ShowBytes, true}).ShowAt(c, addr)
}

// Unlimited is the limit of buffers that are all full.
const Unlimited = Const(1<<64 - 1)

type iovecs struct {
	count, limit Num
	show         func(c *Call, addr, n uint64)
	answered     bool // shown whether the call failed or not
}

func (t *iovecs) Layout(abi tables.ABI) Layout { return Layout{Size: 0, Align: abi.WordSize()} }

func (t *iovecs) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

func (t *iovecs) ShownPlain(c *Call) bool { return t.count.Num(c) == 0 }

func (t *iovecs) ShowAt(c *Call, addr uint64) {
	now := iovShown.Of(c)
	outer := *now
	*now = iovState{t.limit.Num(c), t.show, t.answered}
	c.ShowArray(addr, iovec, t.count.Num(c))
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
var iovec = Struct(Fields{{"iov_base", iovBase{Addr}}, {"iov_len", Size}})

type iovBase struct{ *Address }

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
	if now.left != uint64(Unlimited) {
		now.left -= n
	}
	now.show(c, addr, n)
}
