package json

// Context implements output.Encoder.
func (j *writer) Context(context, expected []byte) {
	j.Annotate("secontext", context)
	if expected != nil {
		j.Annotate("secontext_expected", expected)
	}
}

// secontext writes the tracee's SELinux context at the head of a record.
func (j *writer) secontext() {
	context := j.tracee.Context
	if len(context) == 0 {
		return
	}
	j.member("secontext")
	if !j.bytes(context) {
		j.member("secontext_hex")
		j.hexString(context)
	}
}
