package decode

import (
	"trapline/decode/lang"
	"trapline/output"
)

// dumpKind says where a call keeps the data that it moves.
type dumpKind uint8

const (
	inBuffer   dumpKind = iota // arguments 1 and 2, address and length
	inVector                   // arguments 1 and 2, an array of iovecs
	inMessage                  // argument 1, a msghdr
	inMessages                 // argument 1, an array of mmsghdrs
)

// The calls whose data -e read= and -e write= dump: strace(1).
var (
	dumpReads = lang.Lazy[map[string]dumpKind]{Make: func() map[string]dumpKind {
		return map[string]dumpKind{
			"read": inBuffer, "pread64": inBuffer, "recv": inBuffer, "recvfrom": inBuffer,
			"mq_timedreceive": inBuffer, "mq_timedreceive_time64": inBuffer,
			"readv": inVector, "preadv": inVector, "preadv2": inVector,
			"recvmsg": inMessage, "recvmmsg": inMessages, "recvmmsg_time64": inMessages,
		}
	}}
	dumpWrites = lang.Lazy[map[string]dumpKind]{Make: func() map[string]dumpKind {
		return map[string]dumpKind{
			"write": inBuffer, "pwrite64": inBuffer, "send": inBuffer, "sendto": inBuffer,
			"mq_timedsend": inBuffer, "mq_timedsend_time64": inBuffer,
			"writev": inVector, "pwritev": inVector, "pwritev2": inVector, "vmsplice": inVector,
			"sendmsg": inMessage, "sendmmsg": inMessages,
		}
	}}
)

// Dump shows all data that c has moved, after Result: the data that it wrote if writes is
// set, even if the call failed, and the data that it read if reads is set.
func Dump(c *Call, reads, writes bool) {
	const unlimited = ^uint64(0)
	plain := c.Plain
	c.Plain = false // requested data is shown, even if the arguments are not decoded
	defer func() { c.Plain = plain }()
	if kind, ok := dumpWrites.Get()[c.Sig.Name]; ok && writes {
		switch kind {
		case inBuffer:
			dumpBuffer(c, c.Register(1), c.Register(2))
		case inVector:
			dumpVector(c, c.Register(1), c.Register(2), unlimited)
		case inMessage:
			dumpMessage(c, c.Register(1), unlimited)
		case inMessages:
			dumpMessages(c, c.Register(1))
		}
	}
	if kind, ok := dumpReads.Get()[c.Sig.Name]; ok && reads && !c.Failed() {
		moved := uint64(c.Ret)
		switch kind {
		case inBuffer:
			dumpBuffer(c, c.Register(1), moved)
		case inVector:
			dumpVector(c, c.Register(1), c.Register(2), moved)
		case inMessage:
			dumpMessage(c, c.Register(1), moved)
		case inMessages:
			dumpMessages(c, c.Register(1))
		}
	}
}

// dumpChunk is how much of a buffer is read at once, in bytes.
const dumpChunk = 64 << 10

func dumpBuffer(c *Call, addr, size uint64) {
	if addr+size < addr {
		return
	}
	for off := uint64(0); off < size; off += dumpChunk {
		c.Release(0)
		n := min(size-off, dumpChunk)
		b, ok := c.ReadAll(addr+off, int(n))
		if !ok {
			if off > 0 {
				c.Outcome.Dump(output.DumpPart{Kind: output.DumpLost, Addr: addr + off, Size: n})
			}
			return
		}
		c.Outcome.Dump(output.DumpPart{Kind: output.DumpData, Offset: off, Size: size, Data: b})
	}
}

// dumpVector shows count buffers, of which limit bytes in all were used.
func dumpVector(c *Call, addr, count, limit uint64) {
	w := c.WordSize()
	const most = 1024 // UIO_MAXIOV, linux/uio.h
	if count > most {
		return
	}
	vector := make([]byte, count*uint64(2*w))
	if c.Mem.ReadMemory(addr, vector) != len(vector) {
		return
	}
	for i := 0; len(vector) > 0; i++ {
		base, size := lang.View{B: vector[:w]}.Uint(w), lang.View{B: vector[w:]}.Uint(w)
		vector = vector[2*w:]
		size = min(size, limit)
		if size == 0 {
			return
		}
		limit -= size
		c.Outcome.Dump(output.DumpPart{Kind: output.DumpBuffer, Index: i, Size: size})
		dumpBuffer(c, base, size)
	}
}

// dumpMessage shows the buffers of a msghdr and says how many it has.
func dumpMessage(c *Call, addr, limit uint64) {
	if iov, count, ok := messageVector(c, addr); ok {
		dumpVector(c, iov, count, limit)
	}
}

// messageVector finds the iovecs of a msghdr: its third and fourth words, since
// msg_namelen takes a whole word.
func messageVector(c *Call, addr uint64) (iov, count uint64, ok bool) {
	w := c.WordSize()
	c.Release(0)
	b, ok := c.ReadAll(addr, 4*w)
	if !ok {
		return 0, 0, false
	}
	return lang.View{B: b[2*w : 3*w]}.Uint(w), lang.View{B: b[3*w:]}.Uint(w), true
}

// dumpMessages shows the messages that sendmmsg or recvmmsg has moved. In a struct
// mmsghdr, msg_len follows the msghdr, which has seven words.
func dumpMessages(c *Call, addr uint64) {
	if c.Failed() {
		return
	}
	w := uint64(c.WordSize())
	for i := range uint64(c.Ret) {
		at := addr + i*8*w
		iov, count, ok := messageVector(c, at)
		if !ok {
			return
		}
		size, ok := c.ReadUint(at+7*w, 4)
		if !ok {
			return
		}
		c.Outcome.Dump(output.DumpPart{Kind: output.DumpMessage, Index: int(i), Size: count})
		dumpVector(c, iov, count, size)
	}
}
