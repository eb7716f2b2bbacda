package output

import (
	"math/bits"
	"net/netip"
)

// LowerHex are the hexadecimal digits.
const LowerHex = "0123456789abcdef"

// AppendNumber writes v in a base as in strace and C.
func AppendNumber(b []byte, v uint64, base Base) []byte {
	switch base &^ NamesAlone {
	case Unsigned:
		return appendDecimal(b, v)
	case Signed:
		if int64(v) < 0 {
			b, v = append(b, '-'), -v
		}
		return appendDecimal(b, v)
	case Octal:
		// "%#03o": at least three digits, the first of them a zero.
		switch {
		case v == 0:
			return append(b, "000"...)
		case v < 8:
			b = append(b, "00"...)
		default:
			b = append(b, '0')
		}
		return appendDigits(b, v, (bits.Len64(v)+2)/3, 3)
	}
	switch size := int(base &^ NamesAlone >> padding); {
	case size > 0:
		return appendPaddedHex(b, v, size)
	case v == 0:
		return append(b, '0')
	}
	return AppendHex(b, v)
}

// appendDecimal writes v in decimal. Most numbers are descriptors and small results: they
// have few digits.
func appendDecimal(b []byte, v uint64) []byte {
	switch {
	case v < 10:
		return append(b, '0'+byte(v))
	case v < 100:
		return append(b, pairs[2*v], pairs[2*v+1])
	case v < 1000:
		high, low := v/100, v%100
		return append(b, '0'+byte(high), pairs[2*low], pairs[2*low+1])
	case v < 10000:
		return appendFourDigits(b, uint32(v))
	}
	return appendFourDigits(appendDecimal(b, v/10000), uint32(v%10000))
}

// pairs are the numbers below 100 in two digits each.
const pairs = "0001020304050607080910111213141516171819" +
	"2021222324252627282930313233343536373839" +
	"4041424344454647484950515253545556575859" +
	"6061626364656667686970717273747576777879" +
	"8081828384858687888990919293949596979899"

// appendFourDigits writes v, which is less than 10000, with zeros in front.
func appendFourDigits(b []byte, v uint32) []byte {
	high, low := 2*(v/100), 2*(v%100)
	return append(b, pairs[high], pairs[high+1], pairs[low], pairs[low+1])
}

// appendPaddedHex writes v, a number of size bytes, as Padded says.
func appendPaddedHex(b []byte, v uint64, size int) []byte {
	digits := 2 * size
	if v != 0 {
		b = append(b, "0x"...)
		for digits -= 2; digits < 16 && v>>(4*digits) != 0; {
			digits++
		}
	}
	return AppendHexPadded(b, v, digits)
}

// AppendHex writes v as 0x1f, and zero as 0x0.
func AppendHex(b []byte, v uint64) []byte {
	return appendDigits(append(b, '0', 'x'), v, max(1, (bits.Len64(v)+3)/4), 4)
}

// appendDigits writes v in n digits, each of which stands for size bits.
func appendDigits(b []byte, v uint64, n int, size uint) []byte {
	const zeros = "0000000000000000000000" // 64 bits in octal
	b = append(b, zeros[:n]...)
	for i := len(b) - 1; v != 0; i-- {
		b[i] = LowerHex[v&(1<<size-1)]
		v >>= size
	}
	return b
}

// AppendPadded writes v in decimal, padded with fill on the left to width.
func AppendPadded(b []byte, v uint64, width int, fill byte) []byte {
	for n, limit := 1, uint64(10); n < width; n++ {
		if v < limit {
			b = append(b, fill)
		}
		limit *= 10
	}
	return appendDecimal(b, v)
}

// AppendHexPadded writes the low digits*4 bits of v as that many hexadecimal
// digits.
func AppendHexPadded(b []byte, v uint64, digits int) []byte {
	for shift := (digits - 1) * 4; shift >= 0; shift -= 4 {
		b = append(b, LowerHex[v>>shift&15])
	}
	return b
}

// AppendFraction writes the point and the first digits of the fraction of a
// second, or nothing for whole seconds.
func AppendFraction(b []byte, nanoseconds int, digits Precision) []byte {
	if digits == Seconds {
		return b
	}
	point, v := len(b), uint32(nanoseconds)
	b = append(b, '.', '0'+byte(v/1e8))
	b = appendFourDigits(appendFourDigits(b, v/1e4%1e4), v%1e4)
	return b[:point+1+int(digits)]
}

// AppendInet writes the 4 or 16 bytes of an internet address in the form of the
// C library's inet_ntop(3).
func AppendInet(b []byte, address []byte) []byte {
	a, ok := netip.AddrFromSlice(address)
	if !ok {
		return b
	}
	if a.Is6() && !a.Is4In6() {
		// An IPv4-compatible address, ::1.2.3.4: exactly twelve bytes of zeros.
		v6 := a.As16()
		if [12]byte(v6[:12]) == [12]byte{} && (v6[12] != 0 || v6[13] != 0) {
			b = append(b, "::"...)
			a = netip.AddrFrom4([4]byte(v6[12:]))
		}
	}
	return a.AppendTo(b)
}
