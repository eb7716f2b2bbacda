package integration

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/asleep"
	"trapline/integration/need"
	"trapline/integration/programs"
)

// waiters are processes of testdata/waiting that wait for each other.
type waiters struct {
	dir   string
	roles []string // in the order of their starts
	pid   map[string]int
	role  map[int]string
}

// startWaiters runs them until the test ends, and returns when all of them wait.
func startWaiters(t *testing.T, way string) *waiters {
	t.Helper()
	need.All(t, need.GCC64)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path(t, programs.Waiting), way, dir)
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := false
	t.Cleanup(func() {
		input.Close()
		if !ready {
			cmd.Process.Kill()
		}
		cmd.Wait() // it removes files that remain after it
	})
	w := &waiters{dir: dir, pid: make(map[string]int), role: make(map[int]string)}
	for lines := bufio.NewScanner(output); ; {
		if !lines.Scan() {
			t.Fatalf("%s has ended", way)
		}
		if lines.Text() == "ready" {
			ready = true
			break
		}
		role, number, _ := strings.Cut(lines.Text(), " ")
		pid, err := strconv.Atoi(number)
		if err != nil {
			t.Fatalf("%s says %q", way, lines.Text())
		}
		w.roles = append(w.roles, role)
		w.pid[role], w.role[pid] = pid, role
	}
	before := ""
	eventually(t, func() bool {
		time.Sleep(50 * time.Millisecond)
		now := ""
		for _, pid := range w.pid {
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if state(pid) == "R" {
				now += time.Now().String()
			}
			now += strings.Join(regexp.MustCompile(`(?m)^(State|vol).*$`).FindAllString(string(status), -1), " ")
		}
		same := now == before
		before = now
		return same
	})
	return w
}

// numbers match the parts of an answer that differ from run to run.
var numbers = regexp.MustCompile(`\[\d+\]|0x[0-9a-f]+|:\d+|pts/\d+|eventfd \d+|set \d+|queue \d+|trapline-\d+`)

