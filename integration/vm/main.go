// Vm runs a command as root on a Debian kernel in a virtual machine, for what
// the kernel of the host lacks:
//
//	go run ./integration/vm -- uname -a
//	go run ./integration/vm -kernel 6.1 -file ./trapline:/bin/trapline -- trapline -c ls /
//
// The machine is QEMU's, with KVM if that runs the kernel, otherwise by
// emulation. The kernel is extracted from its package, which is not installed,
// and kept in the user's cache folder. The machine contains busybox and the
// files that the flags name; its only network is the loopback.
//
// Standard output has the command's output and the kernel's console messages.
// The exit status is the command's, or 124 if the time limit ended the machine,
// or 125 if the machine did not start or died. (go run turns all of these into
// 1; build vm if the status matters.)
//
// docs/testing.md shows how it is used.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Exit statuses for failures of the machine itself, as in timeout(1) and docker-run(1).
const (
	statusTimeLimit = 124
	statusNoMachine = 125
)

func main() {
	var (
		m     machine
		files fileFlags
		disk  string
		limit time.Duration
	)
	name := flag.String("kernel", "6.12", "boot this `kernel`: 6.1 or 6.12 of Debian's cloud images, or a file")
	flag.Var(&files, "file", "put `PATH[:/PATH-THERE]` into the machine, at the same absolute path by default, a program with its shared libraries; may be repeated")
	flag.StringVar(&disk, "disk", "", "make a disk of `FOLDER[:/PATH-THERE]`, for what is too big for memory; at / it takes the place of all other files, and must have a /bin/sh")
	dir := flag.String("dir", "/", "run the command in this `folder` of the machine")
	flag.StringVar(&m.accelerator, "accel", "auto", "kvm, tcg (emulation), or auto: kvm where it works")
	flag.StringVar(&m.parameters, "append", "", "more kernel `parameters`, such as ia32_emulation=0")
	flag.IntVar(&m.memory, "memory", 2048, "memory of the machine, in `MiB`")
	flag.IntVar(&m.processors, "smp", 2, "number of `processors`")
	flag.DurationVar(&limit, "timeout", 10*time.Minute, "end the machine after this `time`")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "usage: go run ./integration/vm [FLAGS] -- COMMAND [ARG...]\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	status, err := run(ctx, &m, *name, files, disk, command{*dir, flag.Args()}, limit)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		fmt.Fprintf(os.Stderr, "vm: the command has not ended after %v\n", limit)
		status = statusTimeLimit
	case err != nil:
		fmt.Fprintf(os.Stderr, "vm: %v\n", err)
		status = statusNoMachine
	}
	os.Exit(status)
}

// run collects what the machine needs in a temporary folder, and runs the
// machine.
func run(ctx context.Context, m *machine, kernelName string, files fileFlags, disk string, c command, limit time.Duration) (int, error) {
	qemu, err := tool("qemu-system-x86_64", "qemu-system-x86")
	if err != nil {
		return 0, err
	}
	m.qemu = qemu
	busybox, err := tool("busybox", "busybox-static")
	if err != nil {
		return 0, err
	}
	if m.kernel, err = findKernel(ctx, kernelName); err != nil {
		return 0, err
	}
	if m.dir, err = os.MkdirTemp("", "vm"); err != nil {
		return 0, err
	}
	defer os.RemoveAll(m.dir)

	mountPoint := ""
	if disk != "" {
		folder, there := cutPaths(disk)
		if m.disk, err = makeDisk(ctx, m.dir, folder); err != nil {
			return 0, err
		}
		mountPoint = there
	}
	content, err := gather(busybox, files)
	if err != nil {
		return 0, err
	}
	content.addText("/init", initScript(mountPoint), 0o755)
	content.addText(commandPath, c.script(), 0o755)
	if m.initramfs, err = content.writeInitramfs(m.dir); err != nil {
		return 0, err
	}
	return m.run(ctx, limit)
}

// fileFlags collects the -file flags.
type fileFlags []string

func (f *fileFlags) String() string { return strings.Join(*f, " ") }

func (f *fileFlags) Set(s string) error {
	*f = append(*f, s)
	return nil
}
