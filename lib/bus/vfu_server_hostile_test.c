/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_test_rig.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "vfu_wire.h"

/* Clients that mean harm: whatever they send, the server is there for the next one, and nothing of
 * theirs is left.
 */

#define ADDRESS UINT64_C(0x10000)

static uint64_t seed;

static uint32_t
any(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % n;
}

static uint64_t
any_number(void)
{
	static const uint64_t numbers[] = {
		0,
		1,
		4,
		8,
		16,
		24,
		32,
		64,
		0x1000,
		0x2000,
		0x3000,
		0x10000,
		0x5301,
		UINT32_MAX,
		UINT64_C(1) << 32,
		UINT64_C(1) << 63,
		UINT64_MAX,
		UINT64_MAX - 0xfff,
	};

	return numbers[any(sizeof(numbers) / sizeof(numbers[0]))];
}

/* A payload of likely and of unlikely numbers. */
static size_t
any_payload(unsigned char *payload)
{
	size_t len = any(4) == 0 ? any(100) : (size_t[]){0, 4, 16, 20, 24, 32, 40, 80}[any(8)];
	uint64_t number;

	for (size_t at = 0; at < len; at += 4) {
		number = any(3) == 0 ? seed >> 20 : any_number();
		memcpy(payload + at, &number, 4);
	}
	return len;
}

static void
send_any(struct rig *r, const int fds[], unsigned int n_fds)
{
	static const uint16_t commands[] = {1,  2,  3,  4,  5,  6,  7,  8,  8,  9,      9,
					    10, 10, 11, 12, 13, 14, 15, 15, 16, 0x5301, 0xffff};
	unsigned char bytes[200];
	struct vfu_header h = {.id = (uint16_t)any(70)};
	size_t len = any_payload(bytes + sizeof(h)) + sizeof(h);
	struct iovec part = {bytes, len};

	h.command = commands[any(sizeof(commands) / sizeof(commands[0]))];
	h.size = any(100) == 0 ? (uint32_t)any_number() : (uint32_t)len;
	h.flags = any(20) == 0 ? (uint32_t)seed : any(8) == 0 ? 1 : any(3) == 0 ? 0x10 : 0;
	memcpy(bytes, &h, sizeof(h));
	if (any(50) == 0)
		part.iov_len = any((uint32_t)len) + 1;
	/* It may have been let go by now. */
	(void)vfu_message_send(r->peer, &part, 1, fds, n_fds);
}

static void
swallow(struct rig *r)
{
	char bytes[4096];
	unsigned int n_fds;
	int fds[VFU_MAX_FDS];

	while (vfu_message_recv(r->peer, bytes, sizeof(bytes), MSG_DONTWAIT, fds, &n_fds) > 0)
		vfu_message_close(fds, n_fds);
}

/* The device uses what memory it has. */
static void
device_lives(struct rig *r)
{
	struct bus_host *host = vfu_server_host(r->server);
	struct bus_fault fault;
	size_t len = 64;
	char bytes[64] = {0};
	char *at = host->ops->map(host, BUS_NO_PASID, ADDRESS, &len, BUS_PROT_WRITE, &fault);

	if (at != NULL)
		memset(at, 1, len);
	(void)host->ops->dma(host, BUS_NO_PASID, ADDRESS - 32, bytes, 64, true);
	host->ops->irq(host, any(TEST_DEVICE_VECTORS + 1));
}

static void
any_messages_harm_nobody(void **state)
{
	int fds[3] = {rig_memory(0x10000), eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), 0};
	const struct rlimit few = {64, 4096};
	struct rlimit before;
	struct rig r;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &before);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){few.rlim_cur, before.rlim_max});
	for (unsigned int session = 0; session < 400; session++) {
		seed = session;
		rig_create_with(&r, rig_config);
		fds[2] = r.peer;
		if (any(8) != 0)
			assert_int_equal(rig_version(&r, RIG_JSON_SHARE), 0);
		for (unsigned int i = 0; i < 60 && vfu_server_has_client(r.server); i++) {
			unsigned int n = any(4) == 0 ? any(3) + 1 : 0;

			send_any(&r, fds + any(3 - (n > 0 ? n - 1 : 0)), n);
			if (any(3) == 0)
				vfu_server_work(r.server);
			if (any(6) == 0)
				device_lives(&r);
			swallow(&r);
		}
		close(r.peer);
		r.peer = -1;
		rig_work(&r);
		assert_false(vfu_server_has_client(r.server));
		test_device_forget(&r.device);
		rig_destroy(&r);
	}
	setrlimit(RLIMIT_NOFILE, &before);
	for (unsigned int i = 0; i < 2; i++)
		close(fds[i]);
}

