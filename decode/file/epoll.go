package file

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Epoll: fs/eventpoll.c.

var epollCalls = Calls{
	{"epoll_create", Args{{"size", Int}}, RetFD},
	{"epoll_create1", Args{{"flags", &Flags{Set: &tables.EpollCreate}}}, RetFD},
	{"epoll_ctl", Args{
		{"epfd", FD}, {"op", &Enum{Set: &tables.EpollOp}}, {"fd", FD},
		{"event", &When{If: Not{&Is{N: Ref("op"), Values: Nums{tables.EPOLL_CTL_DEL}}}, Then: &Ptr{To: epollEvent}}},
		{"event", &When{If: &Is{N: Ref("op"), Values: Nums{tables.EPOLL_CTL_DEL}}, Then: &InReg{Reg: 3, Of: Addr}}},
	}, RetUnsigned},
	{"epoll_wait", Args{{"epfd", FD}, {"events", epollReady}, {"maxevents", Int}, {"timeout", Int}}, RetUnsigned},
	{"epoll_pwait", Args{
		{"epfd", FD}, {"events", epollReady}, {"maxevents", Int}, {"timeout", Int}, {"sigmask", &Out{To: &RtSigset}}, {"sigsetsize", Size},
	}, RetUnsigned},
	{"epoll_pwait2", Args{
		{"epfd", FD}, {"events", epollReady}, {"maxevents", Int}, {"timeout", &Out{To: &Timespec64}}, {"sigmask", &Out{To: &RtSigset}}, {"sigsetsize", Size},
	}, RetUnsigned},
}

// epollEvent is a struct epoll_event. On x86-64 it is packed, which gives it the
// same layout in both ABIs.
var epollEvent = &Struct{C: "epoll_event", Packed: true, Fields: Fields{{"events", &Flags{Set: &tables.EpollEvents}}, {"data", X64}}}

// epollReady are the events that have occurred.
var epollReady = &Out{To: &List{Of: epollEvent, Count: Result}}
