package decode

// ipcGroups are the calls described here, one line a file.
var ipcGroups = []group{
	{both: futexCalls},
	{both: mqCalls, i386: mqCallsI386},
	{both: sysvCalls, i386: sysvCallsI386},
	{i386: multiplexerCallsI386},
}
