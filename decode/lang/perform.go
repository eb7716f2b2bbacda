package lang

import "bytes"

// Performing a Capture on a call that is stopped. This is the reference for other
// code that performs KeepOps, such as that of buffered calls.

// performMost is the largest number of bytes of a call that Perform keeps.
const performMost = 1 << 20

// PerformBefore keeps in m what ops keep before the call. args are its arguments. It
// returns false, with m undefined, if that is too much or if the call has to be decoded
// while it is stopped.
func (m *KeptMemory) PerformBefore(from Memory, ops []KeepOp, args *[6]uint64) bool {
	return m.perform(from, ops, args, 0, func(when Moment) bool { return when == AnyTime || when == BeforeCall })
}

// PerformAfter keeps what ops keep after the call, and tells m that the call has returned
// with this result. failed says that the result is an error number.
func (m *KeptMemory) PerformAfter(from Memory, ops []KeepOp, args *[6]uint64, ret int64, failed bool) bool {
	m.Exit()
	if failed {
		ret = 0
	}
	return m.perform(from, ops, args, uint64(max(ret, 0)), func(when Moment) bool {
		return when == AfterCall || when == IfSucceeded && !failed
	})
}

func (m *KeptMemory) perform(from Memory, ops []KeepOp, args *[6]uint64, ret uint64, now func(Moment) bool) bool {
	for i := range ops {
		op := &ops[i]
		if !now(op.When) {
			continue
		}
		if !m.performOp(from, op, args, ret) {
			return false
		}
	}
	return true
}

func (m *KeptMemory) performOp(from Memory, op *KeepOp, args *[6]uint64, ret uint64) bool {
	addr, known := m.amount(op.Arg, args, ret)
	n, counted := m.amount(op.Count, args, ret)
	switch {
	case op.Kind == KeepStruct:
		return m.performStruct(from, op, addr)
	case !known || !counted || addr == 0:
		return true
	case op.Kind == KeepCounted:
		var b [4]byte
		if from.ReadMemory(n, b[:]) < len(b) {
			return true
		}
		n = View{B: b[:]}.Uint(4)
	}
	if op.Low32 {
		n &= 1<<32 - 1
	}
	if op.Kind == KeepLesser {
		least, _ := m.amount(op.Least, args, ret)
		if op.Low32 {
			least &= 1<<32 - 1
		}
		n = min(n, least)
	}
	if op.Shift != 0 && n != 0 {
		n = (n-1)>>op.Shift + 1
	}
	n = min(n, uint64(op.Most)) * uint64(op.Size)
	switch op.Kind {
	case KeepNull:
		return false
	case KeepString:
		return m.performString(from, op.When, addr, n)
	case KeepBuffers:
		return m.performBuffers(from, op, addr, n, ret)
	}
	b, ok := m.performBytes(from, op.When, addr, n)
	if op.Kind == KeepAddress && len(b) >= 2 && (View{B: b}).Uint(2) == uint64(op.Family) {
		return false
	}
	return ok
}

// amount returns the number that an Amount says; false if the struct that it is in was not
// kept.
func (m *KeptMemory) amount(a Amount, args *[6]uint64, ret uint64) (n uint64, ok bool) {
	words, first := m.after, WordAfter
	switch {
	case a == FromResult:
		return ret, true
	case a == Unbounded:
		return NoArray, true
	case a == StackPointer:
		return m.SP, true
	case a < WordBefore:
		return args[a], true
	case a < WordAfter:
		words, first = m.before, WordBefore
	}
	at := 8 * int(a-first)
	if at+8 > len(words) {
		return 0, false
	}
	return View{B: words[at:]}.Uint(8), true
}

// performStruct keeps a struct whose words other operations refer to.
func (m *KeptMemory) performStruct(from Memory, op *KeepOp, addr uint64) bool {
	var b []byte
	if addr != 0 {
		b, _ = m.performBytes(from, op.When, addr, uint64(op.Size))
	}
	if op.When != BeforeCall {
		m.after = nil
		if len(b) == int(op.Size) {
			m.after = b
		}
		return true
	}
	m.before = b
	return len(b) == int(op.Size)
}

// take returns n bytes of room.
func (m *KeptMemory) take(n int) []byte {
	if m.used+n > len(m.room) {
		m.room = make([]byte, max(2*len(m.room), n, 4096)) // earlier pieces stay in the old room
		m.used = 0
	}
	b := m.room[m.used:][:n:n]
	m.used += n
	return b
}

// performBytes keeps the n bytes at addr, as far as they can be read.
func (m *KeptMemory) performBytes(from Memory, when Moment, addr, n uint64) ([]byte, bool) {
	if n > performMost {
		return nil, false
	}
	b := m.take(int(n))
	end := Whole
	if got := from.ReadMemory(addr, b); got < len(b) {
		b, end = b[:got], Unreadable
	}
	m.Keep(Piece{addr, b, when, end})
	return b, true
}

// performString keeps the string at addr, up to most bytes of it.
func (m *KeptMemory) performString(from Memory, when Moment, addr, most uint64) bool {
	b := m.take(int(min(most, performMost)))
	n, end := 0, Whole
	for n < len(b) {
		part := b[n:min(uint64(len(b)), uint64(n)+PageRoom(addr+uint64(n)))]
		got := from.ReadMemory(addr+uint64(n), part)
		if i := bytes.IndexByte(part[:got], 0); i >= 0 {
			n, end = n+i+1, AtNUL
			break
		}
		if n += got; got < len(part) {
			end = Unreadable
			break
		}
	}
	m.used -= len(b) - n
	m.Keep(Piece{addr, b[:n], when, end})
	return end != Whole || most <= performMost
}

// performBuffers keeps n bytes of addresses and lengths at addr, and the buffers.
func (m *KeptMemory) performBuffers(from Memory, op *KeepOp, addr, n, ret uint64) bool {
	vector, ok := m.performBytes(from, op.When, addr, n)
	left := uint64(NoArray)
	if op.Total == FromResult {
		left = ret
	}
	w := int(op.Size) / 2
	for ; ok && len(vector) >= 2*w; vector = vector[2*w:] {
		at, size := View{B: vector}.Uint(w), min(View{B: vector[w:]}.Uint(w), left)
		if left != NoArray {
			left -= size
		}
		if size = min(size, uint64(op.Each)); size > 0 && at != 0 {
			_, ok = m.performBytes(from, op.When, at, size)
		}
	}
	return ok
}
