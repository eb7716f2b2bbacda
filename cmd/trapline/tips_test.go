//go:build linux && amd64

package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTipsArgument(t *testing.T) {
	for value, want := range map[string]tipChoice{
		"": {compactTip, randomTip}, "3": {compactTip, 3}, "id:3": {compactTip, 3}, "full": {fullTip, randomTip},
		"random,format:none": {noTip, randomTip}, "full,7": {fullTip, 7}, "id:7,,id:random": {compactTip, randomTip},
	} {
		var c config
		if err := c.setTips("--tips", value, true); err != nil || *c.tip != want {
			t.Errorf("%q: %+v, %v", value, c.tip, err)
		}
	}
	for _, value := range []string{"id", "id:", "-1", "2147483648", "id:rand", "format", "format:", "id:full", "format:0", "2,3,tip"} {
		var c config
		if err := c.setTips("--tips", value, true); err == nil {
			t.Errorf("%q is taken for %+v", value, c.tip)
		}
	}
}

func TestTips(t *testing.T) {
	seen := map[string]bool{}
	for id := 0; ; id++ {
		var b strings.Builder
		(&tipChoice{compactTip, id}).write(&b)
		tip := b.String()
		width := strings.Index(tip, "\n")
		if width < 20 || width > 80 {
			t.Errorf("tip %d is %d columns wide", id, width)
		}
		for line := range strings.Lines(tip) {
			if utf8.RuneCountInString(line) != width+1 {
				t.Errorf("tip %d: %q is not %d columns wide", id, line, width)
			}
		}
		if seen[tip] {
			break // the first again
		}
		seen[tip] = true
	}
	if len(seen) < 10 {
		t.Errorf("only %d tips", len(seen))
	}
	var none strings.Builder
	(*tipChoice)(nil).write(&none)
	(&tipChoice{noTip, 0}).write(&none)
	if none.Len() > 0 {
		t.Errorf("none: %q", none.String())
	}
}
