/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * DMA_READ, DMA_WRITE and DEVICE_RESET, section 9 of the protocol's text, by a scripted client.
 * The server asks from a thread of its own and waits; the client answers, or does not.
 */
#include "vfu_peer.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#define PAGE 0x1000u
#define AT   UINT64_C(0x200000)

/* A copy that the device makes in its thread. */
struct copy {
	struct peer *p;
	pthread_t thread;
	uint64_t iova;
	unsigned char *bytes;
	size_t len;
	bool write;
	int ret;
};

static void *
copy_run(void *arg)
{
	struct copy *c = arg;
	struct bus_host *host = c->p->device.host;

	c->ret = host->ops->dma(host, BUS_NO_PASID, c->iova, c->bytes, c->len, c->write);
	return NULL;
}

static void
copy_begin(struct copy *c, struct peer *p, uint64_t iova, void *bytes, size_t len, bool write)
{
	*c = (struct copy){
		.p = p, .iova = iova, .bytes = bytes, .len = len, .write = write, .ret = 1};
	p->threaded = true;
	assert_int_equal(pthread_create(&c->thread, NULL, copy_run, c), 0);
}

static int
copy_end(struct copy *c)
{
	pthread_join(c->thread, NULL);
	c->p->threaded = false;
	return c->ret;
}

static void
map_without_memory(struct peer *p, uint32_t flags, uint64_t address, uint64_t size)
{
	struct peer_bytes b = peer_map_body(flags, 0, address, size);

	peer_call(p, PEER_DMA_MAP, &b);
}

/* A reply with the id of the command that was received. */
static void
answer(struct peer *p, uint16_t command, uint32_t flags, uint32_t error, const void *bytes,
       size_t len)
{
	struct peer_bytes b = {.len = 0};

	peer_put(&b, p->m.id, 2);
	peer_put(&b, command, 2);
	peer_put(&b, PEER_HEADER + len, 4);
	peer_put(&b, flags, 4);
	peer_put(&b, error, 4);
	peer_put_bytes(&b, bytes, len);
	peer_send_raw(p, b.at, b.len, NULL, 0);
}

/* The server's command: address, count. */
static void
asked(struct peer *p, uint16_t command, uint64_t address, uint64_t count)
{
	assert_true(peer_receive(p));
	assert_int_equal(p->m.command, command);
	assert_int_equal(p->m.flags & PEER_TYPE, PEER_COMMAND);
	assert_int_equal(p->m.flags & PEER_ERROR, 0);
	assert_int_equal(p->m.fds, 0);
	assert_int_equal(peer_get(p->m.at, 0, 8), address);
	assert_int_equal(peer_get(p->m.at, 8, 8), count);
	assert_int_equal(p->m.len, command == PEER_DMA_WRITE ? 16 + count : 16);
}

/* Commands that came while the server waited are due at once, without a descriptor that says so. */
static void
work_due(struct peer *p)
{
	if (vfu_server_deadline(p->server) == 0)
		vfu_server_work(p->server);
}

static struct peer_bytes
data_reply(uint64_t address, uint64_t count, const void *data)
{
	struct peer_bytes b = {.len = 0};

	peer_put(&b, address, 8);
	peer_put(&b, count, 8);
	peer_put_bytes(&b, data, count);
	return b;
}

static void
reads_ask_the_client(void **state)
{
	struct peer *p = *state;
	unsigned char bytes[32] = {0};
	struct peer_bytes b;
	struct copy c;

	map_without_memory(p, 3, AT, PAGE);
	copy_begin(&c, p, AT + 0x100, bytes, 24, false);
	asked(p, PEER_DMA_READ, AT + 0x100, 24);
	b = data_reply(AT + 0x100, 24, "twenty-four bytes of it");
	answer(p, PEER_DMA_READ, PEER_REPLY, 0, b.at, b.len);
	assert_int_equal(copy_end(&c), 0);
	assert_string_equal((char *)bytes, "twenty-four bytes of it");
	assert_int_equal(vfu_server_stats(p->server)->dma_read, 1);
	peer_still_there(p);
}

