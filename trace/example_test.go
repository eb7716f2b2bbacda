//go:build linux && amd64

package trace_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"trapline/trace"
)

// Print what a command does, in strace's format.
func Example() {
	echo := trace.NewCommand("echo", "hello")
	echo.Stdout, _ = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	status, err := trace.Run(context.Background(), echo, trace.Options{
		Calls:  trace.Calls("write"),
		Output: &trace.Destination{Writer: os.Stdout},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("status", status.ExitStatus())
	// Output:
	// write(1, "hello\n", 6) = 6
	// +++ exited with 0 +++
	// status 0
}

// Count the files that a command fails to open.
func Example_failedOpens() {
	cat := trace.NewCommand("cat", "/nowhere/a", "/nowhere/b", "/nowhere/a")
	cat.Env = []string{"LC_ALL=C"} // without translations, for which it would look
	cat.Stderr, _ = os.OpenFile(os.DevNull, os.O_WRONLY, 0)

	failed := map[string]int{}
	_, err := trace.Run(context.Background(), cat, trace.Options{
		Follow: true,
		Calls:  trace.Calls("open", "openat", "openat2", "creat"),
		Handler: trace.Handler{
			Exit: func(c *trace.Call) error {
				if c.Failed() {
					failed[c.Arg("pathname").Str]++
				}
				return nil
			},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, path := range slices.Sorted(maps.Keys(failed)) {
		fmt.Println(failed[path], path)
	}
	// Output:
	// 2 /nowhere/a
	// 1 /nowhere/b
}

// Stop a command before it connects to anything.
func Example_firstConnect() {
	errConnects := errors.New("it connects")
	status, err := trace.Run(context.Background(), connecting("192.0.2.1:80"), trace.Options{
		Follow: true,
		Calls:  trace.Calls("connect"),
		Handler: trace.Handler{
			Enter: func(c *trace.Call) error {
				to := c.Arg("addr")
				address, port := to.Member("sin_addr"), to.Member("sin_port")
				return fmt.Errorf("%w to %s, port %d", errConnects, address.Str, port.Num)
			},
		},
	})
	if errors.Is(err, errConnects) {
		fmt.Println(err)
		fmt.Println(status.Signal())
	}
	// Output:
	// it connects to 192.0.2.1, port 80
	// killed
}

// Make one of a command's calls fail.
func ExampleParseInjection() {
	refuse, err := trace.ParseInjection("mkdir,mkdirat:error=ENOSPC")
	if err != nil {
		fmt.Println(err)
		return
	}
	mkdir := trace.NewCommand("mkdir", "/tmp/never-made")
	mkdir.Stderr, _ = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	status, err := trace.Run(context.Background(), mkdir, trace.Options{
		Calls:      trace.Calls("mkdir", "mkdirat"),
		Injections: []*trace.Injection{refuse},
		Output:     &trace.Destination{Writer: os.Stdout},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("status", status.ExitStatus())
	// Output:
	// mkdir("/tmp/never-made", 0777) = -1 ENOSPC (No space left on device) (INJECTED)
	// +++ exited with 1 +++
	// status 1
}

// Attach to a running process until a context ends.
func ExampleAttach() {
	ctx, cancel := context.WithCancel(context.Background())
	sleep := start("sleep", "1000")
	defer sleep.Process.Kill()

	err := trace.Attach(ctx, sleep.Process.Pid, trace.Options{
		Handler: trace.Handler{
			Started: func(p *trace.Process) error {
				fmt.Println("attached:", p.PID == sleep.Process.Pid)
				cancel()
				return nil
			},
		},
	})
	fmt.Println(err)
	// Output:
	// attached: true
	// context canceled
}
