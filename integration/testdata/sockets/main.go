// Sockets exchanges a line over loopback TCP, over a UNIX socket and over a
// socket pair with a passed descriptor, with plain calls from one thread.
package main

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// All calls are the main thread's: trapline without -f sees no others.
func init() { runtime.LockOSThread() }

func main() {
	exchange(unix.AF_INET, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	exchange(unix.AF_UNIX, &unix.SockaddrUnix{Name: os.Args[1] + "/socket"})
	pass()
}

// exchange listens, connects to itself, and sends both ways.
func exchange(family int, at unix.Sockaddr) {
	listener, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	check(err)
	check(unix.Bind(listener, at))
	check(unix.Listen(listener, 1))
	at, err = unix.Getsockname(listener)
	check(err)
	client, err := unix.Socket(family, unix.SOCK_STREAM, 0)
	check(err)
	check(unix.SetsockoptInt(client, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1))
	check(unix.Connect(client, at))
	server, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
	check(err)
	check(unix.Sendto(client, []byte("hello\n"), unix.MSG_NOSIGNAL, nil))
	buf := make([]byte, 100)
	_, _, err = unix.Recvfrom(server, buf, 0)
	check(err)
	_, err = unix.SendmsgN(server, []byte("good-bye\n"), nil, nil, 0)
	check(err)
	_, _, _, _, err = unix.Recvmsg(client, buf, nil, unix.MSG_DONTWAIT)
	check(err)
	_, err = unix.GetsockoptInt(client, unix.SOL_SOCKET, unix.SO_ERROR)
	check(err)
	check(unix.Shutdown(client, unix.SHUT_RDWR))
	for _, fd := range []int{client, server, listener} {
		unix.Close(fd)
	}
}

// pass sends a descriptor.
func pass() {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	check(err)
	_, err = unix.SendmsgN(pair[0], []byte("x"), unix.UnixRights(0, 1), nil, 0)
	check(err)
	buf, control := make([]byte, 1), make([]byte, 64)
	_, _, _, _, err = unix.Recvmsg(pair[1], buf, control, 0)
	check(err)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
