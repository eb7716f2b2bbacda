package output

// SELinux contexts (--secontext).

// Context implements Encoder.
func (Discard) Context([]byte, []byte) {}

// Context implements Encoder.
func (t *text) Context(context, expected []byte) {
	t.put(" ")
	t.punct("[")
	t.buf = appendContext(t.buf, context, t.opt.Strings)
	if expected != nil {
		t.put("!!")
		t.buf = appendContext(t.buf, expected, t.opt.Strings)
	}
	t.punct("]")
}

func appendContext(b, context []byte, style StringStyle) []byte {
	if style != OctalEscapes {
		style = HexEscapes // whatever -x and -xx say of strings
	}
	return appendEscaped(b, context, style, "[]!")
}

// SetContext implements Trace.
func (t *text) SetContext(context []byte) {
	t.context = appendContext(t.context[:0], context, t.opt.Strings)
}

// beginContext writes the tracee's context at the head of a line.
func (t *text) beginContext() {
	if len(t.context) > 0 {
		t.punct("[")
		t.buf = append(t.buf, t.context...)
		t.punct("]")
		t.put(" ")
	}
}

// Context implements Encoder.
func (j *jsonTrace) Context(context, expected []byte) {
	j.Annotate("secontext", context)
	if expected != nil {
		j.Annotate("secontext_expected", expected)
	}
}

// SetContext implements Trace.
func (j *jsonTrace) SetContext(context []byte) { j.context = append(j.context[:0], context...) }

// beginContext writes the tracee's context at the head of a record.
func (j *jsonTrace) beginContext() {
	if len(j.context) > 0 {
		j.member("secontext")
		if !j.bytes(j.context) {
			j.member("secontext_hex")
			j.hexString(j.context)
		}
	}
}
