package output

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A file for each tracee may be more files than a process may have open
// (RLIMIT_NOFILE). Then those that have not been written for the longest time are
// closed, and opened again at their ends when there is more to write.

// descriptorShare is the part of the descriptors that files of a Log may take up.
// Others are needed by whoever looks into /proc.
func descriptorShare() int64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 1
	}
	return int64(max(1, min(limit.Cur/2, 1<<30)))
}

// openFile opens a file by its name with the caller's rights, closing others where
// there are too many.
func (l *Log) openFile(name string, flags int) (*os.File, error) {
	l.opening.Lock()
	defer l.opening.Unlock()
	for l.opened.Load() >= l.share && l.closeOldest() {
	}
	for {
		var w *os.File
		var err error
		asCaller(func() { w, err = os.OpenFile(name, flags, 0o666) })
		if !errors.Is(err, unix.EMFILE) && !errors.Is(err, unix.ENFILE) || !l.closeOldest() {
			return w, err
		}
	}
}

// closeOldest closes the file that was written the longest time ago, of those
// that can be opened again, and says whether there was one.
func (l *Log) closeOldest() bool {
	for {
		oldest, busy := l.lockOldest()
		if oldest != nil {
			oldest.closeDescriptor()
			oldest.out.Unlock()
			return true
		}
		if !busy {
			return false
		}
		time.Sleep(time.Millisecond) // until another goroutine has written it
	}
}

// lockOldest finds what closeOldest closes, locked. busy says that there is none
// but files that are being written.
func (l *Log) lockOldest() (oldest *file, busy bool) {
	l.mu.Lock()
	files := l.files
	l.mu.Unlock()
	for _, f := range files {
		if !f.reopens || !f.opened.Load() {
			continue
		}
		// Whoever opens a file has it locked, so waiting for one could be for ever.
		if !f.out.TryLock() {
			busy = true
			continue
		}
		if !f.opened.Load() || oldest != nil && oldest.written <= f.written {
			f.out.Unlock()
			continue
		}
		if oldest != nil {
			oldest.out.Unlock()
		}
		oldest = f
	}
	return oldest, busy
}

// needDescriptor opens the file again if it has been closed. It is locked.
func (f *file) needDescriptor() error {
	f.written = f.log.writes.Add(1)
	if f.opened.Load() {
		return nil
	}
	w, err := f.log.openFile(f.name, os.O_WRONLY|os.O_CREATE|os.O_APPEND)
	if err != nil {
		return err
	}
	f.setDescriptor(w)
	return nil
}

func (f *file) setDescriptor(w *os.File) {
	f.w, f.fd = w, int(w.Fd())
	f.opened.Store(true)
	f.log.opened.Add(1)
}

// closeDescriptor closes the file if it is open. It is locked.
func (f *file) closeDescriptor() {
	if !f.opened.Load() {
		return
	}
	f.opened.Store(false)
	f.log.opened.Add(-1)
	if err := f.w.Close(); err != nil {
		f.log.fail(err)
	}
}
