package lang

import "sync/atomic"

// Subsystems keep what they remember between decoding steps in slots that they declare, so
// that Call and Decoder need not know about it.

// CallSlot is a T in each Call. It is allocated when first needed, and stays when the Call
// is reused: the next call finds what the previous one left in it. The zero value is ready
// for use.
type CallSlot[T any] struct{ slot slot }

// DecoderSlot is a T in each Decoder, for what is shared by all of its calls. The
// zero value is ready for use.
type DecoderSlot[T any] struct{ slot slot }

// Of returns what is in the slot of c.
func (s *CallSlot[T]) Of(c *Call) *T { return slotIn[T](&c.slots, &s.slot) }

// Of returns what is in the slot of d.
func (s *DecoderSlot[T]) Of(d *Decoder) *T { return slotIn[T](&d.slots, &s.slot) }

// slot is the number of a slot. The slot gets its number when it is first used, so that
// the start does not pay for it; until then it is 0.
type slot struct{ number atomic.Int32 }

// numberedSlots is the number of slots that have one.
var numberedSlots atomic.Int32

func slotIn[T any](slots *[]any, s *slot) *T {
	if i := int(s.number.Load()); i < len(*slots) {
		if p, ok := (*slots)[i].(*T); ok {
			return p
		}
	}
	return fillSlot[T](slots, s)
}

func fillSlot[T any](slots *[]any, s *slot) *T {
	if s.number.Load() == 0 {
		s.number.CompareAndSwap(0, numberedSlots.Add(1))
	}
	i := int(s.number.Load())
	for len(*slots) <= i {
		*slots = append(*slots, nil)
	}
	p := new(T)
	(*slots)[i] = p
	return p
}
