//go:build linux && amd64

package report

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/trace"
)

// how says how a file was used: a set of bits.
type how uint16

const (
	howRead how = 1 << iota
	howWritten
	howCreated
	howRemoved
	howRenamed
	howReplaced
	howExecuted
	howMapped
	howEntered
	howChanged
	howAsked // only shown alone
	howMissing
)

var howNames = [...]string{
	"read", "written", "created", "removed", "renamed", "replaced", "executed", "mapped", "entered", "changed", "asked", "missing",
}

// names are the words for it.
func (h how) names() (names []string) {
	if h != howAsked {
		h &^= howAsked
	}
	for i, name := range howNames {
		if h>>i&1 != 0 {
			names = append(names, name)
		}
	}
	return names
}

// filesReport is the report of files.
type filesReport struct {
	files map[string]*file
	order []entry // files and searches, in the order of their first use
}

// entry is a row of the report: a file, or a search for a file that was not at the first
// places where the process looked.
type entry struct {
	file   *file
	search *search
}

// file is what is known of a file.
type file struct {
	path          string
	how           how
	first         time.Time
	calls         int
	errors        map[unix.Errno]int // nil if there are none
	read, written uint64             // bytes
	spent         time.Duration
	renames       []rename
	by            []*fileUser // in the order of their first use
	last          *trace.Call // the last call that was counted
	listed        bool        // it has an entry
}

// rename is a new name of a file, or an old one.
type rename struct {
	other string
	to    bool // other is the new name
}

// fileUser is a process that uses a file.
type fileUser struct {
	process *process
	program string // program that it ran then
	how     how
	calls   int
}

// search is a search for a file at places where it does not exist.
type search struct {
	tried   []*file
	found   []string // where it was found afterwards: a link and its target, or other places at other times
	process *process
	last    int // lookup count of the process at its last lookup for this
}

func newFiles(*Set) view {
	r := &filesReport{files: make(map[string]*file)}
	return view{exit: r.exit, text: r.text, json: r.json}
}

// exit counts a call.
func (r *filesReport) exit(c *trace.Call, p *process) {
	renames := renamed(c)
	for i := range c.Files {
		u := &c.Files[i]
		if u.Path == "" || u.Path[0] != '/' || u.Use&trace.UseDir != 0 {
			continue
		}
		if u.FD >= 0 && u.Use&trace.UseNewFD != 0 {
			continue // it was counted by its name, or is another descriptor of the same file
		}
		f := r.file(u.Path, c.Time)
		h := howOf(c, u)
		switch {
		case c.Errno == unix.ENOENT && u.FD < 0:
			r.missed(f, u, p)
		case c.Errno != 0:
			h &= howAsked
		default:
			if i < len(renames) && renames[i] != 0 {
				h = h&^howRemoved | renames[i]
				f.noteRename(c, i)
			}
			if u.FD < 0 {
				r.found(f, u, p)
			}
		}
		r.count(f, c, p, u, h)
	}
}

// file finds or makes the record of a file.
func (r *filesReport) file(name string, at time.Time) *file {
	f := r.files[name]
	if f == nil {
		f = &file{path: name, first: at}
		r.files[name] = f
	}
	if at.Before(f.first) { // the older trace is merged later
		f.first = at
	}
	return f
}

// count adds a call to a file.
func (r *filesReport) count(f *file, c *trace.Call, p *process, u *trace.FileUse, h how) {
	f.how |= h
	if !f.listed && h&howMissing == 0 {
		f.listed = true
		r.order = append(r.order, entry{file: f})
	}
	switch {
	case u.Use&trace.UseRead != 0:
		f.read += u.Bytes
	case u.Use&trace.UseWritten != 0:
		f.written += u.Bytes
	}
	by := f.user(p)
	by.how |= h
	if f.last == c {
		return // the call uses it twice
	}
	f.last = c
	f.calls++
	by.calls++
	f.spent += c.Duration
	if c.Errno != 0 {
		if f.errors == nil {
			f.errors = make(map[unix.Errno]int)
		}
		f.errors[c.Errno]++
	}
}

func (f *file) user(p *process) *fileUser {
	name := p.name()
	for i := len(f.by) - 1; i >= 0; i-- {
		if f.by[i].process == p && f.by[i].program == name {
			return f.by[i]
		}
	}
	u := &fileUser{process: p, program: name}
	f.by = append(f.by, u)
	return u
}

