/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * DMA_MAP and DMA_UNMAP, section 5 of the protocol's text, by a scripted client.
 */
#include "vfu_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define PAGE 0x1000u
#define RW   3u
#define AT   UINT64_C(0x100200000)

static void
map(struct peer *p, uint32_t flags, uint64_t offset, uint64_t address, uint64_t size, int fd)
{
	struct peer_bytes b = peer_map_body(flags, offset, address, size);

	peer_call_fds(p, PEER_DMA_MAP, &b, &fd, fd >= 0);
	assert_int_equal(p->m.size, PEER_HEADER);
}

static void
unmap(struct peer *p, uint32_t flags, uint64_t address, uint64_t size)
{
	struct peer_bytes b = peer_unmap_body(flags, address, size);

	peer_call(p, PEER_DMA_UNMAP, &b);
	assert_true(p->m.size == PEER_HEADER || p->m.size == PEER_HEADER + 24);
	if (p->m.size > PEER_HEADER) {
		assert_int_equal(peer_get(p->m.at, 8, 8), address);
		assert_int_equal(peer_get(p->m.at, 16, 8), size);
	}
}

/* A pointer to memory of the client, as the device gets it. */
static unsigned char *
reach_for(struct peer *p, uint64_t iova, size_t *len, enum bus_prot prot)
{
	struct bus_fault fault = {.iova = 1};
	unsigned char *at;

	at = p->device.host->ops->map(p->device.host, BUS_NO_PASID, iova, len, prot, &fault);
	if (at == NULL) {
		assert_int_equal(fault.iova, iova);
		assert_int_equal(fault.prot, prot);
		assert_int_equal(fault.pasid, BUS_NO_PASID);
	}
	return at;
}

static unsigned char *
reach(struct peer *p, uint64_t iova)
{
	size_t len = 1;

	return reach_for(p, iova, &len, BUS_PROT_READ);
}

static int
copy(struct peer *p, uint64_t iova, void *bytes, size_t len, bool write)
{
	return p->device.host->ops->dma(p->device.host, BUS_NO_PASID, iova, bytes, len, write);
}

/* A file whose bytes say where they are. */
static int
numbered(size_t size)
{
	int fd = peer_memory(size);

	for (uint32_t i = 0; i < size / PAGE; i++)
		assert_int_equal(pwrite(fd, &i, 4, (off_t)i * PAGE), 4);
	return fd;
}

static uint32_t
number_at(const unsigned char *at)
{
	return (uint32_t)peer_get(at, 0, 4);
}

static void
mapped_memory_is_the_clients(void **state)
{
	struct peer *p = *state;
	int fd = peer_memory(4 * PAGE);
	size_t len = 2 * PAGE;
	unsigned char *at, byte = 0;

	map(p, RW, 0, AT, 4 * PAGE, fd);
	at = reach_for(p, AT + 100, &len, BUS_PROT_WRITE);
	assert_non_null(at);
	assert_int_equal(len, 2 * PAGE);
	at[0] = 77;
	assert_int_equal(pread(fd, &byte, 1, 100), 1);
	assert_int_equal(byte, 77);
	assert_int_equal(copy(p, AT + 5, "\x2a", 1, true), 0);
	assert_int_equal(pread(fd, &byte, 1, 5), 1);
	assert_int_equal(byte, 0x2a);
	byte = 0;
	assert_int_equal(copy(p, AT + 5, &byte, 1, false), 0);
	assert_int_equal(byte, 0x2a);
	close(fd);
}

static void
file_offset_is_honoured(void **state)
{
	struct peer *p = *state;
	int fd = numbered(8 * PAGE);

	map(p, RW, 5 * PAGE, AT, 2 * PAGE, fd);
	assert_int_equal(number_at(reach(p, AT)), 5);
	assert_int_equal(number_at(reach(p, AT + PAGE)), 6);
	assert_null(reach(p, AT - 1));
	assert_null(reach(p, AT + 2 * PAGE));
	close(fd);
}

