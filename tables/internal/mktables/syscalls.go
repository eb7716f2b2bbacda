package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"trapline/tables/internal/tbl"
)

// genSyscalls makes a file of rows for each ABI, and the names of the classes.
func genSyscalls(f facts, files map[string][]byte) error {
	classes, err := readClasses(f.dir)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "// classNames are the names of the bits of Class, without the %% of %%class.\n")
	fmt.Fprintf(&b, "var classNames = [...]string{\n")
	for _, name := range classes.names {
		fmt.Fprintf(&b, "%q,\n", name)
	}
	b.WriteString("}\n")
	fmt.Fprintf(&b, "\n// classAbout is what the calls of each class do.\nvar classAbout = [...]string{\n")
	for _, about := range classes.about {
		fmt.Fprintf(&b, "\t%q,\n", about)
	}
	b.WriteString("}\n")
	files["zclass.go"] = b.Bytes()

	used := make(map[string]bool)
	for _, t := range []struct {
		file string
		abis []string
		id   string // the tables.ABI constant
	}{
		{"syscall_64.tbl", []string{"common", "64"}, "X86_64"},
		{"syscall_64.tbl", []string{"common", "x32"}, "X32"},
		{"syscall_32.tbl", []string{"i386"}, "I386"},
	} {
		rows, err := readTable(f.dir, t.file, t.abis)
		if err != nil {
			return err
		}
		for _, r := range rows {
			used[r.Name] = true
		}
		files["zsyscall_"+strings.ToLower(t.id)+".go"] = printTable(t.id, rows, classes.of)
	}
	for name := range classes.of {
		if !used[name] {
			return fmt.Errorf("classes.txt: no system call is called %q", name)
		}
	}
	return nil
}

func readTable(dir, file string, abis []string) ([]tbl.Row, error) {
	f, err := os.Open(filepath.Join(dir, file))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := tbl.Parse(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	rows = slices.DeleteFunc(rows, func(r tbl.Row) bool { return !slices.Contains(abis, r.ABI) })
	slices.SortFunc(rows, func(a, b tbl.Row) int { return cmp.Compare(a.Number, b.Number) })
	return rows, nil
}

func printTable(id string, rows []tbl.Row, classes map[string]uint32) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "var syscalls%s = [...]Syscall{\n", id)
	for _, r := range rows {
		fmt.Fprintf(&b, "%d: {NR: %d, ABI: %s, Name: %q", r.Number, r.Number, id, r.Name)
		if r.Entry != "" {
			fmt.Fprintf(&b, ", Entry: %q", r.Entry)
		}
		if r.Compat != "" {
			fmt.Fprintf(&b, ", CompatEntry: %q", r.Compat)
		}
		if c := classes[r.Name]; c != 0 {
			fmt.Fprintf(&b, ", Classes: %#x", c)
		}
		if r.NoReturn {
			b.WriteString(", NoReturn: true")
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n\n")

	slices.SortFunc(rows, func(a, b tbl.Row) int { return cmp.Compare(a.Name, b.Name) })
	fmt.Fprintf(&b, "// names%s are the numbers in syscalls%s sorted by name.\n", id, id)
	fmt.Fprintf(&b, "var names%s = [...]uint16{", id)
	for i, r := range rows {
		if i%16 == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%d,", r.Number)
	}
	b.WriteString("\n}\n")
	return b.Bytes()
}

type classes struct {
	names []string          // names of the bits, from bit 0
	about []string          // description of the calls of each class
	of    map[string]uint32 // classes of the system call of that name
}

func readClasses(dir string) (classes, error) {
	c := classes{of: make(map[string]uint32)}
	err := lines(dir, "classes.txt", func(line string) error {
		if head, ok := strings.CutPrefix(line, "%"); ok {
			name, about, ok := strings.Cut(head, ": ")
			if !ok {
				return fmt.Errorf("nothing is said of class %q", name)
			}
			if slices.Contains(c.names, name) || len(c.names) == 32 {
				return fmt.Errorf("class %q is there already or is one too many", name)
			}
			c.names, c.about = append(c.names, name), append(c.about, about)
			return nil
		}
		if len(c.names) == 0 {
			return fmt.Errorf("member before the first class")
		}
		bit := uint32(1) << (len(c.names) - 1)
		for _, member := range strings.Fields(line) {
			if c.of[member]&bit != 0 {
				return fmt.Errorf("%q twice in one class", member)
			}
			c.of[member] |= bit
		}
		return nil
	})
	return c, err
}
