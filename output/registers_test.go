package output

import "testing"

func TestAppendWide(t *testing.T) {
	for _, tt := range []struct {
		b    []byte
		want string
	}{
		{[]byte{0}, "0x0"},
		{[]byte{0, 0, 0, 0}, "0x0"},
		{[]byte{0x34, 0x12}, "0x1234"},
		{[]byte{0x34, 0x02, 0}, "0x234"},
		{[]byte{0, 0, 1}, "0x10000"},
	} {
		if got := string(appendWide(nil, tt.b)); got != tt.want {
			t.Errorf("% x: got %s, want %s", tt.b, got, tt.want)
		}
	}
}
