//go:build linux && amd64

package trace_test

import (
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/surroundings"
	"trapline/trace"
)

// programEnv names, in the environment of the test binary, the program below
// that it is to run, and its argument.
const programEnv = "TRACE_TEST_PROGRAM"

// programs are the tests' tracees, in addition to common commands.
var programs = map[string]func(arg string){
	"connect": func(address string) {
		to := netip.MustParseAddrPort(address)
		fd, _ := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
		unix.Connect(fd, &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())})
	},
	"execute": func(stage string) {
		const calls = 500
		if stage == "2" {
			for range calls {
				unix.Getppid()
			}
			return
		}
		runtime.LockOSThread()
		for { // until a goroutine runs on another thread
			done := make(chan bool)
			go func() {
				runtime.LockOSThread()
				if unix.Gettid() == unix.Getpid() {
					close(done)
					select {} // keeps it
				}
				for range calls {
					unix.Getppid()
				}
				unix.Exec("/proc/self/exe", []string{"second"}, []string{programEnv + "=execute 2"})
				os.Exit(1)
			}()
			<-done
		}
	},
}

func TestMain(m *testing.M) {
	name, arg, _ := strings.Cut(os.Getenv(programEnv), " ")
	if program := programs[name]; program != nil {
		program(arg)
		return
	}
	surroundings.Settle()
	os.Exit(m.Run())
}

// connecting is a command that connects to an address.
func connecting(address string) *trace.Command {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	c := trace.NewCommand(exe)
	c.Env = append(os.Environ(), programEnv+"=connect "+address)
	return c
}

// start starts a command, untraced.
func start(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	return cmd
}
