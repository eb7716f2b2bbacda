package text

import "trapline/output"

const dumpWidth = 16 // bytes in a line

// Dump implements output.Outcome. Titles (" * 7 bytes in buffer 2") and data follow
// the line of the call:
//
//	| 00000  38 39 61 62 63 64 65                              89abcde          |
func (w *writer) Dump(p output.DumpPart) {
	switch p.Kind {
	case output.DumpData:
		w.dumpData(p.Offset, p.Size, p.Data)
	case output.DumpLost:
		w.dumpLost(p.Addr, p.Size)
	case output.DumpBuffer:
		w.dumpTitle(" * ", p.Size, " bytes in buffer ", p.Index)
	case output.DumpMessage:
		w.dumpTitle(" = ", p.Size, " buffers in vector ", p.Index)
	}
}

func (w *writer) dumpData(off, size uint64, b []byte) {
	digits := 5
	for digits < 16 && (size-1)>>(4*digits) != 0 {
		digits++
	}
	for ; len(b) > 0; off += dumpWidth {
		line := b[:min(dumpWidth, len(b))]
		b = b[len(line):]
		w.dump = append(w.dump, " | "...)
		w.dump = output.AppendHexPadded(w.dump, off, digits)
		w.dump = append(w.dump, ' ')
		for i := range dumpWidth {
			if i == dumpWidth/2 {
				w.dump = append(w.dump, ' ')
			}
			if i < len(line) {
				w.dump = append(w.dump, ' ', output.LowerHex[line[i]>>4], output.LowerHex[line[i]&15])
			} else {
				w.dump = append(w.dump, "   "...)
			}
		}
		w.dump = append(w.dump, "  "...)
		for i := range dumpWidth {
			c := byte(' ')
			if i < len(line) {
				c = line[i]
			}
			if c < ' ' || c > '~' {
				c = '.'
			}
			w.dump = append(w.dump, c)
		}
		w.dump = append(w.dump, " |\n"...)
	}
}

func (w *writer) dumpLost(addr, size uint64) {
	w.dump = append(w.dump, " | <Cannot fetch "...)
	w.dump = output.AppendNumber(w.dump, size, output.Unsigned)
	w.dump = append(w.dump, " byte"...)
	if size != 1 {
		w.dump = append(w.dump, 's')
	}
	w.dump = append(w.dump, " from pid "...)
	w.dump = output.AppendNumber(w.dump, uint64(w.tracee.PID), output.Signed)
	w.dump = append(w.dump, " @"...)
	w.dump = output.AppendHex(w.dump, addr)
	w.dump = append(w.dump, ">\n"...)
}

func (w *writer) dumpTitle(mark string, n uint64, what string, index int) {
	w.dump = append(w.dump, mark...)
	w.dump = output.AppendNumber(w.dump, n, output.Unsigned)
	w.dump = append(w.dump, what...)
	w.dump = output.AppendNumber(w.dump, uint64(index), output.Signed)
	w.dump = append(w.dump, '\n')
}
