/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What a server is told of a program's memory and vectors, with a client that only takes notes.
 */
#include "served.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dma.h"
#include "fds.h"
#include "shared.h"
#include "sys.h"
#include "vfu_client.h"

#define PAGE UINT64_C(4096)
#define BOTH (BUS_PROT_READ | BUS_PROT_WRITE)
#define IOVA UINT64_C(0x100000000)
/* Of the memory that programs have here; never touched. */
#define MEMORY  UINT64_C(0x70000000)
#define MAX_MAP 16

/* ---- In place of the rest of the shim, and of the client ---- */

static struct vfu_client {
	struct bus_device bus;
	bool lost, needs_step, closed;
	int answer;
	struct map {
		uint64_t iova, len, offset;
		int fd;
		unsigned int prot;
	} map[MAX_MAP];
	unsigned int maps;
	unsigned int unmaps;
	unsigned int first, n, disables;
	int fds[UNIT_VECTORS];
	struct vfu_client_shared shared;
} client;

static struct unit unit;
static struct dma_space *space;

unsigned int
device_count(void)
{
	return 1;
}

struct device *
device_get(unsigned int index)
{
	assert_int_equal(index, 0);
	return &unit.dev;
}

int
vfu_client_open(const struct vfu_client_config *config, struct bus_host *host,
		struct vfu_client **c)
{
	assert_string_equal(config->path, "/somewhere");
	assert_true(config->share);
	assert_ptr_equal(host, &unit.host);
	*c = &client;
	return client.answer;
}

void
vfu_client_close(struct vfu_client *c)
{
	/* The program's close, which the shim stands in front of, would not take them. */
	assert_int_equal(fds_kind(c->shared.socket), FD_FOREIGN);
	c->closed = true;
}

struct bus_device *
vfu_client_device(struct vfu_client *c)
{
	return &c->bus;
}

uint64_t
vfu_client_region_size(const struct vfu_client *c, unsigned int index)
{
	(void)c;
	return index == 2 ? 0x100000000 : 0;
}

void
vfu_client_shared(const struct vfu_client *c, struct vfu_client_shared *shared)
{
	*shared = c->shared;
}

int
vfu_client_dma_map(struct vfu_client *c, uint64_t iova, uint64_t len, int fd, uint64_t fd_offset,
		   enum bus_prot prot)
{
	if (c->answer < 0)
		return c->answer;
	assert_true(c->maps < MAX_MAP);
	c->map[c->maps++] = (struct map){iova, len, fd_offset, fd, prot};
	return 0;
}

/* Only whole maps can be taken back. */
int
vfu_client_dma_unmap(struct vfu_client *c, uint64_t iova, uint64_t len)
{
	for (unsigned int i = 0; i < c->maps; i++) {
		if (c->map[i].iova != iova || c->map[i].len != len)
			continue;
		c->map[i] = c->map[--c->maps];
		c->unmaps++;
		return 0;
	}
	fail_msg("there is no map of %#llx bytes at %#llx", (unsigned long long)len,
		 (unsigned long long)iova);
	return -ENOENT;
}

int
vfu_client_set_irqs(struct vfu_client *c, unsigned int start, unsigned int n, const int fds[])
{
	c->first = start;
	c->n = n;
	memcpy(c->fds, fds, n * sizeof(fds[0]));
	return 0;
}

int
vfu_client_disable_irqs(struct vfu_client *c)
{
	c->disables++;
	return 0;
}

bool
vfu_client_lost(const struct vfu_client *c)
{
	return c->lost;
}

bool
vfu_client_needs_step(const struct vfu_client *c)
{
	return c->needs_step;
}

/* ---- Set-up ---- */

static void *
memory(uint64_t page)
{
	return (void *)(uintptr_t)(MEMORY + page * PAGE); /* NOLINT */
}

/* A file of memory. */
static int
file_make(void)
{
	return (int)syscall(SYS_memfd_create, "test", MFD_CLOEXEC);
}

static bool
is_open(int fd)
{
	return syscall(SYS_fcntl, fd, F_GETFD) >= 0;
}

static int
set_up(void **state)
{
	struct bus_device *bus;

	(void)state;
	shared_forget(memory(0), 64 * PAGE);
	memset(&client, 0, sizeof(client));
	client.shared = (struct vfu_client_shared){
		.socket = file_make(),
		.memory_fd = -1,
		.bell_fd = -1,
		.kick_fd = -1,
	};
	memset(&unit, 0, sizeof(unit));
	strcpy(unit.dev.at, "/somewhere");
	unit_irqs_forget(&unit);
	space = dma_create();
	if (space == NULL || served_open(&unit, &unit.host, &bus) < 0)
		return -1;
	unit.space = space;
	return bus == &client.bus ? 0 : -1;
}

