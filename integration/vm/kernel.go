package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// packages are the kernels known by a short name: metapackages of Debian, which
// depend on the newest kernel of a series.
var packages = map[string]string{
	"6.1":  "linux-image-cloud-amd64",
	"6.12": "linux-image-6.12-cloud-amd64",
}

// tool finds a program, or names its package in the error. It also looks in
// root's folders, which other users may not have on their path.
func tool(name, pkg string) (string, error) {
	for _, name := range []string{name, "/usr/sbin/" + name, "/sbin/" + name} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not installed: apt-get install %s", name, pkg)
}

// findKernel returns the file of a kernel. It fetches a kernel of packages that is not in
// the cache.
func findKernel(ctx context.Context, name string) (string, error) {
	pkg, known := packages[name]
	if !known {
		if _, err := os.Stat(name); err != nil {
			return "", fmt.Errorf("-kernel %s is not one of %s, nor a file", name, strings.Join(slices.Sorted(maps.Keys(packages)), ", "))
		}
		return name, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "trapline", "kernels")
	path := filepath.Join(dir, pkg)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	return path, fetchKernel(ctx, pkg, path)
}

// fetchKernel downloads the kernel that a metapackage stands for, to path.
func fetchKernel(ctx context.Context, meta, path string) error {
	if _, err := tool("apt-get", "apt"); err != nil {
		return fmt.Errorf("%w; on a system that is not Debian's, name a kernel's file with -kernel", err)
	}
	pkg, err := dependency(meta)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), "download")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Fprintf(os.Stderr, "vm: downloading %s\n", pkg)
	// As root, apt-get would download as a user who may not write to the
	// folder.
	if err := quietly(ctx, dir, "apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", pkg); err != nil {
		return err
	}
	archives, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil || len(archives) != 1 {
		return fmt.Errorf("apt-get download %s has left %d packages", pkg, len(archives))
	}
	if err := quietly(ctx, dir, "dpkg-deb", "-x", archives[0], "."); err != nil {
		return err
	}
	images, err := filepath.Glob(filepath.Join(dir, "boot", "vmlinuz-*"))
	if err != nil || len(images) != 1 {
		return fmt.Errorf("%s has %d kernels in /boot", pkg, len(images))
	}
	return os.Rename(images[0], path) // complete, or not there
}

// dependency returns the kernel package that a metapackage depends on.
func dependency(meta string) (string, error) {
	out, err := exec.Command("apt-cache", "show", "--no-all-versions", meta).Output()
	if err != nil {
		return "", fmt.Errorf("apt-cache knows no %s: apt-get update", meta)
	}
	return parseDependency(meta, out)
}

var dependsOnImage = regexp.MustCompile(`(?m)^Depends:.*?\b(linux-image-[^\s,]+)`)

func parseDependency(meta string, control []byte) (string, error) {
	m := dependsOnImage.FindSubmatch(control)
	if m == nil {
		return "", fmt.Errorf("%s depends on no linux-image", meta)
	}
	return string(m[1]), nil
}

// quietly runs a program in a folder. Its output appears only if it fails.
func quietly(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return errors.Join(fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err), errors.New(string(bytes.TrimSpace(out))))
	}
	return nil
}
