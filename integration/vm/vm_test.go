package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"trapline/integration/need"
)

// vm runs this program.
func vm(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vm")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(path, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Run()
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestMachine(t *testing.T) {
	need.All(t, need.Time, need.QEMU, need.Busybox, need.CachedKernel)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Run("command", func(t *testing.T) {
		write("on disk", "on a disk\n")
		args := []string{"-file", write("text", "in a file\n") + ":/a/b c/text", "-disk", dir + ":/disk", "-dir", "/a/b c", "-append", "quiet with=it"}
		script := `cat text "/disk/on disk"; grep -o with=it /proc/cmdline; id -u; echo "$1"; echo error >&2; exit 7`
		out, errs, status := vm(t, append(args, "--", "sh", "-c", script, "sh", `it's "quoted" \ $HOME`)...)
		want := "in a file\non a disk\nwith=it\n0\nit's \"quoted\" \\ $HOME\nerror\n"
		if out != want || status != 7 {
			t.Errorf("status %d, printed %q, want status 7, %q\n%s", status, out, want, errs)
		}
	})
	t.Run("root", func(t *testing.T) {
		root := t.TempDir()
		if err := os.Mkdir(root+"/bin", 0o777); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("sh", "-c", "cp $(command -v busybox) "+root+"/bin/busybox && ln -s busybox "+root+"/bin/sh && touch "+root+"/mark").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		script := `busybox ls -1d /mark /disk /proc/1/comm /dev/null; exec busybox unshare -Ur busybox true`
		out, errs, status := vm(t, "-disk", root+":/", "--", "/bin/busybox", "sh", "-c", script)
		if want := "ls: /disk: No such file or directory\n/dev/null\n/mark\n/proc/1/comm\n"; status != 0 || out != want {
			t.Errorf("status %d, printed %q, want 0, %q\n%s", status, out, want, errs)
		}
	})
	t.Run("libraries", func(t *testing.T) {
		ls, err := exec.LookPath("ls")
		if err != nil {
			t.Fatal(err)
		}
		out, errs, status := vm(t, "-file", ls+":/program", "--", "/program", "-d", "/proc")
		if status != 0 || out != "/proc\n" {
			t.Errorf("status %d, printed %q\n%s", status, out, errs)
		}
	})
	t.Run("time limit", func(t *testing.T) {
		_, errs, status := vm(t, "-timeout", "12s", "--", "sleep", "1000")
		if want := "vm: the command has not ended after 12s\n"; status != statusTimeLimit || !strings.HasSuffix(errs, want) {
			t.Errorf("status %d, %q, want %d, %q", status, errs, statusTimeLimit, want)
		}
	})
	t.Run("death", func(t *testing.T) {
		_, errs, status := vm(t, "--", "sh", "-c", "echo b >/proc/sysrq-trigger; sleep 1000")
		if want := "vm: the machine died before the command ended\n"; status != statusNoMachine || !strings.HasSuffix(errs, want) {
			t.Errorf("status %d, %q, want %d, %q", status, errs, statusNoMachine, want)
		}
	})
}

func TestWhatIsMissing(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"-kernel", "/nonexistent", "--", "true"}, "vm: -kernel /nonexistent is not one of 6.1, 6.12, nor a file\n"},
		{[]string{"-kernel", "/dev/null", "-file", "/nonexistent", "--", "true"}, "vm: lstat /nonexistent: no such file or directory\n"},
		{[]string{"-kernel", "/dev/null", "-accel", "magic", "--", "true"}, "vm: -accel magic is none of auto, kvm, tcg\n"},
	} {
		need.All(t, need.QEMU, need.Busybox)
		if _, errs, status := vm(t, tt.args...); errs != tt.want || status != statusNoMachine {
			t.Errorf("%q: status %d, %q, want %d, %q", tt.args, status, errs, statusNoMachine, tt.want)
		}
	}
	t.Run("qemu", func(t *testing.T) {
		goroot, err := exec.LookPath("go")
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", filepath.Dir(goroot))
		_, errs, status := vm(t, "--", "true")
		if want := "vm: qemu-system-x86_64 is not installed: apt-get install qemu-system-x86\n"; errs != want || status != statusNoMachine {
			t.Errorf("status %d, %q, want %d, %q", status, errs, statusNoMachine, want)
		}
	})
}