// howOf translates what the description says about a call's use of a file.
func howOf(c *trace.Call, u *trace.FileUse) (h how) {
	for _, bit := range [...]struct {
		use trace.Use
		how how
	}{
		{trace.UseRead, howRead}, {trace.UseWritten, howWritten}, {trace.UseRun, howExecuted}, {trace.UseMapped, howMapped},
		{trace.UseEntered, howEntered}, {trace.UseChanged, howChanged},
	} {
		if u.Use&bit.use != 0 {
			h |= bit.how
		}
	}
	entry, isNew := u.Use&trace.UseEntry != 0, u.Use&trace.UseNew != 0
	switch {
	case c.Errno == unix.ENOENT && u.FD < 0:
		return howMissing
	case entry && !isNew:
		h |= howRemoved
	case isNew && u.Existed == trace.DidNotExist, entry && u.Existed == trace.ExistenceUnknown:
		h |= howCreated
	case entry && isNew:
		h |= howReplaced
	}
	if h == 0 {
		h = howAsked
	}
	return h
}

// renamed says which files of a call are renamed: if the call removes one name and makes
// another, or removes two names, which means that it exchanges them.
func renamed(c *trace.Call) (h [8]how) {
	old, entries := -1, 0
	for i := range c.Files {
		if c.Files[i].Use&trace.UseEntry == 0 || i >= len(h) {
			continue
		}
		entries++
		if old < 0 && c.Files[i].Use&trace.UseNew == 0 {
			old = i
		} else if old >= 0 {
			h[old], h[i] = howRenamed, howRenamed
		}
	}
	return h
}

// noteRename notes the other name of a file that was renamed.
func (f *file) noteRename(c *trace.Call, i int) {
	for j := range c.Files {
		if other := &c.Files[j]; j != i && other.Use&trace.UseEntry != 0 {
			r := rename{other.Path, j > i}
			if !slices.Contains(f.renames, r) {
				f.renames = append(f.renames, r)
			}
		}
	}
}

// A search has found the file if the process finds a file of the same name in another
// directory within this many lookups by name.
const searchLength = 24

// sought is the name, without a directory, that the process looks for. If there is a
// symbolic link, the file's own name differs.
func sought(f *file, u *trace.FileUse) string {
	if name := path.Base(u.Name); u.Name != "" && name != "." && name != ".." && name != "/" {
		return name
	}
	return path.Base(f.path)
}

// missed notes that a process has looked for a file in vain.
func (r *filesReport) missed(f *file, u *trace.FileUse, p *process) {
	p.lookups++
	base := sought(f, u)
	s := p.searches[base]
	if s == nil || p.lookups-s.last > searchLength {
		s = &search{process: p}
		r.order = append(r.order, entry{search: s})
		if p.searches == nil {
			p.searches = make(map[string]*search)
		}
		p.searches[base] = s
	}
	s.last = p.lookups
	if !slices.Contains(s.tried, f) {
		s.tried = append(s.tried, f)
	}
}

// found notes that a process has found a file.
func (r *filesReport) found(f *file, u *trace.FileUse, p *process) {
	p.lookups++
	base := sought(f, u)
	s := p.searches[base]
	if s == nil {
		return
	}
	delete(p.searches, base)
	if p.lookups-s.last <= searchLength && !slices.Contains(s.tried, f) {
		s.found = append(s.found, f.path)
	}
}

// entries are the rows to show. Searches for the same file in the same places are one row,
// with all places where it was found: some calls find a symbolic link where others find
// its target. Unsuccessful searches have a row of their own. A search is not shown if the
// file that it missed is shown and was not found elsewhere.
func (r *filesReport) entries() (shownOnes []entry) {
	seen := make(map[string]*search)
	for _, e := range r.order {
		if e.search == nil {
			shownOnes = append(shownOnes, e)
			continue
		}
		s := *e.search
		s.found = slices.Clone(s.found)
		if len(s.found) == 0 {
			s.tried = slices.DeleteFunc(slices.Clone(s.tried), func(f *file) bool { return f.listed })
		}
		if len(s.tried) == 0 {
			continue
		}
		names := make([]string, 0, len(s.tried)+1)
		for _, f := range s.tried {
			names = append(names, f.path)
		}
		if len(s.found) > 0 {
			names = append(names, "")
		}
		key := strings.Join(names, "\x00")
		if same := seen[key]; same != nil {
			for _, name := range s.found {
				if !slices.Contains(same.found, name) {
					same.found = append(same.found, name)
				}
			}
			continue
		}
		seen[key] = &s
		shownOnes = append(shownOnes, entry{search: &s})
	}
	return shownOnes
}

