//go:build linux && amd64

package condition

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"trapline/tables"
)

// checker turns a parsed condition into one that can be evaluated.
type checker struct {
	text     string
	schema   Schema
	operands []*Operand
}

func (c *checker) errorf(at lexer.Position, format string, args ...any) error {
	return &Error{Text: c.text, Column: at.Column, Problem: fmt.Sprintf(format, args...)}
}

// unknown gives an error of the Schema its position.
func (c *checker) unknown(at lexer.Position, err error) error {
	return &Error{Text: c.text, Column: at.Column, Problem: err.Error(), unknown: true}
}

// condition checks an expression that must be true or false.
func (c *checker) condition(t *orTree) (test, error) {
	var all or
	for _, term := range t.Terms {
		one, err := c.conjunction(term)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

func (c *checker) conjunction(t *andTree) (test, error) {
	var all and
	for _, term := range t.Terms {
		one, err := c.negation(term)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

func (c *checker) negation(t *notTree) (test, error) {
	if t.Not == nil {
		return c.test(t.Test)
	}
	inner, err := c.negation(t.Not)
	return not{inner}, err
}

// test checks a comparison, or a value that is a condition by itself.
func (c *checker) test(t *testTree) (test, error) {
	switch {
	case t.List != nil:
		return c.in(t)
	case t.Op == "":
		return c.alone(t)
	case t.Op == "=":
		return nil, c.errorf(t.Pos, "'=' does not compare: use '=='")
	}
	v := &values{checker: c}
	v.collect(t.Left, t.Right)
	left, err := v.sum(t.Left)
	if err != nil {
		return nil, err
	}
	right, err := v.sum(t.Right)
	if err != nil {
		return nil, withoutQuotes(err, left)
	}
	switch t.Op {
	case "matches", "startsWith", "endsWith", "contains":
		return v.stringTest(t, left, right)
	}
	if err := v.comparable(t.Right.Pos, left, right); err != nil {
		return nil, err
	}
	if err := v.possible(left, right, t.Right.Pos); err != nil {
		return nil, err
	}
	if err := v.possible(right, left, t.Left.Pos); err != nil {
		return nil, err
	}
	if t.Op != "==" && t.Op != "!=" && (left.kinds|right.kinds)&(Number|Duration) == 0 {
		return nil, c.errorf(t.Pos, "'%s' compares numbers and times", t.Op)
	}
	return v.finish(t.Pos, &comparison{left: left.expr, right: right.expr, op: t.Op})
}

// withoutQuotes adds a hint to the error about an unknown name that is compared with a
// string: it may lack quotes.
func withoutQuotes(err error, left typed) error {
	var e *Error
	if errors.As(err, &e) && e.unknown && left.kinds == String {
		problem, _, _ := strings.Cut(e.Problem, ": did you mean ")
		return &Error{Text: e.Text, Column: e.Column, Problem: problem + ": a string has quotes"}
	}
	return err
}

// alone checks a value that is not compared with anything.
func (c *checker) alone(t *testTree) (test, error) {
	if inner := t.Left.inParentheses(); inner != nil {
		return c.condition(inner)
	}
	v := &values{checker: c}
	v.collect(t.Left)
	value, err := v.sum(t.Left)
	if err != nil {
		return nil, err
	}
	if b, ok := value.expr.(*binary); ok && b.op == "&" {
		return v.finish(t.Pos, &anyBit{value.expr})
	}
	return nil, c.errorf(t.Pos, "%s is not a condition: compare it with something", value.kinds)
}

// inParentheses is the condition that t consists of, in parentheses, or nil.
func (t *sumTree) inParentheses() *orTree {
	if len(t.Rest) > 0 || len(t.Left.Signs) > 0 {
		return nil
	}
	return t.Left.Term.Inner
}

// in checks VALUE in [VALUE, ...].
func (c *checker) in(t *testTree) (test, error) {
	if len(t.List.Elements) == 0 {
		return nil, c.errorf(t.List.Pos, "the list is empty")
	}
	v := &values{checker: c}
	v.collect(t.Left)
	left, err := v.sum(t.Left)
	if err != nil {
		return nil, err
	}
	m := &membership{left: left.expr}
	for _, e := range t.List.Elements {
		element, err := v.sum(e)
		if err != nil {
			return nil, err
		}
		if err := v.comparable(e.Pos, left, element); err != nil {
			return nil, err
		}
		if err := v.possible(left, element, e.Pos); err != nil {
			return nil, err
		}
		m.list = append(m.list, element.expr)
	}
	m.none = t.NotIn
	return v.finish(t.Pos, m)
}

// values checks the values of one comparison.
type values struct {
	*checker
	sets     []*tables.Set // of all operands in it: they name its constants
	operands []*operandRef
}

// typed is an expression and the kinds of value that it may have.
type typed struct {
	expr  expr
	kinds Kind
}

// collect finds the operands of the comparison, whose sets define its constants. Unknown
// names are reported later.
func (v *values) collect(trees ...*sumTree) {
	for _, t := range trees {
		v.collectTerm(t.Left.Term)
		for _, r := range t.Rest {
			v.collectTerm(r.Term.Term)
		}
	}
}

func (v *values) collectTerm(t *termTree) {
	switch {
	case t.Name != nil && !t.Name.isConstant():
		if o, err := v.schema.Operand(t.Name.path()); err == nil {
			v.sets = append(v.sets, o.Sets...)
		}
	case t.Call != nil:
		v.collect(t.Call.Args...)
	case t.Inner != nil:
		if inner := t.Inner.asValue(); inner != nil {
			v.collect(inner)
		}
	}
}

func (t *nameTree) path() []string { return append([]string{t.Name}, t.Members...) }

// isConstant reports whether a name is in capitals, as constants are and operands
// are not.
func (t *nameTree) isConstant() bool {
	return len(t.Members) == 0 && t.Name == strings.ToUpper(t.Name)
}

// asValue is the value that a condition in parentheses consists of, or nil.
func (t *orTree) asValue() *sumTree {
	if len(t.Terms) > 1 || len(t.Terms[0].Terms) > 1 {
		return nil
	}
	only := t.Terms[0].Terms[0]
	if only.Not != nil || only.Test.Op != "" || only.Test.List != nil {
		return nil
	}
	return only.Test.Left
}

// precedence is that of an operator between values. As in Go, & binds tighter than ==.
func precedence(op string) int {
	switch op {
	case "+", "-", "|":
		return 1
	}
	return 2
}

// sum checks terms with operators between them.
func (v *values) sum(t *sumTree) (typed, error) {
	left, err := v.signed(t.Left)
	if err != nil {
		return typed{}, err
	}
	made, _, err := v.climb(left, t.Left.Pos, t.Rest, 1)
	return made, err
}

// climb applies the operators whose precedence is at least least to left, and returns the
// remaining ones.
func (v *values) climb(left typed, at lexer.Position, rest []*restTree, least int) (typed, []*restTree, error) {
	for len(rest) > 0 && precedence(rest[0].Op) >= least {
		op := rest[0]
		right, err := v.signed(op.Term)
		if err != nil {
			return typed{}, nil, err
		}
		rightAt := op.Term.Pos
		for rest = rest[1:]; len(rest) > 0 && precedence(rest[0].Op) > precedence(op.Op); {
			if right, rest, err = v.climb(right, rightAt, rest, precedence(op.Op)+1); err != nil {
				return typed{}, nil, err
			}
		}
		kinds := left.kinds & right.kinds & (Number | Duration)
		if op.Op != "+" && op.Op != "-" {
			kinds &= Number
		}
		if kinds == 0 {
			wrong, where := left, at
			if left.kinds&Number != 0 {
				wrong, where = right, rightAt
			}
			return typed{}, nil, v.errorf(where, "'%s' is for numbers, and this is %s", op.Op, wrong.kinds)
		}
		left = typed{&binary{op.Op, left.expr, right.expr}, kinds}
	}
	return left, rest, nil
}

func (v *values) signed(t *signedTree) (typed, error) {
	term, err := v.term(t.Term)
	if err != nil || len(t.Signs) == 0 {
		return term, err
	}
	if term.kinds&Number == 0 {
		return typed{}, v.errorf(t.Term.Pos, "'%s' is for numbers, and this is %s", t.Signs[0], term.kinds)
	}
	e := term.expr
	for i := len(t.Signs) - 1; i >= 0; i-- {
		e = &unary{t.Signs[i], e}
	}
	return typed{e, Number}, nil
}

func (v *values) term(t *termTree) (typed, error) {
	switch {
	case t.Number != "":
		n, problem := parseNumber(t.Number)
		if problem != "" {
			return typed{}, v.errorf(t.Pos, "%s", problem)
		}
		return typed{&literal{n}, n.Kind}, nil
	case t.String != nil:
		s, err := unquote(*t.String)
		if err != nil {
			return typed{}, v.errorf(t.Pos, "the string %s has a wrong escape", *t.String)
		}
		return typed{&literal{Value{Kind: String, Str: []byte(s)}}, String}, nil
	case t.Call != nil:
		return v.call(t.Call)
	case t.Name != nil:
		return v.name(t.Name)
	}
	if inner := t.Inner.asValue(); inner != nil {
		return v.sum(inner)
	}
	return typed{}, v.errorf(t.Pos, "a condition stands here in place of a value")
}

// unquote reads a string in double or single quotes with the escapes of Go.
func unquote(s string) (string, error) {
	quote, rest := s[0], s[1:len(s)-1]
	var b strings.Builder
	for len(rest) > 0 {
		if rest[0] != '\\' { // also invalid UTF-8, or a newline
			b.WriteByte(rest[0])
			rest = rest[1:]
			continue
		}
		r, multibyte, tail, err := strconv.UnquoteChar(rest, quote)
		if err != nil {
			return "", err
		}
		if multibyte {
			b.WriteRune(r)
		} else {
			b.WriteByte(byte(r))
		}
		rest = tail
	}
	return b.String(), nil
}

// name checks the name of an operand or, failing that, of a constant.
func (v *values) name(t *nameTree) (typed, error) {
	if t.Name == "NULL" && len(t.Members) == 0 {
		return typed{&literal{Value{Kind: Number}}, Number | Null}, nil
	}
	if t.isConstant() {
		numbers, err := v.schema.Constant(t.Name, v.sets)
		if err != nil {
			return typed{}, v.unknown(t.Pos, err)
		}
		return typed{newConstant(numbers), Number}, nil
	}
	o, err := v.schema.Operand(t.path())
	if err == nil {
		ref := &operandRef{operand: o}
		v.operands = append(v.operands, ref)
		v.checker.operands = append(v.checker.operands, o)
		return typed{ref, o.Kinds}, nil
	}
	if len(t.Members) > 0 {
		return typed{}, v.unknown(t.Pos, err)
	}
	if numbers, constantErr := v.schema.Constant(t.Name, v.sets); constantErr == nil {
		return typed{newConstant(numbers), Number}, nil
	}
	if upper := strings.ToUpper(t.Name); upper != t.Name {
		if _, none := v.schema.Constant(upper, v.sets); none == nil {
			err = fmt.Errorf("'%s' is no operand: did you mean '%s'?", t.Name, upper)
		}
	}
	return typed{}, v.unknown(t.Pos, err)
}

// comparable reports whether two values may be equal.
func (v *values) comparable(at lexer.Position, left, right typed) error {
	if left.kinds&right.kinds&^Group != 0 || (left.kinds|right.kinds)&Null != 0 {
		return nil
	}
	for _, side := range [...]typed{left, right} {
		if err := v.isGroup(at, side); err != nil {
			return err
		}
	}
	hint := ""
	if left.kinds|right.kinds == Duration|Number {
		hint = " (a time has a unit: 10ms)"
	}
	return v.errorf(at, "%s is compared with %s%s", left.kinds, right.kinds, hint)
}

// possible returns an error if an operand is compared with a string that it can never
// equal.
func (v *values) possible(left, right typed, at lexer.Position) error {
	ref, ok := left.expr.(*operandRef)
	if !ok {
		return nil
	}
	text, ok := right.expr.(*literal)
	if !ok || text.v.Kind != String || ref.operand.Check == nil {
		return nil
	}
	if err := ref.operand.Check(string(text.v.Str)); err != nil {
		return v.unknown(at, err)
	}
	return nil
}

// isGroup returns an error if a value can only be a struct.
func (v *values) isGroup(at lexer.Position, t typed) error {
	if ref, ok := t.expr.(*operandRef); ok && t.kinds == Group {
		return v.errorf(at, "'%s' is a struct: ask for a member of it", ref.operand.Name)
	}
	return nil
}

// stringTest checks matches, startsWith and the like.
func (v *values) stringTest(t *testTree, left, right typed) (test, error) {
	for _, side := range []struct {
		at lexer.Position
		typed
	}{{t.Left.Pos, left}, {t.Right.Pos, right}} {
		if err := v.isGroup(side.at, side.typed); err != nil {
			return nil, err
		}
		if side.kinds&String == 0 {
			return nil, v.errorf(side.at, "'%s' is for strings, and this is %s", t.Op, side.kinds)
		}
	}
	if t.Op != "matches" {
		return v.finish(t.Pos, &stringTest{left.expr, right.expr, t.Op})
	}
	pattern, ok := right.expr.(*literal)
	if !ok {
		return nil, v.errorf(t.Right.Pos, "a regular expression must be given as a string")
	}
	re, err := regexp.Compile(string(pattern.v.Str))
	if err != nil {
		return nil, v.errorf(t.Right.Pos, "%s", err)
	}
	return v.finish(t.Pos, &match{left.expr, re})
}

// finish makes a test of a comparison, for all values that its operands have.
func (v *values) finish(at lexer.Position, inner valueTest) (test, error) {
	if len(v.operands) > maxOperands {
		return nil, v.errorf(at, "more than %d operands in one comparison", maxOperands)
	}
	for i, ref := range v.operands {
		ref.position = i
	}
	made := &anyOf{operands: v.operands, test: inner}
	switch inner := inner.(type) {
	case *comparison:
		if inner.op == "!=" {
			inner.op, made.none = "==", true
		}
	case *membership:
		made.none = inner.none
	}
	return made, nil
}

// String describes kinds for an error.
func (k Kind) String() string {
	switch {
	case k&Null != 0:
		return "NULL"
	case k&(Number|String) == Number|String:
		return "a number or a string"
	case k&Number != 0:
		return "a number"
	case k&String != 0:
		return "a string"
	case k&Duration != 0:
		return "a time"
	case k&Group != 0:
		return "a struct"
	}
	return "a condition"
}
