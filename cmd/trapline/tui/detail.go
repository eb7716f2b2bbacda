//go:build linux && amd64

package tui

import (
	"fmt"
	"strconv"
	"strings"

	"trapline/trace"
)

// detail is everything about a record, as lines: its arguments with all their parts,
// the result, and the buffers in hexadecimal.
func detail(s Store, i int) []string {
	r := s.Record(i)
	lines := strings.Split(r.Text, "\n")
	first, _ := s.Span()
	lines = append(lines, "",
		fmt.Sprintf("record   %d of %d", i+1, s.Len()),
		fmt.Sprintf("time     %s, %s after the start", r.Time.Format("2006-01-02 15:04:05.000000000"), r.Time.Sub(first)),
		fmt.Sprintf("process  %d, thread %d%s", r.Process, r.TID, programOf(s, r)))
	c := r.Call()
	if c == nil {
		return lines
	}
	lines = append(lines, fmt.Sprintf("call     %s, number %d of %s", c.Name, c.Number, c.ABI))
	if r.Ended {
		lines = append(lines, "took     "+r.Took.String())
	}
	lines = append(lines, "")
	for k := range c.Args {
		lines = appendValue(lines, "", c.Args[k].Name, &c.Args[k])
	}
	if r.Ended {
		lines = appendValue(lines, "", "= result", &c.Result)
		if c.Failed() {
			lines = append(lines, fmt.Sprintf("  errno %d %v", int(c.Errno), c.Errno))
		}
	}
	for k := range c.Remarks {
		lines = appendValue(lines, "", "remark "+c.Remarks[k].Name, &c.Remarks[k])
	}
	return lines
}

func programOf(s Store, r *Record) string {
	if p := s.Process(r.Process); p != nil && len(p.Args) > 0 {
		return ": " + quoted(p.Args)
	}
	return ""
}

// appendValue adds the lines of a value.
func appendValue(lines []string, indent, name string, v *trace.Value) []string {
	head := indent + "  " + printable(name)
	if name != "" {
		head += " "
	}
	notes := ""
	for _, n := range v.Notes {
		notes += "  " + n.Kind + " " + printable(n.Text)
	}
	switch v.Kind {
	case trace.Number:
		text := strconv.FormatInt(v.Int(), 10)
		if v.Num > 9 {
			text += fmt.Sprintf(" (%#x)", v.Num)
		}
		if len(v.Names) > 0 {
			text += "  " + strings.Join(v.Names, "|")
		}
		if v.Symbolic != nil {
			text += "  " + printable(v.Symbolic.String())
		}
		lines = append(lines, head+text+notes)
	case trace.String, trace.Bytes:
		size := fmt.Sprintf("%d bytes", len(v.Str))
		if v.More {
			size += " of more"
			if v.Size > 0 {
				size = fmt.Sprintf("%d of %d bytes", len(v.Str), v.Size)
			}
		}
		if v.Path {
			lines = append(lines, head+strconv.Quote(v.Str)+notes)
			break
		}
		lines = append(lines, head+size+notes)
		lines = append(lines, hexDump(indent+"    ", v.Str)...)
	case trace.Struct, trace.Array, trace.Set, trace.Macro:
		kind := map[trace.Kind]string{trace.Struct: "struct", trace.Array: "array", trace.Set: "set", trace.Macro: v.Str}[v.Kind]
		if v.Complement {
			kind = "all except"
		}
		lines = append(lines, head+printable(kind)+notes)
		for i := range v.Elems {
			element := v.Elems[i].Name
			if element == "" {
				element = "[" + strconv.Itoa(i) + "]"
			}
			lines = appendValue(lines, indent+"  ", element, &v.Elems[i])
		}
		if v.More {
			lines = append(lines, indent+"    ...")
		}
	default:
		lines = append(lines, head+printable(v.String())+notes)
	}
	if v.After != nil {
		lines = appendValue(lines, indent, name+" after", v.After)
	}
	return lines
}

// hexDump shows bytes as hexadecimal numbers and as characters, 16 on a line.
func hexDump(indent, s string) (lines []string) {
	for at := 0; at < len(s); at += 16 {
		part := s[at:min(len(s), at+16)]
		var hex, text strings.Builder
		for i := range 16 {
			if i == 8 {
				hex.WriteByte(' ')
			}
			if i >= len(part) {
				hex.WriteString("   ")
				continue
			}
			fmt.Fprintf(&hex, "%02x ", part[i])
			if c := part[i]; c >= ' ' && c < 0x7f {
				text.WriteByte(c)
			} else {
				text.WriteByte('.')
			}
		}
		lines = append(lines, fmt.Sprintf("%s%04x  %s |%s|", indent, at, hex.String(), text.String()))
	}
	return lines
}

// buffers is the hexadecimal of all strings of a record.
func buffers(s Store, i int) []string {
	r := s.Record(i)
	c := r.Call()
	if c == nil {
		return nil
	}
	var lines []string
	var visit func(name string, v *trace.Value)
	visit = func(name string, v *trace.Value) {
		if v.Name != "" {
			name = strings.TrimPrefix(name+"."+v.Name, ".")
		}
		if v.Kind == trace.String || v.Kind == trace.Bytes {
			lines = append(lines, fmt.Sprintf("%s: %d bytes", printable(name), len(v.Str)))
			lines = append(append(lines, hexDump("  ", v.Str)...), "")
		}
		for k := range v.Elems {
			visit(name, &v.Elems[k])
		}
		if v.After != nil {
			visit(name+" after", v.After)
		}
	}
	for k := range c.Args {
		visit("", &c.Args[k])
	}
	return lines
}
