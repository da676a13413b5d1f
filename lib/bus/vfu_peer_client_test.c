/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The vfio-user client against an honest scripted server: what it sends, section by section of the
 * protocol's text, and what it makes of the answers.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "test_host.h"
#include "vfu_client.h"
#include "vfu_peer_server.h"

#define PAGE       0x1000u
#define HOST_BYTES 0x4000u

struct fixture {
	struct peer_server server;
	struct test_host host;
	struct vfu_client *client;
	struct bus_device *dev;
	unsigned int lines;
};

static void
on_log(void *arg, const char *line)
{
	(void)line;
	((struct fixture *)arg)->lines++;
}

static int
client_open(struct fixture *f)
{
	struct vfu_client_config config = {
		.path = f->server.path, .timeout_ms = 2000, .log = on_log, .arg = f};
	int ret = vfu_client_open(&config, &f->host.host, &f->client);

	if (ret == 0)
		f->dev = vfu_client_device(f->client);
	return ret;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(test_host_create(&f->host, HOST_BYTES, TEST_HOST_WHOLE), 0);
	peer_server_start(&f->server, NULL);
	assert_int_equal(client_open(f), 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	vfu_client_close(f->client);
	peer_server_stop(&f->server);
	/* Descriptors on the first byte of a header, headers in one piece. */
	assert_false(f->server.apart);
	test_host_destroy(&f->host);
	free(f);
	return 0;
}

/* All that was posted has come: the server answers in order. */
static void
flush(struct fixture *f)
{
	f->dev->ops->read(f->dev, 0, 0, 4);
}

static struct peer_note
saw(struct fixture *f, uint16_t command, unsigned int i)
{
	struct peer_note n = {.command = 0};

	if (!peer_server_saw(&f->server, command, i, &n))
		fail_msg("command %u did not come", command);
	return n;
}

/* ---- Hello ---- */

static void
version_comes_first_and_proposes(void **state)
{
	struct fixture *f = *state;
	struct peer_note n = saw(f, PEER_VERSION, 0);

	assert_int_equal(f->server.note[0].command, PEER_VERSION);
	assert_int_equal(peer_get(n.at, 0, 2), 0);
	assert_int_equal(n.fds, 0);
	assert_int_equal(n.at[4], '{');
	assert_int_equal(n.flags, PEER_COMMAND);
	/* Not asked for: nothing shared. */
	assert_null(memmem(n.at, sizeof(n.at), "\"share\":true", 12));
}

static void
device_is_as_the_server_says(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(vfu_client_region_size(f->client, 0), PEER_SERVER_BAR);
	assert_int_equal(vfu_client_region_size(f->client, 1), 0);
	assert_int_equal(vfu_client_region_size(f->client, 2), PEER_SERVER_BAR);
	assert_int_equal(vfu_client_region_size(f->client, 7), 4096);
	assert_int_equal(vfu_client_region_size(f->client, 9), 0);
	assert_int_equal(vfu_client_region_size(f->client, UINT32_MAX), 0);
	assert_int_equal(vfu_client_vectors(f->client), PEER_SERVER_VECTORS);
	assert_null(vfu_client_about(f->client));
	assert_false(vfu_client_lost(f->client));
}

/* The first question has room for the fixed part; argsz is what the client can take. */
static void
questions_say_how_much_room_there_is(void **state)
{
	struct fixture *f = *state;
	struct peer_note n = saw(f, PEER_GET_INFO, 0);

	assert_int_equal(n.len, 16);
	assert_int_equal(peer_get(n.at, 0, 4), 16);
	n = saw(f, PEER_GET_REGION_INFO, 0);
	assert_int_equal(n.len, 32);
	assert_true(peer_get(n.at, 0, 4) >= 32);
	n = saw(f, PEER_GET_IRQ_INFO, 0);
	assert_int_equal(n.len, 16);
	assert_true(peer_get(n.at, 0, 4) >= 16);
}

/* ---- Accesses ---- */

static void
reads_are_the_servers(void **state)
{
	struct fixture *f = *state;

	for (unsigned int size = 1; size <= 8; size *= 2) {
		uint64_t value = f->dev->ops->read(f->dev, 2, 0x230, size);
		struct peer_note n = saw(f, PEER_REGION_READ,
					 peer_server_count(&f->server, PEER_REGION_READ) - 1);

		for (unsigned int i = 0; i < size; i++)
			assert_int_equal((value >> (8 * i)) & 0xff, peer_server_byte(2, 0x230 + i));
		assert_int_equal(value >> (8 * size - 1) >> 1, 0);
		assert_int_equal(n.len, 16);
		assert_int_equal(peer_get(n.at, 0, 8), 0x230);
		assert_int_equal(peer_get(n.at, 8, 4), 2);
		assert_int_equal(peer_get(n.at, 12, 4), size);
	}
}

static void
writes_are_posted(void **state)
{
	struct fixture *f = *state;
	struct peer_note n;

	for (unsigned int i = 0; i < 100; i++)
		f->dev->ops->write(f->dev, 2, 0x40 + i * 4, 0x11223344 + i, 4);
	flush(f);
	assert_int_equal(peer_server_count(&f->server, PEER_REGION_WRITE), 100);
	for (unsigned int i = 0; i < 100; i++) {
		n = saw(f, PEER_REGION_WRITE, i);
		assert_int_equal(n.flags, PEER_NO_REPLY);
		assert_int_equal(n.len, 20);
		assert_int_equal(peer_get(n.at, 0, 8), 0x40 + i * 4);
		assert_int_equal(peer_get(n.at, 8, 4), 2);
		assert_int_equal(peer_get(n.at, 12, 4), 4);
		assert_int_equal(peer_get(n.at, 16, 4), 0x11223344 + i);
	}
}

static void
config_is_region_seven(void **state)
{
	struct fixture *f = *state;
	unsigned char bytes[64] = {0};
	uint16_t command = 6;
	struct peer_note n;

	assert_int_equal(f->dev->ops->config(f->dev, 0, bytes, 64, false), 0);
	assert_int_equal(peer_get(bytes, 0, 4), 0x27108086);
	assert_int_equal(f->dev->ops->config(f->dev, 4, &command, 2, true), 0);
	flush(f);
	n = saw(f, PEER_REGION_WRITE, 0);
	assert_int_equal(peer_get(n.at, 0, 8), 4);
	assert_int_equal(peer_get(n.at, 8, 4), 7);
	assert_int_equal(peer_get(n.at, 12, 4), 2);
	assert_int_equal(peer_get(n.at, 16, 2), 6);
	assert_true(f->dev->ops->config(f->dev, 4095, bytes, 2, false) < 0);
	assert_true(f->dev->ops->config(f->dev, 4096, bytes, 1, false) < 0);
	assert_true(f->dev->ops->config(f->dev, 0xffff, bytes, 64, true) < 0);
}

static void
lines_are_posted_whole(void **state)
{
	struct fixture *f = *state;
	unsigned char line[64];
	struct peer_note n;

	for (unsigned int i = 0; i < 64; i++)
		line[i] = (unsigned char)(i + 1);
	f->dev->ops->post(f->dev, 0, 0x8040, line, 64);
	f->dev->ops->post(f->dev, 0, 0x9000, line, 16);
	flush(f);
	n = saw(f, PEER_REGION_WRITE, 0);
	assert_int_equal(n.flags, PEER_NO_REPLY);
	assert_int_equal(peer_get(n.at, 0, 8), 0x8040);
	assert_int_equal(peer_get(n.at, 12, 4), 64);
	assert_memory_equal(n.at + 16, line, 64);
	n = saw(f, PEER_REGION_WRITE, 1);
	assert_int_equal(peer_get(n.at, 0, 8), 0x9000);
	assert_int_equal(peer_get(n.at, 12, 4), 16);
	assert_memory_equal(n.at + 16, line, 16);
}

static bool
retries_lines(struct peer_server *s, const struct peer_note *n)
{
	if (n->command != PEER_REGION_WRITE || peer_get(n->at, 12, 4) != 64)
		return false;
	if (s->seen++ != 0)
		return false;
	peer_server_error(s, n, EAGAIN);
	return true;
}

static void
submit_waits_for_its_answer(void **state)
{
	struct fixture *f = *state;
	unsigned char line[64] = {7};
	struct peer_note n;

	f->server.script = retries_lines;
	if (f->dev->ops->submit == NULL)
		return;
	assert_int_equal(f->dev->ops->submit(f->dev, 0, 0x40, line, BUS_NO_PASID), -EAGAIN);
	assert_int_equal(f->dev->ops->submit(f->dev, 0, 0x40, line, BUS_NO_PASID), 0);
	n = saw(f, PEER_REGION_WRITE, 1);
	assert_int_equal(n.flags, PEER_COMMAND);
	assert_int_equal(peer_get(n.at, 12, 4), 64);
	assert_memory_equal(n.at + 16, line, 64);
}

/* Outside of what there is, nothing is asked: the server would refuse it. */
static void
accesses_outside_read_ones(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->dev->ops->read(f->dev, 1, 0, 4), UINT32_MAX);
	assert_int_equal(f->dev->ops->read(f->dev, 0, PEER_SERVER_BAR, 4), UINT32_MAX);
	assert_int_equal(f->dev->ops->read(f->dev, 0, UINT64_MAX - 3, 8), UINT64_MAX);
	f->dev->ops->write(f->dev, 6, 0, 0, 4);
	f->dev->ops->write(f->dev, 0, PEER_SERVER_BAR - 2, 0, 4);
	flush(f);
	assert_false(vfu_client_lost(f->client));
}

