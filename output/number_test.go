package output_test

import (
	"fmt"
	"testing"

	"trapline/output"
)

// Numbers of each length are written as by C's printf.
func TestAppendNumber(t *testing.T) {
	values := []uint64{0, 9, 10, 99, 100, 4095, 4096}
	for power := uint64(1); power < 1e19; power *= 10 {
		values = append(values, 10*power-1, 10*power, 10*power+1)
	}
	for bit := range 64 {
		values = append(values, 1<<bit, 1<<bit-1, ^uint64(0)<<bit, 0x123456789abcdef0>>bit)
	}
	for _, v := range values {
		hex := fmt.Sprintf("%#x", v)
		if got := string(output.AppendHex([]byte("="), v)); got != "="+hex {
			t.Errorf("AppendHex: got %s, want =%s", got, hex)
		}
		if v == 0 {
			hex = "0"
		}
		for _, tt := range []struct {
			base output.Base
			want string
		}{
			{output.Unsigned, fmt.Sprintf("%d", v)},
			{output.Signed, fmt.Sprintf("%d", int64(v))},
			{output.Hex, hex},
			{output.Octal, fmt.Sprintf("%#03o", v)},
		} {
			if got := string(output.AppendNumber([]byte("="), v, tt.base)); got != "="+tt.want {
				t.Errorf("%#x in base %d: got %s, want =%s", v, tt.base, got, tt.want)
			}
		}
	}
}

// Fractions have as many digits as they should, with zeros in front.
func TestAppendFraction(t *testing.T) {
	for _, nanoseconds := range []int{0, 1, 9, 10, 12_345, 100_000, 999_999, 1_000_000, 120_000_000, 987_654_321, 999_999_999} {
		nine := fmt.Sprintf("=.%09d", nanoseconds)
		for digits, want := range map[output.Precision]string{
			output.Seconds: "=", output.Milliseconds: nine[:5], output.Microseconds: nine[:8], output.Nanoseconds: nine,
		} {
			if got := string(output.AppendFraction([]byte("="), nanoseconds, digits)); got != want {
				t.Errorf("%d ns with %d digits: got %s, want %s", nanoseconds, digits, got, want)
			}
		}
	}
}
