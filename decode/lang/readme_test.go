package lang

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"testing"
)

// machinery are the files that contain no words of the language, only code that words use.
var machinery = map[string]bool{
	"call.go": true, "memory.go": true, "slot.go": true, "bytes.go": true, "layout.go": true, "type.go": true,
	"signature.go": true, "capture.go": true, "keep.go": true, "kept.go": true, "noted.go": true, "perform.go": true,
	"single.go": true, "shape.go": true,
}

// notWords are exported for those who implement words or decode calls.
var notWords = map[string]bool{
	"PathMax": true, "PageSize": true, "NoArray": true,
	"Naming": true, "NamesFile": true, "NamesLink": true, "NamesNothing": true,
}

// otherNames are in README.md, but not words of the language.
var otherNames = map[string]bool{"FD": true, "Layout": true, "Show": true, "TestInitAllocations": true, "TestReadmeHasAllWords": true,
	"FuzzCall": true, "Keep": true, "KeepNum": true, "KeptMemory": true, "NotedMemory": true, "UsuallyNull": true,
}

// TestReadmeHasAllWords finds words that README.md does not mention in backquotes.
func TestReadmeHasAllWords(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	named := make(map[string]bool)
	for _, m := range regexp.MustCompile("`([A-Z]\\w*)`").FindAllStringSubmatch(string(readme), -1) {
		named[m[1]] = true
	}
	words := exportedWords(t)
	for word := range words {
		if !named[word] && !notWords[word] {
			t.Errorf("README.md lacks %s", word)
		}
	}
	for name := range named {
		if !words[name] && !otherNames[name] {
			t.Errorf("README.md has %s, which is not a word", name)
		}
	}
}

// exportedWords are the exported types and constants of the language.
func exportedWords(t *testing.T) map[string]bool {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	words := make(map[string]bool)
	for _, entry := range entries {
		name := entry.Name()
		if machinery[name] || !regexp.MustCompile(`^[a-z]+\.go$`).MatchString(name) {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					words[spec.Name.Name] = spec.Name.IsExported()
				case *ast.ValueSpec:
					for _, id := range spec.Names {
						words[id.Name] = id.IsExported()
					}
				}
			}
		}
	}
	for word, exported := range words {
		if !exported {
			delete(words, word)
		}
	}
	return words
}
