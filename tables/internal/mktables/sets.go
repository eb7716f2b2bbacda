package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// member is one constant of a set.
type member struct {
	name   string
	values values
	masks  values // zero: the value itself
}

// set is one line of a file in sets/.
type set struct {
	file    string // sets/fs.txt
	line    int
	kind    string // "enum" or "flags"
	wide    bool   // values have 64 bits
	name    string
	unknown string
	terms   []string

	members []member
	state   int // 0: not yet resolved, 1: being resolved, 2: done
}

// genSets makes zsets_x.go from sets/x.txt.
func genSets(f facts, files map[string][]byte) error {
	byFile, err := loadSets(f)
	if err != nil {
		return err
	}
	for file, sets := range byFile {
		var b bytes.Buffer
		for _, s := range sets {
			s.print(&b)
		}
		files["zsets_"+strings.TrimSuffix(file, ".txt")+".go"] = b.Bytes()
	}
	files["zsets.go"] = listSets(byFile)
	return nil
}

// listSets makes the list of all sets.
func listSets(byFile map[string][]*set) []byte {
	var b bytes.Buffer
	b.WriteString("// sets are all sets, by file.\n")
	b.WriteString("var sets = [...]*Set{\n")
	for _, file := range slices.Sorted(maps.Keys(byFile)) {
		for _, s := range byFile[file] {
			fmt.Fprintf(&b, "&%s,\n", s.name)
		}
	}
	b.WriteString("}\n")
	return b.Bytes()
}

// loadSets reads all files of sets, and finds the members of each set.
func loadSets(f facts) (byFile map[string][]*set, err error) {
	paths, err := filepath.Glob(filepath.Join(f.dir, "sets", "*.txt"))
	if err != nil {
		return nil, err
	}
	r := resolver{uapi: f.uapi, sets: make(map[string]*set)}
	byFile = make(map[string][]*set)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		sets, err := parseSets(filepath.Base(path), data)
		if err != nil {
			return nil, err
		}
		byFile[filepath.Base(path)] = sets
		for _, s := range sets {
			if first := r.sets[s.name]; first != nil {
				return nil, fmt.Errorf("%s:%d: set %s is in %s:%d already", s.file, s.line, s.name, first.file, first.line)
			}
			r.sets[s.name] = s
		}
	}
	var errs []error
	for _, sets := range byFile {
		for _, s := range sets {
			if err := r.resolve(s); err != nil {
				errs = append(errs, fmt.Errorf("%s:%d: %s: %w", s.file, s.line, s.name, err))
			}
		}
	}
	return byFile, errors.Join(errs...)
}

// parseSets reads a file of set descriptions, see sets/README.md.
func parseSets(file string, data []byte) ([]*set, error) {
	var sets []*set
	n := 0
	for line := range bytes.Lines(data) {
		n++
		text, _, _ := strings.Cut(string(line), "#")
		f := strings.Fields(strings.NewReplacer("{", " { ", "}", " } ").Replace(text))
		if len(f) == 0 {
			continue
		}
		if text[0] == ' ' || text[0] == '\t' {
			if len(sets) == 0 {
				return nil, fmt.Errorf("%s:%d: nothing to continue", file, n)
			}
			s := sets[len(sets)-1]
			s.terms = append(s.terms, f...)
			continue
		}
		kind, wide := strings.CutSuffix(f[0], "64")
		if len(f) < 4 || kind != "enum" && f[0] != "flags" {
			return nil, fmt.Errorf("%s:%d: want enum|enum64|flags <Name> <UNKNOWN_???> <members>", file, n)
		}
		if f[2] == "-" {
			f[2] = ""
		}
		sets = append(sets, &set{file: file, line: n, kind: kind, wide: wide, name: f[1], unknown: f[2], terms: f[3:]})
	}
	return sets, nil
}

// bitPrefix marks a constant that is a bit number and is turned into a flag:
// 1<<RTC_FEATURE_ALARM.
const bitPrefix = "1<<"

// resolver finds the members of sets.
type resolver struct {
	uapi *uapi
	sets map[string]*set
}

func (r *resolver) resolve(s *set) error {
	switch s.state {
	case 1:
		return fmt.Errorf("set contains itself")
	case 2:
		return nil
	}
	s.state = 1
	var excluded []string
	for _, term := range s.terms {
		if name, ok := strings.CutPrefix(term, "-"); ok {
			excluded = append(excluded, name)
		}
	}
	excludes := func(name string) bool {
		return slices.ContainsFunc(excluded, func(p string) bool { return match(p, name) })
	}
	header := ""
	var masks values // the mask of the enclosing braces
	inMask := false
	for i := 0; i < len(s.terms); i++ {
		term := s.terms[i]
		switch {
		case term[0] == '-':
		case term[0] == '<':
			if r.uapi.consts[term] == nil {
				return fmt.Errorf("no constants of %s", term)
			}
			header = term
		case term == "}":
			if !inMask {
				return fmt.Errorf("closing brace without an opening one")
			}
			inMask = false
			masks = values{}
		case i+1 < len(s.terms) && s.terms[i+1] == "{":
			if inMask {
				return fmt.Errorf("braces within braces")
			}
			m, err := r.value(header, term)
			if err != nil {
				return err
			}
			masks, inMask = m, true
			i++
		case term[0] == '@':
			other := r.sets[term[1:]]
			if other == nil {
				return fmt.Errorf("no set %s", term[1:])
			}
			if err := r.resolve(other); err != nil {
				return fmt.Errorf("%s: %w", other.name, err)
			}
			for _, m := range other.members {
				if !excludes(m.name) {
					s.members = append(s.members, m)
				}
			}
		case strings.Contains(term, "*") || strings.Contains(term, "..."):
			pattern, isBit := strings.CutPrefix(term, bitPrefix)
			found, err := r.uapi.glob(header, pattern)
			if err != nil {
				return err
			}
			for _, c := range found {
				if isBit {
					c = c.bit()
				}
				if !excludes(c.name) {
					s.add(member{c.name, c.values, masks}, inMask, false)
				}
			}
		default:
			name, value, _ := strings.Cut(term, "=")
			v, err := r.value(header, cmp.Or(value, name))
			if err != nil {
				return err
			}
			s.add(member{name, v, masks}, inMask, true)
		}
	}
	if inMask {
		return fmt.Errorf("opening brace without a closing one")
	}
	if s.kind == "enum" {
		s.members = onlyFirst(s.members)
	}
	if len(s.members) == 0 {
		return fmt.Errorf("empty")
	}
	s.state = 2
	return nil
}

