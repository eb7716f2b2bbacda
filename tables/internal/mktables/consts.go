package main

import (
	"bytes"
	"fmt"
	"strings"
)

// goConstant is a constant that Go code uses by name.
type goConstant struct {
	header string // the header that is searched first
	name   string
	value  uint64
}

// genConstants makes the Go constants that constants.txt names.
func genConstants(f facts, files map[string][]byte) error {
	all, err := readConstants(f)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("// Constants of tracees, by their names in C and by header.\n")
	b.WriteString("const (\n")
	header := ""
	for _, c := range all {
		if c.header != header {
			if header != "" {
				b.WriteString("\n")
			}
			header = c.header
			fmt.Fprintf(&b, "// %s\n", header)
		}
		if int64(c.value) < 0 {
			fmt.Fprintf(&b, "%s = %d\n", c.name, int64(c.value))
		} else {
			fmt.Fprintf(&b, "%s = %#x\n", c.name, c.value)
		}
	}
	b.WriteString(")\n")
	files["zconst.go"] = b.Bytes()
	return nil
}

// readConstants finds the values of the constants that constants.txt names.
func readConstants(f facts) (all []goConstant, err error) {
	header := ""
	seen := make(map[string]bool)
	err = lines(f.dir, "constants.txt", func(line string) error {
		for _, term := range strings.Fields(line) {
			if term[0] == '<' {
				if f.uapi.consts[term] == nil {
					return fmt.Errorf("no constants of %s", term)
				}
				header = term
				continue
			}
			c, err := f.uapi.lookup(header, term)
			switch {
			case err != nil:
				return err
			case seen[term]:
				return fmt.Errorf("%s stands here twice", term)
			case c.has != [columns]bool{true, true} || c.values != everywhere(c.values[0]):
				return fmt.Errorf("%s depends on the ABI: make it a set", term)
			}
			seen[term] = true
			all = append(all, goConstant{header, term, c.values[0]})
		}
		return nil
	})
	return all, err
}
