package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"trapline/integration/need"
	"trapline/socketcall"
)

var (
	address   = regexp.MustCompile(`0x[0-9a-f]{7,8}\b`)
	alignment = regexp.MustCompile(`\) +=`)
	pidIs     = regexp.MustCompile(`PID=\d+`)
	pidColumn = regexp.MustCompile(`(?m)^\d+ +`)
)

// steady is a trace without addresses, pids and columns.
func steady(log string) []string {
	log = address.ReplaceAllString(log, "ADDR")
	log = alignment.ReplaceAllString(log, ") =")
	log = pidIs.ReplaceAllString(log, "PID=N")
	log = pidColumn.ReplaceAllString(log, "")
	return strings.Split(strings.TrimSpace(log), "\n")
}

// traceI386 traces a 32-bit test program, without signals.
func traceI386(t *testing.T, tracer string, flags []string, command ...string) []string {
	t.Helper()
	uninterrupted(t)
	tr := trace(t, tracer, append([]string{"-e", "signal=none"}, flags...), command...)
	return steady(tr.log)
}

const (
	runs32 = "[ Process PID=N runs in 32 bit mode. ]"
	runs64 = "[ Process PID=N runs in 64 bit mode. ]"
	ended  = "+++ exited with 0 +++"
)

// socketcallLines are the calls of testdata/socketcall.
var socketcallLines = []string{
	`socket(AF_UNIX, SOCK_RAW|0x60 /* SOCK_??? */, 0) = -1 EINVAL (Invalid argument)`,
	`bind(-1, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EBADF (Bad file descriptor)`,
	`connect(-1, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EBADF (Bad file descriptor)`,
	`listen(-1, 5) = -1 EBADF (Bad file descriptor)`,
	`accept(-1, NULL, NULL) = -1 EBADF (Bad file descriptor)`,
	`getsockname(-1, ADDR, [16]) = -1 EBADF (Bad file descriptor)`,
	`getpeername(-1, ADDR, [16]) = -1 EBADF (Bad file descriptor)`,
	`socketpair(AF_UNIX, SOCK_RAW|0x60 /* SOCK_??? */, 0, ADDR) = -1 EINVAL (Invalid argument)`,
	`send(-1, "hello", 5, MSG_NOSIGNAL) = -1 EBADF (Bad file descriptor)`,
	`recv(-1, ADDR, 16, 0) = -1 EBADF (Bad file descriptor)`,
	`sendto(-1, "hello", 5, 0, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EBADF (Bad file descriptor)`,
	`recvfrom(-1, ADDR, 16, 0, NULL, NULL) = -1 EBADF (Bad file descriptor)`,
	`shutdown(-1, SHUT_WR) = -1 EBADF (Bad file descriptor)`,
	`setsockopt(-1, SOL_SOCKET, SO_REUSEADDR, [1], 4) = -1 EBADF (Bad file descriptor)`,
	`getsockopt(-1, SOL_SOCKET, SO_REUSEADDR, ADDR, [16]) = -1 EBADF (Bad file descriptor)`,
	`sendmsg(-1, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="hello", iov_len=5}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, 0) = -1 EBADF (Bad file descriptor)`,
	`recvmsg(-1, {msg_namelen=0}, 0) = -1 EBADF (Bad file descriptor)`,
	`accept4(-1, NULL, NULL, SOCK_NONBLOCK) = -1 EBADF (Bad file descriptor)`,
	`recvmmsg(-1, ADDR, 1, 0, NULL) = -1 EBADF (Bad file descriptor)`,
	`sendmmsg(-1, [{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="hello", iov_len=5}], msg_iovlen=1, msg_controllen=0, msg_flags=0}}], 1, 0) = -1 EBADF (Bad file descriptor)`,
	`socketcall(0, ADDR) = -1 EINVAL (Invalid argument)`,
	`socketcall(21, ADDR) = -1 EINVAL (Invalid argument)`,
	`socketcall(-1, ADDR) = -1 EINVAL (Invalid argument)`,
	`socketcall(SYS_CONNECT, NULL) = -1 EFAULT (Bad address)`,
	`socketcall(SYS_CONNECT, ADDR) = -1 EFAULT (Bad address)`,
	`listen(0, 0) = -1 ENOTSOCK (Socket operation on non-socket)`,
}

