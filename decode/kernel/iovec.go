package kernel

import (
	"math"

	. "trapline/decode/lang"
	"trapline/tables"
)

// Iovecs are Count structs iovec (linux/uio.h). Their buffers together hold up to
// Limit bytes of data; without a Limit all of them are full. After a call that
// failed the buffers are shown as addresses, unless the Iovecs are answered.
type Iovecs struct {
	Unsized
	Count, Limit Num
	Each         func(c *Call, addr, n uint64) // shows the n bytes that one buffer holds; nil for (*Call).ShowBytes
	Bare         bool                          // buffers are shown as addresses: they are ranges of them, or have not been filled yet
	answered     bool
}

// ShowAnsweredIovecs shows count buffers, which together hold size bytes, even if
// the call failed.
func ShowAnsweredIovecs(c *Call, addr, count, size uint64) {
	(&Iovecs{Count: Const(count), Limit: Const(size), answered: true}).ShowAt(c, addr)
}

// unlimited is the limit if all buffers are full.
const unlimited = 1<<64 - 1

func (t *Iovecs) Layout(abi tables.ABI) Layout { return Layout{Size: 0, Align: abi.WordSize()} }

func (t *Iovecs) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// CType is the type in C, for lists of calls.
func (*Iovecs) CType() string { return "struct iovec" }

// mostShown is an upper limit of the number of buffers that are read.
func mostShown(k *Keeps) uint64 {
	if k.Abbrev {
		return uint64(k.Decoder.StringLimit) + 1
	}
	return NoArray
}

// KeepIovecsAt adds op, which keeps buffers to which a struct points.
func KeepIovecsAt(k *Keeps, op KeepOp) {
	op.Kind, op.Size, op.Most = KeepBuffers, uint32(iovec.Layout(k.ABI).Size), uint32(min(mostShown(k), math.MaxUint32))
	op.Each = uint32(min(k.Decoder.StringLimit+1, math.MaxUint32))
	k.Linked(op)
}

// Keep implements keeper of package lang.
func (t *Iovecs) Keep(k *Keeps) {
	most := mostShown(k)
	switch {
	case t.Bare:
		k.Elements(t.Count, 2*k.ABI.WordSize(), most)
	case t.Each == nil:
		k.Buffers(t.Count, most, t.Limit, k.Decoder.StringLimit+1)
	default:
		k.Gap("a function shows the buffers")
	}
}

func (t *Iovecs) ShownPlain(c *Call) bool { return t.Count.Num(c) == 0 }

func (t *Iovecs) ShowAt(c *Call, addr uint64) {
	now := iovShown.Of(c)
	outer := *now
	*now = iovState{unlimited, t.Each, t.Bare, t.answered}
	if t.Limit != nil {
		now.left = t.Limit.Num(c)
	}
	c.ShowArray(addr, iovec, t.Count.Num(c))
	*now = outer
}

// iovState is the position in the array of buffers being shown.
type iovState struct {
	left uint64 // bytes of data in the buffers not yet shown
	show func(c *Call, addr, n uint64)
	bare bool // the buffers are shown as addresses
	all  bool // the buffers are shown even if the call failed
}

var iovShown CallSlot[iovState]

// iovec is one element of the array. Its buffer is shown as iovState says.
var iovec = &Struct{C: "iovec", Fields: Fields{{"iov_base", iovBase{}}, {"iov_len", Size}}}

type iovBase struct{ WordSized }

func (t iovBase) Show(c *Call, v View) {
	word := c.WordSize()
	addr := v.Uint(word)
	now := iovShown.Of(c)
	if now.bare || c.Exiting() && c.Failed() && !now.all {
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
