package process

import (
	"strconv"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Limits, usage and priorities: kernel/sys.c.

var rlimitCalls = Calls{
	{"getrlimit ugetrlimit", Args{{"resource", resource}, {"rlim", &Out{To: rlimitStruct}}}, RetUnsigned},
	{"setrlimit", Args{{"resource", resource}, {"rlim", &Ptr{To: rlimitStruct}}}, RetUnsigned},
	{"prlimit64", Args{{"pid", PIDOf(ThreadGroup)}, {"resource", resource}, {"new_limit", &Ptr{To: rlimitStruct64}}, {"old_limit", &Out{To: rlimitStruct64}}}, RetUnsigned},
	{"getrusage", Args{{"who", &Enum{Set: &tables.Rusage}}, {"usage", &Out{To: &Rusage}}}, RetUnsigned},
	{"getpriority", Args{{"which", &Enum{Set: &tables.PriorityWhich}}, {"who", priorityWho{Int}}}, RetUnsigned},
	{"setpriority", Args{{"which", &Enum{Set: &tables.PriorityWhich}}, {"who", priorityWho{Int}}, {"prio", Int}}, RetUnsigned},
}

var resource = &Enum{Set: &tables.Rlimit}

// rlimitStruct is a struct rlimit, rlimitStruct64 a struct rlimit64.
var (
	rlimitStruct   = &Struct{C: "rlimit", Fields: Fields{{"rlim_cur", &limit{KUlong}}, {"rlim_max", &limit{KUlong}}}}
	rlimitStruct64 = &Struct{C: "rlimit64", Fields: Fields{{"rlim_cur", &limit{U64}}, {"rlim_max", &limit{U64}}}}
)

// limit is a resource limit. Multiples of 1024 are shown as such.
type limit struct{ Number }

func (t *limit) Show(c *Call, v View) {
	n := t.Value(c, v)
	switch size := t.SizeIn(c.ABI); {
	case size == 8 && n == 1<<64-1:
		c.Out.Symbol(n, "RLIM64_INFINITY", output.Unsigned)
	case size == 4 && n == 1<<32-1:
		c.Out.Symbol(n, "RLIM_INFINITY", output.Unsigned)
	case n > 1024 && n%1024 == 0:
		c.Out.BeginNamed()
		c.Out.Number(n, output.Unsigned)
		c.Out.Named(output.InComment)
		c.Out.Text(output.AsString(append(strconv.AppendUint(c.Alloc(32)[:0], n/1024, 10), "*1024"...)))
		c.Out.EndNamed()
	default:
		c.Out.Number(n, output.Unsigned)
	}
}

// priorityWho is an id whose kind the argument which of getpriority selects.
type priorityWho struct{ Number }

func (t priorityWho) Show(c *Call, v View) {
	switch Ref("which").Num(c) {
	case tables.PRIO_PROCESS:
		PIDOf(ThreadGroup).Show(c, v)
	case tables.PRIO_PGRP:
		PIDOf(ProcessGroup).Show(c, v)
	default:
		t.Number.Show(c, v)
	}
}
