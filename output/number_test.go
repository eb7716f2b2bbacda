package output_test

import (
	"fmt"
	"testing"

	"trapline/output"
)

// Numbers of each length are written as by C's printf.
func TestAppendNumber(t *testing.T) {
	values := []uint64{0, 9, 10, 99, 100, 4095, 4096}
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
