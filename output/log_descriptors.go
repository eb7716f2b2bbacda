package output

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// With a file for each tracee there may be more files than a process may have
// open (RLIMIT_NOFILE). Then the least recently written files are closed, and
// reopened for appending when there is more to write.

// descriptorShare is the number of descriptors that files of a Log may use.
// Others are needed to read /proc.
func descriptorShare() int64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 1
	}
	return int64(max(1, min(limit.Cur/2, 1<<30)))
}

// openFile opens a file by its name with the caller's rights. It closes other
// files if too many are open.
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

// closeOldest closes the least recently written file that can be reopened, and
// reports whether there was one.
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

// lockOldest finds the file for closeOldest to close, and locks it. busy says
// that all candidates are being written.
func (l *Log) lockOldest() (oldest *file, busy bool) {
	l.mu.Lock()
	files := l.files
	l.mu.Unlock()
	for _, f := range files {
		if !f.reopens || !f.opened.Load() {
			continue
		}
		// An opener holds its file's lock, so waiting for a lock could
		// deadlock.
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

// needDescriptor reopens the file if it was closed. The caller holds the lock.
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

// closeDescriptor closes the file if it is open. The caller holds the lock.
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
