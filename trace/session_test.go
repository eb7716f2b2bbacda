//go:build linux && amd64

package trace_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	jsonformat "trapline/output/json"
	"trapline/trace"
)

// shell is a shell command whose output is discarded.
func shell(t testing.TB, script string) *trace.Command {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { null.Close() })
	c := trace.NewCommand("sh", "-c", script)
	c.Stdin, c.Stdout, c.Stderr = null, null, null
	return c
}

// A Handler gets the calls that a condition selects. If the condition is decided only at
// the exit, Enter gets all calls that may still be selected.
func TestHandlerWhere(t *testing.T) {
	for _, c := range []struct {
		where       string
		enter, exit []string
	}{
		{`pathname startsWith "/nowhere/"`, []string{"/nowhere/a", "/nowhere/b"}, []string{"/nowhere/a", "/nowhere/b"}},
		{`errno == ENOENT and pathname endsWith "/b"`, []string{"/nowhere/b"}, []string{"/nowhere/b"}},
		{`errno == EACCES and pathname startsWith "/nowhere/"`, []string{"/nowhere/a", "/nowhere/b"}, nil},
	} {
		condition, err := trace.ParseCondition(c.where, trace.Calls("open", "openat"))
		if err != nil {
			t.Fatal(err)
		}
		var enter, exit []string
		var out strings.Builder
		note := func(to *[]string) func(*trace.Call) error {
			return func(call *trace.Call) error {
				*to = append(*to, call.Arg("pathname").Str)
				return nil
			}
		}
		_, err = trace.Run(context.Background(), shell(t, "true </nowhere/a; true </nowhere/b"), trace.Options{
			Calls:   trace.Calls("open", "openat"),
			Where:   []*trace.Condition{condition},
			Output:  &trace.Destination{Writer: &out},
			Handler: trace.Handler{Enter: note(&enter), Exit: note(&exit)},
		})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(enter, c.enter) || !slices.Equal(exit, c.exit) {
			t.Errorf("%s: entered %q, left %q, want %q and %q", c.where, enter, exit, c.enter, c.exit)
		}
		if lines := strings.Count(out.String(), "/nowhere/"); lines != len(c.exit) {
			t.Errorf("%s: %d lines, want %d:\n%s", c.where, lines, len(c.exit), out.String())
		}
	}
}

// Several Sessions in one process handle only their own processes, and not the
// children that other goroutines start and wait for.
func TestSessionsInParallel(t *testing.T) {
	const sessions, rounds = 3, 40
	var all sync.WaitGroup
	for i := range sessions {
		all.Go(func() {
			name := fmt.Sprintf("/nowhere/%d", i)
			script := strings.Repeat(": <"+name+" & wait $!; ", rounds)
			var opened, ended int
			var out strings.Builder
			status, err := trace.Run(context.Background(), shell(t, script+"exit "+fmt.Sprint(i)), trace.Options{
				Follow: true,
				Calls:  trace.Calls("open", "openat"),
				Paths:  []string{name},
				Output: &trace.Destination{Writer: &out},
				Handler: trace.Handler{
					Exit: func(c *trace.Call) error {
						if path := c.Arg("pathname").Str; path != name || c.Errno != unix.ENOENT {
							t.Errorf("session %d traces %s of %q", i, c.Name, path)
						}
						opened++
						return nil
					},
					Ended: func(*trace.Process) error {
						ended++
						return nil
					},
				},
			})
			if err != nil || status.ExitStatus() != i {
				t.Errorf("session %d: status %v, %v", i, status, err)
			}
			if opened != rounds || ended != rounds+1 {
				t.Errorf("session %d: %d calls of %d processes, want %d of %d", i, opened, ended, rounds, rounds+1)
			}
			if n := strings.Count(out.String(), name); n != rounds {
				t.Errorf("session %d: %d calls in the output, want %d", i, n, rounds)
			}
		})
	}
	over := make(chan struct{})
	var children sync.WaitGroup
	for range 2 {
		children.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				err := exec.Command("sh", "-c", "exit 7").Run()
				var exit *exec.ExitError
				if !errors.As(err, &exit) || exit.ExitCode() != 7 {
					t.Errorf("a child of another goroutine: %v", err)
					return
				}
			}
		})
	}
	all.Wait()
	close(over)
	children.Wait()
}

