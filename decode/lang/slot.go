package lang

// What a subsystem keeps while calls are decoded lies in slots that it declares,
// so that neither Call nor Decoder knows of it.

// CallSlot is a T in each Call. It is allocated when it is first needed and
// stays while the Call is reused: the next call finds in it what the one before
// has left.
type CallSlot[T any] struct{ i int }

// DecoderSlot is a T in each Decoder, for what is shared by all of its calls.
type DecoderSlot[T any] struct{ i int }

// How many slots there are.
var callSlots, decoderSlots int

// NewCallSlot adds a slot to all Calls. It is for package variables.
func NewCallSlot[T any]() CallSlot[T] {
	callSlots++
	return CallSlot[T]{callSlots - 1}
}

// NewDecoderSlot adds a slot to all Decoders. It is for package variables.
func NewDecoderSlot[T any]() DecoderSlot[T] {
	decoderSlots++
	return DecoderSlot[T]{decoderSlots - 1}
}

// Of gives what is in the slot of c.
func (s CallSlot[T]) Of(c *Call) *T { return slotIn[T](&c.slots, s.i, callSlots) }

// Of gives what is in the slot of d.
func (s DecoderSlot[T]) Of(d *Decoder) *T { return slotIn[T](&d.slots, s.i, decoderSlots) }

func slotIn[T any](slots *[]any, i, n int) *T {
	if i < len(*slots) {
		if p, ok := (*slots)[i].(*T); ok {
			return p
		}
	}
	return fillSlot[T](slots, i, n)
}

func fillSlot[T any](slots *[]any, i, n int) *T {
	if *slots == nil {
		*slots = make([]any, n)
	}
	p := new(T)
	(*slots)[i] = p
	return p
}
