//go:build linux && amd64

package tracer

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"trapline/tracer/buffered"
)

// patch turns the call that a tracee has entered into a buffered call, and gives the tracee
// an area. It returns false if the tracee will make its call again. slow means that the call
// went through the trampoline to the slow call, because the stub could not make it.
func (t *Tracer) patch(tr *Tracee, slow bool) bool {
	s := tr.space
	x := s.sites[tr.call.IP]
	needsArea := tr.buffered == nil
	if !needsArea && x != nil {
		return slow || !t.redo(tr, x)
	}
	var p place
	if x == nil {
		x = &site{returns: tr.call.IP}
		if s.sites == nil {
			s.sites = map[uint64]*site{}
		}
		s.sites[x.returns] = x
		p = t.placeOf(tr, x)
	}
	needsArena := p.text != nil && s.arenaNear(x.returns) == nil
	if !needsArea && !needsArena {
		t.installWithKnown(tr, x, p)
		return slow || !t.redo(tr, s.sites[x.returns])
	}

	if hasMemoryLimit(tr.TID) {
		if !s.ready {
			t.refuse(s, errLimit)
		}
		return true
	}
	r := t.beginRemote(tr)
	if !s.ready {
		if err := t.mapStub(r); err != nil {
			t.refuse(s, err)
			r.finish()
			return false
		}
	}
	arenaAt := uint64(0)
	if needsArena && r.failed == nil {
		var err error
		if arenaAt, err = t.placeArena(r.tr, x.returns); err != nil {
			t.debugf("buffered: process %d has no space for trampolines: %v", s.pid, err)
		}
	}
	switch {
	case needsArea:
		err := t.giveArea(r, arenaAt)
		if err != nil && !s.ready {
			r.own.Fs_base = withoutProvisional(r.own.Fs_base)
			t.refuse(s, err)
			r.finish()
			return false
		}
		if err != nil {
			tr.bufferable = 0 // another attempt may succeed later
			tr.areaFailures++
			t.debugf("buffered: tracee %d has no area: %v", tr.TID, err)
			if tr.areaFailures > 3 {
				tr.shares = true
			}
		}
	case arenaAt != 0:
		_, results, err := r.calls(arenaCall(arenaAt))
		t.addArena(r, arenaAt, results[0], err)
	}
	if p.text != nil && s.arenaNear(x.returns) != nil && !r.ended {
		t.installWithKnown(tr, x, p)
	}
	r.finish()
	return false
}

var errLimit = errors.New("its memory is limited")

// hasMemoryLimit reports whether a process has a limit to its address space or its data, to which
// what is mapped for buffered calls would count.
func hasMemoryLimit(pid int) bool {
	for _, resource := range []int{unix.RLIMIT_AS, unix.RLIMIT_DATA} {
		var limit unix.Rlimit
		if err := unix.Prlimit(pid, resource, nil, &limit); err == nil && limit.Cur != unix.RLIM_INFINITY {
			return true
		}
	}
	return false
}

// installWithKnown patches a call, together with the calls in the same file that most
// processes make.
func (t *Tracer) installWithKnown(tr *Tracee, x *site, p place) {
	if p.text == nil {
		return
	}
	t.installKnown(tr, p)
	if other := tr.space.sites[x.returns]; other != x && other != nil {
		return // it was one of the known calls
	}
	if p.findHole(tr, x); !p.found {
		t.debugf("buffered: the call at %#x cannot be patched", x.returns)
	}
	t.install(tr, x, p)
	t.noteUse(tr.space, p.text, x.returns-p.bias)
}

// mapStub maps the stub in a process. giveArea maps the rest.
func (t *Tracer) mapStub(r *remote) error {
	tr, s := r.tr, r.tr.space
	switch own, err := t.wordAtFS(tr, r.own.Fs_base); {
	case r.own.Fs_base == 0 && s.linked || err == nil && own:
		s.lookup = buffered.ByFS
	case r.own.Gs_base == 0:
		s.lookup = buffered.ByGS
	default:
		return fmt.Errorf("no register can lead its threads to their areas")
	}
	if s.lookup == buffered.ByGS && t.hasThreads(s, tr) {
		return fmt.Errorf("it has threads already, and gs has to be set in all of them")
	}
	if err := r.mapFirst(buffered.StubAddr, buffered.CodeSize, unix.PROT_READ|unix.PROT_EXEC, mapNew); err != nil {
		return fmt.Errorf("mmap: %w", err)
	}
	if err := t.writeImage(tr); err != nil {
		return err
	}
	if r.own.Fs_base == 0 && s.lookup == buffered.ByFS {
		r.own.Fs_base = buffered.ProvisionalFS
	}
	t.debugf("buffered: process %d: threads find their areas by %v", s.pid, s.lookup)
	return nil
}

// mapIndex returns the call that maps the index.
func (s *space) mapIndex() remoteCall {
	size := uint64(buffered.IndexSize)
	if s.lookup == buffered.ByGS {
		size = pageSize
	}
	return remoteCall{unix.SYS_MMAP, buffered.IndexAddr, size, unix.PROT_READ | unix.PROT_WRITE, mapNew, ^uint64(0), 0}
}

const mapNew = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_FIXED_NOREPLACE | unix.MAP_NORESERVE

// writeImage writes the stub, and the part of the table that is used.
func (t *Tracer) writeImage(tr *Tracee) error {
	const stop = buffered.StopAddr - buffered.StubAddr
	b := t.buffered
	used := buffered.CallsAddr - buffered.StubAddr + b.table.Size()
	if err := t.writeCode(tr, buffered.StubAddr, b.image[:used]); err != nil {
		return err
	}
	if tr.space.threaded {
		t.stopMappings(tr)
	}
	return t.writeCode(tr, buffered.StopAddr, b.image[stop:])
}

// wordAtFS reports whether the word at the address in fs is that address.
func (t *Tracer) wordAtFS(tr *Tracee, fs uint64) (bool, error) {
	var word [8]byte
	if fs == 0 || tr.ReadMemory(fs, word[:]) != len(word) {
		return false, unix.EFAULT
	}
	return binary.LittleEndian.Uint64(word[:]) == fs, nil
}

// placeArena finds an address for an arena of trampolines.
func (t *Tracer) placeArena(tr *Tracee, near uint64) (addr uint64, err error) {
	s := tr.space
	if s.readAt != s.stops {
		if err := s.readAll(tr); err != nil {
			return 0, err
		}
	}
	addr, ok := placeNear(s.mapped, near, arenaSize)
	if !ok {
		return 0, unix.ENOMEM
	}
	return addr, nil
}

// arenaCall returns the call that maps an arena of trampolines.
func arenaCall(addr uint64) remoteCall {
	const flags = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_FIXED_NOREPLACE
	return remoteCall{unix.SYS_MMAP, addr, arenaSize, unix.PROT_READ | unix.PROT_EXEC, flags, ^uint64(0), 0}
}

// addArena records the result of an arenaCall.
func (t *Tracer) addArena(r *remote, addr, got uint64, err error) {
	s := r.tr.space
	if err == nil && got != addr {
		r.call(unix.SYS_MUNMAP, got, arenaSize) // a kernel before 4.17
		err = unix.EEXIST
	}
	if err != nil {
		t.debugf("buffered: process %d has no space for trampolines: %v", s.pid, err)
		return
	}
	s.arenas = append(s.arenas, arena{addr: addr})
	t.tellLowest(s)
}
