//go:build linux && amd64

package main

import (
	"fmt"
	"slices"
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
9   x86_64  mmap  sys_mmap      -
90  i386    mmap  sys_old_mmap  compat_sys_ia32_mmap
9   x32     mmap  sys_mmap      -
`},
		{[]string{"socketcall", "uselib"}, `
102  i386    socketcall  sys_socketcall  compat_sys_socketcall
134  x86_64  uselib      sys_ni_syscall  -
86   i386    uselib      sys_uselib      -
`},
		{[]string{"0"}, `
0  x86_64  read             sys_read             -
0  i386    restart_syscall  sys_restart_syscall  -
0  x32     read             sys_read             -
`},
		{[]string{"/^epoll_create/"}, `
213  x86_64  epoll_create   sys_epoll_create   -
291  x86_64  epoll_create1  sys_epoll_create1  -
254  i386    epoll_create   sys_epoll_create   -
329  i386    epoll_create1  sys_epoll_create1  -
213  x32     epoll_create   sys_epoll_create   -
291  x32     epoll_create1  sys_epoll_create1  -
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
	for line := range strings.Lines(b.String()) {
		got = append(got, strings.Join(strings.Fields(line)[:3], " "))
	}
	if !slices.Equal(got, all) {
		t.Errorf("without a pattern: %d lines for %d calls, %q", len(got), len(all), got)
	}
	for _, bad := range []string{"nope", "/(/", "9999"} {
		if err := listSyscalls(&b, []string{bad}); err == nil {
			t.Errorf("%q is no error", bad)
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
