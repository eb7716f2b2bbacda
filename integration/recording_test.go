package integration

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/asleep"
	"trapline/integration/need"
)

// recordedCommands are commands that do all kinds of things. Each works in an empty
// folder.
var recordedCommands = [][]string{
	{"true"},
	{"ls", "-la", "/", "/nonexistent"},
	{"sh", "-c", "echo one >a; cat a a >b; ln -s b c; cat c; mv a d; rm -r d; ls -l"},
	{"sh", "-c", "(echo one; echo two) | sort -r | head -1"},
	{"sh", "-c", "trap 'echo signal' USR1; kill -USR1 $$; kill -WINCH $$"},
	{"sh", "-c", "kill -SEGV $$"},
	{"sh", "-c", "sleep 0.02 & sleep 0.01; wait; exit 3"},
	{"find", "/etc", "-maxdepth", "1", "-name", "h*"},
	{"tar", "cf", "x.tar", "/etc/hosts"},
	{"cp", "-a", "/etc/passwd", "copy"},
	{"sed", "s/root/toor/", "/etc/passwd"},
	{"awk", "BEGIN { system(\"echo $PPID\"); print 1 }"},
	{"perl", "-MSocket", "-e", "socketpair(A, B, AF_UNIX, SOCK_STREAM, 0); send(A, 'hello', 0); recv(B, $x, 100, 0);" +
		"socket(S, AF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(0, INADDR_LOOPBACK)); listen(S, 5);" +
		"socket(T, AF_INET, SOCK_STREAM, 0); connect(T, getsockname(S)); accept(U, S); syswrite(T, 'x' x 5000); sysread(U, $y, 5000);"},
	{"perl", "-e", "$SIG{ALRM} = sub {}; alarm 1; select(undef, undef, undef, 1.5); fork() or exit 5; wait; open(F, '+>', 'f'); print F 'y' x 9000; close F"},
	{"id"},
	{"env", "-i", "A=1", "sh", "-c", "cd /usr/bin; exec ls -d ."},
	{"date", "-u"},
	{"sh", "-c", "mkdir x; cd x; touch a b c; ls; for i in a b c; do test -e $i && rm $i; done; cd ..; rmdir x"},
	{"dd", "if=/dev/zero", "of=z", "bs=10000", "count=3"},
	{"sh", "-c", "ulimit -n 20; cat /proc/self/status /proc/self/maps >/dev/null; stty -a </dev/null"},
	{"sh", "-c", "perl -e \"$1\"; python3 -c \"$2\"", "sh", renames, closes},
}

// renames is a perl program whose descriptors and directories get other names while it uses
// them.
const renames = `
	open F, '>', 'a'; syswrite F, 1; rename 'a', 'b'; syswrite F, 2; unlink 'b'; syswrite F, 3;
	open G, '>', 'c'; open F, '>&', \*G; syswrite F, 4;
	mkdir 'd'; chdir 'd'; stat 'x'; rename '../d', '../e'; stat 'x'; open H, '>', 'h'; mkdir '../d'; chdir '../d'; stat 'x';
	unless (fork) { close G; open G, '<', '/etc/passwd'; sysread G, $x, 10; exit }
	wait; syswrite G, 5; close G; open G, '<', '/etc/hosts'; sysread G, $x, 10; symlink '/etc', 'l'; stat 'l/hosts'; unlink 'l'; stat 'l/hosts'`

// closes is a python program whose threads close each other's descriptors, and then get
// others with the same numbers.
const closes = `
import os, threading
def other():
    os.close(fd)
    os.read(os.open('/etc/hosts', os.O_RDONLY), 9)
    os.dup2(os.open('/etc/passwd', os.O_RDONLY), fd)
fd = os.open('t', os.O_CREAT | os.O_RDWR)
os.write(fd, b'1')
t = threading.Thread(target=other)
t.start()
t.join()
os.read(fd, 9)
os.closerange(fd, fd + 1)
os.open('t', os.O_RDONLY)
os.read(fd, 9)`

