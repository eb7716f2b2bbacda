package walk_test

import (
	"strings"
	"testing"

	"trapline/decode/internal/walk"
	. "trapline/decode/lang"
	"trapline/tables"
)

// A name that does not exist is reported with its call and argument.
func TestResolveSaysWhere(t *testing.T) {
	pair := &Struct{Fields: Fields{{"first", U32}, {"second", U32}}}
	calls := Calls{
		{"one", Args{{"right", &Ptr{To: &Struct{Of: pair, Pick: Names{"first"}}}}}, RetUnsigned},
		{"two", Args{{"arg", &Ptr{To: &Struct{Of: pair, Pick: Names{"third"}}}}}, RetUnsigned},
		{"three", Args{{"flags", &When{If: &Is{N: Ref("x"), Set: &tables.Whence, Values: Names{"SEEK_NOWHERE"}}, Then: U32}}}, RetUnsigned},
	}
	_, problems := walk.Resolve(calls)
	want := []string{
		"two: arg: lang: no member is called third in struct { first, second }",
		"three: flags: lang: no constant is called SEEK_NOWHERE",
	}
	if got := strings.Join(problems, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}
