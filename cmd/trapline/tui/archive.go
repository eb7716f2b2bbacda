//go:build linux && amd64

package tui

import (
	"context"
	"sort"
	"sync"
	"time"

	"trapline/trace"
	"trapline/trace/recording"
)

// archive is a Store of a recording. It keeps a few pages of records in memory, and reads
// the others again when they are needed. The index alone tells how many records an event
// has: the entry of a call and the end of a trace have none, the end of a thread has two
// (the call that it was in, and how it ended), and all other events have one. So the
// position of a record determines its page.
type archive struct {
	r       *recording.Reader
	options trace.Options
	pages   []page
	rows    int
	sparse  bool
	survey  *survey

	mu     sync.Mutex
	leaves map[int]*leaf // by number of the page
	clock  int
	failed error
}

// page is a run of blocks.
type page struct {
	first, count int // blocks
	row          int // position of its first record
}

// leaf is a page in memory.
type leaf struct {
	once    sync.Once
	used    int  // archive.clock at the last use
	wanted  bool // somebody has asked for it: it was not read in advance
	records *memory
	rows    []int32         // positions in records, or notShown
	about   map[int]*Record // for rows without a record: what is known of the event
	before  map[int]string  // text of further records of the event
	tgids   map[int]int     // process id of each thread
}

const (
	notShown = -1
	// pageEvents is the least number of events of a page, unless it is the last one: about
	// half of them are records.
	pageEvents = 4096
	// maxLeaves is how many pages are in memory.
	maxLeaves = 16
)

// rowsOf is the number of records of an event.
func rowsOf(k recording.Kind) int {
	switch k {
	case recording.Enter, recording.Detached:
		return 0
	case recording.Exited, recording.Killed:
		return 2
	}
	return 1
}

// newArchive makes a Store of the recording of options, in pages of so many events.
func newArchive(o *trace.Options, pageEvents int) *archive {
	a := &archive{r: o.From, options: *o, leaves: make(map[int]*leaf)}
	a.sparse = o.Calls != nil || o.Statuses != nil || o.Errnos != nil || o.Signals != nil || len(o.Paths) > 0 ||
		o.Descriptors != nil || len(o.Where) > 0 || o.Quiet&trace.QuietExit != 0
	a.options.Name = ""
	a.survey = newSurvey(a.r)
	a.divide(a.survey.threads, pageEvents)
	go a.survey.run()
	return a
}

// suits reports whether records can be decoded one by one under these options, that is,
// whether a record does not depend on those shown before it.
func suits(o *trace.Options) bool {
	return o.From != nil && o.StartOn == nil && o.StopOn == nil && o.StopAfter == 0 && o.StopSize == 0 &&
		o.Limit == 0 && o.Keep == 0
}

// divide makes the pages. threads are the events of threads, in order.
func (a *archive) divide(threads []recording.ThreadEvent, pageEvents int) {
	blocks := a.r.Blocks()
	for b := 0; b < len(blocks); {
		p := page{first: b, row: a.rows}
		for events := 0; b < len(blocks) && events < pageEvents; b++ {
			events += blocks[b].Events
			a.rows += blocks[b].Events - blocks[b].Calls
			p.count++
		}
		end := blocks[b-1].FirstEvent + uint64(blocks[b-1].Events)
		for ; len(threads) > 0 && threads[0].Number < end; threads = threads[1:] {
			a.rows += rowsOf(threads[0].Kind) - 1
		}
		a.pages = append(a.pages, p)
	}
}

// leaf returns a page. When pages are read in order, in either direction, it reads the
// next one in advance.
func (a *archive) leaf(n int) *leaf {
	a.mu.Lock()
	l := a.enter(n)
	next := -1
	if !l.wanted {
		l.wanted = true
		switch {
		case a.leaves[n-1] != nil && n+1 < len(a.pages):
			next = n + 1
		case a.leaves[n+1] != nil:
			next = n - 1
		}
	}
	if next >= 0 && a.leaves[next] == nil {
		ahead := a.enter(next)
		go a.read(ahead, next)
	}
	a.mu.Unlock()
	a.read(l, n)
	return l
}

