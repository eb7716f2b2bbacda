package registers

import (
	"encoding/binary"
	"strings"
	"testing"

	"trapline/tables"
)

const enosys = ^uint64(38) + 1 // -ENOSYS

// user64 is a 64-bit program with a different value in every register.
func user64() Snapshot {
	var s Snapshot
	for i := range userRegisters {
		*userRegisters[i].value(&s.User) = 0x1111_0000_0000 + uint64(i)
	}
	s.User.Cs = 0x33
	s.User.Rax = enosys
	return s
}

// user32 is the same in a 32-bit program.
func user32() Snapshot {
	s := user64()
	s.User.Cs = userCode32
	return s
}

// why returns the reason for each register that changed.
func why(x Transition, before, after Snapshot) map[string]string {
	reasons := map[string]string{}
	for _, c := range x.Changes(nil, Default|Extended, &before, &after) {
		reasons[c.To.Name] = c.Why
		if c.Unexplained != (c.Why == "unexplained") {
			reasons[c.To.Name] += " (marked otherwise)"
		}
	}
	return reasons
}

func TestRegisterReasons(t *testing.T) {
	type edit = func(*User)
	for _, tt := range []struct {
		name  string
		x     Transition
		start Snapshot
		edit  edit
		want  map[string]string
	}{
		{"nothing", Transition{Name: "pause"}, user64(), func(*User) {}, nil},
		{"result", Transition{Name: "getpid", Ret: 42}, user64(),
			func(r *User) { r.Rax = 42 }, map[string]string{"rax": "result"}},
		{"failure", Transition{Name: "open", Errno: 2}, user64(),
			func(r *User) { r.Rax = ^uint64(1) }, map[string]string{"rax": "result: -ENOENT"}},
		{"restart", Transition{Name: "nanosleep", Errno: 516}, user64(),
			func(r *User) { r.Rax = ^uint64(515) },
			map[string]string{"rax": "-ERESTART_RESTARTBLOCK: to be restarted, or EINTR"}},
		{"int 0x80", Transition{ABI: tables.I386, Name: "getpid"}, user32(),
			func(r *User) { r.Rax = 42 }, map[string]string{"eax": "result"}},
		{"upper half of a 32-bit program", Transition{ABI: tables.I386, Name: "getpid"}, user32(),
			func(r *User) { r.Rbx |= 1 << 40; r.R8 = 7 }, nil},
		{"another register", Transition{Name: "getpid"}, user64(),
			func(r *User) { r.Rbx = 1 }, map[string]string{"rbx": "unexplained"}},
		{"rcx in the call itself", Transition{Name: "getpid"}, user64(),
			func(r *User) { r.Rcx = r.Rip }, map[string]string{"rcx": "unexplained"}},
		{"execve", Transition{Name: "execve"}, user64(),
			func(r *User) { r.Rax, r.Rsp, r.Rip, r.R12 = 0, 1, 2, 3 },
			map[string]string{"rax": "new program (execve)", "rsp": "new program (execve)", "rip": "new program (execve)", "r12": "new program (execve)"}},
		{"failed execve", Transition{Name: "execve", Errno: 13}, user64(),
			func(r *User) { r.Rax = ^uint64(12); r.Rsp = 1 },
			map[string]string{"rax": "result: -EACCES", "rsp": "unexplained"}},
		{"rt_sigreturn", Transition{Name: "rt_sigreturn", Errno: 4}, user64(),
			func(r *User) { r.Rax = ^uint64(3); r.Rip = 5; r.Eflags = 0 },
			map[string]string{"rax": "restored from the signal frame", "rip": "restored from the signal frame", "eflags": "restored from the signal frame"}},
		{"arch_prctl", Transition{Name: "arch_prctl", Args: [6]uint64{archSetFS, 0x7000}}, user64(),
			func(r *User) { r.Rax = 0; r.Fs_base = 0x7000; r.Fs = 0 },
			map[string]string{"rax": "result", "fs_base": "arch_prctl(ARCH_SET_FS)", "fs": "arch_prctl(ARCH_SET_FS)"}},
		{"arch_prctl of the other base", Transition{Name: "arch_prctl", Args: [6]uint64{archSetFS, 0x7000}}, user64(),
			func(r *User) { r.Gs_base = 0x7000 }, map[string]string{"gs_base": "unexplained"}},
		{"set_thread_area", Transition{ABI: tables.I386, Name: "set_thread_area"}, user32(),
			func(r *User) { r.Gs_base = 0x7000 },
			map[string]string{"gs_base": "segment descriptor changed (set_thread_area)"}},
		{"between", Transition{Name: "write", Between: true}, user64(),
			func(r *User) {
				r.Rax, r.Rip, r.Eflags, r.Orig_rax, r.Rdi = 1, 0x400002, 0x246, 1, 1
				r.Rcx, r.R11 = r.Rip, r.Eflags
			},
			map[string]string{
				"rax": "preset to -ENOSYS until the call has a result", "orig_rax": "number of this call",
				"rcx": "return address (syscall)", "r11": "flags (syscall)",
				"rip": "program", "eflags": "program", "rdi": "program",
			}},
		{"between, int 0x80", Transition{ABI: tables.I386, Name: "write", Between: true}, user64(),
			func(r *User) { r.Rip = 0x400002; r.Rcx = r.Rip },
			map[string]string{"rip": "program", "rcx": "program"}},
		{"between, with a signal", Transition{Name: "write", Between: true, Signaled: true}, user64(),
			func(r *User) { r.Rdi = 10 },
			map[string]string{"rdi": "program, or delivery of a signal"}},
		{"child", Transition{Name: "clone", Child: true}, user64(),
			func(r *User) { r.Rax, r.Rsp, r.Fs_base = 0, 0x7f00, 0x7f10 },
			map[string]string{"rax": "0 in the child", "rsp": "stack given to clone", "fs_base": "CLONE_SETTLS"}},
	} {
		after := tt.start
		tt.edit(&after.User)
		got := why(tt.x, tt.start, after)
		if len(got) != len(tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
			continue
		}
		for reg, reason := range tt.want {
			if got[reg] != reason {
				t.Errorf("%s: %s: %q, want %q", tt.name, reg, got[reg], reason)
			}
		}
	}
}

