package memory

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
)

// Groups lists the calls described here, one line per file.
var Groups = []Group{
	{Both: mmCalls, X86: mmCalls64, I386: mmCallsI386},
	{Both: mmPolicyCalls},
	{Both: userfaultfdCalls},
}

// Requests lists the ioctls described here, one line per file.
var Requests = []Ioctls{
	uffdIoctls,
}
