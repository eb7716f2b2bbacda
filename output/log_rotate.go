package output

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// A file of the trace may be replaced during the trace: because it has grown large
// (Destination.Rotate), or because a program that rotates logs has moved it (Reopen). Both
// happen at the end of a line.

// Rotation says when files of the trace are replaced by new ones.
type Rotation struct {
	// Size is the number of bytes after which a file is renamed to Name.1, the previous
	// Name.1 to Name.2, and so on, and a new file is begun. A file exceeds it only if a
	// single line is longer. 0 means never.
	Size int64
	// Files is the number of files to keep; 0 is for all.
	Files int
}

// Reopen makes the Log open its files again by their names, for example after another
// program has moved them. It does not truncate them. It may be called from any goroutine.
// If a file cannot be opened, the trace continues in the previous one: see
// Destination.ReopenFailed.
func (l *Log) Reopen() {
	l.mu.Lock()
	files := l.files
	l.mu.Unlock()
	for _, f := range files {
		f.out.Lock()
		f.stale = f.replaceable
		f.out.Unlock()
		f.flush()
	}
}

// Reopens reports whether Reopen has an effect: whether the trace goes to regular
// files.
func (l *Log) Reopens() bool { return l.shared == nil || l.shared.replaceable }

// put writes b to the file, and replaces the file when necessary. The caller holds the
// lock.
func (f *file) put(b []byte) error {
	if err := f.needDescriptor(); err != nil {
		return err
	}
	for f.stale || f.limit > 0 {
		n := f.fitting(b)
		if err := f.putAll(b[:n]); err != nil {
			return err
		}
		b = b[n:]
		due := f.stale || f.limit > 0 && len(b) > 0
		if !due || !f.atLineStart {
			if len(b) == 0 {
				return nil
			}
			continue
		}
		if err := f.replace(); err != nil {
			return err
		}
	}
	return f.putAll(b)
}

// fitting returns how much of b to write before the file is to be replaced: up to
// the end of a line.
func (f *file) fitting(b []byte) int {
	if f.stale {
		return toLineEnd(b, f.atLineStart)
	}
	room := f.limit - f.size
	switch {
	case int64(len(b)) <= room:
		return len(b)
	case room > 0:
		if n := bytes.LastIndexByte(b[:room], '\n') + 1; n > 0 {
			return n
		}
	}
	if f.atLineStart && f.size > f.headSize {
		return 0
	}
	// A line longer than the limit, or the rest of one.
	return toLineEnd(b, false)
}

// toLineEnd returns the length of the rest of the line that b begins with.
func toLineEnd(b []byte, atStart bool) int {
	if atStart {
		return 0
	}
	if n := bytes.IndexByte(b, '\n'); n >= 0 {
		return n + 1
	}
	return len(b)
}

// putAll writes b to the file.
func (f *file) putAll(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if err := writeAll(f.fd, b); err != nil {
		return &os.PathError{Op: "write", Path: f.name, Err: err}
	}
	f.size += int64(len(b))
	f.atLineStart = b[len(b)-1] == '\n'
	return nil
}

// replace opens the file again by its name. A full file is renamed first.
func (f *file) replace() error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if !f.stale {
		if err := f.moveAway(); err != nil {
			return err
		}
		flags |= os.O_TRUNC
	}
	w, err := f.log.openFile(f.name, flags)
	switch {
	case err != nil && f.stale:
		f.stale = false
		if failed := f.log.dest.ReopenFailed; failed != nil {
			failed(err)
		}
		return nil
	case err != nil:
		return err
	}
	if sizeOf(w) == 0 { // it is a new file
		if err := f.putAll([]byte(f.tail())); err != nil {
			w.Close()
			return err
		}
	}
	f.closeDescriptor()
	f.setDescriptor(w)
	f.stale, f.size, f.headSize = false, 0, 0
	if size := sizeOf(w); size > 0 {
		f.size = size
		return nil
	}
	f.headSize = 0
	if err := f.putAll([]byte(f.log.options.Format.Title + f.log.head())); err != nil {
		return err
	}
	f.headSize = f.size
	return nil
}

// moveAway renames the file and those before it.
func (f *file) moveAway() (err error) {
	numbered := func(n int) string { return f.name + "." + strconv.Itoa(n) }
	last := 1
	for ; f.files == 0 || last < f.files; last++ {
		if unix.Access(numbered(last), unix.F_OK) != nil {
			break
		}
	}
	asCaller(func() {
		if f.files == 1 {
			err = os.Remove(f.name)
			return
		}
		if f.files > 0 {
			last = min(last, f.files-1)
		}
		for n := last; n > 1 && err == nil; n-- {
			err = os.Rename(numbered(n-1), numbered(n))
		}
		if err == nil {
			err = os.Rename(f.name, numbered(1))
		}
	})
	return err
}

// sizeOf returns the size of a regular file, else 0.
func sizeOf(f *os.File) int64 {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	return info.Size()
}
