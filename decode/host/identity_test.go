package host

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/integration/asleep"
)

func TestIdentity(t *testing.T) {
	var l Local
	process := l.Process(unix.Gettid())
	id, ok := l.Identity(process)
	if want := (Identity{TGID: self, PPID: os.Getppid(), UID: os.Getuid(), HasUID: true}); !ok || id != want {
		t.Errorf("this thread is %+v, %v, want %+v", id, ok, want)
	}
	for _, nobody := range []int{0, -1, 1 << 30} {
		if id, ok := l.Identity(nobody); ok {
			t.Errorf("process %d is %+v", nobody, id)
		}
	}
}

// Introduce says the same as Identity and Command, or nothing.
func TestIntroduce(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var l Local
	process := l.Process(unix.Gettid())
	before, ok := l.Command(make([]byte, 64), process)
	if !ok {
		t.Fatal("this thread has no name")
	}
	name := append(bytes.Clone(before), 0)
	defer func() { unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0) }()
	for _, tt := range []struct {
		name  string
		knows bool
	}{{"plain", true}, {"fifteen letters", true}, {" blanks ", true}, {"tab\t", true}, {"two\nlines", false}, {`back\slash`, false}, {"", false}} {
		new := append([]byte(tt.name), 0)
		if err := unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&new[0])), 0, 0, 0); err != nil {
			t.Fatal(err)
		}
		id, command, ok := l.Introduce(make([]byte, 64), process)
		if ok != tt.knows {
			t.Errorf("%q: %v, want %v", tt.name, ok, tt.knows)
			continue
		}
		wantID, _ := l.Identity(process)
		want, _ := l.Command(make([]byte, 64), process)
		if ok && (id != wantID || string(command) != string(want) || string(command) != tt.name) {
			t.Errorf("%q: %+v and %q, want %+v and %q", tt.name, id, command, wantID, want)
		}
	}
	for _, nobody := range []int{0, -1, 1 << 30} {
		if id, command, ok := l.Introduce(make([]byte, 64), nobody); ok {
			t.Errorf("process %d is %+v and %q", nobody, id, command)
		}
	}
}

// A file that is larger than the buffer is read completely.
func TestReadInOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, size := range []int{0, 1, 15, 16, 17, 40, 20000} {
		content := bytes.Repeat([]byte("x"), size)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, limit := range []int{32, 1 << 20} {
			if got := readInOne(make([]byte, 16), []byte(path), limit); got == nil || len(got) != min(size, limit) {
				t.Errorf("%d of %d bytes, at most %d", len(got), size, limit)
			}
		}
	}
	if got := readInOne(make([]byte, 16), []byte(path+"2"), 32); got != nil {
		t.Errorf("%q is in a file that is not there", got)
	}
}

func TestProgram(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	if sleep, err = filepath.EvalSymlinks(sleep); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(sleep, "1000")
	asleep.Start(t, cmd, asleep.Sleeping...)
	var l Local
	process := l.Process(cmd.Process.Pid)
	if got := string(l.Executable(buf(), process)); got != sleep && !strings.HasPrefix(filepath.Base(got), "busybox") && !strings.HasPrefix(filepath.Base(got), "coreutils") {
		t.Errorf("the program of the process is %q, want %q", got, sleep)
	}
	if got := string(l.Arguments(process)); got != sleep+"\x001000\x00" {
		t.Errorf("its arguments are %q", got)
	}
	if got := l.Arguments(1 << 30); got != nil {
		t.Errorf("a process that does not exist has the arguments %q", got)
	}
}
