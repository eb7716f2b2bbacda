// Socketcall makes each of the 20 calls of socketcall once, in the order of their
// numbers, all of them failing, and then some calls that do not exist or cannot be read.
package main

import (
	"math"

	"trapline/integration/testdata/int80"
)

func main() {
	const bad = math.MaxUint32 // -1, no descriptor
	address := int80.Words(0x5000_0002, 0x0100007f, 0, 0)
	length := int80.Words(16)
	vector := int80.Words(int80.String("hello"), 5)
	message := int80.Words(0, 0, vector, 1, 0, 0, 0, 0)
	for i, args := range [][]uint32{
		{1, 99, 0},                              // socket
		{bad, address, 16},                      // bind
		{bad, address, 16},                      // connect
		{bad, 5},                                // listen
		{bad, 0, 0},                             // accept
		{bad, address, length},                  // getsockname
		{bad, address, length},                  // getpeername
		{1, 99, 0, address},                     // socketpair
		{bad, int80.String("hello"), 5, 0x4000}, // send
		{bad, address, 16, 0},                   // recv
		{bad, int80.String("hello"), 5, 0, address, 16}, // sendto
		{bad, address, 16, 0, 0, 0},                     // recvfrom
		{bad, 1},                                        // shutdown
		{bad, 1, 2, int80.Words(1), 4},                  // setsockopt
		{bad, 1, 2, address, length},                    // getsockopt
		{bad, message, 0},                               // sendmsg
		{bad, message, 0},                               // recvmsg
		{bad, 0, 0, 0x800},                              // accept4
		{bad, message, 1, 0, 0},                         // recvmmsg
		{bad, message, 1, 0},                            // sendmmsg
	} {
		int80.Call(int80.Socketcall, uint32(i+1), int80.Words(args...), 0, 0, 0, 0)
	}
	for _, call := range []uint32{0, 21, bad} {
		int80.Call(int80.Socketcall, call, int80.Words(1, 2, 3, 4, 5, 6), 0, 0, 0, 0)
	}
	int80.Call(int80.Socketcall, 3, 0, 0, 0, 0, 0)
	// One byte of the array is out of reach.
	int80.Call(int80.Socketcall, 3, int80.PageEnd()-11, 0, 0, 0, 0)
	// The whole array is just within reach.
	int80.Call(int80.Socketcall, 4, int80.PageEnd()-8, 0, 0, 0, 0)
}