/* Replies to a write are of any length from 16 on: clients differ. */
static void
writes_tell_the_client(void **state)
{
	static const size_t lens[] = {0, 12, 16};
	struct peer *p = *state;
	struct copy c;

	map_without_memory(p, 3, AT, PAGE);
	for (unsigned int i = 0; i < 3; i++) {
		struct peer_bytes b = data_reply(AT, 5, "abcde");

		copy_begin(&c, p, AT, "abcde", 5, true);
		asked(p, PEER_DMA_WRITE, AT, 5);
		assert_memory_equal(p->m.at + 16, "abcde", 5);
		answer(p, PEER_DMA_WRITE, PEER_REPLY, 0, b.at, lens[i]);
		assert_int_equal(copy_end(&c), 0);
	}
	assert_int_equal(vfu_server_stats(p->server)->dma_write, 3);
	peer_still_there(p);
}

static void
client_can_say_no(void **state)
{
	struct peer *p = *state;
	unsigned char bytes[8] = {0};
	unsigned int lines;
	struct copy c;

	map_without_memory(p, 3, AT, PAGE);
	copy_begin(&c, p, AT, bytes, 8, false);
	asked(p, PEER_DMA_READ, AT, 8);
	answer(p, PEER_DMA_READ, PEER_REPLY | PEER_ERROR, EFAULT, NULL, 0);
	assert_true(copy_end(&c) < 0);
	/* The error may be 0 even then. */
	copy_begin(&c, p, AT, bytes, 8, false);
	asked(p, PEER_DMA_READ, AT, 8);
	answer(p, PEER_DMA_READ, PEER_REPLY | PEER_ERROR, 0, NULL, 0);
	assert_true(copy_end(&c) < 0);
	/* Writes may be posted: then the log says so. */
	lines = p->lines;
	copy_begin(&c, p, AT, bytes, 8, true);
	asked(p, PEER_DMA_WRITE, AT, 8);
	answer(p, PEER_DMA_WRITE, PEER_REPLY | PEER_ERROR, EFAULT, NULL, 0);
	if (copy_end(&c) == 0) {
		peer_pump(p);
		assert_int_equal(p->lines, lines + 1);
	}
	peer_still_there(p);
}

/* Commands arrive before the reply does: they are answered, each once and in their order. The device
 * that reads may hold its lock, so it may be after the reply.
 */
static void
commands_come_between(void **state)
{
	struct peer *p = *state;
	struct peer_bytes w = peer_write_body(0x100, 2, "\1\2\3\4", 4), b;
	unsigned char bytes[8] = {0};
	struct copy c;
	uint16_t id[3], asked_for;

	map_without_memory(p, 3, AT, PAGE);
	copy_begin(&c, p, AT, bytes, 8, false);
	asked(p, PEER_DMA_READ, AT, 8);
	asked_for = p->m.id;
	for (unsigned int i = 0; i < 2; i++)
		id[i] = peer_send(p, PEER_REGION_WRITE, PEER_COMMAND, &w, NULL, 0);
	p->m.id = asked_for;
	b = data_reply(AT, 8, "8 bytes");
	answer(p, PEER_DMA_READ, PEER_REPLY, 0, b.at, b.len);
	id[2] = peer_send(p, PEER_REGION_WRITE, PEER_COMMAND, &w, NULL, 0);
	assert_int_equal(copy_end(&c), 0);
	assert_string_equal((char *)bytes, "8 bytes");
	for (unsigned int i = 0; i < 3; i++) {
		work_due(p);
		assert_true(peer_receive(p));
		assert_int_equal(p->m.id, id[i]);
		assert_int_equal(p->m.command, PEER_REGION_WRITE);
		assert_int_equal(p->m.flags, PEER_REPLY);
	}
	peer_still_there(p);
}