static bool
refuses_reads(struct peer_server *s, const struct peer_note *n)
{
	if (n->command != PEER_REGION_READ)
		return false;
	peer_server_error(s, n, EINVAL);
	return true;
}

static void
refused_reads_are_all_ones(void **state)
{
	struct fixture *f = *state;
	uint32_t word = 0;

	f->server.script = refuses_reads;
	assert_int_equal(f->dev->ops->read(f->dev, 2, 0, 4), UINT32_MAX);
	assert_int_equal(f->dev->ops->read(f->dev, 2, 0, 1), 0xff);
	assert_int_equal(f->dev->ops->read(f->dev, 2, 0, 8), UINT64_MAX);
	assert_true(f->dev->ops->config(f->dev, 0, &word, 4, false) < 0 || word == UINT32_MAX);
	assert_false(vfu_client_lost(f->client));
}

static void
reset_is_told(void **state)
{
	struct fixture *f = *state;

	f->dev->ops->reset(f->dev, BUS_RESET_POWER);
	assert_int_equal(saw(f, PEER_RESET, 0).len, 0);
	/* By the command, or as a guest does it. */
	f->dev->ops->reset(f->dev, BUS_RESET_FUNCTION);
	flush(f);
	assert_true(peer_server_count(&f->server, PEER_RESET) == 2 ||
		    peer_server_count(&f->server, PEER_REGION_WRITE) == 1);
}

