package decode

// subsystem is one file's descriptions.
type subsystem struct {
	both Calls // calls that are the same in both tables
	x86  Calls // 64-bit calls that i386 lacks or has another meaning for
	i386 Calls // i386 calls that 64-bit programs lack or mean otherwise by
}
