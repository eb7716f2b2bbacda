package bpf

import (
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Numbers in memory that the kernel changes, which is remembered at the enter-stop.

// changed is a number that the kernel may have changed since the enter-stop: 4 => 2.
type changed [1]Type

// Layout implements Type.
func (t changed) Layout(abi tables.ABI) Layout { return t[0].Layout(abi) }

func (t changed) Keep(k *Keeps) { k.Value(t[0]) }

// Value is the number as it is now.
func (t changed) Value(c *Call, v View) uint64 { return NumberOf(c, t[0], v) }

// Show implements Type.
func (t changed) Show(c *Call, v View) {
	if before, ok := c.Recall(v); ok && string(before) != string(v.B) {
		t[0].Show(c, View{B: before, Addr: v.Addr})
		c.Out.Changed()
	}
	t[0].Show(c, v)
}

// Shows implements Shower.
func (t changed) Shows() []Type { return []Type{t[0]} }

// changedTo stands behind the 32-bit member that it names, which was shown at the
// enter-stop. If the number has changed since then, it shows the new one.
type changedTo string

func (changedTo) Layout(tables.ABI) Layout { return Layout{Size: 0, Align: 1} }

// Show is never called: ShowField is called in its place.
func (changedTo) Show(*Call, View) {}

func (changedTo) Keep(*Keeps) {}

// Shows implements Shower.
func (changedTo) Shows() []Type { return nil }

func (member changedTo) ShowField(c *Call, _ string, _ View) {
	f := c.Frame(0)
	if v := f.Struct.Member(c, string(member), f.View); !c.Remembers(v) {
		c.Out.Changed()
		c.Out.Number(v.Uint(4), output.Unsigned)
	}
}
