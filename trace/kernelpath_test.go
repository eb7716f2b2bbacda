//go:build linux && amd64

package trace

import (
	"slices"
	"strings"
	"testing"

	"trapline/decode/host"
)

// graph makes functions from words. The dots before a word give its level.
func graph(words string) (all []host.KernelFunction) {
	for _, w := range strings.Fields(words) {
		name := strings.TrimLeft(w, ".")
		all = append(all, host.KernelFunction{Name: name, Depth: len(w) - len(name)})
	}
	return all
}

func words(all []host.KernelFunction) string {
	var list []string
	for _, f := range all {
		list = append(list, strings.Repeat(".", f.Depth)+f.Name)
	}
	return strings.Join(list, " ")
}

func TestChooseKernelFunctions(t *testing.T) {
	const all = "call .utime ..lookup ...lock ...find ....lock ..put ..times ...lock"
	for _, tt := range []struct {
		names string
		depth int
		want  string
	}{
		{"", 0, all},
		{"", 2, "call .utime"},
		{"find", 0, "call .utime ..lookup ...find ....lock"},
		{"!lock", 0, "call .utime ..lookup ...find ..put ..times"},
		{"^lo*", 0, "call .utime ..put ..times"},
		{"lookup,!find", 0, "call .utime ..lookup ...lock"},
		{"put,times", 3, "call .utime ..put ..times"},
		{"?ock", 0, "call .utime ..lookup ...lock ...find ....lock ..times ...lock"},
		{"nothing", 0, ""},
		{"!call", 0, ""},
	} {
		o := KernelPath{Depth: tt.depth}
		if tt.names != "" {
			var err error
			if o.Functions, err = ParseKernelFunctions(tt.names); err != nil {
				t.Fatal(err)
			}
		}
		if got := words(o.choose(graph(all))); got != tt.want {
			t.Errorf("%q, %d: %q, want %q", tt.names, tt.depth, got, tt.want)
		}
	}
	for _, bad := range []string{"", "a,", "!", "[", "a,^"} {
		if _, err := ParseKernelFunctions(bad); err == nil {
			t.Errorf("%q gives no error", bad)
		}
	}
}

func TestServing(t *testing.T) {
	for _, tt := range []struct{ all, entry, want string }{
		{"unlock recalc .x x64_sys_call .__x64_sys_utime ..do_utimes exit .y", "__x64_sys_utime", "x64_sys_call .__x64_sys_utime ..do_utimes"},
		{"a __x64_sys_utime .b", "__x64_sys_utime", "__x64_sys_utime .b"},
		{"a ia32_sys_call .__ia32_sys_x", "sys_unknown", "ia32_sys_call .__ia32_sys_x"},
		{"a .b", "__x64_sys_utime", ""},
		{"", "__x64_sys_utime", ""},
	} {
		all := graph(tt.all)
		first, end := serving(all, tt.entry)
		if got := words(all[first:end]); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.all, got, tt.want)
		}
	}
}

func TestOutside(t *testing.T) {
	for _, tt := range []struct{ stack, want string }{
		{"ptrace_stop ptrace_do_notify ptrace_notify syscall_trace_enter do_syscall_64 entry_SYSCALL_64_after_hwframe",
			"entry_SYSCALL_64_after_hwframe do_syscall_64"},
		{"ptrace_stop __seccomp_filter syscall_trace_enter.constprop.0 do_int80_emulation asm_int80_emulation",
			"asm_int80_emulation do_int80_emulation"},
		{"do_wait do_syscall_64", ""},
		{"", ""},
	} {
		if got := outside(nil, strings.Fields(tt.stack)); !slices.Equal(got, strings.Fields(tt.want)) {
			t.Errorf("%q: %q, want %q", tt.stack, got, tt.want)
		}
	}
}
