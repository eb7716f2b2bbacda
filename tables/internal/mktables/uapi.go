package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// columns are the ABIs whose constants may differ, in the order of the columns in the files
// in uapi/.
const (
	columnX86_64 = iota
	columnI386
	columns
)

// columnOf is the column of each tables.ABI, by the name of its Go constant.
var columnOf = map[string]int{"X86_64": columnX86_64, "I386": columnI386, "X32": columnX86_64}

// values are the values of a constant in the columns.
type values [columns]uint64

// everywhere is a value that is the same in each column.
func everywhere(v uint64) (all values) {
	for i := range all {
		all[i] = v
	}
	return all
}

// constant is one line of the files in uapi/, see the command ../uapi.
type constant struct {
	name   string
	values values        // sign-extended
	has    [columns]bool // whether the ABI of each column has it
	ioc    bool          // made by _IOC: an ioctl request
}

// uapi holds all constants of the kernel's interface.
type uapi struct {
	headers []string // in the order of the files
	consts  map[string][]*constant
	byName  map[string][]*constant // one for each header that defines the name
}

// readUAPI reads all files of constants.
func readUAPI(dir string) (*uapi, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "uapi", "*.txt"))
	if err != nil {
		return nil, err
	}
	u := &uapi{consts: make(map[string][]*constant), byName: make(map[string][]*constant)}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		header := ""
		n := 0
		for line := range bytes.Lines(data) {
			n++
			text := strings.TrimSpace(string(line))
			if strings.HasPrefix(text, "<") {
				header = text
				u.headers = append(u.headers, header)
				continue
			}
			c, err := parseConstant(text)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, n, err)
			}
			u.consts[header] = append(u.consts[header], c)
			u.byName[c.name] = append(u.byName[c.name], c)
		}
	}
	return u, nil
}

func parseConstant(line string) (*constant, error) {
	f := strings.Fields(line)
	if len(f) < 2 {
		return nil, fmt.Errorf("want <name> <value>")
	}
	c := &constant{name: f[0]}
	set := func(i int, s string) error {
		if s == "-" {
			c.has[i] = false
			return nil
		}
		v, err := parseValue(s)
		c.values[i], c.has[i] = v, true
		return err
	}
	if err := set(0, f[1]); err != nil {
		return nil, err
	}
	c.values[1], c.has[1] = c.values[0], c.has[0]
	for _, attr := range f[2:] {
		if v, ok := strings.CutPrefix(attr, "i386="); ok {
			if err := set(1, v); err != nil {
				return nil, err
			}
		} else if attr == "ioc" {
			c.ioc = true
		} else {
			return nil, fmt.Errorf("unknown attribute %q", attr)
		}
	}
	if !c.has[0] {
		c.values[0] = c.values[1]
	}
	if !c.has[1] {
		c.values[1] = c.values[0]
	}
	return c, nil
}

// parseValue reads an unsigned number or a negative one, which it sign-extends.
func parseValue(s string) (uint64, error) {
	if strings.HasPrefix(s, "-") {
		v, err := strconv.ParseInt(s, 0, 64)
		return uint64(v), err
	}
	return strconv.ParseUint(s, 0, 64)
}

// glob finds the constants of a header whose names match a pattern, in the
// header's order. In a pattern * stands for any characters; A...B is a
// half-open range of the header, from A up to but excluding B.
func (u *uapi) glob(header, pattern string) ([]*constant, error) {
	cs, ok := u.consts[header]
	if !ok {
		return nil, fmt.Errorf("no constants of %s", header)
	}
	var found []*constant
	if from, to, ok := strings.Cut(pattern, "..."); ok {
		named := func(name string) int {
			return slices.IndexFunc(cs, func(c *constant) bool { return c.name == name })
		}
		i, j := named(from), named(to)
		if i < 0 || j < i {
			return nil, fmt.Errorf("%s has no range %s", header, pattern)
		}
		return cs[i:j], nil
	}
	for _, c := range cs {
		if match(pattern, c.name) {
			found = append(found, c)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("nothing in %s is called %s", header, pattern)
	}
	return found, nil
}

// lookup finds a constant by its name, in the given header if it is there. Otherwise all
// headers that define it must agree on its value.
func (u *uapi) lookup(header, name string) (*constant, error) {
	for _, c := range u.consts[header] {
		if c.name == name {
			return c, nil
		}
	}
	all := u.byName[name]
	if len(all) == 0 {
		return nil, fmt.Errorf("no header defines %s", name)
	}
	for _, c := range all[1:] {
		if c.values != all[0].values {
			return nil, fmt.Errorf("headers disagree about %s: name the one to take it from", name)
		}
	}
	return all[0], nil
}

// match reports whether a name matches a pattern with stars.
func match(pattern, name string) bool {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	rest, ok := strings.CutPrefix(name, before)
	if !ok {
		return false
	}
	for i := 0; i <= len(rest); i++ {
		if match(after, rest[i:]) {
			return true
		}
	}
	return false
}

// bit returns the flag whose bit number is the constant.
func (c *constant) bit() *constant {
	b := *c
	b.name = bitPrefix + c.name
	for i := range b.values {
		b.values[i] = 1 << c.values[i]
	}
	return &b
}
