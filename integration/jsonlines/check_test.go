package jsonlines

import "testing"

func TestCheck(t *testing.T) {
	for line, right := range map[string]bool{
		`{"a":1,"b":{"a":[{"a":1},{"a":2}]}}` + "\n": true,
		`[]`:                              true,
		`{"a":1,"a":1}`:                   false,
		`{"a":[{"b":1,"c":{},"b":null}]}`: false,
		`{"a":1,"\u0061":1}`:              false,
		`{"a":1`:                          false,
		`{} {}`:                           false,
		``:                                false,
	} {
		if err := Check(line); (err == nil) != right {
			t.Errorf("%s: %v", line, err)
		}
	}
}