// recordedOptions are sets of options under which a recording is shown.
var recordedOptions = [][]string{
	{},
	{"-v", "-s", "300"},
	{"-yy", "-Y"},
	{"-y", "-r", "-T"},
	{"-ttt", "-i", "-n"},
	{"--json"},
	{"--json", "-v", "-yy", "--in-progress"},
	{"-k", "-e", "trace=%file,%process"},
	{"--regs", "-e", "trace=%desc"},
	{"-c"},
	{"-C", "-w", "-z"},
	{"-P", "/etc/**", "-P", "/usr/bin/"},
	{"--where", `errno == ENOENT || count > 100 || name == "wait4"`, "-N"},
	{"-e", "read=3", "-e", "write=1,4", "-X", "verbose"},
	{"-e", "raw=openat,read", "-e", "abbrev=none", "-x", "--explain"},
	{"--format=csv", "-e", "status=failed"},
	{"--json", "-C", "--clock=monotonic", "--whole"},
}

// A recording shows, byte by byte, what the live trace of the same run showed under the
// same options. RECORDINGS=all tries all commands under all options.
func TestRecordingEqualsLive(t *testing.T) {
	for i, command := range recordedCommands {
		for j, options := range recordedOptions {
			if os.Getenv("RECORDINGS") != "all" && j != i%len(recordedOptions) && j != (5*i+8)%len(recordedOptions) {
				continue
			}
			replaysAlike(t, append([]string{"-f"}, options...), command)
		}
	}
}

// The kernel may remove the name of an open file without a call that names it. In the
// recording the name disappears at the same call: of a pseudoterminal whose master is
// closed, also if a socket has passed it on and in an executed program; and of a process in
// /proc that was waited for, or that is not waited for.
func TestRecordedNamesThatGo(t *testing.T) {
	need.All(t, need.Python3)
	const script = `
import array, os, signal, socket, sys
master, slave = os.openpty()
os.fstat(slave)
os.close(master)
os.fstat(slave)
for end in (lambda a, b: b.close()), (lambda a, b: b.recv(1)), (lambda a, b: os.dup2(r, b.fileno())):
    r, w = os.pipe()
    a, b = socket.socketpair()
    master, slave = os.openpty()
    a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [master]))])
    os.close(master)
    os.fstat(slave)
    end(a, b)
    os.fstat(slave)
r, w = os.pipe()
p = os.fork()
if p == 0:
    os.close(w)
    os.read(r, 1)
    os._exit(0)
d = os.open('/proc/%d' % p, os.O_RDONLY)
os.close(w)
os.waitid(os.P_PID, p, os.WEXITED | os.WNOWAIT)
os.fstat(d)
os.waitpid(p, 0)
os.fstat(d)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
r, w = os.pipe()
p = os.fork()
if p == 0:
    os.close(w)
    os.read(r, 1)
    os._exit(0)
d = os.open('/proc/%d' % p, os.O_RDONLY)
os.fstat(d)
os.close(w)
try: os.waitpid(p, 0)
except OSError: pass
os.fstat(d)
master, slave = os.openpty()
os.set_inheritable(slave, True)
os.fstat(slave)
os.execv('/bin/sh', ['sh', '-c', 'read x <&%d' % slave])`
	replaysAlike(t, []string{"-f", "-yy"}, []string{"python3", "-I", "-S", "-c", script})
}