/* Its own id and the server's may be the same number: the type tells them apart. */
static void
ids_of_both_directions_are_apart(void **state)
{
	struct peer *p = *state;
	struct peer_bytes info = peer_info_body(16, 0, 16), all = {.len = 0}, b;
	unsigned char bytes[8] = {0};
	struct copy c;
	uint16_t id;

	map_without_memory(p, 3, AT, PAGE);
	copy_begin(&c, p, AT, bytes, 8, false);
	asked(p, PEER_DMA_READ, AT, 8);
	id = p->m.id;
	peer_put_header(&all, id, PEER_GET_INFO, PEER_COMMAND, info.len);
	peer_put_bytes(&all, info.at, info.len);
	peer_send_raw(p, all.at, all.len, NULL, 0);
	b = data_reply(AT, 8, "8 bytes");
	answer(p, PEER_DMA_READ, PEER_REPLY, 0, b.at, b.len);
	assert_int_equal(copy_end(&c), 0);
	assert_string_equal((char *)bytes, "8 bytes");
	work_due(p);
	assert_true(peer_receive(p));
	assert_int_equal(p->m.command, PEER_GET_INFO);
	assert_int_equal(p->m.id, id);
}

/* Answers that are none: the copy fails, or goes on waiting for a right one, and no byte is made up
 * of memory that is nobody's.
 */
static void
wrong_answers_are_no_data(void **state)
{
	static const unsigned int kinds = 7;
	struct peer *p = *state;

	for (unsigned int kind = 0; kind < kinds; kind++) {
		unsigned char bytes[8] = {0};
		struct peer_bytes b = data_reply(AT, 8, "12345678");
		uint16_t command = PEER_DMA_READ;
		struct copy c;

		map_without_memory(p, 3, AT, PAGE);
		copy_begin(&c, p, AT, bytes, 8, false);
		asked(p, PEER_DMA_READ, AT, 8);
		if (kind == 0)
			b.len = 0;
		else if (kind == 1)
			b.len = 15;
		else if (kind == 2)
			b.len = 23;
		else if (kind == 3)
			peer_put_bytes(&b, "more than asked for", 19);
		else if (kind == 4)
			p->m.id++;
		else if (kind == 5)
			command = PEER_DMA_WRITE;
		else
			b.at[8] = 255;
		answer(p, command, PEER_REPLY, 0, b.at, b.len);
		close(p->fd);
		p->fd = -1;
		assert_true(copy_end(&c) < 0);
		peer_pump(p);
		peer_reopen(p);
	}
}

static void
client_that_goes_ends_the_wait(void **state)
{
	struct peer *p = *state;
	unsigned char bytes[8] = {0};
	struct copy c;

	map_without_memory(p, 3, AT, PAGE);
	copy_begin(&c, p, AT, bytes, 8, false);
	asked(p, PEER_DMA_READ, AT, 8);
	close(p->fd);
	p->fd = -1;
	assert_true(copy_end(&c) < 0);
	peer_pump(p);
	assert_false(vfu_server_has_client(p->server));
	assert_int_equal(p->gone, 1);
}

static void
rights_are_kept_to_without_asking(void **state)
{
	struct peer *p = *state;
	struct bus_host *host = p->device.host;
	unsigned char byte = 0;

	map_without_memory(p, 1, AT, PAGE);
	assert_true(host->ops->dma(host, BUS_NO_PASID, AT, &byte, 1, true) < 0);
	assert_true(host->ops->dma(host, BUS_NO_PASID, AT + PAGE, &byte, 1, false) < 0);
	peer_still_there(p);
}

/* Part of it by pointer, part by message. */
static void
copies_cross_from_memory_to_messages(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_map_body(3, 0, AT, PAGE);
	int fd = peer_memory(PAGE);
	unsigned char bytes[16] = {0};
	struct copy c;

	assert_int_equal(pwrite(fd, "here", 4, PAGE - 4), 4);
	peer_call_fds(p, PEER_DMA_MAP, &b, &fd, 1);
	map_without_memory(p, 3, AT + PAGE, PAGE);
	copy_begin(&c, p, AT + PAGE - 4, bytes, 9, false);
	asked(p, PEER_DMA_READ, AT + PAGE, 5);
	b = data_reply(AT + PAGE, 5, "there");
	answer(p, PEER_DMA_READ, PEER_REPLY, 0, b.at, b.len);
	assert_int_equal(copy_end(&c), 0);
	assert_string_equal((char *)bytes, "herethere");
	close(fd);
}

