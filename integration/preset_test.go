package integration

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"trapline/integration/need"
)

// A preset shows what its options show.
func TestPresets(t *testing.T) {
	need.All(t, need.X86)
	config := t.TempDir()
	folder := filepath.Join(config, "trapline")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "presets")
	shown := func(args ...string) string {
		t.Helper()
		log := filepath.Join(t.TempDir(), "log")
		args = append([]string{"-o", log}, append(args, "sh", "-c", "cat /nowhere; : </etc/passwd")...)
		cmd := exec.Command(trapline(t), args...)
		cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+config)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, &stderr)
		}
		got, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		numbers := regexp.MustCompile(`\b0x[0-9a-f]+\b|(?m:^\d+ +)|si_pid=\d+|si_[us]time=\d+( /\* [0-9.]+ s \*/)?`)
		return numbers.ReplaceAllString(string(got), "N")
	}
	text := "# mine\nfailed = -f -Z --trace='%file'  # and nothing else\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for preset, options := range map[string][]string{
		"files":        {"-f", "-y", "--trace=%file"},
		"failed,quiet": {"-f", "-Z", "--trace=%file", "-qq", "--signal=none"},
	} {
		want, got := shown(options...), shown("--preset="+preset)
		if got != want || !strings.Contains(got, `"/nowhere"`) {
			t.Errorf("--preset=%s shows\n%s%q shows\n%s", preset, got, options, want)
		}
	}
	if got := shown("--preset=files", "--trace=chdir", "-q"); strings.Contains(got, "open") {
		t.Errorf("--trace does not override the preset's:\n%s", got)
	}
}
