package ipc

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Futexes: kernel/futex/syscalls.c.

var futexCalls = Calls{
	{"futex", futexArgs, RetUnsigned},
	{"futex_time64", futexArgs, RetUnsigned},
	{"futex_waitv", Args{
		{"waiters", &Ptr{To: AtAddr(showFutexWaiters)}}, {"nr_futexes", Uint}, {"flags", X32},
		{"timeout", &Ptr{To: &Timespec64}}, {"clockid", &Enum{Set: &tables.ClockID}},
	}, RetUnsigned},
	{"futex_wake", Args{{"uaddr", Addr}, {"mask", &Enum{In: Xlong, Set: &tables.FutexBitset}}, {"nr", Int}, {"flags", futex2Flags}}, RetUnsigned},
	{"futex_wait", Args{
		{"uaddr", Addr}, {"val", Ulong}, {"mask", &Enum{In: Xlong, Set: &tables.FutexBitset}}, {"flags", futex2Flags},
		{"timeout", &Ptr{To: &Timespec64}}, {"clockid", &Enum{Set: &tables.ClockID}},
	}, RetUnsigned},
	{"futex_requeue", Args{{"waiters", &Ptr{To: &List{Of: futexWaitv, Count: Const(2)}}}, {"flags", X32}, {"nr_wake", Int}, {"nr_requeue", Int}}, RetUnsigned},
	{"rseq", Args{{"rseq", rseqPtr}, {"rseq_len", Uint}, {"flags", &Flags{Set: &tables.RseqFlags}}, {"sig", X32}}, RetUnsigned},
	{"rseq_slice_yield", Args{}, RetUnsigned},
}

// futexCommand masks the command in futex_op. FUTEX_CMD_MASK also covers bits
// that no valid command has.
const futexCommand = 127

// futexArgs are the arguments of futex. Those after the command depend on it.
var futexArgs = Args{
	{"uaddr", Addr}, {"futex_op", &Enum{Set: &tables.FutexOp}},
	{"", &Rest{On: &Calc{N: Ref("futex_op"), Clear: ^uint64(futexCommand)}, Set: &tables.FutexOp, Calls: Calls{
		{"FUTEX_WAIT", Args{{"val", Uint}, {"timeout", futexTimeout{}}}, nil},
		{"FUTEX_LOCK_PI FUTEX_LOCK_PI2", Args{{"timeout", &InReg{Reg: 3, Of: futexTimeout{}}}}, nil},
		{"FUTEX_WAIT_BITSET", Args{{"val", Uint}, {"timeout", futexTimeout{}}, {"val3", futexBitset}}, nil},
		{"FUTEX_WAKE_BITSET", Args{{"val", Uint}, {"val3", futexBitset}}, nil},
		{"FUTEX_REQUEUE", Args{{"val", Uint}, {"val2", Uint}, {"uaddr2", futexSecond}}, nil},
		{"FUTEX_CMP_REQUEUE FUTEX_CMP_REQUEUE_PI", Args{
			{"val", Uint}, {"val2", Uint}, {"uaddr2", futexSecond}, {"val3", &InReg{Reg: 5, Of: Uint}},
		}, nil},
		{"FUTEX_WAKE_OP", Args{{"val", Uint}, {"val2", Uint}, {"uaddr2", futexSecond}, {"val3", &InReg{Reg: 5, Of: futexWakeOp{X32}}}}, nil},
		{"FUTEX_WAIT_REQUEUE_PI", Args{{"val", Uint}, {"timeout", futexTimeout{}}, {"uaddr2", futexSecond}}, nil},
		{"FUTEX_FD FUTEX_WAKE", Args{{"val", Uint}}, nil},
		{"FUTEX_UNLOCK_PI FUTEX_TRYLOCK_PI", nil, nil},
		{"", Args{{"val", Uint}, {"timeout", Addr}, {"uaddr2", futexSecond}, {"val3", X32}}, nil},
	}}},
}

var (
	futexSecond = &InReg{Reg: 4, Of: Addr}
	futexBitset = &InReg{Reg: 5, Of: &Enum{In: X32, Set: &tables.FutexBitset}}
)

// futexTimeout points to a time whose type depends on the name of the call.
type futexTimeout struct{ WordSized }

var futexTimes = [...]*Ptr{{To: &Timespec}, {To: &Timespec64}}

func (futexTimeout) Keep(k *Keeps) {
	if k.Called() == "futex_time64" {
		futexTimes[1].Keep(k)
	} else {
		futexTimes[0].Keep(k)
	}
}

func (futexTimeout) Show(c *Call, v View) {
	i := 0
	if c.Sig.Name == "futex_time64" {
		i = 1
	}
	futexTimes[i].Show(c, v)
}

// futexWakeOp is an operation, its argument and a comparison, packed into one
// word (FUTEX_OP of linux/futex.h): op<<28 | cmp<<24 | oparg<<12 | cmparg.
type futexWakeOp struct{ Number }

func (t futexWakeOp) Show(c *Call, v View) {
	word := t.Value(c, v)
	op := word >> 28
	if op&8 != 0 {
		c.Out.Symbol(8, "FUTEX_OP_OPARG_SHIFT", output.Hex)
		c.Out.Shift(28, "", output.Unsigned)
		c.Out.Join(output.Or)
	}
	shiftedEnum(c, op&7, &tables.FutexWakeOp, 28, "FUTEX_OP_???")
	c.Out.Join(output.Or)
	c.Out.Number(word>>12&0xfff, output.Hex)
	c.Out.Shift(12, "", output.Unsigned)
	c.Out.Join(output.Or)
	shiftedEnum(c, word>>24&0xf, &tables.FutexWakeCmp, 24, "FUTEX_OP_CMP_???")
	c.Out.Join(output.Or)
	c.Out.Number(word&0xfff, output.Hex)
}

// shiftedEnum shows a value of an enumeration that is shifted within a word.
func shiftedEnum(c *Call, v uint64, set *tables.Set, shift uint, unknown string) {
	c.Out.Enum(v, set, output.Hex)
	c.Out.Shift(shift, "", output.Unsigned)
	if _, ok := set.Lookup(v); !ok {
		c.Out.Comment(output.Note, unknown)
	}
}

// showFutexWaiters shows nr_futexes structs futex_waitv. The kernel accepts at
// most FUTEX_WAITV_MAX.
func showFutexWaiters(c *Call, addr uint64) {
	const most = 128
	c.ShowArrayUpTo(addr, futexWaitv, Ref("nr_futexes").Num(c), most)
}

var futexWaitv = &Struct{C: "futex_waitv", Fields: Fields{{"val", X64}, {"uaddr", Addr64}, {"flags", futex2Flags}, {"__reserved", Reserved{X32}}}}

// futex2Flags are the size of a futex, and flags.
var futex2Flags = futexFlags{X32}

type futexFlags struct{ Number }

// futex2SizeMask is FUTEX2_SIZE_MASK.
const futex2SizeMask = 3

func (t futexFlags) Show(c *Call, v View) {
	word := t.Value(c, v)
	c.Out.BeginNamed()
	c.Out.Number(word, output.Hex)
	c.Out.Named(output.InComment)
	c.Out.Enum(word&futex2SizeMask, &tables.Futex2Sizes, output.Hex)
	if bits := word &^ futex2SizeMask; bits != 0 {
		c.Out.Join(output.Or)
		c.Out.Flags(bits, &tables.Futex2Flags, output.Hex)
	}
	c.Out.EndNamed()
}
