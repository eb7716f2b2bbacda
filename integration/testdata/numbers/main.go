// Numbers makes calls by their bare numbers: those given after "int80" in the
// i386 table, those after "syscall" in the program's own. All have the
// arguments (addr, -1, 0, 0), where addr is that of a string.
package main

import (
	"math"
	"os"
	"strconv"
	"syscall"

	"trapline/integration/testdata/int80"
)

func main() {
	path := int80.String("/nonexistent")
	type call struct {
		int80 bool
		nr    uintptr
	}
	var calls []call
	door := ""
	for _, arg := range os.Args[1:] {
		if n, err := strconv.Atoi(arg); err != nil {
			door = arg
		} else {
			calls = append(calls, call{door == "int80", uintptr(n)})
		}
	}
	// In this loop the runtime cannot insert a call of its own.
	for _, c := range calls {
		if c.int80 {
			int80.Call(uint32(c.nr), path, 0, 0, 0, 0, 0)
		} else {
			syscall.RawSyscall6(c.nr, math.MaxUint32, math.MaxUint32, 0, 0, 0, 0)
		}
	}
}
