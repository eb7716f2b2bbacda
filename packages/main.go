// Packages builds what users install: a .deb, an .rpm and a tarball for linux/amd64,
// with a static binary, the man page, completions, documents and the licence. Run it
// in a checkout, as
//
//	go run ./packages -o dist
//
// The same commit gives the same bytes on any machine with the same version of Go.
package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// nfpm makes the packages of distributions.
const nfpm = "github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2"

func main() {
	log.SetFlags(0)
	log.SetPrefix("packages: ")
	out := flag.String("o", "dist", "the folder for the packages")
	version := flag.String("version", "", "the version; by default, the tag of the commit, or its time and name")
	flag.Parse()
	if err := build(*out, *version); err != nil {
		log.Fatal(err)
	}
}

func build(out, version string) error {
	if version == "" {
		var err error
		if version, err = commitVersion(); err != nil {
			return err
		}
	}
	epoch, err := sourceDate()
	if err != nil {
		return err
	}
	if out, err = filepath.Abs(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	stage, err := os.MkdirTemp("", "packages")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	if err := fill(stage, version, epoch); err != nil {
		return err
	}
	tarball := filepath.Join(out, "trapline-"+version+"-linux-amd64.tar.gz")
	if err := writeTarball(tarball, "trapline-"+version, stage, epoch); err != nil {
		return err
	}
	fmt.Println(tarball)
	config, err := filepath.Abs("packages/nfpm.yaml")
	if err != nil {
		return err
	}
	for _, packager := range []string{"deb", "rpm"} {
		cmd := exec.Command("go", "run", nfpm, "package", "-f", config, "-p", packager, "-t", out)
		cmd.Dir = stage
		cmd.Env = append(os.Environ(), "VERSION="+version, "SOURCE_DATE_EPOCH="+strconv.FormatInt(epoch.Unix(), 10), "TZ=UTC")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("nfpm -p %s: %w", packager, err)
		}
	}
	return nil
}

// fill puts the contents of the packages into the folder stage, with the same time on
// every file.
func fill(stage, version string, epoch time.Time) error {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-X main.release="+version,
		"-o", filepath.Join(stage, "trapline"), "./cmd/trapline")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		if err := copyFile(filepath.Join(stage, name), name); err != nil {
			return err
		}
	}
	for from, to := range map[string]string{"cmd/trapline/completion": "completion", "docs": "docs"} {
		if err := copyTree(filepath.Join(stage, to), from); err != nil {
			return err
		}
	}
	page, err := os.ReadFile("cmd/trapline/manual/trapline.1")
	if err != nil {
		return err
	}
	compressed, err := compress(page)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(stage, "trapline.1.gz"), compressed, 0o644); err != nil {
		return err
	}
	return filepath.WalkDir(stage, func(name string, d fs.DirEntry, err error) error {
		mode := fs.FileMode(0o644)
		if d.IsDir() || d.Name() == "trapline" {
			mode = 0o755
		}
		if err != nil {
			return err
		}
		return cmp.Or(os.Chmod(name, mode), os.Chtimes(name, epoch, epoch))
	})
}

func copyFile(to, from string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

func copyTree(to, from string) error {
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		return copyFile(filepath.Join(to, rel), name)
	})
}

// compress compresses data, without a name or a time in its header.
func compress(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(data)
	err = cmp.Or(err, w.Close())
	return b.Bytes(), err
}

// writeTarball writes the files in a folder to a compressed archive, in which they are
// in a folder called top.
func writeTarball(name, top, folder string, epoch time.Time) error {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		h := &tar.Header{
			Name: filepath.Join(top, rel), Mode: int64(info.Mode().Perm()), ModTime: epoch, Uname: "root", Gname: "root",
			Typeflag: tar.TypeReg, Size: info.Size(),
		}
		if d.IsDir() {
			h.Name, h.Typeflag, h.Size = h.Name+"/", tar.TypeDir, 0
			return w.WriteHeader(h)
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	})
	if err := cmp.Or(err, w.Close()); err != nil {
		return err
	}
	compressed, err := compress(b.Bytes())
	if err != nil {
		return err
	}
	return os.WriteFile(name, compressed, 0o644)
}

// commitVersion returns the version in the tag of the commit, v1.2.3, or one that sorts
// before any other: 0~git, the time and the name of the commit.
func commitVersion() (string, error) {
	dirty := ""
	if status, err := git("status", "--porcelain", "--untracked-files=no"); err != nil {
		return "", err
	} else if status != "" {
		dirty = "+changed"
	}
	if tag, err := git("describe", "--tags", "--exact-match", "--match", "v[0-9]*"); err == nil {
		return strings.TrimPrefix(tag, "v") + dirty, nil
	}
	text, err := git("log", "-1", "--format=%ct %h", "--abbrev=12")
	if err != nil {
		return "", err
	}
	seconds, name, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return "", err
	}
	return "0~git" + time.Unix(n, 0).UTC().Format("20060102150405") + "." + name + dirty, nil
}

// sourceDate returns the time of all files in the packages: SOURCE_DATE_EPOCH, or the time
// of the commit.
func sourceDate() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		var err error
		if text, err = git("log", "-1", "--format=%ct"); err != nil {
			return time.Time{}, err
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	return time.Unix(n, 0).UTC(), nil
}

func git(args ...string) (string, error) {
	out, err := exec.Command("git", args...).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = fmt.Errorf("git %s: %s", args[0], bytes.TrimSpace(failed.Stderr))
	}
	return strings.TrimSpace(string(out)), err
}
