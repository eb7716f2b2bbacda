//go:build linux && amd64

package unwind

// Operations of DWARF expressions (DWARF 5, section 7.7.1) that are allowed in
// call frame information.
const (
	opAddr       = 0x03
	opDeref      = 0x06
	opConst1u    = 0x08
	opConst1s    = 0x09
	opConst2u    = 0x0a
	opConst2s    = 0x0b
	opConst4u    = 0x0c
	opConst4s    = 0x0d
	opConst8u    = 0x0e
	opConst8s    = 0x0f
	opConstu     = 0x10
	opConsts     = 0x11
	opDup        = 0x12
	opDrop       = 0x13
	opOver       = 0x14
	opPick       = 0x15
	opSwap       = 0x16
	opRot        = 0x17
	opAbs        = 0x19
	opAnd        = 0x1a
	opDiv        = 0x1b
	opMinus      = 0x1c
	opMod        = 0x1d
	opMul        = 0x1e
	opNeg        = 0x1f
	opNot        = 0x20
	opOr         = 0x21
	opPlus       = 0x22
	opPlusUconst = 0x23
	opShl        = 0x24
	opShr        = 0x25
	opShra       = 0x26
	opXor        = 0x27
	opBra        = 0x28
	opEq         = 0x29
	opGe         = 0x2a
	opGt         = 0x2b
	opLe         = 0x2c
	opLt         = 0x2d
	opNe         = 0x2e
	opSkip       = 0x2f
	opLit0       = 0x30
	opLit31      = 0x4f
	opBreg0      = 0x70
	opBreg31     = 0x8f
	opBregx      = 0x92
	opDerefSize  = 0x94
	opNop        = 0x96
)

// maxStack bounds the stack of an expression.
const maxStack = 64

// evaluator computes DWARF expressions of one frame.
type evaluator struct {
	regs  *registers // of the callee
	mem   *pages
	bias  uint64 // added to addresses in the file to get those in memory
	work  *int   // operations left
	stack [maxStack]uint64
	depth int
	bad   bool
}

// evaluate computes an expression that starts with the given values on its stack.
func (e *evaluator) evaluate(expr []byte, initial ...uint64) (uint64, bool) {
	e.depth, e.bad = 0, false
	for _, v := range initial {
		e.push(v)
	}
	c := at(expr, 0, e.regs.word, 0)
	for len(c.b) > 0 && !e.bad && !c.bad {
		if *e.work--; *e.work < 0 {
			return 0, false
		}
		op := c.u8()
		if op != opBra && op != opSkip {
			e.operate(op, &c)
			continue
		}
		by := c.signed(2)
		if c.bad || op == opBra && e.pop() == 0 {
			continue
		}
		c = at(expr, 0, c.word, c.addr+uint64(by))
	}
	v := e.pop()
	return v, !e.bad && !c.bad
}

func (e *evaluator) push(v uint64) {
	if e.depth == maxStack {
		e.bad = true
		return
	}
	e.stack[e.depth] = e.regs.truncate(v)
	e.depth++
}

func (e *evaluator) pop() uint64 {
	if e.depth == 0 {
		e.bad = true
		return 0
	}
	e.depth--
	return e.stack[e.depth]
}

// popSigned is pop for a number in two's complement.
func (e *evaluator) popSigned() int64 {
	shift := 64 - 8*e.regs.word
	return int64(e.pop()<<shift) >> shift
}

// pick pushes a copy of the nth value from the top.
func (e *evaluator) pick(n int) {
	if n >= e.depth {
		e.bad = true
		return
	}
	e.push(e.stack[e.depth-1-n])
}

// register pushes the value of a register plus an offset.
func (e *evaluator) register(n uint64, offset int64) {
	v, ok := e.regs.get(n)
	e.bad = e.bad || !ok
	e.push(v + uint64(offset))
}

// load pushes the number at an address.
func (e *evaluator) load(addr uint64, size int) {
	v, ok := e.mem.load(addr, size)
	e.bad = e.bad || !ok
	e.push(v)
}

// operate executes an operation other than a jump.
func (e *evaluator) operate(op uint8, c *cursor) {
	switch {
	case opLit0 <= op && op <= opLit31:
		e.push(uint64(op - opLit0))
		return
	case opBreg0 <= op && op <= opBreg31:
		e.register(uint64(op-opBreg0), c.sleb())
		return
	}
	switch op {
	case opNop:
	case opAddr:
		e.push(c.address() + e.bias)
	case opConst1u:
		e.push(c.unsigned(1))
	case opConst2u:
		e.push(c.unsigned(2))
	case opConst4u:
		e.push(c.unsigned(4))
	case opConst8u, opConst8s:
		e.push(c.unsigned(8))
	case opConst1s:
		e.push(uint64(c.signed(1)))
	case opConst2s:
		e.push(uint64(c.signed(2)))
	case opConst4s:
		e.push(uint64(c.signed(4)))
	case opConstu:
		e.push(c.uleb())
	case opConsts:
		e.push(uint64(c.sleb()))
	case opBregx:
		e.register(c.uleb(), c.sleb())
	case opDeref:
		e.load(e.pop(), e.regs.word)
	case opDerefSize:
		e.load(e.pop(), int(c.u8()))
	case opDup:
		e.pick(0)
	case opOver:
		e.pick(1)
	case opPick:
		e.pick(int(c.u8()))
	case opDrop:
		e.pop()
	case opSwap:
		a, b := e.pop(), e.pop()
		e.push(a)
		e.push(b)
	case opRot:
		first, second, third := e.pop(), e.pop(), e.pop()
		e.push(first)
		e.push(third)
		e.push(second)
	case opAbs:
		v := e.popSigned()
		e.push(uint64(max(v, -v)))
	case opNeg:
		e.push(-e.pop())
	case opNot:
		e.push(^e.pop())
	case opPlusUconst:
		e.push(e.pop() + c.uleb())
	case opMod, opShl, opShr:
		b, a := e.pop(), e.pop()
		e.unsigned(op, a, b)
	default:
		b, a := e.popSigned(), e.popSigned()
		e.signed(op, a, b)
	}
}

// unsigned combines two unsigned numbers.
func (e *evaluator) unsigned(op uint8, a, b uint64) {
	switch op {
	case opShl:
		e.push(a << b)
	case opShr:
		e.push(a >> b)
	case opMod:
		if b == 0 {
			e.bad = true
			return
		}
		e.push(a % b)
	}
}

// signed combines two numbers in two's complement.
func (e *evaluator) signed(op uint8, a, b int64) {
	switch op {
	case opAnd:
		e.push(uint64(a & b))
	case opOr:
		e.push(uint64(a | b))
	case opXor:
		e.push(uint64(a ^ b))
	case opPlus:
		e.push(uint64(a + b))
	case opMinus:
		e.push(uint64(a - b))
	case opMul:
		e.push(uint64(a * b))
	case opDiv:
		if b == 0 {
			e.bad = true
			return
		}
		e.push(uint64(a / b))
	case opShra:
		e.push(uint64(a >> uint64(b)))
	case opEq:
		e.truth(a == b)
	case opNe:
		e.truth(a != b)
	case opGe:
		e.truth(a >= b)
	case opGt:
		e.truth(a > b)
	case opLe:
		e.truth(a <= b)
	case opLt:
		e.truth(a < b)
	default:
		e.bad = true
	}
}

func (e *evaluator) truth(b bool) {
	if b {
		e.push(1)
	} else {
		e.push(0)
	}
}
