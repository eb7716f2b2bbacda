//go:build linux && amd64

// Mkmanual makes, from manual/manual.txt, the text of trapline -h, the man page and
// the data for the shells' completion. Run it in the folder of trapline's command,
// or by "go generate".
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("mkmanual: ")
	files, err := generate(".")
	if err != nil {
		log.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(name, text, 0o666); err != nil {
			log.Fatal(err)
		}
	}
}

// generate makes all generated files, by name, from the manual in the folder dir.
func generate(dir string) (map[string][]byte, error) {
	const name = "manual/manual.txt"
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	m, err := parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	files := map[string][]byte{}
	for name, write := range map[string]func(*bytes.Buffer, *manual){
		"zhelp.txt":         writeHelp,
		"zcompletion.txt":   writeCompletion,
		"manual/trapline.1": writeMan,
	} {
		var b bytes.Buffer
		write(&b, m)
		files[name] = b.Bytes()
	}
	return files, nil
}