// ipcLines are the calls of testdata/ipc.
var ipcLines = []string{
	`semop(-1, [{sem_num=0, sem_op=-1, sem_flg=IPC_NOWAIT}], 1) = -1 EINVAL (Invalid argument)`,
	`semget(ADDR, 1, 0600) = -1 ENOENT (No such file or directory)`,
	`semctl(-1, 0, IPC_RMID, [0x2a]) = -1 EINVAL (Invalid argument)`,
	`semtimedop(-1, [{sem_num=0, sem_op=-1, sem_flg=IPC_NOWAIT}], 1, {tv_sec=1, tv_nsec=2}) = -1 EINVAL (Invalid argument)`,
	`msgsnd(-1, {mtype=7, mtext="hello"}, 5, IPC_NOWAIT) = -1 EINVAL (Invalid argument)`,
	`msgrcv(-1, ADDR, 5, -1, IPC_NOWAIT) = -1 EINVAL (Invalid argument)`,
	`msgget(ADDR, 0600) = -1 ENOENT (No such file or directory)`,
	`msgctl(-1, IPC_RMID, NULL) = -1 EINVAL (Invalid argument)`,
	`shmat(-1, NULL, 0) = -1 EINVAL (Invalid argument)`,
	`shmdt(0x1000) = -1 EINVAL (Invalid argument)`,
	`shmget(ADDR, 4096, 0600) = -1 ENOENT (No such file or directory)`,
	`shmctl(-1, IPC_RMID, NULL) = -1 EINVAL (Invalid argument)`,
	`msgrcv(-1, ADDR, 5, -1, IPC_NOWAIT) = -1 EINVAL (Invalid argument)`,
	`msgrcv(-1, ADDR, 5, IPC_NOWAIT) = -1 EINVAL (Invalid argument)`,
	`ipc(5, 0x1, 0x2, 0x3, 0x4, 0x5) = -1 ENOSYS (Function not implemented)`,
	`ipc(42<<16|30, 0x1, 0x2, 0x3, 0x4, 0x5) = -1 ENOSYS (Function not implemented)`,
}

// toTheEnd adds the last line of a trace.
func toTheEnd(lines []string) []string {
	return append(slices.Clone(lines), ended)
}

func TestSocketcall(t *testing.T) {
	need.All(t, need.X86)
	p := program(t, "socketcall", "386")
	equalLines(t, traceI386(t, trapline(t), []string{"-e", "trace=socketcall"}, p), toTheEnd(socketcallLines)...)
	// strace selects the same names; it omits calls that it cannot split.
	equalLines(t, traceI386(t, trapline(t), []string{"-e", "trace=connect@32,listen,accept@64"}, p),
		socketcallLines[2], socketcallLines[3], socketcallLines[25], ended)
	equalLines(t, traceI386(t, trapline(t), []string{"-f", "--seccomp-bpf", "-e", "trace=shutdown"}, p)[:1],
		socketcallLines[12])
}

func TestIPC(t *testing.T) {
	need.All(t, need.X86)
	equalLines(t, traceI386(t, trapline(t), []string{"-e", "trace=ipc"}, program(t, "ipc", "386")), toTheEnd(ipcLines)...)
}

// The default text is the same as strace's, except for msgrcv, whose arguments
// in memory strace 6.1 does not find.
func TestMultiplexersBesideStrace(t *testing.T) {
	need.All(t, need.X86, need.Strace)
	for _, name := range []string{"socketcall", "ipc"} {
		flags := []string{"-e", "trace=%network,semop,semget,semctl,semtimedop,msgsnd,msgget,msgctl,shmat,shmdt,shmget,shmctl"}
		p := program(t, name, "386")
		equalLines(t, traceI386(t, trapline(t), flags, p), traceI386(t, need.StracePath(), flags, p)...)
	}
}

