//go:build linux && amd64

package report

import "testing"

func TestTemporaryNames(t *testing.T) {
	s, other := newSide("a", new(numbering)), newSide("b", new(numbering))
	s.ids[12345] = true
	for _, name := range []string{"/tmp/tmp.Ab3dE6gH9j", "/tmp/tmp.Ab3dE6gH9j/sedXyZ123", "sedXyZ123", "/t/index_both", "/t/log.12345"} {
		s.made[name] = true
	}
	other.made["/t/index_both"] = true
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"sedXyZ123", "?????????"},
		{"sedXyZ1234", "sedXyZ1234"},
		{"/tmp/tmp.Ab3dE6gH9j", "/tmp/tmp.??????????"},
		{"/tmp/tmp.Ab3dE6gH9jk", "/tmp/tmp.Ab3dE6gH9jk"},
		{"/tmp/tmp.Ab3dE6gH9j\n", "/tmp/tmp.??????????\n"},
		{"cd /tmp/tmp.Ab3dE6gH9j/a && ls '/tmp/tmp.Ab3dE6gH9j'", "cd /tmp/tmp.??????????/a && ls '/tmp/tmp.??????????'"},
		{"/tmp/tmp.Ab3dE6gH9j/sedXyZ123", "/tmp/tmp.??????????/?????????"},
		{"/tmp/tmp.Ab3dE6gH9j/afileofmine", "/tmp/tmp.??????????/afileofmine"},
		{"/t/index_both", "/t/index_both"},
		{"/t/log.12345", "/t/log.<id>"},
		{"/t/12345/12346", "/t/<id>/12346"},
	} {
		if got := s.settled(s.plainNames(tt.text), other); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestLot(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"", ""},
		{"/", "/"},
		{"/folder_long/short", "/folder_long/short"},
		{"/tmp/cc6LHN7V.s", "/tmp/????????.s"},
		{"/tmp/.X-123456-Y.lock", "/tmp/.X-??????-Y.lock"},
		{"index.lock", "index.lock"},
		{"/tmp/\xff\xfeabcdef", "/tmp/\xff\xfe??????"},
	} {
		if got := maskRandom(tt.name); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.name, got, tt.want)
		}
	}
}
