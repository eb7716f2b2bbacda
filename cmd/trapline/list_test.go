//go:build linux && amd64

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"trapline/tables"
)

func TestListSyscalls(t *testing.T) {
	for _, c := range []struct {
		patterns []string
		want     string
	}{
		{[]string{"mmap"}, `
NUMBER  ABI     NAME  ENTRY POINT                  ARGUMENTS
9       x86_64  mmap  __x64_sys_mmap               (void *addr, unsigned long length, unsigned long prot, unsigned long flags, int fd, unsigned long offset)
90      i386    mmap  __ia32_compat_sys_ia32_mmap  (...)
9       x32     mmap  __x64_sys_mmap               (void *addr, unsigned long length, unsigned long prot, unsigned long flags, int fd, unsigned long offset)
`},
		{[]string{"socketcall", "uselib"}, `
NUMBER  ABI     NAME        ENTRY POINT                   ARGUMENTS
102     i386    socketcall  __ia32_compat_sys_socketcall  (int call, void *args)
134     x86_64  uselib      sys_ni_syscall                (const char *path)
86      i386    uselib      __ia32_sys_uselib             (const char *path)
`},
		{[]string{"0"}, `
NUMBER  ABI     NAME             ENTRY POINT                 ARGUMENTS
0       x86_64  read             __x64_sys_read              (int fd, void *buf, unsigned long count)
0       i386    restart_syscall  __ia32_sys_restart_syscall  (void)
0       x32     read             __x64_sys_read              (int fd, void *buf, unsigned long count)
`},
		{[]string{"/^epoll_create/"}, `
NUMBER  ABI     NAME           ENTRY POINT               ARGUMENTS
213     x86_64  epoll_create   __x64_sys_epoll_create    (int size)
291     x86_64  epoll_create1  __x64_sys_epoll_create1   (int flags)
254     i386    epoll_create   __ia32_sys_epoll_create   (int size)
329     i386    epoll_create1  __ia32_sys_epoll_create1  (int flags)
213     x32     epoll_create   __x64_sys_epoll_create    (int size)
291     x32     epoll_create1  __x64_sys_epoll_create1   (int flags)
`},
	} {
		var b strings.Builder
		if err := listSyscalls(&b, c.patterns); err != nil {
			t.Errorf("%q: %v", c.patterns, err)
		}
		if got := "\n" + b.String(); got != c.want {
			t.Errorf("%q gives%swant%s", c.patterns, got, c.want)
		}
	}
	// Without a pattern, all of them: the beginnings of the lines.
	var all []string
	for _, abi := range tables.ABIs {
		for s := range tables.Syscalls(abi) {
			all = append(all, fmt.Sprintf("%d %v %s", s.NR, abi, s.Name))
		}
	}
	var b strings.Builder
	if err := listSyscalls(&b, nil); err != nil {
		t.Error(err)
	}
	var got []string
	title := true
	for line := range strings.Lines(b.String()) {
		if title {
			title = false
			if !strings.HasPrefix(line, "NUMBER ") {
				t.Errorf("the first line is %q", line)
			}
			continue
		}
		fields := strings.Fields(line)
		got = append(got, strings.Join(fields[:3], " "))
		if !strings.Contains(line, "  (") && !strings.HasSuffix(line, "  -\n") {
			t.Errorf("no arguments: %q", line)
		}
		for _, abi := range tables.ABIs {
			nr, _ := strconv.ParseUint(fields[0], 10, 64)
			if want := tables.EntryPoint(abi, nr); fields[1] == abi.String() && fields[3] != want {
				t.Errorf("the entry point is not %s: %q", want, line)
			}
		}
	}
	if !slices.Equal(got, all) {
		t.Errorf("without a pattern: %d lines for %d calls, %q", len(got), len(all), got)
	}
	var class, listed strings.Builder
	if err := listSyscalls(&class, []string{"%lstat"}); err != nil || !strings.Contains(class.String(), " oldlstat ") || strings.Contains(class.String(), " fstat ") {
		t.Errorf("%%lstat gives\n%s", class.String())
	}
	if err := listSyscalls(&listed, []string{"%"}); err != nil || !strings.Contains(listed.String(), "%%stat ") {
		t.Errorf("%% gives\n%s", listed.String())
	}
	for name := range tables.Classes() {
		if !strings.Contains(help, name) {
			t.Errorf("the help lacks %s", name)
		}
	}
	for _, bad := range []string{"nope", "/(/", "9999", "%nope", "%%"} {
		if err := listSyscalls(&b, []string{bad}); err == nil {
			t.Errorf("%q gives no error", bad)
		}
	}
}

func TestListSyscallsOption(t *testing.T) {
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"--list-syscalls"}, nil},
		{[]string{"--list-syscalls", "mmap"}, []string{"mmap"}},
		{[]string{"--list-syscalls=mmap", "/brk/"}, []string{"mmap", "/brk/"}},
	} {
		cfg, err := parseCommandLine(c.args)
		if err != nil || !cfg.list || !slices.Equal(cfg.listed, c.want) {
			t.Errorf("%q: %v, %v, %q", c.args, err, cfg.list, cfg.listed)
		}
	}
}