// Busybox unpacks an archive as it was meant.
func TestInitramfs(t *testing.T) {
	need.All(t, need.Busybox)
	here := t.TempDir()
	for path, text := range map[string]string{"dir/inner": "odd", "dir/sub/program": "#!/bin/sh\n"} {
		path = filepath.Join(here, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	os.Chmod(filepath.Join(here, "dir/sub/program"), 0o755)
	os.Symlink("inner", filepath.Join(here, "dir/link"))

	c := make(content)
	if err := c.add(filepath.Join(here, "dir"), "/there"); err != nil {
		t.Fatal(err)
	}
	c.addText("/etc/name with blank", "text", 0o600)
	c.addText("/etc/empty", "", 0o644)
	archive, err := c.writeInitramfs(here)
	if err != nil {
		t.Fatal(err)
	}
	unpacked := t.TempDir()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.Command("busybox", "cpio", "-idm")
	cmd.Dir, cmd.Stdin = unpacked, f
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var got []string
	filepath.WalkDir(unpacked, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			t.Fatal(err)
		}
		info, _ := entry.Info()
		line := info.Mode().String() + " " + strings.TrimPrefix(path, unpacked)
		if link, err := os.Readlink(path); err == nil {
			line += " -> " + link
		} else if text, err := os.ReadFile(path); err == nil {
			line += " " + string(text)
		}
		got = append(got, line)
		return nil
	})
	want := []string{
		"drwxr-xr-x /etc", "-rw-r--r-- /etc/empty ", "-rw------- /etc/name with blank text",
		"drwxr-xr-x /there", "-rw-r----- /there/inner odd", "Lrwxrwxrwx /there/link -> inner",
		"drwxr-xr-x /there/sub", "-rwxr-xr-x /there/sub/program #!/bin/sh\n",
	}
	if !slices.Equal(got[1:], want) {
		t.Errorf("got\n%q\nwant\n%q", got[1:], want)
	}
}

func TestCutPaths(t *testing.T) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range [][3]string{
		{"a", "a", dir + "/a"},
		{"/a/b:/c/./d", "/a/b", "/c/d"},
		{"/a:b", "/a:b", "/a:b"},
		{"a:/b:/c", "a:/b", "/c"},
		{".:/", ".", "/"},
	} {
		if here, there := cutPaths(tt[0]); here != tt[1] || there != tt[2] {
			t.Errorf("%s: %s and %s, want %s and %s", tt[0], here, there, tt[1], tt[2])
		}
	}
}

func TestQuote(t *testing.T) {
	for _, s := range []string{"", "word", "two words", `a'b''c`, "$HOME `id` \\ \"", "line\nbreak", "-n"} {
		out, err := exec.Command("sh", "-c", "printf %s "+quote(s)).Output()
		if err != nil || string(out) != s {
			t.Errorf("%q became %q, %v", s, out, err)
		}
	}
}

func TestParseStatus(t *testing.T) {
	for text, want := range map[string]status{
		"":                               {},
		"started":                        {}, // incomplete
		"started\n":                      {started: true},
		"started\nstatus 12":             {started: true},
		"started\nstatus 12\n":           {started: true, ended: true, status: 12},
		"started\r\nstatus 0\r\n":        {started: true, ended: true},
		"started\nstatus x\nstatus 255 ": {started: true},
	} {
		if got := parseStatus(text); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

func TestParseDependency(t *testing.T) {
	control := "Package: linux-image-cloud-amd64\nVersion: 6.1\nDepends: initramfs-tools, linux-image-6.1.0-57-cloud-amd64 (= 6.1.192-3), x\n"
	if pkg, err := parseDependency("meta", []byte(control)); pkg != "linux-image-6.1.0-57-cloud-amd64" || err != nil {
		t.Errorf("%q, %v", pkg, err)
	}
	if _, err := parseDependency("meta", []byte("Package: x\nSuggests: linux-image-1\n")); err == nil {
		t.Error("no error without a dependency")
	}
}