// The target of a path is taken from earlier answers until a call changes it: a change of
// directory; a link that is made, replaced or removed; a renamed directory; another root
// directory. -P sees each of these files by its name at that time.
func TestRecordedPathsThatChange(t *testing.T) {
	need.All(t, need.Python3)
	const script = `
import os
def look():
    for p in ('a/f', './a//f', 'b/../a/f', 'l/f', 'l/../a/f', 'gone/../a/f', 'l', 'f', '../a/f', 'a/f/x', 'l/./l2/f',
              'a/', 'a//.', 'a/..', 'b/../a/.', 'l/', 'l/.', 'l/..', 'l/../gone/', 'gone/.', 'gone/..', 'm/.', 'f/', 'f/.', 'a/f/..', '.', '..', './..', '/', '/.'):
        try: os.stat(p)
        except OSError: pass
        try: os.lstat(p)
        except OSError: pass
here = os.getcwd()
os.mkdir('a'); os.mkdir('b')
look()
os.close(os.open('a/f', os.O_CREAT | os.O_WRONLY))
look()
os.close(os.open('b/f', os.O_CREAT | os.O_WRONLY))
os.symlink('a', 'l'); os.symlink('../b', 'a/l2')
look()
os.unlink('l'); os.symlink('b', 'l')
look()
os.chdir('a')
look()
os.chdir('../b')
look()
d = os.open('..', os.O_RDONLY)
os.fchdir(d)
look()
os.symlink('a', 'm'); os.rename('m', 'l')
look()
os.rename('a', 'gone')
look()
os.rename('b', 'a')
look()
p = os.fork()
if p == 0:
    os.chdir('gone')
    look()
    os.execv('/bin/sh', ['sh', '-c', '[ -f f ]; [ -f ../a/f ]; [ -f ../l/f ]; cd ..; [ -f f ]; [ -f gone/f ]'])
os.waitpid(p, 0)
look()
os.mkdir('r'); os.mkdir('r/a'); os.symlink('/a', 'r/l')
os.close(os.open('r/a/f', os.O_CREAT | os.O_WRONLY))
try:
    os.chroot('r')
    os.chdir('/')
except OSError:
    os.chdir('r')
look()`
	for _, options := range [][]string{
		{"-yy", "-P", "/**/work/a/f"}, {"-P", "/**/b/f", "-P", "/**/l"}, {"-P", "/**/gone/f"}, {"-P", "/**/f"},
		{"-P", "/**/work/a"}, {"-P", "/**/work", "-P", "/**/gone"}, {"-P", "/**/work/b", "-P", "/"},
	} {
		replaysAlike(t, append([]string{"-f"}, options...), []string{"python3", "-I", "-S", "-c", script})
	}
}

// The target of a path is not taken from earlier answers about another process, or from
// before a call that names no file: through links of the procfs, which differ between
// processes and descriptors; from other root directories; among other mounts; after a
// directory that did not exist; and after a call that is not recorded.
func TestRecordedPathsOfProcesses(t *testing.T) {
	need.All(t, need.Python3)
	const script = `
import ctypes, os
libc = ctypes.CDLL(None)
NEWNS, BIND, REC, PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000
def look(*paths):
    for p in paths:
        try: os.stat(p)
        except OSError: pass
def touch(*paths):
    for p in paths: os.close(os.open(p, os.O_CREAT | os.O_WRONLY))
def child(does):
    p = os.fork()
    if p == 0:
        try: does()
        finally: os._exit(0)
    os.waitpid(p, 0)
for d in 'a', 'b', 'r', 'r/a', 'm': os.mkdir(d)
touch('a/f', 'b/f', 'f', 'r/f', 'r/a/f')
here = os.getcwd()
for p in 'a/f', 'b/f', 'f':
    fd = os.open(p, os.O_RDONLY)
    os.dup2(fd, 0)
    look('/dev/stdin', '/dev/fd/0', '/proc/self/fd/0', '/proc/thread-self/fd/0', '/proc/%d/fd/0' % os.getpid())
for d in 'a', 'b':
    os.chdir(d)
    look('/proc/self/cwd/f', '/proc/self/cwd/../f', 'f', '/proc/self/cwd/', '/proc/self/cwd/.', '/proc/self/cwd/..', '.', '..')
    child(lambda: look('/proc/self/cwd/f', '/proc/self/exe', '/proc/self/stat', '/dev/stdin'))
    os.chdir('..')
look('new/../l/f', 'new/../a/f', 'new/more/../../l/f', 'new/../l/.', 'new/.', 'new/..')
os.symlink('a', 'l')
look('new/../l/f', 'new/../a/f', 'new/more/../../l/f', 'new/../l/.', 'new/.', 'new/..')
os.mkdir('new')
look('new/../l/f', 'new/../a/f', 'new/more/../../l/f', 'new/../l/.', 'new/.', 'new/..')
os.mkdir('new/more')
look('new/../l/f', 'new/../a/f', 'new/more/../../l/f', 'new/../l/.', 'new/.', 'new/..')
os.symlink(here + '/f', 'abs')
os.symlink('/f', 'top')
os.mkdir('r/r')
os.symlink('/a/f', 'r/af')
def rooted():
    look('abs', 'top', 'r/af')
    try: os.chroot('r')
    except OSError: return
    look('abs', 'top', 'r/af', '/f', '/af')
look('abs', 'top', 'r/af')
child(rooted)
look('abs', 'top', 'r/af')
os.symlink('../a/f', 'm/lf')
os.symlink('../b/f', 'b/lf')
def mounted():
    if libc.unshare(NEWNS) != 0: return
    libc.mount(b'none', b'/', None, REC | PRIVATE, None)
    os.chdir('m')
    look('lf', 'f', '../m/lf', '../m/f', '.', '../m/', '../m/.')
    libc.mount(b'../b', b'../m', None, BIND, None)
    look('lf', 'f', '../m/lf', '../m/f', '.', '../m/', '../m/.')
    os.chdir('..')
    look('m/lf', 'm/f', 'm/none/../lf')
look('m/lf', 'm/f')
child(mounted)
look('m/lf', 'm/f')
os.unlink('l'); os.symlink('b', 'l')
look('l/f')`
	for _, options := range [][]string{
		{"-P", "/**/work/a/f"}, {"-P", "/**/work/b/f"}, {"-P", "/**/work/f", "-P", "/proc/**"}, {"-P", "/**/r/**"},
		{"-P", "/**/work/a", "-P", "/**/work/new"}, {"-P", "/**/work/m", "-P", "/**/work"},
		{"-e", "trace=%%stat", "-P", "/**/work/a/f"}, {"-e", "trace=%%stat", "-P", "/**/work/f", "-P", "/proc/**"},
		{"-e", "trace=%file", "-P", "/**/work/a/f"},
	} {
		replaysAlike(t, append([]string{"-f"}, options...), []string{"python3", "-I", "-S", "-c", script})
	}
}

