package socketcall

import (
	"cmp"

	"trapline/tables"
)

// Sub is a call that i386 programs can make through a multiplexer.
type Sub struct {
	Outer  *Multiplexer
	Number uint32 // number of the inner call, 3
	Symbol string // name of that number, "SYS_CONNECT"
	Name   string // name of the inner call, "connect"
	Args   int    // number of arguments
	Entry  string // the kernel function that serves it on x86-64

	form  string     // see Call.Form; "" for Name
	like  string     // another call with the same classes; "" for Name
	order []register // for ipc: the registers of the inner call's arguments
}

// Multiplexer is a call of the i386 table through which others are made.
type Multiplexer struct {
	Name string
	NR   uint32

	bit uint // bit of call 0 in a Set
}

var (
	socketcall = Multiplexer{Name: "socketcall", NR: nrSocketcall, bit: 0}
	ipc        = Multiplexer{Name: "ipc", NR: nrIPC, bit: 32}
)

// Numbers in the i386 table.
const (
	nrSocketcall = 102
	nrIPC        = 117
)

// subs are the calls of both multiplexers. Those of socketcall come first, with
// their numbers (SYS_* of linux/net.h), argument counts (nas of net/compat.c)
// and the functions that compat_sys_socketcall calls. Those of ipc follow, with
// their numbers (linux/ipc.h) and the functions that compat_ksys_ipc calls
// (ipc/syscall.c).
var subs = [...]Sub{
	{Outer: &socketcall, Number: 1, Symbol: "SYS_SOCKET", Name: "socket", Args: 3, Entry: "__sys_socket"},
	{Outer: &socketcall, Number: 2, Symbol: "SYS_BIND", Name: "bind", Args: 3, Entry: "__sys_bind"},
	{Outer: &socketcall, Number: 3, Symbol: "SYS_CONNECT", Name: "connect", Args: 3, Entry: "__sys_connect"},
	{Outer: &socketcall, Number: 4, Symbol: "SYS_LISTEN", Name: "listen", Args: 2, Entry: "__sys_listen"},
	{Outer: &socketcall, Number: 5, Symbol: "SYS_ACCEPT", Name: "accept", Args: 3, Entry: "__sys_accept4"},
	{Outer: &socketcall, Number: 6, Symbol: "SYS_GETSOCKNAME", Name: "getsockname", Args: 3, Entry: "__sys_getsockname"},
	{Outer: &socketcall, Number: 7, Symbol: "SYS_GETPEERNAME", Name: "getpeername", Args: 3, Entry: "__sys_getpeername"},
	{Outer: &socketcall, Number: 8, Symbol: "SYS_SOCKETPAIR", Name: "socketpair", Args: 4, Entry: "__sys_socketpair"},
	{Outer: &socketcall, Number: 9, Symbol: "SYS_SEND", Name: "send", Args: 4, Entry: "__sys_sendto", like: "sendto"},
	{Outer: &socketcall, Number: 10, Symbol: "SYS_RECV", Name: "recv", Args: 4, Entry: "__compat_sys_recvfrom", like: "recvfrom"},
	{Outer: &socketcall, Number: 11, Symbol: "SYS_SENDTO", Name: "sendto", Args: 6, Entry: "__sys_sendto"},
	{Outer: &socketcall, Number: 12, Symbol: "SYS_RECVFROM", Name: "recvfrom", Args: 6, Entry: "__compat_sys_recvfrom"},
	{Outer: &socketcall, Number: 13, Symbol: "SYS_SHUTDOWN", Name: "shutdown", Args: 2, Entry: "__sys_shutdown"},
	{Outer: &socketcall, Number: 14, Symbol: "SYS_SETSOCKOPT", Name: "setsockopt", Args: 5, Entry: "__sys_setsockopt"},
	{Outer: &socketcall, Number: 15, Symbol: "SYS_GETSOCKOPT", Name: "getsockopt", Args: 5, Entry: "__sys_getsockopt"},
	{Outer: &socketcall, Number: 16, Symbol: "SYS_SENDMSG", Name: "sendmsg", Args: 3, Entry: "__compat_sys_sendmsg"},
	{Outer: &socketcall, Number: 17, Symbol: "SYS_RECVMSG", Name: "recvmsg", Args: 3, Entry: "__compat_sys_recvmsg"},
	{Outer: &socketcall, Number: 18, Symbol: "SYS_ACCEPT4", Name: "accept4", Args: 4, Entry: "__sys_accept4"},
	{Outer: &socketcall, Number: 19, Symbol: "SYS_RECVMMSG", Name: "recvmmsg", Args: 5, Entry: "__sys_recvmmsg"},
	{Outer: &socketcall, Number: 20, Symbol: "SYS_SENDMMSG", Name: "sendmmsg", Args: 4, Entry: "__compat_sys_sendmmsg"},

	{Outer: &ipc, Number: 1, Symbol: "SEMOP", Name: "semop", Args: 3, Entry: "ksys_semtimedop", order: []register{first, ptr, second}},
	{Outer: &ipc, Number: 2, Symbol: "SEMGET", Name: "semget", Args: 3, Entry: "ksys_semget", order: []register{first, second, third}},
	{Outer: &ipc, Number: 3, Symbol: "SEMCTL", Name: "semctl", Args: 4, Entry: "compat_ksys_old_semctl", order: []register{first, second, third, ptr}, form: "ipc_semctl"},
	{Outer: &ipc, Number: 4, Symbol: "SEMTIMEDOP", Name: "semtimedop", Args: 4, Entry: "compat_ksys_semtimedop", order: []register{first, ptr, second, fifth}},
	{Outer: &ipc, Number: 11, Symbol: "MSGSND", Name: "msgsnd", Args: 4, Entry: "compat_ksys_msgsnd", order: []register{first, ptr, second, third}},
	{Outer: &ipc, Number: 12, Symbol: "MSGRCV", Name: "msgrcv", Args: 5, Entry: "compat_ksys_msgrcv", order: []register{first, ptr, second, fifth, third}},
	{Outer: &ipc, Number: 13, Symbol: "MSGGET", Name: "msgget", Args: 2, Entry: "ksys_msgget", order: []register{first, second}},
	{Outer: &ipc, Number: 14, Symbol: "MSGCTL", Name: "msgctl", Args: 3, Entry: "compat_ksys_old_msgctl", order: []register{first, second, ptr}},
	{Outer: &ipc, Number: 21, Symbol: "SHMAT", Name: "shmat", Args: 4, Entry: "do_shmat", order: []register{first, ptr, second, third}, form: "ipc_shmat"},
	{Outer: &ipc, Number: 22, Symbol: "SHMDT", Name: "shmdt", Args: 1, Entry: "ksys_shmdt", order: []register{ptr}},
	{Outer: &ipc, Number: 23, Symbol: "SHMGET", Name: "shmget", Args: 3, Entry: "ksys_shmget", order: []register{first, second, third}},
	{Outer: &ipc, Number: 24, Symbol: "SHMCTL", Name: "shmctl", Args: 3, Entry: "compat_ksys_old_shmctl", order: []register{first, second, ptr}},
}

