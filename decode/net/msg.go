package net

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/decode/netlink"
	"trapline/output"
	"trapline/tables"
)

// Messages with addresses, buffers and control messages: sendmsg(2), recvmsg(2),
// sendmmsg(2), recvmmsg(2).

var messageCalls = Calls{
	{"sendmsg", Args{{"sockfd", SinkFD}, {"msg", &Ptr{To: sentMessage}}, {"flags", messageFlags}}, RetUnsigned},
	{"recvmsg", Args{{"sockfd", SourceFD}, {"msg", &receivedMessage{Layouts: Layouts(Ulong)}}, {"flags", messageFlags}}, RetUnsigned},
	{"sendmmsg", Args{
		{"sockfd", SinkFD}, {"msgvec", &Shown{As: Ulong, C: "struct mmsghdr *", At: Exit, By: showSentMessages}}, {"vlen", Uint}, {"flags", messageFlags},
	}, RetUnsigned},
	{"recvmmsg", Args{
		{"sockfd", SourceFD}, {"msgvec", &receivedMessages{Layouts: Layouts(Ulong)}}, {"vlen", Uint}, {"flags", messageFlags},
		{"timeout", &InOut{To: &Timespec, OldOnly: true}},
	}, &ResultWith{Ret: RetUnsigned, Remark: func(c *Call) { showTimeLeft(c, &Timespec) }}},
}

var messageCallsI386 = Calls{
	{"recvmmsg_time64", Args{
		{"sockfd", SourceFD}, {"msgvec", &receivedMessages{Layouts: Layouts(Ulong)}}, {"vlen", Uint}, {"flags", messageFlags},
		{"timeout", &InOut{To: &Timespec64, OldOnly: true}},
	}, &ResultWith{Ret: RetUnsigned, Remark: func(c *Call) { showTimeLeft(c, &Timespec64) }}},
}

// message is the struct msghdr (linux/socket.h) that is being shown.
type message struct {
	netlink  bool
	received bool
	room     int32  // if received: msg_namelen at the enter-stop
	size     uint64 // if received: bytes of data in all of its buffers
}

// messages is the state of the messages being shown.
type messages struct {
	now   message
	todo  uint64  // number of messages of a vector that were transferred and are yet to be shown
	rooms []int32 // if received: msg_namelen of each at the enter-stop
}

var shownMessages CallSlot[messages]

var sentMessage = &Struct{C: "msghdr", Fields: Fields{
	{"msg_name", msgName{}}, {"msg_namelen", msgNameLen{Int}},
	{"msg_iov", &Ptr{To: &Iovecs{Count: Ref("msg_iovlen"), Limit: Func(messageSize), Each: showMessageData}}},
	{"msg_iovlen", Size},
	{"msg_control", &When{If: Not{&Is{N: Ref("msg_controllen"), Values: Nums{0}}}, Then: &Ptr{To: AtAddr(showControl)}}}, {"msg_controllen", Size},
	{"msg_flags", messageFlags},
}, Points: keepSentMessage}

// keepSentMessage keeps what is read of a message that is sent.
func keepSentMessage(k *Keeps, st *Struct) {
	keepSpecial(k)
	at := k.Struct(st, BeforeCall)
	// The data are those of netlink as well if the address is, whatever the socket is.
	KeepSockaddrAt(k, KeepOp{
		Kind: KeepAddress, When: BeforeCall, Arg: at("msg_name"), Count: at("msg_namelen"), Low32: true, Family: SpecialFamily,
	})
	KeepIovecsAt(k, KeepOp{Arg: at("msg_iov"), Count: at("msg_iovlen"), Total: Unbounded})
	keepControl(k, KeepOp{Arg: at("msg_control"), Count: at("msg_controllen"), Taken: true})
}

// keepSpecial notes that more is read of a netlink socket.
func keepSpecial(k *Keeps) {
	if !k.Plain {
		k.Special(0)
	}
}

func messageSize(c *Call) uint64 {
	if shownMessages.Of(c).now.received {
		return shownMessages.Of(c).now.size
	}
	return 1<<64 - 1 // all buffers are full
}

type msgName struct{ WordSized }

func (t msgName) Show(c *Call, v View) {
	length := int32(Ref("msg_namelen").Num(c))
	if shownMessages.Of(c).now.received {
		length = min(length, shownMessages.Of(c).now.room)
	}
	family := ShowSockaddr(c, v.Uint(c.WordSize()), length)
	shownMessages.Of(c).now.netlink = family == tables.AF_NETLINK || family == -1 && IsNetlink(c)
}

type msgNameLen struct{ Number }

func (t msgNameLen) Show(c *Call, v View) {
	length := int32(v.Int(4))
	if shownMessages.Of(c).now.received && shownMessages.Of(c).now.room != length {
		c.Out.Number(uint64(shownMessages.Of(c).now.room), output.Signed)
		c.Out.Changed()
	}
	c.Out.Number(uint64(length), output.Signed)
}

func showMessageData(c *Call, addr, n uint64) {
	if shownMessages.Of(c).now.netlink {
		netlink.ShowNetlink(c, addr, n)
		return
	}
	c.ShowBytes(addr, n)
}

// nameLenOf reads the msg_namelen of the message at addr.
func nameLenOf(c *Call, addr uint64) (int32, bool) {
	v, ok := c.ReadType(addr, sentMessage)
	if !ok || addr == 0 {
		return 0, false
	}
	return int32(sentMessage.Member(c, "msg_namelen", v).Int(4)), true
}

