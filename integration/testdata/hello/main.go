// Hello is the client of replyhi: it says hello and waits for the answer. All
// of it goes through socketcall. The argument is the server's port.
package main

import (
	"os"
	"strconv"
	"syscall"

	"trapline/integration/testdata/int80"
)

// Numbers of calls in socketcall (linux/net.h).
const (
	sysSocket  = 1
	sysConnect = 3
	sysSend    = 9
	sysRecv    = 10
)

func socketcall(call uint32, args ...uint32) uint32 {
	r := int80.Call(int80.Socketcall, call, int80.Words(args...), 0, 0, 0, 0)
	if r < 0 {
		os.Exit(1)
	}
	return uint32(r)
}

func main() {
	port, _ := strconv.Atoi(os.Args[1])
	fd := socketcall(sysSocket, syscall.AF_INET, syscall.SOCK_STREAM, 0)
	address := int80.Words(syscall.AF_INET|uint32(port>>8&0xff|port&0xff<<8)<<16, 0x0100007f, 0, 0)
	socketcall(sysConnect, fd, address, 16)
	socketcall(sysSend, fd, int80.String("hello"), 5, 0)
	answer := int80.String("123456789012345")
	n := socketcall(sysRecv, fd, answer, 16, 0)
	os.Stdout.Write(append(int80.Bytes(answer, int(n)), '\n'))
}
