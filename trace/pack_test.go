//go:build linux && amd64

package trace

import (
	"reflect"
	"testing"
)

// TestPack packs the calls of a program, and compares them with what is unpacked.
func TestPack(t *testing.T) {
	var p Packer
	var calls []*Call
	var packed [][]byte
	o := Options{Follow: true, DecodeFDs: AllFDs, StringLimit: 4096}
	o.Handler.Exit = func(c *Call) error {
		calls = append(calls, c)
		packed = append(packed, p.Pack(nil, c))
		return nil
	}
	command := NewCommand("sh", "-c", "echo text | cat; ls /dev >/dev/null; kill -0 $$; trap : USR1")
	command.Stdout = null(t)
	if _, err := Run(t.Context(), command, o); err != nil {
		t.Fatal(err)
	}
	size := 0
	for i, c := range calls {
		got := p.Unpack(packed[i])
		size += len(packed[i])
		if !got.Time.Equal(c.Time) {
			t.Errorf("%s: time %v, want %v", c.Name, got.Time, c.Time)
		}
		want := *c
		got.Time, want.tracee, want.injection, want.Stack = c.Time, nil, nil, nil
		if !reflect.DeepEqual(got, &want) {
			t.Errorf("unpacked %+v\nwant %+v", got, want)
		}
	}
	if len(calls) < 100 || size/len(calls) > 400 {
		t.Errorf("%d calls of %d bytes on average", len(calls), size/max(1, len(calls)))
	}
	t.Logf("%d bytes a call", size/len(calls))
}
