//go:build linux && amd64

// Package nearest finds the name that a misspelled one is meant for.
package nearest

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Of returns the name that differs least from a misspelled one, regardless of
// case, or "" if all differ so much that none can be meant.
func Of(name string, known []string) string {
	const whole = 4 // a character replaced is nearer than one added
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

// mistakes is how many there may be in a name. Each takes at least three
// characters that are right.
func mistakes(name string) int { return max(1, (len(name)-1)/3) }

// distance is the number of characters to add, remove or replace, where two
// neighbours in the wrong order are one mistake.
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

// Begun is Of for words of which many write only the beginning: where no name is near,
// it is the one that begins with at least three characters of which the word is made.
func Begun(name string, known []string) string {
	if near := Of(name, known); near != "" {
		return near
	}
	begun := ""
	for _, k := range known {
		switch {
		case len(name) < 3 || !strings.HasPrefix(strings.ToLower(k), strings.ToLower(name)):
		case begun != "":
			return "" // it may be several
		default:
			begun = k
		}
	}
	return begun
}

// Inside is Of for words in which only a mistake inside counts: it returns nothing for a
// word that is part of a right one, for one that contains a right one, and for one of
// two characters. strace says nothing more of those, and its tests compare the whole line.
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

// Question is what a message about a wrong name ends with: the near one, or
// nothing if there is none.
func Question(near string) string {
	if near == "" {
		return ""
	}
	return ": did you mean " + near + "?"
}
