package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"trapline/integration/programs"
)

// bufferedProgram is a program whose trace must be the same with and without
// --buffered=always.
type bufferedProgram struct {
	name    string
	script  string // for sh, in an empty folder; BENCH and HELLO are test programs
	prepare string // for sh, before the trace

	names bool // files and descriptors get other names while the program runs
	above bool // the program reads the folders above, in which tests make more: no -v, which shows st_nlink

	// If the tasks of a program divide its work at random, calls selects the calls that
	// are made in any case. They are compared regardless of the task and the order.
	calls string
}

const pythonSockets = `/usr/bin/python3 -c '
import os, select, socket
a, b = socket.socketpair()
for i in range(60): a.send(b"x" * i + b"y"); b.recv(99)
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); c = socket.socket(); c.connect(s.getsockname()); d, _ = s.accept()
for i in range(20):
    c.sendall(b"hello"); d.recv(3); d.recvfrom(9); d.setsockopt(6, 1, 1); d.getsockopt(1, 4); d.getpeername()
    os.writev(c.fileno(), [b"ab", b"", b"c" * 50]); os.readv(d.fileno(), [bytearray(1), bytearray(100)])
    c.sendmsg([b"q", b"r" * 40]); d.recvmsg(100)
    select.select([c], [d], [], 0); p = select.poll(); p.register(c, 1); p.poll(0); os.pread(0, 0, 0)
'`

