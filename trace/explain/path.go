//go:build linux && amd64

package explain

import (
	"fmt"
	"strings"

	"trapline/decode"
	"trapline/decode/host"
)

// Reasons that lie in the lookup of a path: ENOENT, ENOTDIR, ELOOP.

// missing explains ENOENT.
func (e *Explainer) missing() string {
	for i := range e.paths {
		p := &e.paths[i]
		if p.name == "" && p.use&decode.NamesByRules == 0 && p.dir == atCWD {
			return "the path is empty"
		}
	}
	for p := range e.searched {
		w := e.walk(p, false)
		switch w.Obstacle {
		case host.Missing:
			if w.Last && p.use&decode.NamesNew != 0 {
				continue // it need not exist
			}
			return missingPart(&w)
		case host.DirDeleted:
			return quoted(strings.TrimSuffix(w.Name, " (deleted)")) + " has been deleted"
		case host.Found:
			if p.use&decode.NamesRun != 0 {
				return e.missingInterpreter(p, w.Name)
			}
		}
	}
	return ""
}

// missingPart names the part of a path that does not exist.
func missingPart(w *host.Walk) string {
	switch {
	case w.Link == "":
		return quoted(w.Name) + " does not exist"
	case w.Target == w.Name:
		return fmt.Sprintf("%s is a symbolic link to %s, which does not exist", quoted(w.Link), quoted(w.Target))
	}
	return fmt.Sprintf("%s is a symbolic link to %s, and %s does not exist", quoted(w.Link), quoted(w.Target), quoted(w.Name))
}

// interpreters is the longest chain of scripts that are each other's interpreters
// (fs/exec.c).
const interpreters = 5

// missingInterpreter explains ENOENT of execve for a program that exists.
func (e *Explainer) missingInterpreter(p *usedPath, name string) string {
	dir, path := p.dir, p.name
	for range interpreters {
		program, ok := e.host.Program(e.process, dir, path)
		if !ok || program.Interpreter == "" {
			return ""
		}
		w := e.host.Walk(e.process, atCWD, program.Interpreter, false, nil)
		what := "the interpreter"
		if program.Kind == host.ProgramELF {
			what = "the loader"
		}
		switch w.Obstacle {
		case host.Missing:
			reason := fmt.Sprintf("%s of %s, %s, does not exist", what, quoted(name), quoted(program.Interpreter))
			if w.Link != "" || w.Name != program.Interpreter {
				reason += ": " + missingPart(&w)
			}
			return reason
		case host.Found:
			dir, path, name = atCWD, program.Interpreter, w.Name
		default:
			return ""
		}
	}
	return ""
}

// notDirectory explains ENOTDIR.
func (e *Explainer) notDirectory() string {
	for p := range e.searched {
		w := e.walk(p, false)
		if w.Obstacle == host.NotDirectory || w.Obstacle == host.Found && w.Slash && !w.File.IsDir() {
			return notDirectoryPart(&w)
		}
	}
	p := e.only()
	if p == nil || p.use&(decode.NamesRun|decode.NamesNew) != 0 {
		return ""
	}
	if w := e.walk(p, false); w.Obstacle == host.Found && !w.File.IsDir() {
		return notDirectoryPart(&w)
	}
	return ""
}

func notDirectoryPart(w *host.Walk) string {
	return fmt.Sprintf("%s is %s, not a directory", quoted(w.Name), typeName(&w.File))
}

// links explains ELOOP.
func (e *Explainer) links() string {
	for p := range e.searched {
		w := e.walk(p, false)
		switch {
		case w.Obstacle == host.LinkLoop:
			return quoted(w.Name) + " is a symbolic link that leads back to itself"
		case w.Obstacle == host.ManyLinks:
			return "the path leads through more than 40 symbolic links"
		case w.Obstacle == host.Found && w.File.IsLink() && p.use&decode.NamesLink != 0 && len(e.paths) == 1:
			return quoted(w.Name) + " is a symbolic link, which the call does not follow"
		}
	}
	return ""
}
