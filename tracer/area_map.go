//go:build linux && amd64

package tracer

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"trapline/tracer/buffered"
)

// newArea returns an area, and the id of the process in its own PID namespace. It uses the
// area of a thread that has ended if there is one. Otherwise it maps a new one in the tracee
// and in this process. The tracee creates the file of the area and closes its descriptor at
// the end. This process gets a descriptor of the same file either by pidfd_getfd, between two
// lists of calls, so that /proc is not needed; or from /proc/PID/map_files after a single list,
// if it may.
func (t *Tracer) newArea(r *remote, arenaAt uint64) (a *buffered.Area, pid uint64, err error) {
	s := r.tr.space
	var list []remoteCall
	if !s.ready {
		list = append(list, s.mapIndex())
	}
	if n := len(s.free); n > 0 {
		list = append(list, remoteCall{unix.SYS_GETPID})
		if arenaAt != 0 {
			list = append(list, arenaCall(arenaAt))
		}
		done, results, err := r.calls(list...)
		switch {
		case done < len(list) && (arenaAt == 0 || done < len(list)-1):
			return nil, 0, fmt.Errorf("getpid: %w", err)
		case arenaAt != 0:
			t.addArena(r, arenaAt, results[0], err)
			pid = results[1]
		default:
			pid = results[0]
		}
		a, s.free = s.free[n-1], s.free[:n-1]
		return a, pid, nil
	}

	addr := buffered.AreaAddr(s.areas)
	s.areas++
	if t.buffered.mapFiles {
		return t.newAreaByMapFiles(r, list, addr, arenaAt)
	}
	before := len(list)
	list = append(appendAreaCalls(list, addr), remoteCall{unix.SYS_GETPID})
	done, results, err := r.calls(list...)
	s.ready = s.ready || done > 0
	const mapped, all = 2, 5 // numbers of calls for the area
	pid = results[0]
	switch {
	case done-before >= all:
		if a, err = t.openArea(s.pid, r.kept, addr); err == nil {
			t.buffered.mapFiles = canOpenMapped(s.pid, addr)
		}
	case done < len(list):
		err = fmt.Errorf("call %d: %w", list[done][0], err)
	}
	list = list[:0]
	if done > before {
		list = append(list, remoteCall{unix.SYS_CLOSE, r.kept})
	}
	if err != nil && done-before >= mapped {
		list = append(list, remoteCall{unix.SYS_MUNMAP, addr, buffered.AreaSize})
	}
	if err == nil && arenaAt != 0 {
		list = append(list, arenaCall(arenaAt))
	}
	if err == nil {
		// Page faults would take longer. Kernels before 5.14 do not have MADV_POPULATE_WRITE.
		list = append(list, remoteCall{unix.SYS_MADVISE, addr, 2 * pageSize, unix.MADV_POPULATE_WRITE})
	}
	if len(list) > 0 {
		done, results, failed := r.calls(list...)
		got := results[0]
		if done >= len(list)-1 { // the arena is mapped, whether or not the last call has succeeded
			got, failed = results[1], nil
		}
		if err == nil && arenaAt != 0 {
			t.addArena(r, arenaAt, got, failed)
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("its area cannot be mapped: %w", err)
	}
	return a, pid, nil
}

// newAreaByMapFiles maps a new area after the calls in list, all in one stop.
func (t *Tracer) newAreaByMapFiles(r *remote, list []remoteCall, addr, arenaAt uint64) (a *buffered.Area, pid uint64, err error) {
	s := r.tr.space
	before := len(list)
	list = append(appendAreaCalls(list, addr),
		remoteCall{unix.SYS_CLOSE, 0, 0, 0, 0, 0, 0, buffered.RemoteFirst},
		remoteCall{unix.SYS_GETPID},
	)
	const mapped, closed, all = 2, 5, 6 // numbers of calls for the area
	if arenaAt != 0 {
		list = append(list, arenaCall(arenaAt))
	}
	done, results, err := r.calls(list...)
	s.ready = s.ready || done > 0
	areaDone := done - before
	if areaDone < all {
		if err == nil {
			err = errors.New("not all calls were made")
		} else if done < len(list) {
			err = fmt.Errorf("call %d: %w", list[done][0], err)
		}
	} else {
		pid = results[0]
		if arenaAt != 0 {
			pid = results[1]
			t.addArena(r, arenaAt, results[0], err)
		}
		var own int
		if own, err = openMapped(s.pid, addr); err == nil {
			defer unix.Close(own)
			a, err = t.mapArea(own, addr)
		}
		t.buffered.mapFiles = err == nil
	}
	if err == nil {
		return a, pid, nil
	}
	var undo []remoteCall
	if areaDone > 0 && areaDone < closed {
		undo = append(undo, remoteCall{unix.SYS_CLOSE, r.kept})
	}
	if areaDone >= mapped {
		undo = append(undo, remoteCall{unix.SYS_MUNMAP, addr, buffered.AreaSize})
	}
	if len(undo) > 0 {
		r.calls(undo...)
	}
	return nil, 0, fmt.Errorf("its area cannot be mapped: %w", err)
}

// appendAreaCalls appends the calls that create the file of an area and map it.
func appendAreaCalls(list []remoteCall, addr uint64) []remoteCall {
	const prot = unix.PROT_READ | unix.PROT_WRITE
	return append(list,
		remoteCall{unix.SYS_MEMFD_CREATE, buffered.NameAddr, unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING, 0, 0, 0, 0, buffered.RemoteKeep},
		remoteCall{unix.SYS_MMAP, addr, buffered.AreaSize, prot, unix.MAP_SHARED | unix.MAP_FIXED_NOREPLACE, 0, 0, buffered.RemoteFifth},
		remoteCall{unix.SYS_MMAP, addr + buffered.AreaFileSize, buffered.RingSize, prot, unix.MAP_SHARED | unix.MAP_FIXED, 0, buffered.AreaState, buffered.RemoteFifth},
		// A child must not write to its parent's ring.
		remoteCall{unix.SYS_MADVISE, addr, buffered.AreaSize, unix.MADV_DONTFORK},
	)
}

// openMapped opens the file that a process has mapped at the address of an area.
func openMapped(pid int, addr uint64) (fd int, err error) {
	return unix.Open(mapFile(pid, addr, addr+buffered.AreaFileSize), unix.O_RDWR|unix.O_CLOEXEC, 0)
}

// canOpenMapped reports whether openMapped works.
func canOpenMapped(pid int, addr uint64) bool {
	fd, err := openMapped(pid, addr)
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
}

// openArea maps the area of a process in this process. fd is the process's descriptor of the
// area's file.
func (t *Tracer) openArea(pid int, fd, addr uint64) (*buffered.Area, error) {
	own, err := fileOf(pid, int(fd))
	if err != nil {
		return nil, err
	}
	defer unix.Close(own)
	return t.mapArea(own, addr)
}

// mapArea maps the file of an area in this process. It must be new: another thread of the
// program may have mapped some file of its choice at the address of the area, or opened one.
func (t *Tracer) mapArea(own int, addr uint64) (*buffered.Area, error) {
	var st unix.Stat_t
	if seals, err := unix.FcntlInt(uintptr(own), unix.F_GET_SEALS, 0); err != nil || seals != 0 || unix.Fstat(own, &st) != nil || st.Size != 0 {
		return nil, errors.New("there is another file")
	}
	// This process sets the size. In the tracee RLIMIT_FSIZE may be small, and then SIGXFSZ
	// would kill it.
	if err := unix.Ftruncate(own, buffered.AreaFileSize); err != nil {
		return nil, fmt.Errorf("ftruncate: %w", err)
	}
	return t.buffered.views.NewArea(own, addr)
}

// fileOf returns a descriptor in this process of the file that a descriptor of another
// process refers to.
func fileOf(pid, fd int) (int, error) {
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return -1, fmt.Errorf("pidfd_open: %w", err)
	}
	defer unix.Close(pidfd)
	own, err := unix.PidfdGetfd(pidfd, fd, 0)
	if err != nil {
		return -1, fmt.Errorf("pidfd_getfd: %w", err)
	}
	return own, nil
}
