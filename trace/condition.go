//go:build linux && amd64

package trace

import (
	"fmt"

	"trapline/trace/condition"
)

// Condition chooses calls and other records by what is in them:
//
//	name == "openat" and flags & O_CREAT and path startsWith "/etc"
//
// docs/conditions.md describes the language. A Condition may be used by several
// Sessions at the same time.
type Condition struct {
	condition *condition.Condition
	operands  []*operand // by condition.Operand.ID
}

// ParseCondition reads a condition on calls of a set; nil is all calls. An
// operand that none of these calls has is an error, and so are values that
// cannot be compared. Errors are a *ConditionError.
func ParseCondition(text string, calls *CallSet) (*Condition, error) {
	schema := &operandSchema{calls: calls.orAll()}
	c, err := condition.Parse(text, schema)
	if err != nil {
		return nil, err
	}
	return &Condition{c, schema.operands}, nil
}

// ConditionError is a condition that cannot be used, with the reason and its position.
type ConditionError = condition.Error

// String is the condition as it was written.
func (c *Condition) String() string { return c.condition.String() }

// AtEntry returns an error if the condition asks for what is not known at the
// entry of any call: the result, or what the kernel writes.
func (c *Condition) AtEntry() error {
	for _, o := range c.condition.Operands() {
		if c.operands[o.ID].late() {
			return fmt.Errorf("condition '%s': '%s' is not known before the call has ended", c, o.Name)
		}
	}
	return nil
}

// asks reports whether the condition asks for an operand of a kind.
func (c *Condition) asks(kinds ...operandKind) bool {
	for _, o := range c.operands {
		for _, k := range kinds {
			if o.kind == k {
				return true
			}
		}
	}
	return false
}
