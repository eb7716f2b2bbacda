package ipc

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Futexes: kernel/futex/syscalls.c, kernel/rseq.c for restartable sequences.

var futexCalls = Calls{
	{"futex", futexArgs(Timespec), RetUnsigned},
	{"futex_time64", futexArgs(Timespec64), RetUnsigned},
	{"futex_waitv", Args{
		{"waiters", Ptr(futexWaiters)}, {"nr_futexes", Uint}, {"flags", X32},
		{"timeout", Ptr(Timespec64)}, {"clockid", Enum(tables.ClockID)},
	}, RetUnsigned},
	{"futex_wake", Args{{"uaddr", Addr}, {"mask", EnumOf(Xlong, tables.FutexBitset)}, {"nr", Int}, {"flags", futex2Flags}}, RetUnsigned},
	{"futex_wait", Args{
		{"uaddr", Addr}, {"val", Ulong}, {"mask", EnumOf(Xlong, tables.FutexBitset)}, {"flags", futex2Flags},
		{"timeout", Ptr(Timespec64)}, {"clockid", Enum(tables.ClockID)},
	}, RetUnsigned},
	{"futex_requeue", Args{{"waiters", Ptr(Array(futexWaitv, Func(func(*Call) uint64 { return 2 })))}, {"flags", X32}, {"nr_wake", Int}, {"nr_requeue", Int}}, RetUnsigned},
	{"rseq", Args{{"rseq", rseqPtr}, {"rseq_len", Uint}, {"flags", Flags(tables.RseqFlags)}, {"sig", X32}}, RetUnsigned},
	{"rseq_slice_yield", Args{}, RetUnsigned},
}

// futexCommand is the part of futex_op that says what is done (FUTEX_CMD_MASK
// leaves more bits, which are no valid commands).
const futexCommand = 127

// futexArgs are the arguments of futex, which command and timeout type choose.
func futexArgs(timeout Type) Args {
	val, val2 := Field{"val", Uint}, Field{"val2", Uint}
	time := Field{"timeout", Ptr(timeout)}
	uaddr2 := Field{"uaddr2", InReg(4, Addr)}
	bitset := Field{"val3", InReg(5, EnumOf(X32, tables.FutexBitset))}
	return Args{
		{"uaddr", Addr}, {"futex_op", Enum(tables.FutexOp)},
		Rest(Func(func(c *Call) uint64 { return c.Args[1] & futexCommand }), tables.FutexOp, Calls{
			{"FUTEX_WAIT", Args{val, time}, Ret{}},
			{"FUTEX_LOCK_PI FUTEX_LOCK_PI2", Args{{"timeout", InReg(3, Ptr(timeout))}}, Ret{}},
			{"FUTEX_WAIT_BITSET", Args{val, time, bitset}, Ret{}},
			{"FUTEX_WAKE_BITSET", Args{val, bitset}, Ret{}},
			{"FUTEX_REQUEUE", Args{val, val2, uaddr2}, Ret{}},
			{"FUTEX_CMP_REQUEUE FUTEX_CMP_REQUEUE_PI", Args{val, val2, uaddr2, {"val3", InReg(5, Uint)}}, Ret{}},
			{"FUTEX_WAKE_OP", Args{val, val2, uaddr2, {"val3", InReg(5, futexWakeOp{X32})}}, Ret{}},
			{"FUTEX_WAIT_REQUEUE_PI", Args{val, time, uaddr2}, Ret{}},
			{"FUTEX_FD FUTEX_WAKE", Args{val}, Ret{}},
			{"FUTEX_UNLOCK_PI FUTEX_TRYLOCK_PI", nil, Ret{}},
			{"", Args{val, {"timeout", Addr}, uaddr2, {"val3", X32}}, Ret{}},
		}),
	}
}

// futexWakeOp is an operation, its argument and a comparison in one word
// (FUTEX_OP of linux/futex.h): op<<28 | cmp<<24 | oparg<<12 | cmparg.
type futexWakeOp struct{ *Number }

func (t futexWakeOp) Show(c *Call, v View) {
	word := t.Value(c, v)
	op := word >> 28
	if op&8 != 0 {
		c.Out.Symbol(8, "FUTEX_OP_OPARG_SHIFT", output.Hex)
		c.Out.Shift(28, "", output.Unsigned)
		c.Out.Or()
	}
	shiftedEnum(c, op&7, tables.FutexWakeOp, 28, "FUTEX_OP_???")
	c.Out.Or()
	c.Out.Number(word>>12&0xfff, output.Hex)
	c.Out.Shift(12, "", output.Unsigned)
	c.Out.Or()
	shiftedEnum(c, word>>24&0xf, tables.FutexWakeCmp, 24, "FUTEX_OP_CMP_???")
	c.Out.Or()
	c.Out.Number(word&0xfff, output.Hex)
}

// shiftedEnum writes an enumeration's value within a word.
func shiftedEnum(c *Call, v uint64, set *tables.Set, shift uint, unknown string) {
	c.Out.Enum(v, set, output.Hex)
	c.Out.Shift(shift, "", output.Unsigned)
	if _, ok := set.Lookup(v); !ok {
		c.Out.Comment(output.Note, unknown)
	}
}

// futexWaiters are nr_futexes struct futex_waitv, of which the kernel takes no
// more than FUTEX_WAITV_MAX.
var futexWaiters = AtAddr(func(c *Call, addr uint64) {
	const most = 128
	c.ShowArrayUpTo(addr, futexWaitv, Ref("nr_futexes").Num(c), most)
})

var futexWaitv = Struct(Fields{{"val", X64}, {"uaddr", Addr64}, {"flags", futex2Flags}, Reserved("__reserved", X32)})

// futex2Flags are a futex's size and bits.
var futex2Flags Type = futexFlags{X32}

type futexFlags struct{ *Number }

// futex2SizeMask is FUTEX2_SIZE_MASK.
const futex2SizeMask = 3

func (t futexFlags) Show(c *Call, v View) {
	word := t.Value(c, v)
	c.Out.BeginNamed()
	c.Out.Number(word, output.Hex)
	c.Out.Named(output.InComment)
	c.Out.Enum(word&futex2SizeMask, tables.Futex2Sizes, output.Hex)
	if bits := word &^ futex2SizeMask; bits != 0 {
		c.Out.Or()
		c.Out.Flags(bits, tables.Futex2Flags, output.Hex)
	}
	c.Out.EndNamed()
}
