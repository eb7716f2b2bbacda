//go:build linux && amd64

package unwind

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"
)

func TestLEB128(t *testing.T) {
	// DWARF 5, tables 7.4 and 7.5 of appendix C, and beyond.
	for _, tt := range []struct {
		b        string
		unsigned uint64
		signed   int64
	}{
		{"\x02", 2, 2},
		{"\x7f", 127, -1},
		{"\x80\x01", 128, 128},
		{"\x81\x7f", 128*127 + 1, -127},
		{"\x80\x7f", 128 * 127, -128},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 1<<64 - 1, -1},
		{"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 0, 0},
	} {
		u, s := cursor{b: []byte(tt.b)}, cursor{b: []byte(tt.b)}
		if v := u.uleb(); v != tt.unsigned || u.bad || len(u.b) > 0 {
			t.Errorf("%x: %d, want %d", tt.b, v, tt.unsigned)
		}
		if v := s.sleb(); v != tt.signed || s.bad || len(s.b) > 0 {
			t.Errorf("%x: %d, want %d", tt.b, v, tt.signed)
		}
	}
	c := cursor{b: []byte{0x80}}
	if c.uleb(); !c.bad {
		t.Error("a number without an end is accepted")
	}
}

func TestPointers(t *testing.T) {
	for _, tt := range []struct {
		encoding uint8
		b        []byte
		word     int
		want     uint64
	}{
		{encAbsolute, []byte{1, 2, 3, 4, 5, 6, 7, 8}, 8, 0x0807060504030201},
		{encAbsolute, []byte{1, 2, 3, 4}, 4, 0x04030201},
		{encU2, []byte{1, 2}, 8, 0x0201},
		{encS2, []byte{0xff, 0xff}, 8, 1<<64 - 1},
		{encS2 | encPCRelative, []byte{0xfe, 0xff}, 4, 0xffe},
		{encS4 | encDataRelative, []byte{0xff, 0xff, 0xff, 0xff}, 8, 0x1fff},
		{encULEB, []byte{0x80, 1}, 8, 128},
		{encS4 | encPCRelative, []byte{0, 0, 0, 0x80}, 4, 0x80001000},
	} {
		c := cursor{b: tt.b, addr: 0x1000, word: tt.word}
		if v := c.pointer(tt.encoding, 0x2000); v != tt.want || c.bad {
			t.Errorf("%#x %x: %#x, want %#x", tt.encoding, tt.b, v, tt.want)
		}
	}
	for _, encoding := range []uint8{0x05, 0x20, 0x40, encOmitted} {
		c := cursor{b: make([]byte, 16), word: 8}
		if c.pointer(encoding, 0); !c.bad {
			t.Errorf("encoding %#x is accepted", encoding)
		}
	}
}

// The rows of a typical function, with a return in the middle.
func TestRows(t *testing.T) {
	s := frames(
		cfaAdvanceLoc|1, cfaDefCFAOffset, 16, cfaOffset|6, 2,
		cfaAdvanceLoc|3, cfaDefCFARegister, 6,
		cfaAdvanceLoc1, 0x20, cfaRememberState, cfaRestore|6, cfaDefCFA, 7, 8,
		cfaAdvanceLoc2, 1, 0, cfaRestoreState,
		cfaAdvanceLoc4, 1, 0, 0, 0, cfaOffsetExtended, 3, 3, cfaOffsetExtendedSF, 12, 0x7c, cfaRegister, 13, 1, cfaUndefined, 14, cfaSameValue, 15,
		cfaAdvanceLoc|1, cfaValOffset, 3, 1, cfaValOffsetSF, 12, 0x7f, cfaExpression, 13, 2, opBreg0+7, 8, cfaValExpression, 14, 1, opLit0, cfaGNUArgsSize, 99,
		cfaAdvanceLoc|1, cfaDefCFASF, 5, 0x7e, cfaGNUNegativeOffsetExtended, 3, 2, cfaRestoreExtended, 12, cfaOffset|32, 9,
		cfaAdvanceLoc|1, cfaDefCFAOffsetSF, 0x7f, cfaDefCFAExpression, 1, opLit0,
		cfaNop, cfaNop,
	)
	ra := rule{kind: savedAt, n: -8}
	rbp := rule{kind: savedAt, n: -16}
	for _, tt := range []struct {
		pc       uint64
		register uint64
		offset   int64
		expr     string
		rules    map[int]rule
	}{
		{0x1000, 7, 8, "", map[int]rule{16: ra}},
		{0x1001, 7, 16, "", map[int]rule{16: ra, 6: rbp}},
		{0x1003, 7, 16, "", map[int]rule{16: ra, 6: rbp}},
		{0x1004, 6, 16, "", map[int]rule{16: ra, 6: rbp}},
		{0x1024, 7, 8, "", map[int]rule{16: ra}},
		{0x1025, 6, 16, "", map[int]rule{16: ra, 6: rbp}},
		{0x1026, 6, 16, "", map[int]rule{
			16: ra, 6: rbp, 3: {kind: savedAt, n: -24}, 12: {kind: savedAt, n: 32}, 13: {kind: inRegister, n: 1}, 14: {kind: undefined}, 15: {kind: sameValue},
		}},
		{0x1027, 6, 16, "", map[int]rule{
			16: ra, 6: rbp, 3: {kind: isOffset, n: -8}, 12: {kind: isOffset, n: 8}, 13: {kind: savedAtResult, expr: []byte{opBreg0 + 7, 8}},
			14: {kind: isResult, expr: []byte{opLit0}}, 15: {kind: sameValue},
		}},
		{0x1028, 5, 16, "", map[int]rule{
			16: ra, 6: rbp, 3: {kind: savedAt, n: 16}, 13: {kind: savedAtResult, expr: []byte{opBreg0 + 7, 8}},
			14: {kind: isResult, expr: []byte{opLit0}}, 15: {kind: sameValue},
		}},
		{0x10ff, 5, 8, "0", map[int]rule{
			16: ra, 6: rbp, 3: {kind: savedAt, n: 16}, 13: {kind: savedAtResult, expr: []byte{opBreg0 + 7, 8}},
			14: {kind: isResult, expr: []byte{opLit0}}, 15: {kind: sameValue},
		}},
	} {
		f, ok := s.find(tt.pc)
		var in interpreter
		if !ok || !in.rowAt(&f, tt.pc) {
			t.Errorf("%#x: no row", tt.pc)
			continue
		}
		if in.row.cfaRegister != tt.register || in.row.cfaOffset != tt.offset || string(in.row.cfaExpr) != tt.expr {
			t.Errorf("%#x: CFA is register %d plus %d, %x; want %d, %d", tt.pc, in.row.cfaRegister, in.row.cfaOffset, in.row.cfaExpr, tt.register, tt.offset)
		}
		for i, got := range in.row.regs {
			if want := tt.rules[i]; got.kind != want.kind || got.n != want.n || !bytes.Equal(got.expr, want.expr) {
				t.Errorf("%#x: register %d: %+v, want %+v", tt.pc, i, got, want)
			}
		}
	}
	for _, pc := range []uint64{0, funcStart - 1, funcStart + funcSize, 1<<64 - 1} {
		if _, ok := s.find(pc); ok {
			t.Errorf("%#x is in the function", pc)
		}
	}
}