/* The mapping outlives the descriptor, which is not kept. */
static void
descriptor_is_not_kept(void **state)
{
	struct peer *p = *state;
	int fd = numbered(PAGE);
	unsigned int before = peer_open_fds();

	map(p, RW, 0, AT, PAGE, fd);
	assert_int_equal(peer_open_fds(), before);
	assert_int_equal(peer_mappings(), p->maps + 1);
	close(fd);
	assert_int_equal(number_at(reach(p, AT)), 0);
	unmap(p, 0, AT, PAGE);
	assert_int_equal(peer_mappings(), p->maps);
}

static void
rights_are_kept_to(void **state)
{
	struct peer *p = *state;
	int fd = peer_memory(2 * PAGE);
	size_t len = 1;
	unsigned char byte = 1;

	map(p, 1, 0, AT, PAGE, fd);
	map(p, 2, PAGE, AT + PAGE, PAGE, fd);
	assert_non_null(reach_for(p, AT, &len, BUS_PROT_READ));
	assert_null(reach_for(p, AT, &len, BUS_PROT_WRITE));
	assert_true(copy(p, AT, &byte, 1, true) < 0);
	assert_int_equal(copy(p, AT, &byte, 1, false), 0);
	assert_null(reach_for(p, AT + PAGE, &len, BUS_PROT_READ));
	assert_non_null(reach_for(p, AT + PAGE, &len, BUS_PROT_WRITE));
	assert_true(copy(p, AT + PAGE, &byte, 1, false) < 0);
	/* A write that begins where it may and ends where it may not. */
	assert_true(copy(p, AT - 1, "ab", 2, true) < 0);
	close(fd);
}

/* A file that the client itself may only read, for memory that the device may only read. */
static void
read_only_files_can_be_read(void **state)
{
	struct peer *p = *state;
	char path[64];
	int fd = numbered(PAGE), readable;
	struct peer_bytes b = peer_map_body(RW, 0, AT + PAGE, PAGE);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	readable = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(readable >= 0);
	map(p, 1, 0, AT, PAGE, readable);
	assert_non_null(reach(p, AT));
	peer_refused_somehow(p, PEER_DMA_MAP, PEER_COMMAND, &b, &readable, 1);
	assert_null(reach(p, AT + PAGE));
	close(readable);
	close(fd);
}

static void
overlaps_are_refused(void **state)
{
	static const uint64_t ranges[][2] = {
		{AT, 4 * PAGE},            /* the same */
		{AT + PAGE, PAGE},         /* inside */
		{AT - PAGE, 2 * PAGE},     /* over its start */
		{AT + 3 * PAGE, 2 * PAGE}, /* over its end */
		{AT - PAGE, 6 * PAGE},     /* around it */
	};
	struct peer *p = *state;
	int fd = numbered(8 * PAGE);

	map(p, RW, 0, AT, 4 * PAGE, fd);
	for (unsigned int i = 0; i < 5; i++) {
		struct peer_bytes b = peer_map_body(RW, 0, ranges[i][0], ranges[i][1]);

		peer_refused_fds(p, PEER_DMA_MAP, &b, &fd, 1, EEXIST);
		peer_refused(p, PEER_DMA_MAP, &b, EEXIST);
	}
	assert_int_equal(number_at(reach(p, AT + 2 * PAGE)), 2);
	assert_null(reach(p, AT - 1));
	assert_null(reach(p, AT + 4 * PAGE));
	map(p, RW, 4 * PAGE, AT + 4 * PAGE, PAGE, fd);
	map(p, RW, 5 * PAGE, AT - PAGE, PAGE, fd);
	close(fd);
}

static void
last_page_of_all_can_be_mapped(void **state)
{
	struct peer *p = *state;
	int fd = numbered(2 * PAGE);
	uint64_t last = UINT64_MAX - PAGE + 1;

	map(p, RW, PAGE, last, PAGE, fd);
	assert_int_equal(number_at(reach(p, last)), 1);
	assert_non_null(reach(p, UINT64_MAX));
	unmap(p, 0, last, PAGE);
	assert_null(reach(p, last));
	close(fd);
}

