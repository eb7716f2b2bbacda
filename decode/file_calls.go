package decode

// fileGroups are the calls described here, one line a file.
var fileGroups = []group{
	{both: pollCalls, x86: pollCalls64, i386: pollCallsI386},
	{both: epollCalls},
	{both: fsOpenCalls},
	{both: fsIOCalls, x86: fsIOCalls64, i386: fsIOCallsI386},
	{both: fsStatCalls, x86: fsStatCalls64, i386: fsStatCallsI386},
	{both: fsStatfsCalls, i386: fsStatfsCallsI386},
	{both: fsPathCalls, x86: fsPathCalls64, i386: fsPathCallsI386},
	{both: fsDirentsCalls},
	{both: fsFcntlCalls},
	{both: fsHandleCalls},
	{both: fsXattrCalls},
	{both: fsMountCalls, i386: fsMountCallsI386},
	{both: fsMountQueryCalls},
	{both: fsNotifyCalls},
	{both: fsQuotaCalls},
	{both: aioCalls, i386: aioCallsI386},
}
