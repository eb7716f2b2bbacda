package file

import (
	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Event polls: fs/eventpoll.c.

var epollCalls = Calls{
	{"epoll_create", Args{{"size", Int}}, RetFD},
	{"epoll_create1", Args{{"flags", Flags(tables.EpollCreate)}}, RetFD},
	{"epoll_ctl", Args{
		{"epfd", FD}, {"op", Enum(tables.EpollOp)}, {"fd", FD},
		{"event", When(Not(Is(Ref("op"), unix.EPOLL_CTL_DEL)), Ptr(epollEvent))},
		{"event", When(Is(Ref("op"), unix.EPOLL_CTL_DEL), InReg(3, Addr))},
	}, RetUnsigned},
	{"epoll_wait", epollWaitArgs(Int), RetUnsigned},
	{"epoll_pwait", append(epollWaitArgs(Int), epollMask...), RetUnsigned},
	{"epoll_pwait2", append(epollWaitArgs(Late(Timespec64)), epollMask...), RetUnsigned},
}

// epollEvent is a struct epoll_event. It is packed on x86-64 so that it is the
// same for both ABIs.
var epollEvent = Packed(Fields{{"events", Flags(tables.EpollEvents)}, {"data", X64}})

func epollWaitArgs(timeout Type) Args {
	return Args{{"epfd", FD}, {"events", Out(Array(epollEvent, Result))}, {"maxevents", Int}, {"timeout", timeout}}
}

var epollMask = Args{{"sigmask", Late(RtSigset)}, {"sigsetsize", Size}}
