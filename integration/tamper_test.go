package integration

import (
	"strings"
	"testing"
	"time"
)

// Effects of --inject on the calls of a shell that makes few of them.
func TestInjection(t *testing.T) {
	for _, tt := range []struct {
		name   string
		flags  []string
		script string
		want   []string // lines of the trace, without their padding
	}{
		{"the execve that starts the command is spared", []string{"--trace=execve", "--fault=execve:error=EPERM"},
			"exec /bin/true", []string{
				`= 0`, `execve("/bin/true", ["/bin/true"], %) = -1 EPERM (Operation not permitted) (INJECTED)`,
			}},
		{"and is not counted", []string{"--trace=execve", "--fault=execve:error=EPERM:when=2"},
			"exec /bin/true", []string{`= 0`, `execve("/bin/true", ["/bin/true"], %) = 0`}},
		{"a result is none but what it is said to be", []string{"--trace=getppid", "--inject=getppid:retval=-3"},
			":", []string{"getppid() = -3 (INJECTED)"}},
		{"an error is one of any call", []string{"--trace=getppid", "--inject=getppid:error=ENOMEM"},
			":", []string{"getppid() = -1 ENOMEM (Cannot allocate memory) (INJECTED)"}},
		{"a delay is told beside a result", []string{"--trace=getppid", "--inject=getppid:retval=7:delay_enter=1"},
			":", []string{"getppid() = 7 (INJECTED) (DELAYED)"}},
	} {
		lines := strings.Split(trace(t, trapline(t), tt.flags, "sh", "-c", tt.script).log, "\n")
		for i, want := range tt.want {
			if i >= len(lines) || !endsLike(strings.Join(strings.Fields(lines[i]), " "), want) {
				t.Errorf("%s: no %q in\n%s", tt.name, want, strings.Join(lines, "\n"))
				break
			}
		}
	}
}

// endsLike compares the end of a line with want, in which % stands for
// anything.
func endsLike(line, want string) bool {
	before, after, wild := strings.Cut(want, "%")
	if !wild {
		return strings.HasSuffix(line, want)
	}
	return strings.HasPrefix(line, before) && strings.HasSuffix(line, after)
}

// A delayed tracee costs the tracer no processor time.
func TestDelayIsIdle(t *testing.T) {
	start := time.Now()
	_, stderr, state := run(t, "-o", "/dev/null", "--inject=getppid:delay_enter=500ms", "sh", "-c", ":")
	if took := time.Since(start); took < 500*time.Millisecond {
		t.Errorf("over after %v: %s", took, stderr)
	}
	if busy := state.UserTime() + state.SystemTime(); busy > 250*time.Millisecond {
		t.Errorf("%v of processor time for half a second's wait", busy)
	}
}
