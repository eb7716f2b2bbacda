package socketcall

// Sub is a call that i386 programs make through a multiplexer.
type Sub struct {
	Name   string // the call's own name, "connect"
	Symbol string // what the multiplexer's first argument is called, "SYS_CONNECT"
	Args   int    // how many arguments it has
	Entry  string // kernel function that serves it on x86-64

	order []register // ipc: where the arguments of the call proper are
}

// socketSubs are the calls of socketcall, by number (SYS_* of linux/net.h),
// with their counts of arguments (nas of net/compat.c) and the functions that
// compat_sys_socketcall hands them to.
var socketSubs = [...]Sub{
	1:  {Name: "socket", Symbol: "SYS_SOCKET", Args: 3, Entry: "__sys_socket"},
	2:  {Name: "bind", Symbol: "SYS_BIND", Args: 3, Entry: "__sys_bind"},
	3:  {Name: "connect", Symbol: "SYS_CONNECT", Args: 3, Entry: "__sys_connect"},
	4:  {Name: "listen", Symbol: "SYS_LISTEN", Args: 2, Entry: "__sys_listen"},
	5:  {Name: "accept", Symbol: "SYS_ACCEPT", Args: 3, Entry: "__sys_accept4"},
	6:  {Name: "getsockname", Symbol: "SYS_GETSOCKNAME", Args: 3, Entry: "__sys_getsockname"},
	7:  {Name: "getpeername", Symbol: "SYS_GETPEERNAME", Args: 3, Entry: "__sys_getpeername"},
	8:  {Name: "socketpair", Symbol: "SYS_SOCKETPAIR", Args: 4, Entry: "__sys_socketpair"},
	9:  {Name: "send", Symbol: "SYS_SEND", Args: 4, Entry: "__sys_sendto"},
	10: {Name: "recv", Symbol: "SYS_RECV", Args: 4, Entry: "__compat_sys_recvfrom"},
	11: {Name: "sendto", Symbol: "SYS_SENDTO", Args: 6, Entry: "__sys_sendto"},
	12: {Name: "recvfrom", Symbol: "SYS_RECVFROM", Args: 6, Entry: "__compat_sys_recvfrom"},
	13: {Name: "shutdown", Symbol: "SYS_SHUTDOWN", Args: 2, Entry: "__sys_shutdown"},
	14: {Name: "setsockopt", Symbol: "SYS_SETSOCKOPT", Args: 5, Entry: "__sys_setsockopt"},
	15: {Name: "getsockopt", Symbol: "SYS_GETSOCKOPT", Args: 5, Entry: "__sys_getsockopt"},
	16: {Name: "sendmsg", Symbol: "SYS_SENDMSG", Args: 3, Entry: "__compat_sys_sendmsg"},
	17: {Name: "recvmsg", Symbol: "SYS_RECVMSG", Args: 3, Entry: "__compat_sys_recvmsg"},
	18: {Name: "accept4", Symbol: "SYS_ACCEPT4", Args: 4, Entry: "__sys_accept4"},
	19: {Name: "recvmmsg", Symbol: "SYS_RECVMMSG", Args: 5, Entry: "__sys_recvmmsg"},
	20: {Name: "sendmmsg", Symbol: "SYS_SENDMMSG", Args: 4, Entry: "__compat_sys_sendmmsg"},
}

// Socket finds a call of socketcall by its number, 1 to 20, or gives nil.
func Socket(call uint32) *Sub { return find(socketSubs[:], call) }

// register is one of the arguments of ipc behind its first, the call number.
type register uint8

const (
	first register = 1 + iota
	second
	third
	ptr
	fifth
)

// ipcSubs are the calls of ipc, by number (linux/ipc.h), with the functions
// that compat_ksys_ipc hands them to (ipc/syscall.c).
var ipcSubs = [...]Sub{
	1:  {"semop", "SEMOP", 3, "ksys_semtimedop", []register{first, ptr, second}},
	2:  {"semget", "SEMGET", 3, "ksys_semget", []register{first, second, third}},
	3:  {"semctl", "SEMCTL", 4, "compat_ksys_old_semctl", []register{first, second, third, ptr}},
	4:  {"semtimedop", "SEMTIMEDOP", 4, "compat_ksys_semtimedop", []register{first, ptr, second, fifth}},
	11: {"msgsnd", "MSGSND", 4, "compat_ksys_msgsnd", []register{first, ptr, second, third}},
	12: {"msgrcv", "MSGRCV", 5, "compat_ksys_msgrcv", []register{first, ptr, second, fifth, third}},
	13: {"msgget", "MSGGET", 2, "ksys_msgget", []register{first, second}},
	14: {"msgctl", "MSGCTL", 3, "compat_ksys_old_msgctl", []register{first, second, ptr}},
	21: {"shmat", "SHMAT", 4, "do_shmat", []register{first, ptr, second, third}},
	22: {"shmdt", "SHMDT", 1, "ksys_shmdt", []register{ptr}},
	23: {"shmget", "SHMGET", 3, "ksys_shmget", []register{first, second, third}},
	24: {"shmctl", "SHMCTL", 3, "compat_ksys_old_shmctl", []register{first, second, ptr}},
}

// IPC finds a call of ipc by the low 16 bits of its first argument, or gives
// nil. Above them is the version of the interface.
func IPC(call uint32) *Sub { return find(ipcSubs[:], call&0xffff) }

func find(subs []Sub, call uint32) *Sub {
	if call < uint32(len(subs)) && subs[call].Name != "" {
		return &subs[call]
	}
	return nil
}
