// Replyhi is the server of an exercise for a class in kernels: it listens on
// the loopback interface and answers each of its clients. All of it goes
// through socketcall. The arguments are the port and the number of clients. It
// says when it listens, and what its process is.
package main

import (
	"os"
	"strconv"
	"syscall"

	"trapline/integration/testdata/int80"
)

// Numbers of calls in socketcall (linux/net.h).
const (
	sysSocket = 1
	sysBind   = 2
	sysListen = 4
	sysAccept = 5
	sysSend   = 9
	sysRecv   = 10
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
	clients, _ := strconv.Atoi(os.Args[2])
	fd := socketcall(sysSocket, syscall.AF_INET, syscall.SOCK_STREAM, 0)
	address := int80.Words(syscall.AF_INET|uint32(port>>8&0xff|port&0xff<<8)<<16, 0x0100007f, 0, 0)
	socketcall(sysBind, fd, address, 16)
	socketcall(sysListen, fd, 5)
	os.Stdout.WriteString("listening " + strconv.Itoa(os.Getpid()) + "\n")
	for range clients {
		client := socketcall(sysAccept, fd, 0, 0)
		socketcall(sysRecv, client, int80.String("123456789012345"), 16, 0)
		socketcall(sysSend, client, int80.String("hi"), 2, 0)
		syscall.Close(int(client))
	}
}
