package main

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"trapline/integration/need"
	"trapline/tables/internal/xsys"
)

// write makes a file below dir.
func write(t *testing.T, dir, name, text string) {
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestCollectHeader(t *testing.T) {
	need.All(t, need.GCC64, need.GCC32)
	dir := t.TempDir()
	write(t, dir, "t/other.h", "#define OTHER 7\n")
	write(t, dir, "t/x.h", `
#ifndef T_X_H
#define T_X_H
#include <t/other.h>
#define NUMBER 0x10
#define SUM (NUMBER | 1)		/* not a literal */
#define NEGATIVE (-5)
#define HIGH (1ULL << 63)
#define TEXT "no number"
#define CALL() 1
#define CALLED CALL()
#define ALIAS CALL
#define MISSING (NOT_DEFINED + 1)
#define GONE 3
#undef GONE
enum color {
	RED,			/* a comment, with commas */
	GREEN = SUM + 1,
#define BLUE BLUE
	BLUE = (1 << (2)),
	__LAST
};
struct s { enum { INNER = 9 } field; void *pointer; };
typedef enum { TYPEDEFED = -1 } t;
#define GET_S _IOR('x', 1, struct s)
#define RAW 0x5401
#ifdef __i386__
#define ONLY32 32
#endif
#endif
`)
	got, err := collectHeader(dir, "t/x.h")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	w := bufio.NewWriter(&b)
	for _, c := range got {
		c.write(w)
	}
	w.Flush()
	want := `NUMBER 0x10
SUM 0x11
NEGATIVE -5
HIGH 0x8000000000000000
CALLED 0x1
BLUE 0x4
RED 0
GREEN 0x12
__LAST 0x5
INNER 0x9
TYPEDEFED -1
GET_S 0x80107801 i386=0x80087801 ioc
RAW 0x5401
ONLY32 - i386=0x20
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
}

func TestCollectHeaderBroken(t *testing.T) {
	need.All(t, need.GCC64, need.GCC32)
	dir := t.TempDir()
	write(t, dir, "t/x.h", "struct s { no_such_type x; };\n#define A 1\n")
	got, err := collectHeader(dir, "t/x.h")
	if err == nil || !strings.Contains(err.Error(), "no_such_type") {
		t.Errorf("got %v, %v, want an error about no_such_type", got, err)
	}
}

func TestCollectKernel(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "include/linux/socket.h", `#ifndef X
#define AF_UNSPEC	0
#define AF_UNIX		1	/* Unix domain sockets */
#define AF_LOCAL	AF_UNIX
#define MSG_FASTOPEN	0x20000000U
#if defined(CONFIG_COMPAT)
#define MSG_CMSG_COMPAT	0x80000000	/* comment
					   goes on */
#else
#define MSG_CMSG_COMPAT	0
#endif
  #define INDENTED 5
#define lower 6
#define CALL(x) 7
`)
	write(t, dir, "include/net/bluetooth/hci_sock.h", "#define HCIDEVUP\t_IOW('H', 201, int)\n#define HCIINQUIRY\t_IOR('H', 240, int)\n")
	out := filepath.Join(dir, "out")
	if err := collectKernel(dir, out); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	want := `<kernel/linux/socket.h>
AF_UNSPEC 0x0
AF_UNIX 0x1
MSG_FASTOPEN 0x20000000
MSG_CMSG_COMPAT 0x80000000
INDENTED 0x5
<kernel/net/bluetooth/hci_sock.h>
HCIDEVUP 0x400448c9 ioc
HCIINQUIRY 0x800448f0 ioc
`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCollectUnix(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	if err := collectUnix(out, map[string]bool{"O_CREAT": true}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"AF_UNIX 0x1", "AT_FDCWD -100", "O_LARGEFILE 0x0 i386=0x8000", "SOCK_CLOEXEC 0x80000"} {
		if !strings.Contains(string(data), "\n"+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
	if strings.Contains(string(data), "\nO_CREAT ") {
		t.Error("O_CREAT is there, though a header has it")
	}
}

// TestAgainstUnix compares the committed constants with x/sys/unix, which
// another compiler extracted from other headers.
func TestAgainstUnix(t *testing.T) {
	dir, err := xsys.Dir()
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob("../../uapi/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	// values lists what headers say of a name, by ABI.
	values := [2]map[string][]uint32{make(map[string][]uint32), make(map[string][]uint32)}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			f := strings.Fields(line)
			if len(f) < 2 {
				continue
			}
			v := [2]string{f[1], f[1]}
			if len(f) > 2 && strings.HasPrefix(f[2], "i386=") {
				v[1] = strings.TrimPrefix(f[2], "i386=")
			}
			for abi := range v {
				if v[abi] != "-" {
					values[abi][f[0]] = append(values[abi][f[0]], low32(t, v[abi]))
				}
			}
		}
	}
	// The C library, which x/sys/unix uses, has other values than the kernel:
	// its programs use 64-bit offsets on i386 as well, and RTCF_NAT is its own.
	differs := []string{"O_LARGEFILE", "F_GETLK", "F_SETLK", "F_SETLKW", "RTCF_NAT"}
	for abi, goarch := range []string{"amd64", "386"} {
		compared := 0
		err := unixConstants(dir, goarch, func(name, value string) {
			want := low32(t, value)
			if got, ok := values[abi][name]; ok {
				compared++
				if !slices.Contains(got, want) && !slices.Contains(differs, name) {
					t.Errorf("%s: %s is %#x, x/sys/unix says %#x", goarch, name, got, want)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if compared < 5000 {
			t.Errorf("%s: only %d constants compared", goarch, compared)
		}
	}
}

// low32 parses a number and returns its low half: signs differ between C and
// Go.
func low32(t *testing.T, s string) uint32 {
	if v, err := strconv.ParseInt(s, 0, 64); err == nil {
		return uint32(v)
	}
	v, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(v)
}
