//go:build linux && amd64

package unwind

// ruleKind is how to find the value that a register had in the caller.
type ruleKind uint8

const (
	unspecified   ruleKind = iota // no rule: unchanged
	undefined                     // the value is lost
	sameValue                     // unchanged
	savedAt                       // at the address CFA + n
	isOffset                      // the value is CFA + n
	inRegister                    // in register n
	savedAtResult                 // at the address that an expression computes
	isResult                      // the value is what an expression computes
)

type rule struct {
	kind ruleKind
	n    int64
	expr []byte
}

// keeps reports whether a register still has the value that it had in the
// caller.
func (r *rule) keeps() bool { return r.kind == unspecified || r.kind == sameValue }

// row is a row of the table that call frame information encodes: the rules for
// finding the caller's registers at one place in a function.
type row struct {
	// The CFA, the caller's stack pointer, is a register plus an offset, or the
	// result of an expression.
	cfaRegister uint64
	cfaOffset   int64
	cfaExpr     []byte

	regs [numRegisters]rule
}

// Call frame instructions (DWARF 5, section 7.24). In the first three the
// low six bits are an operand.
const (
	cfaAdvanceLoc = 0x40
	cfaOffset     = 0x80
	cfaRestore    = 0xc0
	cfaPrimary    = 0xc0

	cfaNop              = 0x00
	cfaSetLoc           = 0x01
	cfaAdvanceLoc1      = 0x02
	cfaAdvanceLoc2      = 0x03
	cfaAdvanceLoc4      = 0x04
	cfaOffsetExtended   = 0x05
	cfaRestoreExtended  = 0x06
	cfaUndefined        = 0x07
	cfaSameValue        = 0x08
	cfaRegister         = 0x09
	cfaRememberState    = 0x0a
	cfaRestoreState     = 0x0b
	cfaDefCFA           = 0x0c
	cfaDefCFARegister   = 0x0d
	cfaDefCFAOffset     = 0x0e
	cfaDefCFAExpression = 0x0f
	cfaExpression       = 0x10
	cfaOffsetExtendedSF = 0x11
	cfaDefCFASF         = 0x12
	cfaDefCFAOffsetSF   = 0x13
	cfaValOffset        = 0x14
	cfaValOffsetSF      = 0x15
	cfaValExpression    = 0x16

	cfaGNUArgsSize               = 0x2e
	cfaGNUNegativeOffsetExtended = 0x2f
)

// maxRemembered bounds the stack of remembered states; compilers nest two or
// three.
const maxRemembered = 32

// maxWork bounds the number of instructions executed for one frame.
const maxWork = 1 << 16

// interpreter executes call frame instructions.
type interpreter struct {
	row        row
	initial    row // the row after the CIE's instructions
	remembered []row
	work       int // number of instructions left
}

// rowAt finds the row of a function at pc. It returns false if there is no valid row.
func (in *interpreter) rowAt(f *fde, pc uint64) bool {
	in.row, in.initial = row{}, row{}
	in.remembered = in.remembered[:0]
	in.work = maxWork
	if !in.run(f.cie.program, f.cie, f.start, pc) {
		return false
	}
	in.initial = in.row
	return in.run(f.program, f.cie, f.start, pc)
}

// run executes a program from the start of a function, loc, up to pc.
func (in *interpreter) run(c cursor, ci *cie, loc, pc uint64) bool {
	for len(c.b) > 0 && loc <= pc {
		if in.work--; in.work < 0 {
			return false
		}
		op := c.u8()
		operand := uint64(op &^ cfaPrimary)
		switch op & cfaPrimary {
		case cfaAdvanceLoc:
			loc += operand * ci.codeAlign
		case cfaOffset:
			in.set(operand, rule{kind: savedAt, n: int64(c.uleb()) * ci.dataAlign})
		case cfaRestore:
			in.restore(operand)
		default:
			switch op {
			case cfaSetLoc:
				loc = c.pointer(ci.encoding, 0)
			case cfaAdvanceLoc1:
				loc += c.unsigned(1) * ci.codeAlign
			case cfaAdvanceLoc2:
				loc += c.unsigned(2) * ci.codeAlign
			case cfaAdvanceLoc4:
				loc += c.unsigned(4) * ci.codeAlign
			default:
				if !in.define(op, &c, ci.dataAlign) {
					return false
				}
			}
		}
		if c.bad {
			return false
		}
	}
	return true
}

