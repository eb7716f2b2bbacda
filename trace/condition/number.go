//go:build linux && amd64

package condition

import (
	"cmp"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Num is an integer from -2⁶⁴ to 2⁶⁴-1: the lowest 64 bits of its two's complement, and
// its sign. It can hold both signed and unsigned 64-bit numbers.
type Num struct {
	Bits uint64
	Neg  bool
}

// Signed is a number that is signed in 64 bits.
func Signed(n int64) Num { return Num{uint64(n), n < 0} }

// Unsigned is a number that is unsigned in 64 bits.
func Unsigned(n uint64) Num { return Num{n, false} }

// equals reports whether two numbers are the same to a C program: -1 is also
// 0xffffffff and 0xffffffffffffffff, since constants and what a program passes
// may differ in size and sign.
func (n Num) equals(m Num) bool {
	if n.Bits == m.Bits {
		return true
	}
	return n.Neg != m.Neg && (n.is32() && m.isInt32() || m.is32() && n.isInt32()) && uint32(n.Bits) == uint32(m.Bits)
}

// is32 reports whether n is positive, but negative as a signed number of 32 bits.
func (n Num) is32() bool { return !n.Neg && n.Bits>>31 == 1 }

// isInt32 reports whether n is negative in 32 bits.
func (n Num) isInt32() bool { return n.Neg && int64(n.Bits) >= math.MinInt32 && int64(n.Bits) < 0 }

// compare is negative, zero or positive as n is less than, equal to or greater
// than m.
func (n Num) compare(m Num) int {
	switch {
	case n.Neg && !m.Neg:
		return -1
	case !n.Neg && m.Neg:
		return 1
	}
	return cmp.Compare(n.Bits, m.Bits)
}

func (n Num) and(m Num) Num { return Num{n.Bits & m.Bits, n.Neg && m.Neg} }
func (n Num) or(m Num) Num  { return Num{n.Bits | m.Bits, n.Neg || m.Neg} }
func (n Num) not() Num      { return Num{^n.Bits, !n.Neg} }

func (n Num) plus(m Num) Num {
	sum, carry := bits.Add64(n.Bits, m.Bits, 0)
	return Num{sum, sign(n)+sign(m)+int(carry) < 0}
}

func (n Num) minus(m Num) Num {
	difference, borrow := bits.Sub64(n.Bits, m.Bits, 0)
	return Num{difference, sign(n)-sign(m)-int(borrow) < 0}
}

// sign is the part of n that is not in its Bits, in units of 2⁶⁴.
func sign(n Num) int {
	if n.Neg {
		return -1
	}
	return 0
}

func (n Num) times(m Num) Num {
	product := n.Bits * m.Bits
	return Num{product, n.Neg != m.Neg && product != 0}
}

// left and right shift by a number of bits. A number outside of 0 to 64 means 64.
func (n Num) left(m Num) Num { return Num{n.Bits << m.count(), n.Neg} }

func (n Num) right(m Num) Num {
	if n.Neg {
		return Num{^(^n.Bits >> m.count()), true}
	}
	return Num{n.Bits >> m.count(), false}
}

func (n Num) count() uint {
	if n.Neg {
		return 64
	}
	return uint(min(n.Bits, 64))
}

func (n Num) isZero() bool { return n.Bits == 0 && !n.Neg }

// sizes are the units of sizes, as powers of two.
var sizes = [...]struct {
	name  string
	shift uint
}{{"K", 10}, {"M", 20}, {"G", 30}, {"T", 40}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}}

// times are the units of times.
var times = [...]struct {
	name string
	unit time.Duration
}{{"ns", time.Nanosecond}, {"us", time.Microsecond}, {"ms", time.Millisecond}, {"s", time.Second}, {"min", time.Minute}, {"h", time.Hour}}

// parseNumber reads a number with or without a unit: 10, 0x1f, 0644, 64K, 1.5ms. The kind
// is Number or Duration. The problem is empty if the number is valid.
func parseNumber(text string) (v Value, problem string) {
	if strings.HasPrefix(text, "0x") || strings.HasPrefix(text, "0X") {
		n, err := strconv.ParseUint(text[2:], 16, 64)
		if err != nil {
			return v, "'" + text + "' has more than 64 bits"
		}
		return Value{Kind: Number, Num: Unsigned(n)}, ""
	}
	digits := strings.TrimRight(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
	unit := text[len(digits):]
	if unit == "" {
		base := 10
		if len(digits) > 1 && digits[0] == '0' {
			base = 8 // as in C
		}
		n, err := strconv.ParseUint(digits, base, 64)
		switch {
		case strings.Contains(digits, "."):
			return v, "'" + text + "' is not an integer"
		case err != nil && base == 8:
			return v, "'" + text + "' is not an octal number of 64 bits"
		case err != nil:
			return v, "'" + text + "' has more than 64 bits"
		}
		return Value{Kind: Number, Num: Unsigned(n)}, ""
	}
	for _, s := range sizes {
		if s.name == unit {
			n, ok := scaled(digits, 1<<s.shift)
			if !ok {
				return v, "'" + text + "' is not an integer of 64 bits"
			}
			return Value{Kind: Number, Num: Unsigned(n)}, ""
		}
	}
	for _, t := range times {
		if t.name == unit {
			n, ok := scaled(digits, uint64(t.unit))
			if !ok || n > math.MaxInt64 {
				return v, "'" + text + "' is not a whole number of nanoseconds, or too long"
			}
			return Value{Kind: Duration, Num: Unsigned(n)}, ""
		}
	}
	return v, "'" + unit + "' is not a unit: these are K, M, G, T and ns, us, ms, s, min, h"
}

// scaled is a decimal number, which may have a fraction, times unit. It returns false if
// the product is not an integer of 64 bits.
func scaled(digits string, unit uint64) (uint64, bool) {
	whole, fraction, _ := strings.Cut(digits, ".")
	n, err := strconv.ParseUint(whole, 10, 64)
	hi, lo := bits.Mul64(n, unit)
	if err != nil || hi != 0 {
		return 0, false
	}
	if fraction == "" {
		return lo, true
	}
	f, err := strconv.ParseUint(fraction, 10, 64)
	if err != nil || len(fraction) > 18 {
		return 0, false
	}
	power := uint64(1)
	for range fraction {
		power *= 10
	}
	hi, part := bits.Mul64(f, unit)
	quotient, rest := bits.Div64(hi, part, power) // hi < power, since f < power
	if hi >= power || rest != 0 {
		return 0, false
	}
	sum, carry := bits.Add64(lo, quotient, 0)
	return sum, carry == 0
}
