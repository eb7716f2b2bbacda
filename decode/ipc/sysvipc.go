package ipc

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// System V semaphores, message queues and shared memory: ipc/sem.c, ipc/msg.c,
// ipc/shm.c. Some of them have different arguments if they are called through
// ipc(2) on i386.

var sysvCalls = Calls{
	{"semget", Args{{"key", ipcKey}, {"nsems", Int}, {"semflg", ipcFlags}}, RetUnsigned},
	{"semop", Args{{"semid", Int}, {"sops", &Ptr{To: &List{Of: semOperation, Count: Ref("nsops")}}}, {"nsops", Uint}}, RetUnsigned},
	{"semtimedop", Args{
		{"semid", Int}, {"sops", &Ptr{To: &List{Of: semOperation, Count: Ref("nsops")}}}, {"nsops", Uint}, {"timeout", &Ptr{To: &Timespec}},
	}, RetUnsigned},
	{"semctl", Args{
		{"semid", Int}, {"semnum", Int}, {"op", &ipcCommand{&tables.SemctlCmd}}, {"", &Rest{On: ipcOp, Set: &tables.SemctlCmd, Calls: Calls{
			{Name: "IPC_SET", Args: Args{{"arg", &Ptr{To: semSet}}}},
			{Name: "IPC_STAT SEM_STAT SEM_STAT_ANY", Args: Args{{"arg", &Out{To: semStatus}}}},
			{Name: "IPC_INFO SEM_INFO", Args: Args{{"arg", &Out{To: semInfo}}}},
			{Args: Args{{"arg", Addr}}},
		}}},
	}, RetUnsigned},

	{"msgget", Args{{"key", ipcKey}, {"msgflg", ipcFlags}}, RetUnsigned},
	{"msgsnd", Args{
		{"msqid", Int}, {"msgp", &Ptr{To: &messageBuffer{size: Ref("msgsz")}}}, {"msgsz", Size}, {"msgflg", &Flags{Set: &tables.SysvMsgFlags}},
	}, RetUnsigned},
	{"msgrcv", Args{
		{"msqid", Int}, {"msgp", &Out{To: &messageBuffer{size: Ref("msgsz")}}}, {"msgsz", Size}, {"msgtyp", Long},
		{"msgflg", &Flags{Set: &tables.SysvMsgFlags}},
	}, RetUnsigned},
	{"msgctl", Args{{"msqid", Int}, {"op", &ipcCommand{&tables.MsgctlCmd}}, {"", &Rest{On: ipcOp, Set: &tables.MsgctlCmd, Calls: Calls{
		{Name: "IPC_SET", Args: Args{{"buf", &Ptr{To: msgSet}}}},
		{Name: "IPC_STAT MSG_STAT MSG_STAT_ANY", Args: Args{{"buf", &Out{To: msgStatus}}}},
		{Name: "IPC_INFO MSG_INFO", Args: Args{{"buf", &Out{To: msgInfo}}}},
		{Args: Args{{"buf", Addr}}},
	}}}}, RetUnsigned},

	{"shmget", Args{{"key", ipcKey}, {"size", Size}, {"shmflg", shmgetFlags}}, RetUnsigned},
	{"shmat", Args{{"shmid", Int}, {"shmaddr", Addr}, {"shmflg", &Flags{Set: &tables.ShmatFlags}}}, RetAddr},
	{"shmdt", Args{{"shmaddr", Addr}}, RetUnsigned},
	{"shmctl", Args{{"shmid", Int}, {"op", &ipcCommand{&tables.ShmctlCmd}}, {"", &Rest{On: ipcOp, Set: &tables.ShmctlCmd, Calls: Calls{
		{Name: "IPC_SET", Args: Args{{"buf", &Ptr{To: shmSet}}}},
		{Name: "IPC_STAT SHM_STAT SHM_STAT_ANY", Args: Args{{"buf", &Out{To: shmStatus}}}},
		{Name: "IPC_INFO", Args: Args{{"buf", &Out{To: shmLimits}}}},
		{Name: "SHM_INFO", Args: Args{{"buf", &Out{To: shmUsage}}}},
		{Args: Args{{"buf", Addr}}},
	}}}}, RetUnsigned},
}

