package decode

// bpfGroups are the calls described here, one line a file.
var bpfGroups = []group{
	{both: bpfCalls},
}
