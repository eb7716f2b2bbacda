package decode

// uringGroups are the calls described here, one line a file.
var uringGroups = []group{
	{both: ioUringCalls},
}