// bufferedPrograms are typical programs. Those with one process make the same calls in
// each run; of the others, what depends on scheduling is not compared (see scheduling).
var bufferedPrograms = []bufferedProgram{
	{name: "awk", script: `awk '{ n++ } END { print n }' /etc/services`},
	{name: "bash", script: `bash -c 'for i in {1..6}; do /bin/echo $i; done; x=$(echo a); trap "echo T" USR1; kill -USR1 $$'`},
	{name: "busybox", script: "busybox ls -lR /usr/include/asm-generic"},
	{name: "cat", script: "cat /etc/services /nonexistent"},
	{name: "cp", names: true, script: "cp -a /usr/include/asm-generic copy"},
	{name: "cut", script: "cut -d: -f1 /etc/passwd"},
	{name: "dd", script: "dd if=/dev/zero of=/dev/null bs=1 count=2000 status=none"},
	{name: "dd of a text", script: "dd if=text of=/dev/null bs=1 status=none", prepare: `awk 'BEGIN { for (i = 0; i < 3000; i++) printf "%c", 97 + i * i % 7 % 3 }' >text`},
	{name: "comm", script: "comm /etc/passwd /etc/passwd; tr a b </etc/services >t"},
	{name: "du", script: "du -s /usr/include/x86_64-linux-gnu"},
	{name: "echo", script: "echo a; /bin/echo b"},
	{name: "expr", script: "i=0; while [ $i -lt 20 ]; do i=$(expr $i + 1); done"},
	{name: "true and other programs of one path", script: "for i in 1 2 3 4 5 6; do for p in true echo id; do cp /bin/$p program; ./program; done; done >out; cat out"},
	{name: "find", names: true, script: "find /usr/include/x86_64-linux-gnu -name '*.h' -size +10"},
	{name: "gcc", names: true, script: "TMPDIR=. gcc -c x.c", prepare: "echo 'int main(void) { return 0; }' >x.c"},
	{name: "git", names: true, above: true, script: "git log --stat", prepare: `git init -q .; echo a >a; git add a
		export GIT_AUTHOR_DATE=2001-01-01T00:00:00 GIT_COMMITTER_DATE=2001-01-01T00:00:00; git -c user.name=a -c user.email=a@b commit -qm x`},
	{name: "Go", script: "BENCH workload rw 500", calls: `^(read|write|openat|close)\(`},
	{name: "Go threads", script: "BENCH workload threads 300", calls: `^(read|write|getppid)\(`},
	{name: "grep", script: "grep -c define /usr/include/linux/*.h"},
	{name: "gzip", script: "gzip -c /etc/services >s.gz; gunzip -c s.gz | wc"},
	{name: "head", script: "head -n 3 /etc/passwd; tail -n 3 /etc/passwd"},
	{name: "id", script: "id; groups"},
	{name: "install", names: true, script: "mkdir -p a/b/c; install -m 600 /etc/passwd a/b/c/p; ln -s p a/b/c/l; mv a d; chmod -R go= d; touch d/b/t"},
	{name: "java", script: "java -version", calls: `^(openat|stat|lstat|newfstatat|readlink)\(.*"/usr/`},
	{name: "ls", script: "ls -lR /etc"},
	{name: "make", names: true, script: "make -j3 all", calls: `^(openat|newfstatat|execve)\(.*"o\d`,
		prepare: `printf 'all: o1 o2 o3 o4 o5 o6\no%%:\n\tcp /etc/passwd $@\n' >Makefile`},
	{name: "md5sum", script: "md5sum /usr/include/asm-generic/*.h"},
	{name: "node", script: "node -e 'for (let i = 0; i < 50; i++) require(\"fs\").statSync(\"/etc\")'", calls: `^(stat|statx|newfstatat)\(.*"/etc"`},
	{name: "node threads", script: `node -e '
const fs = require("fs/promises");
(async () => { for (let i = 0; i < 20; i++) await Promise.all([1, 2, 3, 4].map(() => fs.stat("/etc"))) })()
'`, calls: `^(stat|statx|newfstatat)\(.*"/etc"`},
	{name: "objdump", script: "objdump -d /bin/true"},
	{name: "perl", script: `perl -e 'for (1..200) { stat "/etc"; syswrite STDOUT, "x"; open F, "<", "/etc/passwd"; $_ = <F>; close F }'`, calls: `^(stat|newfstatat|write|openat|lseek)\(`},
	{name: "perl fork", script: `perl -e 'for my $i (1..6) { $p = fork; if (!$p) { getppid for 1..50; exit $i } waitpid $p, 0; print $? >> 8 }'`, calls: `^(getppid|exit_group|write|openat)\(`},
	{name: "pipe", script: "cat /etc/services | sort -r | uniq | wc -l", calls: `^(openat|write)\(`},
	{name: "python3", script: "/usr/bin/python3 -c 'import json, os; print([os.system(\"exit 3\"), os.getcwd()])'"},
	{name: "python3 sockets", names: true, script: pythonSockets},
	{name: "python3 sockets, SIGSEGV ignored", names: true, script: "trap '' SEGV" + "\n" + pythonSockets}, // the kernel copies
	{name: "python3 threads", names: true, script: `/usr/bin/python3 -c '
import os, threading
def work():
    for i in range(100): os.stat("/etc"); os.getppid()
all = [threading.Thread(target=work) for i in range(4)]
for t in all: t.start()
for t in all: t.join()
'`, calls: `^(newfstatat\(.*"/etc"|getppid)`},
	{name: "python3 names", names: true, script: `/usr/bin/python3 -c '
import array, os, socket, threading
a, b = socket.socketpair()
os.mkdir("d")
for i in range(40):
    f = os.open("a", os.O_CREAT | os.O_RDWR); os.write(f, b"1"); os.rename("a", "b"); os.write(f, b"2")
    os.chdir("d"); os.stat("../b"); os.chdir(".."); os.stat("b")
    g = os.dup(f); os.write(g, b"3"); os.close(g)
    g = os.open("/dev/null", os.O_WRONLY); os.write(g, b"4"); os.dup2(f, g); os.write(g, b"5"); os.closerange(g, g + 1)
    socket.send_fds(a, [b"x"], [f]); _, [g], _, _ = socket.recv_fds(b, 9, 1); os.write(g, b"6"); os.close(g)
    os.unlink("b"); os.write(f, b"7"); os.close(f); os.getppid()
f = os.open("c", os.O_CREAT | os.O_RDWR)
def work(): os.write(f, b"t")
for i in range(20): t = threading.Thread(target=work); t.start(); t.join()
for i in range(9): os.write(f, b"k")
os.kill(os.getpid(), 9)
'`, calls: `^(openat|write|newfstatat|close|close_range|rename|unlink|dup2?|sendmsg|recvmsg|chdir|getppid)\(`},
	{name: "readelf", script: "readelf -a /bin/true"},
	{name: "rm", names: true, script: "rm -rf d", prepare: "mkdir d; for i in 1 2 3 4 5 6 7 8 9; do mkdir d/$i; echo >d/$i/f; done"},
	{name: "sed", script: "sed -n s/a/b/p /etc/services"},
	{name: "sh", names: true, script: "i=0; while [ $i -lt 12 ]; do /bin/true; (cd /; pwd) >/dev/null; i=$((i+1)); done; exit 7"},
	{name: "sort", script: "sort -r /etc/services"},
	{name: "stat", script: "stat -c '%A %u %U %G %s %N %i %y' /etc /usr /nonexistent; stat -f /proc"}, // a file's last access may be at any time
	{name: "tar", names: true, script: "tar -cf t.tar /usr/include/asm-generic; tar -xf t.tar"},
	{name: "test", script: "for i in 1 2 3 4 5 6 7 8 9; do test -e /etc/$i; read y </etc/passwd; done"},
	{name: "xargs", script: "find /usr/include/asm-generic -name '*.h' | sort >l; xargs -n 10 wc -l <l"},
}