static void
absurd_maps_are_refused(void **state)
{
	static const uint64_t maps[][3] = {
		/* offset, address, size */
		{0, AT, 0},
		{0, UINT64_MAX - PAGE + 1, 2 * PAGE},
		{0, 1, UINT64_MAX},
		{0, AT, UINT64_MAX},
		{0, PAGE, UINT64_MAX - PAGE + 1},
		{0, AT, UINT64_C(1) << 63},
		{0, AT, 5 * PAGE},
		{PAGE, AT, 4 * PAGE},
		{4 * PAGE, AT, PAGE},
		{UINT64_MAX - PAGE + 1, AT, PAGE},
		{UINT64_MAX - PAGE + 1, AT, 2 * PAGE},
		{UINT64_C(1) << 63, AT, PAGE},
		{INT64_MAX, AT, PAGE},
		{1, AT, PAGE},
	};
	struct peer *p = *state;
	int fd = peer_memory(4 * PAGE);
	unsigned int before = peer_open_fds();

	for (unsigned int i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		struct peer_bytes b = peer_map_body(RW, maps[i][0], maps[i][1], maps[i][2]);

		peer_send(p, PEER_DMA_MAP, PEER_COMMAND, &b, &fd, 1);
		assert_true(peer_receive(p));
		if (p->m.flags != (PEER_REPLY | PEER_ERROR))
			fail_msg("map %u was taken", i);
		assert_int_equal(p->m.error, EINVAL);
		assert_int_equal(peer_open_fds(), before);
	}
	assert_null(reach(p, AT));
	assert_int_equal(peer_mappings(), p->maps);
	peer_still_there(p);
	close(fd);
}

/* Without a descriptor there is no file to measure; a range that wraps is absurd all the same. */
static void
absurd_ranges_without_memory_are_refused(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_map_body(RW, 0, AT, UINT64_MAX),
			  c = peer_map_body(RW, 0, UINT64_MAX, 2), d = peer_map_body(RW, 0, AT, 0);

	peer_refused(p, PEER_DMA_MAP, &b, EINVAL);
	peer_refused(p, PEER_DMA_MAP, &c, EINVAL);
	peer_refused(p, PEER_DMA_MAP, &d, EINVAL);
}

static void
what_cannot_be_mapped_is_refused(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_map_body(RW, 0, AT, PAGE);
	int pipes[2], fd[3];
	unsigned int before;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	fd[0] = peer_eventfd();
	fd[1] = pipes[0];
	fd[2] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	before = peer_open_fds();
	for (unsigned int i = 0; i < 3; i++) {
		peer_refused_somehow(p, PEER_DMA_MAP, PEER_COMMAND, &b, &fd[i], 1);
		assert_int_equal(peer_open_fds(), before);
		assert_null(reach(p, AT));
	}
	for (unsigned int i = 0; i < 3; i++)
		close(fd[i]);
	close(pipes[1]);
}

static void
two_descriptors_are_refused(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_map_body(RW, 0, AT, PAGE);
	int fd[2] = {peer_memory(PAGE), peer_memory(PAGE)};
	unsigned int before = peer_open_fds();

	peer_refused_fds(p, PEER_DMA_MAP, &b, fd, 2, EINVAL);
	assert_int_equal(peer_open_fds(), before);
	assert_null(reach(p, AT));
	close(fd[0]);
	close(fd[1]);
}

static void
short_maps_are_refused(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_map_body(RW, 0, AT, PAGE), c = peer_unmap_body(0, AT, PAGE);
	int fd = peer_memory(PAGE);
	unsigned int before = peer_open_fds();

	for (b.len = 0; b.len < 32; b.len++) {
		peer_refused_fds(p, PEER_DMA_MAP, &b, &fd, 1, EINVAL);
		assert_int_equal(peer_open_fds(), before);
	}
	for (c.len = 0; c.len < 24; c.len++)
		peer_refused(p, PEER_DMA_UNMAP, &c, EINVAL);
	close(fd);
}

/* Memory to which there is no pointer: but known, and the end of others. */
static void
maps_without_memory_give_no_pointer(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_map_body(RW, 0, AT, PAGE);

	map(p, 1, 0, UINT64_C(0xfffc0000), 0x40000, -1);
	map(p, RW, 0, AT, PAGE, -1);
	assert_null(reach(p, UINT64_C(0xfffc0000)));
	assert_null(reach(p, AT));
	peer_refused(p, PEER_DMA_MAP, &b, EEXIST);
	unmap(p, 0, AT, PAGE);
	map(p, RW, 0, AT, PAGE, -1);
}

