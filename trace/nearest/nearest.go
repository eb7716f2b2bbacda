//go:build linux && amd64

// Package nearest finds the name that a misspelled one was meant to be.
package nearest

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Of returns the name that differs least from a misspelled one, ignoring case, or "" if
// all differ too much.
func Of(name string, known []string) string {
	const whole = 4 // replacing a character costs less than adding one
	if len(name) < 2 {
		return ""
	}
	best, least := "", whole*(mistakes(name)+1)
	lower := strings.ToLower(name)
	for _, k := range slices.Sorted(slices.Values(known)) {
		d := whole * distance(lower, strings.ToLower(k))
		if len(k) != len(name) {
			d++
		}
		if d < least {
			best, least = k, d
		}
	}
	return best
}

// mistakes is how many mistakes a name may have: one for every three correct characters.
func mistakes(name string) int { return max(1, (len(name)-1)/3) }

// distance is the number of characters to add, remove or replace, where two swapped
// neighbours are one mistake.
func distance(a, b string) int {
	if len(a) == len(b) {
		for i := 1; i < len(a); i++ {
			if a[:i-1] == b[:i-1] && a[i-1] == b[i] && a[i] == b[i-1] && a[i+1:] == b[i+1:] {
				return 1
			}
		}
	}
	return levenshtein.ComputeDistance(a, b)
}

// Begun is Of for words that are often abbreviated: if no name is near, it is the one that
// begins with the word, which must have at least three characters.
func Begun(name string, known []string) string {
	if near := Of(name, known); near != "" {
		return near
	}
	begun := ""
	for _, k := range known {
		switch {
		case len(name) < 3 || !strings.HasPrefix(strings.ToLower(k), strings.ToLower(name)):
		case begun != "":
			return "" // the abbreviation is ambiguous
		default:
			begun = k
		}
	}
	return begun
}

// Inside is Of for words in which only an inner mistake counts. It returns "" for a word
// that is part of a known one, for a word that contains a known one, and for a word of two
// characters. strace says nothing more about those, and its tests compare the whole line.
func Inside(name string, known []string) string {
	if len(name) < 3 {
		return ""
	}
	near := Of(name, known)
	if strings.Contains(near, name) || strings.Contains(name, near) {
		return ""
	}
	return near
}

// Question is the end of a message about a wrong name: the nearest name as a question, or
// "" if near is empty.
func Question(near string) string {
	if near == "" {
		return ""
	}
	return ": did you mean " + near + "?"
}
