package main

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// writeInitramfs writes the content as a cpio archive of the format "newc",
// which the kernel unpacks as its initial file system
// (Documentation/driver-api/early-userspace/buffer-format.rst).
func (c content) writeInitramfs(dir string) (string, error) {
	path := filepath.Join(dir, "initramfs")
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	w := &cpio{w: bufio.NewWriter(f)}
	for _, name := range c.sorted() {
		entry, named := c[name]
		if !named {
			entry.mode = fs.ModeDir | 0o755
		}
		if err := w.add(name[1:], entry); err != nil {
			return "", err
		}
	}
	w.entry("TRAILER!!!", 0, 0)
	if err := w.w.Flush(); err != nil {
		return "", err
	}
	return path, f.Close()
}

// cpio writes an archive. Its bufio.Writer keeps the first error.
type cpio struct {
	w      *bufio.Writer
	inode  int
	offset int64
}

// Types of files in st_mode (inode(7)).
const (
	sIFDIR = 0o040000
	sIFREG = 0o100000
	sIFLNK = 0o120000
	sISUID = 0o4000
	sISGID = 0o2000
)

func (c *cpio) add(name string, f file) error {
	mode := int64(f.mode.Perm())
	if f.mode&fs.ModeSetuid != 0 {
		mode |= sISUID
	}
	if f.mode&fs.ModeSetgid != 0 {
		mode |= sISGID
	}
	switch {
	case f.mode.IsDir():
		c.entry(name, sIFDIR|mode, 0)
		return nil
	case f.link != "":
		c.entry(name, sIFLNK|mode, int64(len(f.link)))
		c.write([]byte(f.link))
	case f.source != "":
		source, err := os.Open(f.source)
		if err != nil {
			return err
		}
		defer source.Close()
		info, err := source.Stat()
		if err != nil {
			return err
		}
		c.entry(name, sIFREG|mode, info.Size())
		n, err := io.CopyN(c.w, source, info.Size())
		c.offset += n
		if err != nil {
			return fmt.Errorf("%s: %w", f.source, err)
		}
	default:
		c.entry(name, sIFREG|mode, int64(len(f.text)))
		c.write(f.text)
	}
	c.pad()
	return nil
}

// entry writes the head of an entry, owned by root. All numbers in the archive
// have eight hexadecimal digits.
func (c *cpio) entry(name string, mode, size int64) {
	c.inode++
	head := "070701"
	for _, n := range []int64{
		int64(c.inode), mode, 0, 0, // inode, mode, user, group
		1, 0, size, // links, time, size
		0, 0, 0, 0, // devices: of the file, and the device that it represents
		int64(len(name) + 1), 0, // includes the null byte; no checksum
	} {
		head += fmt.Sprintf("%08X", n)
	}
	c.write([]byte(head + name + "\x00"))
	c.pad()
}

func (c *cpio) write(b []byte) {
	n, _ := c.w.Write(b)
	c.offset += int64(n)
}

// pad aligns the next write to four bytes.
func (c *cpio) pad() { c.write(make([]byte, -c.offset&3)) }
