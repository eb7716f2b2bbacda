package ipc

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// System V semaphores, message queues and shared memory: ipc/sem.c, ipc/msg.c,
// ipc/shm.c, and the other shape that ipc(2) of i386 gives some of them.

var sysvCalls = Calls{
	{"semget", Args{{"key", ipcKey}, {"nsems", Int}, {"semflg", ipcFlags(tables.IpcFlags)}}, RetUnsigned},
	{"semop", Args{{"semid", Int}, {"sops", Ptr(Array(semOperation, Ref("nsops")))}, {"nsops", Uint}}, RetUnsigned},
	{"semtimedop", Args{
		{"semid", Int}, {"sops", Ptr(Array(semOperation, Ref("nsops")))}, {"nsops", Uint}, {"timeout", Ptr(Timespec)},
	}, RetUnsigned},
	{"semctl", Args{
		{"semid", Int}, {"semnum", Int}, {"op", ipcCommand(tables.SemctlCmd)}, Rest(ipcOp, tables.SemctlCmd, Calls{
			{Name: "IPC_SET", Args: Args{{"arg", Ptr(semSet)}}},
			{Name: "IPC_STAT SEM_STAT SEM_STAT_ANY", Args: Args{{"arg", Out(semStatus)}}},
			{Name: "IPC_INFO SEM_INFO", Args: Args{{"arg", Out(semInfo)}}},
			{Args: Args{{"arg", Addr}}},
		}),
	}, RetUnsigned},

	{"msgget", Args{{"key", ipcKey}, {"msgflg", ipcFlags(tables.IpcFlags)}}, RetUnsigned},
	{"msgsnd", Args{
		{"msqid", Int}, {"msgp", Ptr(messageBuffer(Ref("msgsz")))}, {"msgsz", Size}, {"msgflg", Flags(tables.SysvMsgFlags)},
	}, RetUnsigned},
	{"msgrcv", Args{
		{"msqid", Int}, {"msgp", Out(messageBuffer(Ref("msgsz")))}, {"msgsz", Size}, {"msgtyp", Long},
		{"msgflg", Flags(tables.SysvMsgFlags)},
	}, RetUnsigned},
	{"msgctl", Args{{"msqid", Int}, {"op", ipcCommand(tables.MsgctlCmd)}, Rest(ipcOp, tables.MsgctlCmd, Calls{
		{Name: "IPC_SET", Args: Args{{"buf", Ptr(msgSet)}}},
		{Name: "IPC_STAT MSG_STAT MSG_STAT_ANY", Args: Args{{"buf", Out(msgStatus)}}},
		{Name: "IPC_INFO MSG_INFO", Args: Args{{"buf", Out(msgInfo)}}},
		{Args: Args{{"buf", Addr}}},
	})}, RetUnsigned},

	{"shmget", Args{{"key", ipcKey}, {"size", Size}, {"shmflg", Value32(showShmgetFlags)}}, RetUnsigned},
	{"shmat", Args{{"shmid", Int}, {"shmaddr", Addr}, {"shmflg", Flags(tables.ShmatFlags)}}, RetAddr},
	{"shmdt", Args{{"shmaddr", Addr}}, RetUnsigned},
	{"shmctl", Args{{"shmid", Int}, {"op", ipcCommand(tables.ShmctlCmd)}, Rest(ipcOp, tables.ShmctlCmd, Calls{
		{Name: "IPC_SET", Args: Args{{"buf", Ptr(shmSet)}}},
		{Name: "IPC_STAT SHM_STAT SHM_STAT_ANY", Args: Args{{"buf", Out(shmStatus)}}},
		{Name: "IPC_INFO", Args: Args{{"buf", Out(shmLimits)}}},
		{Name: "SHM_INFO", Args: Args{{"buf", Out(shmUsage)}}},
		{Args: Args{{"buf", Addr}}},
	})}, RetUnsigned},
}