func TestBothLevels(t *testing.T) {
	need.All(t, need.X86)
	p := program(t, "socketcall", "386")
	lines := traceI386(t, trapline(t), []string{"--multiplexer", "-e", "trace=socketcall"}, p)
	if len(lines) != len(socketcallLines)+1 {
		t.Fatalf("%d lines:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	for i, line := range lines[:20] {
		sub := &socketcall.Subs()[i]
		outer, inner, both := strings.Cut(line, "): ")
		if want := "socketcall(" + sub.Symbol + ", ADDR -> ["; !strings.HasPrefix(outer, want) {
			t.Errorf("%s, want %s", line, want)
		}
		if !both || inner != socketcallLines[i] {
			t.Errorf("%s, want %s", line, socketcallLines[i])
		}
		if n := strings.Count(outer[strings.Index(outer, "["):], ",") + 1; n != sub.Args {
			t.Errorf("%s: %d words, want %d", line, n, sub.Args)
		}
	}
	if want := `socketcall(SYS_CONNECT, ADDR -> [ADDR, ADDR, 16]): ` + socketcallLines[2]; lines[2] != want {
		t.Errorf("%s, want %s", lines[2], want)
	}
	if lines[20] != socketcallLines[20] {
		t.Errorf("%s, want %s", lines[20], socketcallLines[20])
	}
	lines = traceI386(t, trapline(t), []string{"--multiplexer", "-e", "trace=msgrcv"}, program(t, "ipc", "386"))
	if want := `ipc(1<<16|MSGRCV, ADDR, 5, 2048, ADDR, ADDR): ` + ipcLines[12]; lines[1] != want {
		t.Errorf("%s, want %s", lines[1], want)
	}
}

// record is a call in JSON.
type record struct {
	Event, Name, ABI, Entry string
	NR                      int
	Via                     *struct {
		Name, Symbol, Entry string
		Call, Version       uint32
		ArgsAddr            string `json:"args_addr"`
		Raw                 []uint64
	}
}

func calls(t *testing.T, flags []string, command ...string) []record {
	t.Helper()
	uninterrupted(t)
	tr := trace(t, trapline(t), append([]string{"--json"}, flags...), command...)
	var found []record
	for line := range strings.Lines(tr.log) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if r.Event == "syscall" {
			found = append(found, r)
		}
	}
	return found
}

func TestMultiplexersInJSON(t *testing.T) {
	need.All(t, need.X86)
	records := calls(t, []string{"--entry-points", "-e", "trace=socketcall"}, program(t, "socketcall", "386"))
	if len(records) != len(socketcallLines) {
		t.Fatalf("%d calls", len(records))
	}
	for i, r := range records[:20] {
		sub := &socketcall.Subs()[i]
		if r.Name != sub.Name || r.NR != 102 || r.ABI != "i386" || r.Entry != "__ia32_compat_sys_socketcall" || r.Via == nil {
			t.Errorf("%+v, want %s", r, sub.Name)
			continue
		}
		v := r.Via
		if v.Name != "socketcall" || v.Call != uint32(i+1) || v.Symbol != sub.Symbol || v.Entry != sub.Entry ||
			len(v.Raw) != sub.Args || !strings.HasPrefix(v.ArgsAddr, "0x") {
			t.Errorf("%s: via %+v", r.Name, v)
		}
	}
	if raw := records[2].Via.Raw; raw[0] != 0xffffffff || raw[2] != 16 {
		t.Errorf("connect: raw %v", raw)
	}
	for _, r := range records[20:25] {
		if r.Name != "socketcall" || r.Via != nil {
			t.Errorf("%+v, want a socketcall by itself", r)
		}
	}

	records = calls(t, nil, program(t, "ipc", "386"))
	i := slices.IndexFunc(records, func(r record) bool { return r.Name == "msgrcv" && r.Via.Version == 1 })
	if i < 0 {
		t.Fatal("no msgrcv of version 1")
	}
	if v := records[i].Via; v.Name != "ipc" || v.Call != 12 || v.Symbol != "MSGRCV" || len(v.Raw) != 5 || v.ArgsAddr != "" || v.Entry != "" {
		t.Errorf("via %+v", v)
	}
}

func TestSummaryHasInnerCalls(t *testing.T) {
	need.All(t, need.X86)
	tr := trace(t, trapline(t), []string{"-c", "-e", "trace=socketcall"}, program(t, "socketcall", "386"))
	for _, want := range []string{`\s2\s+2 listen\n`, `\s1\s+1 connect\n`, `\s5\s+5 socketcall\n`} {
		if !regexp.MustCompile(want).MatchString(tr.log) {
			t.Errorf("no line matches %q in\n%s", want, tr.log)
		}
	}
}

