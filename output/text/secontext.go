package text

import "trapline/output"

// Context implements output.Encoder.
func (e *Values) Context(context, expected []byte) {
	e.put(" ")
	e.punct("[")
	e.context(context)
	if expected != nil {
		e.put("!!")
		e.context(expected)
	}
	e.punct("]")
}

// context writes an SELinux context for use in brackets.
func (e *Values) context(b []byte) {
	e.buf = AppendEscaped(e.buf, b, ContextStyle(e.opt.Strings), "[]!")
}

// ContextStyle returns the style in which SELinux contexts are escaped, given the style of
// strings: contexts stay readable despite -x and -xx.
func ContextStyle(strings output.StringStyle) output.StringStyle {
	if strings == output.OctalEscapes {
		return output.OctalEscapes
	}
	return output.HexEscapes
}

// beginContext writes the tracee's context at the start of a line.
func (w *writer) beginContext() {
	if context := w.tracee.Context; len(context) > 0 {
		w.punct("[")
		w.context(context)
		w.punct("]")
		w.put(" ")
	}
}