/* ---- Memory ---- */

static void
maps_are_told_with_their_file(void **state)
{
	struct fixture *f = *state;
	int fd = memfd_create("peer-client", MFD_CLOEXEC);
	unsigned char byte = 0;
	struct peer_note n;

	assert_int_equal(ftruncate(fd, 4 * PAGE), 0);
	assert_int_equal(pwrite(fd, "m", 1, PAGE), 1);
	assert_int_equal(vfu_client_dma_map(f->client, 0x100000, 2 * PAGE, fd, PAGE,
					    BUS_PROT_READ | BUS_PROT_WRITE),
			 0);
	n = saw(f, PEER_DMA_MAP, 0);
	assert_int_equal(n.len, 32);
	assert_int_equal(n.fds, 1);
	assert_int_equal(peer_get(n.at, 0, 4), 32);
	assert_int_equal(peer_get(n.at, 4, 4), 3);
	assert_int_equal(peer_get(n.at, 8, 8), PAGE);
	assert_int_equal(peer_get(n.at, 16, 8), 0x100000);
	assert_int_equal(peer_get(n.at, 24, 8), 2 * PAGE);
	assert_int_equal(pread(f->server.kept[0], &byte, 1, PAGE), 1);
	assert_int_equal(byte, 'm');
	assert_int_equal(vfu_client_dma_map(f->client, 0x200000, PAGE, -1, 0, BUS_PROT_READ), 0);
	n = saw(f, PEER_DMA_MAP, 1);
	assert_int_equal(n.fds, 0);
	assert_int_equal(peer_get(n.at, 4, 4), 1);
	assert_int_equal(peer_get(n.at, 8, 8), 0);
	assert_int_equal(vfu_client_dma_unmap(f->client, 0x100000, 2 * PAGE), 0);
	n = saw(f, PEER_DMA_UNMAP, 0);
	assert_int_equal(n.len, 24);
	assert_int_equal(peer_get(n.at, 0, 4), 24);
	assert_int_equal(peer_get(n.at, 4, 4), 0);
	assert_int_equal(peer_get(n.at, 8, 8), 0x100000);
	assert_int_equal(peer_get(n.at, 16, 8), 2 * PAGE);
	close(fd);
}