var sysvCallsI386 = Calls{
	{"semtimedop_time64", Args{
		{"semid", Int}, {"sops", Ptr(Array(semOperation, Ref("nsops")))}, {"nsops", Uint}, {"timeout", Ptr(Timespec64)},
	}, RetUnsigned},

	// These go by ipc only. Its semctl takes the address of the last argument, its
	// shmat leaves the result in memory, and the two arguments of msgrcv that are in
	// memory may be out of reach.
	{"ipc_semctl", Args{
		{"semid", Int}, {"semnum", Int}, {"op", ipcCommand(tables.SemctlCmd)}, Rest(ipcOp, tables.SemctlCmd, Calls{
			{Name: "IPC_SET", Args: Args{{"arg", indirectly(In, semSet)}}},
			{Name: "IPC_STAT SEM_STAT SEM_STAT_ANY", Args: Args{{"arg", indirectly(Exit, semStatus)}}},
			{Name: "IPC_INFO SEM_INFO", Args: Args{{"arg", indirectly(Exit, semInfo)}}},
			{Args: Args{{"arg", indirectly(In, nil)}}},
		}),
	}, RetUnsigned},
	{"ipc_shmat", Args{
		{"shmid", Int}, {"shmaddr", Addr}, {"shmflg", Flags(tables.ShmatFlags)}, {"_", Addr},
	}, ReturnsType(Word(Exit, func(c *Call, _ View) {
		if addr, ok := c.ReadUint(c.Args[3], 4); ok {
			c.Out.Number(addr, output.Hex)
		} else {
			c.Out.Unknown()
		}
	}))},
	{"ipc_msgrcv_kludge", Args{
		{"msqid", Int}, {"ipc_kludge", Word(Exit, func(c *Call, v View) { c.Out.Addr(v.Uint(4)) })}, {"msgsz", Size},
		{"msgflg", InReg(4, Flags(tables.SysvMsgFlags))},
	}, RetUnsigned},
}

// indirectly is an address in memory that the argument points to, followed if
// there is a t to follow it with.
func indirectly(d Dir, t *StructType) Type {
	return Word(d, func(c *Call, v View) {
		at := v.Uint(4)
		addr, ok := c.ReadUint(at, 4)
		if at == 0 || !ok || c.Plain {
			c.Out.Addr(at)
			return
		}
		if t != nil && addr != 0 && !(d == Exit && c.Failed()) {
			if tv, ok := c.ReadType(addr, t); ok {
				t.Show(c, tv)
				return
			}
		}
		c.Out.BeginArray()
		c.Out.Elem()
		c.Out.Addr(addr)
		c.Out.EndArray()
	})
}

var ipcKey = Enum(tables.IpcKey)

// ipcFlags is flags with the permissions of a new object: IPC_CREAT|0600.
func ipcFlags(set *tables.Set) Type {
	return Value32(func(c *Call, v uint32) {
		if flags := v &^ 0o777; flags != 0 {
			c.Out.Flags(uint64(flags), set, output.Hex)
			c.Out.Or()
		}
		c.Out.Number(uint64(v&0o777), output.Octal)
	})
}

// showShmgetFlags shows ipcFlags with the size of huge pages, as a power of two.
func showShmgetFlags(c *Call, v uint32) {
	const (
		shift = 26 // SHM_HUGE_SHIFT of linux/shm.h
		mask  = 0x3f << shift
	)
	flags, huge := v&^(0o777|mask), v&mask
	if flags != 0 {
		c.Out.Flags(uint64(flags), tables.ShmgetFlags, output.Hex)
		c.Out.Or()
	}
	if huge != 0 {
		c.Out.Number(uint64(huge>>shift), output.Unsigned)
		c.Out.Shift(shift, "SHM_HUGE_SHIFT", output.Unsigned)
		c.Out.Or()
	}
	c.Out.Number(uint64(v&0o777), output.Octal)
}

// ipc64 is IPC_64 of linux/ipc.h: the structs are those of the 64-bit kernel,
// not of Linux 2.2.
const ipc64 = 0x100

// ipcCommand is a command of semctl and the others, with ipc64 or without.
func ipcCommand(set *tables.Set) Type {
	return Value32(func(c *Call, v uint32) {
		if v&ipc64 != 0 {
			c.Out.Symbol(ipc64, "IPC_64", output.Hex)
			c.Out.Or()
		}
		c.Out.Enum(uint64(v&^ipc64), set, output.Hex)
	})
}

// ipcOp is the command in argument op.
var ipcOp = Func(func(c *Call) uint64 {
	a := c.ArgNamed("op")
	return c.ArgView(a).Uint(4) &^ ipc64
})

var semOperation = Struct(Fields{{"sem_num", U16}, {"sem_op", S16}, {"sem_flg", FlagsOf(X16, tables.SemopFlags)}})

// messageBuffer is a struct msgbuf (linux/msg.h) with size bytes of text.
func messageBuffer(size Num) Type {
	return AtAddr(func(c *Call, addr uint64) {
		mtype, ok := c.ReadType(addr, KLong)
		if _, whole := c.ReadAll(addr, 2*len(mtype.B)); !ok || !whole { // sizeof(struct msgbuf)
			c.Out.Addr(addr)
			return
		}
		c.Out.BeginStruct()
		c.Out.Field("mtype")
		KLong.Show(c, mtype)
		c.Out.Field("mtext")
		c.ShowBytes(addr+uint64(len(mtype.B)), size.Num(c))
		c.Out.EndStruct()
	})
}