// When the context is done the command is killed and waited for.
func TestCancel(t *testing.T) {
	for _, o := range []trace.Options{{}, {Follow: true}, {KillOnExit: true}, {Follow: true, Seccomp: true, Calls: trace.Calls("kill")}} {
		ctx, cancel := context.WithCancel(context.Background())
		var pid int
		o.Handler.Started = func(p *trace.Process) error {
			pid = p.PID
			return nil
		}
		o.Handler.Signal = func(*trace.Signal) error {
			cancel()
			return nil
		}
		status, err := trace.Run(ctx, shell(t, "kill -USR1 $$; sleep 1000"), trace.Options(o))
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%+v: %v", o, err)
		}
		// The signal kills the command if the trace ends before it is delivered.
		if !status.Signaled() {
			t.Errorf("%+v: status %v", o, status)
		}
		if err := unix.Kill(pid, 0); err != unix.ESRCH {
			t.Errorf("%+v: the command is still there: %v", o, err)
		}
	}
}

// An error of the Handler kills the command; ErrDetach does not.
func TestHandlerErrors(t *testing.T) {
	failure := errors.New("enough")
	for _, tt := range []struct {
		returned error
		options  trace.Options
		err      error
		killed   bool
	}{
		{failure, trace.Options{}, failure, true},
		{failure, trace.Options{Follow: true, KillOnExit: true}, failure, true},
		{trace.ErrDetach, trace.Options{}, nil, false},
		{trace.ErrDetach, trace.Options{Follow: true, KillOnExit: true}, nil, false},
	} {
		o := tt.options
		calls := 0
		o.Calls = trace.Calls("chdir")
		o.Handler.Enter = func(*trace.Call) error {
			calls++
			return tt.returned
		}
		status, err := trace.Run(context.Background(), shell(t, "cd /; cd /; exit 3"), o)
		if err != tt.err || calls != 1 {
			t.Errorf("%v: %v after %d calls", tt.returned, err, calls)
		}
		if tt.killed && status.Signal() != unix.SIGKILL || !tt.killed && status.ExitStatus() != 3 {
			t.Errorf("%v: status %v", tt.returned, status)
		}
	}
}

// The limit ends the trace but not the command.
func TestLimit(t *testing.T) {
	var calls []string
	status, err := trace.Run(context.Background(), shell(t, "cd /; cd /tmp; cd /; exit 3"), trace.Options{
		Calls: trace.Calls("chdir"),
		Limit: 2,
		Handler: trace.Handler{Exit: func(c *trace.Call) error {
			calls = append(calls, c.Arg("path").Str)
			return nil
		}},
	})
	if err != nil || status.ExitStatus() != 3 || !slices.Equal(calls, []string{"/", "/tmp"}) {
		t.Errorf("%v, %v, calls %q", status, err, calls)
	}
}

// A failure to execute is an error.
func TestCannotLaunch(t *testing.T) {
	for _, tt := range []struct{ name, err string }{
		{"no-such-command", "Cannot find executable 'no-such-command'"},
		{"/nowhere/command", "Cannot stat '/nowhere/command': No such file or directory"},
		{"/etc/passwd", "exec: Permission denied"},
	} {
		if _, err := trace.Run(context.Background(), trace.NewCommand(tt.name), trace.Options{}); err == nil || err.Error() != tt.err {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.err)
		}
	}
	if _, err := trace.Run(context.Background(), &trace.Command{}, trace.Options{}); err == nil {
		t.Error("a command without a name is launched")
	}
	c := trace.NewCommand("true")
	c.Dir = "/nowhere"
	var step *trace.LaunchError
	if _, err := trace.Run(context.Background(), c, trace.Options{}); !errors.As(err, &step) || !errors.Is(err, unix.ENOENT) {
		t.Errorf("no directory: %v", err)
	}
	var out *trace.OutputError
	o := trace.Options{Output: &trace.Destination{Name: "/nowhere/log"}}
	if _, err := trace.Run(context.Background(), trace.NewCommand("true"), o); !errors.As(err, &out) || !errors.Is(err, unix.ENOENT) {
		t.Errorf("no output: %v", err)
	}
}

