// Numbers makes calls by their bare numbers, whatever they mean: those given
// after "int80" in the i386 table, those after "syscall" in the program's own.
// All have the arguments (addr, -1, 0, 0), addr being that of a string.
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
	door := ""
	for _, arg := range os.Args[1:] {
		n, err := strconv.Atoi(arg)
		switch {
		case err != nil:
			door = arg
		case door == "int80":
			int80.Call(uint32(n), path, 0, 0, 0, 0, 0)
		case door == "syscall":
			syscall.RawSyscall6(uintptr(n), math.MaxUint32, math.MaxUint32, 0, 0, 0, 0)
		}
	}
}
