package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Landlock: security/landlock/syscalls.c, linux/landlock.h.

var landlockCalls = Calls{
	{"landlock_create_ruleset", Args{
		{"attr", Ptr(CutAt(landlockRulesetAttr, Ref("size"), 8))},
		{"size", Size},
		{"flags", Flags(tables.LandlockCreateRulesetFlags)},
	}, landlockRuleset},
	{"landlock_add_rule", Args{
		{"ruleset_fd", FD},
		{"rule_type", Enum(tables.LandlockRuleTypes)},
		{"rule_attr", Union(Ref("rule_type"),
			Arm(Ptr(landlockPathBeneathAttr), Values(tables.LandlockRuleTypes, "LANDLOCK_RULE_PATH_BENEATH")...),
			Arm(Ptr(landlockNetPortAttr), Values(tables.LandlockRuleTypes, "LANDLOCK_RULE_NET_PORT")...),
			Arm(Addr))},
		{"flags", Flags(tables.LandlockAddRuleFlags)},
	}, RetUnsigned},
	{"landlock_restrict_self", Args{{"ruleset_fd", FD}, {"flags", X32}}, RetUnsigned},
}

// landlockRuleset is a descriptor, unless the flags ask what the kernel supports.
var landlockRuleset = ReturnsType(Union(
	Bits(Ref("flags"), BitsOf(tables.LandlockCreateRulesetFlags, "LANDLOCK_CREATE_RULESET_VERSION", "LANDLOCK_CREATE_RULESET_ERRATA")),
	Arm(Ulong, 1), Arm(FD)))

var landlockRulesetAttr = Struct(Fields{
	{"handled_access_fs", FlagsOf(X64, tables.LandlockAccessFS)},
	{"handled_access_net", FlagsOf(X64, tables.LandlockAccessNet)},
	{"scoped", FlagsOf(X64, tables.LandlockScopes)},
	{"quiet_access_fs", FlagsOf(X64, tables.LandlockAccessFS)},
	{"quiet_access_net", FlagsOf(X64, tables.LandlockAccessNet)},
	{"quiet_scoped", FlagsOf(X64, tables.LandlockScopes)},
})

var landlockPathBeneathAttr = Packed(Fields{
	{"allowed_access", FlagsOf(X64, tables.LandlockAccessFS)},
	{"parent_fd", FD},
})

var landlockNetPortAttr = Struct(Fields{
	{"allowed_access", FlagsOf(X64, tables.LandlockAccessNet)},
	{"port", U64},
})