// enter returns the entry of a page, which it adds if it is missing. The lock is held.
func (a *archive) enter(n int) *leaf {
	l := a.leaves[n]
	if l == nil {
		l = new(leaf)
		a.leaves[n] = l
		if len(a.leaves) > maxLeaves {
			a.drop(n)
		}
	}
	a.clock++
	l.used = a.clock
	return l
}

// read reads a page, or waits until another goroutine has done so.
func (a *archive) read(l *leaf, n int) {
	l.once.Do(func() {
		if err := a.load(l, &a.pages[n]); err != nil {
			a.mu.Lock()
			a.failed = err
			a.mu.Unlock()
		}
	})
}

// drop forgets the least recently used page other than page n. The lock is held.
func (a *archive) drop(n int) {
	oldest := -1
	for i, l := range a.leaves {
		if i != n && (oldest < 0 || l.used < a.leaves[oldest].used) {
			oldest = i
		}
	}
	delete(a.leaves, oldest)
}

// load reads a page.
func (a *archive) load(l *leaf, p *page) error {
	l.records, l.about, l.before, l.tgids = newMemory(), map[int]*Record{}, map[int]string{}, map[int]int{}
	begin := a.r.Blocks()[p.first].FirstEvent
	var last *recording.Event // the previous one of the page
	event := recording.Event{}
	o := a.options
	(&collector{store: l.records, tgids: l.tgids}).attach(&o)
	o.Part = &trace.Part{First: p.first, Count: p.count, Each: func(ev *recording.Event, h *recording.Host) {
		if last != nil {
			l.put(last)
		} else {
			l.skip()
		}
		if last = nil; ev == nil {
			return
		}
		if _, known := l.tgids[ev.TID]; !known || ev.Kind == recording.Created {
			if id, ok := h.Identity(h.Process(ev.TID)); ok {
				l.tgids[ev.TID] = id.TGID
			}
		}
		if ev.Number >= begin {
			event = recording.Event{Kind: ev.Kind, TID: ev.TID, Time: ev.Time}
			last = &event
		}
	}}
	return trace.Replay(context.Background(), a.r, o)
}

// skip leaves out the records since the last event.
func (l *leaf) skip() { l.records.seen = l.records.Len() }

// put assigns rows to the records since the last event.
func (l *leaf) put(ev *recording.Event) {
	from, n := l.records.seen, l.records.Len()
	l.records.seen = n
	want := rowsOf(ev.Kind)
	if want == 0 {
		return
	}
	for ; n-from > want; from++ {
		l.before[len(l.rows)] += l.records.Record(from).Text + "\n"
	}
	for ; want > n-from; want-- {
		l.about[len(l.rows)] = &Record{TID: ev.TID, Process: l.processOf(ev.TID), Time: ev.Time, Signal: -1, Code: -1}
		l.rows = append(l.rows, notShown)
	}
	for ; from < n; from++ {
		l.rows = append(l.rows, int32(from))
	}
}

func (l *leaf) processOf(tid int) int {
	if id := l.tgids[tid]; id != 0 {
		return id
	}
	return tid
}

// Len implements Store.
func (a *archive) Len() int { return a.rows }

// Sparse implements Store.
func (a *archive) Sparse() bool { return a.sparse }

// Record implements Store.
func (a *archive) Record(i int) *Record {
	n := sort.Search(len(a.pages), func(n int) bool { return a.pages[n].row > i }) - 1
	l := a.leaf(n)
	row := i - a.pages[n].row
	if row >= len(l.rows) { // the recording is damaged here
		return &Record{Time: a.r.Blocks()[a.pages[n].first].Start, Signal: -1, Code: -1}
	}
	if l.rows[row] == notShown {
		return l.about[row]
	}
	r := l.records.Record(int(l.rows[row]))
	if before := l.before[row]; before != "" {
		r.Text = before + r.Text
	}
	return r
}

// Processes implements Store.
func (a *archive) Processes() []Process { return a.survey.list() }

// Process implements Store.
func (a *archive) Process(tid int) *Process { return a.survey.process(tid) }

// Span implements Store.
func (a *archive) Span() (first, last time.Time) { return a.r.Start(), a.r.End() }

// Done implements Store.
func (a *archive) Done() bool { return true }

// Reading implements Store.
func (a *archive) Reading() (part float64, busy bool) { return a.survey.progress() }

// close stops reading, and returns the first read error.
func (a *archive) close() error {
	a.survey.stop.Store(true)
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failed
}
