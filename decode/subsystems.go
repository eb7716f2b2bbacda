package decode

// subsystems lists the descriptions, one line a file.
var subsystems = [...]subsystem{
	{both: ioCalls},

	{both: processCalls, x86: processCalls64, i386: processCallsI386},
	{both: execCalls},
	{both: waitCalls, i386: waitCallsI386},
	{both: signalCalls, i386: signalCallsI386},
	{both: mmCalls, x86: mmCalls64, i386: mmCallsI386},
	{both: futexCalls},
	{both: rlimitCalls},
	{both: prctlCalls},
	{both: ldtCalls},
	{both: systemCalls},
	{both: ioctlCalls},
}