/* A piece ends where the mapping does; a copy goes on in the next. */
static void
transfers_cross_mappings(void **state)
{
	struct peer *p = *state;
	int fd = peer_memory(4 * PAGE);
	unsigned char out[300], in[300] = {0}, byte;
	size_t len = 2 * PAGE;

	map(p, RW, 3 * PAGE, AT, PAGE, fd);
	map(p, RW, PAGE, AT + PAGE, PAGE, fd);
	assert_non_null(reach_for(p, AT + 16, &len, BUS_PROT_WRITE));
	assert_int_equal(len, PAGE - 16);
	for (unsigned int i = 0; i < 300; i++)
		out[i] = (unsigned char)(i * 3 + 1);
	assert_int_equal(copy(p, AT + PAGE - 100, out, 300, true), 0);
	assert_int_equal(copy(p, AT + PAGE - 100, in, 300, false), 0);
	assert_memory_equal(in, out, 300);
	assert_int_equal(pread(fd, &byte, 1, PAGE), 1);
	assert_int_equal(byte, out[100]);
	assert_int_equal(pread(fd, &byte, 1, 4 * PAGE - 100), 1);
	assert_int_equal(byte, out[0]);
	/* Into the void behind. */
	assert_true(copy(p, AT + 2 * PAGE - 100, out, 300, true) < 0);
	close(fd);
}

static void
unmap_takes_what_lies_inside(void **state)
{
	struct peer *p = *state;
	int fd = numbered(8 * PAGE);

	for (unsigned int i = 0; i < 8; i++)
		map(p, RW, i * PAGE, AT + 2 * i * PAGE, PAGE, fd);
	/* The third to the fifth, with holes on both sides. */
	unmap(p, 0, AT + 3 * PAGE, 6 * PAGE);
	for (unsigned int i = 0; i < 8; i++) {
		if (i < 2 || i > 4)
			assert_int_equal(number_at(reach(p, AT + 2 * i * PAGE)), i);
		else
			assert_null(reach(p, AT + 2 * i * PAGE));
	}
	assert_int_equal(peer_mappings(), p->maps + 5);
	close(fd);
}

static void
unmap_of_nothing_succeeds(void **state)
{
	struct peer *p = *state;
	int fd = peer_memory(PAGE);

	unmap(p, 0, 0, PAGE);
	unmap(p, 0, AT, UINT64_C(0x100000));
	map(p, RW, 0, AT, PAGE, fd);
	unmap(p, 0, AT + PAGE, PAGE);
	unmap(p, 0, AT - PAGE, PAGE);
	assert_non_null(reach(p, AT));
	close(fd);
}

/* As a guest with an IOMMU does: the end of the range is 2^64. */
static void
unmap_to_the_end_of_addresses(void **state)
{
	struct peer *p = *state;
	int fd = numbered(3 * PAGE);

	map(p, RW, 0, UINT64_C(0xfef00000) - PAGE, PAGE, fd);
	map(p, RW, PAGE, UINT64_C(0xfef00000), PAGE, fd);
	map(p, RW, 2 * PAGE, UINT64_MAX - PAGE + 1, PAGE, fd);
	unmap(p, 0, UINT64_C(0xfef00000), UINT64_C(0xffffffff01100000));
	assert_non_null(reach(p, UINT64_C(0xfef00000) - PAGE));
	assert_null(reach(p, UINT64_C(0xfef00000)));
	assert_null(reach(p, UINT64_MAX));
	unmap(p, 0, 0, UINT64_MAX);
	assert_null(reach(p, UINT64_C(0xfef00000) - PAGE));
	close(fd);
}

static void
unmaps_past_the_end_change_nothing(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_unmap_body(0, AT, UINT64_MAX),
			  c = peer_unmap_body(0, UINT64_MAX, 2);
	int fd = peer_memory(PAGE);

	map(p, RW, 0, AT, PAGE, fd);
	peer_refused(p, PEER_DMA_UNMAP, &b, EINVAL);
	peer_refused(p, PEER_DMA_UNMAP, &c, EINVAL);
	assert_non_null(reach(p, AT));
	close(fd);
}