// The stacks of a command are shown from its first call on, even if its execve was not
// recorded.
func TestRecordedStacksWithoutExecve(t *testing.T) {
	replaysAlike(t, []string{"-k", "-e", "trace=openat"}, []string{"ls"})
}

// A recording shows the names that one thread gives to another, although it was made
// without -Y.
func TestRecordedNamesOfThreads(t *testing.T) {
	need.All(t, need.Python3)
	const script = `
import os, threading
def name(write, file, text):
    write(os.open(file, os.O_WRONLY), text)
def other(*args):
    t = threading.Thread(target=name, args=args)
    t.start()
    t.join()
    os.getppid()
main = os.getpid()
end = threading.Event() # lines of a process with one thread left have no name
lives = threading.Thread(target=end.wait)
lives.start()
os.getppid()
other(os.write, '/proc/self/task/%d/comm' % main, b'first')
other(os.write, '/proc/%d/comm' % main, b'the second')
other(os.writev, '/proc/self/comm', [b'third'])
other(lambda fd, text: os.pwritev(fd, text, -1), '/proc/thread-self/../%d/comm' % main, [b'the fourth'])
end.set()
lives.join()`
	names := []string{"first", "the second", "third", "the fourth"}
	file := recorded(t, []string{"-f"}, "python3", "-I", "-S", "-c", script)
	_, stderr, _ := run(t, "--from="+file, "-Y", "-e", "trace=getppid")
	// A call that is in progress when another thread ends has a second line.
	lines := slices.DeleteFunc(strings.Split(stderr, "\n"), func(line string) bool { return !strings.Contains(line, "] getppid(") })
	if len(lines) <= len(names) {
		t.Fatalf("%d calls: %s", len(lines), stderr)
	}
	lines = lines[len(lines)-len(names)-1:]
	for i, name := range names {
		before, line := lines[i], lines[i+1]
		_, call, _ := strings.Cut(line, "<"+name+">] ")
		whole := strings.HasPrefix(call, "getppid()") || call == "getppid( <unfinished ...>"
		if !whole || strings.Contains(before, "<"+name+">") {
			t.Errorf("%s, then %s, which lacks %s", before, line, name)
		}
	}
}

// replaysAlike records a command that works in an empty folder, and compares what the
// recording shows with what the live trace has shown.
func replaysAlike(t *testing.T, options, command []string) {
	t.Helper()
	tracer, dir := trapline(t), t.TempDir()
	live, file, again := filepath.Join(dir, "live"), filepath.Join(dir, "file"), filepath.Join(dir, "again")
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o777); err != nil {
		t.Fatal(err)
	}
	record := exec.CommandContext(t.Context(), tracer, slices.Concat(options, []string{"-o", live, "--record=" + file}, command)...)
	record.Dir = work
	recordErr, err := record.CombinedOutput()
	if record.ProcessState == nil {
		t.Fatal(err)
	}
	replay := exec.CommandContext(t.Context(), tracer, slices.Concat(withoutTargets(options), []string{"-o", again, "--from=" + file})...)
	if out, err := replay.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%q %q: --from: %v: %s", options, command, err, out)
		return
	}
	want, got := readAll(t, live), readAll(t, again)
	if len(want) == 0 {
		t.Errorf("%q %q: the trace is empty: %s", options, command, recordErr)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%q %q: %s", options, command, differingLine(string(got), string(want)))
	}
}

