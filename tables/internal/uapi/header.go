package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// targets are the two ABIs in gcc's terms.
var targets = []struct{ flag, multiarch string }{
	{"-m64", "x86_64-linux-gnu"},
	{"-m32", "i386-linux-gnu"},
}

// preludes are headers to include before headers that cannot be compiled alone.
// The first one with which a header compiles is used.
var preludes = [][]string{
	{"linux/ioctl.h", "sys/types.h"},
	{"linux/ioctl.h", "linux/types.h"},
	{"linux/ioctl.h", "stdint.h", "stddef.h", "sys/types.h", "sys/socket.h", "netinet/in.h"},
	{"linux/ioctl.h", "stddef.h", "sys/types.h", "sys/socket.h", "linux/if.h"},
	{"linux/ioctl.h", "linux/types.h", "signal.h"},
	{"linux/ioctl.h", "stdint.h", "sys/types.h", "time.h"},
}

// companions are headers whose types or constants a header's own macros use
// without including them.
var companions = map[string][]string{
	"linux/fs.h":          {"linux/fiemap.h", "linux/blktrace_api.h"},
	"linux/ivtvfb.h":      {"linux/videodev2.h"},
	"linux/raid/md_u.h":   {"linux/major.h", "linux/raid/md_p.h"},
	"linux/sonet.h":       {"linux/atmioc.h"},
	"misc/xilinx_sdfec.h": {"stdbool.h"},
	"scsi/scsi_ioctl.h":   {"stddef.h"},
	"scsi/sg.h":           {"stddef.h"},
}

// typedefs are types that the kernel's headers take from elsewhere.
var typedefs = map[string]string{
	"xen": "typedef unsigned short domid_t; typedef unsigned int grant_ref_t;\n",
}

// collectHeader returns the integer constants that one header defines: those of
// both ABIs in x86-64's order, followed by those of i386 only.
func collectHeader(include, header string) ([]named, error) {
	dir, err := os.MkdirTemp("", "uapi")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var all []named
	index := make(map[string]int)
	var firstErr error
	for t := range targets {
		cc := compiler{dir: dir, include: include, header: header, target: t}
		names, err := cc.names()
		if err == nil && len(names) > 0 {
			err = cc.evaluate(names, func(name, value string, ioc bool) {
				i, ok := index[name]
				if !ok {
					i = len(all)
					index[name] = i
					all = append(all, named{name: name})
				}
				all[i].values[t] = value
				all[i].ioc = all[i].ioc || ioc
			})
		}
		if err != nil && firstErr == nil {
			firstErr = fmt.Errorf("%s: %w", targets[t].flag, err)
		}
	}
	return all, firstErr
}

// compiler runs gcc for one header and one target.
type compiler struct {
	dir, include, header string
	target               int
	prelude              []string
}

// names lists the header's constants under the first prelude with which it
// compiles. If none does, the error is that of the first one.
func (c *compiler) names() ([]string, error) {
	var firstErr error
	for _, c.prelude = range preludes {
		names, err := c.candidates()
		if err == nil {
			names, err = c.valid(names)
		}
		if err == nil {
			return names, nil
		}
		if firstErr == nil {
			firstErr = err
		}
	}
	return nil, firstErr
}

// run compiles source and returns gcc's output and messages.
func (c compiler) run(source string, args ...string) (stdout, stderr []byte, err error) {
	t := targets[c.target]
	args = append([]string{t.flag, "-w", "-x", "c", "-I", c.include, "-I", filepath.Join(c.include, t.multiarch)}, args...)
	cmd := exec.Command("gcc", append(args, "-")...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Dir = c.dir
	cmd.Stdin = strings.NewReader(source)
	var out, msg bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &msg
	err = cmd.Run()
	return out.Bytes(), msg.Bytes(), err
}

func (c compiler) includes() string {
	top, _, _ := strings.Cut(c.header, "/")
	s := typedefs[top]
	for _, header := range slices.Concat(c.prelude, companions[c.header], []string{c.header}) {
		s += "#include <" + header + ">\n"
	}
	return s
}

var (
	marker     = regexp.MustCompile(`^# \d+ "([^"]*)"`)
	define     = regexp.MustCompile(`^#define ([A-Za-z_]\w*) (.+)$`)
	undef      = regexp.MustCompile(`^#undef ([A-Za-z_]\w*)`)
	enumBody   = regexp.MustCompile(`\benum\b[^{};()]*\{([^}]*)\}`)
	enumerator = regexp.MustCompile(`(?:^|,)\s*([A-Za-z_]\w*)`)
	parens     = regexp.MustCompile(`\([^()]*\)`)
)

// candidates lists the object-like macros and enumerators that the header
// itself defines, in its order.
func (c compiler) candidates() ([]string, error) {
	out, msg, err := c.run(c.includes(), "-E", "-dD")
	if err != nil {
		return nil, fmt.Errorf("preprocess: %s", firstError(msg))
	}
	var names []string
	at := make(map[string]int) // position in names
	add := func(name string) {
		if _, dup := at[name]; !dup {
			at[name] = len(names)
			names = append(names, name)
		}
	}
	var text strings.Builder // C code since the last macro
	flush := func() {
		// An enum with macros between its enumerators is completed first.
		s := text.String()
		if strings.Count(s, "{") > strings.Count(s, "}") {
			return
		}
		text.Reset()
		for _, m := range enumBody.FindAllStringSubmatch(s, -1) {
			body := m[1]
			for old := ""; old != body; {
				old, body = body, parens.ReplaceAllString(body, "")
			}
			for _, e := range enumerator.FindAllStringSubmatch(body, -1) {
				add(e[1])
			}
		}
	}
	own := false
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, "\n")
		if m := marker.FindStringSubmatch(line); m != nil {
			own = m[1] == filepath.Join(c.include, c.header) ||
				m[1] == filepath.Join(c.include, targets[c.target].multiarch, c.header) ||
				m[1] == filepath.Join(libcInclude, c.header)
			continue
		}
		if !own {
			continue
		}
		if m := define.FindStringSubmatch(line); m != nil {
			flush()
			add(m[1])
		} else if m := undef.FindStringSubmatch(line); m != nil {
			if i, ok := at[m[1]]; ok {
				names[i] = ""
				delete(at, m[1])
			}
		} else if !strings.HasPrefix(line, "#") {
			text.WriteString(line + "\n")
		}
	}
	flush()
	kept := names[:0]
	for _, name := range names {
		if name != "" {
			kept = append(kept, name)
		}
	}
	return kept, nil
}