// The instruction determines the table of a call, in programs of either kind.
func TestCallsByNumber(t *testing.T) {
	need.All(t, need.X86, need.I386)
	utime := `utime("/nonexistent", NULL) = -1 ENOENT (No such file or directory)`
	stty, gtty := `stty(ADDR, 0) = -1 ENOSYS (Function not implemented)`, `gtty(ADDR, 0) = -1 ENOSYS (Function not implemented)`
	sendfile := `sendfile(-1, -1, NULL, 0) = -1 EBADF (Bad file descriptor)`
	p64 := []string{program(t, "numbers", "amd64"), "syscall", "40", "int80", "30", "31", "32", "syscall", "40", "int80", "30"}
	want := []string{sendfile, runs32, utime, stty, gtty, runs64, sendfile, runs32, utime, runs64, ended}
	set := "trace=utime@32,sendfile@64,stty,gtty"
	equalLines(t, onStderr(t, trapline(t), set, p64...), want...)
	t.Run("strace", func(t *testing.T) {
		need.All(t, need.Strace)
		equalLines(t, onStderr(t, need.StracePath(), set, p64...), want...)
	})
	equalLines(t, traceI386(t, trapline(t), []string{"-e", "trace=utime,stty,gtty"}, program(t, "numbers", "386"), "int80", "30", "31", "32"),
		utime, stty, gtty, ended)

	tr := trace(t, trapline(t), []string{"--entry-points", "-e", "signal=none", "-e", "trace=utime,stty,sendfile"}, p64...)
	for _, want := range []string{"[__ia32_sys_utime32] utime(", "[sys_ni_syscall] stty(", "[__x64_sys_sendfile64] sendfile("} {
		if !strings.Contains(tr.log, want) {
			t.Errorf("no %q in\n%s", want, tr.log)
		}
	}
}

// onStderr returns a trace without -o, which contains messages about the tables of the
// calls.
func onStderr(t *testing.T, tracer, set string, command ...string) []string {
	t.Helper()
	uninterrupted(t)
	cmd := exec.Command(tracer, append([]string{"-e", "signal=none", "-e", set}, command...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return steady(stderr.String())
}

// The classic pair: the server answers two clients, one after the other.
func TestHelloReplyhi(t *testing.T) {
	need.All(t, need.X86)
	uninterrupted(t)
	server, client := program(t, "replyhi", "386"), program(t, "hello", "386")
	// The first client starts when the server sleeps in its first accept, socketcall(5, ...).
	script := func(port int) string {
		return fmt.Sprintf(`%s %d 2 | {
			read listening server
			until read nr call rest </proc/$server/syscall && [ "$nr $call" = "102 0x5" ] &&
				read pid name state rest </proc/$server/stat && [ $state = S ]; do :; done
			%s %[2]d; %[3]s %[2]d; }`, server, port, client)
	}
	ports := unusedPorts(t) // one for each run: connections keep a port for a minute
	records := tracedByPID(t, []string{"-f", "--json", "-e", "trace=socketcall", "-e", "signal=none"}, "sh", "-c", script(ports))
	var got []string
	for _, numbers := range records {
		got = append(got, numbers)
	}
	slices.Sort(got)
	equalLines(t, got, "1 2 4 5 10 9 5 10 9", "1 3 9 10", "1 3 9 10")

	// The same as text: the server blocks in its first accept when a client starts.
	port := ports + 1
	tr := trace(t, trapline(t), []string{"-f", "-e", "trace=socketcall", "-e", "signal=none"}, "sh", "-c", script(port))
	for _, want := range []string{
		fmt.Sprintf(`bind\(\d, \{sa_family=AF_INET, sin_port=htons\(%d\), sin_addr=inet_addr\("127.0.0.1"\)\}, 16\) += 0\n`, port),
		`accept\(\d, NULL, NULL <unfinished \.\.\.>\n(?s:.*)<\.\.\. accept resumed>\) += \d\n`,
		`(recv\(\d|recv resumed>), "hello", 16, 0\) += 5\n`,
		`(send\(\d, "hi", 2, 0\)|send resumed>\)) += 2\n`,
		`(recv\(\d|recv resumed>), "hi", 16, 0\) += 2\n`,
	} {
		if !regexp.MustCompile(want).MatchString(tr.log) {
			t.Errorf("no line matches %q in\n%s", want, tr.log)
		}
	}
}

// tracedByPID returns the numbers of the socketcalls of each process, in order.
func tracedByPID(t *testing.T, flags []string, command ...string) map[int]string {
	t.Helper()
	tr := trace(t, trapline(t), flags, command...)
	numbers := make(map[int]string)
	for line := range strings.Lines(tr.log) {
		var r struct {
			Event string
			PID   int
			Via   *struct{ Call int }
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if r.Event == "syscall" && r.Via != nil {
			numbers[r.PID] = strings.TrimSpace(numbers[r.PID] + " " + strconv.Itoa(r.Via.Call))
		}
	}
	return numbers
}