static bool
refuses_maps(struct peer_server *s, const struct peer_note *n)
{
	if (n->command != PEER_DMA_MAP && n->command != PEER_DMA_UNMAP)
		return false;
	/* A zero in the error field of an error reply is still an error. */
	peer_server_error(s, n, n->command == PEER_DMA_MAP ? EEXIST : 0);
	return true;
}

static void
refused_maps_are_errors(void **state)
{
	struct fixture *f = *state;

	f->server.script = refuses_maps;
	assert_int_equal(vfu_client_dma_map(f->client, 0, PAGE, -1, 0, BUS_PROT_READ), -EEXIST);
	assert_true(vfu_client_dma_unmap(f->client, 0, PAGE) < 0);
	assert_false(vfu_client_lost(f->client));
}

/* ---- Interrupts ---- */

static void
irqs_message(struct fixture *f, unsigned int i, uint32_t flags, uint32_t start, uint32_t count,
	     unsigned int fds)
{
	struct peer_note n = saw(f, PEER_SET_IRQS, i);

	assert_int_equal(n.len, 20);
	assert_int_equal(peer_get(n.at, 0, 4), 20);
	assert_int_equal(peer_get(n.at, 4, 4), flags);
	assert_int_equal(peer_get(n.at, 8, 4), 2);
	assert_int_equal(peer_get(n.at, 12, 4), start);
	assert_int_equal(peer_get(n.at, 16, 4), count);
	assert_int_equal(n.fds, fds);
}

static void
vectors_come_in_batches(void **state)
{
	struct fixture *f = *state;
	int fd[PEER_SERVER_VECTORS];
	uint64_t one = 1;

	for (unsigned int i = 0; i < PEER_SERVER_VECTORS; i++)
		fd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_int_equal(vfu_client_set_irqs(f->client, 0, PEER_SERVER_VECTORS, fd), 0);
	irqs_message(f, 0, 0x24, 0, 16, 16);
	irqs_message(f, 1, 0x24, 16, 4, 4);
	assert_int_equal(write(f->server.kept[18], &one, 8), 8);
	assert_int_equal(read(fd[18], &one, 8), 8);
	assert_int_equal(vfu_client_disable_irqs(f->client), 0);
	irqs_message(f, 2, 0x21, 0, 0, 0);
	for (unsigned int i = 0; i < PEER_SERVER_VECTORS; i++)
		close(fd[i]);
}

/* Some there, some taken away: no message has both. */
static void
vectors_with_and_without_are_apart(void **state)
{
	struct fixture *f = *state;
	int one = eventfd(0, EFD_CLOEXEC), fd[] = {one, one, -1, -1, -1, one};

	assert_int_equal(vfu_client_set_irqs(f->client, 3, 6, fd), 0);
	irqs_message(f, 0, 0x24, 3, 2, 2);
	irqs_message(f, 1, 0x24, 5, 3, 0);
	irqs_message(f, 2, 0x24, 8, 1, 1);
	assert_int_equal(peer_server_count(&f->server, PEER_SET_IRQS), 3);
	close(one);
}

static void
vectors_outside_are_refused(void **state)
{
	struct fixture *f = *state;
	int fd[2] = {-1, -1};

	assert_true(vfu_client_set_irqs(f->client, PEER_SERVER_VECTORS, 1, fd) < 0);
	assert_true(vfu_client_set_irqs(f->client, PEER_SERVER_VECTORS - 1, 2, fd) < 0);
	assert_true(vfu_client_set_irqs(f->client, UINT32_MAX, 2, fd) < 0);
	assert_int_equal(peer_server_count(&f->server, PEER_SET_IRQS), 0);
}