// expand returns the macro expansion of each name. With mark, _IOC is replaced
// by mark.
func (c compiler) expand(names []string, mark string) ([]string, error) {
	var src strings.Builder
	src.WriteString(c.includes())
	if mark != "" {
		src.WriteString("#undef _IOC\n#define _IOC(d, t, n, s) " + mark + "\n")
	}
	for _, name := range names {
		src.WriteString("candidate: " + name + "\n")
	}
	out, msg, err := c.run(src.String(), "-E", "-P")
	if err != nil {
		return nil, fmt.Errorf("preprocess: %s", firstError(msg))
	}
	var expansions []string
	for line := range strings.Lines(string(out)) {
		if text, ok := strings.CutPrefix(line, "candidate:"); ok {
			expansions = append(expansions, strings.TrimSpace(text))
		}
	}
	if len(expansions) != len(names) {
		return nil, fmt.Errorf("%d expansions of %d names", len(expansions), len(names))
	}
	return expansions, nil
}

var complaint = regexp.MustCompile(`(?m)^candidate:(\d+):.* error: `)

// valid drops names that are not integer constant expressions.
func (c compiler) valid(names []string) ([]string, error) {
	for {
		expansions, err := c.expand(names, "")
		if err != nil {
			return nil, err
		}
		var src strings.Builder
		src.WriteString(c.includes())
		for i := range names {
			fmt.Fprintf(&src, "#line %d \"candidate\"\nenum { v%d = (long long)(%s) };\n", i+1, i, expansions[i])
		}
		_, msg, err := c.run(src.String(), "-fsyntax-only", "-fmax-errors=0")
		if err == nil {
			return names, nil
		}
		bad := make(map[int]bool)
		for _, m := range complaint.FindAllSubmatch(msg, -1) {
			n, _ := strconv.Atoi(string(m[1]))
			bad[n-1] = true
		}
		if len(bad) == 0 {
			return nil, fmt.Errorf("compile: %s", firstError(msg))
		}
		var good []string
		for i, name := range names {
			if !bad[i] {
				good = append(good, name)
			}
		}
		names = good
	}
}

// evaluate calls f with the value of each constant, and whether it is made
// with _IOC. The values are read from an object file, not printed by a program:
// not every kernel that can compile for i386 runs i386 programs.
func (c compiler) evaluate(names []string, f func(name, value string, ioc bool)) error {
	var values, negative strings.Builder
	for _, name := range names {
		fmt.Fprintf(&values, "(long long)(%s),\n", name)
		fmt.Fprintf(&negative, "(%s) < 0,\n", name)
	}
	source := fmt.Sprintf("%sconst long long uapi_values[] = {\n%s};\nconst char uapi_negative[] = {\n%s};\n", c.includes(), &values, &negative)
	object := filepath.Join(c.dir, "values"+targets[c.target].flag)
	if _, msg, err := c.run(source, "-c", "-o", object); err != nil {
		return fmt.Errorf("compile: %s", firstError(msg))
	}
	numbers := make([]uint64, len(names))
	signs := make([]bool, len(names))
	if err := readVariables(object, map[string]any{"uapi_values": numbers, "uapi_negative": signs}); err != nil {
		return err
	}

	const mark = "made_by_IOC"
	expansions, err := c.expand(names, mark)
	if err != nil {
		return err
	}
	for i, name := range names {
		value := fmt.Sprintf("%#x", numbers[i])
		if signs[i] || numbers[i] == 0 {
			value = strconv.FormatInt(int64(numbers[i]), 10)
		}
		f(name, value, strings.Contains(expansions[i], mark))
	}
	return nil
}

// readVariables fills slices with the bytes of an object file's variables, as
// binary.Read does.
func readVariables(object string, into map[string]any) error {
	f, err := elf.Open(object)
	if err != nil {
		return err
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		return err
	}
	for _, symbol := range symbols {
		slice, wanted := into[symbol.Name]
		if !wanted || int(symbol.Section) >= len(f.Sections) {
			continue
		}
		section := io.NewSectionReader(f.Sections[symbol.Section], int64(symbol.Value), int64(symbol.Size))
		if err := binary.Read(section, f.ByteOrder, slice); err != nil {
			return fmt.Errorf("%s: %w", symbol.Name, err)
		}
		delete(into, symbol.Name)
	}
	if len(into) > 0 {
		return fmt.Errorf("%s lacks %d variables", object, len(into))
	}
	return nil
}

func firstError(messages []byte) string {
	for line := range strings.Lines(string(messages)) {
		if strings.Contains(line, "error:") {
			return strings.TrimSpace(line)
		}
	}
	return strings.TrimSpace(string(messages))
}
