//go:build linux && amd64

package trace

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"trapline/decode"
)

// rehearsalCommands make many different calls, some with bad arguments.
var rehearsalCommands = []string{
	"ls -lR /etc /usr/include/asm-generic",
	"find /usr/include/linux -type f -newer /etc/passwd",
	"sort /etc/services",
	"tar -cf /dev/null /usr/include/linux",
	"dd if=/dev/zero of=/dev/null bs=7 count=50",
	"cat /nonexistent /etc/passwd /proc/self/maps",
	"id; groups; uname -a; df; ps; date",
	"perl -e 'use Socket; use POSIX; socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0); syswrite $a, q(hello); sysread $b, $_, 9'",
	"/usr/bin/python3 -c 'import asyncio, json, subprocess, socket, select; subprocess.run([\"true\"]); asyncio.run(asyncio.sleep(0))'",
	`/usr/bin/python3 -c 'import os # vectors
os.writev(os.open("/dev/null", 1), [b"a" * 100, b"b"]); r, w = os.pipe()
os.writev(w, [b"abc", b"", b"def" * 50]); b = [bytearray(2), bytearray(3), bytearray(400)]; os.readv(r, b)'`,
	`/usr/bin/python3 -c 'import socket # datagrams
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0))
c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); c.sendto(b"x" * 70, s.getsockname()); c.sendmsg([b"y", b"z" * 5], [], 0, s.getsockname())
print(s.recvfrom(9), s.recvmsg(20), s.getsockopt(1, 8), s.getpeername)'`,
	"gcc -x c -c -o /dev/null - <<< 'int main(void) { return 0; }'",
	"git --version; make --version; busybox ls -l /usr/bin",
}

// messagesProgram builds a program that sends and receives messages in all ways; "" without
// a compiler.
func messagesProgram(t *testing.T) string {
	program := filepath.Join(t.TempDir(), "messages")
	gcc := exec.Command("gcc", "-O1", "-pthread", "-o", program, "../integration/testdata/buffered/sockets.c")
	if out, err := gcc.CombinedOutput(); err != nil {
		t.Logf("%v\n%s", err, out)
		return ""
	}
	return program
}

// The capture of a call keeps all memory that the decoder reads.
func TestCapturesAreComplete(t *testing.T) {
	kept, gaps := 0, 0
	commands := rehearsalCommands
	if program := messagesProgram(t); program != "" {
		commands = append(slices.Clone(commands), "cd "+filepath.Dir(program)+" && ./messages shapes && ./messages threads")
	}
	for _, o := range []Options{
		{},
		{StringLimit: 200, Abbrev: &CallSet{}},
	} {
		for _, script := range commands {
			if program, _, _ := strings.Cut(script, " "); program != "id;" && program != "cd" {
				if _, err := exec.LookPath(program); err != nil {
					continue
				}
			}
			name, _, _ := strings.Cut(script, "\n")
			t.Run(fmt.Sprintf("%d %.30s", o.StringLimit, name), func(t *testing.T) {
				var text strings.Builder
				o := o
				o.Follow, o.Output = true, &Destination{Writer: &text}
				s, err := New(o)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				s.rehearsal = &rehearsal{missed: func(call string, miss decode.Miss, of *decode.Capture) {
					t.Errorf("%s: %d bytes at %#x were not kept (at its exit: %v); operations %+v", call, miss.Size, miss.Addr, miss.Exiting, of.Ops)
				}}
				null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer null.Close()
				c := NewCommand("bash", "-c", script)
				c.Stdin, c.Stdout, c.Stderr = null, null, null
				if _, err := s.Launch(c); err != nil {
					t.Fatal(err)
				}
				if err := s.Run(context.Background()); err != nil {
					t.Fatal(err)
				}
				kept, gaps = kept+s.rehearsal.kept, gaps+s.rehearsal.gaps
			})
		}
	}
	t.Logf("%d calls have a capture, %d have none", kept, gaps)
	if kept < 10*gaps {
		t.Errorf("only %d calls have a capture, %d have none", kept, gaps)
	}
}
