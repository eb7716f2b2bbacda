package output

func newJSON(l *Log, out *file, pid int) Trace { return nil }