func TestExtendedRegisters(t *testing.T) {
	float := func() []byte { return make([]byte, fxsaveSize) }
	before, after := user64(), user64()
	before.Float, after.Float = float(), float()
	binary.LittleEndian.PutUint32(after.Float[24:], 0x1f80)
	after.Float[xmmOffset+16*15+15] = 0xab
	got := why(Transition{Name: "getpid"}, before, after)
	if len(got) != 2 || got["mxcsr"] != "unexplained" || got["xmm15"] != "unexplained" {
		t.Errorf("got %q, want mxcsr and xmm15", got)
	}

	// 32-bit code has no xmm15.
	before.User.Cs, after.User.Cs = userCode32, userCode32
	if got := why(Transition{ABI: tables.I386, Name: "getpid"}, before, after); len(got) != 1 {
		t.Errorf("32-bit: got %q, want mxcsr alone", got)
	}
}

func TestSnapshotRegisters(t *testing.T) {
	s64, s32 := user64(), user32()
	names := func(s *Snapshot, sets Sets) string {
		var names []string
		for _, r := range s.Registers(nil, sets) {
			names = append(names, r.Name)
		}
		return strings.Join(names, " ")
	}
	for _, tt := range []struct {
		s    *Snapshot
		sets Sets
		want string
	}{
		{&s64, General, "rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip eflags orig_rax"},
		{&s64, Segment, "cs ss ds es fs gs fs_base gs_base"},
		{&s32, General, "eax ebx ecx edx esi edi ebp esp eip eflags orig_eax"},
		{&s32, Segment, "cs ss ds es fs gs fs_base gs_base"},
	} {
		if got := names(tt.s, tt.sets); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	if r := s32.Registers(nil, General)[1]; r.Value > 1<<32 || r.Bits != 32 {
		t.Errorf("ebx is %#x, %d bits: want the lower half of rbx", r.Value, r.Bits)
	}
	if r := s64.Registers(nil, General)[17]; len(r.Flags) == 0 || r.Name != "eflags" {
		t.Errorf("%s has no names for its bits", r.Name)
	}
}