/* No more in one message than both sides agreed on. */
static void
large_copies_are_cut(void **state)
{
	static unsigned char bytes[3 * 4096];
	static unsigned char zeros[4096];
	struct peer *p = *state;
	struct copy c;
	uint64_t at, count, left = sizeof(bytes);

	peer_version(p, "{\"capabilities\":{\"max_data_xfer_size\":4096}}");
	map_without_memory(p, 3, AT, 4 * PAGE);
	copy_begin(&c, p, AT, bytes, sizeof(bytes), false);
	for (at = AT; left > 0; at += count, left -= count) {
		struct peer_bytes b = {.len = 0};

		assert_true(peer_receive(p));
		assert_int_equal(p->m.command, PEER_DMA_READ);
		assert_int_equal(peer_get(p->m.at, 0, 8), at);
		count = peer_get(p->m.at, 8, 8);
		assert_in_range(count, 1, 4096);
		peer_put(&b, at, 8);
		peer_put(&b, count, 8);
		peer_put_bytes(&b, zeros, count);
		answer(p, PEER_DMA_READ, PEER_REPLY, 0, b.at, b.len);
	}
	assert_int_equal(copy_end(&c), 0);
}

/* ---- Reset ---- */

static void
reset_reaches_the_device(void **state)
{
	struct peer *p = *state;

	peer_write(p, PEER_CONFIG, 0x04, 6, 2);
	peer_look_away(p);
	peer_call(p, PEER_RESET, NULL);
	assert_int_equal(p->m.size, PEER_HEADER);
	peer_saw(p, PEER_SEEN_RESET);
	assert_int_equal(peer_get(peer_read(p, PEER_CONFIG, 0x04, 2), 0, 2), 0);
}

static void
reset_keeps_the_map(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_map_body(3, 0, AT, PAGE);
	struct bus_fault fault;
	size_t len = 8;
	int fd = peer_memory(PAGE);

	peer_call_fds(p, PEER_DMA_MAP, &b, &fd, 1);
	peer_call(p, PEER_RESET, NULL);
	assert_non_null(p->device.host->ops->map(p->device.host, BUS_NO_PASID, AT, &len,
						 BUS_PROT_WRITE, &fault));
	close(fd);
}

/* Posted writes that came before it are before it. */
static void
reset_comes_in_its_turn(void **state)
{
	struct peer *p = *state;

	peer_write_posted(p, 2, 0, "\1\2\3\4", 4);
	peer_send(p, PEER_RESET, PEER_COMMAND, NULL, NULL, 0);
	peer_write_posted(p, 2, 4, "\1\2\3\4", 4);
	peer_saw_at(p, PEER_SEEN_WRITE, 2, 0, 4);
	peer_saw(p, PEER_SEEN_RESET);
	peer_saw_at(p, PEER_SEEN_WRITE, 2, 4, 4);
	assert_true(peer_receive(p));
	assert_int_equal(p->m.command, PEER_RESET);
}

/* Without an owner that sees to it, the device is reset when its client is gone. */
static void
device_is_reset_behind_a_client(void **state)
{
	struct peer *p = *state;

	p->config.events.gone = NULL;
	peer_reopen(p);
	assert_int_equal(p->device.resets, 0);
	peer_hang_up(p);
	assert_int_equal(p->device.resets, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup_greeted, peer_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_ask_the_client),
		TEST(writes_tell_the_client),
		TEST(client_can_say_no),
		TEST(commands_come_between),
		TEST(ids_of_both_directions_are_apart),
		TEST(wrong_answers_are_no_data),
		TEST(client_that_goes_ends_the_wait),
		TEST(rights_are_kept_to_without_asking),
		TEST(copies_cross_from_memory_to_messages),
		cmocka_unit_test_setup_teardown(large_copies_are_cut, peer_setup, peer_teardown),
		TEST(reset_reaches_the_device),
		TEST(reset_keeps_the_map),
		TEST(reset_comes_in_its_turn),
		TEST(device_is_reset_behind_a_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