void
unit_irqs_forget(struct unit *u)
{
	for (unsigned int i = 0; i < UNIT_VECTORS; i++)
		u->eventfd[i] = -1;
}

static int
tear_down(void **state)
{
	(void)state;
	served_forked(&unit);
	close(client.shared.socket);
	dma_destroy(space);
	return 0;
}

static void
assert_map(unsigned int i, uint64_t iova, uint64_t pages, bool has_file, uint64_t offset)
{
	assert_true(i < client.maps);
	assert_int_equal(client.map[i].iova, iova);
	assert_int_equal(client.map[i].len, pages * PAGE);
	assert_int_equal(client.map[i].fd >= 0, has_file);
	assert_int_equal(client.map[i].offset, offset);
}

/* ---- Tests ---- */

static void
a_connection_is_hidden_and_left_behind_by_a_fork(void **state)
{
	(void)state;
	assert_int_equal(fds_kind(client.shared.socket), FD_HIDDEN);
	served_measure(&unit);
	assert_int_equal(unit.dev.bar_size[2], 0x100000000);
	assert_int_equal(unit.dev.bar_size[0], 0);
	served_forked(&unit);
	assert_true(client.closed);
	assert_null(unit.served);
	/* A second time there is nothing to leave. */
	served_forked(&unit);
}

static void
memory_goes_with_the_file_behind_it(void **state)
{
	int fd = file_make(), kept;

	(void)state;
	shared_note(memory(0), 8 * PAGE, fd, 16 * PAGE);
	close(fd);
	dma_map(space, IOVA, memory(2), 4 * PAGE, BOTH);
	assert_int_equal(served_map(&unit, IOVA, 4 * PAGE), 0);
	assert_int_equal(client.maps, 1);
	assert_map(0, IOVA, 4, true, 18 * PAGE);
	assert_int_equal(client.map[0].prot, BOTH);
	/* The program's descriptor is closed; ours is not, as long as the memory is there. */
	kept = client.map[0].fd;
	assert_true(is_open(kept));
	assert_int_equal(fds_kind(kept), FD_HIDDEN);
	shared_forget(memory(0), 4 * PAGE);
	assert_true(is_open(kept));
	shared_forget(memory(0), 64 * PAGE);
	assert_false(is_open(kept));
}

static void
memory_without_a_file_goes_without(void **state)
{
	(void)state;
	dma_map(space, IOVA, memory(0), PAGE, BUS_PROT_READ);
	assert_int_equal(served_map(&unit, IOVA, PAGE), 0);
	assert_map(0, IOVA, 1, false, 0);
	assert_int_equal(client.map[0].prot, BUS_PROT_READ);
	assert_int_equal(served_deadline(&unit, 1000), BUS_NO_DEADLINE);
	client.needs_step = true;
	assert_true(served_deadline(&unit, 1000) > 1000);
	assert_true(served_deadline(&unit, 1000) < 10000000);
}

static void
a_mapping_over_several_files_goes_in_pieces(void **state)
{
	int one = file_make(), two = file_make();

	(void)state;
	shared_note(memory(0), 2 * PAGE, one, 0);
	shared_note(memory(3), 2 * PAGE, two, 5 * PAGE);
	dma_map(space, IOVA, memory(1), 5 * PAGE, BOTH);
	assert_int_equal(served_map(&unit, IOVA, 5 * PAGE), 0);
	assert_int_equal(client.maps, 4);
	assert_map(0, IOVA, 1, true, PAGE);
	assert_map(1, IOVA + PAGE, 1, false, 0);
	assert_map(2, IOVA + 2 * PAGE, 2, true, 5 * PAGE);
	assert_map(3, IOVA + 4 * PAGE, 1, false, 0);
	assert_int_not_equal(client.map[0].fd, client.map[2].fd);
	/* What is there already is not sent again. */
	served_remap(&unit);
	assert_int_equal(client.maps, 4);
	assert_int_equal(client.unmaps, 0);
	close(one);
	close(two);
}