func (r *filesReport) text(w *writer) {
	rows := [][]string{{"read", "written", "calls", "errors", "time", "use", "by", "file"}}
	for _, e := range r.entries() {
		if e.search != nil {
			rows = append(rows, e.search.row())
		} else {
			rows = append(rows, e.file.row())
		}
	}
	w.table(rows, 5)
}

// row is the row of a file.
func (f *file) row() []string {
	name := shown(f.path)
	for _, other := range f.renames {
		if other.to {
			name += " -> " + shown(other.other)
		} else {
			name += " <- " + shown(other.other)
		}
	}
	return []string{
		size(f.read), size(f.written), strconv.Itoa(f.calls), strconv.Itoa(f.failed()), seconds(f.spent),
		strings.Join((f.how &^ howMissing).names(), ","), users(f.by), name,
	}
}

// row is the row of a search.
func (s *search) row() []string {
	calls, spent := 0, time.Duration(0)
	var by []*fileUser
	for _, f := range s.tried {
		calls, spent = calls+f.calls, spent+f.spent
		by = append(by, f.by...)
	}
	name := shown(s.tried[0].path)
	switch n := len(s.tried); {
	case n == 2:
		name += " and " + shown(s.tried[1].path)
	case n > 2:
		var dirs []string
		for _, f := range s.tried[1:] {
			dirs = append(dirs, shown(path.Dir(f.path)))
		}
		name += " and in " + few(dirs, 3)
	}
	if len(s.found) > 0 {
		var places []string
		for _, place := range s.found {
			places = append(places, shown(place))
		}
		name += ", then found at " + strings.Join(places, " and ")
	}
	return []string{"0", "0", strconv.Itoa(calls), strconv.Itoa(calls), seconds(spent), "missing", users(by), name}
}

// users names the programs that have used a file.
func users(by []*fileUser) string {
	var names []string
	for _, u := range by {
		if n := shown(u.program); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return few(names, 2)
}

func (f *file) failed() (n int) {
	for _, count := range f.errors {
		n += count
	}
	return n
}

func (r *filesReport) json(w *writer) {
	for _, e := range r.entries() {
		if s := e.search; s != nil {
			w.record("file_search")
			w.open("tried", '[')
			for _, f := range s.tried {
				w.open("", '{')
				f.members(w)
				w.close('}')
			}
			w.close(']')
			if len(s.found) > 0 {
				w.text("found", s.found[0])
			}
			if len(s.found) > 1 {
				w.texts("also_found", s.found[1:])
			}
			w.end()
			continue
		}
		w.record("file")
		e.file.members(w)
		w.end()
	}
}

// members writes what is known of a file.
func (f *file) members(w *writer) {
	w.text("path", f.path)
	w.words("use", f.how.names())
	w.number("calls", int64(f.calls))
	if len(f.errors) > 0 {
		w.open("errors", '{')
		for _, errno := range sortedErrors(f.errors) {
			w.number(tables.ErrnoName(uint32(errno)), int64(f.errors[errno]))
		}
		w.close('}')
	}
	w.number("bytes_read", int64(f.read))
	w.number("bytes_written", int64(f.written))
	w.number("duration_ns", int64(f.spent))
	w.instant("first_ns", f.first)
	if len(f.renames) > 0 {
		w.open("renames", '[')
		for _, other := range f.renames {
			w.open("", '{')
			key := "from"
			if other.to {
				key = "to"
			}
			w.text(key, other.other)
			w.close('}')
		}
		w.close(']')
	}
	w.open("by", '[')
	for _, u := range f.by {
		w.open("", '{')
		w.number("pid", int64(u.process.pid))
		w.text("program", u.program)
		w.words("use", u.how.names())
		w.number("calls", int64(u.calls))
		w.close('}')
	}
	w.close(']')
}

func sortedErrors(errors map[unix.Errno]int) (sorted []unix.Errno) {
	for errno := range errors {
		sorted = append(sorted, errno)
	}
	slices.Sort(sorted)
	return sorted
}
