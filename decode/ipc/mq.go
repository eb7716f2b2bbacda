package ipc

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// POSIX message queues: ipc/mqueue.c.

var mqCalls = Calls{
	{"mq_open", Args{{"name", Path}, {"flags", &OpenFlags}, {"mode", &When{If: mqCreates, Then: Mode}}, {"attr", &When{If: mqCreates, Then: &Ptr{To: mqAttrNew}}}}, RetFD},
	{"mq_unlink", Args{{"name", Path}}, RetUnsigned},
	{"mq_timedsend", Args{
		{"mqdes", SinkFD}, {"msg_ptr", &Ptr{To: &Bytes{Len: Ref("msg_len")}}}, {"msg_len", Size}, {"msg_prio", Uint}, {"abs_timeout", &Ptr{To: &Timespec}},
	}, RetUnsigned},
	{"mq_timedreceive", Args{
		{"mqdes", SourceFD}, {"msg_ptr", &Out{To: &Bytes{Len: Result}}}, {"msg_len", Size}, {"msg_prio", &Out{To: Uint}}, {"abs_timeout", &Ptr{To: &Timespec}},
	}, RetUnsigned},
	{"mq_notify", Args{{"mqdes", FD}, {"sevp", &Ptr{To: &Sigevent}}}, RetUnsigned},
	{"mq_getsetattr", Args{{"mqdes", FD}, {"newattr", &Ptr{To: mqAttr}}, {"oldattr", &Out{To: mqAttr}}}, RetUnsigned},
}

var mqCallsI386 = Calls{
	{"mq_timedsend_time64", Args{
		{"mqdes", SinkFD}, {"msg_ptr", &Ptr{To: &Bytes{Len: Ref("msg_len")}}}, {"msg_len", Size}, {"msg_prio", Uint}, {"abs_timeout", &Ptr{To: &Timespec64}},
	}, RetUnsigned},
	{"mq_timedreceive_time64", Args{
		{"mqdes", SourceFD}, {"msg_ptr", &Out{To: &Bytes{Len: Result}}}, {"msg_len", Size}, {"msg_prio", &Out{To: Uint}}, {"abs_timeout", &Ptr{To: &Timespec64}},
	}, RetUnsigned},
}

// mqAttr is a struct mq_attr. mqAttrNew is one whose flags are ignored.
var (
	mqAttr = &Struct{C: "mq_attr", Fields: Fields{
		{"mq_flags", &Flags{In: KHex, Set: &tables.MqFlags}}, {"mq_maxmsg", KLong}, {"mq_msgsize", KLong}, {"mq_curmsgs", KLong},
		{"_", &Array{Of: KLong, N: 4}},
	}}
	mqAttrNew = &Struct{Of: mqAttr, With: Fields{{"mq_flags", KHex}}}
)

// mqCreates is the condition that a queue may be created. O_TMPFILE does not
// apply to queues.
var mqCreates = &Has{N: Ref("flags"), Values: Nums{tables.O_CREAT}}