// A Handler can inject into the call for which it was called.
func TestInjectFromHandler(t *testing.T) {
	fail, err := trace.ParseFault("chdir:error=EIO")
	if err != nil {
		t.Fatal(err)
	}
	var ends []string
	status, err := trace.Run(context.Background(), shell(t, "cd /; cd /tmp || exit 3"), trace.Options{
		Calls: trace.Calls("chdir"),
		Handler: trace.Handler{
			Enter: func(c *trace.Call) error {
				if c.Arg("path").Str == "/tmp" {
					c.Inject(fail)
				}
				return nil
			},
			Exit: func(c *trace.Call) error {
				ends = append(ends, fmt.Sprintf("%v %v", c.Arg("path"), c.Errno))
				return nil
			},
		},
	})
	if want := []string{`"/" errno 0`, `"/tmp" input/output error`}; err != nil || !slices.Equal(ends, want) {
		t.Errorf("%v: %q, want %q", err, ends, want)
	}
	if status.ExitStatus() == 0 {
		t.Error("the shell has not noticed that cd failed")
	}
}

// A Handler is called for processes and signals.
func TestProcessesAndSignals(t *testing.T) {
	parents := map[int]int{}
	statuses := map[int]unix.WaitStatus{}
	var signals []string
	status, err := trace.Run(context.Background(), shell(t, "(exit 4) & wait; kill -TERM $$"), trace.Options{
		Follow: true,
		Handler: trace.Handler{
			Started: func(p *trace.Process) error {
				parents[p.PID] = p.Parent
				return nil
			},
			Ended: func(p *trace.Process) error {
				statuses[p.PID] = p.Status
				return nil
			},
			Signal: func(s *trace.Signal) error {
				if s.Number == unix.SIGTERM {
					pid := s.Info.Member("si_pid")
					signals = append(signals, fmt.Sprint(s.Name, " from itself: ", pid.Int() == int64(s.PID)))
				}
				return nil
			},
		},
	})
	if err != nil || status.Signal() != unix.SIGTERM {
		t.Errorf("%v, %v", status, err)
	}
	if !slices.Equal(signals, []string{"SIGTERM from itself: true"}) {
		t.Errorf("signals %q", signals)
	}
	if len(parents) != 2 || len(statuses) != 2 {
		t.Fatalf("started %v, ended %v", parents, statuses)
	}
	for pid, parent := range parents {
		if parent != 0 && (parents[parent] != 0 || statuses[pid].ExitStatus() != 4 || statuses[parent].Signal() != unix.SIGTERM) {
			t.Errorf("started %v, ended %v", parents, statuses)
		}
	}
}

// Exit is called only for calls that end in one of Options.Statuses.
func TestStatuses(t *testing.T) {
	failed, _, err := trace.ParseStatuses("failed")
	if err != nil {
		t.Fatal(err)
	}
	var calls []string
	if _, err := trace.Run(context.Background(), shell(t, "cd /; cd /nowhere"), trace.Options{
		Calls:    trace.Calls("chdir"),
		Statuses: failed,
		Handler: trace.Handler{Exit: func(c *trace.Call) error {
			calls = append(calls, c.Arg("path").Str)
			return nil
		}},
	}); err != nil || !slices.Equal(calls, []string{"/nowhere"}) {
		t.Errorf("%v, calls %q", err, calls)
	}
}

