package uring

import (
	. "trapline/decode/lang"
)

// Groups lists the calls described here, one line per file.
var Groups = []Group{
	{Both: calls},
}
