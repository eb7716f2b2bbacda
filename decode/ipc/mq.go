package ipc

import (
	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// POSIX message queues: ipc/mqueue.c.

var mqCalls = Calls{
	{"mq_open", Args{{"name", Path}, {"flags", OpenFlags}, {"mode", When(mqCreates, Mode)}, {"attr", When(mqCreates, Ptr(mqAttrNew))}}, RetFD},
	{"mq_unlink", Args{{"name", Path}}, RetUnsigned},
	{"mq_timedsend", mqSendArgs(Timespec), RetUnsigned},
	{"mq_timedreceive", mqReceiveArgs(Timespec), RetUnsigned},
	{"mq_notify", Args{{"mqdes", FD}, {"sevp", Ptr(Sigevent)}}, RetUnsigned},
	{"mq_getsetattr", Args{{"mqdes", FD}, {"newattr", Ptr(mqAttr)}, {"oldattr", Out(mqAttr)}}, RetUnsigned},
}

var mqCallsI386 = Calls{
	{"mq_timedsend_time64", mqSendArgs(Timespec64), RetUnsigned},
	{"mq_timedreceive_time64", mqReceiveArgs(Timespec64), RetUnsigned},
}

func mqSendArgs(ts Type) Args {
	return Args{
		{"mqdes", FD}, {"msg_ptr", Ptr(Buf(Ref("msg_len")))}, {"msg_len", Size}, {"msg_prio", Uint}, {"abs_timeout", Ptr(ts)},
	}
}

func mqReceiveArgs(ts Type) Args {
	return Args{
		{"mqdes", FD}, {"msg_ptr", Out(Buf(Result))}, {"msg_len", Size}, {"msg_prio", Out(Uint)}, {"abs_timeout", Ptr(ts)},
	}
}

// mqAttr is a struct mq_attr. The flags of mqAttrNew have no meaning.
var (
	mqAttr    = mqAttrWith(FlagsOf(KHex, tables.MqFlags))
	mqAttrNew = mqAttrWith(KHex)
)

func mqAttrWith(flags Type) *StructType {
	return Struct(Fields{
		{"mq_flags", flags}, {"mq_maxmsg", KLong}, {"mq_msgsize", KLong}, {"mq_curmsgs", KLong}, {"_", Array(KLong, Const(4))},
	})
}

// mqCreates says that a queue may be created. Queues know no O_TMPFILE.
var mqCreates = Has(Ref("flags"), unix.O_CREAT)
