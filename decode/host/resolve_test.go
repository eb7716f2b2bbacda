package host

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
)

// resolveTree makes files and links, and returns their folder without links in
// its name.
func resolveTree(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"a/b", "c"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "a/file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"up": "a/b", "abs": dir + "/a", "c/file": "../a/file", "dangling": "nowhere/there", "loop": "loop",
		"chain": "c/file", "rooted": "/a/file", "c/self": "/proc/self",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The file that Resolve finds for a path is the file that the process would open.
func TestResolve(t *testing.T) {
	dir := resolveTree(t)
	t.Chdir(dir)
	folder, err := os.Open("a")
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	at := int(folder.Fd())
	pid := strconv.Itoa(self)
	for _, tt := range []struct {
		dir  int
		path string
		link bool
		want string // below dir unless it begins with a double slash; "" for nil
	}{
		{unix.AT_FDCWD, "a/file", false, "/a/file"},
		{unix.AT_FDCWD, dir + "/a/file", false, "/a/file"},
		{at, dir + "/a/file", false, "/a/file"},
		{at, "file", false, "/a/file"},
		{at, "../c/./file", false, "/a/file"},
		{at, "../c/file", true, "/c/file"},
		{unix.AT_FDCWD, "c//file", true, "/c/file"},
		{unix.AT_FDCWD, "up/../file", false, "/a/file"}, // the parent of what up leads to
		{unix.AT_FDCWD, "up", true, "/up"},
		{unix.AT_FDCWD, "up/", true, "/a/b"},
		{unix.AT_FDCWD, "abs/file", true, "/a/file"},
		{unix.AT_FDCWD, "chain", false, "/a/file"},
		{unix.AT_FDCWD, "chain", true, "/chain"},
		{unix.AT_FDCWD, "a/new", false, "/a/new"}, // about to be created
		{unix.AT_FDCWD, "up/new", true, "/a/b/new"},
		{unix.AT_FDCWD, "none/new", false, "/none/new"},
		{unix.AT_FDCWD, "none/../x", false, "/x"},
		{unix.AT_FDCWD, "dangling", false, "/nowhere/there"}, // which open would create
		{unix.AT_FDCWD, "dangling", true, "/dangling"},
		{unix.AT_FDCWD, "loop", true, "/loop"},
		{unix.AT_FDCWD, "a/file/x", false, "/a/file/x"},
		{unix.AT_FDCWD, ".", false, ""},
		{unix.AT_FDCWD, "..", false, "//.."},
		{unix.AT_FDCWD, "/", false, "//"},
		{unix.AT_FDCWD, "/../../", false, "//"},
		{unix.AT_FDCWD, "/proc/self/status", false, "//proc/" + pid + "/status"},
		{unix.AT_FDCWD, "c/self/status", false, "//proc/" + pid + "/status"},
		{unix.AT_FDCWD, "/proc/self", true, "//proc/self"},
		{unix.AT_FDCWD, "/proc/self/cwd/a", false, "/a"},
		{unix.AT_FDCWD, "/proc/self/fd/" + strconv.Itoa(at) + "/file", false, "/a/file"},
	} {
		want := dir + tt.want
		switch {
		case tt.want == "//..":
			want = filepath.Dir(dir)
		case len(tt.want) > 1 && tt.want[:2] == "//":
			want = tt.want[1:]
		}
		var l Local
		if got := string(l.Resolve(buf(), self, tt.dir, []byte(tt.path), tt.link)); got != want {
			t.Errorf("%d, %s (link: %v): %q, want %q", tt.dir, tt.path, tt.link, got, want)
		}
		// The same, one part of the path at a time, as for a process with another root.
		l.hasRoot = true
		l.root.Mask = 0
		if got := string(l.Resolve(buf(), self, tt.dir, []byte(tt.path), tt.link)); got != want {
			t.Errorf("%d, %s (link: %v) step by step: %q, want %q", tt.dir, tt.path, tt.link, got, want)
		}
	}
	var l Local
	for _, bad := range []string{"", "a\x00b", string(make([]byte, unix.PathMax))} {
		if got := l.Resolve(buf(), self, unix.AT_FDCWD, []byte(bad), false); got != nil {
			t.Errorf("%.10q leads to %q", bad, got)
		}
	}
	for _, dir := range []int{-1, -99, 9999} {
		if got := l.Resolve(buf(), self, dir, []byte("x"), false); got != nil {
			t.Errorf("from descriptor %d: %q", dir, got)
		}
	}
}

// A process may have another root directory: absolute paths and links, and "..",
// end there.
func TestResolveInRoot(t *testing.T) {
	need.All(t, need.Root, need.Python3)
	dir := resolveTree(t)
	cmd := exec.Command("python3", "-c", "import os,sys,time\nos.chroot(sys.argv[1]); os.chdir('/c'); print('x', flush=True); time.sleep(600)", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	var l Local
	pid := cmd.Process.Pid
	if got := string(l.Root(buf(), pid)); got != dir {
		t.Errorf("root %q, want %q", got, dir)
	}
	for path, want := range map[string]string{
		"/rooted": "/a/file", "/../../a": "/a", "../../../up": "/a/b", "file": "/a/file", "/new": "/new", "self": "/proc/self",
	} {
		if got := string(l.Resolve(buf(), pid, unix.AT_FDCWD, []byte(path), false)); got != dir+want {
			t.Errorf("%s: %q, want %q", path, got, dir+want)
		}
	}
}

func TestKindOfMount(t *testing.T) {
	const mounts = `21 27 0:20 / /sys rw,nosuid - sysfs sysfs rw
227 27 0:21 / /home\040x rw shared:1 master:2 - fuse.sshfs x rw
broken
30 1 8:1 /
`
	for id, want := range map[uint64]string{21: "sysfs", 227: "fuse.sshfs", 27: "", 30: ""} {
		if got := kindOfMount([]byte(mounts), id); got != want {
			t.Errorf("mount %d: %q, want %q", id, got, want)
		}
	}
}

// IsNoLink returns true only for files that are not links, and for names without links
// before their last part.
func TestIsNoLink(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "dir"), 0o700), os.WriteFile(filepath.Join(dir, "dir/file"), nil, 0o600),
		os.Symlink("dir", filepath.Join(dir, "link")), os.Symlink("nothing", filepath.Join(dir, "dangling")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var l Local
	for name, want := range map[string][2]bool{
		"dir": {true, true}, "dir/file": {true, false}, "link": {}, "dangling": {}, "link/file": {}, "dir/file/more": {}, "none": {true, false},
	} {
		name = filepath.Join(dir, name)
		os.Lstat(name) // the kernel remembers it
		if noLink, isDirectory := l.IsNoLink([]byte(name)); noLink != want[0] || isDirectory != want[1] {
			t.Errorf("%s: %v, %v, want %v", name, noLink, isDirectory, want)
		}
	}
	for _, name := range []string{"/proc/self", "/proc/self/exe", "/proc/self/fd/0"} {
		if noLink, isDirectory := l.IsNoLink([]byte(name)); noLink || isDirectory {
			t.Errorf("%s, a link of the procfs, is taken for a file", name)
		}
	}
}

// Paths that Resolve finds through a link of the procfs are distinguished from other paths.
func TestPassedProcess(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Symlink("/proc/self/cwd", filepath.Join(dir, "in")), os.Symlink(".", filepath.Join(dir, "here"))); err != nil {
		t.Fatal(err)
	}
	var l Local
	for _, tt := range []struct {
		name   string
		link   bool
		passed bool
	}{
		{"/proc/self", false, true},
		{"/proc/self", true, false},
		{"/proc/self/fd/0", true, true},
		{"/proc/thread-self/status", false, true},
		{"/proc/1/cwd/x", false, true},
		{"/proc/version", false, false},
		{"in/x", false, true},
		{"in", true, false},
		{"here/none/x", false, false},
		{"none", false, false},
		{"", false, false},
	} {
		name := tt.name
		if name != "" && name[0] != '/' {
			name = filepath.Join(dir, name)
		}
		l.Resolve(make([]byte, unix.PathMax), os.Getpid(), unix.AT_FDCWD, []byte(name), tt.link)
		if got := l.PassedProcess(); got != tt.passed {
			t.Errorf("%s, %v: %v, want %v", tt.name, tt.link, got, tt.passed)
		}
	}
}

// The name of a removed directory does not lead to it, even if another directory has the
// name.
func TestIsWhereNamed(t *testing.T) {
	parent, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "dir")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	sleep := exec.CommandContext(t.Context(), "sleep", "infinity")
	sleep.Dir = dir
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	defer sleep.Wait()
	defer sleep.Process.Kill()
	var l Local
	check := func(what string, want bool) {
		t.Helper()
		os.Stat(dir) // the kernel remembers it
		if got := l.IsWhereNamed(sleep.Process.Pid); got != want {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	check("a directory", true)
	if err := os.Rename(dir, dir+"2"); err != nil {
		t.Fatal(err)
	}
	dir += "2"
	check("a directory with a new name", true)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	check("a removed directory", false)
	if err := os.Mkdir(dir+" (deleted)", 0o700); err != nil {
		t.Fatal(err)
	}
	dir += " (deleted)"
	check("another directory", false)
}
