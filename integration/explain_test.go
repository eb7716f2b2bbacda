package integration

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
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

// processNumber stands for a process in a reason.
var processNumber = regexp.MustCompile(`process \d+`)

// failure is a situation in which a call fails: Python statements that prepare it,
// and one that makes the call.
type failure struct {
	prepare string
	call    string
	errno   string
	reason  string // the reason, with DIR for the folder in which the call fails; empty for none
}

// explained traces all failures with --explain, in one program, and compares the reasons.
// Each failure happens in a folder of its own.
func explained(t *testing.T, before string, failures []failure, flags ...string) {
	t.Helper()
	need.All(t, need.Python3)
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(top, 0o755); err != nil {
		t.Fatal(err)
	}
	for dir := filepath.Dir(top); strings.HasPrefix(dir, os.TempDir()+"/"); dir = filepath.Dir(dir) {
		os.Chmod(dir, 0o755) // other users need access as well
	}
	script := "import os,sys,socket,fcntl,struct,ctypes,subprocess,errno\nO=os.open;R=os.O_RDONLY;W=os.O_WRONLY;C=os.O_CREAT\n" +
		"libc=ctypes.CDLL(None,use_errno=True)\n" +
		"def write(name,text='',mode=0o644):\n open(name,'w').write(text); os.chmod(name,mode)\n" +
		"def other():\n os.setgroups([]); os.setegid(1234); os.seteuid(1234)\n" + before + "\n"
	for i, f := range failures {
		script += fmt.Sprintf("os.mkdir('%[1]s/%[2]d'); os.chdir('%[1]s/%[2]d')\n%[3]s\nos.access('/case/%[2]d',0)\n"+
			"try:\n %[4]s\nexcept OSError: pass\nos.access('/case/end',0)\nos.getuid()==0 and (os.setresuid(-1,0,-1), os.setegid(0))\n", top, i, f.prepare, f.call)
	}
	r := trace(t, trapline(t), append([]string{"--explain", "--json"}, flags...), "python3", "-c", script)
	got := make([][]string, len(failures))
	errnos := make([]string, len(failures))
	at := -1
	for line := range strings.Lines(r.log) {
		var call struct {
			Name, Reason string
			Args         []struct{ Value any }
			Error        struct{ Name string }
		}
		if err := json.Unmarshal([]byte(line), &call); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if call.Name == "access" && len(call.Args) > 0 {
			if path, _ := call.Args[0].Value.(string); strings.HasPrefix(path, "/case/") {
				at = -1
				fmt.Sscanf(path, "/case/%d", &at)
				continue
			}
		}
		if at >= 0 && call.Error.Name != "" && call.Error.Name != "ENOTTY" {
			errnos[at] = call.Error.Name
			got[at] = append(got[at], processNumber.ReplaceAllString(call.Reason, "process PID"))
		}
	}
	for i, f := range failures {
		want := strings.ReplaceAll(strings.ReplaceAll(f.reason, "/ (ROOTFS)", rootFS(t, top)), "DIR", fmt.Sprintf("%s/%d", top, i))
		if !slices.Equal(got[i], []string{want}) || errnos[i] != f.errno {
			t.Errorf("%s: %s: %q, want %s: %q", f.call, errnos[i], got[i], f.errno, want)
		}
	}
	if t.Failed() {
		t.Logf("standard error: %s", r.stderr)
	}
}

