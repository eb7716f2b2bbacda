package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// feature is something that a test needs and a machine may lack.
type feature struct {
	name string
	have func() bool
}

var (
	needStrace  = command("strace")
	needGCC     = command("gcc")
	needGDB     = command("gdb")
	needGit     = command("git")
	needJQ      = command("jq")
	needPython3 = command("python3")

	// needGCC32 is gcc with libraries for i386 programs.
	needGCC32 = feature{"gcc -m32", sync.OnceValue(func() bool {
		cmd := exec.Command("gcc", "-m32", "-xc", "-", "-o", filepath.Join(buildDir, "main-m32"))
		cmd.Stdin = strings.NewReader("int main(void) { return 0; }")
		return cmd.Run() == nil
	})}

	needX86  = feature{"an x86-64 processor", func() bool { return runtime.GOARCH == "amd64" }}
	needRoot = feature{"root", func() bool { return os.Geteuid() == 0 }}
	// needIA32 is a kernel that runs 32-bit programs (CONFIG_IA32_EMULATION,
	// ia32_emulation=on).
	needIA32 = feature{"a kernel that runs i386 programs", runsIA32}
)

// command is the feature that a program is installed. For strace the
// environment variable STRACE may name another one.
func command(name string) feature {
	return feature{name, func() bool { return programPath(name) != "" }}
}

func programPath(name string) string {
	if name == "strace" && os.Getenv("STRACE") != "" {
		name = os.Getenv("STRACE")
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

// need skips the test if a feature is missing. It is the only place that
// skips. Continuous integration installs what matters, so there a missing
// feature is an error, unless it is among the ones that a machine may lack
// for good.
func need(t testing.TB, features ...feature) {
	t.Helper()
	for _, f := range features {
		switch {
		case f.have():
		case os.Getenv("CI") == "true" && f.name != needGDB.name && f.name != needIA32.name && f.name != needKVM.name && f.name != needRoot.name:
			t.Fatalf("requires %s, which continuous integration must have", f.name)
		default:
			t.Skipf("requires %s", f.name)
		}
	}
}
