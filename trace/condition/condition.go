//go:build linux && amd64

// Package condition is the language of conditions on what a trace records:
//
//	name == "openat" and flags & O_CREAT and path startsWith "/etc"
//
// The package knows the grammar, the types and the rules of evaluation. A Schema tells it
// which operands and constants exist, and a Record the values of operands.
// docs/conditions.md describes the language to users.
package condition

import (
	"fmt"

	"trapline/tables"
	"trapline/trace/nearest"
)

// Kind is a set of the kinds of value that an expression may have.
type Kind uint8

const (
	Number   Kind = 1 << iota // an integer, see Num
	String                    // bytes
	Duration                  // a time in nanoseconds, which is not compared with a Number
	Group                     // a struct: only its members have values
	Null                      // the constant NULL, which is compared with everything
	Truth                     // a condition: and, or, not
)

// Operand is something that a condition asks about.
type Operand struct {
	Name  string        // as in the condition: "addr.sin_port"
	Kinds Kind          // of its values
	Sets  []*tables.Set // have names of its numbers
	ID    int           // for the Schema and the Record

	// Check returns an *UnknownError for a string that the operand can never equal, so
	// that a comparison with it is an error. It is nil if every string is possible.
	Check func(text string) error
}

// A Schema says which operands and constants exist.
type Schema interface {
	// Operand finds an operand by its name and the names or positions behind it: "addr",
	// "sin_port". If it does not exist, the error is an *UnknownError.
	Operand(path []string) (*Operand, error)
	// Constant finds the value of a named constant, for each ABI. It first looks in sets,
	// the sets of the operands that the constant is compared with. If it does not exist,
	// the error is an *UnknownError.
	Constant(name string, sets []*tables.Set) ([tables.NumABI]uint64, error)
}

// UnknownError is a name that a Schema does not know.
type UnknownError struct {
	Problem string   // what is wrong: "no call that is traced has an operand 'flagz'"
	Name    string   // the name
	Known   []string // the names that may have been meant
}

func (e *UnknownError) Error() string {
	if near := nearest.Of(e.Name, e.Known); near != "" {
		return fmt.Sprintf("%s: did you mean '%s'?", e.Problem, near)
	}
	return e.Problem
}

// Error is a condition that cannot be used.
type Error struct {
	Text    string // the condition
	Column  int    // where in Text, in characters from 1
	Problem string
	unknown bool // the problem is a name that the Schema does not know
}

func (e *Error) Error() string {
	return fmt.Sprintf("condition '%s', column %d: %s", e.Text, e.Column, e.Problem)
}

// Condition is a condition that has been parsed and checked.
type Condition struct {
	text     string
	root     test
	operands []*Operand
}

// maxText is the size in bytes of the longest condition.
const maxText = 10000

// Parse reads a condition, and checks the names and types in it. Its errors are
// of type *Error.
func Parse(text string, schema Schema) (*Condition, error) {
	if len(text) > maxText {
		return nil, &Error{Text: text[:40] + "...", Column: maxText, Problem: fmt.Sprintf("a condition has %d bytes at most", maxText)}
	}
	tree, err := parseTree(text)
	if err != nil {
		return nil, err
	}
	c := checker{text: text, schema: schema}
	root, err := c.condition(tree)
	if err != nil {
		return nil, err
	}
	return &Condition{text, root, c.operands}, nil
}

// String is the condition as it was written.
func (c *Condition) String() string { return c.text }

// Operands are the operands that the condition asks about, in order. An operand may occur
// several times.
func (c *Condition) Operands() []*Operand { return c.operands }

// Verdict is what is known of a condition.
type Verdict uint8

const (
	False Verdict = iota
	True
	Unknown // it depends on operands that are not known yet
)

// Value is a value of an operand.
type Value struct {
	Kind Kind   // Number, String or Duration
	Num  Num    // of a Number or a Duration
	Str  []byte // of a String
}

// A Record knows the values of operands.
type Record interface {
	// ABI is that of the call.
	ABI() tables.ABI
	// Values returns the values of an operand: none if the record has no such operand, or
	// one or more. They are valid until the next call for the same operand. known is false
	// if the operand has no value yet.
	Values(o *Operand) (values []Value, known bool)
}

// Holds evaluates the condition. It does not allocate memory.
func (c *Condition) Holds(e *Evaluation) Verdict { return c.root.holds(e) }
