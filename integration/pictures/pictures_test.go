package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"trapline/integration/need"
	"trapline/integration/programs"
	"trapline/integration/screen"
)

// text is a <text> of a picture.
type text struct {
	x, y       float64
	fill       string
	characters string
}

// textsOf reads a picture, which has to be well-formed.
func textsOf(t *testing.T, picture []byte) (all []text) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(picture))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, picture)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local != "text" {
				continue
			}
			var now text
			for _, a := range token.Attr {
				switch a.Name.Local {
				case "x":
					now.x, err = strconv.ParseFloat(a.Value, 64)
				case "y":
					now.y, err = strconv.ParseFloat(a.Value, 64)
				case "fill":
					now.fill = a.Value
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			all = append(all, now)
		case xml.CharData:
			if len(all) > 0 {
				all[len(all)-1].characters += strings.TrimSuffix(string(token), "\n")
			}
		}
	}
}

// linesOf reassembles the lines of a picture from the positions of its texts.
func linesOf(t *testing.T, picture []byte) (lines []string) {
	t.Helper()
	y := 0.0
	for _, piece := range textsOf(t, picture) {
		if piece.y != y {
			lines, y = append(lines, ""), piece.y
		}
		line := &lines[len(lines)-1]
		column := int((piece.x-margin)/advance + 0.5)
		missing := column - len([]rune(*line))
		if missing < 0 {
			t.Fatalf("%q overlaps %q", piece.characters, *line)
		}
		*line += strings.Repeat(" ", missing) + piece.characters
	}
	return lines
}

func TestDraw(t *testing.T) {
	lines, _ := screen.Read("a\x1b[1;38;5;210m<&>\x1b[0m  é\n\n\x1b[7;38;5;231mend\x1b[0m\x1b[38;5;232m.\x1b[0m\n")
	var b bytes.Buffer
	if err := draw(&b, lines, backgrounds[0]); err != nil {
		t.Fatal(err)
	}
	if got := linesOf(t, b.Bytes()); !slices.Equal(got, []string{"a<&>  é", "end."}) {
		t.Errorf("%q in\n%s", got, &b)
	}
	var fills []string
	for _, piece := range textsOf(t, b.Bytes()) {
		fills = append(fills, piece.fill)
	}
	// The colours of xterm's table of 256: 210, 231, 232; and those of the background.
	if want := []string{"#e6edf3", "#ff8787", "#e6edf3", "#0d1117", "#080808"}; !slices.Equal(fills, want) {
		t.Errorf("colours %q, want %q", fills, want)
	}
	if !strings.Contains(b.String(), `fill="#ffffff"/>`) || strings.Count(b.String(), "bold") != 1 {
		t.Errorf("no reverse, or not one bold piece:\n%s", &b)
	}
	lines, _ = screen.Read("\x1b[31mred\x1b[0m\n")
	if err := draw(io.Discard, lines, backgrounds[0]); err == nil {
		t.Error("a colour that terminals choose is drawn")
	}
}

// The pictures in the repository show what trapline prints, and the README contains them.
func TestPictures(t *testing.T) {
	need.All(t, need.X86)
	trapline, err := programs.Trapline.Path(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	number := regexp.MustCompile(`[\d.]+`)
	for _, p := range pictures {
		for _, on := range backgrounds {
			file := filepath.Join("../..", folder, p.file(on))
			drawn, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(drawn) > 60_000 {
				t.Errorf("%s has %d bytes", file, len(drawn))
			}
			if !bytes.Contains(readme, []byte(folder+"/"+p.file(on))) {
				t.Errorf("README.md lacks %s", file)
			}
			cells, err := p.run(trapline, on)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, line := range cells {
				want = append(want, screen.Text(line))
			}
			got := linesOf(t, drawn)
			for i, line := range want {
				masked := func(s string) string { return strings.Join(strings.Fields(number.ReplaceAllString(s, "N")), " ") }
				if i >= len(got) || masked(got[i]) != masked(line) {
					t.Errorf("%s is not what trapline prints: run go run ./integration/pictures\ngot\n%s\nwant\n%s", file,
						strings.Join(got, "\n"), fmt.Sprint(strings.Join(want, "\n")))
					break
				}
			}
		}
	}
}
