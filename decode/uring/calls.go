package uring

import (
	. "trapline/decode/lang"
)

// Groups are the calls described here, one line a file.
var Groups = []Group{
	{Both: ioUringCalls},
}
