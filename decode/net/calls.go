package net

import (
	. "trapline/decode/lang"
)

// Groups are the calls described here, one line a file.
var Groups = []Group{
	{Both: socketCalls, I386: socketCallsI386},
	{Both: sockoptCalls},
	{Both: messageCalls, I386: messageCallsI386},
}
