package output

// Stack is the call stack of a tracee, as -k shows it.
type Stack struct {
	Frames []StackFrame // the innermost first
	Cut    bool         // there are more
}

// StackFrame is a function that is being executed.
type StackFrame struct {
	PC     uint64 // instruction pointer
	File   string // that PC is in; "" if it is in none
	Addr   uint64 // PC in the file's own address space
	Symbol string // name of the function; "" if it is not known
	Offset uint64 // of PC from the function's start
	Source string // file of the program's source; "" if it is not known
	Line   int
}
