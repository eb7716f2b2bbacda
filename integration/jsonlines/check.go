// Package jsonlines checks the JSON of a trace, for tests.
package jsonlines

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Check says what is wrong with a line: it must be one JSON value in which no object, at
// any depth, has two members of the same name. Readers keep one of the two, and disagree
// on which (RFC 8259, section 4).
func Check(line string) error {
	if !json.Valid([]byte(line)) {
		return errors.New("not valid JSON")
	}
	return value(json.NewDecoder(strings.NewReader(line)))
}

// value reads one value.
func value(d *json.Decoder) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		seen := map[json.Token]bool{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return err
			}
			if seen[name] {
				return fmt.Errorf("two members %q", name)
			}
			seen[name] = true
			if err := value(d); err != nil {
				return err
			}
		}
		_, err = d.Token()
	case json.Delim('['):
		for d.More() {
			if err := value(d); err != nil {
				return err
			}
		}
		_, err = d.Token()
	}
	return err
}