// rootFS returns the mount of a folder, in the form of a reason.
func rootFS(t *testing.T, dir string) string {
	t.Helper()
	out, err := exec.Command("stat", "-c", "%m", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	point := strings.TrimSpace(string(out))
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	kind := ""
	for line := range strings.Lines(string(mounts)) {
		before, after, _ := strings.Cut(line, " - ")
		if f := strings.Fields(before); len(f) > 4 && f[4] == point {
			kind = strings.Fields(after)[0]
		}
	}
	return point + " (" + kind + ")"
}

// A part of the path is missing.
func TestExplainLookup(t *testing.T) {
	explained(t, "", []failure{
		{"", "O('a/b/c',R)", "ENOENT", "DIR/a does not exist"},
		{"os.mkdir('a')", "O('a/b/c',R)", "ENOENT", "DIR/a/b does not exist"},
		{"os.mkdir('a')", "O('a/b',R)", "ENOENT", "DIR/a/b does not exist"},
		{"os.mkdir('a'); os.symlink('a','l')", "O('l/../l/b',R)", "ENOENT", "DIR/a/b does not exist"},
		{"os.symlink('no/x','l')", "O('l',R)", "ENOENT", "DIR/l is a symbolic link to no/x, and DIR/no does not exist"},
		{"os.symlink('/no','l')", "O('l',R)", "ENOENT", "DIR/l is a symbolic link to /no, which does not exist"},
		{"os.symlink('no','l'); os.symlink('l','k')", "O('k/x',R)", "ENOENT", "DIR/l is a symbolic link to no, and DIR/no does not exist"},
		{"os.mkdir('a'); os.symlink('a','l')", "O('l/x',R)", "ENOENT", "DIR/a/x does not exist"},
		{"os.mkdir('a b')", `O('a b/\n',R)`, "ENOENT", `"DIR/a b/\n" does not exist`},
		{"", "O('',R)", "ENOENT", "the path is empty"},
		{"os.rmdir(os.getcwd())", "O('x',R|C)", "ENOENT", "DIR has been deleted"},
		{"", "os.mkdir('a/b')", "ENOENT", "DIR/a does not exist"},
		{"write('f')", "os.rename('f','a/f')", "ENOENT", "DIR/a does not exist"},
		{"", "os.rename('f','g')", "ENOENT", "DIR/f does not exist"},
		{"", "os.unlink('f')", "ENOENT", "DIR/f does not exist"},
		{"", "os.symlink('nowhere','a/b')", "ENOENT", "DIR/a does not exist"},
		{"write('f')", "O('f/x',R)", "ENOTDIR", "DIR/f is a regular file, not a directory"},
		{"write('f')", "O('f/',R)", "ENOTDIR", "DIR/f is a regular file, not a directory"},
		{"write('f')", "O('f',R|os.O_DIRECTORY)", "ENOTDIR", "DIR/f is a regular file, not a directory"},
		{"os.mkfifo('f')", "os.chdir('f')", "ENOTDIR", "DIR/f is a FIFO, not a directory"},
		{"write('f'); d=O('f',R)", "os.stat('x',dir_fd=d)", "ENOTDIR", "DIR/f is a regular file, not a directory"},
		{"os.symlink('l','l')", "O('l',R)", "ELOOP", "DIR/l is a symbolic link that leads back to itself"},
		{"os.symlink('b','a'); os.symlink('a','b')", "O('b/x',R)", "ELOOP", "DIR/b is a symbolic link that leads back to itself"},
		{"[os.symlink('l%d'%(i+1),'l%d'%i) for i in range(50)]", "O('l0',R)", "ELOOP", "the path leads through more than 40 symbolic links"},
		{"write('f'); os.symlink('f','l')", "O('l',R|os.O_NOFOLLOW)", "ELOOP", "DIR/l is a symbolic link, which the call does not follow"},
		// Errors that look similar, but have another reason or none that can be found.
		{"os.mkdir('a'); write('f')", "os.rename('a','f')", "ENOTDIR", ""},
	})
}

// A program lacks something.
func TestExplainPrograms(t *testing.T) {
	elf := `b=bytearray(open('/bin/sh','rb').read()); i=b.find(b'/lib64/ld-linux'); b[i+1:i+4]=b'LIB'; open('p','wb').write(b); os.chmod('p',0o755)`
	const copied = "import shutil; shutil.copy('/bin/sleep','p')"
	explained(t, "", []failure{
		{"", "os.execv('p',['p'])", "ENOENT", "DIR/p does not exist"},
		{`write('p','#!/no/such thing\n',0o755)`, "os.execv('p',['p'])", "ENOENT", "the interpreter of DIR/p, /no/such, does not exist: /no does not exist"},
		{`write('p','#! /no\r\n',0o755)`, "os.execv('p',['p'])", "ENOENT", `the interpreter of DIR/p, "/no\r", does not exist`},
		{`write('q','#!/no\n',0o755); write('p','#!'+os.getcwd()+'/q\n',0o755)`, "os.execv('p',['p'])", "ENOENT", "the interpreter of DIR/q, /no, does not exist"},
		{elf, "os.execv('p',['p'])", "ENOENT", "the loader of DIR/p, /LIB64/ld-linux-x86-64.so.2, does not exist: /LIB64 does not exist"},
		{"write('p','',0o755)", "os.execv('p',['p'])", "ENOEXEC", "DIR/p is empty"},
		{"write('p','echo x\\n',0o755)", "os.execv('p',['p'])", "ENOEXEC", "DIR/p is neither an ELF program nor a script that begins with #!"},
		{"write('p','\\x7fELF'+'x'*100,0o755)", "os.execv('p',['p'])", "ENOEXEC", ""},
		{"os.mkdir('p')", "os.execv('p',['p'])", "EACCES", "DIR/p is a directory, not a program"},
		{copied + "; w=open('p','r+b')", "os.execv('p',['p'])", "ETXTBSY", "DIR/p is open for writing in process PID (python3)"},
		{copied + "; subprocess.Popen(['./p','30'],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL)", "O('p',W)", "ETXTBSY", "DIR/p is the program of process PID (p)"},
	})
}

// Permissions: which user may not do what with whose file.
func TestExplainAccess(t *testing.T) {
	need.All(t, need.Root)
	const acl = `os.setxattr('f','system.posix_acl_access',struct.pack('<I',2)+b''.join(struct.pack('<HHI',*e) for e in ((1,6,2**32-1),(2,0,1234),(4,4,2**32-1),(16,4,2**32-1),(32,4,2**32-1))))`
	explained(t, "os.umask(0o022)", []failure{
		{"os.mkdir('a'); write('a/f'); os.chmod('a',0o700); other()", "O('a/f',R)", "EACCES", "uid 1234, gid 1234 may not search DIR/a (mode 0700, owner 0:0)"},
		{"os.mkdir('a'); os.chmod('a',0o700); other()", "os.stat('a/none')", "EACCES", "uid 1234, gid 1234 may not search DIR/a (mode 0700, owner 0:0)"},
		{"write('f'); other()", "O('f',os.O_RDWR)", "EACCES", "uid 1234, gid 1234 may not write to DIR/f (mode 0644, owner 0:0)"},
		{"write('f',mode=0o622); other()", "O('f',os.O_RDWR)", "EACCES", "uid 1234, gid 1234 may not read DIR/f (mode 0622, owner 0:0)"},
		{"write('f',mode=0o077); os.chown('f',1234,0); other()", "O('f',R)", "EACCES", "uid 1234, gid 1234 may not read DIR/f (mode 0077, owner 1234:0)"},
		{"write('f',mode=0o707); os.chown('f',0,1234); other()", "O('f',R)", "EACCES", "uid 1234, gid 1234 may not read DIR/f (mode 0707, owner 0:1234)"},
		{"other()", "O('f',W|C)", "EACCES", "uid 1234, gid 1234 may not write to DIR (mode 0755, owner 0:0)"},
		{"other()", "os.mkdir('d')", "EACCES", "uid 1234, gid 1234 may not write to DIR (mode 0755, owner 0:0)"},
		{"write('f'); other()", "os.unlink('f')", "EACCES", "uid 1234, gid 1234 may not write to DIR (mode 0755, owner 0:0)"},
		{"os.mkdir('a',0o700); other()", "os.chdir('a')", "EACCES", "uid 1234, gid 1234 may not search DIR/a (mode 0700, owner 0:0)"},
		{"write('f')", "os.execv('f',['f'])", "EACCES", "uid 0, gid 0 may not execute DIR/f (mode 0644, owner 0:0)"},
		{"write('f',mode=0o000)", "os.access('f',7)", "EACCES", "uid 0, gid 0 may not execute DIR/f (mode 0000, owner 0:0)"},
		{"os.mkdir('s'); os.chmod('s',0o1777); write('s/f'); other()", "os.unlink('s/f')", "EPERM", "DIR/s is sticky (mode 1777, owner 0:0), and DIR/s/f belongs to uid 0, not to uid 1234"},
		{"write('f'); other()", "os.chmod('f',0o777)", "EPERM", "DIR/f belongs to uid 0, not to uid 1234, which lacks CAP_FOWNER"},
		{"other()", "os.chroot('.')", "EPERM", "the process (uid 1234) lacks CAP_SYS_CHROOT"},
		// An access control list decides, or the call is not about a mode.
		{"write('f'); " + acl + "; other()", "O('f',R)", "EACCES", ""},
		{"write('f'); other()", "os.chown('f',1234,-1)", "EPERM", ""},
		{"os.mkdir('d')", "os.unlink('d')", "EISDIR", ""},
	})
}

// mounting gives the program mounts of its own.
const mounting = `assert libc.unshare(0x20000)==0 and libc.mount(b'none',b'/',None,0x44000,None)==0
def mount(where,flags=0,data=b'size=1m',source=b'none',kind=b'tmpfs'):
 os.path.isdir(where) or os.mkdir(where)
 assert libc.mount(source,where.encode(),kind,flags,data)==0, os.strerror(ctypes.get_errno())`

// The reason lies in the mount or in the file system.
func TestExplainMounts(t *testing.T) {
	need.All(t, need.Root)
	const fill = `d=O('m/f',W|C)
try:
 while os.write(d,b'x'*65536): pass
except OSError: pass`
	explained(t, mounting, []failure{
		{"mount('m',1)", "O('m/f',W|C)", "EROFS", "DIR/m (tmpfs) is mounted read-only"},
		{"mount('m'); write('m/f'); libc.mount(b'none',b'm',None,0x21,None)", "O('m/f',W)", "EROFS", "DIR/m (tmpfs) is mounted read-only"},
		{"mount('m',8); write('m/p','#!/bin/sh\\n',0o755)", "os.execv('m/p',['p'])", "EACCES", "DIR/m/p is on DIR/m, which is mounted noexec"},
		{"mount('m',4); os.mknod('m/d',0o20666,os.makedev(1,3))", "O('m/d',R)", "EACCES", "DIR/m/d is a device on DIR/m, which is mounted nodev"},
		{"mount('m'); write('f')", "os.link('f','m/g')", "EXDEV", "f is on / (ROOTFS), m/g on DIR/m (tmpfs)"},
		{"mount('m'); write('m/f')", "os.rename('m/f','g')", "EXDEV", "m/f is on DIR/m (tmpfs), g on / (ROOTFS)"},
		{"mount('m')\n" + fill, "os.write(d,b'x'*65536)", "ENOSPC", "DIR/m (tmpfs) is full: none of 1048576 bytes is free"},
		{"mount('m',data=b'nr_inodes=2'); write('m/f')", "O('m/g',W|C)", "ENOSPC", "DIR/m (tmpfs) is full: it has room for 2 files, and all are there"},
		// There is enough room for the call, and a file that cannot be executed lies where
		// programs may be.
		{"mount('m'); write('m/p')", "os.execv('m/p',['p'])", "EACCES", "uid 0, gid 0 may not execute DIR/m/p (mode 0644, owner 0:0)"},
		{"mount('m')\nd=O('m/f',W|C)", "os.posix_fallocate(d,0,1<<21)", "ENOSPC", ""},
	})
}

// The reason lies in the process: its descriptors or its memory.
func TestExplainProcess(t *testing.T) {
	const readOnly = `libc.mmap.restype=ctypes.c_void_p; libc.mmap(ctypes.c_void_p(0x200000000),ctypes.c_size_t(4096),1,0x100022,-1,ctypes.c_long(0))`
	explained(t, "import resource; d=O('/dev/zero',R)", []failure{
		{"", "libc.read(d,ctypes.c_void_p(1),10)", "EFAULT", "buf points to 0x1, where nothing is mapped"},
		{"", "libc.read(d,None,10)", "EFAULT", "buf is NULL"},
		{"w=O('f',W|C)", "libc.write(w,ctypes.c_void_p(1),10)", "EFAULT", "buf points to 0x1, where nothing is mapped"},
		{readOnly, "libc.read(d,ctypes.c_void_p(0x200000000),10)", "EFAULT", "buf points to 0x200000000, which is mapped r--p"},
		{"", "libc.rename(ctypes.c_void_p(1),b'x')", "EFAULT", "oldpath points to 0x1, where nothing is mapped"},
		// Two arguments may be the reason, or one inside a struct.
		{"", "libc.rename(ctypes.c_void_p(1),ctypes.c_void_p(2))", "EFAULT", ""},
		{"iov=(ctypes.c_void_p*2)(1,10)", "libc.readv(d,iov,1)", "EFAULT", ""},
		// The limit of inotify instances, and that of descriptors.
		{"resource.setrlimit(resource.RLIMIT_NOFILE,(4096,4096)); l=[]\nwhile len(l)<2000:\n i=libc.inotify_init()\n if i<0: break\n l.append(i)",
			"libc.inotify_init()", "EMFILE", ""},
		{"[os.close(i) for i in l]; resource.setrlimit(resource.RLIMIT_NOFILE,(20,4096)); l=[]\nwhile True:\n i=libc.dup(d)\n if i<0: break\n l.append(i)",
			"libc.dup(d)", "EMFILE", "all 20 descriptors that RLIMIT_NOFILE allows are open"},
	})
}

// A process uses the address, or none does.
func TestExplainSockets(t *testing.T) {
	// A process of its own, which ends with the program.
	const elsewhere = `r,w=os.pipe(); s=S(U)
if os.fork()==0:
 libc.prctl(1,9); libc.unshare(0x40000000) and os._exit(1)
 x=S(U); x.bind('s'); os.write(w,b'x'); libc.pause()
os.read(r,1)`
	first := unusedPorts(t)
	own := strings.NewReplacer("PORT1", strconv.Itoa(first), "PORT2", strconv.Itoa(first+1), "PORT3", strconv.Itoa(first+2),
		"NAME", fmt.Sprintf("trapline-%d", os.Getpid()))
	failures := []failure{
		{"s=S()", "s.connect(('127.0.0.1',PORT2))", "ECONNREFUSED", "nobody listens on 127.0.0.1:PORT2"},
		{"c=S(type=D); c.connect(('127.0.0.1',PORT2)); c.send(b'x'); import time; time.sleep(0.1)", "c.recv(1)", "ECONNREFUSED",
			"no socket of UDP is bound to 127.0.0.1:PORT2"},
		{"s=S()", "s.bind(('127.0.0.1',PORT1))", "EADDRINUSE", "process PID (python3) listens on 127.0.0.1:PORT1"},
		{"s=S()", "s.bind(('0.0.0.0',PORT1))", "EADDRINUSE", "process PID (python3) listens on 127.0.0.1:PORT1"},
		{"s=S()", "s.bind(('127.0.0.1',PORT2))", "EADDRINUSE", "process PID (python3) has bound a socket to 127.0.0.1:PORT2"},
		{"s=S(type=D)", "s.bind(('127.0.0.1',PORT3))", "EADDRINUSE", "process PID (python3) has bound a socket to 127.0.0.1:PORT3"},
		{"x=S(U); x.bind('s'); s=S(U)", "s.bind('s')", "EADDRINUSE", "DIR/s exists: process PID (python3) has bound a socket to it"},
		{"x=S(U); x.bind('s'); x.close(); s=S(U)", "s.bind('s')", "EADDRINUSE", "DIR/s exists: it is a socket that nobody uses any more"},
		{"write('s'); s=S(U)", "s.bind('s')", "EADDRINUSE", "DIR/s exists: it is a regular file"},
		{"x=S(U); x.bind(b'\\0NAME'); s=S(U)", "s.bind(b'\\0NAME')", "EADDRINUSE",
			`process PID (python3) has bound a socket to @"NAME"`},
		{"x=S(U); x.bind('s'); x.close(); s=S(U)", "s.connect('s')", "ECONNREFUSED", "no socket is bound to DIR/s any more"},
		{"x=S(U); x.bind('s'); s=S(U)", "s.connect('s')", "ECONNREFUSED", "process PID (python3) has bound a socket to DIR/s, but does not listen"},
		// A socket that was accepted from a closed listener is not bound, and does not have
		// the name.
		{"x=S(U); x.bind('s'); x.listen(); c=S(U); c.connect('s'); y=x.accept()[0]; x.close(); s=S(U)", "s.connect('s')", "ECONNREFUSED", ""},
		{"x=S(U); x.bind('s'); x.listen(); c=S(U); c.connect('s'); y=x.accept()[0]; x.close(); s=S(U)", "s.bind('s')", "EADDRINUSE",
			"DIR/s exists: it is a socket"},
		{"x=S(U); x.bind('s'); x.listen(); c=S(U); c.connect('s'); y=x.accept()[0]; s=S(U)", "s.bind('s')", "EADDRINUSE",
			"DIR/s exists: process PID (python3) has bound a socket to it"},
		// The file belongs to a socket of another network namespace, which does not listen.
		{elsewhere, "s.connect('s')", "ECONNREFUSED", ""},
		{elsewhere, "s.bind('s')", "EADDRINUSE", "DIR/s exists: it is a socket"},
		// Errors that look similar: the file is not a socket, the socket is already bound,
		// no interface has the address.
		{"write('s'); s=S(U)", "s.connect('s')", "ECONNREFUSED", ""},
		{"", "b.bind(('127.0.0.1',0))", "EINVAL", ""},
		{"s=S()", "s.bind(('192.0.2.1',PORT1))", "EADDRNOTAVAIL", ""},
	}
	for i, f := range failures {
		failures[i] = failure{own.Replace(f.prepare), own.Replace(f.call), f.errno, own.Replace(f.reason)}
	}
	explained(t, own.Replace("S=socket.socket; U=socket.AF_UNIX; D=socket.SOCK_DGRAM\n"+
		"l=S(); l.bind(('127.0.0.1',PORT1)); l.listen()\nb=S(); b.bind(('127.0.0.1',PORT2))\nu=S(type=D); u.bind(('127.0.0.1',PORT3))"), failures)
}

// unusedPorts returns the first of three ports in a row that no socket of TCP or UDP has.
// They are below those that Linux chooses from for others.
func unusedPorts(t *testing.T) int {
	t.Helper()
	unused := func(port int) bool {
		at := fmt.Sprintf(":%d", port)
		stream, err := net.Listen("tcp4", at)
		if err != nil {
			return false
		}
		defer stream.Close()
		packets, err := net.ListenPacket("udp4", at)
		if err != nil {
			return false
		}
		return packets.Close() == nil
	}
	for range 1000 {
		if first := 10000 + rand.IntN(20000); unused(first) && unused(first+1) && unused(first+2) {
			return first
		}
	}
	t.Fatal("there are no unused ports")
	return 0
}

// The process may not send the signal. It cannot become root again.
func TestExplainSignals(t *testing.T) {
	need.All(t, need.Root)
	explained(t, "", []failure{
		{"os.setgroups([]); os.setresuid(1234,1234,1234)", "os.kill(os.getppid(),0)", "EPERM",
			"process PID (trapline) belongs to uid 0, not to uid 1234, which lacks CAP_KILL"},
	})
	explained(t, "", []failure{{"", "os.kill(2**22+1,0)", "ESRCH", ""}})
}

// Another process has the lock.
func TestExplainLocks(t *testing.T) {
	const child = `
r,w=os.pipe()
if os.fork()==0:
 os.close(W0)
 %s
 os.write(w,b'x'); os.close(w); os.read(R0,1); os._exit(0)
os.close(w); os.read(r,1); g=open('f','r+')`
	holds := func(how string) string { return "write('f')" + fmt.Sprintf(child, how) }
	const set = "fcntl.fcntl(g,%d,struct.pack('hhqqi4x',%s,0,%d,%d,0))"
	explained(t, "R0,W0=os.pipe()", []failure{
		{holds("h=open('f','r+'); fcntl.flock(h,2)"), "fcntl.flock(g,2|4)", "EAGAIN", "process PID (python3) has an exclusive lock"},
		{holds("h=open('f','r+'); fcntl.flock(h,1)"), "fcntl.flock(g,2|4)", "EAGAIN", "process PID (python3) has a shared lock"},
		{holds("h=open('f','r+'); fcntl.lockf(h,2)"), "fcntl.lockf(g,2|4)", "EAGAIN", "process PID (python3) has a write lock"},
		{holds("h=open('f','r+'); fcntl.lockf(h,1,5,10)"), fmt.Sprintf(set, 6, "1", 12, 100), "EAGAIN", "process PID (python3) has a read lock on bytes 10 to 14"},
		{holds("h=open('f','r+'); fcntl.lockf(h,2,5,20)\n fcntl.lockf(h,1,5,10)"), fmt.Sprintf(set, 6, "1", 20, 1), "EAGAIN",
			"process PID (python3) has a write lock on bytes 20 to 24"},
		{holds("h=open('f','r+'); fcntl.fcntl(h,37,struct.pack('hhqqi4x',1,0,0,5,0))"), fmt.Sprintf(set, 37, "1", 0, 0), "EAGAIN",
			"process PID (python3) has a write lock (OFD) on bytes 0 to 4"},
		// There is nothing to read: no lock is involved.
		{holds("h=open('f','r+'); fcntl.flock(h,2)") + "; os.set_blocking(R0,False)", "os.read(R0,1)", "EAGAIN", ""},
	})
}

// A process uses what the call is to remove.
func TestExplainBusy(t *testing.T) {
	need.All(t, need.Root)
	explained(t, mounting, []failure{
		{"mount('m')", "os.rmdir('m')", "EBUSY", "DIR/m is a mount point (tmpfs)"},
		{"mount('m')", "os.rename('m','n')", "EBUSY", "DIR/m is a mount point (tmpfs)"},
		{"mount('m'); w=open('m/f','w')", "libc.umount2(b'm',0)", "EBUSY", "process PID (python3) has DIR/m/f open"},
		{"mount('m'); mount('m/n')", "libc.umount2(b'm',0)", "EBUSY", "DIR/m/n (tmpfs) is mounted below it"},
		{"mount('m'); os.chdir('m')", "libc.umount2(b'../m',0)", "EBUSY", "DIR/m is the working directory of process PID (python3)"},
		// A directory that is not empty is not "busy".
		{"os.mkdir('m'); write('m/f')", "os.rmdir('m')", "ENOTEMPTY", ""},
	})
}

// A seccomp filter refuses the call.
func TestExplainSeccomp(t *testing.T) {
	need.All(t, need.Root)
	const filter = `def refuse(nr,errno):
 code=struct.pack('HBBI',0x20,0,0,0)+struct.pack('HBBI',0x15,0,1,nr)+struct.pack('HBBI',6,0,0,0x50000|errno)+struct.pack('HBBI',6,0,0,0x7fff0000)
 b=ctypes.create_string_buffer(code); p=ctypes.create_string_buffer(struct.pack('HxxxxxxQ',4,ctypes.addressof(b)))
 assert libc.syscall(317,1,0,p)==0`
	explained(t, filter, []failure{
		// The kernel itself refuses the first, before there is a filter.
		{"", "libc.syscall(90,ctypes.c_void_p(1),0)", "EFAULT", "pathname points to 0x1, where nothing is mapped"},
		{"refuse(38,1)", "libc.syscall(38,0,0,0)", "EPERM", "a seccomp filter of the process refuses the call"},
		{"refuse(39,38); refuse(40,1)", "libc.syscall(39)", "ENOSYS", "a seccomp filter of the process refuses the call: number 2 of 3, counted from the oldest"},
		{"", "libc.syscall(1000)", "ENOSYS", ""},
	})
}

// Arguments that the manual page excludes.
func TestExplainArguments(t *testing.T) {
	const time = "t=ctypes.create_string_buffer(struct.pack('qq',%s))"
	explained(t, "libc.mmap.restype=ctypes.c_void_p; N=ctypes.c_void_p", []failure{
		{"", "libc.mmap(None,ctypes.c_size_t(0),1,0x22,-1,ctypes.c_long(0))", "EINVAL", "length is 0"},
		{"write('f','x'); d=O('f',R)", "libc.syscall(9,N(0),N(10),1,2,d,N(5))", "EINVAL", "offset 0x5 is not a multiple of the page size"},
		{"", "libc.munmap(N(0x1001),ctypes.c_size_t(1))", "EINVAL", "the address 0x1001 is not a multiple of the page size"},
		{fmt.Sprintf(time, "0,1000000000"), "libc.syscall(35,t,None)", "EINVAL", "tv_nsec is 1000000000, not 0 to 999999999"},
		{fmt.Sprintf(time, "-1,0"), "libc.syscall(35,t,None)", "EINVAL", "tv_sec is -1, and negative"},
		{"os.mkdir('a')", "os.rename('a','a/b')", "EINVAL", "DIR/a would be moved into itself, to DIR/a"},
		{"write('f')", "os.readlink('f')", "EINVAL", "DIR/f is a regular file, not a symbolic link"},
		// Other conditions of the same errors, which trapline does not check.
		{"write('f'); d=O('f',R)", "os.lseek(d,-1,0)", "EINVAL", ""},
		{"", "libc.syscall(9,N(0),N(10),1,0x20,-1,N(0))", "EINVAL", ""},
	})
}

// An injected error has no reason. Neither has an error of the file system whose cause
// cannot be seen.
func TestExplainInjected(t *testing.T) {
	explained(t, "", []failure{
		{"", "os.mkdir('a')", "ENOENT", ""},
		{"", "O('b/c',R)", "ENOENT", ""},
		{"", "O('b/d',R)", "ENOENT", "DIR/b does not exist"},
	}, "--inject=mkdir:error=ENOENT:path=/**/0/a", "--inject=openat:error=ENOENT:path=/**/1/b/c")
}

// Text and CSV have the reason as well; without the option there is none.
func TestExplainFormats(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	reason := dir + "/a does not exist"
	command := []string{"cat", dir + "/a/b"}
	flags := []string{"-e", "trace=openat", "-P", dir + "/a/b"}
	text := trace(t, trapline(t), append(flags, "--explain"), command...).log
	if want := " = -1 ENOENT (No such file or directory) /* " + reason + " */\n"; !strings.Contains(text, want) {
		t.Errorf("text: %q lacks %q", text, want)
	}
	if csv := trace(t, trapline(t), append(flags, "--explain", "--format=csv"), command...).log; !strings.Contains(csv, reason) {
		t.Errorf("CSV: %q lacks %q", csv, reason)
	}
	if plain := trace(t, trapline(t), flags, command...).log; strings.Contains(plain, "does not exist") {
		t.Errorf("without the option: %q", plain)
	}
}

// The calls that made a program fail are found among other failed calls.
func TestExplainLast(t *testing.T) {
	need.All(t, need.Python3)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	python := func(script string) []string {
		return []string{"python3", "-S", "-E", "-c", "import os,sys,errno\n" + script}
	}
	say := "except OSError as e: os.write(2,(e.strerror+': '+str(e.filename)).encode())\n"
	for _, tt := range []struct {
		name    string
		command []string
		want    []string // parts of the lines
		flags   []string
	}{
		{"succeeds", []string{"sh", "-c", "ls nope; true"}, nil, nil},
		{"cat", []string{"cat", dir + "/a/b"}, []string{`"` + dir + `/a/b", O_RDONLY) = -1 ENOENT (No such file or directory) /* ` + dir + "/a does not exist */"}, nil},
		{"child", []string{"sh", "-c", "cat " + dir + "/c || exit 3"}, []string{dir + "/c does not exist */"}, []string{"-f"}},
		{"child that succeeds", []string{"sh", "-c", "test -e " + dir + "/one; cat " + dir + "/c"}, []string{dir + "/c does not exist */"}, []string{"-f"}},
		{"search", python("for d in 'a','b','c','.':\n try: os.open('" + dir + "/'+d+'/file',os.O_RDONLY|(os.O_CREAT if d=='.' else 0))\n except OSError: pass\n" +
			"try: os.mkdir('" + dir + "/x/y')\n" + say + "os._exit(1)"), []string{"/x/y"}, nil},
		{"said", python("try: os.mkdir('" + dir + "/x/y')\n" + say + "try: os.rmdir('" + dir + "/other')\nexcept OSError: pass\nos._exit(1)"), []string{"/x/y"}, nil},
		{"injected", []string{"cat", "/dev/null"}, []string{"EACCES (Permission denied) (INJECTED)"}, []string{"--inject=openat:error=EACCES:path=/dev/null"}},
	} {
		r := trace(t, trapline(t), append([]string{"--explain=last"}, tt.flags...), tt.command...)
		lines := slices.Collect(strings.Lines(r.log))
		ok := len(lines) == len(tt.want)
		for i := 0; ok && i < len(lines); i++ {
			ok = strings.Contains(lines[i], tt.want[i])
		}
		if !ok {
			t.Errorf("%s: %q, want lines with %q; standard error: %s", tt.name, r.log, tt.want, r.stderr)
		}
	}
}
