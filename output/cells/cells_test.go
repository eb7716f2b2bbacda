package cells

import "testing"

// The widths follow Unicode's East_Asian_Width, and the category of combining characters
// (Mn).
func TestWidth(t *testing.T) {
	for s, want := range map[string]int{
		"":                    0,
		"plain ~ text":        12,
		"äöü":                 3, // one character each
		"a\u0308":             1, // an a, and a combining diaeresis
		"日本語.txt":             10,
		"한글":                  4,
		"ｆｕｌｌ":                8, // letters as wide as Chinese ones
		"ﾊﾝｶｸ":                4, // and the other way round
		"e\u0301te\u0301.txt": 7,
		"😀":                   2,
	} {
		if got := Width(s); got != want {
			t.Errorf("%q takes %d columns, want %d", s, got, want)
		}
	}
}

func TestCutAndPad(t *testing.T) {
	for _, tt := range []struct {
		s     string
		width int
		want  string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"日本語", 6, "日本語"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"}, // half of a character cannot be shown
		{"e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
		{"日本語", 1, "…"},
	} {
		got := Cut(tt.s, tt.width, "…")
		if got != tt.want {
			t.Errorf("%q in %d columns is %q, want %q", tt.s, tt.width, got, tt.want)
		}
		if n := Width(got + Pad(got, tt.width)); n != tt.width {
			t.Errorf("%q padded to %d columns takes %d", got, tt.width, n)
		}
	}
	if got := Cut("日本", 3, ""); got != "日" {
		t.Errorf("without a tail it is %q", got)
	}
	if got := Cut("日本", 0, "…"); got != "" {
		t.Errorf("in no columns it is %q", got)
	}
	for columns, want := range []string{"e\u0301日b", "日b", "b", "b", "", ""} {
		if got := CutLeft("e\u0301日b", columns); got != want {
			t.Errorf("without %d columns it is %q, want %q", columns, got, want)
		}
	}
}
