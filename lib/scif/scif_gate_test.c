/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "scif_host_priv.h"

/* A client that writes into its end of a gate, as fast as the engine takes it out. */

#define WRITES_MAX 100000u

static int writes_to = -1;
static unsigned int writes;

ssize_t __real_recv(int fd, void *bytes, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t len, int flags);

ssize_t
__wrap_recv(int fd, void *bytes, size_t len, int flags)
{
	ssize_t n = __real_recv(fd, bytes, len, flags);

	if (writes_to >= 0 && n > 0 && ++writes < WRITES_MAX)
		send(writes_to, bytes, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n;
}

static bool
shows(const struct scif_gate *gate, short event)
{
	struct pollfd p = {.fd = gate->fd[0], .events = event};

	return poll(&p, 1, 0) == 1 && (p.revents & event) != 0;
}

static void
room_is_shown_and_not_shown(void **state)
{
	struct scif_gate gate;

	(void)state;
	assert_int_equal(scif_host_ops.gate(NULL, &gate), 0);
	for (int i = 0; i < 3; i++) {
		assert_true(shows(&gate, POLLOUT));
		scif_host_ops.gate_show(NULL, &gate, POLLIN);
		assert_false(shows(&gate, POLLOUT));
		assert_true(shows(&gate, POLLIN));
		scif_host_ops.gate_show(NULL, &gate, POLLOUT);
		assert_false(shows(&gate, POLLIN));
	}
	scif_host_ops.gate_free(NULL, &gate);
}

static void
who_writes_into_a_gate_holds_nobody_up(void **state)
{
	struct scif_gate gate;

	(void)state;
	assert_int_equal(scif_host_ops.gate(NULL, &gate), 0);
	scif_host_ops.gate_show(NULL, &gate, 0);
	writes_to = gate.fd[0];
	scif_host_ops.gate_show(NULL, &gate, POLLOUT);
	writes_to = -1;
	assert_in_range(writes, 1, WRITES_MAX / 100);
	scif_host_ops.gate_free(NULL, &gate);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_is_shown_and_not_shown),
		cmocka_unit_test(who_writes_into_a_gate_holds_nobody_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
