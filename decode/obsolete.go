package decode

// Calls that Linux has numbers for but no code: they fail with ENOSYS, and of
// their arguments little more than the count is known.

var obsoleteCalls = Calls{
	{"break ftime prof lock mpx idle", nil, RetUnsigned},
	{"get_kernel_syms", words(1), RetUnsigned},
	{"stty gtty ulimit create_module", words(2), RetUnsigned},
	{"security tuxcall", words(3), RetUnsigned},
	{"profil epoll_ctl_old epoll_wait_old", words(4), RetUnsigned},
	{"afs_syscall query_module getpmsg putpmsg vserver", words(5), RetUnsigned},
}

// words are n arguments that nothing is known of.
func words(n int) Args { return unknown.Args[:n] }
