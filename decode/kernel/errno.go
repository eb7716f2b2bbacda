package kernel

import (
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

type errnum struct {
	Number
	negated bool
}

func (t *errnum) Show(c *Call, v View) {
	n := int32(t.Value(c, v))
	e, sign := n, ""
	if t.negated {
		e, sign = -n, "-"
	}
	if name := tables.ErrnoName(uint32(e)); e > 0 && name != "" {
		c.Out.Symbol(uint64(n), sign+name, output.Signed)
		return
	}
	if t.negated {
		c.Out.Number(uint64(n), output.Signed)
	} else {
		c.Out.Number(uint64(uint32(n)), output.Unsigned)
	}
}

type errno struct{ Number }

func (t *errno) Show(c *Call, v View) {
	n := t.Value(c, v)
	if name := tables.ErrnoName(uint32(n)); name != "" {
		c.Out.Symbol(n, name, output.Unsigned)
		return
	}
	c.Out.Number(n, output.Unsigned)
}

// ShowNegativeErrno shows an error as the kernel returns it, "-ENOENT", or a
// number that is not an error.
func ShowNegativeErrno(c *Call, n int64) {
	if n < 0 && -n < 1<<32 {
		if name := tables.ErrnoName(uint32(-n)); name != "" {
			c.Out.Symbol(uint64(n), "-"+name, output.Signed)
			return
		}
	}
	c.Out.Number(uint64(n), output.Signed)
}
