package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// machine is a virtual machine that runs one command.
type machine struct {
	qemu        string // the program
	kernel      string // a file of the host
	initramfs   string
	disk        string // "" for no disk
	dir         string // for the machine's own files
	accelerator string // kvm, tcg, auto
	parameters  string // of the kernel, in addition to ours
	memory      int    // MiB
	processors  int
}

var (
	// errKVM says that the kernel did not start its first process under KVM. This happens
	// inside a virtual machine whose /dev/kvm is incomplete.
	errKVM = errors.New("KVM does not run this kernel")

	// errBoot says that the machine ended before its command began.
	errBoot = errors.New("the machine died before the command began")
)

// run runs the machine until its command has ended, and returns the command's
// status.
func (m *machine) run(ctx context.Context, limit time.Duration) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	switch m.accelerator {
	case "tcg":
		return m.emulate(ctx)
	case "kvm":
		return m.boot(ctx, "kvm")
	case "auto":
		if f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0); err == nil {
			f.Close()
			status, err := m.boot(ctx, "kvm")
			if !errors.Is(err, errKVM) {
				return status, err
			}
			fmt.Fprintf(os.Stderr, "vm: %v; going on by emulation\n", err)
		}
		return m.emulate(ctx)
	}
	return 0, fmt.Errorf("-accel %s is none of auto, kvm, tcg", m.accelerator)
}

// emulate boots by emulation. If the kernel did not start its first process, it tries once
// more: the kernel may give up when a busy host makes it wait.
func (m *machine) emulate(ctx context.Context) (int, error) {
	status, err := m.boot(ctx, "tcg")
	if errors.Is(err, errBoot) {
		fmt.Fprintf(os.Stderr, "vm: %v; trying once more\n", err)
		status, err = m.boot(ctx, "tcg")
	}
	return status, err
}

// kvmPatience is the time within which a kernel must start its first process under KVM.
const kvmPatience = 30 * time.Second

// boot runs QEMU once.
func (m *machine) boot(ctx context.Context, accelerator string) (int, error) {
	statusFile := filepath.Join(m.dir, "status")
	if err := os.RemoveAll(statusFile); err != nil { // from an earlier attempt
		return 0, err
	}
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(running, m.qemu, m.arguments(accelerator, statusFile)...)
	var words errorBuffer
	cmd.Stdout, cmd.Stderr = os.Stdout, &words
	if accelerator == "kvm" {
		// If KVM fails, QEMU may also stop the machine and wait.
		words.cancelAt, words.cancel = []byte("KVM internal error"), cancel
		timer := time.AfterFunc(kvmPatience, func() {
			if !readStatus(statusFile).started {
				cancel()
			}
		})
		defer timer.Stop()
	}
	err := cmd.Run()
	s := readStatus(statusFile)
	switch {
	case s.ended:
		return s.status, nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return 0, ctx.Err()
	case ctx.Err() != nil:
		return 0, errors.New("interrupted")
	case accelerator == "kvm" && !s.started:
		return 0, fmt.Errorf("%w (%s)", errKVM, words.firstLine())
	case err != nil:
		return 0, fmt.Errorf("%s: %w: %s", m.qemu, err, words.firstLine())
	case s.started:
		return 0, errors.New("the machine died before the command ended")
	}
	return 0, errBoot
}

// arguments are QEMU's. On a busy host an emulated timer may miss the kernel's
// timer check, which the kernel takes for broken hardware (no_timer_check). Of
// the kernel's messages only a panic's appear in the command's output.
func (m *machine) arguments(accelerator, statusFile string) []string {
	args := []string{
		"-nodefaults", "-display", "none", "-no-reboot",
		"-accel", accelerator, "-cpu", "max",
		"-smp", strconv.Itoa(m.processors), "-m", strconv.Itoa(m.memory),
		"-kernel", m.kernel, "-initrd", m.initramfs,
		"-append", strings.TrimSpace("console=ttyS0 loglevel=1 no_timer_check panic=-1 " + m.parameters),
		"-serial", "stdio", "-serial", "file:" + statusFile,
	}
	if m.disk != "" { // as a device whose driver is built into the kernel
		args = append(args, "-drive", "if=none,id=disk,format=raw,file="+m.disk, "-device", "nvme,serial=disk,drive=disk")
	}
	return args
}

// status is what init reported.
type status struct {
	started, ended bool
	status         int
}

func readStatus(path string) status {
	b, err := os.ReadFile(path)
	if err != nil {
		return status{}
	}
	return parseStatus(string(b))
}

func parseStatus(text string) (s status) {
	for line := range strings.Lines(text) {
		line, complete := strings.CutSuffix(line, "\n")
		if !complete {
			break
		}
		line = strings.TrimSuffix(line, "\r")
		if line == startedLine {
			s.started = true
		}
		if number, found := strings.CutPrefix(line, statusPrefix); found {
			n, err := strconv.Atoi(number)
			s.ended, s.status = err == nil, n
		}
	}
	return s
}

// errorBuffer keeps QEMU's standard error. A separate goroutine writes to it.
type errorBuffer struct {
	mu       sync.Mutex
	b        bytes.Buffer
	cancelAt []byte // cancel is called when this text appears
	cancel   func()
}

func (e *errorBuffer) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n, err := e.b.Write(b)
	if e.cancelAt != nil && bytes.Contains(e.b.Bytes(), e.cancelAt) {
		e.cancel()
	}
	return n, err
}

func (e *errorBuffer) firstLine() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	line, _, _ := strings.Cut(e.b.String(), "\n")
	return strings.TrimSpace(line)
}