// define executes an instruction that changes the row.
func (in *interpreter) define(op uint8, c *cursor, align int64) bool {
	r := &in.row
	switch op {
	case cfaNop:
	case cfaDefCFA:
		r.cfaRegister, r.cfaOffset, r.cfaExpr = c.uleb(), int64(c.uleb()), nil
	case cfaDefCFASF:
		r.cfaRegister, r.cfaOffset, r.cfaExpr = c.uleb(), c.sleb()*align, nil
	case cfaDefCFARegister:
		r.cfaRegister, r.cfaExpr = c.uleb(), nil
	case cfaDefCFAOffset:
		r.cfaOffset, r.cfaExpr = int64(c.uleb()), nil
	case cfaDefCFAOffsetSF:
		r.cfaOffset, r.cfaExpr = c.sleb()*align, nil
	case cfaDefCFAExpression:
		r.cfaExpr = c.take(c.uleb())
	case cfaRememberState:
		if len(in.remembered) == maxRemembered {
			return false
		}
		in.remembered = append(in.remembered, *r)
		in.work -= numRegisters
	case cfaRestoreState:
		last := len(in.remembered) - 1
		if last < 0 {
			return false
		}
		*r = in.remembered[last]
		in.remembered = in.remembered[:last]
		in.work -= numRegisters
	case cfaRestoreExtended:
		in.restore(c.uleb())
	case cfaGNUArgsSize:
		c.uleb()
	default:
		return in.defineRegister(op, c.uleb(), c, align)
	}
	return true
}

// defineRegister executes an instruction that sets the rule of a register.
func (in *interpreter) defineRegister(op uint8, register uint64, c *cursor, align int64) bool {
	var r rule
	switch op {
	case cfaOffsetExtended:
		r = rule{kind: savedAt, n: int64(c.uleb()) * align}
	case cfaOffsetExtendedSF:
		r = rule{kind: savedAt, n: c.sleb() * align}
	case cfaGNUNegativeOffsetExtended:
		r = rule{kind: savedAt, n: -int64(c.uleb()) * align}
	case cfaValOffset:
		r = rule{kind: isOffset, n: int64(c.uleb()) * align}
	case cfaValOffsetSF:
		r = rule{kind: isOffset, n: c.sleb() * align}
	case cfaUndefined:
		r = rule{kind: undefined}
	case cfaSameValue:
		r = rule{kind: sameValue}
	case cfaRegister:
		r = rule{kind: inRegister, n: int64(c.uleb())}
	case cfaExpression:
		r = rule{kind: savedAtResult, expr: c.take(c.uleb())}
	case cfaValExpression:
		r = rule{kind: isResult, expr: c.take(c.uleb())}
	default:
		return false
	}
	in.set(register, r)
	return true
}

// set sets a register's rule. Registers that are not followed, such as vector
// registers, have no rules.
func (in *interpreter) set(register uint64, r rule) {
	if register < numRegisters {
		in.row.regs[register] = r
	}
}

// restore resets a register's rule to the one at the start of the function.
func (in *interpreter) restore(register uint64) {
	if register < numRegisters {
		in.row.regs[register] = in.initial.regs[register]
	}
}

// cfa computes the CFA of a row.
func (e *evaluator) cfa(r *row) (uint64, bool) {
	if r.cfaExpr != nil {
		return e.evaluate(r.cfaExpr)
	}
	v, ok := e.regs.get(r.cfaRegister)
	return e.regs.truncate(v + uint64(r.cfaOffset)), ok
}

// restore finds the value that a register had in the caller.
func (e *evaluator) restore(r *rule, cfa uint64) (v uint64, ok bool) {
	switch r.kind {
	case savedAt:
		return e.mem.load(e.regs.truncate(cfa+uint64(r.n)), e.regs.word)
	case isOffset:
		return cfa + uint64(r.n), true
	case inRegister:
		return e.regs.get(uint64(r.n))
	case savedAtResult:
		if v, ok = e.evaluate(r.expr, cfa); ok {
			v, ok = e.mem.load(v, e.regs.word)
		}
		return v, ok
	case isResult:
		return e.evaluate(r.expr, cfa)
	}
	return 0, false // undefined
}
