package integration

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
)

// labelled makes a folder of labelled files. Their extended attributes work
// even without SELinux.
func labelled(t *testing.T) (dir string) {
	t.Helper()
	need.All(t, need.FileContexts)
	dir = t.TempDir()
	for _, name := range []string{"file", "sub/other", "odd"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("text\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	for name, context := range map[string]string{
		".": "system_u:object_r:user_tmp_t:s0", "file": "system_u:object_r:etc_t:s0-s0:c0.c1023", "sub": "u:r:dir_t:s0",
		"sub/other": "short", "odd": "a:b:[x]!\x1b\"\xff:s0", "socket": "system_u:object_r:sock_t:s0",
	} {
		if err := unix.Setxattr(filepath.Join(dir, name), "security.selinux", []byte(context+"\x00"), 0); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSecontext(t *testing.T) {
	trapline(t) // built in this folder
	dir := labelled(t)
	t.Chdir(dir)
	script := `cat file; cat "$0/odd"; cd sub; cat other; cat ../file; ls . .. >../new; ln -s ../file link; cat link
		mv ../new moved; stat -L . >/dev/null; rm link; exec 3<.; ls /proc/self/fd/3; test -r /nonexistent`
	command := []string{"sh", "-c", script, dir}
	for _, tt := range []struct {
		flags []string
		want  []string
	}{
		{[]string{"--secontext"}, []string{
			`openat(AT_FDCWD, "file" [etc_t], O_RDONLY) = 3 [etc_t]` + "\n",
			`"` + dir + `/odd" [\133x\135\41\33\"\377], O_RDONLY)`,
			`/sub" [dir_t]) = 0`, `openat(AT_FDCWD, "other" [short], O_RDONLY)`,
			`symlink("../file" [etc_t], "link")`, `symlinkat("../file" [etc_t], AT_FDCWD, "link")`,
			`access("/nonexistent", R_OK)`, `faccessat2(AT_FDCWD, "/nonexistent", R_OK, `,
		}},
		{[]string{"--secontext=full", "-y", "-x"}, []string{
			`"file" [system_u:object_r:etc_t:s0-s0:c0.c1023], O_RDONLY) = 3<` + dir + `/file> [system_u:object_r:etc_t:s0-s0:c0.c1023]`,
			`odd" [a:b:\x5bx\x5d\x21\x1b\"\xff:s0]`,
		}},
	} {
		log := trace(t, trapline(t), append([]string{"-f"}, tt.flags...), command...).log
		for i := 0; i < len(tt.want); i++ {
			want := tt.want[i]
			if strings.HasPrefix(want, "symlink(") || strings.HasPrefix(want, "access(") {
				i++ // either call will do
				if strings.Contains(log, want) {
					continue
				}
				want = tt.want[i]
			}
			if !strings.Contains(log, want) {
				t.Errorf("%q: no %s in\n%s", tt.flags, want, log)
			}
		}
		t.Run("strace", func(t *testing.T) {
			need.All(t, need.Strace, need.StraceSecontext)
			alike(t, append(tt.flags, "-e", "trace=openat,chdir,/^symlink,/^rename,/^unlink,/access,execve,getdents64,close,dup2,fcntl"), command...)
		})
	}
	t.Run("csv", func(t *testing.T) {
		log := trace(t, trapline(t), []string{"--format=csv", "--secontext", "-e", "trace=openat"}, "cat", "file").log
		if want := `,syscall,openat,"AT_FDCWD, ""file"" [etc_t], O_RDONLY",3 [etc_t],,,`; !strings.Contains(log, want) {
			t.Errorf("no %s in\n%s", want, log)
		}
	})
	t.Run("json", func(t *testing.T) {
		log := trace(t, trapline(t), []string{"--json", "--secontext", "-e", "trace=openat"}, "cat", "file").log
		if want := `{"name":"pathname","value":"file","secontext":"etc_t"},`; !strings.Contains(log, want) || !strings.Contains(log, `"ret":3,"ret_secontext":"etc_t"`) {
			t.Errorf("no %s in\n%s", want, log)
		}
	})
}

// The contexts that the policy expects are read from /etc/selinux, which here
// is a folder of the test.
func TestSecontextMismatch(t *testing.T) {
	trapline(t)
	dir := labelled(t)
	policy := filepath.Join(dir, "policy")
	files := filepath.Join(policy, "own/contexts/files")
	if err := os.MkdirAll(files, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		filepath.Join(policy, "config"): "SELINUX=disabled\nSELINUXTYPE=own\n",
		filepath.Join(files, "file_contexts"): dir + "(/.*)?\tsystem_u:object_r:user_tmp_t:s0\n" +
			dir + "/sub/[^/]*\t--\tsystem_u:object_r:sub_t:s0\n" + dir + "/odd\t<<none>>\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	script := `mount --make-rprivate / && mount -t tmpfs none /etc && cp -r "$0/policy" /etc/selinux && cd "$0" && shift && exec "$@"`
	run := func(t *testing.T, tracer, mode string) string {
		log := filepath.Join(dir, "log")
		cmd := exec.Command("sh", "-c", script, dir, "", tracer, "--secontext="+mode, "-y", "-o", log, "-e", "trace=openat,chdir,read", "-P", "file",
			"-P", "odd", "-P", "sub/other", "-P", "sub", "-P", dir+"/sub/other", "sh", "-c", "cd sub; cd ..; exec cat file odd sub/other")
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		b, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for mode, want := range map[string][]string{
		"mismatch": {`"file" [etc_t!!user_tmp_t], O_RDONLY) = 3<` + dir + `/file> [etc_t!!user_tmp_t]`, `"sub/other" [short!!sub_t]`,
			`"odd" [\133x\135\41\33\"\377], O_RDONLY)`},
		"full,mismatch": {`read(3<` + dir + `/file> [system_u:object_r:etc_t:s0-s0:c0.c1023!!system_u:object_r:user_tmp_t:s0]`},
	} {
		log := run(t, trapline(t), mode)
		for _, line := range want {
			if !strings.Contains(log, line) {
				t.Errorf("%s: no %s in\n%s", mode, line, log)
			}
		}
		t.Run("strace", func(t *testing.T) {
			need.All(t, need.Strace, need.StraceSecontext)
			theirs := run(t, need.StracePath(), mode)
			if diff := difference(strings.Split(theirs, "\n"), strings.Split(log, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSecontextOfSockets(t *testing.T) {
	trapline(t) // built in this folder
	dir := labelled(t)
	t.Chdir(dir)
	need.All(t, need.Python3)
	command := []string{"python3", "-c", `import socket, os
s = socket.socket(socket.AF_UNIX)
s.connect("socket")
s.getpeername()
for fd in os.open(".", os.O_RDONLY), os.open("sub", os.O_RDONLY):
    os.stat("file", dir_fd=fd) if fd == 4 else os.stat("other", dir_fd=fd)
    os.listdir(fd)
    os.fchdir(fd)
`}
	flags := []string{"--secontext", "-e", "trace=%network,fchdir,newfstatat,getdents64", "-v", "-y"}
	log := trace(t, trapline(t), flags, command...).log
	for _, want := range []string{
		`sun_path="socket" [sock_t]}`, `"other" [short], {`, `d_name="other" [short]}`, `fchdir(5<` + dir + `/sub> [dir_t])`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("no %s in\n%s", want, log)
		}
	}
	t.Run("strace", func(t *testing.T) {
		need.All(t, need.Strace, need.StraceSecontext)
		// Only lines with contexts, because python3 may be a script that starts many other
		// programs.
		contexts := func(tracer string) (lines []string) {
			for line := range strings.Lines(trace(t, tracer, flags, command...).log) {
				if strings.Contains(line, "_t]") || strings.Contains(line, "[short]") {
					lines = append(lines, timesOfFiles.ReplaceAllString(normal(line, nil), "TIMES"))
				}
			}
			return lines
		}
		if diff := difference(contexts(need.StracePath()), contexts(trapline(t))); diff != "" {
			t.Error(diff)
		}
	})
}

// timesOfFiles matches st_atime and everything after it.
var timesOfFiles = regexp.MustCompile(`st_atime=.*st_ctime_nsec=\d+`)
