package file

import (
	. "trapline/decode/lang"
)

// Groups lists the calls described here, one line per file.
var Groups = []Group{
	{Both: pollCalls, X86: pollCalls64, I386: pollCallsI386},
	{Both: epollCalls},
	{Both: openCalls},
	{Both: ioCalls, X86: ioCalls64, I386: ioCallsI386},
	{Both: statCalls, X86: statCalls64, I386: statCallsI386},
	{Both: statfsCalls, I386: statfsCallsI386},
	{Both: pathCalls, X86: pathCalls64, I386: pathCallsI386},
	{Both: direntsCalls},
	{Both: fcntlCalls},
	{Both: handleCalls},
	{Both: xattrCalls},
	{Both: mountCalls, I386: mountCallsI386},
	{Both: mountQueryCalls},
	{Both: notifyCalls},
	{Both: quotaCalls},
	{Both: aioCalls, I386: aioCallsI386},
}
