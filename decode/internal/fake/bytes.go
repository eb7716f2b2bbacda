package fake

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// Pack lays values side by side as the tracee's memory has them.
func Pack(t testing.TB, values ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, v := range values {
		if s, ok := v.(string); ok {
			v = []byte(s)
		}
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// PackedBytes concatenates values, like a packed struct of C.
func PackedBytes(values ...any) []byte {
	var b []byte
	for _, v := range values {
		var err error
		if b, err = binary.Append(b, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	return b
}

// LE concatenates integers in the tracee's byte order, each in the size of its Go type;
// bytes and strings stay unchanged.
func LE(values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		switch v := v.(type) {
		case string:
			b.WriteString(v)
		case int:
			binary.Write(&b, binary.LittleEndian, uint32(v))
		default:
			binary.Write(&b, binary.LittleEndian, v)
		}
	}
	return b.Bytes()
}

// Uint16 shortens calls of LE.
func Uint16(v int) uint16 { return uint16(v) }

// Uint8 shortens calls of LE.
func Uint8(v int) uint8 { return uint8(v) }

// Numbers concatenates numbers of size bytes each.
func Numbers(size int, values ...uint64) []byte {
	b := make([]byte, 0, size*len(values))
	for _, v := range values {
		b = append(b, binary.LittleEndian.AppendUint64(nil, v)[:size]...)
	}
	return b
}
