package decode

// processGroups are the calls described here, one line a file.
var processGroups = []group{
	{both: processCalls, x86: processCalls64, i386: processCallsI386},
	{both: execCalls},
	{both: waitCalls, i386: waitCallsI386},
	{both: signalCalls, i386: signalCallsI386},
	{both: signalReturnCalls, i386: signalReturnCallsI386},
	{both: timeCalls, i386: timeCallsI386},
	{both: timerCalls, i386: timerCallsI386},
	{both: rlimitCalls},
	{both: prctlCalls},
	{both: schedCalls, i386: schedCallsI386},
	{x86: credsCalls64, i386: credsCallsI386},
	{both: capabilityCalls},
	{both: ldtCalls},
	{both: systemCalls, i386: systemCallsI386},
	{both: pidCalls},
	{both: ptraceCalls},
	{both: obsoleteCalls},
	{both: keyCalls},
	{both: landlockCalls},
	{both: lsmCalls},
	{both: perfCalls},
	{both: seccompCalls},
}

// processRequests are the ioctls described here, one line a file.
var processRequests = []ioctls{
	perfIoctls,
}
