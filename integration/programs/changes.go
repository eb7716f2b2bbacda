package programs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// change is a change to a source file for a program of the tests. It must be possible in
// exactly one place.
type change struct{ file, from, to string }

// Buffering is Trapline with --buffered=always wherever that is possible, without a
// message where it is not, and from the third call of a process on, because test programs
// are short.
var Buffering = Program{Name: "buffering/trapline", GOARCH: "amd64", source: Trapline.source, changes: []change{
	{"tracer/buffered.go", "lazyStops  = 30", "lazyStops  = 2"},
	{"trace/buffered.go", "if s.o.Debug || s.o.Buffered == BufferAlways {", "if s.o.Debug {"},
	{"cmd/trapline/config.go", "func (c *config) settleBuffered() {\n", `func (c *config) settleBuffered() {
	if c.Buffered == trace.BufferNever && c.daemon == notDaemon && !c.attaches() {
		if c.Buffered = trace.BufferAlways; c.Unbuffered() != "" {
			c.Buffered = trace.BufferNever
		}
	}
`},
}}

// overlay returns the flags of go build for changed source files, which are put beside
// the program.
func overlay(program string, changes []change) (flags []string, err error) {
	if len(changes) == 0 {
		return nil, nil
	}
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(filepath.Dir(program), "changed")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	var files struct{ Replace map[string]string }
	files.Replace = make(map[string]string)
	for i, c := range changes {
		path := filepath.Join(root, c.file)
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if n := strings.Count(string(text), c.from); n != 1 {
			return nil, fmt.Errorf("%s has %q in %d places", path, c.from, n)
		}
		changed := filepath.Join(dir, fmt.Sprintf("%d.go", i))
		files.Replace[path] = changed
		if err := os.WriteFile(changed, []byte(strings.Replace(string(text), c.from, c.to, 1)), 0o666); err != nil {
			return nil, err
		}
	}
	list, err := json.Marshal(files)
	if err != nil {
		return nil, err
	}
	name := filepath.Join(dir, "overlay.json")
	return []string{"-overlay", name}, os.WriteFile(name, list, 0o666)
}
