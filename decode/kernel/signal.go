package kernel

import (
	"math/bits"
	"strconv"

	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

type signal struct{ Number }

func (t *signal) Show(c *Call, v View) { ShowSignal(c, int(int32(t.Value(c, v)))) }

// ShowSignal shows the signal n by its name, if it has one.
func ShowSignal(c *Call, n int) {
	if name := tables.SignalName(n); name != "" {
		c.Out.Symbol(uint64(n), name, output.Signed)
		return
	}
	c.Out.Number(uint64(n), output.Signed)
}

// SigsetSize is the size in bytes of the kernel's sigset_t, which has one bit for
// each signal from 1 on.
const SigsetSize = tables.NumSignals / 8

const (
	// Sigset is a set of all signals inside a struct.
	Sigset = sigset(U64)
	// OldSigset is the word-sized set of the calls without the prefix rt_.
	OldSigset = sigset(Ulong)
)

type sigset Layouts

// Layout implements Type.
func (t sigset) Layout(abi tables.ABI) Layout { return Layouts(t).Layout(abi) }

func (sigset) Keep(*Keeps) {}

func (t sigset) Show(c *Call, v View) {
	size := t.Layout(c.ABI).Size
	ShowSigset(c, v.Uint(size), size)
}

// RtSigset is a set whose size is the argument sigsetsize.
var RtSigset = SizedSigset{Size: Ref("sigsetsize")}

// SizedSigset is a set of Size bytes behind a pointer. If the kernel refuses the
// size, because it is less than Least (by default a word) or greater than that of
// a sigset_t, the address is shown.
type SizedSigset struct {
	Unsized
	Size  Num
	Least int
}

func (t *SizedSigset) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// CType is the type in C, for lists of calls.
func (*SizedSigset) CType() string { return "sigset_t" }

// Keep implements keeper of package lang.
func (t *SizedSigset) Keep(k *Keeps) { k.Elements(t.Size, 1, SigsetSize) }

func (t *SizedSigset) ShowAt(c *Call, addr uint64) {
	size := t.Size.Num(c)
	least := t.Least
	if least == 0 {
		least = c.WordSize()
	}
	if size < uint64(least) || size > SigsetSize {
		c.Out.Addr(addr)
		return
	}
	b, ok := c.ReadAll(addr, int(size))
	if !ok {
		c.Out.Addr(addr)
		return
	}
	var mask uint64
	for i, x := range b {
		mask |= uint64(x) << (8 * i)
	}
	ShowSigset(c, mask, int(size))
}

// ShowSigset shows the set of signals in the size bytes of mask. A set with at
// least two thirds of all signals is shown as those that it lacks.
func ShowSigset(c *Call, mask uint64, size int) {
	n := AlignUp(size, 4) * 8 // bits in the 32-bit words that hold the mask
	if n == 32 {
		mask = uint64(uint32(mask))
	}
	complement := bits.OnesCount64(mask) >= n*2/3
	if complement {
		mask = ^mask << (64 - n) >> (64 - n)
	}
	c.Out.BeginSet(complement)
	for ; mask != 0; mask &= mask - 1 {
		sig := bits.TrailingZeros64(mask) + 1
		c.Out.Elem()
		c.Out.Symbol(uint64(sig), tables.SignalName(sig)[len("SIG"):], output.Unsigned)
	}
	c.Out.EndSet()
}

// appendSignal appends the name of a signal, or its number if it has none.
func appendSignal(b []byte, sig uint32) []byte {
	if name := tables.SignalName(int(sig)); name != "" {
		return append(b, name...)
	}
	return strconv.AppendUint(b, uint64(sig), 10)
}