// value evaluates the name of a constant or a number.
func (r *resolver) value(header, s string) (values, error) {
	if name, isBit := strings.CutPrefix(s, bitPrefix); isBit {
		c, err := r.uapi.lookup(header, name)
		if err != nil {
			return values{}, err
		}
		return c.bit().values, nil
	}
	if s == "" {
		return values{}, fmt.Errorf("a member without a name")
	}
	if c := s[0]; '0' <= c && c <= '9' || c == '-' {
		v, err := parseValue(s)
		return everywhere(v), err
	}
	c, err := r.uapi.lookup(header, s)
	if err != nil {
		return values{}, err
	}
	return c.values, nil
}

// add adds a member to the set, unless the set already has a member with this name. A zero
// flag without a mask, if it was listed by name, stands for a word that is zero. Patterns do
// not add zero flags, or bits for which there already is a flag.
func (s *set) add(m member, masked, explicit bool) {
	if s.kind == "flags" {
		for i, v := range m.values {
			if int64(v) == int64(int32(v)) {
				m.values[i] = uint64(uint32(v)) // 1<<31 is negative in C
			}
		}
	}
	if s.kind == "flags" && !masked {
		if m.values[0] == 0 {
			if !explicit {
				return
			}
			m.masks = everywhere(math.MaxUint64)
		}
		if !explicit && slices.ContainsFunc(s.members, func(o member) bool { return o.values == m.values && o.masks == m.masks }) {
			return
		}
	}
	if s.kind == "enum" {
		m.masks = values{}
	}
	if !slices.ContainsFunc(s.members, func(o member) bool { return o.name == m.name }) {
		s.members = append(s.members, m)
	}
}

// onlyFirst drops members that are never found because an earlier member has the same values.
func onlyFirst(members []member) []member {
	seen := make(map[values]bool)
	return slices.DeleteFunc(slices.Clone(members), func(m member) bool {
		dup := seen[m.values]
		seen[m.values] = true
		return dup
	})
}

// print writes the set as Go variables: one, or two if the ABIs differ.
func (s *set) print(b *bytes.Buffer) {
	differ := slices.ContainsFunc(s.members, func(m member) bool {
		return m.values[0] != m.values[1] || m.masks[0] != m.masks[1]
	})
	var headers []string
	for _, term := range s.terms {
		if term[0] == '<' && !slices.Contains(headers, term) {
			headers = append(headers, term)
		}
	}
	from := ""
	if len(headers) > 0 {
		from = ", from " + strings.Join(headers, " ")
	}
	fmt.Fprintf(b, "// %s: %s%s.\nvar %s = Set{\n", s.name, s.unknown, from, s.name)
	if differ {
		i386 := strings.ToLower(s.name[:1]) + s.name[1:] + "I386"
		fmt.Fprintf(b, "i386: &%s,\n", i386)
		s.printBody(b, 0)
		fmt.Fprintf(b, "\nvar %s = Set{\n", i386)
		s.printBody(b, 1)
	} else {
		s.printBody(b, 0)
	}
	b.WriteString("\n")
}

func (s *set) printBody(b *bytes.Buffer, abi int) {
	fmt.Fprintf(b, "Unknown: %q,\n", s.unknown)
	members := slices.Clone(s.members)
	if s.kind == "enum" {
		b.WriteString("sorted: true,\n")
		if s.wide {
			b.WriteString("wide: true,\n")
		}
		slices.SortStableFunc(members, func(x, y member) int { return cmp.Compare(x.values[abi], y.values[abi]) })
		members = slices.CompactFunc(members, func(x, y member) bool { return x.values[abi] == y.values[abi] })
	} else {
		nonzero := 1
		for i, m := range members {
			if m.values[abi] == 0 {
				nonzero = i + 1
			}
		}
		fmt.Fprintf(b, "nonzero: %d,\n", nonzero)
	}
	b.WriteString("Consts: []Const{\n")
	for _, m := range members {
		fmt.Fprintf(b, "{Value: %#x", m.values[abi])
		if m.masks[abi] != 0 {
			fmt.Fprintf(b, ", Mask: %#x", m.masks[abi])
		}
		fmt.Fprintf(b, ", Name: %q},\n", m.name)
	}
	b.WriteString("},\n}\n")
}
