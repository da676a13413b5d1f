/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What a server shares with the client: rings, and the bell that tells whether it sleeps.
 */
#include <sys/wait.h>
#include <time.h>

#include "vfu_client_share_rig.h"

/* ---- What is shared ---- */

static void
shared_parts_are_described_in_order(void **state)
{
	static const struct {
		enum bus_region_kind kind;
		uint64_t offset, size;
	} expected[] = {
		{BUS_TRAPPED, 0, 0x1000},        {BUS_LINE_RING, RING_A, 0x1000},
		{BUS_TRAPPED, 0x2000, 0x1000},   {BUS_LINE_RING, RING_B, 0x1000},
		{BUS_TRAPPED, 0x4000, 0x4000},   {BUS_MEMORY, MEMORY_AT, 0x1000},
		{BUS_TRAPPED, 0x9000, BAR_BYTES - 0x9000},
	};
	struct bus_region regions[8];
	struct shared s;
	struct peer p;
	unsigned int i;

	(void)state;
	share_begin(&p, &s);
	assert_int_equal(p.dev->ops->describe(p.dev, regions, 8), 7);
	for (i = 0; i < 7; i++) {
		assert_int_equal(regions[i].kind, expected[i].kind);
		assert_int_equal(regions[i].offset, expected[i].offset);
		assert_int_equal(regions[i].size, expected[i].size);
		assert_int_equal(regions[i].memory != NULL, i % 2);
	}
	*(uint32_t *)regions[5].memory = 0x1234;
	assert_int_equal(pread(s.memory_fd, &i, 4, FILE_BYTES), 4);
	assert_int_equal(i, 0x1234);
	assert_int_equal(p.dev->ops->describe(p.dev, regions, 1), 7);
	share_close(&p, &s);
}

