package output

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Zone finds the time zone that the C library has for the values of TZ and TZDIR,
// where Go's differs: a rule in the form of tzset(3), such as
// CET-1CEST,M3.5.0,M10.5.0/3, and a file below TZDIR. It returns nil for zones that
// Go finds itself, and for invalid ones, which are UTC to both.
func Zone(tz, tzdir string) *time.Location {
	name := strings.TrimPrefix(tz, ":")
	if name == "" || filepath.IsAbs(name) {
		return nil
	}
	if tzdir != "" {
		if data, err := readZone(filepath.Join(tzdir, name)); err == nil {
			if zone, err := time.LoadLocationFromTZData(name, data); err == nil {
				return zone
			}
		}
	}
	if _, err := time.LoadLocation(name); err == nil {
		return nil
	}
	return zoneOfRule(name)
}

// readZone reads a time zone file, if it is a regular file.
func readZone(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	const most = 1 << 20 // bytes, many times the size of any zone
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, os.ErrInvalid
	}
	return os.ReadFile(path)
}

// zoneOfRule makes the time zone that a rule describes. Go reads rules only at
// the end of TZif files (RFC 9636), where they apply after the last transition.
// Therefore it makes a file without transitions.
func zoneOfRule(rule string) *time.Location {
	const shortest = len("<+3") // minimum length of a name in Go
	if strings.ContainsAny(rule, "\n\x00") || rule[0] == '<' && strings.IndexByte(rule, '>') <= shortest {
		return nil
	}
	zone, err := time.LoadLocationFromTZData(rule, emptyTZif(rule))
	if err != nil {
		return nil
	}
	return zone
}

// emptyTZif returns a TZif file of version 2 with only UTC and a rule.
func emptyTZif(rule string) []byte {
	// Six counts of 32 bits: isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt.
	header := append([]byte("TZif2"), make([]byte, 15+6*4)...)
	binary.BigEndian.PutUint32(header[36:], 1)
	binary.BigEndian.PutUint32(header[40:], uint32(len("UTC\x00")))
	// A type (the offset, whether it is daylight saving time, the index of the name),
	// and the names.
	block := append(header, "\x00\x00\x00\x00\x00\x00UTC\x00"...)
	file := append(block, block...) // for readers of version 1, and of version 2
	return append(append(append(file, '\n'), rule...), '\n')
}
