package decode

import "trapline/tables"

// The system as a whole: kernel/sys.c, kernel/reboot.c, kernel/printk, modules,
// random numbers.

var systemCalls = Calls{
	{"getrandom", Args{{"buf", Out(Binary(Result))}, {"buflen", Size}, {"flags", Flags(tables.GetrandomFlags)}}, RetUnsigned},
}