// Programs that are invalid or run for too long.
func TestBadRows(t *testing.T) {
	for name, program := range map[string][]byte{
		"unknown":        {0x3f},
		"cut":            {cfaDefCFA, 7},
		"long expr":      {cfaExpression, 1, 200, 1},
		"nothing to pop": {cfaRestoreState},
		"too deep":       bytes.Repeat([]byte{cfaRememberState}, maxRemembered+1),
		"too long":       make([]byte, maxWork+1),
	} {
		s := frames(program...)
		f, ok := s.find(funcStart)
		var in interpreter
		if !ok || in.rowAt(&f, funcStart) {
			t.Errorf("%s: ok", name)
		}
	}
}

func TestAugmentations(t *testing.T) {
	for _, tt := range []struct {
		augmentation string
		data         []byte
		ok, signal   bool
	}{
		{"zR", []byte{encPCRelative | encS4}, true, false},
		{"zRS", []byte{encPCRelative | encS4}, true, true},
		{"zPLR", []byte{encAbsolute, 1, 2, 3, 4, 5, 6, 7, 8, encS4, encPCRelative | encS4}, true, false},
		{"zRx", []byte{encPCRelative | encS4, 99}, true, false},
		{"zPLR", []byte{encAbsolute, 1, 2}, false, false},
		{"zR", []byte{encIndirect | encPCRelative | encS4}, false, false},
		{"eh", []byte{1}, false, false},
	} {
		b := fdeBytes(cieBytes(tt.augmentation, tt.data, atStart...), funcStart, funcSize)
		s := callFrames{data: b, addr: ehAddr, eh: true, word: 8}
		f, ok := s.find(funcStart)
		if ok != tt.ok || ok && f.cie.signal != tt.signal {
			t.Errorf("%q %x: %v", tt.augmentation, tt.data, ok)
		}
	}
}

// .debug_frame has other marks of a CIE, and a 64-bit form.
func TestDebugFrame(t *testing.T) {
	for _, wide := range []bool{false, true} {
		entry := func(id uint64, body []byte) []byte {
			if !wide {
				return entryBytes(append(order.AppendUint32(nil, uint32(id)), body...))
			}
			b := order.AppendUint64([]byte{0xff, 0xff, 0xff, 0xff}, uint64(len(body)+8))
			return append(order.AppendUint64(b, id), body...)
		}
		body := append([]byte{4, 0, 8, 0, 1, 0x78, 16}, atStart...) // version, augmentation, sizes, alignments, return address
		data := entry(1<<64-1, body)
		data = append(data, entry(0, append(words(funcStart+funcSize, 16), cfaAdvanceLoc|1, cfaDefCFAOffset, 16))...)
		data = append(data, entry(0, words(funcStart, funcSize))...)
		s := callFrames{data: data, word: 8}
		var in interpreter
		if f, ok := s.find(funcStart + 3); !ok || f.start != funcStart || f.end != funcStart+funcSize {
			t.Errorf("wide %v: %+v, %v", wide, f, ok)
		}
		if f, ok := s.find(funcStart + funcSize + 3); !ok || !in.rowAt(&f, funcStart+funcSize+3) || in.row.cfaOffset != 16 {
			t.Errorf("wide %v: %+v, %v", wide, f, ok)
		}
		if _, ok := s.find(funcStart + funcSize + 16); ok {
			t.Errorf("wide %v: an entry is found after the last one", wide)
		}
	}
}

