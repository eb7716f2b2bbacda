package clayout

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	. "trapline/decode/lang"
	"trapline/integration/need"
	"trapline/tables"
)

// Compare compares the offsets of the members of described structs with those that a C
// compiler finds in the kernel's headers, for both ABIs; some structs exist in only one of
// them. Structs and members that the headers lack, because they are older than the
// descriptions, are skipped, but at least least members must exist. C_INCLUDE_PATH may
// name other headers than the installed ones.
func Compare(t *testing.T, least int, both, only64, only32 []CStruct) {
	t.Helper()
	for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
		t.Run(fmt.Sprintf("-m%d", abi.Bits()), func(t *testing.T) {
			need.All(t, map[tables.ABI]*need.Feature{tables.X86_64: need.GCC64, tables.I386: need.GCC32}[abi])
			own := only64
			if abi == tables.I386 {
				own = only32
			}
			var kernel, libc []CStruct
			for _, s := range slices.Concat(both, own) {
				if withLibc[s.Header] {
					libc = append(libc, s)
				} else {
					kernel = append(kernel, s)
				}
			}
			compared := 0
			for _, structs := range [][]CStruct{kernel, libc} {
				if len(structs) > 0 {
					compared += compareLayouts(t, abi, structs)
				}
			}
			if compared < least {
				t.Errorf("only %d members of structs are in these headers, of at least %d", compared, least)
			}
		})
	}
}

// withLibc are the headers that include headers of the C library, or need what is in them.
// Both the C library and kernel headers define struct timeval, iovec, winsize and others,
// so that two C programs are needed.
var withLibc = map[string]bool{
	"linux/errqueue.h": true, "linux/if.h": true, "linux/input.h": true, "linux/mctp.h": true, "linux/videodev2.h": true, "linux/vm_sockets.h": true,
}

// assertion is one line for the compiler to check.
type assertion struct {
	st     *CStruct
	member string // empty for the size of the struct
	want   int
}

// compareLayouts compiles one C program with the headers of all the structs. It returns
// the number of members found in them. If the headers conflict, because their versions are
// unusual, each gets a program of its own.
func compareLayouts(t *testing.T, abi tables.ABI, structs []CStruct) int {
	var src strings.Builder
	src.WriteString("#include <stddef.h>\n")
	var headers []string
	for _, s := range structs {
		if !slices.Contains(headers, s.Header) {
			headers = append(headers, s.Header)
		}
	}
	if withLibc[headers[0]] {
		src.WriteString("#include <sys/types.h>\n")
	}
	for _, h := range headers {
		fmt.Fprintf(&src, "#if __has_include(<%s>)\n#include <%[1]s>\n#endif\n", h)
	}
	var lines []assertion
	// Two declarations of an array with different sizes are an error whose message, unlike
	// that of _Static_assert, contains the sizes.
	assert := func(s *CStruct, member, expression string, want int) {
		lines = append(lines, assertion{s, member, want})
		fmt.Fprintf(&src, "#line %d \"assertion\"\nextern char a%[1]d[%[2]d], a%[1]d[%[3]s];\n", len(lines), want, expression)
	}
	for i := range structs {
		s := &structs[i]
		for _, m := range s.Type.Members() {
			// In C, cmd of struct io_uring_sqe begins within the first 64 bytes.
			if identifier.MatchString(m.Name) && m.Name != "cmd" && !reserved.MatchString(m.Name) && hasLayout(abi, m.Type) {
				assert(s, m.Name, fmt.Sprintf("offsetof(%s, %s)", s.Name, m.Name), m.Off[abi])
			}
		}
		assert(s, "", fmt.Sprintf("sizeof(%s)", s.Name), s.Type.Layout(abi).Size)
	}
	complaints, broken := compileC(abi, src.String())
	if broken != "" && len(headers) > 1 {
		t.Logf("each header for itself, since together they cannot be used: %s", broken)
		compared := 0
		for _, h := range headers {
			var of []CStruct
			for _, s := range structs {
				if s.Header == h {
					of = append(of, s)
				}
			}
			compared += compareLayouts(t, abi, of)
		}
		return compared
	}
	if broken != "" {
		t.Logf("<%s> cannot be used: %s", headers[0], broken)
	}
	if broken != "" && len(complaints) == 0 {
		return 0
	}
	incomplete := make(map[*CStruct]bool) // the header is older than the description
	missing := 0
	for n, message := range complaints {
		if !unequal.MatchString(message) {
			missing++
			incomplete[lines[n].st] = true
		}
	}
	for n, a := range lines {
		message, ok := complaints[n]
		if !ok || !unequal.MatchString(message) {
			continue
		}
		got := cmp.Or(unequal.FindStringSubmatch(message)[1], "another")
		switch {
		case a.member != "":
			t.Errorf("%v, <%s>: %s.%s is described at offset %d, but is at %s", abi, a.st.Header, a.st.Name, a.member, a.want, got)
		case !incomplete[a.st] && !partial[a.st.Name]:
			t.Errorf("%v, <%s>: %s is described with size %d, but has %s", abi, a.st.Header, a.st.Name, a.want, got)
		}
	}
	return len(lines) - missing
}

var (
	identifier = regexp.MustCompile(`^[a-z]\w*$`)
	// reserved are members from which later versions of a struct take space for new ones.
	reserved = regexp.MustCompile(`^_*(re?sv|rsvd|reserved|spare|pad)`)
)

// flexible is an array at the end of a struct, which takes no room.
var flexible = &List{Of: U8, Count: Ref("n")}

// hasLayout reports whether a member has an offset in the C struct, unlike those that only
// show the meaning of earlier members.
func hasLayout(abi tables.ABI, typ Type) bool {
	return reflect.TypeOf(typ) == reflect.TypeOf(flexible) || typ.Layout(abi).Size > 0
}

// partial are structs whose description ends before their last member in C.
var partial = map[string]bool{
	"struct dm_ioctl": true, "struct dm_name_list": true, "struct if_dqblk": true, "struct kvm_run": true, "struct ptrace_syscall_info": true, "struct rseq": true,
	"struct sysinfo": true, "struct sockaddr_in": true, "struct sockaddr_in6": true, "struct sockaddr_ll": true, "struct sockaddr_rxrpc": true,
}

var (
	complaint = regexp.MustCompile(`(?m)^(.+?):(\d+):.* error: (.*)$`)
	// Compilers before gcc 11 do not print the size.
	unequal = regexp.MustCompile(`^conflicting types for [^;]*(?:; have 'char\[(\d+)\]')?`)
)

// compileC checks a C program. It returns the compiler's complaints about the assertions,
// by their number from 0, and the first complaint about anything else.
func compileC(abi tables.ABI, source string) (complaints map[int]string, broken string) {
	cmd := exec.Command("gcc", fmt.Sprintf("-m%d", abi.Bits()), "-std=gnu11", "-w", "-fsyntax-only", "-fmax-errors=0", "-x", "c", "-")
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Stdin = strings.NewReader(source)
	out, err := cmd.CombinedOutput()
	complaints = make(map[int]string)
	for _, m := range complaint.FindAllStringSubmatch(string(out), -1) {
		if m[1] == "assertion" {
			n, _ := strconv.Atoi(m[2])
			complaints[n-1] = m[3]
		} else if broken == "" {
			broken = m[0]
		}
	}
	if err != nil && len(complaints) == 0 && broken == "" {
		broken = fmt.Sprintf("%v: %s", err, out)
	}
	return complaints, broken
}

// CStruct is a described struct and its name in C.
type CStruct = struct {
	Header, Name string
	Type         *Struct
}
