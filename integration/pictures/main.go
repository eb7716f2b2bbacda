// Pictures makes the pictures of the README: it runs trapline on a terminal, and draws
// what the terminal shows for dark and for light backgrounds. Run it in the root of the
// repository, and look at the result:
//
//	go run ./integration/pictures
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"trapline/integration/programs"
	"trapline/integration/screen"
)

// folder contains the pictures, below the root of the repository.
const folder = "docs/pictures"

// picture is a command line and the name of its picture.
type picture struct {
	name    string
	options []string
}

// pictures all trace the same script, in a folder with the files of makeDemo.
var pictures = []picture{
	{"trace", []string{"-f", "-P", "./", "-e", "trace=openat,read,write,mkdir", "--signal=TERM", "--quiet=attach,path-resolution"}},
	{"tree", []string{"--tree"}},
}

// script contains an unsuccessful search, another failure, and a death by a signal.
const script = `. ./settings
mkdir build
cat notes.txt
sort -o build/list settings
kill $$
`

func main() {
	if err := makeAll(); err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

func makeAll() error {
	bin, err := os.MkdirTemp("", "pictures")
	if err != nil {
		return err
	}
	defer os.RemoveAll(bin)
	trapline, err := programs.Trapline.Path(bin)
	if err != nil {
		return err
	}
	for _, p := range pictures {
		for _, on := range backgrounds {
			lines, err := p.run(trapline, on)
			if err != nil {
				return err
			}
			var b bytes.Buffer
			if err := draw(&b, lines, on); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(folder, p.file(on)), b.Bytes(), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// file is the name of the picture's file for a background.
func (p *picture) file(on background) string { return p.name + "-" + on.name + ".svg" }

// run runs a command of a picture on a terminal and returns what the terminal shows: the
// command line, and its output.
func (p *picture) run(trapline string, on background) ([][]screen.Cell, error) {
	demo, err := os.MkdirTemp("", "demo")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(demo)
	if err := makeDemo(demo); err != nil {
		return nil, err
	}
	args := append(p.options[:len(p.options):len(p.options)], "sh", "deploy.sh")
	cmd := exec.Command(trapline, append([]string{"--palette=" + on.name}, args...)...)
	cmd.Dir = demo
	cmd.Env = []string{"PATH=/usr/bin:/bin", "TERM=xterm-256color", "LC_ALL=C.UTF-8", "PWD=" + demo}
	text, err := screen.Run(cmd, 50, 200)
	if err != nil {
		return nil, err
	}
	lines, faults := screen.Read(text)
	if len(faults) > 0 {
		return nil, errors.New(faults[0])
	}
	typed := "$ trapline"
	for _, arg := range args {
		typed += " " + arg
	}
	var first []screen.Cell
	for _, c := range typed {
		first = append(first, screen.Cell{Char: c})
	}
	return append([][]screen.Cell{first}, lines...), nil
}

// makeDemo makes the files that the script uses.
func makeDemo(folder string) error {
	return errors.Join(
		os.WriteFile(filepath.Join(folder, "deploy.sh"), []byte(script), 0o644),
		os.WriteFile(filepath.Join(folder, "settings"), []byte("name=demo\nport=8080\n"), 0o644),
		os.Mkdir(filepath.Join(folder, "build"), 0o755))
}
