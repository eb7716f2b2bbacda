package decode

// memoryGroups are the calls described here, one line a file.
var memoryGroups = []group{
	{both: mmCalls, x86: mmCalls64, i386: mmCallsI386},
	{both: mmPolicyCalls},
	{both: userfaultfdCalls},
}

// memoryRequests are the ioctls described here, one line a file.
var memoryRequests = []ioctls{
	uffdIoctls,
}
