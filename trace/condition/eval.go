//go:build linux && amd64

package condition

import (
	"bytes"
	"regexp"

	"trapline/tables"
)

// Evaluation evaluates conditions on a Record, one after another.
type Evaluation struct {
	Record Record

	chosen chosen // here, so that it is not allocated each time
}

// test is a part of a condition that is true or false.
type test interface {
	holds(e *Evaluation) Verdict
}

type and []test

func (all and) holds(e *Evaluation) Verdict {
	verdict := True
	for _, t := range all {
		switch t.holds(e) {
		case False:
			return False
		case Unknown:
			verdict = Unknown
		}
	}
	return verdict
}

type or []test

func (any or) holds(e *Evaluation) Verdict {
	verdict := False
	for _, t := range any {
		switch t.holds(e) {
		case True:
			return True
		case Unknown:
			verdict = Unknown
		}
	}
	return verdict
}

type not struct{ inner test }

func (t not) holds(e *Evaluation) Verdict {
	switch t.inner.holds(e) {
	case False:
		return True
	case True:
		return False
	}
	return Unknown
}

// maxOperands is the number of operands that one comparison may have.
const maxOperands = 8

// anyOf is a test of values. It holds if inner holds for at least one value of the
// operands; with none set, it holds if inner holds for no value. It does not hold if an
// operand has no values.
type anyOf struct {
	operands []*operandRef
	test     valueTest
	none     bool
}

// chosen holds one value of each of a comparison's operands.
type chosen struct {
	abi    tables.ABI
	values [maxOperands]*Value
}

func (t *anyOf) holds(e *Evaluation) Verdict {
	if len(t.operands) == 1 {
		return t.holdsForOne(e)
	}
	var of [maxOperands][]Value
	for i, ref := range t.operands {
		values, known := e.Record.Values(ref.operand)
		if !known {
			return Unknown
		}
		if len(values) == 0 {
			return False
		}
		of[i] = values
	}
	c := &e.chosen
	c.abi = e.Record.ABI()
	var at [maxOperands]int
	for {
		for i := range t.operands {
			c.values[i] = &of[i][at[i]]
		}
		if t.test.holdsFor(c) {
			return verdictOf(!t.none)
		}
		i := 0
		for ; i < len(t.operands); i++ {
			if at[i]++; at[i] < len(of[i]) {
				break
			}
			at[i] = 0
		}
		if i == len(t.operands) {
			return verdictOf(t.none)
		}
	}
}

// holdsForOne is holds with a single operand, as most comparisons have.
func (t *anyOf) holdsForOne(e *Evaluation) Verdict {
	values, known := e.Record.Values(t.operands[0].operand)
	if !known {
		return Unknown
	}
	if len(values) == 0 {
		return False
	}
	c := &e.chosen
	c.abi = e.Record.ABI()
	for i := range values {
		c.values[0] = &values[i]
		if t.test.holdsFor(c) {
			return verdictOf(!t.none)
		}
	}
	return verdictOf(t.none)
}

func verdictOf(b bool) Verdict {
	if b {
		return True
	}
	return False
}

// valueTest is a test of one value of each operand.
type valueTest interface {
	holdsFor(c *chosen) bool
}

// expr is a value. It is false if the operands have values of another kind.
type expr interface {
	value(c *chosen) (Value, bool)
}

// operandRef is an operand of a comparison, by its position there.
type operandRef struct {
	operand  *Operand
	position int
}

func (e *operandRef) value(c *chosen) (Value, bool) { return *c.values[e.position], true }

type literal struct{ v Value }

func (e *literal) value(*chosen) (Value, bool) { return e.v, true }

// constant is a named constant under each ABI.
type constant [tables.NumABI]Value

func newConstant(numbers [tables.NumABI]uint64) *constant {
	var c constant
	for abi, n := range numbers {
		c[abi] = Value{Kind: Number, Num: Signed(int64(n))}
	}
	return &c
}

func (e *constant) value(c *chosen) (Value, bool) { return e[c.abi], true }

type unary struct {
	op    string
	inner expr
}

func (e *unary) value(c *chosen) (Value, bool) {
	v, ok := e.inner.value(c)
	if !ok || v.Kind != Number {
		return v, false
	}
	if e.op == "~" {
		v.Num = v.Num.not()
	} else {
		v.Num = Num{}.minus(v.Num)
	}
	return v, true
}

type binary struct {
	op          string
	left, right expr
}

func (e *binary) value(c *chosen) (Value, bool) {
	l, ok1 := e.left.value(c)
	r, ok2 := e.right.value(c)
	if !ok1 || !ok2 || l.Kind == String || l.Kind != r.Kind {
		return l, false
	}
	switch e.op {
	case "&":
		l.Num = l.Num.and(r.Num)
	case "|":
		l.Num = l.Num.or(r.Num)
	case "+":
		l.Num = l.Num.plus(r.Num)
	case "-":
		l.Num = l.Num.minus(r.Num)
	case "*":
		l.Num = l.Num.times(r.Num)
	case "<<":
		l.Num = l.Num.left(r.Num)
	case ">>":
		l.Num = l.Num.right(r.Num)
	}
	return l, true
}

// anyBit is the condition that a value is not zero.
type anyBit struct{ inner expr }

func (t *anyBit) holdsFor(c *chosen) bool {
	v, ok := t.inner.value(c)
	return ok && !v.Num.isZero()
}

type comparison struct {
	left, right expr
	op          string
}

func (t *comparison) holdsFor(c *chosen) bool {
	l, ok1 := t.left.value(c)
	r, ok2 := t.right.value(c)
	if !ok1 || !ok2 || l.Kind != r.Kind {
		return false
	}
	if t.op == "==" {
		return equal(&l, &r)
	}
	if l.Kind == String {
		return false
	}
	switch order := l.Num.compare(r.Num); t.op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	default:
		return order >= 0
	}
}

func equal(l, r *Value) bool {
	if l.Kind == String {
		return bytes.Equal(l.Str, r.Str)
	}
	return l.Num.equals(r.Num)
}

// membership is the condition that a value is in a list.
type membership struct {
	left expr
	list []expr
	none bool // the operator is "not in": see anyOf
}

func (t *membership) holdsFor(c *chosen) bool {
	l, ok := t.left.value(c)
	if !ok {
		return false
	}
	for _, e := range t.list {
		if r, ok := e.value(c); ok && l.Kind == r.Kind && equal(&l, &r) {
			return true
		}
	}
	return false
}

// stringTest compares parts of strings.
type stringTest struct {
	left, right expr
	op          string
}

func (t *stringTest) holdsFor(c *chosen) bool {
	l, ok1 := t.left.value(c)
	r, ok2 := t.right.value(c)
	if !ok1 || !ok2 || l.Kind != String || r.Kind != String {
		return false
	}
	switch t.op {
	case "startsWith":
		return bytes.HasPrefix(l.Str, r.Str)
	case "endsWith":
		return bytes.HasSuffix(l.Str, r.Str)
	default:
		return bytes.Contains(l.Str, r.Str)
	}
}

// match is the condition that a string matches a regular expression.
type match struct {
	left expr
	re   *regexp.Regexp
}

func (t *match) holdsFor(c *chosen) bool {
	v, ok := t.left.value(c)
	return ok && v.Kind == String && t.re.Match(v.Str)
}
