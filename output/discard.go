package output

import "trapline/tables"

// Discard is an Encoder and Outcome that ignores everything. Types that need only some of
// the methods embed it.
type Discard struct{}

var (
	_ Encoder = Discard{}
	_ Outcome = Discard{}
)

// Arg implements Encoder.
func (Discard) Arg(string, ArgName) {}

// Number implements Encoder.
func (Discard) Number(uint64, Base) {}

// Addr implements Encoder.
func (Discard) Addr(uint64) {}

// Enum implements Encoder.
func (Discard) Enum(uint64, *tables.Set, Base) {}

// Flags implements Encoder.
func (Discard) Flags(uint64, *tables.Set, Base) {}

// Symbol implements Encoder.
func (Discard) Symbol(uint64, string, Base) {}

// Str implements Encoder.
func (Discard) Str(StringKind, []byte, bool) {}

// Offset implements Encoder.
func (Discard) Offset(uint64, uint64) {}

// Text implements Encoder.
func (Discard) Text(string) {}

// Annotate implements Encoder.
func (Discard) Annotate(string, []byte) {}

// Context implements Encoder.
func (Discard) Context([]byte, []byte) {}

// Comment implements Encoder.
func (Discard) Comment(CommentKind, string) {}

// Size implements Encoder.
func (Discard) Size(uint64) {}

// Changed implements Encoder.
func (Discard) Changed() {}

// BeginNamed implements Encoder.
func (Discard) BeginNamed() {}

// Named implements Encoder.
func (Discard) Named(NamedKind) {}

// EndNamed implements Encoder.
func (Discard) EndNamed() {}

// Native implements Encoder.
func (Discard) Native([]byte) {}

// Inet implements Encoder.
func (Discard) Inet(string, []byte) {}

// Join implements Encoder.
func (Discard) Join(Operator) {}

// Shift implements Encoder.
func (Discard) Shift(uint, string, Base) {}

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

// Elem implements Encoder.
func (Discard) Elem() {}

// Index implements Encoder.
func (Discard) Index(uint64, *tables.Set, Base) {}

// More implements Encoder.
func (Discard) More() {}

// Unknown implements Encoder.
func (Discard) Unknown() {}

// BeginRemark implements Outcome.
func (Discard) BeginRemark(RemarkKind) {}

// EndRemark implements Outcome.
func (Discard) EndRemark() {}

// Return implements Outcome.
func (Discard) Return() {}

// Failure implements Outcome.
func (Discard) Failure(int, string, string) {}

// BeginVCPU implements Outcome.
func (Discard) BeginVCPU(int, bool) {}

// EndVCPU implements Outcome.
func (Discard) EndVCPU() {}

// Dump implements Outcome.
func (Discard) Dump(DumpPart) {}