static void
lines_go_into_rings_without_a_message(void **state)
{
	struct line_drainer a, b;
	uint64_t line[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	line_ring_quarter got[4];
	struct shared s;
	struct peer p;

	(void)state;
	share_begin(&p, &s);
	a = (struct line_drainer){&s.rings[0], 0};
	b = (struct line_drainer){&s.rings[1], 0};
	p.dev->ops->post(p.dev, BAR, RING_B, line, 64);
	p.dev->ops->post(p.dev, BAR, RING_B + 0xfc0, line, 16);
	assert_int_equal(line_ring_ready(&a), 0);
	assert_int_equal(line_ring_ready(&b), 2);
	line_ring_copy(line_ring_line(&b, 0), got);
	assert_memory_equal(got, line, sizeof(line));
	line_ring_copy(line_ring_line(&b, 1), got);
	assert_int_equal(got[0][1], 2);
	assert_int_equal(got[1][0], 0);
	assert_int_equal(kicks(&s), 0);
	share_close(&p, &s);
}

static void
a_server_that_sleeps_is_woken(void **state)
{
	uint64_t line[8] = {0};
	struct shared s;
	struct peer p;

	(void)state;
	share_begin(&p, &s);
	p.dev->ops->step(p.dev, 1);
	assert_int_equal(kicks(&s), 0);
	s.bell->asleep = 1;
	p.dev->ops->post(p.dev, BAR, RING_A, line, 64);
	assert_int_equal(kicks(&s), 1);
	p.dev->ops->step(p.dev, 2);
	assert_int_equal(kicks(&s), 1);
	s.bell->asleep = 0;
	p.dev->ops->post(p.dev, BAR, RING_A, line, 64);
	assert_int_equal(kicks(&s), 0);
	share_close(&p, &s);
}

static void
another_process_can_be_told_what_is_shared(void **state)
{
	struct vfu_client_shared told;
	struct shared s;
	struct peer p;

	(void)state;
	share_begin(&p, &s);
	vfu_client_shared(p.client, &told);
	assert_non_null(told.memory);
	assert_int_equal(told.memory_bytes, FILE_BYTES + 0x1000);
	s.bell->asleep = 7;
	assert_int_equal(*told.asleep, 7);
	assert_true(told.memory_fd >= 0 && told.bell_fd >= 0 && told.kick_fd >= 0);
	share_close(&p, &s);
}

static void
take_write(struct peer *p)
{
	const struct shared *s = p->arg;

	if (!peer_take(p, VFU_REGION_WRITE))
		return;
	if (p->head.flags & VFU_NO_REPLY)
		peer_wrong(p, "a write that a line may overtake");
	usleep(1000);
	if (s->rings[0].head != 0)
		peer_wrong(p, "a line that came before the write was done");
	peer_reply(p, p->payload, sizeof(struct vfu_region_access));
	wait_for_end(p);
}

/* Never answers. */
static void
take_doorbells(struct peer *p)
{
	struct vfu_region_access ask;
	uint32_t value, i;

	for (i = 0; i < 3; i++) {
		if (!peer_take(p, VFU_REGION_WRITE))
			return;
		memcpy(&ask, p->payload, sizeof(ask));
		memcpy(&value, p->payload + sizeof(ask), sizeof(value));
		if (!(p->head.flags & VFU_NO_REPLY))
			peer_wrong(p, "a doorbell that is to be answered");
		if (ask.count != sizeof(value) || ask.offset != 0x40 || value != i)
			peer_wrong(p, "another doorbell than was rung");
	}
	/* A read comes after them, and waits. */
	peer_answer_read(p, 7);
}

static void
a_doorbell_is_not_waited_for(void **state)
{
	struct shared s;
	struct peer p;
	uint32_t i;

	(void)state;
	share_open(&p, &s);
	s.then = take_doorbells;
	assert_int_equal(peer_open(&p, share), 0);
	for (i = 0; i < 3; i++)
		p.dev->ops->write_posted(p.dev, BAR, 0x40, i, sizeof(i));
	assert_int_equal(p.dev->ops->read(p.dev, BAR, 0x40, 4), 7);
	assert_false(vfu_client_lost(p.client));
	share_close(&p, &s);
}

static void
lines_do_not_overtake_register_writes(void **state)
{
	uint64_t line[8] = {0};
	struct shared s;
	struct peer p;

	(void)state;
	share_open(&p, &s);
	s.then = take_write;
	assert_int_equal(peer_open(&p, share), 0);
	p.dev->ops->write(p.dev, BAR, 0x100, 1, 4);
	p.dev->ops->post(p.dev, BAR, RING_A, line, 64);
	assert_int_equal(s.rings[0].head, 1);
	share_close(&p, &s);
}

static void
post_from_elsewhere_after(struct bus_device *dev)
{
	uint64_t line[8] = {0};
	unsigned int i;

	for (i = 0; i < 2 * LINE_RING_LINES; i++)
		dev->ops->post(dev, BAR, RING_B, line, 64);
}

/* What the other process does: exit status 0 when all went well. */
static int
post_from_elsewhere(const struct vfu_client_shared *told, const struct bus_region regions[],
		    struct bus_device *dev)
{
	struct vfu_client_config config = {.timeout_ms = TIMEOUT_MS};
	struct vfu_client *client;
	uint64_t line[8] = {42};

	if (vfu_client_join(&config, told, regions, 7, &client) != 0)
		return 1;
	if (vfu_client_device(client) != dev)
		return 2;
	dev->ops->post(dev, BAR, RING_B, line, 64);
	if (dev->ops->read(dev, BAR, 0, 4) != UINT32_MAX || vfu_client_lost(client))
		return 3;
	/* Until the server goes. */
	while (!vfu_client_lost(client)) {
		usleep(1000);
		dev->ops->step(dev, (uint64_t)random() << 20);
	}
	post_from_elsewhere_after(dev);
	vfu_client_close(client);
	return 0;
}

/* As a process that never had them. */
static void
forget(const struct vfu_client_shared *told)
{
	munmap(told->client, told->client_bytes);
	munmap(told->memory, told->memory_bytes);
	munmap((void *)(uintptr_t)told->asleep, VFU_BELL_BYTES);
}

static void
go_when_a_line_has_come(struct peer *p)
{
	const struct shared *s = p->arg;

	while (s->rings[1].head == 0)
		usleep(100);
}

static void
another_process_can_post(void **state)
{
	struct vfu_client_shared told;
	struct bus_region regions[8];
	struct shared s;
	struct peer p;
	int status;
	pid_t pid;

	(void)state;
	share_open(&p, &s);
	s.then = go_when_a_line_has_come;
	assert_int_equal(peer_open(&p, share), 0);
	vfu_client_shared(p.client, &told);
	p.dev->ops->describe(p.dev, regions, 8);
	pid = fork();
	if (pid == 0) {
		forget(&told);
		_exit(post_from_elsewhere(&told, regions, p.dev));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(s.rings[1].head, 1);
	assert_int_equal(s.rings[1].lines[0][0], 42);
	share_close(&p, &s);
}

/* The server is there, and does nothing: the lines go nowhere, and the posts end. */
static int
post_in_vain(const struct vfu_client_shared *told, const struct bus_region regions[],
	     struct bus_device *dev)
{
	struct vfu_client_config config = {.timeout_ms = 20};
	struct timespec begun, ended;
	struct vfu_client *client;

	if (vfu_client_join(&config, told, regions, 7, &client) != 0)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &begun);
	post_from_elsewhere_after(dev);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	if (!vfu_client_lost(client))
		return 2;
	/* Not without patience. */
	if ((ended.tv_sec - begun.tv_sec) * 1000000000 + ended.tv_nsec - begun.tv_nsec < 20000000)
		return 3;
	vfu_client_close(client);
	return 0;
}

static void
another_process_gives_up_for_itself(void **state)
{
	struct vfu_client_shared told;
	struct bus_region regions[8];
	struct shared s;
	struct peer p;
	int status;
	pid_t pid;

	(void)state;
	share_begin(&p, &s);
	vfu_client_shared(p.client, &told);
	p.dev->ops->describe(p.dev, regions, 8);
	pid = fork();
	if (pid == 0) {
		forget(&told);
		_exit(post_in_vain(&told, regions, p.dev));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(s.rings[1].head, LINE_RING_LINES);
	/* The connection is as it was. */
	p.dev->ops->step(p.dev, UINT64_C(1) << 40);
	assert_false(vfu_client_lost(p.client));
	share_close(&p, &s);
}

static void
what_is_taken_is_not_joined(void **state)
{
	struct vfu_client_config config = {.timeout_ms = TIMEOUT_MS};
	struct vfu_client_shared told;
	struct vfu_client *client;
	struct shared s;
	struct peer p;

	(void)state;
	share_begin(&p, &s);
	vfu_client_shared(p.client, &told);
	assert_int_equal(vfu_client_join(&config, &told, NULL, 0, &client), -EEXIST);
	share_close(&p, &s);
}

/* ---- What is not to be mapped ---- */

static void
replace(int *fd, int by)
{
	dup3(by, *fd, O_CLOEXEC);
	close(by);
}

/* Each bends one thing. */
static bool
bend(struct shared *s, unsigned int i)
{
	struct vfu_share_region *r = &s->regions[1];
	int ends[2];

	switch (i) {
	case 0: r->bar = 6; return true;
	case 1: r->kind = 7; return true;
	case 2: r->kind = BUS_TRAPPED; return true;
	case 3: r->offset = 0x1008; return true;
	case 4: r->offset = BAR_BYTES; return true;
	case 5: r->offset = UINT64_MAX - 0xfff; return true;
	case 6: r->size = 0; return true;
	case 7: r->size = 0x2000; return true;
	case 8: r->fd_offset = 32; return true;
	case 9: r->fd_offset = FILE_BYTES; return true;
	case 10: r->fd_offset = UINT64_MAX - 63; return true;
	case 11: r->fd_offset = 64; return true; /* overlaps the other ring */
	case 12: r->offset = RING_B; return true;
	case 13: s->head.count = 2; return true;
	case 14: s->head.count = UINT32_MAX; return true;
	case 15: s->head.count = s->count = 0; s->head.flags = 1; s->n_fds = 1; return true;
	case 16: s->n_fds = 2; return true;
	case 17: s->n_fds = 4; return true;
	case 18: s->n_fds = 0; return true;
	case 19: replace(&s->memory_fd, sealed_file(FILE_BYTES, false)); return true;
	case 20: replace(&s->bell_fd, sealed_file(VFU_BELL_BYTES, false)); return true;
	case 21: replace(&s->bell_fd, sealed_file(64, true)); return true;
	case 22: replace(&s->memory_fd, open("/dev/null", O_RDWR)); return true;
	case 23:
		assert_int_equal(pipe(ends), 0);
		close(ends[0]);
		replace(&s->kick_fd, ends[1]);
		return true;
	case 24: s->regions[2].size = 0x10000; return true;
	case 25: s->regions[2].bar = 1; return true;
	default: return false;
	}
}

static void
answer_one_read(struct peer *p)
{
	peer_take(p, VFU_REGION_WRITE);
	peer_answer_read(p, 9);
}

static void
what_is_not_safe_to_map_is_not(void **state)
{
	uint64_t line[8] = {0};
	struct bus_region region;
	struct shared s;
	struct peer p;
	unsigned int i;

	(void)state;
	for (i = 0;; i++) {
		share_open(&p, &s);
		if (!bend(&s, i))
			break;
		s.then = answer_one_read;
		assert_int_equal(peer_open(&p, share), 0);
		if (p.dev->ops->describe(p.dev, &region, 1) != 1 || p.log_lines != 1)
			fail_msg("%u: shared; %u lines: %s", i, p.log_lines, p.log);
		p.dev->ops->post(p.dev, BAR, RING_A, line, 64);
		assert_int_equal(p.dev->ops->read(p.dev, BAR, 0, 4), 9);
		share_close(&p, &s);
	}
	shared_end(&s);
}

static void
more_than_a_device_can_have_ends_it(void **state)
{
	struct shared s;
	struct peer p;

	(void)state;
	share_open(&p, &s);
	s.head.count = s.count = 257;
	assert_int_equal(peer_open(&p, share), -EPROTO);
	assert_int_equal(p.log_lines, 1);
	share_close(&p, &s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shared_parts_are_described_in_order),
		cmocka_unit_test(lines_go_into_rings_without_a_message),
		cmocka_unit_test(a_server_that_sleeps_is_woken),
		cmocka_unit_test(a_doorbell_is_not_waited_for),
		cmocka_unit_test(lines_do_not_overtake_register_writes),
		cmocka_unit_test(another_process_can_be_told_what_is_shared),
		cmocka_unit_test(another_process_can_post),
		cmocka_unit_test(another_process_gives_up_for_itself),
		cmocka_unit_test(what_is_taken_is_not_joined),
		cmocka_unit_test(what_is_not_safe_to_map_is_not),
		cmocka_unit_test(more_than_a_device_can_have_ends_it),
	};

	return cmocka_run_group_tests_name("vfu_client_share", tests, NULL, NULL);
}
