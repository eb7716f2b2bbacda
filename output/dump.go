package output

// Data as it is dumped in text:
//
//   - 7 bytes in buffer 2
//     | 00000  38 39 61 62 63 64 65                              89abcde          |
const dumpWidth = 16 // bytes in a line

func (t *text) Dump(off, size uint64, b []byte) {
	digits := 5
	for digits < 16 && (size-1)>>(4*digits) != 0 {
		digits++
	}
	for ; len(b) > 0; off += dumpWidth {
		line := b[:min(dumpWidth, len(b))]
		b = b[len(line):]
		t.dump = append(t.dump, " | "...)
		t.dump = appendHexPadded(t.dump, off, digits)
		t.dump = append(t.dump, ' ')
		for i := range dumpWidth {
			if i == dumpWidth/2 {
				t.dump = append(t.dump, ' ')
			}
			if i < len(line) {
				t.dump = append(t.dump, ' ', lowerHex[line[i]>>4], lowerHex[line[i]&15])
			} else {
				t.dump = append(t.dump, "   "...)
			}
		}
		t.dump = append(t.dump, "  "...)
		for i := range dumpWidth {
			c := byte(' ')
			if i < len(line) {
				c = line[i]
			}
			if c < ' ' || c > '~' {
				c = '.'
			}
			t.dump = append(t.dump, c)
		}
		t.dump = append(t.dump, " |\n"...)
	}
}

func (t *text) DumpLost(addr, size uint64) {
	t.dump = append(t.dump, " | <Cannot fetch "...)
	t.dump = appendNumber(t.dump, size, Unsigned)
	t.dump = append(t.dump, " byte"...)
	if size != 1 {
		t.dump = append(t.dump, 's')
	}
	t.dump = append(t.dump, " from pid "...)
	t.dump = appendNumber(t.dump, uint64(t.pid), Signed)
	t.dump = append(t.dump, " @"...)
	t.dump = appendHex(t.dump, addr)
	t.dump = append(t.dump, ">\n"...)
}

func (t *text) DumpBuffer(index int, size uint64) {
	t.dumpTitle(" * ", size, " bytes in buffer ", index)
}

func (t *text) DumpMessage(index int, buffers uint64) {
	t.dumpTitle(" = ", buffers, " buffers in vector ", index)
}

func (t *text) dumpTitle(mark string, n uint64, what string, index int) {
	t.dump = append(t.dump, mark...)
	t.dump = appendNumber(t.dump, n, Unsigned)
	t.dump = append(t.dump, what...)
	t.dump = appendNumber(t.dump, uint64(index), Signed)
	t.dump = append(t.dump, '\n')
}

// dumped starts an object in the member "dump".
func (j *jsonTrace) dumped() {
	if j.top().kind != inList {
		j.unwind()
		j.member("dump")
		j.enter(inList, '[')
	}
	j.cell("")
}

func (j *jsonTrace) Dump(off, size uint64, b []byte) {
	j.dumped()
	j.member("offset")
	j.number(off, Unsigned)
	j.member("length")
	j.number(uint64(len(b)), Unsigned)
	j.member("hex")
	j.hexString(b)
}

func (j *jsonTrace) DumpLost(addr, size uint64) {
	j.dumped()
	j.member("unreadable")
	j.address(addr)
	j.member("length")
	j.number(size, Unsigned)
}

func (j *jsonTrace) DumpBuffer(index int, size uint64) {
	j.dumped()
	j.member("buffer")
	j.number(uint64(index), Signed)
	j.member("size")
	j.number(size, Unsigned)
}

func (j *jsonTrace) DumpMessage(index int, buffers uint64) {
	j.dumped()
	j.member("message")
	j.number(uint64(index), Signed)
	j.member("buffers")
	j.number(buffers, Unsigned)
}
