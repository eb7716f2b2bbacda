package perfetto

import (
	"bytes"

	"trapline/output"
	"trapline/output/json"
	"trapline/output/text"
)

// Members of the object that are not arguments of the call.

// word writes a member that is a string.
func (a *args) word(name, s string) {
	a.unwind()
	a.key(name, "")
	a.buf, _ = json.AppendString(a.buf, s)
}

// integer writes a member that is a number.
func (a *args) integer(name string, v int64) {
	a.unwind()
	a.key(name, "")
	a.buf = appendInteger(a.buf, uint64(v), output.Signed)
}

// strings writes a member that is a list of strings, each of which ends with a NUL.
func (a *args) strings(name string, list []byte) {
	a.unwind()
	a.key(name, "")
	a.buf = append(a.buf, '[')
	for n := 0; len(list) > 0; n++ {
		if n > 0 {
			a.buf = append(a.buf, ',')
		}
		var item []byte
		item, list, _ = bytes.Cut(list, []byte{0})
		a.buf, _ = json.AppendString(a.buf, item)
	}
	a.buf = append(a.buf, ']')
}

// stack writes the call stack, if there is one: a string for each frame.
func (a *args) stack(s *output.Stack) {
	if s == nil {
		return
	}
	a.unwind()
	a.key("stack", "")
	a.buf = append(a.buf, '[')
	var frame []byte
	for i := range s.Frames {
		if i > 0 {
			a.buf = append(a.buf, ',')
		}
		frame = text.AppendFrame(frame[:0], &s.Frames[i])
		a.buf, _ = json.AppendString(a.buf, frame)
	}
	if s.Cut {
		a.buf = append(a.buf, `,"..."`...)
	}
	a.buf = append(a.buf, ']')
}
