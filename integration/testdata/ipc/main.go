// Ipc makes each of the 12 calls of ipc once, in the order of their numbers,
// all of them failing, and then some calls that do not exist.
package main

import (
	"math"

	"trapline/integration/testdata/int80"
)

func main() {
	const (
		none   = math.MaxUint32 // -1, an id without an object
		key    = 0x7261706c
		noWait = 0x800
	)
	operation := int80.Words(0xffff_0000, noWait)
	text := int80.Words(7, 0x6c6c6568, 0x6f)
	for _, c := range [][]uint32{
		// call, first, second, third, ptr, fifth
		{1, none, 1, 0, operation},                     // semop
		{2, key, 1, 0o600},                             // semget
		{3, none, 0, 0, int80.Words(42)},               // semctl IPC_RMID
		{4, none, 1, 0, operation, int80.Words(1, 2)},  // semtimedop
		{11, none, 5, noWait, text},                    // msgsnd
		{12, none, 5, noWait, int80.Words(text, none)}, // msgrcv, two arguments in memory
		{13, key, 0o600},                               // msgget
		{14, none, 0, 0, 0},                            // msgctl IPC_RMID
		{21, none, 0, 0, 0},                            // shmat
		{22, 0, 0, 0, 0x1000},                          // shmdt
		{23, key, 4096, 0o600},                         // shmget
		{24, none, 0, 0, 0},                            // shmctl IPC_RMID

		{1<<16 | 12, none, 5, noWait, text, none}, // msgrcv, all arguments in registers
		{12, none, 5, noWait, int80.PageEnd() - 4},
		{5, 1, 2, 3, 4, 5},
		{42<<16 | 30, 1, 2, 3, 4, 5},
	} {
		var a [6]uint32
		copy(a[:], c)
		int80.Call(int80.IPC, a[0], a[1], a[2], a[3], a[4], a[5])
	}
}
