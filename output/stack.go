package output

// Stack is the call stack of a tracee, as -k shows it.
type Stack struct {
	Frames []StackFrame // the innermost first
	Cut    bool         // there are more frames
}

// StackFrame is a function that is being executed.
type StackFrame struct {
	PC      uint64 // instruction pointer
	File    string // file that contains PC, or ""
	Addr    uint64 // PC in the file's own address space
	Symbol  string // name of the function, or "" if not known
	Mangled string // its name in the file, if different
	Offset  uint64 // of PC from the function's start
	Source  string // source file, or "" if not known
	Line    int
}
