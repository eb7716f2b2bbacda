package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
)

// Groups lists the calls described here, one line per file.
var Groups = []Group{
	{Both: processCalls, X86: processCalls64, I386: processCallsI386},
	{Both: execCalls},
	{Both: waitCalls, I386: waitCallsI386},
	{Both: signalCalls, I386: signalCallsI386},
	{Both: signalReturnCalls, I386: signalReturnCallsI386},
	{Both: timeCalls, I386: timeCallsI386},
	{Both: timerCalls, I386: timerCallsI386},
	{Both: rlimitCalls},
	{Both: prctlCalls},
	{Both: schedCalls, I386: schedCallsI386},
	{X86: credsCalls64, I386: credsCallsI386},
	{Both: capabilityCalls},
	{Both: ldtCalls},
	{Both: systemCalls, I386: systemCallsI386},
	{Both: pidCalls},
	{Both: ptraceCalls},
	{Both: obsoleteCalls},
	{Both: keyCalls},
	{Both: landlockCalls},
	{Both: lsmCalls},
	{Both: perfCalls},
	{Both: seccompCalls},
}

// Requests lists the ioctls described here, one line per file.
var Requests = []Ioctls{
	perfIoctls,
}
