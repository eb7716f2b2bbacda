package decode

// netGroups are the calls described here, one line a file.
var netGroups = []group{
	{both: socketCalls, i386: socketCallsI386},
	{both: sockoptCalls},
	{both: messageCalls, i386: messageCallsI386},
}