// receivedMessage is a message that recvmsg fills in.
type receivedMessage struct{ Layouts }

// CType is the type in C, for lists of calls.
func (*receivedMessage) CType() string { return "struct msghdr *" }

func (t *receivedMessage) Dir() Dir { return Exit }

// Keep implements keeper of package lang.
func (t *receivedMessage) Keep(k *Keeps) {
	keepSpecial(k)
	k.Change() // there may be new descriptors in it
	room := k.Struct(sentMessage, BeforeCall)("msg_namelen")
	at := k.Struct(sentMessage, IfSucceeded)
	KeepSockaddrAt(k, KeepOp{
		Kind: KeepLesser, When: IfSucceeded, Arg: at("msg_name"), Count: at("msg_namelen"), Least: room, Low32: true,
	})
	KeepIovecsAt(k, KeepOp{When: IfSucceeded, Arg: at("msg_iov"), Count: at("msg_iovlen"), Total: FromResult})
	keepControl(k, KeepOp{When: IfSucceeded, Arg: at("msg_control"), Count: at("msg_controllen")})
}

func (t *receivedMessage) Capture(c *Call, v View, arg int) {
	if n, ok := nameLenOf(c, v.Uint(c.WordSize())); ok {
		c.Save(arg, uint64(uint32(n)))
	}
}

func (t *receivedMessage) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	room, known := c.Captured()
	switch {
	case !known:
		c.Out.Addr(addr)
	case c.Failed():
		c.Out.BeginStruct()
		c.Out.Field("msg_namelen")
		c.Out.Number(uint64(int32(room)), output.Signed)
		c.Out.EndStruct()
	default:
		shownMessages.Of(c).now = message{received: true, room: int32(room), size: uint64(c.Ret)}
		c.ShowAt(addr, sentMessage)
		shownMessages.Of(c).now = message{}
	}
}

// maxMessages is the number of messages of a call that are shown at most. It is
// UIO_MAXIOV of linux/uio.h, which also limits the kernel.
const maxMessages = 1024

// messageVector is a struct mmsghdr. Messages that were not transferred have no
// msg_len.
var messageVector = &Struct{Fields: Fields{
	{"msg_hdr", sentMessage},
	{"msg_len", &When{If: Test(func(c *Call) bool {
		if shownMessages.Of(c).todo == 0 {
			return false
		}
		shownMessages.Of(c).todo--
		return true
	}), Then: Uint}},
}}

// showSentMessages shows the messages of sendmmsg, and the lengths of those that
// were sent.
func showSentMessages(c *Call, v View) {
	shownMessages.Of(c).todo = Result.Num(c)
	failed := c.Errno
	c.Errno = 0 // the buffers were there before the call
	c.ShowAt(v.Uint(c.WordSize()), AtAddr(func(c *Call, addr uint64) {
		c.ShowArrayUpTo(addr, messageVector, Ref("vlen").Num(c), maxMessages)
	}))
	c.Errno = failed
}

// receivedMessages are the messages that recvmmsg fills in.
type receivedMessages struct{ Layouts }

// CType is the type in C, for lists of calls.
func (*receivedMessages) CType() string { return "struct mmsghdr *" }

func (t *receivedMessages) Dir() Dir { return Exit }

func (t *receivedMessages) Capture(c *Call, v View, arg int) {
	shownMessages.Of(c).rooms = shownMessages.Of(c).rooms[:0]
	addr := v.Uint(c.WordSize())
	size := uint64(messageVector.Layout(c.ABI).Size)
	for range min(Ref("vlen").Num(c), maxMessages) {
		mark := c.Mark()
		n, ok := nameLenOf(c, addr)
		c.Release(mark)
		if !ok {
			break
		}
		shownMessages.Of(c).rooms = append(shownMessages.Of(c).rooms, n)
		addr += size
	}
}

func (t *receivedMessages) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	if c.Failed() || addr == 0 || c.Plain {
		c.Out.Addr(addr)
		return
	}
	n := uint64(c.Ret)
	shownMessages.Of(c).todo = n
	c.ShowArrayUpTo(addr, receivedElem, n, uint64(len(shownMessages.Of(c).rooms)))
}

// receivedElem is a struct mmsghdr that has been filled in.
var receivedElem = &Shown{As: messageVector, By: func(c *Call, v View) {
	size, _ := messageVector.NumberIn(c, "msg_len", v)
	shownMessages.Of(c).now = message{received: true, room: shownMessages.Of(c).rooms[uint64(c.Ret)-shownMessages.Of(c).todo], size: size}
	messageVector.Show(c, v)
	shownMessages.Of(c).now = message{}
}}

// showTimeLeft adds a remark that the timeout, of type t, has expired, or how
// much of it remains.
func showTimeLeft(c *Call, t *Struct) {
	addr := c.Register(4)
	if c.Ret != 0 && (addr == 0 || c.Plain) {
		return
	}
	c.Outcome.BeginRemark(output.Aside)
	if c.Ret == 0 {
		c.Out.Field("")
		c.Out.Text("Timeout")
	} else {
		c.Out.Field("left")
		c.ShowAt(addr, t)
	}
	c.Outcome.EndRemark()
}