// withoutTargets drops -p and its argument from options.
func withoutTargets(options []string) []string {
	if len(options) > 1 && options[0] == "-p" {
		return options[2:]
	}
	return options
}

// A filter of the command refuses a call: the recording contains the reason.
func TestRecordedReasonOfFilter(t *testing.T) {
	need.All(t, need.Python3)
	const script = `import ctypes,struct
libc=ctypes.CDLL(None); libc.prctl(38,1,0,0,0)
code=struct.pack('HBBI',0x20,0,0,0)+struct.pack('HBBI',0x15,0,1,161)+struct.pack('HBBI',6,0,0,0x50001)+struct.pack('HBBI',6,0,0,0x7fff0000)
b=ctypes.create_string_buffer(code); p=ctypes.create_string_buffer(struct.pack('HxxxxxxQ',4,ctypes.addressof(b)))
assert libc.syscall(317,1,0,p)==0
libc.syscall(161,0)`
	replaysAlike(t, []string{"--explain", "-e", "trace=chroot"}, []string{"python3", "-c", script})
}

// The lines of two processes show their ids, even if no process is followed.
func TestRecordedAttachAndCommand(t *testing.T) {
	pid := strconv.Itoa(asleep.Sleep(t).Process.Pid)
	replaysAlike(t, []string{"-p", pid, "-q"}, []string{"sh", "-c", "kill -TERM " + pid})
}

// Recordings are replayed as they were shown live: of processes from which trapline
// detaches, of those of another user, of programs that change their user, and by a tracer
// that is a grandchild.
func TestRecordingEqualsLiveFor(t *testing.T) {
	for _, tt := range []struct {
		name     string
		options  []string // of the recorder
		again    []string // of the replay
		features []*need.Feature
		script   string
	}{
		{"detach-on", []string{"-f", "-b", "execve", "-v"}, []string{"-f", "-b", "execve", "-v"}, nil,
			"(cat /etc/hosts >/dev/null); /bin/true; (:); exec true"},
		{"detach-on without -f", []string{"-b", "execve"}, []string{"-b", "execve"}, nil, "/bin/true; exec true"},
		{"user", []string{"-f", "-yy", "-Y", "-u", "nobody"}, []string{"-f", "-yy", "-Y"}, []*need.Feature{need.Root},
			"id >/dev/null; cat /etc/shadow /etc/hosts >/dev/null 2>&1; exit 3"},
		{"set-user-ID", []string{"-f", "-v", "-u", "nobody"}, []string{"-f", "-v"}, []*need.Feature{need.Root}, "./id; exit 3"},
		{"set-user-ID, in JSON", []string{"-f", "--json", "-v", "-yy", "-u", "nobody"}, []string{"-f", "--json", "-v", "-yy"},
			[]*need.Feature{need.Root}, "./id; exit 3"},
		{"daemon", []string{"-D", "-f", "-y"}, []string{"-f", "-y"}, nil, "cat /etc/hosts >/dev/null; (:); exit 3"},
		{"daemon, session", []string{"-DDD", "--json"}, []string{"--json"}, nil, "exit 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			need.All(t, tt.features...)
			dir := t.TempDir()
			copyOfID(t, filepath.Join(dir, "id"))
			for folder := dir; folder != os.TempDir() && folder != "/"; folder = filepath.Dir(folder) {
				if err := os.Chmod(folder, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			live, file, again := filepath.Join(dir, "live"), filepath.Join(dir, "file"), filepath.Join(dir, "again")
			// The pipe for the output is closed only when the tracer has ended as well: it
			// may be a grandchild.
			cmd := exec.CommandContext(t.Context(), trapline(t), slices.Concat(tt.options, []string{"-o", live, "--record=" + file, "sh", "-c", tt.script})...)
			cmd.Dir = dir
			if out, _ := cmd.CombinedOutput(); cmd.ProcessState == nil || bytes.Contains(out, []byte("trapline")) {
				t.Fatalf("%v: %s", cmd.ProcessState, out)
			}
			if _, stderr, state := run(t, slices.Concat(tt.again, []string{"-o", again, "--from=" + file})...); state.ExitCode() != 0 || stderr != "" {
				t.Errorf("--from: status %d: %s", state.ExitCode(), stderr)
			}
			want, got := string(readAll(t, live)), string(readAll(t, again))
			if strings.Count(want, "\n") < 10 || got != want {
				t.Error(differingLine(got, want))
			}
		})
	}
}

// copyOfID makes a set-user-ID copy of id(1).
func copyOfID(t *testing.T, name string) {
	t.Helper()
	id, err := exec.LookPath("id")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, readAll(t, id), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
}

func readAll(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// differingLine shows the first line that differs.
func differingLine(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return "the recording has\n\t" + a + "\nand live there was\n\t" + b
		}
	}
	return "no difference"
}