// JSON and a summary also go through a Writer.
func TestWriters(t *testing.T) {
	var b strings.Builder
	if _, err := trace.Run(context.Background(), shell(t, "cd /"), trace.Options{
		Calls:   trace.Calls("chdir"),
		Output:  &trace.Destination{Writer: &b},
		Looks:   trace.Looks{Format: jsonformat.Format},
		Summary: new(trace.Summary),
	}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"name":"chdir","args":[{"name":"path","value":"/"}]`, `"event":"exit"`, `"event":"summary"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}

// A command gets the directory, descriptors and environment that are specified for it.
func TestCommand(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c := trace.NewCommand("sh", "-c", "pwd; echo $ONE")
	c.Dir, c.Stdout, c.Env = "/", w, []string{"ONE=1"}
	if _, err := trace.Run(context.Background(), c, trace.Options{Calls: trace.Calls("chdir")}); err != nil {
		t.Fatal(err)
	}
	w.Close()
	b := make([]byte, 100)
	n, _ := r.Read(b)
	if got := string(b[:n]); got != "/\n1\n" {
		t.Errorf("the command has written %q", got)
	}
}

// Several Sessions at a time, each with a guardian of its own and sharing a processor with
// its command, miss no calls.
func TestBusySessionsInParallel(t *testing.T) {
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			const count = 5000
			calls := map[string]int{}
			dd := shell(t, fmt.Sprintf("exec dd if=/dev/zero of=/dev/null bs=1 count=%d status=none", count))
			status, err := trace.Run(context.Background(), dd, trace.Options{
				Handler: trace.Handler{Exit: func(c *trace.Call) error {
					if c.Arg("count").Num == 1 {
						calls[c.Name]++
					}
					return nil
				}},
			})
			if err != nil || status != 0 || calls["read"] != count || calls["write"] != count {
				t.Errorf("%v, %v, calls %v", status, err, calls)
			}
		})
	}
	all.Wait()
}

// An attached process is traced to its end, or it is detached and continues.
func TestAttach(t *testing.T) {
	for _, cancels := range []bool{false, true} {
		cmd := exec.Command("sh", "-c", "read x; exit 5")
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		var last trace.Process
		err = trace.Attach(ctx, cmd.Process.Pid, trace.Options{
			Handler: trace.Handler{
				Started: func(*trace.Process) error {
					if cancels {
						cancel()
					} else {
						stdin.Write([]byte("x\n"))
					}
					return nil
				},
				Ended: func(p *trace.Process) error {
					last = *p
					return nil
				},
			},
		})
		cancel()
		if cancels != errors.Is(err, context.Canceled) || last.PID != cmd.Process.Pid || last.Detached != cancels {
			t.Errorf("cancelled %v: %v, %+v", cancels, err, last)
		}
		stdin.Write([]byte("x\n"))
		err = cmd.Wait()
		var exit *exec.ExitError
		if cancels && (!errors.As(err, &exit) || exit.ExitCode() != 5) {
			t.Errorf("the detached process: %v", err)
		}
		if !cancels && last.Status.ExitStatus() != 5 {
			t.Errorf("the process ended with %v", last.Status)
		}
	}
	var attach *trace.AttachError
	if err := trace.Attach(context.Background(), 1<<30, trace.Options{}); !errors.As(err, &attach) || attach.PID != 1<<30 {
		t.Errorf("no such process: %v", err)
	}
}

// Calls have stacks if Options.Stacks asks for them.
func TestStack(t *testing.T) {
	found := false
	if _, err := trace.Run(context.Background(), shell(t, "cd /"), trace.Options{
		Calls:  trace.Calls("chdir"),
		Stacks: trace.SymbolStacks,
		Handler: trace.Handler{Exit: func(c *trace.Call) error {
			for _, f := range c.Stack {
				found = found || f.Symbol == "chdir" || f.Symbol == "__chdir"
			}
			return nil
		}},
	}); err != nil || !found {
		t.Errorf("%v, chdir is in the stack: %v", err, found)
	}
}
