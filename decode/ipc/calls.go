package ipc

import (
	. "trapline/decode/lang"
)

// Groups lists the calls described here, one line per file.
var Groups = []Group{
	{Both: futexCalls},
	{Both: mqCalls, I386: mqCallsI386},
	{Both: sysvCalls, I386: sysvCallsI386},
	{I386: multiplexerCallsI386},
}
