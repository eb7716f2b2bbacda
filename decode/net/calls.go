package net

import (
	. "trapline/decode/lang"
)

// Groups lists the calls described here, one line per file.
var Groups = []Group{
	{Both: socketCalls, I386: socketCallsI386},
	{Both: sockoptCalls},
	{Both: messageCalls, I386: messageCallsI386},
}
