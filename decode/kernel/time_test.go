package kernel_test

import (
	"math"
	"testing"
	"time"

	"trapline/decode"
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

func TestDate(t *testing.T) {
	defer func(l *time.Location) { time.Local = l }(time.Local)
	time.Local = time.FixedZone("", -3*3600)
	c := &Call{Decoder: decode.NewDecoder(decode.Options{}, nil)}
	for _, tt := range []struct {
		sec  int64
		frac uint64
		unit time.Duration
		want string
	}{
		{0, 0, time.Nanosecond, ""},
		{1, 0, time.Second, "1969-12-31T21:00:01-0300"},
		{0, 5, time.Nanosecond, "1969-12-31T21:00:00.000000005-0300"},
		{1577836800, 123, time.Microsecond, "2019-12-31T21:00:00.000123-0300"},
		{-1, 999999999, time.Nanosecond, "1969-12-31T20:59:59.999999999-0300"},
		{1, 1000000, time.Microsecond, ""},
		{math.MaxInt64, 0, time.Second, ""},
		{math.MinInt64, 0, time.Second, ""},
	} {
		if got := string(FormatDate(c, tt.sec, tt.frac, tt.unit)); got != tt.want {
			t.Errorf("date(%d, %d, %v) = %q, want %q", tt.sec, tt.frac, tt.unit, got, tt.want)
		}
	}
}

func TestTimeLayouts(t *testing.T) {
	for _, tt := range []struct {
		name           string
		typ            Type
		x64, i386, x32 int
	}{
		{"Timespec", &Timespec, 16, 8, 16},
		{"Timespec32", &Timespec32, 8, 8, 8},
		{"Timespec64", &Timespec64, 16, 16, 16},
		{"Itimerval", &Itimerval, 32, 16, 32},
		{"TimeT", TimeT, 8, 4, 8},
	} {
		for abi, want := range map[tables.ABI]int{tables.X86_64: tt.x64, tables.I386: tt.i386, tables.X32: tt.x32} {
			if got := tt.typ.Layout(abi).Size; got != want {
				t.Errorf("%v: size of %s is %d, want %d", abi, tt.name, got, want)
			}
		}
	}
}
