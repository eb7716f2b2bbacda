package main

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// content is the machine's initial file system, by absolute path. Folders above
// the paths are made as needed.
type content map[string]file

// file is a folder or a symbolic link if its mode says so, else a regular file.
type file struct {
	mode   fs.FileMode
	link   string // target of a symbolic link
	source string // of a regular file, on the host
	text   []byte // of a regular file without a source
}

func (c content) addText(path, text string, mode fs.FileMode) {
	c[path] = file{mode: mode, text: []byte(text)}
}

// cutPaths splits the value of -file or -disk into the path on the host and the path in
// the machine, by default the same path. The latter is absolute: a colon that is not
// followed by a slash is part of a name.
func cutPaths(s string) (here, there string) {
	here = s
	if i := strings.LastIndex(s, ":/"); i >= 0 {
		here, there = s[:i], s[i+1:]
	} else {
		there, _ = filepath.Abs(here) // fails only without a working directory
	}
	return here, filepath.Clean(there)
}

// gather collects busybox and the files that flags name.
func gather(busybox string, files []string) (content, error) {
	c := make(content)
	if err := c.add(busybox, "/bin/busybox"); err != nil {
		return nil, err
	}
	c.addText("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n", 0o644)
	c.addText("/etc/group", "root:x:0:\nnogroup:x:65534:\n", 0o644)
	c.addText("/etc/hosts", "127.0.0.1 localhost\n", 0o644)
	for _, s := range files {
		here, there := cutPaths(s)
		if err := c.add(here, there); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// add copies a file or a whole folder of the host to a path of the machine. For
// a symbolic link it copies the target; links inside a folder stay links. Other
// file types in a folder, such as sockets, are left out.
func (c content) add(here, there string) error {
	here, err := filepath.EvalSymlinks(here)
	if err != nil {
		return err
	}
	return filepath.WalkDir(here, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		target := filepath.Join(there, strings.TrimPrefix(path, here))
		switch info.Mode().Type() {
		case fs.ModeDir:
			c[target] = file{mode: info.Mode().Perm() | fs.ModeDir}
		case fs.ModeSymlink:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			c[target] = file{mode: fs.ModeSymlink | 0o777, link: link}
		case 0:
			c[target] = file{mode: info.Mode().Perm() | info.Mode()&(fs.ModeSetuid|fs.ModeSetgid), source: path}
			if info.Mode()&0o111 != 0 {
				return c.addLibraries(path)
			}
		default:
			if path == here {
				return fmt.Errorf("%s is neither a file nor a folder", path)
			}
		}
		return nil
	})
}

// addLibraries adds the interpreter of a dynamically linked program and its
// shared libraries, if they exist on the host. It reads the files instead of
// running ldd, which cannot run the interpreter of another ABI.
func (c content) addLibraries(path string) error {
	program, err := os.Open(path)
	if err != nil {
		return err
	}
	defer program.Close()
	magic := make([]byte, len(elf.ELFMAG))
	if _, err := io.ReadFull(program, magic); err != nil || string(magic) != elf.ELFMAG {
		return nil // for example a script
	}
	f, err := elf.NewFile(program)
	if err != nil {
		return nil // the kernel would not run this
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		name := make([]byte, p.Filesz)
		if _, err := p.ReadAt(name, 0); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if interpreter := string(bytes.TrimRight(name, "\x00")); !c.has(interpreter) {
			if err := c.add(interpreter, interpreter); err != nil {
				return fmt.Errorf("interpreter of %s: %w", path, err)
			}
		}
	}
	names, err := f.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, name := range names {
		library, err := findLibrary(name, f)
		if err != nil {
			return fmt.Errorf("%s needs %s: %w", path, name, err)
		}
		if c.has(library) {
			continue
		}
		if err := c.add(library, library); err != nil {
			return err
		}
		if err := c.addLibraries(library); err != nil { // a library need not be executable
			return err
		}
	}
	return nil
}

func (c content) has(path string) bool {
	_, found := c[path]
	return found
}

// libraryFolders are the folders in which ld.so looks for shared libraries by
// default, on Debian and elsewhere.
var libraryFolders = map[elf.Class][]string{
	elf.ELFCLASS64: {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"},
	elf.ELFCLASS32: {"/lib/i386-linux-gnu", "/usr/lib/i386-linux-gnu", "/lib32", "/usr/lib32", "/lib", "/usr/lib"},
}

// findLibrary finds a shared library for a program of the same class.
func findLibrary(name string, program *elf.File) (string, error) {
	for _, dir := range libraryFolders[program.Class] {
		path := filepath.Join(dir, name)
		f, err := elf.Open(path)
		if err != nil {
			continue
		}
		f.Close()
		if f.Class == program.Class && f.Machine == program.Machine {
			return path, nil
		}
	}
	return "", fs.ErrNotExist
}

// sorted returns the paths of all files and of the folders above them, each
// folder before its contents.
func (c content) sorted() []string {
	paths := make(map[string]bool)
	for path := range c {
		for path != "/" {
			paths[path] = true
			path = filepath.Dir(path)
		}
	}
	return slices.Sorted(maps.Keys(paths))
}

// makeDisk makes a disk image with an ext4 file system that holds the contents
// of a folder, and some free space.
func makeDisk(ctx context.Context, dir, folder string) (string, error) {
	mke2fs, err := tool("mke2fs", "e2fsprogs")
	if err != nil {
		return "", err
	}
	folder, err = filepath.EvalSymlinks(folder)
	if err != nil {
		return "", err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return "", err
	}
	size, files := int64(64<<20), 4096
	err = filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		const perFile = 4096 + 512 // the unused part of its last block, and its inode
		size += info.Size() + perFile
		files++
		return nil
	})
	if err != nil {
		return "", err
	}
	image := filepath.Join(dir, "disk")
	return image, quietly(ctx, dir, mke2fs, "-q", "-t", "ext4", "-m", "0", "-I", "256", "-N", strconv.Itoa(files),
		"-d", folder, image, fmt.Sprintf("%dM", size*9/8>>20))
}
