package output

import "trapline/tables"

// Discard is an Encoder that takes everything down nowhere. Embedded in another
// one it leaves that the verbs that it wants to hear.
type Discard struct{}

var _ Encoder = Discard{}

// Arg implements Encoder.
func (Discard) Arg(string) {}

// NamedArg implements Encoder.
func (Discard) NamedArg(string) {}

// Number implements Encoder.
func (Discard) Number(uint64, Base) {}

// Mask implements Encoder.
func (Discard) Mask(uint64, int) {}

// Addr implements Encoder.
func (Discard) Addr(uint64) {}

// Enum implements Encoder.
func (Discard) Enum(uint64, *tables.Set, Base) {}

// Flags implements Encoder.
func (Discard) Value([]byte, bool)                  {}
func (Discard) Flags(uint64, *tables.Set, Base)     {}
func (Discard) FlagNames(uint64, *tables.Set, Base) {}

// Symbol implements Encoder.
func (Discard) Symbol(uint64, string, Base) {}

// Str implements Encoder.
func (Discard) Str([]byte, bool) {}

// Bytes implements Encoder.
func (Discard) Bytes([]byte, bool) {}

// BytesAt implements Encoder.
func (Discard) BytesAt(uint64, uint64, []byte, bool) {}

// Path implements Encoder.
func (Discard) Path([]byte, bool) {}

// Text implements Encoder.
func (Discard) Text(string) {}

// TextBytes implements Encoder.
func (Discard) TextBytes([]byte) {}

// Annotate implements Encoder.
func (Discard) Annotate(string, []byte) {}

// Comment implements Encoder.
func (Discard) Comment(string) {}

// CommentBytes implements Encoder.
func (Discard) CommentBytes([]byte) {}

// Nameless implements Encoder.
func (Discard) Nameless() bool { return false }

// Size implements Encoder.
func (Discard) Size(uint64) {}

// Changed implements Encoder.
func (Discard) Changed() {}

// BeginNamed implements Encoder.
func (Discard) BeginNamed() {}

// Named implements Encoder.
func (Discard) Named() {}

// NamedFirst implements Encoder.
func (Discard) NamedFirst() {}

// NamedNumbers implements Encoder.
func (Discard) NamedNumbers() {}

// NamedAlone implements Encoder.
func (Discard) NamedAlone() {}

// EndNamed implements Encoder.
func (Discard) EndNamed() {}

// Or implements Encoder.
func (Discard) Or() {}

// Shift implements Encoder.
func (Discard) Shift(uint, string, Base) {}

// Plus implements Encoder.
func (Discard) Plus() {}

// BeginNative implements Encoder.
func (Discard) BeginNative([]byte) {}

// EndNative implements Encoder.
func (Discard) EndNative() {}

// Inet implements Encoder.
func (Discard) Inet([]byte) {}

// FieldInet implements Encoder.
func (Discard) FieldInet(string, []byte) {}

// Abstract implements Encoder.
func (Discard) Abstract([]byte, bool) {}

// BeginStruct implements Encoder.
func (Discard) BeginStruct() {}

// Field implements Encoder.
func (Discard) Field(string) {}

// EndStruct implements Encoder.
func (Discard) EndStruct() {}

// BeginArray implements Encoder.
func (Discard) BeginArray() {}

// EndArray implements Encoder.
func (Discard) EndArray() {}

// BeginSet implements Encoder.
func (Discard) BeginSet(bool) {}

// EndSet implements Encoder.
func (Discard) EndSet() {}

// BeginMacro implements Encoder.
func (Discard) BeginMacro(string) {}

// EndMacro implements Encoder.
func (Discard) EndMacro() {}

// Index implements Encoder.
func (Discard) Index(uint64, *tables.Set, Base)     {}
func (Discard) IndexName(uint64, *tables.Set, Base) {}

// Elem implements Encoder.
func (Discard) Elem() {}

// More implements Encoder.
func (Discard) More() {}

// Return implements Encoder.
func (Discard) Return() {}

// Unknown implements Encoder.
func (Discard) Unknown() {}

// Failure implements Encoder.
func (Discard) Failure(int, string, string) {}

// BeginRemark implements Encoder.
func (Discard) BeginRemark() {}

// EndRemark implements Encoder.
func (Discard) EndRemark() {}

// Gloss implements Encoder.
func (Discard) Gloss([]byte) {}

// Dump implements Encoder.
func (Discard) Dump(off, size uint64, b []byte) {}

// DumpLost implements Encoder.
func (Discard) DumpLost(addr, size uint64) {}

// DumpBuffer implements Encoder.
func (Discard) DumpBuffer(index int, size uint64) {}

// DumpMessage implements Encoder.
func (Discard) DumpMessage(index int, buffers uint64) {}

// BeginVCPU implements Encoder.
func (Discard) BeginVCPU(cpu int, left bool) {}

// EndVCPU implements Encoder.
func (Discard) EndVCPU() {}
