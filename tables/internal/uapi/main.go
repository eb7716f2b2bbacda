// Uapi collects the constants of the Linux UAPI headers and of x/sys/unix into
// the text files from which package tables is generated. It is run only to
// update to a newer kernel, and needs gcc with -m32 and the C library's
// headers:
//
//	go run ./internal/uapi -headers DIR -kernel TREE -o uapi
//
// DIR is an include directory in the form of "make headers_install" or of a
// distribution's linux-libc-dev package; asm headers may be in DIR/asm or, as
// in Debian, in DIR/x86_64-linux-gnu/asm and DIR/i386-linux-gnu/asm.
//
// Every object-like macro and every enumerator that a header itself defines as
// an integer constant is written under that header, in the header's order:
//
//	<linux/fcntl.h>
//	AT_FDCWD -100
//	AT_SYMLINK_NOFOLLOW 0x100
//	<linux/if_tun.h>
//	TUNATTACHFILTER 0x401054d5 i386=0x400854d5 ioc
//
// where i386= is the value in i386 programs if it differs, "-" says that the
// constant is not defined, and ioc marks constants made by _IOC: ioctl
// requests.
package main

import (
	"bufio"
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// groups says which headers go into which file. Of display and sound hardware
// only the ioctl requests are kept.
var groups = []struct {
	file, dir string
	iocOnly   bool
}{
	{"asm.txt", "asm", false},
	{"asm-generic.txt", "asm-generic", false},
	{"linux.txt", "linux", false},
	{"mtd.txt", "mtd", false},
	{"rdma.txt", "rdma", false},
	{"scsi.txt", "scsi", false},
	{"sound.txt", "sound", true},
	{"video.txt", "video", true},
	{"drm.txt", "drm", true},
	{"xen.txt", "xen", true},
	{"misc.txt", "misc", true},
	{"fwctl.txt", "fwctl", true},
}

// libcInclude and libcHeaders are where the C library defines interfaces of the
// kernel that UAPI headers lack.
const libcInclude = "/usr/include"

var libcHeaders = []string{
	"elf.h",
	"netinet/tcp.h",
	"scsi/scsi.h",
	"scsi/scsi_ioctl.h",
	"scsi/sg.h",
	"sys/swap.h",
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("uapi: ")
	headers := flag.String("headers", "/usr/include", "include directory")
	kernel := flag.String("kernel", "", "kernel source tree, for constants that are not in UAPI headers; none: leave them")
	out := flag.String("o", "uapi", "directory to write to")
	flag.Parse()
	if err := os.MkdirAll(*out, 0o777); err != nil {
		log.Fatal(err)
	}
	known := make(map[string]bool) // names that some header has
	for _, g := range groups {
		if err := collectDir(*headers, g.dir, filepath.Join(*out, g.file), g.iocOnly, known); err != nil {
			log.Fatal(err)
		}
	}
	if err := collect(*headers, libcHeaders, filepath.Join(*out, "libc.txt"), false, known); err != nil {
		log.Fatal(err)
	}
	if err := collectUnix(filepath.Join(*out, "unix.txt"), known); err != nil {
		log.Fatal(err)
	}
	if *kernel != "" {
		if err := collectKernel(*kernel, filepath.Join(*out, "kernel.txt")); err != nil {
			log.Fatal(err)
		}
	}
}

// named is one constant. An ABI without it is absent from values.
type named struct {
	name   string
	values [2]string // x86-64, i386: in C syntax, empty if not defined
	ioc    bool
}

func (c named) write(w *bufio.Writer) {
	v64, v32 := c.values[0], c.values[1]
	if v64 == "" {
		v64 = "-"
	}
	if v32 == "" {
		v32 = "-"
	}
	fmt.Fprintf(w, "%s %s", c.name, v64)
	if v32 != v64 {
		fmt.Fprintf(w, " i386=%s", v32)
	}
	if c.ioc {
		w.WriteString(" ioc")
	}
	w.WriteString("\n")
}

// collectDir writes the constants of all headers below dir to a file, and adds
// their names to known.
func collectDir(include, dir, file string, iocOnly bool, known map[string]bool) error {
	names, err := listHeaders(include, dir)
	if err != nil {
		return err
	}
	return collect(include, names, file, iocOnly, known)
}

func collect(include string, names []string, file string, iocOnly bool, known map[string]bool) error {
	results := make([][]named, len(names))
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.NumCPU())
	for i, name := range names {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; wg.Done() }()
			cs, err := collectHeader(include, name)
			if err != nil {
				log.Printf("<%s>: %v", name, err)
			}
			if iocOnly {
				cs = slices.DeleteFunc(cs, func(c named) bool { return !c.ioc })
			}
			results[i] = cs
		}()
	}
	wg.Wait()
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for i, cs := range results {
		if len(cs) == 0 {
			continue
		}
		fmt.Fprintf(w, "<%s>\n", names[i])
		for _, c := range cs {
			c.write(w)
			known[c.name] = true
		}
	}
	return cmp.Or(w.Flush(), f.Close())
}

func listHeaders(include, dir string) ([]string, error) {
	root := filepath.Join(include, dir)
	base := include
	if _, err := os.Stat(root); err != nil {
		base = filepath.Join(include, targets[0].multiarch)
		root = filepath.Join(base, dir)
	}
	var names []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".h") {
			names = append(names, strings.TrimPrefix(path, base+"/"))
		}
		return err
	})
	slices.Sort(names)
	return names, err
}
