package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
)

// TestSELinux traces in a virtual machine whose kernel has SELinux and a policy. The
// files of its disk are labelled here. The command is busybox under the name cat, whose
// label gives its process another context.
func TestSELinux(t *testing.T) {
	need.All(t, need.Time, need.QEMU, need.Busybox, need.CachedKernel, need.Secilc, need.FileContexts)
	built, disk := t.TempDir(), t.TempDir()
	output := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s %q: %v\n%s%s", name, args, err, out, stderr.String())
		}
		return string(out)
	}
	output("go", "build", "-o", built+"/", "trapline/cmd/trapline", "trapline/integration/vm")
	output("secilc", "-c", "33", "-o", disk+"/policy", "-f", os.DevNull, "testdata/selinux/policy.cil")

	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	output("cp", busybox, disk+"/cat")
	const letter = "system_u:object_r:letter_t:s0:c1"
	for name, text := range map[string]string{
		"letter": "text\n", "note": "text\n", "selinux/config": "SELINUX=permissive\nSELINUXTYPE=own\n",
		"selinux/own/contexts/files/file_contexts": "/disk/letter\t--\t" + letter + "\n/disk/note\tsystem_u:object_r:letter_t:s0\n",
	} {
		path := filepath.Join(disk, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for name, context := range map[string]string{"cat": "system_u:object_r:reader_exec_t:s0", "letter": letter} {
		if err := unix.Setxattr(filepath.Join(disk, name), "security.selinux", []byte(context+"\x00"), 0); err != nil {
			t.Fatal(err)
		}
	}

	script := `set -e
mount -t selinuxfs none /sys/fs/selinux
cat /disk/policy >/sys/fs/selinux/load
ln -s /disk/selinux /etc/selinux
cd /disk
./cat /proc/self/attr/current; echo
trapline --secontext -e trace=execve,openat ./cat letter note
trapline -f --secontext=full,mismatch -e trace=execve,openat -P ./cat -P letter -P note sh -c './cat letter note'
trapline --secontext=full -p $$ -o /log -e trace=none & until [ -s /log ]; do sleep 1; done; kill $!; wait $! || :
cat /log`
	out := output(built+"/vm", "-append", "lsm=selinux selinux=1", "-disk", disk+":/disk", "-file", built+"/trapline:/bin/trapline",
		"--", "sh", "-c", script)
	rest := out
	for _, want := range []string{
		"system_u:system_r:reader_t:s0-s0:c0,c1", // according to the policy, as the program itself sees it
		`[kernel_t] execve("./cat" [reader_exec_t], ["./cat", "letter", "note"], `,
		`[reader_t] openat(AT_FDCWD, "letter" [letter_t], O_RDONLY) = 3 [letter_t]`,
		`[reader_t] openat(AT_FDCWD, "note" [file_t], O_RDONLY) = 3 [file_t]`,
		"[reader_t] +++ exited with 0 +++",
		`[system_u:system_r:kernel_t:s0-s0:c0,c1] execve("./cat" [system_u:object_r:reader_exec_t:s0], ["./cat", "letter", "note"], `,
		`[system_u:system_r:reader_t:s0-s0:c0,c1] openat(AT_FDCWD, "letter" [` + letter + `], O_RDONLY) = 3 [` + letter + `]`,
		`openat(AT_FDCWD, "note" [system_u:object_r:file_t:s0!!system_u:object_r:letter_t:s0], O_RDONLY) = 3 [`,
		"[system_u:system_r:kernel_t:s0-s0:c0,c1]", // of a process that was attached
	} {
		at := strings.Index(rest, want)
		if at < 0 {
			t.Fatalf("no %q in the rest of\n%s", want, out)
		}
		rest = rest[at+len(want):]
	}
}