// answer returns what --why prints about the roles, one line for each thread in the order
// of roles, and the deadlocks.
func (w *waiters) answer(t *testing.T, asked string, flags ...string) (lines []string) {
	t.Helper()
	out, err := exec.Command(trapline(t), append(flags, "--json", "--why", fmt.Sprint(w.pid[asked]))...).Output()
	if err != nil {
		t.Fatal(err)
	}
	type party struct {
		PID, TID   int
		Comm, Note string
	}
	named := func(all []party) string {
		var names []string
		for _, p := range all {
			name := w.role[p.PID]
			if name == "" {
				name = p.Comm
			}
			if p.Note != "" {
				name += " " + p.Note
			}
			names = append(names, name)
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	var threads []string
	for line := range strings.Lines(string(out)) {
		var r struct {
			Event, Name, State string
			PID                int
			For                string `json:"waits_for"`
			On, Same, Circle   []party
			All, Unseen        bool
			Tracer             *party `json:"traced_by"`
			Last               *party `json:"last_user"`
			Files              []struct {
				FD                  int
				Path, Events, Ready string
				On                  []party
			}
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		switch r.Event {
		case "deadlock":
			lines = append(lines, "deadlock: "+named(r.Circle))
		case "waiting":
			s := w.role[r.PID] + " " + r.Name
			if r.State != "asleep" {
				s += " (" + r.State + ")"
			}
			if r.For != "" {
				s += ": " + r.For
			}
			if len(r.On) > 0 {
				s += ": " + named(r.On)
			}
			if r.Unseen {
				s += " unseen"
			}
			for _, f := range r.Files {
				s += fmt.Sprintf("; %s %s %q %s", f.Path, f.Events, f.Ready, named(f.On))
			}
			if len(r.Same) > 0 {
				s += "; same: " + named(r.Same)
			}
			if r.Last != nil {
				s += "; last used by " + named([]party{*r.Last})
			}
			if r.Tracer != nil {
				s += "; traced by " + named([]party{*r.Tracer})
			}
			threads = append(threads, numbers.ReplaceAllString(strings.ReplaceAll(s, w.dir, "DIR"), "N"))
		}
	}
	slices.Sort(threads)
	return append(threads, lines...)
}

// tellsConnection reports whether the kernel shows which file system a role serves through
// /dev/fuse.
func (w *waiters) tellsConnection(role string) bool {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", w.pid[role]))
	return slices.ContainsFunc(files, func(file string) bool {
		info, _ := os.ReadFile(file)
		return strings.Contains(string(info), "fuse_connection:")
	})
}

// Each kind of wait, and the processes that can end it. Similar cases that are not waits
// are tested as well.
func TestWhy(t *testing.T) {
	need.All(t, need.Root) // to check that no other process has the other end of a pipe
	for _, tt := range []struct {
		way, asked string
		want       []string
	}{
		{"pipe2", "a", []string{"a read: data in pipe:N: b", "b read: data in pipe:N: a", "deadlock: a b"}},
		{"pipe3", "b", []string{"a read: data in pipe:N: c", "b read: data in pipe:N: a", "c read: data in pipe:N: b", "deadlock: a b c"}},
		{"pipe2other", "a", []string{"a read: data in pipe:N: b c", "b read: data in pipe:N: a", "c pause: a signal"}},
		{"pipeSelf", "a", []string{"a read: data in pipe:N: a", "deadlock: a"}},
		{"pipeSelfTimed", "a", []string{`a poll: a descriptor; pipe:N POLLIN "" a`}},
		{"pipeFull", "a", []string{"a write: room in pipe:N: b", "b pause: a signal"}},
		{"fifos", "a", []string{"a read: data in DIR/f1: a b", "b read: data in DIR/f2: a b"}},
		{"fifoOpen", "a", []string{"a openat: a writer of DIR/f1"}},
		{"flock2", "a", []string{"a flock: the flock on DIR/l1: b", "b flock: the flock on DIR/l0: a", "deadlock: a b"}},
		{"flock3", "c", []string{"a flock: the flock on DIR/l1: b", "b flock: the flock on DIR/l2: c", "c flock: the flock on DIR/l0: a", "deadlock: a b c"}},
		{"flockFree", "a", []string{" pause: a signal", "a flock: the flock on DIR/l0: b waiting", "b pause: a signal"}},
		{"flockShared", "a", []string{"a flock: the flock on DIR/l0: b c", "b pause: a signal", "c pause: a signal"}},
		{"ofd2", "a", []string{"a fcntl: a lock (OFD) on DIR/l0, bytes 10 to 19: b", "b fcntl: a lock (OFD) on DIR/l0, bytes 0 to 9: a", "deadlock: a b"}},
		{"posix2", "b", []string{"a read: data in pipe:N: b", "b fcntl: a POSIX lock on DIR/l0, bytes 5 to 14: a", "deadlock: a b"}},
		{"posix3", "a", []string{"a read: data in pipe:N: b", "b fcntl: a POSIX lock on DIR/l1, bytes 0 to 0: d",
			"d fcntl: a POSIX lock on DIR/l0, bytes 0 to 49: a", "deadlock: a b d"}},
		{"pi2", "a", []string{"a read: data in pipe:N: b", "b futex: the futex at N, a PI lock: a", "deadlock: a b"}},
		{"pi3", "a", []string{"a read: data in pipe:N: c", "b futex: the futex at N, a PI lock: a", "c flock: the flock on DIR/l0: b", "deadlock: a b c"}},
		{"piFree", "a", []string{"a futex: the futex at N, a PI lock: b", "b pause: a signal"}},
		{"robust2", "a", []string{"a futex: the futex at N, a robust lock: b", "b futex: the futex at N, a robust lock: a", "deadlock: a b"}},
		{"robust3", "a", []string{"a futex: the futex at N, a robust lock: b", "b futex: the futex at N, a robust lock: c",
			"c futex: the futex at N, a robust lock: a", "deadlock: a b c"}},
		{"plain2", "a", []string{"a futex: a wake of the futex at N"}},
		{"futexSame", "a", []string{"a futex: a wake of the futex at N; same: b"}},
		{"notRobust", "a", []string{"a futex: a wake of the futex at N"}},
		{"waitAny", "a", []string{"a wait4: a child: b c", "b pause: a signal", "c pause: a signal"}},
		{"waitOne", "a", []string{"a wait4: its child: b", "b pause: a signal"}},
		{"waitGroup", "a", []string{"a wait4: a child: b", "b pause: a signal"}},
		{"waitPidfd", "a", []string{"a waitid: its child: b", "b pause: a signal"}},
		{"waitStopped", "a", []string{"a wait4: its child: b stopped", "b pause (stopped): SIGCONT"}},
		{"waitVfork", "a", []string{" pause: a signal", "a vfork (asleep, not to be interrupted): its child to call execve or to end: waiting"}},
		{"tracing", "a", []string{"a tgkill (stopped by its tracer): its tracer: b; traced by b", "b pause: a signal"}},
		{"unix2", "a", []string{"a read: data from socket:N: b", "b read: data from socket:N: a", "deadlock: a b"}},
		{"unixDatagram2", "a", []string{"a read: data from socket:N: b", "b read: data from socket:N: a", "deadlock: a b"}},
		{"unixTimed", "a", []string{"a read: data from socket:N: b", "b read: data from socket:N: a"}},
		{"unixFull", "a", []string{"a sendto: room at socket:N: b", "b pause: a signal"}},
		{"tcp2", "a", []string{"a read: data from 127.0.0.1N: b", "b read: data from 127.0.0.1N: a", "deadlock: a b"}},
		{"tcpAccept", "a", []string{"a accept: a connection to 127.0.0.1N"}},
		{"unixConnect", "a", []string{`a connect: room in the queue of "s": b`, "b pause: a signal"}},
		{"unixTwo", "a", []string{`a connect: room in the queue of "s": b`, "b pause: a signal"}},
		{"polls", "a", []string{`a poll: one of 2 descriptors; pipe:N POLLIN "" b; socket:N POLLIN "" c`, "b pause: a signal", "c pause: a signal"}},
		{"poll2", "a", []string{`a poll: a descriptor; pipe:N POLLIN "" b`, `b pselect6: a descriptor; pipe:N POLLIN "" a`, "deadlock: a b"}},
		{"epolls", "a", []string{`a epoll_wait: a descriptor; pipe:N EPOLLIN|EPOLLET "EPOLLIN" b`, "b pause: a signal"}},
		{"epoll2", "a", []string{`a epoll_wait: a descriptor; pipe:N EPOLLIN "" b`, "b read: data in pipe:N: a", "deadlock: a b"}},
		{"events", "a", []string{"a read: N: a b", "b pause: a signal"}},
		{"terminal", "a", []string{"a read: data in /dev/N: b", "b pause: a signal"}},
		{"terminalOther", "a", []string{"a read: data in /dev/N: b", "b read: data in /dev/N: a d", "d pause: a signal"}},
		{"semWait", "a", []string{"a semop: semaphore 0 of N, which is 1, to be 2 or more; last used by b"}},
		{"semZero", "a", []string{"a semop: semaphore 0 of N, which is 1, to be 0; last used by b"}},
		{"semSecond", "a", []string{"a semop: semaphore 1 of N, which is 0, to be 3 or more"}},
		{"semOwn", "a", []string{"a semop"}},
		{"semTimed", "a", []string{"a semtimedop: semaphore 0 of N, which is 0, to be 1 or more"}},
		{"semEnded", "a", []string{"a semop: semaphore 0 of N, which is 1, to be 2 or more"}},
		{"semElsewhere", "a", []string{"a semop"}},
		{"msgEmpty", "a", []string{"a msgrcv: a message in N, which is empty; last used by b"}},
		{"msgType", "a", []string{"a msgrcv: a message of its type in N, which has 2 of others; last used by b"}},
		{"msgUnused", "a", []string{"a msgrcv: a message in N, which is empty"}},
		{"msgFull", "a", []string{"a msgsnd: room for 50 bytes in N, which has 100 of 120; last used by b"}},
		{"mqEmpty", "a", []string{"a mq_timedreceive: a message in queue /N: b", "b pause: a signal"}},
		{"mqFull", "a", []string{"a mq_timedsend: room in queue /N: c", "c pause: a signal"}},
		{"uring", "a", []string{"a io_uring_enter: completions of io_uring 0: 1 of 2 are there; files are not ready for IORING_OP_READ"}},
		{"uringTime", "a", []string{"a io_uring_enter: completions of io_uring 0: 1 of 2 are there"}},
		{"uringDone", "a", []string{"a pause: a signal"}},
		{"futexWait2", "a", []string{"a futex_wait: a wake of the futex at N; same: b"}},
		{"futexWaitv", "a", []string{"a futex_waitv: a wake of one of 2 futexes"}},
		{"fault", "a", []string{"a : a page of its memory, by userfaultfd: b", "b pause: a signal"}},
		{"faultOther", "a", []string{"a : a page of its memory, by userfaultfd: b", "b pause: a signal"}},
		{"faultBoth", "a", []string{"a : a page of its memory, by userfaultfd"}},
		{"fuseStat", "a", []string{"a newfstatat: the file system at DIR/m0, which a process serves (FUSE): b", "b read"}},
		{"fuseOpen", "a", []string{"a openat: the file system at DIR/m1, which a process serves (FUSE): c", "c read"}},
		{"fuseRename", "a", []string{"a rename"}},
		{"sleep", "a", []string{"a clock_nanosleep: the time to come"}},
	} {
		t.Run(tt.way, func(t *testing.T) {
			switch {
			case strings.HasPrefix(tt.way, "uring"):
				need.All(t, need.IOUring)
			case strings.HasPrefix(tt.way, "fuse"):
				need.All(t, need.FUSE, need.MountNamespaces)
			case tt.way == "terminalOther":
				need.All(t, need.MountNamespaces)
			case strings.HasPrefix(tt.way, "fault"):
				need.All(t, need.Userfaultfd)
			case tt.way == "futexWait2" || tt.way == "futexWaitv":
				need.All(t, need.FutexWait)
			}
			w := startWaiters(t, tt.way)
			if strings.HasPrefix(tt.way, "fuse") && !w.tellsConnection("b") {
				tt.want = []string{strings.TrimSuffix(strings.TrimSuffix(tt.want[0], ": b"), ": c")}
			}
			var got []string
			// A process that sleeps before it waits looks like one that waits.
			for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
				if got = w.answer(t, tt.asked); slices.Equal(got, tt.want) {
					break
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// Trapline does not name itself as an end of a pipe that it has inherited.
func TestWhyWithInheritedPipe(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer write.Close()
	reader, holder := exec.Command("cat"), exec.Command("sleep", "1000")
	reader.Stdin, holder.Stdout = read, write
	asleep.Start(t, holder, asleep.Sleeping...)
	asleep.Start(t, reader, unix.SYS_READ)
	pipe, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", read.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	why := exec.Command(trapline(t), "--why", strconv.Itoa(reader.Process.Pid))
	why.ExtraFiles = []*os.File{write}
	out, err := why.Output()
	if err != nil {
		t.Fatal(err)
	}
	if holds := fmt.Sprintf("%d (sleep)", holder.Process.Pid); !strings.Contains(string(out), holds) {
		t.Errorf("%s is not named:\n%s", holds, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "data in "+pipe) && strings.Contains(line, strconv.Itoa(why.Process.Pid)+" (") {
			t.Errorf("trapline %d is named:\n%s", why.Process.Pid, line)
		}
		if strings.HasPrefix(line, strconv.Itoa(why.Process.Pid)+"<") {
			t.Errorf("trapline %d asks itself:\n%s", why.Process.Pid, line)
		}
	}
}

// At SIGQUIT trapline prints what all processes wait for, and the trace continues.
func TestHangAtQuit(t *testing.T) {
	for _, flag := range []string{"--hang=quit", "--hang=1000s"} {
		for _, interruptible := range []string{"anywhere", "waiting", "never"} {
			t.Run(flag+" "+interruptible, func(t *testing.T) {
				log := filepath.Join(t.TempDir(), "log")
				cmd := exec.Command(trapline(t), "-f", "-o", log, flag, "-I", interruptible, "-e", "trace=read", "sh", "-c", "cat; exit 7")
				input, err := cmd.StdinPipe()
				if err != nil {
					t.Fatal(err)
				}
				output, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				defer cmd.Process.Kill()
				read := func() string { b, _ := os.ReadFile(log); return string(b) }
				pass := func(line string) {
					io.WriteString(input, line)
					b := make([]byte, len(line))
					if _, err := io.ReadFull(output, b); err != nil || string(b) != line {
						t.Fatalf("cat printed %q: %v", b, err)
					}
				}
				pass("first\n") // cat continues to read as soon as it can
				eventually(t, func() bool {
					cmd.Process.Signal(syscall.SIGQUIT)
					time.Sleep(50 * time.Millisecond)
					text := read()
					return strings.Contains(text, "waits for data in pipe:[") && strings.Contains(text, "<cat> read(0<pipe:[")
				})
				pass("second\n")
				input.Close()
				cmd.Wait()
				if status := cmd.ProcessState.ExitCode(); status != 7 {
					t.Errorf("status %d, want 7", status)
				}
				for _, want := range []string{"<sh> wait4(-1,", "waits for a child: ", ` = 7
`, "+++ exited with 7 +++"} {
					if !strings.Contains(read(), want) {
						t.Errorf("%q lacks %q", read(), want)
					}
				}
			})
		}
	}
}

// A call that takes too long is reported while it is in progress; a shorter call is not
// reported.
func TestHang(t *testing.T) {
	flags := []string{"-f", "-qq", "-e", "trace=none", "-e", "signal=none", "--hang=300ms"}
	need.All(t, need.Live) // the test reads the trace before it ends
	j := startJob(t, append(flags, "sh", "-c", "sleep 1000 | cat")...)
	for _, want := range []string{"<cat> read(0<pipe:[", "      waits for data in pipe:[", "<sleep> clock_nanosleep(", "<sh> wait4(-1,"} {
		j.await(want)
	}
	if log := trace(t, trapline(t), append(flags, "--hang=100s"), "sh", "-c", "sleep 1 | cat").log; log != "" {
		t.Errorf("a second is reported as 100: %q", log)
	}
}
