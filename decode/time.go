package decode

import "trapline/tables"

// Clocks: kernel/time/posix-timers.c.

// Clock is a clockid_t.
var Clock = EnumOf(X32, tables.ClockID)
