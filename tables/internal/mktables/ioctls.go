package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// genIoctls makes the table of ioctl requests: all constants that headers make
// with _IOC, and the older ones that ioctls.txt names.
func genIoctls(f facts, files map[string][]byte) error {
	found := make(map[string]*constant)
	for _, header := range f.uapi.headers {
		for _, c := range f.uapi.consts[header] {
			if c.ioc {
				found[c.name] = c
			}
		}
	}
	if err := namedIoctls(f, found); err != nil {
		return err
	}
	var all []*constant
	for _, c := range found {
		all = append(all, c)
	}
	// The order depends only on the rows themselves, so that a new request adds
	// its row and changes no other.
	slices.SortFunc(all, func(x, y *constant) int {
		return cmp.Or(cmp.Compare(sortOp(x), sortOp(y)), cmp.Compare(x.name, y.name))
	})
	var b bytes.Buffer
	b.WriteString("// ioctlRows are sorted by number on x86-64 (of those it lacks, on i386), then by name.\n")
	b.WriteString("var ioctlRows = [...]ioctlRow{\n")
	for _, c := range all {
		b.WriteString("{")
		for abi, has := range c.has {
			op := uint32(c.values[abi])
			switch {
			case !has:
				b.WriteString("noIoctl, ")
			case op == 0:
				return fmt.Errorf("%s is 0, which stands for no request", c.name)
			default:
				fmt.Fprintf(&b, "%#x, ", op)
			}
		}
		fmt.Fprintf(&b, "%q},\n", c.name)
	}
	b.WriteString("}\n")
	files["zioctl.go"] = b.Bytes()
	return nil
}

// sortOp is the number by which requests are sorted.
func sortOp(c *constant) uint32 {
	if c.has[columnX86_64] {
		return uint32(c.values[columnX86_64])
	}
	return uint32(c.values[columnI386])
}

// namedIoctls adds and removes requests as ioctls.txt says.
func namedIoctls(f facts, found map[string]*constant) error {
	data, err := os.ReadFile(filepath.Join(f.dir, "ioctls.txt"))
	if err != nil {
		return err
	}
	header := ""
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line, _, _ = strings.Cut(line, "#")
		for _, term := range strings.Fields(line) {
			if err := oneTerm(f.uapi, term, &header, found); err != nil {
				return fmt.Errorf("ioctls.txt:%d: %w", n, err)
			}
		}
	}
	return nil
}

func oneTerm(u *uapi, term string, header *string, found map[string]*constant) error {
	if term[0] == '<' {
		*header = term
		return nil
	}
	if pattern, remove := strings.CutPrefix(term, "-"); remove {
		before := len(found)
		for name := range found {
			if match(pattern, name) {
				delete(found, name)
			}
		}
		if len(found) == before {
			return fmt.Errorf("no request is called %s", pattern)
		}
		return nil
	}
	if name, value, ok := strings.Cut(term, "="); ok {
		v64, v32, both := strings.Cut(value, ",")
		if !both {
			v32 = v64
		}
		c := &constant{name: name, has: [columns]bool{v64 != "-", v32 != "-"}}
		for i, v := range [...]string{v64, v32} {
			if !c.has[i] {
				continue
			}
			var err error
			if c.values[i], err = parseValue(v); err != nil {
				return err
			}
		}
		found[name] = c
		return nil
	}
	pattern, typ, ok := strings.Cut(term, "/")
	if !ok {
		return fmt.Errorf("%s: want PATTERN/TYPE", term)
	}
	want, err := parseValue(typ)
	if err != nil {
		return err
	}
	cs, err := u.glob(*header, pattern)
	n := 0
	for _, c := range cs {
		if c.values[0]>>8&0xff == want {
			found[c.name] = c
			n++
		}
	}
	if n == 0 && err == nil {
		err = fmt.Errorf("%s matches nothing", term)
	}
	return err
}