// The table of .eh_frame_hdr and a scan give the same result.
func TestSearchTable(t *testing.T) {
	const hdrAddr = ehAddr - 0x100
	b := cieBytes("zR", []byte{encPCRelative | encS4}, atStart...)
	hdr := []byte{1, encPCRelative | encS4, encU4, encDataRelative | encS4}
	hdr = order.AppendUint32(hdr, 0x100-4)
	const n = 7
	hdr = order.AppendUint32(hdr, n)
	for i := range uint32(n) {
		start := funcStart + i*0x20
		hdr = order.AppendUint32(hdr, start-hdrAddr)
		hdr = order.AppendUint32(hdr, ehAddr+uint32(len(b))-hdrAddr)
		b = fdeBytes(b, start, 0x18)
	}
	table, addr, ok := readSearchTable(hdr, hdrAddr, 8)
	if !ok || addr != ehAddr || len(table.entries) != n*searchEntry {
		t.Fatalf("%v, %#x, %v", table, addr, ok)
	}
	scanned := callFrames{data: b, addr: ehAddr, eh: true, word: 8}
	searched := scanned
	searched.table = table
	for pc := uint64(funcStart - 0x10); pc < funcStart+(n+1)*0x20; pc++ {
		f, ok := scanned.find(pc)
		g, ok2 := searched.find(pc)
		in := pc >= funcStart && pc < funcStart+n*0x20 && pc%0x20 < 0x18
		if ok != in || ok2 != in || in && (f.start != pc&^0x1f || g.start != f.start) {
			t.Errorf("%#x: scan %#x %v, table %#x %v", pc, f.start, ok, g.start, ok2)
		}
	}
	for _, bad := range [][]byte{nil, hdr[:3], append([]byte{2}, hdr[1:]...)} {
		if _, _, ok := readSearchTable(bad, hdrAddr, 8); ok {
			t.Errorf("%x is accepted", bad)
		}
	}
	if table, _, ok := readSearchTable(hdr[:len(hdr)-1], hdrAddr, 8); !ok || table.entries != nil {
		t.Error("a truncated table is accepted")
	}
}

func FuzzCallFrames(f *testing.F) {
	s := frames(cfaAdvanceLoc|1, cfaDefCFAOffset, 16, cfaExpression, 13, 2, opBreg0+7, 8, cfaRememberState, cfaRestoreState, cfaDefCFAExpression, 1, opLit0)
	f.Add(s.data, true, false, uint64(funcStart+3))
	f.Add(s.data, false, true, uint64(0))
	f.Fuzz(func(t *testing.T, data []byte, eh, narrow bool, pc uint64) {
		s := callFrames{data: data, addr: ehAddr, eh: eh, word: 8}
		m := &amd64
		if narrow {
			s.word, m = 4, &i386
		}
		d, ok := s.find(pc)
		if !ok {
			return
		}
		if pc < d.start || pc >= d.end {
			t.Errorf("%#x is not in [%#x, %#x)", pc, d.start, d.end)
		}
		var in interpreter
		if !in.rowAt(&d, pc) {
			return
		}
		mem := &pages{mem: memory{0: data}}
		e := evaluator{regs: &registers{machine: m, known: 1<<numRegisters - 1}, mem: mem, work: &in.work}
		for _, r := range in.row.regs {
			e.evaluate(r.expr, 1)
		}
		if in.work < -2*numRegisters {
			t.Errorf("%d steps, too many", -in.work)
		}
	})
}

func FuzzFile(f *testing.F) {
	s := frames(cfaAdvanceLoc|1, cfaDefCFAOffset, 16)
	var symbol bytes.Buffer
	binary.Write(&symbol, order, elf.Sym64{Name: 1, Info: byte(elf.STT_FUNC), Shndx: 1, Value: funcStart, Size: 16})
	f.Add(tinyELF(map[string][]byte{".eh_frame": s.data, ".symtab": symbol.Bytes(), ".strtab": []byte("\x00name\x00")}), uint64(funcStart))
	f.Add(tinyELF(map[string][]byte{".debug_frame": s.data, ".debug_line": {1, 2, 3}, ".debug_info": {9, 0, 0, 0, 4, 0}}), uint64(0x1fff))
	f.Fuzz(func(t *testing.T, data []byte, addr uint64) {
		file, err := readFile(bytes.NewReader(data), true)
		if err != nil {
			return
		}
		file.address(addr)
		file.fde(addr)
		file.place(addr, nil)
	})
}
