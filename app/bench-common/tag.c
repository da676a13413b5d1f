/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "probe.h"

/* Cores that share a cache or a mesh take 50 to 150 ns, those that do not 300 and more. */
#define RTT_NEAR_NS 200

enum bench_tag
bench_probe_tag_of(bool good_before, bool good_after)
{
	if (good_before != good_after)
		return BENCH_MIXED;
	return good_before ? BENCH_NEAR : BENCH_FAR;
}

enum bench_tag
bench_probe_rtt_tag(const double rtt_ns[2])
{
	return bench_probe_tag_of(rtt_ns[0] < RTT_NEAR_NS, rtt_ns[1] < RTT_NEAR_NS);
}

const char *
bench_probe_tag_name(bool several, enum bench_tag tag)
{
	static const char *const names[2][BENCH_NB_TAGS] = {
		{"whole", "shared", "mixed", "disturbed"},
		{"near", "far", "mixed", "disturbed"},
	};

	return names[several][tag];
}
