//go:build linux && amd64

package trace

import (
	"reflect"
	"testing"
)

func TestParseCredential(t *testing.T) {
	for text, want := range map[string]*Credential{
		"12:34":        {UID: 12, GID: 34},
		"0:4294967294": {GID: 4294967294},
		"0:4294967295": nil,
		"4294967296:0": nil,
		"12:":          nil,
		":34":          nil,
		"-1:0":         nil,
		"1:2:3":        nil,
		"no such user": nil,
		"":             nil,
	} {
		got, err := ParseCredential(text)
		if !reflect.DeepEqual(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	root, err := ParseCredential("root")
	if err != nil || root.UID != 0 || root.GID != 0 || len(root.Groups) == 0 || root.Groups[0] != 0 {
		t.Errorf("root: %+v, %v; want 0:0 with group 0", root, err)
	}
}