/* All or nothing, or split: the text allows both, and nothing else. */
static void
unmap_through_the_middle(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_unmap_body(0, AT + PAGE, PAGE);
	int fd = numbered(4 * PAGE);
	bool split;

	map(p, RW, 0, AT, 4 * PAGE, fd);
	peer_send(p, PEER_DMA_UNMAP, PEER_COMMAND, &b, NULL, 0);
	assert_true(peer_receive(p));
	split = p->m.flags == PEER_REPLY;
	if (!split)
		assert_int_equal(p->m.error, EINVAL);
	assert_int_equal(number_at(reach(p, AT)), 0);
	assert_int_equal(reach(p, AT + PAGE) == NULL, split);
	assert_int_equal(number_at(reach(p, AT + 2 * PAGE)), 2);
	assert_int_equal(number_at(reach(p, AT + 3 * PAGE)), 3);
	unmap(p, 0, AT, 4 * PAGE);
	assert_null(reach(p, AT));
	close(fd);
}

/* One that lies inside, one that is cut: nothing, or the whole range. */
static void
unmap_that_cuts_one_of_two(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_unmap_body(0, AT, 2 * PAGE);
	int fd = numbered(4 * PAGE);
	bool split;

	map(p, RW, 0, AT, PAGE, fd);
	map(p, RW, PAGE, AT + PAGE, 2 * PAGE, fd);
	peer_send(p, PEER_DMA_UNMAP, PEER_COMMAND, &b, NULL, 0);
	assert_true(peer_receive(p));
	split = p->m.flags == PEER_REPLY;
	assert_int_equal(reach(p, AT) == NULL, split);
	assert_int_equal(reach(p, AT + PAGE) == NULL, split);
	assert_int_equal(number_at(reach(p, AT + 2 * PAGE)), 2);
	close(fd);
}

static void
unmap_of_everything(void **state)
{
	struct peer *p = *state;
	int fd = numbered(4 * PAGE);

	map(p, RW, 0, AT, PAGE, fd);
	map(p, RW, PAGE, 0, PAGE, fd);
	map(p, RW, 2 * PAGE, UINT64_MAX - PAGE + 1, PAGE, fd);
	map(p, RW, 0, AT + PAGE, PAGE, -1);
	unmap(p, 2, 0, 0);
	assert_null(reach(p, AT));
	assert_null(reach(p, 0));
	assert_null(reach(p, UINT64_MAX));
	assert_int_equal(peer_mappings(), p->maps);
	map(p, RW, 0, AT, 4 * PAGE, fd);
	close(fd);
}

/* Nobody keeps such a bitmap: refused, or done without; never a longer reply. */
static void
dirty_bitmaps_are_not_kept(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_unmap_body(1, AT, PAGE);
	int fd = peer_memory(PAGE);

	/* Behind the request's 24 bytes: page size, bytes of bitmap. */
	peer_put(&b, PAGE, 8);
	peer_put(&b, 8, 8);
	map(p, RW, 0, AT, PAGE, fd);
	peer_send(p, PEER_DMA_UNMAP, PEER_COMMAND, &b, NULL, 0);
	assert_true(peer_receive(p));
	assert_in_range(p->m.size, PEER_HEADER, PEER_HEADER + b.len);
	if ((p->m.flags & PEER_ERROR) != 0)
		assert_non_null(reach(p, AT));
	else
		assert_null(reach(p, AT));
	close(fd);
}

/* The device has let go of the memory before the client is told so. */
static void
device_hears_of_changes_before_the_reply(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_unmap_body(0, AT, PAGE);
	int fd = peer_memory(PAGE);

	p->device.watched = AT;
	map(p, RW, 0, AT, PAGE, fd);
	p->device.found = NULL;
	unmap(p, 0, AT + PAGE, PAGE);
	peer_look_away(p);
	p->device.found = &p;
	peer_send(p, PEER_DMA_UNMAP, PEER_COMMAND, &b, NULL, 0);
	assert_true(peer_receive(p));
	peer_saw(p, PEER_SEEN_REMAP);
	assert_null(p->device.found);
	close(fd);
}