static void
fewer_descriptors_at_once_are_kept_to(void **state)
{
	struct fixture *f = *state;
	int one = eventfd(0, EFD_CLOEXEC), fd[] = {one, one, one, one, one};

	for (unsigned int max = 0; max <= 2; max += 2) {
		unsigned int at_once = max == 0 ? 1 : max, n = (5 + at_once - 1) / at_once;

		vfu_client_close(f->client);
		peer_server_stop(&f->server);
		peer_server_start(&f->server, NULL);
		/* Nothing said means one. */
		f->server.max_msg_fds = max;
		assert_int_equal(client_open(f), 0);
		assert_int_equal(vfu_client_set_irqs(f->client, 0, 5, fd), 0);
		assert_int_equal(peer_server_count(&f->server, PEER_SET_IRQS), n);
		for (unsigned int i = 0; i < n; i++)
			assert_int_equal(saw(f, PEER_SET_IRQS, i).fds,
					 i + 1 < n || 5 % at_once == 0 ? at_once : 5 % at_once);
	}
	close(one);
}

/* ---- What the server asks for ---- */

static struct peer_bytes
dma_request(uint64_t address, uint64_t count, const void *data)
{
	struct peer_bytes b = {.len = 0};

	peer_put(&b, address, 8);
	peer_put(&b, count, 8);
	if (data != NULL)
		peer_put_bytes(&b, data, count);
	return b;
}

/* Let the client answer: in step, while nothing else is under way. */
static struct peer_note
answered(struct fixture *f, uint16_t command, unsigned int i)
{
	struct peer_note n = {.command = 0};
	uint64_t now = 0;

	for (unsigned int wait = 0; wait < 2000; wait++) {
		now += 10000000;
		assert_int_equal(f->dev->ops->step(f->dev, now), BUS_NO_DEADLINE);
		if (peer_server_count(&f->server, command) > i)
			break;
		poll(NULL, 0, 1);
	}
	n = saw(f, command, i);
	assert_int_equal(n.flags & PEER_TYPE, PEER_REPLY);
	assert_int_equal(n.id, 0x4000 + i);
	return n;
}

static void
memory_is_read_by_message(void **state)
{
	struct fixture *f = *state;
	struct peer_bytes b = dma_request(TEST_HOST_IOVA + 0x10, 6, NULL);
	struct peer_note n;

	assert_int_equal(vfu_client_dma_map(f->client, TEST_HOST_IOVA, HOST_BYTES, -1, 0,
					    BUS_PROT_READ | BUS_PROT_WRITE),
			 0);
	memcpy(f->host.memory + 0x10, "memory", 6);
	peer_server_send(&f->server, 0x4000, PEER_DMA_READ, PEER_COMMAND, b.at, b.len, NULL, 0);
	n = answered(f, PEER_DMA_READ, 0);
	assert_int_equal(n.flags, PEER_REPLY);
	assert_int_equal(n.len, 22);
	assert_int_equal(peer_get(n.at, 0, 8), TEST_HOST_IOVA + 0x10);
	assert_int_equal(peer_get(n.at, 8, 8), 6);
	assert_memory_equal(n.at + 16, "memory", 6);
}

static void
memory_is_written_by_message(void **state)
{
	struct fixture *f = *state;
	struct peer_bytes b = dma_request(TEST_HOST_IOVA + 0x20, 7, "written");
	struct peer_note n;

	assert_int_equal(vfu_client_dma_map(f->client, TEST_HOST_IOVA, HOST_BYTES, -1, 0,
					    BUS_PROT_READ | BUS_PROT_WRITE),
			 0);
	peer_server_send(&f->server, 0x4000, PEER_DMA_WRITE, PEER_COMMAND, b.at, b.len, NULL, 0);
	n = answered(f, PEER_DMA_WRITE, 0);
	assert_int_equal(n.flags, PEER_REPLY);
	assert_memory_equal(f->host.memory + 0x20, "written", 7);
}

/* Between a command of the client and its reply. */
static bool
asks_before_it_answers(struct peer_server *s, const struct peer_note *n)
{
	struct peer_bytes b = dma_request(TEST_HOST_IOVA + 0x10, 6, NULL);

	if (n->command == PEER_REGION_READ)
		peer_server_send(s, 0x4000, PEER_DMA_READ, PEER_COMMAND, b.at, b.len, NULL, 0);
	return false;
}

