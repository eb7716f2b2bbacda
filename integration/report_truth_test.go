package integration

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"trapline/integration/need"
)

// Reports are compared with other sources: ss, strace, make, and the kernel's own counts of
// bytes.

// The report of connections has the sockets, addresses and bytes that ss shows for a
// process while it runs.
func TestReportNetAgainstSS(t *testing.T) {
	need.All(t, need.Python3, need.SS)
	script := `
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
c = socket.create_connection(s.getsockname())
a, _ = s.accept()
c.sendall(b"x" * 1234)
got = 0
while got < 1234: got += len(a.recv(300))
a.sendall(b"y" * 56); c.recv(100)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.connect(("127.0.0.1", s.getsockname()[1]))
u.send(b"z")
print("ready", flush=True)
sys.stdin.readline()
`
	log := filepath.Join(t.TempDir(), "log")
	cmd := exec.CommandContext(t.Context(), trapline(t), "--report=net", "--json", "-o", log, "python3", "-c", script)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q: %v", line, err)
	}
	seen, err := exec.Command("ss", "-H", "-n", "-O", "-t", "-u", "-a", "-p", "-i").CombinedOutput()
	in.Close()
	cmd.Wait()
	if err != nil {
		t.Fatalf("ss: %v: %s", err, seen)
	}
	type connection struct {
		PID      int
		Protocol string
		From, To string
		Listens  bool
		Sent     int `json:"bytes_sent"`
		Received int `json:"bytes_received"`
	}
	var reported, want []string
	pids := make(map[int]bool)
	for _, c := range reportRecords[connection](t, string(readAll(t, log))) {
		pids[c.PID] = true
		to := c.To
		if c.Listens {
			to = "0.0.0.0:*"
		}
		kind, _, _ := strings.Cut(c.Protocol, ":")
		if kind != "TCP" && kind != "UDP" {
			continue // python3 may be a shell script that asks nscd who its user is
		}
		reported = append(reported, fmt.Sprintf("%s %s %s %d %d", kind, c.From, to, c.Sent, c.Received))
	}
	number := func(line, key string) (n int) {
		if m := regexp.MustCompile(` ` + key + `:(\d+)`).FindStringSubmatch(line); m != nil {
			n, _ = strconv.Atoi(m[1])
		}
		return n
	}
	for line := range strings.Lines(string(seen)) {
		f := strings.Fields(line)
		m := regexp.MustCompile(`pid=(\d+),`).FindStringSubmatch(line)
		if len(f) < 6 || m == nil {
			continue
		}
		if pid, _ := strconv.Atoi(m[1]); !pids[pid] {
			continue
		}
		sent := number(line, "bytes_sent") - number(line, "bytes_retrans")
		if f[0] == "udp" {
			sent = 1 // ss does not show this
		}
		want = append(want, fmt.Sprintf("%s %s %s %d %d", strings.ToUpper(f[0]), f[4], f[5], sent, number(line, "bytes_received")))
	}
	slices.Sort(reported)
	slices.Sort(want)
	if len(want) != 4 || !slices.Equal(reported, want) {
		t.Errorf("the report has\n%s\nand ss\n%s\n%s", strings.Join(reported, "\n"), strings.Join(want, "\n"), seen)
	}
}

// usedFile is a file in the report, or the same found by other means.
type usedFile struct {
	Event, Path string
	Use         []string
	Read        int `json:"bytes_read"`
	Written     int `json:"bytes_written"`
}

