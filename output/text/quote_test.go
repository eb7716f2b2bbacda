package text

import (
	"strings"
	"testing"

	"trapline/output"
)

func TestQuote(t *testing.T) {
	for _, tt := range []struct {
		in    string
		style output.StringStyle
		want  string
	}{
		{"", output.OctalEscapes, `""`},
		{"", output.HexAll, `""`},
		{"plain text ~", output.OctalEscapes, `"plain text ~"`},
		{"\t\n\v\f\r\"\\", output.OctalEscapes, `"\t\n\v\f\r\"\\"`},
		{"\x00", output.OctalEscapes, `"\0"`},
		{"\x00\x00", output.OctalEscapes, `"\0\0"`},
		// If a digit follows, the escape has three digits, so that the digit is not read as
		// part of it.
		{"\x001", output.OctalEscapes, `"\0001"`},
		{"\x008", output.OctalEscapes, `"\08"`},
		{"\x1b[0m", output.OctalEscapes, `"\33[0m"`},
		{"\x1b7", output.OctalEscapes, `"\0337"`},
		{"\x7f\x80\xff", output.OctalEscapes, `"\177\200\377"`},
		{"\x7f", output.HexEscapes, `"\x7f"`},
		{"a\x01\n\xff1", output.HexEscapes, `"a\x01\n\xff1"`},
		{"plain\n", output.HexNonASCII, `"plain\n"`},
		{"\x80\n", output.HexNonASCII, `"\x80\x0a"`},
		{"a\x1b", output.HexNonASCII, `"\x61\x1b"`},
		{"a\"b", output.HexNonASCII, `"a\"b"`},
		{"a\n", output.HexAll, `"\x61\x0a"`},
		{"größe\x00€1", output.UTF8, `"größe\0€1"`},
		{"größe", output.OctalEscapes, `"gr\303\266\303\237e"`},
		// Bytes that are not a printable character: a part of one, an overlong form, a
		// surrogate, a control character, a change of direction.
		{"\xc3", output.UTF8, `"\303"`},
		{"\xb6\xc3\xb6", output.UTF8, `"\266ö"`},
		{"\xc0\xaf", output.UTF8, `"\300\257"`},
		{"\xed\xa0\x80", output.UTF8, `"\355\240\200"`},
		{"\u009b1m", output.UTF8, `"\302\2331m"`},
		{"\u202ea", output.UTF8, `"\342\200\256a"`},
		{"\ufffd", output.UTF8, `"\357\277\275"`},
	} {
		if got := string(appendQuoted(nil, []byte(tt.in), tt.style)); got != tt.want {
			t.Errorf("%q, style %d: got %s, want %s", tt.in, tt.style, got, tt.want)
		}
	}
}

func TestEscapeSpecial(t *testing.T) {
	if got, want := string(AppendEscaped(nil, []byte("/<a>1"), output.OctalEscapes, "<>")), `/\74a\0761`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(AppendEscaped(nil, []byte("<"), output.HexEscapes, "<>")), `\x3c`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// unescape reads the inside of a C string literal as a C compiler does.
func unescape(t *testing.T, s string) string {
	letters := map[byte]byte{'t': '\t', 'n': '\n', 'v': '\v', 'f': '\f', 'r': '\r', '"': '"', '\\': '\\'}
	digit := func(c byte, base int) int {
		if d := strings.IndexByte("0123456789abcdef", c); d >= 0 && d < base {
			return d
		}
		return -1
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			if s[i] < ' ' || s[i] > '~' || s[i] == '"' {
				t.Fatalf("byte %#x is not escaped in %s", s[i], s)
			}
			b.WriteByte(s[i])
			continue
		}
		i++
		if i == len(s) {
			t.Fatalf("lone backslash at the end of %s", s)
		}
		if c, ok := letters[s[i]]; ok {
			b.WriteByte(c)
			continue
		}
		base, limit := 8, 3
		if s[i] == 'x' {
			base, limit = 16, 2
			i++
		}
		v, n := 0, 0
		for ; n < limit && i < len(s) && digit(s[i], base) >= 0; n++ {
			v = v*base + digit(s[i], base)
			i++
		}
		i--
		if n == 0 || v > 255 || base == 16 && n != 2 {
			t.Fatalf("bad escape in %s", s)
		}
		b.WriteByte(byte(v))
	}
	return b.String()
}

func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "plain", "\x00\x001\x008", "\t\n\v\f\r\"\\", "\x1b[0m\x7f\x80\xff7", "<>"} {
		for style := output.OctalEscapes; style <= output.HexAll; style++ {
			f.Add([]byte(s), byte(style))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, style byte) {
		for _, special := range []string{"", "<>"} {
			got := string(AppendEscaped(nil, in, output.StringStyle(style%4), special))
			if back := unescape(t, got); back != string(in) {
				t.Errorf("%q came back as %q from %s", in, back, got)
			}
			if special != "" && strings.ContainsAny(got, special) {
				t.Errorf("one of %s is not escaped in %s", special, got)
			}
		}
	})
}