// recorded records a command and returns the file.
func recorded(t *testing.T, flags []string, command ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "recording")
	stdout, stderr, _ := run(t, slices.Concat([]string{"--record=" + file}, flags, command)...)
	if stderr != "" {
		t.Fatalf("--record writes %q and %q", stdout, stderr)
	}
	return file
}

// --record alone writes no text. One recording can be shown in many ways, with other
// filters than those it was made with.
func TestOneRecordingManyViews(t *testing.T) {
	file := recorded(t, []string{"-f"}, "sh", "-c", "cat /etc/hosts >/dev/null; cat /nonexistent 2>/dev/null; exit 4")
	for _, tt := range []struct {
		options  []string
		has, not string
	}{
		{nil, "+++ exited with 4 +++", "\x00"},
		{[]string{"-e", "trace=openat", "-Z"}, `"/nonexistent", O_RDONLY) = -1 ENOENT`, "/etc/hosts"},
		{[]string{"-P", "/etc/hosts"}, `"/etc/hosts"`, "/nonexistent"},
		{[]string{"-y", "-e", "trace=read"}, "</etc/hosts>, ", "openat("},
		{[]string{"-c"}, "total", "openat("},
		{[]string{"--json", "--where", `name == "exit_group"`}, `"name":"exit_group"`, `"name":"openat"`},
		{[]string{"-s", "5", "-e", "trace=openat"}, `"/etc/hosts"`, "read("},
	} {
		// The processor time of the tracees was not recorded: -c warns of that.
		_, stderr, state := run(t, append(slices.Clone(tt.options), "--from="+file)...)
		if state.ExitCode() != 0 || !strings.Contains(stderr, tt.has) || strings.Contains(stderr, tt.not) {
			t.Errorf("%q: status %d, want %q and not %q:\n%s", tt.options, state.ExitCode(), tt.has, tt.not, stderr)
		}
	}
}

// Options for running programs, and options for data that was not recorded, are refused
// with one line.
func TestRecordingRefuses(t *testing.T) {
	file := recorded(t, nil, "true")
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, readAll(t, file)[:40], 0o666); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--from=" + file, "true"}, "PROG [ARGS] cannot be used with --from"},
		{[]string{"--from=" + file, "-p", "1"}, "-p/--attach and --wait-for cannot be used with --from"},
		{[]string{"--from=" + file, "-D"}, "-D/--daemonize cannot be used with --from"},
		{[]string{"--from=" + file, "-I", "2"}, "-I/--interruptible cannot be used with --from"},
		{[]string{"--from=" + file, "--hang=1s"}, "--hang cannot be used with --from"},
		{[]string{"--from=" + file, "--explain=last"}, "--explain=last cannot be used with --from"},
		{[]string{"--from=" + file, "--inject=all:error=EIO"}, "--inject and --fault cannot be used with --from"},
		{[]string{"--from=" + file, "--record=" + short}, "--record"},
		{[]string{"--from=" + file, "-b", "execve"}, "-b was not given to --record"},
		{[]string{"--from=" + file, "-k"}, "-k was not given to --record"},
		{[]string{"--from=" + file, "--regs"}, "--regs was not given to --record"},
		{[]string{"--from=" + file, "--report=files,folded"}, "--report=folded needs stacks, and -k was not given to --record"},
		{[]string{"--from=/nonexistent"}, "/nonexistent: no such file or directory"},
		{[]string{"--from=/etc/passwd"}, "/etc/passwd: this is not a recording of trapline"},
		{[]string{"--from=" + short}, "the recording ends before it begins"},
		{[]string{"--from=/dev/null"}, "a recording must be a regular file"},
		{[]string{"--record=/nonexistent/file", "true"}, "/nonexistent/file"},
		{[]string{"--record=x", "--kernel-path", "true"}, "--kernel-path"},
		{[]string{"--record=/dev/full", "true"}, "No space left on device"},
		{[]string{"--record=x", "--record-strings=0", "true"}, "--record-strings"},
	} {
		_, stderr, state := run(t, tt.args...)
		if first, _, _ := strings.Cut(stderr, "\n"); state.ExitCode() != 1 || !strings.Contains(first, tt.want) {
			t.Errorf("%q: status %d, %q; want %q", tt.args, state.ExitCode(), stderr, tt.want)
		}
	}
}

