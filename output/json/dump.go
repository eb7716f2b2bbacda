package json

import "trapline/output"

// Dump implements output.Outcome: an object in the member "dump".
func (j *writer) Dump(p output.DumpPart) {
	if j.top().kind != inList {
		j.unwind()
		j.member("dump")
		j.enter(inList, '[')
	}
	j.cell("")
	switch p.Kind {
	case output.DumpData:
		j.member("offset")
		j.number(p.Offset, output.Unsigned)
		j.member("length")
		j.number(uint64(len(p.Data)), output.Unsigned)
		j.member("hex")
		j.hexString(p.Data)
	case output.DumpLost:
		j.member("unreadable")
		j.address(p.Addr)
		j.member("length")
		j.number(p.Size, output.Unsigned)
	case output.DumpBuffer:
		j.member("buffer")
		j.number(uint64(p.Index), output.Signed)
		j.member("size")
		j.number(p.Size, output.Unsigned)
	case output.DumpMessage:
		j.member("message")
		j.number(uint64(p.Index), output.Signed)
		j.member("buffers")
		j.number(p.Size, output.Unsigned)
	}
}