// scheduling matches calls and signals that depend on when tasks run, and reads of
// /proc/self/maps, which show mappings that are not the program's.
var scheduling = regexp.MustCompile(`^(--- SIGCHLD|rt_sigreturn|wait4|futex|restart_syscall|sched_yield|madvise|` +
	`\{.*("event":"signal","signal":"SIGCHLD"|"name":"(rt_sigreturn|wait4|futex|restart_syscall|sched_yield|madvise)")|` +
	`.*\bread\b.*\br[w-][x-]p )`)

// masks removes what differs between two runs.
var masks = []struct {
	re *regexp.Regexp
	by string
}{
	{regexp.MustCompile(`0x[0-9a-f]{5,}`), "ADDRESS"}, // where memory is
	{regexp.MustCompile(`(getrandom|sysinfo|uname)[(,].*`), "$1"},
	{regexp.MustCompile(`"name":"(getrandom|sysinfo|uname)".*`), "$1"},
	{regexp.MustCompile(`"(tv_[nu]?sec|st_[acm]time|stx_[a-z]time)":\{[^}]*\}`), ""},
	{regexp.MustCompile(`"comment":"[^"]*T\d\d:[^"]*"`), ""},
	{regexp.MustCompile(`"rusage":\{[^}]*\}`), ""},
	{regexp.MustCompile(`[\w/]*/cc\w{6}\b`), "/tmp/cc"},                                   // gcc
	{regexp.MustCompile(`(st_[acm]time|stx_[a-z]time|tv_sec|tv_[nu]sec)=[^,})]*`), "$1="}, // times
	{regexp.MustCompile(`\b(si_pid|si_utime|si_stime)=\d+( /\* [0-9.]+ s \*/)?`), "$1="},
	{regexp.MustCompile(`(ru_n?i?vcsw)=\d+`), "$1=N"},                        // lower if fewer calls stop
	{regexp.MustCompile(`\b\d{3,}\b`), "N"},                                  // ids of processes
	{regexp.MustCompile(`read\(\d+, "[^"]{0,20}", 4\) = 4`), "read(random)"}, // perl
	{regexp.MustCompile(` +`), " "},
}

// comparable brings a trace into a form that is the same in each run.
func comparable(log string, calls *regexp.Regexp) []string {
	jsonTask := regexp.MustCompile(`"[pt]id":(\d+)`)
	jsonTimes := regexp.MustCompile(`"(time|time_ns|duration_ns|pid|tgid|ppid|tid|rusage)":(\{[^}]*\}|[^,}]*),?`)
	shared := regexp.MustCompile(`^(read|write)\(\d+,`) // threads open files in any order
	resumed := regexp.MustCompile(`^<\.\.\. \w+ resumed>`)
	tasks, pending := map[string][]string{}, map[string]string{}
	for line := range strings.Lines(log) {
		var task string
		if strings.HasPrefix(line, "{") {
			if strings.Contains(line, `"event":"trace"`) {
				continue // the command line
			}
			task = jsonTask.FindString(line)
			line = jsonTimes.ReplaceAllString(line, "")
		} else {
			task, line, _ = strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			line = strings.TrimLeft(line, " ")
			if first, ok := strings.CutSuffix(line, " <unfinished ...>"); ok {
				pending[task] = first
				continue
			}
			if rest := resumed.ReplaceAllString(line, ""); rest != line {
				line = pending[task] + rest
			}
		}
		if calls != nil && !calls.MatchString(line) || scheduling.MatchString(line) {
			continue
		}
		for _, m := range masks {
			line = m.re.ReplaceAllString(line, m.by)
		}
		if calls != nil {
			line = shared.ReplaceAllString(line, "$1(FD,")
			task = line // each line for itself
		}
		tasks[task] = append(tasks[task], line)
	}
	var blocks []string
	for _, lines := range tasks {
		blocks = append(blocks, strings.Join(lines, "\n"))
	}
	slices.Sort(blocks)
	return blocks
}

