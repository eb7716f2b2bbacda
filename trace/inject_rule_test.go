//go:build linux && amd64

package trace

import (
	"math"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

func TestExtendedInjections(t *testing.T) {
	in, err := ParseInjection("read,openat:arg1=-1:count=0x10:path=/etc/**:path=!/etc/x:fd=3:fd=4,5:p=0.25:seed=7:when=2:global")
	if err != nil {
		t.Fatal(err)
	}
	want := []argument{{register: 0, value: everywhere(math.MaxUint64)}, {name: "count", value: everywhere(16)}}
	if !slices.Equal(in.arguments, want) {
		t.Errorf("arguments %+v, want %+v", in.arguments, want)
	}
	if !slices.Equal(in.paths, []string{"/etc/**", "!/etc/x"}) || !in.fds.Has(3) || !in.fds.Has(5) || in.fds.Has(6) {
		t.Errorf("%q, %+v", in.paths, in.fds)
	}
	if in.chance != 0.25 || in.seed != 7 || !in.hasSeed || !in.global || !in.extended || in.first != 2 {
		t.Errorf("%+v", in)
	}
	// Injections that strace has are marked as in strace.
	if in, err := ParseInjection("chdir:signal=USR1:when=2"); err != nil || in.extended {
		t.Errorf("%+v, %v", in, err)
	}
	if in, err := ParseFault("openat:path=/etc/:p=1:seed=0x1F"); err != nil || in.seed != 31 || *in.result != -38 {
		t.Errorf("%+v, %v", in, err)
	}
}

// everywhere is a value that is the same in all ABIs.
func everywhere(n uint64) (value [tables.NumABI]uint64) {
	for abi := range value {
		value[abi] = n
	}
	return value
}

// An argument may be given by the names of its constants.
func TestInjectedConstants(t *testing.T) {
	for expr, want := range map[string]uint64{
		"openat:flags=O_RDONLY":                0,
		"openat:flags=O_WRONLY|O_CLOEXEC|0x40": unix.O_WRONLY | unix.O_CLOEXEC | unix.O_CREAT,
		"openat:arg3=O_APPEND | O_EXCL":        unix.O_APPEND | unix.O_EXCL,
		"socket:domain=AF_INET6":               unix.AF_INET6,
		"lseek:whence=SEEK_END":                2,
	} {
		in, err := ParseInjection(expr)
		if err != nil {
			t.Error(err)
		} else if got := in.arguments[0].value[tables.X86_64]; got != want {
			t.Errorf("%s: %#x, want %#x", expr, got, want)
		}
	}
}

// An error names the part that is wrong.
func TestInjectionErrors(t *testing.T) {
	for expr, want := range map[string]string{
		"read:42":                           "'42' is not of the form NAME=VALUE",
		"read":                              "it has no action, such as error=ENOENT",
		"read:when=3":                       "it has no action, such as error=ENOENT",
		"read:error=ENONSENSE":              "'error=ENONSENSE' has a wrong value: it takes the name of an error, or a number from 1 to 4095",
		"read:error=EIO:error=EIO":          "'error' is given twice",
		"read:error=EIO:retval=1":           "'error' and 'retval' exclude each other",
		"read:cnt=1":                        "nothing is called 'cnt', neither an action nor an argument (read has fd, buf, count)",
		"read:count=many":                   "'count=many' has a wrong value: no constant is called 'many'",
		"openat:flags=O_RDNLY":              "'flags=O_RDNLY' has a wrong value: no constant is called 'O_RDNLY': did you mean 'O_RDONLY'?",
		"openat:flags=":                     "'flags=' has a wrong value: no constant is called ''",
		"read:arg7=1":                       "nothing is called 'arg7', neither an action nor an argument (read has fd, buf, count)",
		"getpid:x=1":                        "nothing is called 'x'",
		"read:eror=EIO":                     "nothing is called 'eror': did you mean error?",
		"read:error=ENOENTT":                "'error=ENOENTT' has a wrong value: did you mean ENOENT?",
		"read:signal=SIGTREM":               "'signal=SIGTREM' has a wrong value: did you mean SIGTERM?",
		"read:signal=tem":                   "'signal=tem' has a wrong value: did you mean TERM?",
		"read:ENOENT":                       "'ENOENT' is not of the form NAME=VALUE: did you mean error=ENOENT?",
		"read:syscall=getpdi:retval=1":      "'syscall=getpdi' has a wrong value: did you mean getpid?",
		"read:delay_enter=soon":             "'delay_enter=soon' has a wrong value: it takes a time, a number with s, ms, us or ns",
		"read:error=EIO:global":             "'global' needs 'when'",
		"read:error=EIO:seed=1":             "'seed' needs 'p'",
		"read:error=EIO:p=0":                "'p=0' has a wrong value: it takes a chance above 0 and up to 1",
		"read:error=EIO:p=1.5":              "'p=1.5' has a wrong value: it takes a chance above 0 and up to 1",
		"read:error=EIO:p=NaN":              "'p=NaN' has a wrong value: it takes a chance above 0 and up to 1",
		"read:error=EIO:p=.5:seed=x":        "'seed=x' has a wrong value: it takes a number",
		"read:error=EIO:path=":              "'path=' has a wrong value: it takes a path or a pattern",
		"read:error=EIO:path=/[":            "'path=/[' has a wrong value: it takes a path or a pattern",
		"read:error=EIO:fd=stdin":           "'fd=stdin' has a wrong value: it takes numbers of descriptors",
		"read:error=EIO:when=0":             "'when=0' has a wrong value: it takes FIRST[..LAST][+[STEP]], counted from 1 to 65535",
		"read:poke_enter=@arg1=0:error=EIO": "'poke_enter=@arg1=0' has a wrong value: it takes @argN=HEX, with N from 1 to 7 and an even number of digits",
	} {
		_, err := ParseInjection(expr)
		if full := "invalid inject argument '" + expr + "': " + want; err == nil || err.Error() != full {
			t.Errorf("%v, want %s", err, full)
		}
	}
	for _, expr := range []string{"read:count=1", "read:arg1=1"} {
		if _, err := ParseFault(expr); err == nil || err.Error() != "invalid fault argument '"+expr+"': nothing is called '"+expr[5:len(expr)-2]+"'" {
			t.Errorf("%s: %v", expr, err)
		}
	}
	if _, err := ParseFault("read:retval=1"); err == nil || !strings.HasSuffix(err.Error(), "nothing is called 'retval': --inject has it, --fault has not") {
		t.Errorf("retval of a fault: %v", err)
	}
	if _, err := ParseInjection("raed:error=EIO"); err == nil || err.Error() != "invalid system call 'raed': did you mean read?" {
		t.Errorf("the set: %v", err)
	}
}

// A seed decides for each process and call, independently of the others, and in the given
// proportion.
func TestDice(t *testing.T) {
	a, b, other := &rule{seed: 1}, &rule{seed: 1}, &rule{seed: 2}
	const calls = 4000
	hits, same, sameInOther := 0, 0, 0
	for n := range calls {
		tracee, nr := n%7, uint64(n%3)
		d := a.dice(tracee, nr, n)
		if d < 0 || d >= 1 || d != b.dice(tracee, nr, n) {
			t.Fatalf("%v", d)
		}
		if d < 0.25 {
			hits++
		}
		if d == other.dice(tracee, nr, n) {
			same++
		}
		if d == a.dice(tracee+1, nr, n) {
			sameInOther++
		}
	}
	if hits < calls/5 || hits > calls*3/10 || same > 0 || sameInOther > 0 {
		t.Errorf("%d of %d, %d and %d alike", hits, calls, same, sameInOther)
	}
}

func TestSetRegisters(t *testing.T) {
	for _, tt := range []struct {
		abi   tables.ABI
		value uint64
		want  []uint64
	}{
		{tables.X86_64, math.MaxUint64, []uint64{math.MaxUint64}},
		{tables.I386, math.MaxUint64, []uint64{math.MaxUint32}},
		{tables.I386, 5<<32 | 7, []uint64{7, 5}},
	} {
		got := make([]uint64, len(tt.want))
		setRegisters(got, tt.value, tt.abi)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v %#x: %#x, want %#x", tt.abi, tt.value, got, tt.want)
		}
	}
}

func FuzzInjection(f *testing.F) {
	for _, s := range []string{"read:error=EIO:when=1..2+3:global", "%file:path=/**:fd=!1:p=1e-3", "fcntl:arg=1:arg3=2", "all:x=1", "read:poke_exit=@arg2=00,@arg1=11", "a::b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		in, err := ParseInjection(expr)
		if err != nil {
			return
		}
		for n := range 5 {
			in.hits(n)
		}
		again, err := ParseInjection(in.text[len("inject="):])
		if err != nil || again.calls != in.calls {
			t.Errorf("%q: %v when parsed again", expr, err)
		}
	})
}