/* Many at once, each in its turn; posted ones too. */
static void
changes_are_made_in_order(void **state)
{
	struct peer *p = *state;
	int fd = numbered(4 * PAGE);
	struct peer_bytes b;

	for (unsigned int i = 0; i < 40; i++) {
		b = peer_map_body(RW, i % 4 * PAGE, AT, PAGE);
		peer_send(p, PEER_DMA_MAP, i % 2 ? PEER_COMMAND : PEER_NO_REPLY, &b, &fd, 1);
		b = peer_unmap_body(0, AT, PAGE);
		if (i != 38)
			peer_send(p, PEER_DMA_UNMAP, PEER_COMMAND, &b, NULL, 0);
		if (i == 38)
			break;
	}
	while (peer_receive(p))
		assert_int_equal(p->m.flags, PEER_REPLY);
	assert_int_equal(number_at(reach(p, AT)), 38 % 4);
	assert_int_equal(peer_mappings(), p->maps + 1);
	close(fd);
}

/* As huge pages and 4 KB pages come, in any order. */
static void
many_maps_are_found(void **state)
{
	struct peer *p = *state;
	const unsigned int n = 1024;
	int fd = numbered(n * PAGE);
	unsigned int k;

	for (unsigned int i = 0; i < n; i++) {
		k = i * 389 % n;
		map(p, RW, (uint64_t)k * PAGE, AT + (uint64_t)k * PAGE, PAGE, fd);
		peer_look_away(p);
	}
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(number_at(reach(p, AT + (uint64_t)i * PAGE)), i);
	for (unsigned int i = 0; i < n; i += 2) {
		k = i * 389 % n;
		unmap(p, 0, AT + (uint64_t)k * PAGE, PAGE);
		peer_look_away(p);
	}
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(reach(p, AT + (uint64_t)(i * 389 % n) * PAGE) != NULL, i % 2);
	close(fd);
}

/* Every mapping costs memory of the server: there are no more than the text's 65535. */
static void
maps_are_bounded(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b;
	uint32_t error = 0;
	unsigned int i;

	for (i = 0; i < 66000 && error == 0; i++) {
		b = peer_map_body(RW, 0, AT + (uint64_t)i * PAGE, PAGE);
		peer_send(p, PEER_DMA_MAP, PEER_COMMAND, &b, NULL, 0);
		assert_true(peer_receive(p));
		error = p->m.error;
	}
	assert_in_range(i, 1025, 65536);
	unmap(p, 2, 0, 0);
	map(p, RW, 0, AT, PAGE, -1);
}

static void
maps_go_with_the_client(void **state)
{
	struct peer *p = *state;
	int fd = peer_memory(PAGE);

	p->device.watched = AT;
	map(p, RW, 0, AT, PAGE, fd);
	assert_int_equal(peer_mappings(), p->maps + 1);
	close(fd);
	peer_look_away(p);
	p->device.found = &p;
	peer_hang_up(p);
	assert_null(reach(p, AT));
	assert_null(p->device.found);
	peer_saw(p, PEER_SEEN_REMAP);
	assert_int_equal(peer_mappings(), p->maps);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup_greeted, peer_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mapped_memory_is_the_clients),
		TEST(file_offset_is_honoured),
		TEST(descriptor_is_not_kept),
		TEST(rights_are_kept_to),
		TEST(read_only_files_can_be_read),
		TEST(overlaps_are_refused),
		TEST(last_page_of_all_can_be_mapped),
		TEST(absurd_maps_are_refused),
		TEST(absurd_ranges_without_memory_are_refused),
		TEST(what_cannot_be_mapped_is_refused),
		TEST(two_descriptors_are_refused),
		TEST(short_maps_are_refused),
		TEST(maps_without_memory_give_no_pointer),
		TEST(transfers_cross_mappings),
		TEST(unmap_takes_what_lies_inside),
		TEST(unmap_of_nothing_succeeds),
		TEST(unmap_to_the_end_of_addresses),
		TEST(unmaps_past_the_end_change_nothing),
		TEST(unmap_through_the_middle),
		TEST(unmap_that_cuts_one_of_two),
		TEST(unmap_of_everything),
		TEST(dirty_bitmaps_are_not_kept),
		TEST(device_hears_of_changes_before_the_reply),
		TEST(changes_are_made_in_order),
		TEST(many_maps_are_found),
		TEST(maps_are_bounded),
		TEST(maps_go_with_the_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