/* A good session, cut at every byte. */
static void
hanging_up_at_any_byte_harms_nobody(void **state)
{
	unsigned char session[400] = {0};
	const struct vfu_dma_map map = {sizeof(map), 3, 0, ADDRESS, 0x1000};
	const struct vfu_irq_set set = {sizeof(set), 0x24, VFU_IRQ_MSIX, 0, 1};
	struct vfu_header h = {1, VFU_VERSION, 20, 0, 0};
	size_t len = 0, map_at, set_at;
	int memory = rig_memory(0x1000), irq = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct rig r;

	(void)state;
	memcpy(session, &h, 16);
	map_at = len = 20;
	h = (struct vfu_header){2, VFU_DMA_MAP, 48, 0, 0};
	memcpy(session + len, &h, 16);
	memcpy(session + len + 16, &map, 32);
	set_at = len += 48;
	h = (struct vfu_header){3, VFU_DEVICE_SET_IRQS, 36, 0, 0};
	memcpy(session + len, &h, 16);
	memcpy(session + len + 16, &set, 20);
	len += 36;
	for (size_t cut = 0; cut <= len; cut++) {
		rig_create_with(&r, rig_config);
		for (size_t at = 0; at < cut; at++) {
			const struct iovec part = {session + at, 1};
			bool has_fd = at == map_at || at == set_at;

			assert_int_equal(vfu_message_send(r.peer, &part, 1,
							  at == map_at ? &memory : &irq, has_fd),
					 1);
			if (at % 3 == 0)
				rig_work(&r);
		}
		close(r.peer);
		r.peer = -1;
		rig_work(&r);
		assert_false(vfu_server_has_client(r.server));
		assert_int_equal(vfu_server_stats(r.server)->refused, 0);
		rig_destroy(&r);
	}
	close(memory);
	close(irq);
}

static void
set_blocking(int fd)
{
	assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
}

/* What keeps the server waiting ends this program. */
static void
eventfds_that_block_keep_nobody_waiting(void **state)
{
	int irq = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), unmask;
	const uint64_t full = UINT64_MAX - 1;
	struct rig r;

	(void)state;
	alarm(20);
	rig_create_sharing(&r);
	assert_int_equal(rig_ask(&r, VFU_SHARE, NULL, 0), 0);
	assert_int_equal(r.n_fds, VFU_SHARE_FDS);
	set_blocking(r.fds[VFU_SHARE_KICK]);
	vfu_server_asleep(r.server);
	vfu_server_awake(r.server);

	assert_int_equal(rig_irqs(&r, 0x24, VFU_IRQ_MSIX, 0, 1, &irq, 1), 0);
	set_blocking(irq);
	assert_int_equal(write(irq, &full, sizeof(full)), sizeof(full));
	vfu_server_host(r.server)->ops->irq(vfu_server_host(r.server), 0);
	rig_work(&r);
	assert_true(vfu_server_has_client(r.server));
	rig_destroy(&r);

	unmask = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	rig_create_with(&r, rig_config);
	assert_int_equal(rig_version(&r, RIG_JSON), 0);
	if (rig_irqs(&r, 0x14, VFU_IRQ_INTX, 0, 1, &unmask, 1) == 0) {
		set_blocking(unmask);
		rig_work(&r);
		assert_true(vfu_server_has_client(r.server));
	}
	rig_destroy(&r);
	close(unmask);
	close(irq);
	alarm(0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eventfds_that_block_keep_nobody_waiting),
		cmocka_unit_test(any_messages_harm_nobody),
		cmocka_unit_test(hanging_up_at_any_byte_harms_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
