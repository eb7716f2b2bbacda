//go:build linux && amd64

package trace

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trapline/decode/host"
	jsonformat "trapline/output/json"
	"trapline/trace/recording"
)

// unsteadyHost is the machine, but gives another answer each time that it is asked.
type unsteadyHost struct {
	*host.Local
	asked int
}

// other returns one of two numbers in turn.
func (h *unsteadyHost) other() int {
	h.asked++
	return h.asked & 1
}

// name returns a name that it has not returned before.
func (h *unsteadyHost) name(b []byte, before string, known bool) []byte {
	if !known {
		return nil
	}
	h.asked++
	return b[:copy(b, fmt.Sprint(before, h.asked))]
}

func (h *unsteadyHost) Command(b []byte, process int) ([]byte, bool) {
	return h.name(b, "comm", true), true
}

func (h *unsteadyHost) Identity(process int) (host.Identity, bool) {
	id, ok := h.Local.Identity(process)
	id.UID += h.other()
	return id, ok
}

// Introduce hides the method of Local.
func (h *unsteadyHost) Introduce(b []byte, process int) (id host.Identity, command []byte, ok bool) {
	return id, nil, false
}

// SharesIDs hides the method of Local.
func (h *unsteadyHost) SharesIDs(process int) bool { return false }

func (h *unsteadyHost) Find(process, id int, kind host.IDKind) (own, found int) {
	own, found = h.Local.Find(process, id, kind)
	return own + h.other(), found
}

func (h *unsteadyHost) Executable(b []byte, process int) []byte {
	return h.name(b, "/program/", true)
}

func (h *unsteadyHost) Arguments(process int) []byte {
	return h.name(make([]byte, 64), "argument ", true)
}

func (h *unsteadyHost) WorkingDir(b []byte, process int) []byte {
	return h.name(b, "/directory/", true)
}

func (h *unsteadyHost) Resolve(b []byte, process, dir int, path []byte, link bool) []byte {
	return h.name(b, "/etc/", true)
}

// Descriptor says, in turn, that a descriptor is a file and that it is a socket.
func (h *unsteadyHost) Descriptor(b []byte, process, fd int) []byte {
	known := len(h.Local.Descriptor(b, process, fd)) > 0
	if h.other() == 0 {
		return h.name(b, "/file/", known)
	}
	name := h.name(b, "socket:[", known)
	if known {
		name = append(name, ']')
	}
	return name
}

func (h *unsteadyHost) HasName(process, fd int, path []byte) bool { return h.other() == 0 }

func (h *unsteadyHost) FileType(process, fd int) (host.FileType, bool) {
	t, ok := h.Local.FileType(process, fd)
	t.Device += uint64(h.other())
	return t, ok
}

func (h *unsteadyHost) SocketProtocol(b []byte, process, fd int) []byte {
	return append(b[:0], [...]string{"TCP", "UDP"}[h.other()]...)
}

func (h *unsteadyHost) Socket(family, protocol uint8, inode uint64) (host.Socket, bool) {
	h.asked++
	return host.Socket{Local: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(h.asked))}, true
}

// The text of a trace and its recording use the same answer of the machine, even if the
// machine would give another one when asked again.
func TestRecorderHasAnswersOfSession(t *testing.T) {
	const script = "cd /etc; cat </etc/passwd | sort >/dev/null; stat / /etc/hosts; kill -0 $$; (exec true); wait"
	for name, o := range map[string]Options{
		"text":  {DecodeFDs: AllFDs, DecodePIDs: AllPIDs},
		"paths": {DecodeFDs: AllFDs, Paths: []string{"/etc/*[02468]"}},
		"json":  {DecodeFDs: AllFDs, DecodePIDs: AllPIDs, Looks: Looks{Format: jsonformat.Format}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "recording")
			var live, replayed strings.Builder
			o.Follow = true
			o.Output, o.Record = &Destination{Writer: &live}, &Recording{Path: file}
			s, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			s.heard.Of = &unsteadyHost{Local: s.local}
			null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer null.Close()
			c := NewCommand("sh", "-c", script)
			c.Stdin, c.Stdout, c.Stderr = null, null, null
			if _, err := s.Launch(c); err != nil {
				t.Fatal(err)
			}
			if err := s.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			r, err := recording.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			o.Output, o.Record = &Destination{Writer: &replayed}, nil
			if err := Replay(context.Background(), r, o); err != nil {
				t.Fatal(err)
			}
			of, from := strings.Split(live.String(), "\n"), strings.Split(replayed.String(), "\n")
			if len(of) < 20 {
				t.Errorf("the trace has %d lines", len(of))
			}
			for i := range min(len(of), len(from)) {
				if of[i] != from[i] {
					t.Fatalf("line %d is\n%s\nand in the recording\n%s", i+1, of[i], from[i])
				}
			}
			if len(of) != len(from) {
				t.Errorf("%d lines, and %d in the recording", len(of), len(from))
			}
		})
	}
}
