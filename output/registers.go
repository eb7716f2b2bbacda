package output

import "math/bits"

// RegisterView is what --regs shows of one call. Nil slices are not shown.
type RegisterView struct {
	Enter   []Register       // all registers at the syscall-enter-stop
	Exit    []Register       // all registers at the syscall-exit-stop
	Changed []RegisterChange // what the call changed
	Between []RegisterChange // what changed since the exit of the previous call
}

// Register is a register with its value. A general register has its value in
// Value; a wider one (xmm0, ymm0_high) has its bytes in Wide, least significant
// first.
type Register struct {
	Name  string
	Bits  int // width of Value: 16, 32 or 64
	Value uint64
	Wide  []byte
	Flags []FlagName // names of the bits of a flags register
}

// FlagName names one bit of a flags register.
type FlagName struct {
	Bit  uint64
	Name string
}

// RegisterChange is a register that differs between two stops.
type RegisterChange struct {
	From, To    Register
	Why         string
	Unexplained bool // no rule of the ABI accounts for it; Why says the same
}

// FlagsSet lists the names of a flags register's set bits.
func (r *Register) FlagsSet() []string {
	names := make([]string, 0, bits.OnesCount64(r.Value))
	for _, f := range r.Flags {
		if r.Value&f.Bit != 0 {
			names = append(names, f.Name)
		}
	}
	return names
}

// AppendTo writes the value in hexadecimal.
func (r *Register) AppendTo(buf []byte) []byte {
	switch {
	case r.Wide != nil:
		return appendWide(buf, r.Wide)
	case r.Value == 0:
		return append(buf, "0x0"...)
	}
	return AppendNumber(buf, r.Value, Hex)
}

// appendWide writes bytes, least significant first, as one hexadecimal number
// without leading zeros.
func appendWide(buf, b []byte) []byte {
	buf = append(buf, "0x"...)
	i := len(b) - 1
	for i > 0 && b[i] == 0 {
		i--
	}
	if i >= 0 && b[i] < 16 {
		buf = append(buf, LowerHex[b[i]])
		i--
	}
	for ; i >= 0; i-- {
		buf = append(buf, LowerHex[b[i]>>4], LowerHex[b[i]&15])
	}
	return buf
}
