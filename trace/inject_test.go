//go:build linux && amd64

package trace

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestInjections(t *testing.T) {
	in, err := parseInjection("inject", "chdir,read:error=enoent:signal=USR1:delay_enter=1.5ms:delay_exit=2:poke_enter=@arg1=dead,@arg3=00:when=2..9+3")
	if err != nil {
		t.Fatal(err)
	}
	if in.result == nil || *in.result != -2 || in.signal != 10 || in.delayEnter != 1500*time.Microsecond || in.delayExit != 2*time.Microsecond {
		t.Errorf("%+v", in)
	}
	if len(in.pokeEnter) != 2 || in.pokeEnter[1].arg != 2 || !slices.Equal(in.pokeEnter[0].data, []byte{0xde, 0xad}) || in.pokeExit != nil {
		t.Errorf("pokes %+v", in.pokeEnter)
	}
	for expr, want := range map[string]int64{
		"chdir:retval=42": 42, "chdir:retval=0x10": 16, "chdir:retval=010": 8, "chdir:error=4095": -4095,
		"chdir:retval=0xffffffffffffffff": -1, "chdir:retval=-1": -1, "chdir:retval=+7": 7,
		"chdir:error= 5": -5, "chdir:error=+5": -5, "chdir:retval=\t7": 7,
	} {
		in, err := parseInjection("inject", expr)
		if err != nil || *in.result != want {
			t.Errorf("%s: %v %+v", expr, err, in)
		}
	}
	in, err = parseInjection("fault", "chdir")
	if err != nil || *in.result != -38 {
		t.Errorf("fault without an error is not ENOSYS: %v %+v", err, in)
	}
}

func TestInjectedResultWarnings(t *testing.T) {
	for result, want := range map[int64]string{
		-1:         "Inadvertent injection of error 1 is possible for retval=18446744073709551615",
		-4096:      "Injected return value 18446744073709547520 will be clipped to 4294963200 in compat personality",
		1<<32 - 1:  "Inadvertent injection of error 1 is possible in compat personality for retval=4294967295",
		1<<32 + 5:  "Injected return value 4294967301 will be clipped to 5 in compat personality",
		0xfffff000: "",
		0x7fffffff: "",
		0:          "",
	} {
		if got := warningOf(result); got != want {
			t.Errorf("%#x: %q, want %q", result, got, want)
		}
	}
}

func TestWhen(t *testing.T) {
	for when, want := range map[string][]int{
		"":         {1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
		":when=3":  {3},
		":when=3+": {3, 4, 5, 6, 7, 8, 9, 10}, ":when=2+3": {2, 5, 8},
		":when=2..4": {2, 3, 4}, ":when=2..4+": {2, 3, 4}, ":when=1..9+4": {1, 5, 9}, ":when=7..7": {7}, ":when=+3": {3}, ":when= 2++4": {2, 6, 10},
		":when=1:when=2": {2},
	} {
		in, err := parseInjection("inject", "chdir:error=EIO"+when)
		if err != nil {
			t.Errorf("%s: %v", when, err)
			continue
		}
		var hits []int
		for n := 1; n <= 10; n++ {
			if in.hits(n) {
				hits = append(hits, n)
			}
		}
		if !slices.Equal(hits, want) {
			t.Errorf("%s: %v, want %v", when, hits, want)
		}
	}
}

func TestInvalidInjections(t *testing.T) {
	for _, expr := range []string{
		"chdir", "chdir:42", "chdir:error=", "chdir:error=0", "chdir:error=-0", "chdir:error=-1", "chdir:error=+-1", "chdir:error=1 ", "chdir:error=4096", "chdir:error=3+", "chdir:error=1:error=2",
		"chdir:retval=0:error=1", "chdir:retval=a", "chdir:retval=0b", "chdir:retval=0x10000000000000000", "chdir:retval=1_0", "chdir:retval=-", "chdir:retval=+-1", "chdir:retval=",
		"chdir:signal=0", "chdir:signal=129", "chdir:signal=1:signal=2", "chdir:delay_enter=-1", "chdir:delay_enter=1_0", "chdir:delay_enter=nan", "chdir:delay_enter=1 s",
		"chdir:error=1:when=0", "chdir:error=1:when=65536", "chdir:error=1:when=1+65536", "chdir:error=1:when=+", "chdir:error=1:when=4-",
		"chdir:error=1:when=6++", "chdir:error=1:when=7+0", "chdir:error=1:when=10.", "chdir:error=1:when=15..", "chdir:error=1:when=17...18",
		"chdir:error=1:when=24..23", "chdir:error=1:when=27..65535", "chdir:error=1:syscall=chdir", "chdir:error=1:syscall=42",
		"chdir:poke_enter=", "chdir:poke_enter=,", "chdir:poke_enter=@arg8=00", "chdir:poke_enter=@arg01=00", "chdir:poke_enter=@arg0=00", "chdir:poke_enter=@arg1", "chdir:poke_exit=@arg1=000",
		"chdir:poke_enter=@arg1=00,@arg1=00", "chdir:poke_enter=@arg1=nothex",
	} {
		if _, err := parseInjection("inject", expr); err == nil || !strings.HasPrefix(err.Error(), "invalid inject argument '"+expr+"': ") {
			t.Errorf("%s: %v", expr, err)
		}
	}
	for _, expr := range []string{"chdir:retval=0", "chdir:signal=1", "chdir:delay_enter=1"} {
		if _, err := parseInjection("fault", expr); err == nil {
			t.Errorf("fault takes %s", expr)
		}
	}
}
