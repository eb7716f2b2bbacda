//go:build linux && amd64

package trace

import (
	"testing"

	"trapline/decode"
)

func TestParseContexts(t *testing.T) {
	const shown, full, mismatch = decode.ContextShown, decode.ContextFull, decode.ContextMismatch
	for text, want := range map[string]Contexts{
		DefaultContexts: shown, "full": shown | full, "mismatch": shown | mismatch, "full,mismatch": shown | full | mismatch,
		"!full": shown | mismatch, "all": shown | full | mismatch, "none": 0,
	} {
		if got, err := ParseContexts(text); err != nil || got != want {
			t.Errorf("%q: %b, %v; want %b", text, got, err, want)
		}
	}
	if _, err := ParseContexts("type"); err == nil || err.Error() != "invalid secontext 'type'" {
		t.Errorf("error %v", err)
	}
}