// If the recorder is killed, the recording lacks at most the last tenth of a second,
// provided that the recorder got the processor to write. The reader reports that the end is
// missing.
func TestKilledRecorder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "recording")
	cmd := exec.Command(trapline(t), "-f", "--record="+file, "sh", "-c", "cat /etc/hosts >/dev/null; exec sleep 1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { // without any further event
		_, stderr, _ := run(t, "--from="+file)
		return strings.Contains(stderr, "nanosleep(")
	})
	unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
	cmd.Wait()
	_, stderr, state := run(t, "--from="+file)
	if state.ExitCode() != 0 || !strings.Contains(stderr, `"/etc/hosts"`) || !strings.Contains(stderr, "the end of the recording is missing") {
		t.Errorf("status %d:\n%s", state.ExitCode(), stderr)
	}
}

// A recording shows the same on another machine, which has none of its files and
// processes. RECORDINGS=all tries all commands, each under another set of options, since
// an emulated machine takes seconds for each.
func TestRecordingOnAnotherMachine(t *testing.T) {
	need.All(t, need.QEMU, need.CachedKernel)
	built := t.TempDir()
	build := exec.Command("go", "build", "-o", built+"/", "trapline/cmd/trapline", "trapline/integration/vm")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	args := []string{"-timeout", "1h", "-file", built + "/trapline:/bin/trapline"}
	script := "cd /; shown() { trapline \"$@\" -o /again; cmp /again $live && echo $live is the same; }\n"
	record := func(options, command []string) {
		name := strconv.Itoa(len(args))
		live, file := filepath.Join(built, "live"+name), filepath.Join(built, "file"+name)
		cmd := exec.CommandContext(t.Context(), built+"/trapline", slices.Concat(options, []string{"-o", live, "--record=" + file}, command)...)
		cmd.Dir = t.TempDir()
		if out, _ := cmd.CombinedOutput(); len(readAll(t, live)) == 0 {
			t.Fatalf("%q %q: %s", options, command, out)
		}
		args = append(args, "-file", live+":/live"+name, "-file", file+":/file"+name)
		script += "live=/live" + name + "; shown"
		for _, option := range append(slices.Clone(options), "--from=/file"+name) {
			script += " '" + strings.ReplaceAll(option, "'", `'\''`) + "'"
		}
		script += "\n"
	}
	record([]string{"-f", "-yy", "-Y", "-v"}, []string{"sh", "-c", "ls -l /usr | sort >/dev/null; id >/dev/null"})
	recordings := 1
	for i, command := range recordedCommands {
		if os.Getenv("RECORDINGS") == "all" || i%4 == 2 {
			record(append([]string{"-f"}, recordedOptions[i%len(recordedOptions)]...), command)
			recordings++
		}
	}
	got, err := exec.CommandContext(t.Context(), built+"/vm", slices.Concat(args, []string{"--", "sh", "-c", script})...).Output()
	if err != nil {
		t.Errorf("%v", err)
	}
	if text := string(got); strings.Count(text, "is the same") != recordings {
		t.Errorf("of %d recordings not all are the same:\n%s", recordings, text)
	}
}
