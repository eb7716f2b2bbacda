//go:build linux && amd64

package recording

import (
	"fmt"
	"reflect"
	"testing"

	"trapline/decode/host"
)

// Each method of the host is asked once between Listen and Stop, and not again before
// Forget. At other times each call asks the host.
func TestHeardAsksOnce(t *testing.T) {
	asked := 0
	of := NewAsked(host.Unknown{})
	of.keep = func(_, _ []byte) { asked++ }
	h := NewHeard(of)
	methods := reflect.TypeFor[host.Host]()
	for i := range methods.NumMethod() {
		name := methods.Method(i).Name
		call := func() []reflect.Value {
			method := reflect.ValueOf(h).MethodByName(name)
			args := make([]reflect.Value, method.Type().NumIn())
			for i := range args {
				args[i] = reflect.Zero(method.Type().In(i))
				if args[i].Type() == reflect.TypeFor[[]byte]() {
					args[i] = reflect.ValueOf([]byte("/name"))
				}
			}
			return method.Call(args)
		}
		for _, step := range []struct {
			does string
			do   func()
			want int // how often it was asked, after two calls
		}{
			{"before Listen", func() {}, 2},
			{"after Listen", h.Listen, 1},
			{"after Stop", h.Stop, 0},
			{"after Forget", h.Forget, 2},
			{"after Listen and Stop", func() { h.Listen(); h.Stop() }, 2},
		} {
			step.do()
			asked = 0
			first, second := call(), call()
			if asked != step.want {
				t.Errorf("%s: %s is asked %d times, want %d", step.does, name, asked, step.want)
			}
			for i := range first {
				if a, b := first[i].Interface(), second[i].Interface(); !reflect.DeepEqual(a, b) {
					t.Errorf("%s: %s returns %v, and then %v", step.does, name, a, b)
				}
			}
		}
	}
}

// numberedHost answers with an increasing number, in ten bytes.
type numberedHost struct {
	host.Unknown
	n int
}

func (h *numberedHost) DescriptorInfo(b []byte, process, fd int) []byte {
	h.n++
	return b[:copy(b, fmt.Sprintf("%010d", h.n))]
}

// If an answer did not fit into its buffer, the host is asked again with a larger one, and
// the recording keeps the longer answer.
func TestHeardInSmallBuffer(t *testing.T) {
	h := NewHeard(&numberedHost{})
	a := NewAsked(h)
	h.Listen()
	for _, step := range []struct {
		size int
		want string
	}{
		{3, "000"}, {2, "00"}, {10, "0000000002"}, {4, "0000"}, {10, "0000000002"}, {11, "0000000003"}, {20, "0000000003"},
	} {
		if got := string(h.DescriptorInfo(make([]byte, step.size), 1, 2)); got != step.want {
			t.Errorf("with %d bytes: %q, want %q", step.size, got, step.want)
		}
	}
	h.Stop()
	if got := string(a.DescriptorInfo(make([]byte, 30), 1, 2)); got != "0000000003" {
		t.Errorf("the recorder has %q", got)
	}
	a.Take()
	a.NoteHeard()
	if taken := a.Take(); taken.Len() != 0 {
		t.Errorf("%d answers are noted again", taken.Len())
	}
}

// What was heard is recorded even if the recorder does not ask for it, in place of the
// answer that it holds.
func TestHeardIsNewer(t *testing.T) {
	of := &namedHost{name: "before"}
	h := NewHeard(of)
	a := NewAsked(h)
	a.Hold(true)
	name := func(from host.Host) string { return string(from.Descriptor(make([]byte, 20), 1, 2)) }
	name(a)
	of.name = "after"
	if got := name(a); got != "before" {
		t.Fatalf("it holds %q", got)
	}
	h.Listen()
	name(h)
	h.Stop()
	if got := name(a); got != "after" {
		t.Errorf("the recorder has %q", got)
	}
	h.Forget()
	of.name = "later"
	h.Listen()
	name(h)
	h.Stop()
	a.Take()
	a.NoteHeard()
	taken := a.Take()
	replay := newHost()
	replay.learn(&taken)
	if got := name(replay); got != "later" {
		t.Errorf("the recording has %q", got)
	}
}

// namedHost knows one name.
type namedHost struct {
	host.Unknown
	name string
}

func (h *namedHost) Descriptor(b []byte, process, fd int) []byte { return b[:copy(b, h.name)] }