var sysvCallsI386 = Calls{
	{"semtimedop_time64", Args{
		{"semid", Int}, {"sops", &Ptr{To: &List{Of: semOperation, Count: Ref("nsops")}}}, {"nsops", Uint}, {"timeout", &Ptr{To: &Timespec64}},
	}, RetUnsigned},

	// These are called only through ipc. Its semctl takes the address of the last
	// argument; its shmat stores the result in memory; its msgrcv has two
	// arguments in memory, which may be unreadable.
	{"ipc_semctl", Args{
		{"semid", Int}, {"semnum", Int}, {"op", &ipcCommand{&tables.SemctlCmd}}, {"", &Rest{On: ipcOp, Set: &tables.SemctlCmd, Calls: Calls{
			{Name: "IPC_SET", Args: Args{{"arg", &indirectly{at: In, to: semSet}}}},
			{Name: "IPC_STAT SEM_STAT SEM_STAT_ANY", Args: Args{{"arg", &indirectly{at: Exit, to: semStatus}}}},
			{Name: "IPC_INFO SEM_INFO", Args: Args{{"arg", &indirectly{at: Exit, to: semInfo}}}},
			{Args: Args{{"arg", &indirectly{at: In}}}},
		}}},
	}, RetUnsigned},
	{"ipc_shmat", Args{
		{"shmid", Int}, {"shmaddr", Addr}, {"shmflg", &Flags{Set: &tables.ShmatFlags}}, {"_", Addr},
	}, &Shown{As: Ulong, At: Exit, By: func(c *Call, _ View) {
		if addr, ok := c.ReadUint(c.Args[3], 4); ok {
			c.Out.Number(addr, output.Hex)
		} else {
			c.Out.Unknown()
		}
	}}},
	{"ipc_msgrcv_kludge", Args{
		{"msqid", Int}, {"ipc_kludge", &Shown{As: Ulong, At: Exit, By: func(c *Call, v View) { c.Out.Addr(v.Uint(4)) }}}, {"msgsz", Size},
		{"msgflg", &InReg{Reg: 4, Of: &Flags{Set: &tables.SysvMsgFlags}}},
	}, RetUnsigned},
}

// indirectly is an argument that points to the address of a struct. The address
// is followed only if the command has a struct.
type indirectly struct {
	WordSized
	at Dir
	to *Struct
}

func (t *indirectly) Dir() Dir { return t.at }

func (t *indirectly) Show(c *Call, v View) {
	at := v.Uint(4)
	addr, ok := c.ReadUint(at, 4)
	if at == 0 || !ok || c.Plain {
		c.Out.Addr(at)
		return
	}
	if t.to != nil && addr != 0 && !(t.at == Exit && c.Failed()) {
		if v, ok := c.ReadType(addr, t.to); ok {
			t.to.Show(c, v)
			return
		}
	}
	c.Out.BeginArray()
	c.Out.Elem()
	c.Out.Addr(addr)
	c.Out.EndArray()
}

var ipcKey = &Enum{Set: &tables.IpcKey}

// ipcFlags are flags combined with the permissions of a new object:
// IPC_CREAT|0600. Those of shmget also have the size of huge pages, as a power of
// two.
var (
	ipcFlags = &Flags{Set: &tables.IpcFlags, Parts: []Part{{Mask: 0o777, Base: output.Octal, Zero: true}}}

	shmgetFlags = &Flags{Set: &tables.ShmgetFlags, Parts: []Part{
		{Mask: 0x3f << 26, Base: output.Unsigned, Shift: "SHM_HUGE_SHIFT"}, // linux/shm.h
		{Mask: 0o777, Base: output.Octal, Zero: true},
	}}
)

// ipc64 is IPC_64 of linux/ipc.h. It selects the current structs instead of those
// of Linux 2.2.
const ipc64 = 0x100

// ipcCommand is a command of semctl and the like, with or without ipc64.
type ipcCommand struct{ set *tables.Set }

// Layout implements Type.
func (*ipcCommand) Layout(abi tables.ABI) Layout { return U32.Layout(abi) }

// Keep implements keeper of package lang.
func (*ipcCommand) Keep(*Keeps) {}

func (t *ipcCommand) Show(c *Call, v View) {
	n := v.Uint(4)
	if n&ipc64 != 0 {
		c.Out.Symbol(ipc64, "IPC_64", output.Hex)
		c.Out.Join(output.Or)
	}
	c.Out.Enum(n&^ipc64, t.set, output.Hex)
}

// ipcOp is the command in the argument op.
var ipcOp = &Calc{N: Ref("op"), Clear: ipc64}

var semOperation = &Struct{C: "sembuf", Fields: Fields{{"sem_num", U16}, {"sem_op", S16}, {"sem_flg", &Flags{In: X16, Set: &tables.SemopFlags}}}}

// messageBuffer is a struct msgbuf (linux/msg.h) with size bytes of text.
type messageBuffer struct {
	Unsized
	size Num
}

