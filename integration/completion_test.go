package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"trapline/integration/need"
)

// shellTerminal is a shell in a terminal of tmux(1).
type shellTerminal struct {
	t      *testing.T
	socket string
}

// prompt is the prompt of the shells.
const prompt = "ready:"

// startShell starts a shell in a terminal and waits for its prompt. Its files
// are in the folder home; trapline is in its PATH.
func startShell(t *testing.T, home, shell string) *shellTerminal {
	t.Helper()
	bin := filepath.Join(home, "bin")
	if err := os.Mkdir(bin, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(trapline(t), filepath.Join(bin, "trapline")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("env", append([]string{"-i", "HOME=" + home, "TERM=screen", "LANG=C.UTF-8", "PATH=" + bin + ":/usr/bin:/bin"},
		strings.Fields(shell)...)...)
	term := &shellTerminal{t, startTerminal(t, 150, 50, cmd)}
	term.await("a prompt", func(screen string) bool { return strings.HasSuffix(screen, prompt) })
	return term
}

func (term *shellTerminal) tmux(args ...string) string {
	term.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", term.socket}, args...)...).CombinedOutput()
	if err != nil {
		term.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// screen is the text on the screen, without blanks at its end.
func (term *shellTerminal) screen() string {
	return strings.TrimRight(term.tmux("capture-pane", "-p"), " \n")
}

// await waits until the screen is as it should be.
func (term *shellTerminal) await(what string, ok func(screen string) bool) {
	term.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !ok(term.screen()); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			term.t.Fatalf("timed out waiting for %s; the screen:\n%s", what, term.screen())
		}
	}
}

// complete types the beginning of a command line and TAB, once or twice.
func (term *shellTerminal) complete(text string, tabs int) {
	term.t.Helper()
	term.tmux("send-keys", "-l", text)
	term.await(text, func(screen string) bool { return strings.Contains(screen, text) })
	for range tabs {
		term.tmux("send-keys", "Tab")
	}
}

// clear empties the command line and the screen. A shell that is still busy with its
// completion may lose keys.
func (term *shellTerminal) clear() {
	term.t.Helper()
	term.await("an empty screen", func(screen string) bool {
		if screen == prompt {
			return true
		}
		term.tmux("send-keys", "C-u", "C-l")
		time.Sleep(100 * time.Millisecond)
		return false
	})
}

// shells are the shells with completion, with their start files below the home folder.
var shells = []struct {
	name   string
	needs  []*need.Feature
	start  string
	config string // a start file
	text   string
	script string // where the shell looks for the script
}{
	{"bash", []*need.Feature{need.Bash, need.BashCompletion}, "bash --noprofile -i", ".bashrc",
		"PS1='ready: '\n. /usr/share/bash-completion/bash_completion\n", ".local/share/bash-completion/completions/trapline"},
	{"zsh", []*need.Feature{need.Zsh}, "zsh -i", ".zshrc",
		"PS1='ready: '\nfpath=(~/functions $fpath)\nautoload -U compinit\ncompinit -u -D\n", "functions/_trapline"},
	{"fish", []*need.Feature{need.Fish}, "fish -i", ".config/fish/config.fish",
		"function fish_prompt\n    echo 'ready: '\nend\nset -g fish_greeting\nset -g fish_autosuggestion_enabled 0\n",
		".config/fish/completions/trapline.fish"},
}

func TestCompletionInShells(t *testing.T) {
	need.All(t, need.X86, need.Tmux, need.Time)
	for _, shell := range shells {
		t.Run(shell.name, func(t *testing.T) {
			need.All(t, shell.needs...)
			home := t.TempDir()
			script, err := exec.Command(trapline(t), "--completion="+shell.name).Output()
			if err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string]string{shell.config: shell.text, shell.script: string(script), "only one file": ""} {
				name = filepath.Join(home, name)
				os.MkdirAll(filepath.Dir(name), 0o777)
				if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			// If this folder does not exist, fish fills it in the background from all
			// manual pages.
			if err := os.MkdirAll(filepath.Join(home, ".local/share/fish/generated_completions"), 0o777); err != nil {
				t.Fatal(err)
			}
			// Ids of processes that differ in the last digit only.
			sleeper := filepath.Join(home, "tracedsleeper")
			program, err := exec.LookPath("sleep")
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(program)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(sleeper, text, 0o777); err != nil {
				t.Fatal(err)
			}
			prefixes, prefix := map[string]int{}, ""
			for prefix == "" {
				cmd := exec.Command(sleeper, "600")
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
				pid := strconv.Itoa(cmd.Process.Pid)
				p := pid[:len(pid)-1]
				if prefixes[p]++; prefixes[p] == 2 {
					prefix = p
				}
			}

			term := startShell(t, home, shell.start)
			for _, tt := range []struct{ typed, want string }{
				{"--follow-f", "--follow-forks"},
				{"--min-d", "--min-duration="},
				{"-e trace=io_uring_se", "-e trace=io_uring_setup"},
				{"-e read,io_uring_se", "-e read,io_uring_setup"},
				{"-fe quie", "-fe quiet="},
				{"--trace=%netw", "--trace=%network"},
				{"--status=successful,EACC", "--status=successful,EACCES"},
				{"--signal SIGWIN", "--signal SIGWINCH"},
				{"-o x --format=js", "-o x --format=json"},
				{"-u nobo", "-u nobody"},
				{"-c -U calls,wall-av", "-c -U calls,wall-avg"},
				{"--inject=read:error=ENOSP", "--inject=read:error=ENOSPC"},
				{"--inject=read:retval=0:delay_en", "--inject=read:retval=0:delay_enter="},
				{"-p name:tracedslee", "-p name:tracedsleeper"},
				{"-o ~/onl", `-o ~/only\ one\ file`},
				{"-A --output=/etc/hostnam", "-A --output=/etc/hostname"},
				{"-f ls --almost", "-f ls --almost-all"}, // the command's own
				{"--list-syscalls io_uring_se", "--list-syscalls io_uring_setup"},
			} {
				term.complete("trapline "+tt.typed, 1)
				line := prompt + " trapline " + tt.want
				term.await(line, func(screen string) bool {
					screen, _, _ = strings.Cut(screen, "\n") // the expected line, with a list below it or without
					return strings.TrimRight(screen, " ") == line
				})
				term.clear()
			}
			term.complete("trapline -p "+prefix, 2)
			term.await("processes with their names", func(screen string) bool {
				return strings.Count(screen, "tracedsleeper") >= 2
			})
			term.clear()
			term.complete("trapline --summary-s", 2)
			term.await("options with explanations", func(screen string) bool {
				return strings.Contains(screen, "sort the table") && strings.Contains(screen, "take TIME off each call")
			})
		})
	}
}

// Everything that completion prints for a word can stand in place of the word.
func TestCompletionPrints(t *testing.T) {
	need.All(t, need.X86)
	config := t.TempDir()
	if err := os.Mkdir(config+"/trapline", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config+"/trapline/presets", []byte("own-preset = -f -o 'a b'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		words string // with | between
		want  []string
		not   []string
	}{
		{"ls", []string{":command 0"}, nil},
		{"-f|--|l", []string{":command 2"}, nil},
		{"-o|file|make|-j", []string{":command 2"}, nil},
		{"--output|x|-e|open|make|", []string{":command 4"}, nil},
		{"-p|1|", []string{":command 2"}, nil},
		{"-ofile|l", []string{":command 1"}, nil},
		{"-o|", []string{":files "}, []string{":command 0"}},
		{"-fo", []string{":files -fo"}, nil},
		{"--trace-pa=", []string{":files --trace-pa="}, nil},
		{"-P|", []string{":files "}, nil},
		{"--user=", []string{":users --user="}, nil},
		{"-e|%file,!sta", []string{":open", "%file,!statx\t", "%file,!stat\t"}, []string{"%file,!open\t"}},
		{"-e|signal=SIGI", []string{"signal=SIGINT\t", "signal=SIGILL\t"}, []string{"signal=SIGUSR1\t"}},
		{"-e|inject=open:", []string{"inject=open:error=\tdo not run it, and let it fail"}, nil},
		{"--fault=open:error=EI", []string{"--fault=open:error=EINTR\tInterrupted system call"}, nil},
		{"--inject=open:error=EIO:signal=SIGK", []string{"--inject=open:error=EIO:signal=SIGKILL\t"}, nil},
		{"--inject=open:syscall=getpi", []string{"--inject=open:syscall=getpid\t"}, nil},
		{"--read=", []string{"--read=0\tstandard input"}, nil},
		{"-E|TRAPLINE_", []string{"TRAPLINE_COMPLETED=\t"}, nil},
		{"-I|never_", []string{"never_tstp\tNever, and SIGTSTP (^Z) is ignored, too"}, nil},
		{"--follow=", []string{"--follow=threads\tOnly threads"}, nil},
		{"-", []string{"-f\ttrace the children of tracees, too", "--json\t--format=json", "--quiet\tfewer messages: not attach, exit, ..."},
			[]string{"-F\t", "--silent\t"}},
		{"--list-syscalls|%fil", []string{"%file\ttake the name of a file"}, []string{":command 1"}},
		{"--preset=files,qu", []string{":open", "--preset=files,quiet\t-qq --signal=none"}, []string{"--preset=files,files\t"}},
		{"--preset|own", []string{"own-preset\t-f -o 'a b'"}, nil},
		{"--nonsense=", nil, []string{":command 0"}},
		{"--nonsense|", nil, []string{":command 0"}},
	} {
		cmd := exec.Command(trapline(t), append([]string{"--completion=zsh", "--"}, strings.Split(tt.words, "|")...)...)
		cmd.Env = append(os.Environ(), "TRAPLINE_COMPLETED=1", "XDG_CONFIG_HOME="+config)
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v", tt.words, err)
			continue
		}
		lines := "\n" + string(out)
		for _, want := range tt.want {
			if !strings.Contains(lines, "\n"+want) {
				t.Errorf("%s: lacks %q in%s", tt.words, want, fmt.Sprintf("%.500s", lines))
			}
		}
		for _, not := range tt.not {
			if strings.Contains(lines, "\n"+not) {
				t.Errorf("%s: has %q", tt.words, not)
			}
		}
	}
}