static void
what_goes_is_taken_back_in_the_pieces_it_went_in(void **state)
{
	uint64_t unmapped;

	(void)state;
	dma_map(space, IOVA, memory(0), 4 * PAGE, BOTH);
	dma_map(space, IOVA + 8 * PAGE, memory(8), PAGE, BOTH);
	served_map(&unit, IOVA, 16 * PAGE);
	assert_int_equal(client.maps, 2);
	/* The program unmaps the middle of its memory: the rest stays. */
	dma_forget(space, memory(1), PAGE);
	served_remap(&unit);
	assert_int_equal(client.unmaps, 1);
	assert_int_equal(client.maps, 3);
	assert_map(0, IOVA + 8 * PAGE, 1, false, 0);
	assert_map(1, IOVA, 1, false, 0);
	assert_map(2, IOVA + 2 * PAGE, 2, false, 0);
	dma_unmap(space, IOVA + 8 * PAGE, PAGE, &unmapped);
	served_remap(&unit);
	assert_int_equal(client.maps, 2);
	unit.space = NULL;
	served_remap(&unit);
	assert_int_equal(client.maps, 0);
}

static void
other_memory_at_the_same_address_is_sent_anew(void **state)
{
	uint64_t unmapped;

	(void)state;
	dma_map(space, IOVA, memory(0), PAGE, BOTH);
	served_map(&unit, IOVA, PAGE);
	dma_unmap(space, IOVA, PAGE, &unmapped);
	dma_map(space, IOVA, memory(1), PAGE, BOTH);
	served_remap(&unit);
	assert_int_equal(client.unmaps, 1);
	assert_int_equal(client.maps, 1);
	dma_unmap(space, IOVA, PAGE, &unmapped);
	dma_map(space, IOVA, memory(1), PAGE, BUS_PROT_READ);
	served_remap(&unit);
	assert_int_equal(client.unmaps, 2);
	assert_int_equal(client.map[0].prot, BUS_PROT_READ);
}

static void
a_refusal_is_passed_on_and_a_lost_server_is_not(void **state)
{
	(void)state;
	dma_map(space, IOVA, memory(0), PAGE, BOTH);
	client.answer = -ENOSPC;
	assert_int_equal(served_map(&unit, IOVA, PAGE), -ENOSPC);
	client.answer = -ENOTCONN;
	client.lost = true;
	assert_int_equal(served_map(&unit, IOVA, PAGE), 0);
	assert_true(served_lost(&unit));
}

static void
vectors_get_their_descriptors(void **state)
{
	(void)state;
	unit.eventfd[3] = 30;
	unit.eventfd[4] = 40;
	unit.irqs_on = true;
	served_set_irqs(&unit, 3, 3);
	assert_int_equal(client.first, 3);
	assert_int_equal(client.n, 3);
	assert_int_equal(client.fds[0], 30);
	assert_int_equal(client.fds[1], 40);
	assert_int_equal(client.fds[2], -1);
	unit.irqs_on = false;
	served_set_irqs(&unit, 0, 8);
	assert_int_equal(client.disables, 1);
}

static void
a_file_is_kept_once_however_often_it_is_mapped(void **state)
{
	struct shared_part a, b;
	int fd = file_make();

	(void)state;
	shared_note(memory(0), PAGE, fd, 0);
	shared_note(memory(2), PAGE, fd, 7 * PAGE);
	assert_true(shared_next(memory(0), &a));
	assert_true(shared_next(memory(1), &b));
	assert_int_equal(a.start, MEMORY);
	assert_int_equal(b.start, MEMORY + 2 * PAGE);
	assert_int_equal(b.offset, 7 * PAGE);
	assert_int_equal(a.fd, b.fd);
	/* In the place of the first comes nothing that could be shared. */
	shared_note(memory(0), PAGE, client.shared.socket + 1000, 0);
	assert_false(shared_covers(memory(0), 2 * PAGE));
	assert_true(shared_covers(memory(0), 2 * PAGE + 1));
	assert_true(is_open(b.fd));
	close(fd);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_connection_is_hidden_and_left_behind_by_a_fork),
		TEST(memory_goes_with_the_file_behind_it),
		TEST(memory_without_a_file_goes_without),
		TEST(a_mapping_over_several_files_goes_in_pieces),
		TEST(what_goes_is_taken_back_in_the_pieces_it_went_in),
		TEST(other_memory_at_the_same_address_is_sent_anew),
		TEST(a_refusal_is_passed_on_and_a_lost_server_is_not),
		TEST(vectors_get_their_descriptors),
		TEST(a_file_is_kept_once_however_often_it_is_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
