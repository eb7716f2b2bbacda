package integration

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/tables"
)

// initLine is the runtime's report on the initialization of one package.
var initLine = regexp.MustCompile(`(?m)^init (\S+) .* (\d+) allocs$`)

// initAllocations are the most allocations of packages during initialization. Others
// that are not of Go's library allocate nothing.
var initAllocations = map[string]int{
	"main": 8, // for locking the main thread

	"github.com/alecthomas/participle/v2/lexer": 21,
	"github.com/bmatcuk/doublestar/v4":          4,
	"github.com/charmbracelet/colorprofile":     4,
	"github.com/charmbracelet/ultraviolet":      12,
	"github.com/charmbracelet/x/ansi":           5,
	"github.com/charmbracelet/x/ansi/parser":    3,
	"github.com/charmbracelet/x/termios":        18,
	"github.com/fatih/color":                    1,
	"github.com/ianlancetaylor/demangle":        102,
	"github.com/klauspost/compress/flate":       15,
	"github.com/mattn/go-runewidth":             9,
	"github.com/muesli/cancelreader":            1,
	"github.com/spf13/pflag":                    1,
	"github.com/xo/terminfo":                    1,
	"golang.org/x/net/dns/dnsmessage":           14,
	"golang.org/x/sys/unix":                     1,
}

// The start costs only what is used: the allocations of packages during
// initialization, which every command pays for, do not grow. The counts do not
// vary. Descriptions that the compiler can lay out do not allocate.
func TestInitAllocations(t *testing.T) {
	cmd := exec.Command(trapline(t), "-V")
	cmd.Env = []string{"GODEBUG=inittrace=1"}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, m := range initLine.FindAllStringSubmatch(stderr.String(), -1) {
		name := m[1]
		if ofGo(name) || name == "trapline/cmd/trapline/early" {
			continue // early is there to act before all others
		}
		seen++
		allocs, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		if most := initAllocations[name]; allocs > most {
			t.Errorf("package %s allocates %d times when it is initialized, want %d at most", name, allocs, most)
		}
	}
	if seen < 2 {
		t.Errorf("the runtime tells of %d packages: %s", seen, stderr.String())
	}
}

// ofGo reports whether a package is of Go's library.
func ofGo(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return name != "main" && first != "trapline" && !strings.Contains(first, ".")
}

// TestStartPopulates starts trapline, which finds all of its code mapped, and again below
// a seccomp filter that refuses madvise: then it finds what has run, and pages around that.
func TestStartPopulates(t *testing.T) {
	need.All(t, need.Populate, need.Live) // the filter is not made for a third program
	// mapped returns the size of trapline's code, and how much of it is mapped, in kB.
	mapped := func(refused string) (size, resident int) {
		nr := tables.ByName(tables.X86_64, refused).NR
		cmd := exec.Command(program(t, "refuse", "amd64"), fmt.Sprint(nr), fmt.Sprint(int(unix.EPERM)), trapline(t), "-o", os.DevNull, "cat")
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(stdin, "started")
		if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "started\n" {
			t.Errorf("cat writes %q, %v", line, err)
		}
		smaps, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", cmd.Process.Pid))
		if err != nil {
			t.Error(err)
		}
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		m := codeOf.FindSubmatch(smaps)
		if m == nil {
			t.Fatalf("no code in\n%s", smaps)
		}
		size, _ = strconv.Atoi(string(m[1]))
		resident, _ = strconv.Atoi(string(m[2]))
		return size, resident
	}
	const headers = 8 // kB before the code
	if size, resident := mapped("acct"); resident < size-headers {
		t.Errorf("of %d kB of code %d are mapped", size, resident)
	}
	if size, resident := mapped("madvise"); resident >= size-headers {
		t.Errorf("without madvise %d of %d kB of code are mapped as well", resident, size)
	}
}

// codeOf finds the first mapping of code in a file smaps, its size, and what is mapped.
var codeOf = regexp.MustCompile(`(?s) r-xp .*?\nSize: +(\d+) kB.*?\nRss: +(\d+) kB`)
