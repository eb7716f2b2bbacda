package json

import "trapline/output"

// kernelPath writes the member "kernel_path": functions, each with the functions that it
// called.
func (j *writer) kernelPath(k *output.KernelPath) {
	j.member("kernel_path")
	j.buf = append(j.buf, '[')
	depth := -1 // of the function before
	for i := range k.Functions {
		f := &k.Functions[i]
		for ; depth >= f.Depth; depth-- { // end the functions that did not call this one
			if depth > f.Depth {
				j.buf = append(j.buf, '}', ']')
				continue
			}
			j.buf = append(j.buf, '}', ',')
		}
		if f.Depth > 0 && i > 0 && k.Functions[i-1].Depth < f.Depth {
			j.member("calls")
			j.buf = append(j.buf, '[')
		}
		depth = f.Depth
		j.buf = append(j.buf, '{')
		j.member("function")
		j.string(f.Name)
		if f.Module != "" {
			j.member("module")
			j.string(f.Module)
		}
		if f.Duration >= 0 {
			j.integer("duration_ns", int64(f.Duration))
		}
	}
	for ; depth > 0; depth-- {
		j.buf = append(j.buf, '}', ']')
	}
	if depth == 0 {
		j.buf = append(j.buf, '}')
	}
	j.buf = append(j.buf, ']')
	if k.Asleep {
		j.flag("kernel_asleep")
	}
	if k.Note != "" {
		j.member("kernel_note")
		j.string(k.Note)
	}
}
