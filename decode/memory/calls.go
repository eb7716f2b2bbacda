package memory

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
)

// Groups are the calls described here, one line a file.
var Groups = []Group{
	{Both: mmCalls, X86: mmCalls64, I386: mmCallsI386},
	{Both: mmPolicyCalls},
	{Both: userfaultfdCalls},
}

// Requests are the ioctls described here, one line a file.
var Requests = []Ioctls{
	uffdIoctls,
}