// The bytes in the report of files are those that the kernel counts.
func TestReportBytesAgainstKernel(t *testing.T) {
	need.All(t, need.Python3)
	dir := t.TempDir()
	script := `
import os, sys
def counts():
    fd = os.open("/proc/self/io", os.O_RDONLY); b = os.read(fd, 4096); os.close(fd)
    values = dict(line.split(b": ") for line in b.splitlines())
    return int(values[b"rchar"]), int(values[b"wchar"]), len(b)
os.chdir(sys.argv[1])
r0, w0, own = counts()
a = os.open("a", os.O_RDWR|os.O_CREAT|os.O_TRUNC, 0o666)
os.write(a, b"1" * 5000); os.pwrite(a, b"2" * 70, 100); os.writev(a, [b"3" * 11, b"", b"4" * 13]); os.pwritev(a, [b"5" * 9], 3)
os.lseek(a, 0, 0)
os.read(a, 4000); os.read(a, 4000); os.pread(a, 77, 5); os.readv(a, [bytearray(10)]); os.preadv(a, [bytearray(21), bytearray(8)], 100)
b = os.open("b", os.O_RDWR|os.O_CREAT|os.O_TRUNC, 0o666)
os.sendfile(b, a, 0, 1500)
os.lseek(a, 0, 0)
try: os.copy_file_range(a, b, 600)
except OSError: pass
try: os.read(1000, 5)
except OSError: pass
r1, w1, _ = counts()
print(r1 - r0 - own, w1 - w0)
`
	traced := trace(t, trapline(t), []string{"--report=files", "--json"}, "python3", "-I", "-c", script, dir)
	var read, written, wantRead, wantWritten int
	if n, err := fmt.Sscan(traced.stdout, &wantRead, &wantWritten); n != 2 || wantRead < 5000 || wantWritten < 5000 {
		t.Fatalf("%v: %s%s", err, traced.stdout, traced.stderr)
	}
	for _, f := range reportRecords[usedFile](t, traced.log) {
		if filepath.Dir(f.Path) == dir {
			read, written = read+f.Read, written+f.Written
		}
	}
	if read != wantRead || written != wantWritten {
		t.Errorf("%d bytes were read and %d written, and the kernel counts %d and %d:\n%s", read, written, wantRead, wantWritten, traced.log)
	}
}