const (
	numSocketSubs = 20
	numMsgrcv     = 12 // of ipc
)

// register is an argument of ipc after the first one, the call number.
type register uint8

const (
	first register = 1 + iota
	second
	third
	ptr
	fifth
)

// kludgeForm is the form of a msgrcv whose two arguments in memory cannot be
// read.
const kludgeForm = "ipc_msgrcv_kludge"

// Subs returns the calls of both multiplexers in the order of their numbers,
// those of socketcall first. Callers must not modify them.
func Subs() []Sub { return subs[:] }

func socketSub(number uint32) *Sub { return find(subs[:numSocketSubs], number) }
func ipcSub(number uint32) *Sub    { return find(subs[numSocketSubs:], number) }

// find returns the call with a number, or nil.
func find(subs []Sub, number uint32) *Sub {
	for i := range subs {
		if subs[i].Number == number {
			return &subs[i]
		}
	}
	return nil
}

// Classes returns the classes of the call: those of the call that x86-64
// programs make instead.
func (s *Sub) Classes() tables.Class {
	return tables.ByName(tables.X86_64, cmp.Or(s.like, s.Name)).Classes
}

// Set is a set of calls made through multiplexers. Its complement has exactly
// the bits that it lacks.
type Set uint64

func (s *Set) Add(sub *Sub) { *s |= 1 << (sub.Outer.bit + uint(sub.Number)) }

// Has reports whether a call is in the set.
func (s Set) Has(sub *Sub) bool { return s&(1<<(sub.Outer.bit+uint(sub.Number))) != 0 }

// HasAny reports whether the set contains any inner call of the i386 call with
// the number nr.
func (s Set) HasAny(nr uint64) bool {
	switch nr {
	case nrSocketcall:
		return uint32(s>>socketcall.bit) != 0
	case nrIPC:
		return uint32(s>>ipc.bit) != 0
	}
	return false
}