// ipcPermission is a struct ipc64_perm (asm-generic/ipcbuf.h), whose mode is 16
// bits wide on i386.
var ipcPermission = Struct(Fields{
	{"key", U32}, {"uid", ID}, {"gid", ID}, {"cuid", ID}, {"cgid", ID}, {"mode", ipcMode{}},
	{"_", U16}, {"_", U16}, {"_", Ulong}, {"_", Ulong},
})

var (
	allPermission = ipcPermission.Pick("uid", "gid", "mode", "key", "cuid", "cgid")
	setPermission = ipcPermission.Pick("uid", "gid", "mode")
)

type ipcMode struct{}

func (ipcMode) Layout(tables.ABI) Layout { return Layout{Size: 4, Align: 4} }

func (ipcMode) Show(c *Call, v View) {
	size := 4
	if c.ABI == tables.I386 {
		size = 2
	}
	c.Out.Number(v.Uint(size), output.Octal)
}

// highHalf is the upper half of a time, which i386 has behind the lower one.
var highHalf = &Number{Layouts: Layouts{tables.X86_64: {Size: 0, Align: 1}, tables.I386: {Size: 4, Align: 4}, tables.X32: {Size: 0, Align: 1}}}

// The statuses of the objects, and what of them can be set: struct semid64_ds
// (asm/sembuf.h), msqid64_ds, shmid64_ds (asm-generic/msgbuf.h, shmbuf.h).
var (
	semStatus = semStruct(allPermission)
	semSet    = semStruct(setPermission).Pick("sem_perm")
	msgStatus = msgStruct(allPermission)
	msgSet    = msgStruct(setPermission).Pick("msg_perm", "msg_qbytes")
	shmStatus = shmStruct(allPermission).Pick("shm_perm", "shm_segsz", "shm_cpid", "shm_lpid", "shm_nattch", "shm_atime", "shm_dtime", "shm_ctime")
	shmSet    = shmStruct(setPermission).Pick("shm_perm")
)

func semStruct(perm *StructType) *StructType {
	return Struct(Fields{
		{"sem_perm", perm}, {"sem_otime", KUlong}, {"_", KUlong}, {"sem_ctime", KUlong}, {"_", KUlong},
		{"sem_nsems", KUlong}, {"_", KUlong}, {"_", KUlong},
	})
}

func msgStruct(perm *StructType) *StructType {
	return Struct(Fields{
		{"msg_perm", perm}, {"msg_stime", KUlong}, {"_", highHalf}, {"msg_rtime", KUlong}, {"_", highHalf},
		{"msg_ctime", KUlong}, {"_", highHalf}, {"_", KUlong}, {"msg_qnum", KUlong}, {"msg_qbytes", KUlong},
		{"msg_lspid", Int}, {"msg_lrpid", Int}, {"_", KUlong}, {"_", KUlong},
	})
}

func shmStruct(perm *StructType) *StructType {
	return Struct(Fields{
		{"shm_perm", perm}, {"shm_segsz", KUlong}, {"shm_atime", KUlong}, {"_", highHalf}, {"shm_dtime", KUlong}, {"_", highHalf},
		{"shm_ctime", KUlong}, {"_", highHalf}, {"shm_cpid", PIDOf(ThreadGroup)}, {"shm_lpid", PIDOf(ThreadGroup)},
		{"shm_nattch", KUlong}, {"_", KUlong}, {"_", KUlong},
	})
}

// Limits and use of the resources: struct seminfo, msginfo, shminfo64,
// shm_info (linux/sem.h, linux/msg.h, linux/shm.h).
var (
	semInfo = Struct(Fields{
		{"semmap", Int}, {"semmni", Int}, {"semmns", Int}, {"semmnu", Int}, {"semmsl", Int}, {"semopm", Int}, {"semume", Int},
		{"semusz", Int}, {"semvmx", Int}, {"semaem", Int},
	})
	msgInfo = Struct(Fields{
		{"msgpool", Int}, {"msgmap", Int}, {"msgmax", Int}, {"msgmnb", Int}, {"msgmni", Int}, {"msgssz", Int}, {"msgtql", Int},
		{"msgseg", U16},
	})
	shmLimits = Struct(Fields{
		{"shmmax", KUlong}, {"shmmin", KUlong}, {"shmmni", KUlong}, {"shmseg", KUlong}, {"shmall", KUlong},
		{"_", KUlong}, {"_", KUlong}, {"_", KUlong}, {"_", KUlong},
	})
	shmUsage = Struct(Fields{
		{"used_ids", Int}, {"shm_tot", KUlong}, {"shm_rss", KUlong}, {"shm_swp", KUlong},
		{"swap_attempts", KUlong}, {"swap_successes", KUlong},
	})
)
