/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include "test.h"

int64_t
open_on(int side)
{
	int64_t ep = call(do_open, SIDE(side));

	assert_true(ep >= 0);
	return ep;
}

int64_t
listener_on(int side, int backlog, uint16_t *port)
{
	int64_t ep = open_on(side), pn = call(do_bind, ep, 0);

	assert_true(pn > 0);
	assert_int_equal(call(do_listen, ep, backlog), 0);
	*port = (uint16_t)pn;
	return ep;
}

struct pair
connected_to(int64_t listener, uint16_t port)
{
	int other = listener >> SIDE_SHIFT == A ? C : A;
	struct pair pair = {.listener = listener, .port = port, .c = open_on(other)};
	struct job *connect = begin(do_connect, pair.c, node_of(1 - other), port);
	struct job *accept = begin(do_accept, listener, SCIF_ACCEPT_SYNC);
	int64_t own;

	/* Nobody is there to accept once connect has failed. */
	while (job_runs(connect) && job_runs(accept))
		job_runs_after(accept, 1);
	if (!job_runs(connect)) {
		own = job_end(connect);
		if (own < 0)
			fail_msg("connect: errno %d", fault);
		pair.a = job_end(accept);
	} else {
		pair.a = job_end(accept);
		own = job_end(connect);
	}
	assert_true(pair.a >= 0);
	assert_true(own > 0);
	pair.c_port = (uint16_t)own;
	return pair;
}

struct pair
connected(void)
{
	uint16_t port;
	int64_t listener = listener_on(A, 16, &port);

	return connected_to(listener, port);
}

void
expect_port_shared(void)
{
	struct pair p = connected();

	assert_int_equal(call(do_close, p.listener), 0);
	assert_fails(call(do_bind, open_on(A), p.port), EINVAL);
	assert_int_equal(call(do_close, p.a), 0);
	assert_int_equal(call(do_bind, open_on(A), p.port), p.port);
}

void
send_bytes(int64_t ep, const void *bytes, size_t len)
{
	memcpy(share, bytes, len);
	assert_int_equal(call(do_send, ep, AT(0), (int64_t)len, SCIF_SEND_BLOCK), len);
}

struct window
window_at(int64_t ep, size_t len, int prot, int64_t offset)
{
	struct window w = {.ep = ep, .len = len};

	w.addr = call(do_alloc, ep, (int64_t)len);
	assert_true(w.addr > 0);
	w.off = call(do_register, ep, w.addr, (int64_t)len, offset < 0 ? 0 : offset, prot,
		     offset < 0 ? 0 : SCIF_MAP_FIXED);
	assert_int_not_equal(w.off, -1);
	if (offset >= 0)
		assert_int_equal(w.off, offset);
	return w;
}

struct window
window(int64_t ep, size_t len, int prot)
{
	return window_at(ep, len, prot, -1);
}

void
slow_transfers(int side)
{
	static const char name[] = "SLIPWAY_SCIF_RMA", value[] = "worker,delay_us=3000,reorder";

	assert_int_equal(call(do_setenv, SIDE(side), (int64_t)(uintptr_t)name,
			      (int64_t)(uintptr_t)value), 0);
}