func (t *messageBuffer) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// ShowAt implements Reader.
func (t *messageBuffer) ShowAt(c *Call, addr uint64) {
	mtype, ok := c.ReadType(addr, KLong)
	if _, whole := c.ReadAll(addr, 2*len(mtype.B)); !ok || !whole { // sizeof(struct msgbuf)
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	c.Out.Field("mtype")
	KLong.Show(c, mtype)
	c.Out.Field("mtext")
	c.ShowBytes(addr+uint64(len(mtype.B)), t.size.Num(c))
	c.Out.EndStruct()
}

// ipcPermission is a struct ipc64_perm (asm-generic/ipcbuf.h). On i386 its mode
// has 16 bits.
var ipcPermission = &Struct{C: "ipc64_perm", Fields: Fields{
	{"key", U32}, {"uid", ID}, {"gid", ID}, {"cuid", ID}, {"cgid", ID}, {"mode", ipcMode{}},
	{"_", U16}, {"_", U16}, {"_", Ulong}, {"_", Ulong},
}}

var (
	allPermission = &Struct{Of: ipcPermission, Pick: Names{"uid", "gid", "mode", "key", "cuid", "cgid"}}
	setPermission = &Struct{Of: ipcPermission, Pick: Names{"uid", "gid", "mode"}}
)

type ipcMode struct{}

func (ipcMode) Layout(tables.ABI) Layout { return Layout{Size: 4, Align: 4} }

// Keep implements keeper of package lang.
func (ipcMode) Keep(*Keeps) {}

func (ipcMode) Show(c *Call, v View) {
	size := 4
	if c.ABI == tables.I386 {
		size = 2
	}
	c.Out.Number(v.Uint(size), output.Octal)
}

// highHalf is the upper half of a time. Only i386 has it, after the lower half.
type highHalf struct{}

// Layout implements Type.
func (highHalf) Layout(abi tables.ABI) Layout {
	if abi == tables.I386 {
		return Layout{Size: 4, Align: 4}
	}
	return Layout{Size: 0, Align: 1}
}

func (highHalf) Show(c *Call, v View) { c.Out.Number(v.Uint(4), output.Hex) }

// The state of objects, and the members of it that can be set: struct semid64_ds
// (asm/sembuf.h), msqid64_ds (asm-generic/msgbuf.h), shmid64_ds
// (asm-generic/shmbuf.h).
var (
	semStatus = &Struct{Fields: Fields{
		{"sem_perm", allPermission}, {"sem_otime", KUlong}, {"_", KUlong}, {"sem_ctime", KUlong}, {"_", KUlong},
		{"sem_nsems", KUlong}, {"_", KUlong}, {"_", KUlong},
	}}
	semSet    = &Struct{Of: semStatus, With: Fields{{"sem_perm", setPermission}}, Pick: Names{"sem_perm"}}
	msgStatus = &Struct{Fields: Fields{
		{"msg_perm", allPermission}, {"msg_stime", KUlong}, {"_", highHalf{}}, {"msg_rtime", KUlong}, {"_", highHalf{}},
		{"msg_ctime", KUlong}, {"_", highHalf{}}, {"_", KUlong}, {"msg_qnum", KUlong}, {"msg_qbytes", KUlong},
		{"msg_lspid", Int}, {"msg_lrpid", Int}, {"_", KUlong}, {"_", KUlong},
	}}
	msgSet   = &Struct{Of: msgStatus, With: Fields{{"msg_perm", setPermission}}, Pick: Names{"msg_perm", "msg_qbytes"}}
	shmWhole = &Struct{Fields: Fields{
		{"shm_perm", allPermission}, {"shm_segsz", KUlong}, {"shm_atime", KUlong}, {"_", highHalf{}}, {"shm_dtime", KUlong}, {"_", highHalf{}},
		{"shm_ctime", KUlong}, {"_", highHalf{}}, {"shm_cpid", PIDOf(ThreadGroup)}, {"shm_lpid", PIDOf(ThreadGroup)},
		{"shm_nattch", KUlong}, {"_", KUlong}, {"_", KUlong},
	}}
	shmStatus = &Struct{Of: shmWhole, Pick: Names{
		"shm_perm", "shm_segsz", "shm_cpid", "shm_lpid", "shm_nattch", "shm_atime", "shm_dtime", "shm_ctime",
	}}
	shmSet = &Struct{Of: shmWhole, With: Fields{{"shm_perm", setPermission}}, Pick: Names{"shm_perm"}}
)

// Limits and usage of resources: struct seminfo (linux/sem.h), msginfo
// (linux/msg.h), shminfo64 and shm_info (linux/shm.h).
var (
	semInfo = &Struct{C: "seminfo", Fields: Fields{
		{"semmap", Int}, {"semmni", Int}, {"semmns", Int}, {"semmnu", Int}, {"semmsl", Int}, {"semopm", Int}, {"semume", Int},
		{"semusz", Int}, {"semvmx", Int}, {"semaem", Int},
	}}
	msgInfo = &Struct{C: "msginfo", Fields: Fields{
		{"msgpool", Int}, {"msgmap", Int}, {"msgmax", Int}, {"msgmnb", Int}, {"msgmni", Int}, {"msgssz", Int}, {"msgtql", Int},
		{"msgseg", U16},
	}}
	shmLimits = &Struct{Fields: Fields{
		{"shmmax", KUlong}, {"shmmin", KUlong}, {"shmmni", KUlong}, {"shmseg", KUlong}, {"shmall", KUlong},
		{"_", KUlong}, {"_", KUlong}, {"_", KUlong}, {"_", KUlong},
	}}
	shmUsage = &Struct{Fields: Fields{
		{"used_ids", Int}, {"shm_tot", KUlong}, {"shm_rss", KUlong}, {"shm_swp", KUlong},
		{"swap_attempts", KUlong}, {"swap_successes", KUlong},
	}}
)