// inFolder runs a program in an empty folder under trapline.
func inFolder(t *testing.T, p bufferedProgram, dir string, flags ...string) traced {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if p.prepare != "" {
		prepare := exec.Command("sh", "-c", p.prepare)
		prepare.Dir = dir
		if out, err := prepare.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	script := p.script
	if strings.Contains(script, "BENCH") {
		script = strings.ReplaceAll(script, "BENCH", path(t, programs.Bench))
	}
	// setarch gives the program the same addresses in both runs.
	return trace(t, trapline(t), flags, "setarch", "-R", "sh", "-c", "export PATH=/usr/bin:/bin PERL_HASH_SEED=0 TMPDIR=/tmp; cd "+dir+"; "+script)
}

// Calls that did not stop have the same text and JSON as calls that did. All memory that is
// shown was kept, and the program does not notice.
func TestBufferedPrograms(t *testing.T) {
	uninterrupted(t)
	for i, p := range bufferedPrograms {
		t.Run(p.name, func(t *testing.T) {
			// Each program runs with one of these.
			flags := [][]string{{"-f", "-d"}, {"-f", "-d", "--json"}, {"-f", "-d", "-v", "-s", "200"}}[i%3]
			if p.above {
				flags = []string{"-f", "-d", "--json"}
			}
			if p.calls != "" {
				flags = []string{"-f", "-d"}
			}
			sameBuffered(t, p, flags)
		})
	}
}

// The names of descriptors, and whether a call uses a file, are those at the time of the
// call, although trapline determines them when it reports the call.
func TestBufferedNames(t *testing.T) {
	uninterrupted(t)
	for _, p := range bufferedPrograms {
		if !p.names {
			continue
		}
		for _, flags := range []string{"-f -d -y", "-f -d -yy --json", "-f -d -y -P /etc/passwd -P /usr/include/asm-generic/ioctl.h"} {
			if p.calls != "" {
				flags = strings.TrimSuffix(flags, " --json")
			}
			t.Run(p.name+" "+flags, func(t *testing.T) { sameBuffered(t, p, strings.Fields(flags)) })
		}
	}
}

// sameBuffered checks that a trace with these flags is the same with and without
// buffered calls.
func sameBuffered(t *testing.T, p bufferedProgram, flags []string) {
	program, _, _ := strings.Cut(p.name, " ")
	if _, err := exec.LookPath(program); err != nil && program != "Go" && program != "pipe" {
		t.Skipf("there is no %s", program)
	}
	var calls *regexp.Regexp
	if p.calls != "" {
		calls = regexp.MustCompile(p.calls)
	}
	sameBothWays(t, p, flags, "damaged", 0, func(log string) []string { return comparable(log, calls) })
}

// sameBothWays checks that output, status and lines of a trace are the same with and without
// buffered calls; that no message reports memory that was not kept, records that may be too
// large, or errors; and that at least so many calls did not stop.
func sameBothWays(t *testing.T, p bufferedProgram, flags []string, wrong string, least int, lines func(log string) []string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "d")
	difference := ""
	for range 3 { // a single difference may be due to chance
		never := inFolder(t, p, dir, append(flags, "--buffered=never")...)
		always := inFolder(t, p, dir, append(flags, "--buffered=always")...)
		if never.stdout != always.stdout || never.status != always.status {
			t.Errorf("status %d, output %q; buffered %d, %q", never.status, never.stdout, always.status, always.stdout)
		}
		for line := range strings.Lines(always.stderr) {
			if strings.Contains(line, "were not kept") || strings.Contains(line, "may be too large") || strings.Contains(line, wrong) {
				t.Error(line)
			}
		}
		passed, stopped := bufferedCalls(t, always.stderr)
		t.Logf("%d calls did not stop, %d did", passed, stopped)
		if passed < least {
			t.Errorf("only %d calls did not stop", passed)
		}
		if difference = firstDifferentBlock(lines(never.log), lines(always.log)); difference == "" {
			return
		}
		t.Log(difference)
	}
	t.Errorf("stopped and buffered differ in %s", difference)
}

// firstDifferentBlock is firstDifference for what comparable returns; it is empty
// if there is no difference.
func firstDifferentBlock(a, b []string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return firstDifference(a[i], b[i])
		}
	}
	if len(a) != len(b) {
		return fmt.Sprintf("the number of tasks, or of lines: %d and %d", len(a), len(b))
	}
	return ""
}
