package process

import (
	. "trapline/decode/lang"
)

// Calls that have a number but no implementation in Linux. They fail with ENOSYS,
// and little is known of their arguments except the count.

var obsoleteCalls = Calls{
	{"break ftime prof lock mpx idle", nil, RetUnsigned},
	{"get_kernel_syms", Args{{"", Others(1)}}, RetUnsigned},
	{"stty gtty ulimit create_module", Args{{"", Others(2)}}, RetUnsigned},
	{"security tuxcall", Args{{"", Others(3)}}, RetUnsigned},
	{"profil epoll_ctl_old epoll_wait_old", Args{{"", Others(4)}}, RetUnsigned},
	{"afs_syscall query_module getpmsg putpmsg vserver", Args{{"", Others(5)}}, RetUnsigned},
}