// buildIn makes the sources of a small program, with a Makefile.
func buildIn(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"Makefile": "prog: main.o util.o\n\tgcc -o prog main.o util.o\nmain.o: main.c util.h\n\tgcc -c -o main.o main.c\n" +
			"util.o: util.c util.h\n\tgcc -c -o util.o util.c\n",
		"main.c": "#include <stdio.h>\n#include \"util.h\"\nint main(void) { puts(util()); return 0; }\n",
		"util.c": "#include \"util.h\"\nconst char *util(void) { return \"util\"; }\n",
		"util.h": "const char *util(void);\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The report of files for a build has the inputs and outputs of the commands that make
// would run, and the bytes that strace shows.
func TestReportOfBuild(t *testing.T) {
	need.All(t, need.GCC, need.Make, need.Strace)
	dir := buildIn(t)
	plan, err := exec.Command("make", "-C", dir, "--no-print-directory", "-n").Output()
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "strace")
	build := []string{"make", "-s", "-C", dir}
	if out, err := exec.CommandContext(t.Context(), need.StracePath(), slices.Concat([]string{"-f", "-y", "-o", log,
		"-e", "trace=openat,open,creat,read,write,pread64,pwrite64,readv,writev"}, build)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := filesOfStrace(string(readAll(t, log)))
	made, _ := filepath.Glob(dir + "/*.o")
	for _, name := range append(made, filepath.Join(dir, "prog")) {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	got := make(map[string]usedFile)
	for _, f := range reportRecords[usedFile](t, trace(t, trapline(t), []string{"--report=files", "--json"}, build...).log) {
		if f.Event == "file" {
			name := ofRun(f.Path)
			f.Read, f.Written = f.Read+got[name].Read, f.Written+got[name].Written
			got[name] = f
		}
	}
	compared := 0
	for name, w := range want {
		if strings.HasPrefix(name, "/proc/") || strings.HasPrefix(name, "/dev/") {
			continue
		}
		compared++
		if g := got[name]; g.Read != w.Read || g.Written != w.Written {
			t.Errorf("%s: %d bytes were read and %d written, and strace shows %d and %d", name, g.Read, g.Written, w.Read, w.Written)
		}
	}
	if compared < 10 {
		t.Errorf("strace shows only %d files", compared)
	}
	for line := range strings.Lines(string(plan)) {
		words := strings.Fields(line)
		for i, word := range words {
			name := filepath.Join(dir, word)
			_, isFile := got[name]
			switch {
			case i > 0 && words[i-1] == "-o":
				if g := got[name]; !slices.Contains(g.Use, "created") || g.Written == 0 {
					t.Errorf("make would make %s: %+v", word, g)
				}
			case strings.HasSuffix(word, ".c"), strings.HasSuffix(word, ".o"):
				if !isFile || got[name].Read == 0 {
					t.Errorf("make would read %s: %+v", word, got[name])
				}
			}
		}
	}
}

// ofRun replaces what is random in the names of the compiler's temporary files.
func ofRun(name string) string { return regexp.MustCompile(`/cc\w{6}\b`).ReplaceAllString(name, "/cc") }

// moved matches a line of strace for a call that has moved bytes: its name, the file behind
// its descriptor, and the number of bytes.
var moved = regexp.MustCompile(`^\d+ +(p?(?:read|write)(?:v|64)?)\(\d+<(/[^>]*)>.* = (\d+)$`)

// filesOfStrace adds up the bytes that strace -y shows.
func filesOfStrace(log string) map[string]usedFile {
	files := make(map[string]usedFile)
	unfinished := make(map[string]string) // by process
	for line := range strings.Lines(log) {
		line = strings.TrimSuffix(line, "\n")
		pid, _, _ := strings.Cut(line, " ")
		if begin, ok := strings.CutSuffix(line, " <unfinished ...>"); ok {
			unfinished[pid] = begin
			continue
		}
		if _, rest, ok := strings.Cut(line, " resumed>"); ok {
			line = unfinished[pid] + rest
		}
		m := moved.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name := ofRun(strings.TrimSuffix(m[2], "(deleted)"))
		f, n := files[name], 0
		fmt.Sscan(m[3], &n)
		if strings.Contains(m[1], "read") {
			f.Read += n
		} else {
			f.Written += n
		}
		files[name] = f
	}
	return files
}

// The reports on a recording are the same as those made live.
func TestReportsOfRecordingEqualLive(t *testing.T) {
	need.All(t, need.Python3)
	const reports = "--report=files,tree,fds,net,time,folded,seccomp,systemd"
	sockets := `
import os, socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
c = socket.create_connection(s.getsockname()); a, _ = s.accept()
c.sendall(b"x" * 1000); a.recv(2000)
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hello", ("127.0.0.1", 53))
p, q = socket.socketpair(); p.send(b"1"); q.recv(1); os.getcwd()
`
	// The records themselves have the time of the report.
	ofReport := regexp.MustCompile(`"time":[0-9.]+,"time_ns":\d+,`)
	for _, command := range [][]string{
		{"sh", "-c", "/bin/pwd; cat /etc/hosts >o; mv o o2; cd /; (cd -); ls /nonexistent; exit 2"},
		{"python3", "-I", "-S", "-c", sockets},
		{"sh", "-c", "sleep 0.1 & (kill -9 $$)"},
	} {
		for _, form := range [][]string{nil, {"--json"}} {
			dir := t.TempDir()
			live, file, again := filepath.Join(dir, "live"), filepath.Join(dir, "file"), filepath.Join(dir, "again")
			options := slices.Concat(form, []string{"-k", reports})
			cmd := exec.CommandContext(t.Context(), trapline(t), slices.Concat(options, []string{"-o", live, "--record=" + file}, command)...)
			cmd.Dir = dir
			cmd.Run()
			run(t, slices.Concat(options, []string{"-o", again, "--from=" + file})...)
			want, got := ofReport.ReplaceAllString(string(readAll(t, live)), ""), ofReport.ReplaceAllString(string(readAll(t, again)), "")
			if len(want) < 1000 || got != want {
				t.Errorf("%q %q: %s", form, command, differingLine(got, want))
			}
		}
	}
}