static void
memory_is_read_while_a_reply_is_awaited(void **state)
{
	struct fixture *f = *state;

	memcpy(f->host.memory + 0x10, "memory", 6);
	assert_int_equal(
		vfu_client_dma_map(f->client, TEST_HOST_IOVA, HOST_BYTES, -1, 0, BUS_PROT_READ), 0);
	f->server.script = asks_before_it_answers;
	assert_int_equal(f->dev->ops->read(f->dev, 2, 0, 1), peer_server_byte(2, 0));
	f->server.script = NULL;
	assert_memory_equal(answered(f, PEER_DMA_READ, 0).at + 16, "memory", 6);
}

/* ---- Nobody there ---- */

static void
open_says_why_not(void **state)
{
	struct fixture *f = *state;
	struct vfu_client *client = NULL;
	struct vfu_client_config config = {
		.path = "/nowhere/at/all", .timeout_ms = 200, .log = on_log, .arg = f};
	char path[96];
	unsigned int lines = f->lines;

	assert_int_equal(vfu_client_open(&config, &f->host.host, &client), -ENOENT);
	assert_int_equal(f->lines, lines + 1);
	/* A name that is left of a server that was killed. */
	snprintf(path, sizeof(path), "%s-old", f->server.path);
	assert_int_equal(rename(f->server.path, path), 0);
	vfu_client_close(f->client);
	f->client = NULL;
	peer_server_stop(&f->server);
	config.path = path;
	lines = f->lines;
	assert_int_equal(vfu_client_open(&config, &f->host.host, &client), -ECONNREFUSED);
	assert_int_equal(f->lines, lines + 1);
	unlink(path);
	peer_server_start(&f->server, NULL);
	assert_int_equal(client_open(f), 0);
}

static void
server_that_goes_leaves_ones(void **state)
{
	struct fixture *f = *state;
	unsigned char line[64] = {1}, bytes[4] = {0};
	unsigned int lines = f->lines;
	uint32_t all = UINT32_MAX;

	peer_server_stop(&f->server);
	for (unsigned int i = 0; i < 20; i++) {
		assert_int_equal(f->dev->ops->read(f->dev, 2, 0, 4), UINT32_MAX);
		f->dev->ops->write(f->dev, 2, 0, 1, 4);
		f->dev->ops->post(f->dev, 0, 0x8000, line, 64);
		assert_int_equal(f->dev->ops->step(f->dev, i), BUS_NO_DEADLINE);
		f->dev->ops->reset(f->dev, BUS_RESET_POWER);
		if (f->dev->ops->config(f->dev, 0, bytes, 4, false) == 0)
			assert_memory_equal(bytes, &all, 4);
	}
	assert_true(vfu_client_lost(f->client));
	assert_int_equal(f->lines, lines + 1);
	assert_true(vfu_client_dma_map(f->client, 0, PAGE, -1, 0, BUS_PROT_READ) < 0);
	assert_true(vfu_client_disable_irqs(f->client) < 0);
	vfu_client_close(f->client);
	peer_server_start(&f->server, NULL);
	assert_int_equal(client_open(f), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(version_comes_first_and_proposes),
		TEST(device_is_as_the_server_says),
		TEST(questions_say_how_much_room_there_is),
		TEST(reads_are_the_servers),
		TEST(writes_are_posted),
		TEST(config_is_region_seven),
		TEST(lines_are_posted_whole),
		TEST(submit_waits_for_its_answer),
		TEST(accesses_outside_read_ones),
		TEST(refused_reads_are_all_ones),
		TEST(reset_is_told),
		TEST(maps_are_told_with_their_file),
		TEST(refused_maps_are_errors),
		TEST(vectors_come_in_batches),
		TEST(vectors_with_and_without_are_apart),
		TEST(vectors_outside_are_refused),
		TEST(fewer_descriptors_at_once_are_kept_to),
		TEST(memory_is_read_by_message),
		TEST(memory_is_written_by_message),
		TEST(memory_is_read_while_a_reply_is_awaited),
		TEST(open_says_why_not),
		TEST(server_that_goes_leaves_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
