//go:build linux && amd64

package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"trapline/trace/nearest"
)

// presetsText has trapline's own presets.
//
//go:embed presets.txt
var presetsText string

// preset is a name for options (--preset).
type preset struct {
	name    string
	options string // as written
	words   []string
	where   string // FILE:LINE, or empty for one of trapline's own
}

// presetName is the long option that applies presets.
const presetName = "preset"

// usePresets applies the presets in the value of each --preset. This comes before the
// options of the command line, so that they override those of presets.
func (fs *flagSet) usePresets(values []string) error {
	if len(values) == 0 {
		return nil
	}
	own, err := ownPresets()
	if err != nil {
		return err
	}
	for _, value := range values {
		for name := range strings.SplitSeq(value, ",") {
			p, err := findPreset(own, name)
			if err != nil {
				return err
			}
			if err := p.apply(fs.config); err != nil {
				return err
			}
		}
	}
	return nil
}

// apply applies the options of a preset.
func (p *preset) apply(c *config) error {
	fs := newFlagSet(options, c)
	fs.inPreset = true
	operands, err := parseFlags(fs, p.words)
	if err == nil && len(operands) > 0 {
		err = fmt.Errorf("'%s' is not an option", operands[0])
	}
	if err != nil {
		return refusef("%spreset '%s': %v", prefixOf(p.where), p.name, err)
	}
	return nil
}

func prefixOf(where string) string {
	if where == "" {
		return ""
	}
	return where + ": "
}

// findPreset finds a preset by its name: one of the user's own, or one of trapline's.
func findPreset(own []preset, name string) (*preset, error) {
	builtIn := builtInPresets()
	var known []string
	for _, list := range [][]preset{own, builtIn} {
		for i := range list {
			if list[i].name == name {
				return &list[i], nil
			}
			known = append(known, list[i].name)
		}
	}
	if near := nearest.Of(name, known); near != "" {
		return nil, usagef("unknown preset '%s'%s", name, nearest.Question(near))
	}
	slices.Sort(known)
	return nil, usagef("unknown preset '%s': there are %s", name, strings.Join(slices.Compact(known), ", "))
}

// builtInPresets returns trapline's own presets.
func builtInPresets() []preset {
	all, err := parsePresets(presetsText, "")
	if err != nil {
		panic("presets.txt" + err.Error())
	}
	return all
}

// ownPresets reads the user's presets. A missing file is not an error.
func ownPresets() ([]preset, error) {
	file := presetsFile()
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENOTDIR): // also for HOME=/dev/null
		return nil, nil
	case err != nil:
		return nil, refusef("presets: %v", err)
	}
	all, err := parsePresets(string(text), file)
	if err != nil {
		return nil, refusef("%v", err)
	}
	return all, nil
}

// presetsFile returns the name of the user's file of presets, or "" if there can be
// none. A relative XDG_CONFIG_HOME does not count, as the XDG Base Directory
// Specification says.
func presetsFile() string {
	folder := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(folder) {
		home := os.Getenv("HOME")
		if home == "" {
			return ""
		}
		folder = filepath.Join(home, ".config")
	}
	return filepath.Join(folder, "trapline", "presets")
}

// parsePresets reads lines of the form NAME = OPTIONS. Lines that begin with # are
// comments. Errors begin with file and the number of the line.
func parsePresets(text, file string) (all []preset, err error) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		where := fmt.Sprintf("%s:%d", file, n)
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if strings.Contains(line, absent) {
			return nil, fmt.Errorf("%s: there is a zero byte", where)
		}
		name, options, ok := strings.Cut(line, "=")
		name, options = strings.TrimSpace(name), strings.TrimSpace(options)
		if !ok || name == "" || strings.ContainsAny(name, ", \t'\"\\") || name[0] == '-' {
			return nil, fmt.Errorf("%s: '%s' is not of the form NAME = OPTIONS", where, line)
		}
		for i := range all {
			if all[i].name == name {
				return nil, fmt.Errorf("%s: there is a preset '%s' already", where, name)
			}
		}
		words, err := shellWords(options)
		if err != nil {
			return nil, fmt.Errorf("%s: preset '%s': %w", where, name, err)
		}
		p := preset{name: name, options: options, words: words}
		if file != "" {
			p.where = where
		}
		all = append(all, p)
	}
	return all, nil
}

// shellWords splits a line into words as a POSIX shell does: at blanks that are not
// quoted by '...', "..." or a backslash, up to a comment. Nothing is expanded.
func shellWords(line string) (words []string, err error) {
	var word []byte
	begun := false // there is a word, which may be empty
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == ' ' || c == '\t':
			if begun {
				words = append(words, string(word))
			}
			word, begun = nil, false
			continue
		case c == '#' && !begun:
			return words, nil
		case c == '\'':
			end := strings.IndexByte(line[i+1:], '\'')
			if end < 0 {
				return nil, errors.New("a quote ' is not closed")
			}
			word = append(word, line[i+1:][:end]...)
			i += end + 1
		case c == '"':
			for i++; i < len(line) && line[i] != '"'; i++ {
				if line[i] == '\\' && i+1 < len(line) && strings.IndexByte("\"\\$`", line[i+1]) >= 0 {
					i++
				}
				word = append(word, line[i])
			}
			if i == len(line) {
				return nil, errors.New(`a quote " is not closed`)
			}
		case c == '\\':
			if i++; i == len(line) {
				return nil, errors.New(`nothing follows \`)
			}
			word = append(word, line[i])
		default:
			word = append(word, c)
		}
		begun = true
	}
	if begun {
		words = append(words, string(word))
	}
	return words, nil
}
