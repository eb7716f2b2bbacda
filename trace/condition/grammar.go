//go:build linux && amd64

package condition

import (
	"errors"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The grammar, as participle reads it from the tags. Operators between values
// (term) are a flat list there: checker.value applies their precedence.

type orTree struct {
	Terms []*andTree `parser:"@@ ( ( 'or' | '||' ) @@ )*"`
}

type andTree struct {
	Terms []*notTree `parser:"@@ ( ( 'and' | '&&' ) @@ )*"`
}

type notTree struct {
	Not  *notTree  `parser:"  ( 'not' | '!' ) @@"`
	Test *testTree `parser:"| @@"`
}

// testTree is a value by itself or a comparison of values.
type testTree struct {
	Pos   lexer.Position
	Left  *sumTree  `parser:"@@"`
	Op    string    `parser:"( @( '==' | '!=' | '<=' | '>=' | '<' | '>' | '=' | 'matches' | 'startsWith' | 'endsWith' | 'contains' )"`
	Right *sumTree  `parser:"  @@"`
	NotIn bool      `parser:"| ( @'not'? 'in'"`
	List  *listTree `parser:"    @@ ) )?"`
}

type listTree struct {
	Pos      lexer.Position
	Elements []*sumTree `parser:"'[' ( @@ ( ',' @@ )* ','? )? ']'"`
}

type sumTree struct {
	Pos  lexer.Position
	Left *signedTree `parser:"@@"`
	Rest []*restTree `parser:"@@*"`
}

type restTree struct {
	Pos  lexer.Position
	Op   string      `parser:"@( '&' | '|' | '+' | '-' | '*' | '<<' | '>>' )"`
	Term *signedTree `parser:"@@"`
}

type signedTree struct {
	Pos   lexer.Position
	Signs []string  `parser:"@( '-' | '~' )*"`
	Term  *termTree `parser:"@@"`
}

type termTree struct {
	Pos    lexer.Position
	Number string    `parser:"  @Number"`
	String *string   `parser:"| @String"`
	Call   *callTree `parser:"| @@"`
	Name   *nameTree `parser:"| @@"`
	Inner  *orTree   `parser:"| '(' @@ ')'"`
}

type callTree struct {
	Pos  lexer.Position
	Name string     `parser:"@Ident '('"`
	Args []*sumTree `parser:"( @@ ( ',' @@ )* )? ')'"`
}

type nameTree struct {
	Pos     lexer.Position
	Name    string   `parser:"@Ident"`
	Members []string `parser:"( '.' @( Ident | Keyword ) | '[' @Number ']' )*"`
}

// built is the parser, which is built when it is first needed, since few commands
// have a condition.
var built struct {
	once   sync.Once
	parser *participle.Parser[orTree]
}

func parser() *participle.Parser[orTree] {
	built.once.Do(func() { built.parser = buildParser() })
	return built.parser
}

func buildParser() *participle.Parser[orTree] {
	return participle.MustBuild[orTree](
		participle.Lexer(lexer.MustSimple([]lexer.SimpleRule{
			{Name: "Space", Pattern: `\s+`},
			{Name: "Keyword", Pattern: `(?:and|or|not|in|matches|startsWith|endsWith|contains)\b`},
			{Name: "Ident", Pattern: `[A-Za-z_][A-Za-z0-9_]*`},
			{Name: "Number", Pattern: `0[xX][0-9A-Fa-f]+|[0-9]+(?:\.[0-9]+)?[A-Za-z]*`},
			{Name: "String", Pattern: `"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'`},
			{Name: "Operator", Pattern: `==|!=|<=|>=|<<|>>|&&|\|\||[-+*&|~!=<>()\[\],.]`},
		})),
		participle.Elide("Space"),
		participle.UseLookahead(2),
	)
}

// parseTree parses a condition without looking at what its names mean.
func parseTree(text string) (*orTree, error) {
	tree, err := parser().ParseString("", text)
	if err == nil {
		return tree, nil
	}
	var unexpected *participle.UnexpectedTokenError
	var other participle.Error
	switch {
	case errors.As(err, &unexpected) && unexpected.Unexpected.EOF():
		return nil, &Error{Text: text, Column: utf8.RuneCountInString(text) + 1, Problem: "it ends too early"}
	case errors.As(err, &unexpected):
		problem := "unexpected '" + unexpected.Unexpected.Value + "'"
		return nil, &Error{Text: text, Column: unexpected.Unexpected.Pos.Column, Problem: problem}
	case errors.As(err, &other):
		at := other.Position()
		problem := "unexpected character"
		switch rest := text[min(at.Offset, len(text)):]; {
		case strings.HasPrefix(rest, `"`), strings.HasPrefix(rest, "'"):
			problem = "the string has no end"
		case strings.HasPrefix(rest, "/"):
			problem = "unexpected '/': a string has quotes"
		}
		return nil, &Error{Text: text, Column: at.Column, Problem: problem}
	}
	return nil, &Error{Text: text, Column: 1, Problem: err.Error()}
}
