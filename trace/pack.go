//go:build linux && amd64

package trace

import (
	"encoding/binary"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// Packer keeps Calls in little memory: as bytes, in which numbers stand for repeated
// names. Its methods may be called from several goroutines.
type Packer struct {
	mu    sync.RWMutex
	ids   map[string]uint64
	names []string
}

// Pack appends a call, without its stack.
func (p *Packer) Pack(b []byte, c *Call) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ids == nil {
		p.ids = map[string]uint64{}
	}
	b = binary.AppendVarint(b, int64(c.PID))
	b = p.name(b, c.Name)
	b = append(b, byte(c.ABI))
	b = binary.AppendUvarint(b, c.Number)
	b = binary.AppendVarint(b, c.Time.UnixNano())
	for _, r := range c.registers {
		b = binary.AppendUvarint(b, r)
	}
	b = binary.AppendUvarint(b, uint64(c.Errno))
	b = binary.AppendVarint(b, int64(c.Duration))
	b = p.list(b, c.Args)
	b = p.value(b, &c.Result)
	return p.list(b, c.Remarks)
}

func (p *Packer) name(b []byte, s string) []byte {
	id, ok := p.ids[s]
	if !ok {
		id = uint64(len(p.names))
		p.ids[s] = id
		p.names = append(p.names, s)
	}
	return binary.AppendUvarint(b, id)
}

func (p *Packer) list(b []byte, list []Value) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for i := range list {
		b = p.value(b, &list[i])
	}
	return b
}

// Parts of a value that are not empty.
const (
	hasName = 1 << iota
	hasNum
	hasNames
	hasStr
	hasElems
	hasSize
	hasForms // Symbolic or After
	hasNotes
)

// Bits of a byte with the rest.
const (
	isMore = 1 << iota
	isComplement
	isPath
	isSymbolic
	isAfter
)

func (p *Packer) value(b []byte, v *Value) []byte {
	var has, is byte
	for _, part := range []struct {
		there bool
		bit   byte
	}{
		{v.Name != "", hasName}, {v.Num != 0, hasNum}, {len(v.Names) > 0, hasNames}, {v.Str != "", hasStr},
		{len(v.Elems) > 0, hasElems}, {v.Size != 0, hasSize}, {v.Symbolic != nil || v.After != nil, hasForms},
		{len(v.Notes) > 0, hasNotes},
	} {
		if part.there {
			has |= part.bit
		}
	}
	for _, part := range []struct {
		there bool
		bit   byte
	}{{v.More, isMore}, {v.Complement, isComplement}, {v.Path, isPath}, {v.Symbolic != nil, isSymbolic}, {v.After != nil, isAfter}} {
		if part.there {
			is |= part.bit
		}
	}
	b = append(b, byte(v.Kind), has, is)
	if has&hasName != 0 {
		b = p.name(b, v.Name)
	}
	if has&hasNum != 0 {
		b = binary.AppendVarint(b, int64(v.Num))
	}
	if has&hasNames != 0 {
		b = binary.AppendUvarint(b, uint64(len(v.Names)))
		for _, n := range v.Names {
			b = p.name(b, n)
		}
	}
	if has&hasStr != 0 {
		b = appendText(b, v.Str)
	}
	if has&hasElems != 0 {
		b = p.list(b, v.Elems)
	}
	if has&hasSize != 0 {
		b = binary.AppendUvarint(b, v.Size)
	}
	if v.Symbolic != nil {
		b = p.value(b, v.Symbolic)
	}
	if v.After != nil {
		b = p.value(b, v.After)
	}
	if has&hasNotes != 0 {
		b = binary.AppendUvarint(b, uint64(len(v.Notes)))
		for _, n := range v.Notes {
			b = p.name(b, n.Kind)
			b = appendText(b, n.Text)
		}
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Unpack returns a call that was packed. Methods that need its process do not work.
func (p *Packer) Unpack(b []byte) *Call {
	p.mu.RLock()
	defer p.mu.RUnlock()
	u := unpacker{p.names, b}
	c := &Call{PID: int(u.signed()), Name: u.name(), ABI: tables.ABI(u.byte()), Number: u.unsigned()}
	c.Time = time.Unix(0, u.signed())
	for i := range c.registers {
		c.registers[i] = u.unsigned()
	}
	c.Errno = unix.Errno(u.unsigned())
	c.Duration = time.Duration(u.signed())
	c.Args = u.list()
	u.value(&c.Result)
	c.Remarks = u.list()
	return c
}

// unpacker reads what Pack has written.
type unpacker struct {
	names []string
	b     []byte
}

func (u *unpacker) byte() byte {
	c := u.b[0]
	u.b = u.b[1:]
	return c
}

func (u *unpacker) unsigned() uint64 {
	v, n := binary.Uvarint(u.b)
	u.b = u.b[n:]
	return v
}

func (u *unpacker) signed() int64 {
	v, n := binary.Varint(u.b)
	u.b = u.b[n:]
	return v
}

func (u *unpacker) name() string { return u.names[u.unsigned()] }

func (u *unpacker) text() string {
	n := u.unsigned()
	s := string(u.b[:n])
	u.b = u.b[n:]
	return s
}

func (u *unpacker) list() []Value {
	n := u.unsigned()
	if n == 0 {
		return nil
	}
	list := make([]Value, n)
	for i := range list {
		u.value(&list[i])
	}
	return list
}

func (u *unpacker) value(v *Value) {
	v.Kind = Kind(u.byte())
	has, is := u.byte(), u.byte()
	v.More, v.Complement, v.Path = is&isMore != 0, is&isComplement != 0, is&isPath != 0
	if has&hasName != 0 {
		v.Name = u.name()
	}
	if has&hasNum != 0 {
		v.Num = uint64(u.signed())
	}
	if has&hasNames != 0 {
		v.Names = make([]string, u.unsigned())
		for i := range v.Names {
			v.Names[i] = u.name()
		}
	}
	if has&hasStr != 0 {
		v.Str = u.text()
	}
	if has&hasElems != 0 {
		v.Elems = u.list()
	}
	if has&hasSize != 0 {
		v.Size = u.unsigned()
	}
	if is&isSymbolic != 0 {
		v.Symbolic = new(Value)
		u.value(v.Symbolic)
	}
	if is&isAfter != 0 {
		v.After = new(Value)
		u.value(v.After)
	}
	if has&hasNotes != 0 {
		v.Notes = make([]Note, u.unsigned())
		for i := range v.Notes {
			v.Notes[i].Kind = u.name()
			v.Notes[i].Text = u.text()
		}
	}
}
