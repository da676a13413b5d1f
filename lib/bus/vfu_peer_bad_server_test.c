/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The vfio-user client against servers that mean no good: whatever they send, it says so, gives up
 * where it has to, and leaves no descriptor behind.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "test_host.h"
#include "vfu_client.h"
#include "vfu_peer_server.h"

#define HOST_BYTES 0x4000u
#define TIMEOUT_MS 100u

/* The server's way of being bad. */
static struct {
	uint16_t command; /* what it answers in its own way */
	unsigned int kind;
	size_t cut;
} bad;

struct fixture {
	struct peer_server server;
	struct test_host host;
	struct vfu_client *client;
	struct bus_device *dev;
	unsigned int lines, fds;
	bool share;
};

static unsigned int
open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 3;
}

static void
on_log(void *arg, const char *line)
{
	assert_null(strchr(line, '\n'));
	((struct fixture *)arg)->lines++;
}

static int
client_open(struct fixture *f)
{
	struct vfu_client_config config = {.path = f->server.path,
					   .timeout_ms = TIMEOUT_MS,
					   .share = f->share,
					   .log = on_log,
					   .arg = f};
	int ret = vfu_client_open(&config, &f->host.host, &f->client);

	if (ret == 0)
		f->dev = vfu_client_device(f->client);
	else
		f->client = NULL;
	return ret;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(test_host_create(&f->host, HOST_BYTES, TEST_HOST_WHOLE), 0);
	memset(&bad, 0, sizeof(bad));
	f->fds = open_fds();
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(open_fds(), f->fds);
	test_host_destroy(&f->host);
	free(f);
	return 0;
}

static void
end(struct fixture *f)
{
	vfu_client_close(f->client);
	f->client = NULL;
	peer_server_stop(&f->server);
	assert_int_equal(open_fds(), f->fds);
}

/* ---- Any command, answered wrongly ---- */

enum {
	SHORT,       /* a byte less than the honest answer */
	HEADER_ONLY, /* nothing of it */
	WRONG_ID,
	WRONG_COMMAND,
	NO_REPLY_TYPE, /* a command instead of a reply */
	UNKNOWN_TYPE,
	SIZE_ZERO,
	SIZE_15,
	SIZE_HUGE,
	SIZE_ALL_ONES,
	ERROR_EINVAL,
	ERROR_ZERO,
	ERROR_HUGE,
	HANGS_UP,
	SILENT,
	NOISE,
	KINDS,
};

static void
send_header(struct peer_server *s, const struct peer_note *n, uint32_t size, uint32_t flags,
	    uint32_t error)
{
	struct peer_bytes b = {.len = 0};

	peer_put(&b, n->id, 2);
	peer_put(&b, n->command, 2);
	peer_put(&b, size, 4);
	peer_put(&b, flags, 4);
	peer_put(&b, error, 4);
	peer_server_raw(s, b.at, b.len);
}

static void
answer_wrongly(struct peer_server *s, const struct peer_note *n)
{
	static unsigned char at[8192];
	size_t len = peer_server_honest(s, n, at);

	switch (bad.kind) {
	case SHORT:
		peer_server_reply(s, n, at, len > 0 ? len - 1 : 0);
		break;
	case HEADER_ONLY:
		peer_server_reply(s, n, at, 0);
		break;
	case WRONG_ID:
		peer_server_send(s, (uint16_t)(n->id + 1), n->command, PEER_REPLY, at, len, NULL,
				 0);
		break;
	case WRONG_COMMAND:
		peer_server_send(s, n->id, (uint16_t)(n->command + 1), PEER_REPLY, at, len, NULL,
				 0);
		break;
	case NO_REPLY_TYPE:
		peer_server_send(s, n->id, n->command, PEER_COMMAND, at, len, NULL, 0);
		break;
	case UNKNOWN_TYPE:
		peer_server_send(s, n->id, n->command, 7, at, len, NULL, 0);
		break;
	case SIZE_ZERO:
		send_header(s, n, 0, PEER_REPLY, 0);
		break;
	case SIZE_15:
		send_header(s, n, 15, PEER_REPLY, 0);
		break;
	case SIZE_HUGE:
		send_header(s, n, 0x7ffffff0, PEER_REPLY, 0);
		break;
	case SIZE_ALL_ONES:
		send_header(s, n, 0xffffffff, PEER_REPLY, 0);
		break;
	case ERROR_EINVAL:
		send_header(s, n, 16, PEER_REPLY | PEER_ERROR, EINVAL);
		break;
	case ERROR_ZERO:
		send_header(s, n, 16, PEER_REPLY | PEER_ERROR, 0);
		break;
	case ERROR_HUGE:
		send_header(s, n, 16, PEER_REPLY | PEER_ERROR, 0xffffffff);
		break;
	case HANGS_UP:
		peer_server_hang_up(s);
		break;
	case NOISE:
		peer_server_raw(s, "HTTP/1.1 400 Bad Request\r\nServer: none\r\n\r\n", 43);
		break;
	default:
		break;
	}
}

static bool
script_wrongly(struct peer_server *s, const struct peer_note *n)
{
	if (n->command != bad.command || (n->flags & PEER_NO_REPLY) != 0)
		return false;
	answer_wrongly(s, n);
	return true;
}

/* What is needed to know the device: without it there is none. */
static void
opening_fails_on_wrong_answers(void **state)
{
	static const uint16_t commands[] = {PEER_VERSION, PEER_GET_INFO, PEER_GET_REGION_INFO};
	struct fixture *f = *state;
	unsigned int lines;
	int ret;

	for (unsigned int c = 0; c < 3; c++) {
		for (unsigned int kind = 0; kind < KINDS; kind++) {
			bad.command = commands[c];
			bad.kind = kind;
			peer_server_start(&f->server, script_wrongly);
			lines = f->lines;
			ret = client_open(f);
			if (ret == 0)
				fail_msg("command %u, kind %u: opened all the same", bad.command,
					 kind);
			assert_true(f->lines > lines);
			end(f);
		}
	}
}

/* Accesses have no errors: ones are read, or the server counts as gone. */
static void
reads_survive_wrong_answers(void **state)
{
	struct fixture *f = *state;
	uint64_t value;

	for (unsigned int kind = 0; kind < KINDS; kind++) {
		bad.command = PEER_REGION_READ;
		bad.kind = kind;
		peer_server_start(&f->server, NULL);
		assert_int_equal(client_open(f), 0);
		f->server.script = script_wrongly;
		for (unsigned int i = 0; i < 3; i++) {
			value = f->dev->ops->read(f->dev, 2, 0x10 * i, 4);
			if (value != UINT32_MAX)
				fail_msg("kind %u: read 0x%llx", kind, (unsigned long long)value);
		}
		end(f);
	}
}

static void
calls_fail_on_wrong_answers(void **state)
{
	static const uint16_t commands[] = {PEER_DMA_MAP, PEER_DMA_UNMAP, PEER_SET_IRQS};
	struct fixture *f = *state;
	int ret, none = -1;

	for (unsigned int c = 0; c < 3; c++) {
		for (unsigned int kind = 0; kind < KINDS; kind++) {
			/* Where the header is all there is to it, it is a good answer. */
			if (kind <= HEADER_ONLY)
				continue;
			bad.command = commands[c];
			bad.kind = kind;
			peer_server_start(&f->server, NULL);
			assert_int_equal(client_open(f), 0);
			f->server.script = script_wrongly;
			if (c == 0)
				ret = vfu_client_dma_map(f->client, 0, 4096, -1, 0, BUS_PROT_READ);
			else if (c == 1)
				ret = vfu_client_dma_unmap(f->client, 0, 4096);
			else
				ret = vfu_client_set_irqs(f->client, 0, 1, &none);
			if (ret >= 0)
				fail_msg("command %u, kind %u succeeded", bad.command, kind);
			end(f);
		}
	}
}

/* ---- The end at any byte ---- */

static bool
script_cut(struct peer_server *s, const struct peer_note *n)
{
	static unsigned char at[8192];
	struct peer_bytes b = {.len = 0};
	size_t len = peer_server_honest(s, n, at);

	if ((n->flags & PEER_NO_REPLY) != 0)
		return false;
	peer_put_header(&b, n->id, n->command, PEER_REPLY, len);
	peer_put_bytes(&b, at, len);
	if (bad.cut < b.len) {
		peer_server_raw(s, b.at, bad.cut);
		peer_server_hang_up(s);
		bad.cut = 0;
		return true;
	}
	bad.cut -= b.len;
	return false;
}

/* The server hangs up after each number of bytes, until the client has all it asks for. */
static void
end_at_any_byte(void **state)
{
	struct fixture *f = *state;
	size_t opened_at = 0, cut;

	for (cut = 0; cut < 2000; cut++) {
		bad.cut = cut;
		peer_server_start(&f->server, script_cut);
		if (client_open(f) == 0) {
			if (opened_at == 0)
				opened_at = cut;
			f->dev->ops->read(f->dev, 2, 0, 4);
			if (!vfu_client_lost(f->client)) {
				end(f);
				break;
			}
			assert_int_equal(f->dev->ops->read(f->dev, 2, 0, 4), UINT32_MAX);
		}
		end(f);
	}
	assert_in_range(opened_at, 300, cut);
	assert_in_range(cut, opened_at + 36, 1999);
}

/* ---- Too late, too much ---- */

static bool
script_late(struct peer_server *s, const struct peer_note *n)
{
	static struct peer_note held;
	unsigned char at[64] = {0};

	if (n->command != PEER_REGION_READ)
		return false;
	if (s->seen++ == 0) {
		held = *n;
		return true;
	}
	/* The late one first: of other data. */
	if (s->seen == 2) {
		memcpy(at, held.at, 16);
		memset(at + 16, 0xee, 4);
		peer_server_reply(s, &held, at, 20);
	}
	return false;
}

static void
late_replies_are_not_taken_for_others(void **state)
{
	struct fixture *f = *state;
	uint64_t value;

	peer_server_start(&f->server, NULL);
	assert_int_equal(client_open(f), 0);
	f->server.script = script_late;
	assert_int_equal(f->dev->ops->read(f->dev, 2, 0, 4), UINT32_MAX);
	for (unsigned int i = 0; i < 3; i++) {
		value = f->dev->ops->read(f->dev, 2, 0x44, 4);
		assert_int_not_equal(value, 0xeeeeeeee);
		assert_true(value == UINT32_MAX || (value & 0xff) == peer_server_byte(2, 0x44));
	}
	end(f);
}

static bool
script_twice(struct peer_server *s, const struct peer_note *n)
{
	static unsigned char at[8192];

	if (n->command != PEER_REGION_READ)
		return false;
	peer_server_reply(s, n, at, peer_server_honest(s, n, at));
	return false;
}

static void
second_replies_are_not_taken_for_others(void **state)
{
	struct fixture *f = *state;
	uint64_t value;

	peer_server_start(&f->server, NULL);
	assert_int_equal(client_open(f), 0);
	f->server.script = script_twice;
	for (uint64_t i = 0; i < 10; i++) {
		value = f->dev->ops->read(f->dev, 2, i * 8, 1);
		assert_true(value == 0xff || value == peer_server_byte(2, i * 8));
	}
	end(f);
}

/* More than was asked for: a count, a size, an offset that are not the request's. */
static bool
script_other_data(struct peer_server *s, const struct peer_note *n)
{
	unsigned char at[64] = {0};
	size_t len = 20;

	if (n->command != PEER_REGION_READ)
		return false;
	memcpy(at, n->at, 16);
	if (bad.kind == 0)
		at[12] = 2;
	else if (bad.kind == 1)
		at[12] = 44, len = 60;
	else if (bad.kind == 2)
		len = 60;
	else if (bad.kind == 3)
		memset(at + 12, 0xff, 4);
	else if (bad.kind == 4)
		at[0]++;
	else
		at[8] = 7;
	peer_server_reply(s, n, at, len);
	return true;
}

static void
data_that_was_not_asked_for_is_not_taken(void **state)
{
	struct fixture *f = *state;
	uint64_t value;

	for (bad.kind = 0; bad.kind < 6; bad.kind++) {
		peer_server_start(&f->server, NULL);
		assert_int_equal(client_open(f), 0);
		f->server.script = script_other_data;
		value = f->dev->ops->read(f->dev, 2, 0x20, 4);
		if (value != UINT32_MAX)
			fail_msg("kind %u: read 0x%llx", bad.kind, (unsigned long long)value);
		end(f);
	}
}

static bool
script_descriptors(struct peer_server *s, const struct peer_note *n)
{
	static unsigned char at[8192];
	int fd[16], zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	for (unsigned int i = 0; i < 16; i++)
		fd[i] = zero;
	if ((n->flags & PEER_NO_REPLY) == 0)
		peer_server_send(s, n->id, n->command, PEER_REPLY, at, peer_server_honest(s, n, at),
				 fd, 16);
	close(zero);
	return true;
}

static void
descriptors_nobody_wants_are_closed(void **state)
{
	struct fixture *f = *state;
	unsigned int before;

	for (unsigned int share = 0; share < 2; share++) {
		f->share = share;
		peer_server_start(&f->server, script_descriptors);
		before = open_fds();
		if (client_open(f) == 0) {
			for (unsigned int i = 0; i < 20; i++)
				f->dev->ops->read(f->dev, 2, 0, 4);
			/* Both ends of the connection are ours. */
			assert_in_range(open_fds(), before, before + 4);
		}
		end(f);
	}
}

/* ---- What it says of itself ---- */

static const char *const versions[] = {
	"",
	"{",
	"[]",
	"7",
	"null",
	"{\"capabilities\":[]}",
	"{\"capabilities\":7}",
	"{\"capabilities\":{\"max_msg_fds\":1000}}",
	"{\"capabilities\":{\"max_msg_fds\":-1}}",
	"{\"capabilities\":{\"max_msg_fds\":\"x\"}}",
	"{\"capabilities\":{\"max_data_xfer_size\":-1}}",
	"{\"capabilities\":{\"max_data_xfer_size\":1e300}}",
	"{\"capabilities\":{\"pgsizes\":1}}",
	"{\"capabilities\":{\"slipway\":7}}",
	"{\"capabilities\":{\"slipway\":{\"share\":\"x\",\"about\":[]}}}",
	"{\"capabilities\":{\"slipway\":{\"share\":true,\"about\":{\"device\":null}}}}",
	"{\"capabilities\":{\"twin_socket\":{\"supported\":true,\"fd_index\":99}}}",
};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

static bool
script_version(struct peer_server *s, const struct peer_note *n)
{
	struct peer_bytes b = {.len = 0};

	if (n->command != PEER_VERSION)
		return false;
	peer_put(&b, bad.kind == VERSIONS + 1 ? 1 : 0, 2);
	peer_put(&b, bad.kind == VERSIONS + 2 ? 9 : 0, 2);
	if (bad.kind < VERSIONS)
		peer_put_bytes(&b, versions[bad.kind], strlen(versions[bad.kind]) + 1);
	else
		peer_put_bytes(&b, "{}", bad.kind == VERSIONS ? 2 : 3);
	peer_server_reply(s, n, b.at, b.len);
	return true;
}

/* Refused or done without: and what comes next works. */
static void
senseless_versions_do_no_harm(void **state)
{
	struct fixture *f = *state;

	for (bad.kind = 0; bad.kind < VERSIONS + 3; bad.kind++) {
		for (unsigned int share = 0; share < 2; share++) {
			f->share = share;
			peer_server_start(&f->server, script_version);
			if (client_open(f) == 0) {
				/* Another major, a higher minor, no object: no agreement. */
				assert_true(bad.kind > 4 && bad.kind < VERSIONS);
				assert_int_equal(f->dev->ops->read(f->dev, 2, 0, 1),
						 peer_server_byte(2, 0));
			}
			end(f);
		}
	}
}

static bool
script_info(struct peer_server *s, const struct peer_note *n)
{
	static const uint32_t infos[][3] = {
		/* flags, regions, interrupt types */
		{3, 0, 0},   {3, 9, 0},  {3, 0xffffffff, 0xffffffff},
		{1, 9, 5},   {0, 9, 5},  {3, 7, 5},
		{3, 101, 5}, {3, 9, 51}, {3, 9, 2},
	};
	struct peer_bytes b = {.len = 0};

	if (n->command != PEER_GET_INFO)
		return false;
	peer_put(&b, 16, 4);
	for (unsigned int i = 0; i < 3; i++)
		peer_put(&b, infos[bad.kind][i], 4);
	peer_server_reply(s, n, b.at, b.len);
	return true;
}

static void
what_is_no_pci_device_is_refused(void **state)
{
	struct fixture *f = *state;

	for (bad.kind = 0; bad.kind < 9; bad.kind++) {
		peer_server_start(&f->server, script_info);
		if (client_open(f) == 0 && bad.kind != 6 && bad.kind != 7)
			fail_msg("kind %u was taken", bad.kind);
		end(f);
	}
}

/* Regions whose capabilities lead anywhere. */
static bool
script_region(struct peer_server *s, const struct peer_note *n)
{
	struct peer_bytes b = {.len = 0};
	int zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
	uint32_t next = 0, areas = 1, offset = 32, argsz = 64;
	uint64_t at = 0xa000, size = 0x2000;

	if (n->command != PEER_GET_REGION_INFO || peer_get(n->at, 8, 4) != 0) {
		close(zero);
		return false;
	}
	if (bad.kind == 0)
		next = 32; /* a circle */
	else if (bad.kind == 1)
		areas = 0xffffffff;
	else if (bad.kind == 2)
		offset = 0xfffffff0;
	else if (bad.kind == 3)
		offset = 63;
	else if (bad.kind == 4)
		at = UINT64_MAX - 0xfff;
	else if (bad.kind == 5)
		size = UINT64_MAX;
	else if (bad.kind == 6)
		argsz = 0xffffffff;
	else if (bad.kind == 7)
		at = 1, size = 3;
	else if (bad.kind == 8)
		next = 0x7fffffff;
	else if (bad.kind == 9)
		offset = 0;
	peer_put(&b, argsz, 4);
	peer_put(&b, 0xf, 4);
	peer_put(&b, 0, 4);
	peer_put(&b, offset, 4);
	peer_put(&b, bad.kind == 10 ? UINT64_MAX : PEER_SERVER_BAR, 8);
	peer_put(&b, bad.kind == 11 ? UINT64_MAX - 5 : 0, 8);
	peer_put(&b, 1, 2);
	peer_put(&b, 1, 2);
	peer_put(&b, next, 4);
	peer_put(&b, areas, 4);
	peer_put(&b, 0, 4);
	peer_put(&b, at, 8);
	peer_put(&b, size, 8);
	if (peer_get(n->at, 0, 4) < 64)
		b.len = 32;
	peer_server_send(s, n->id, n->command, PEER_REPLY, b.at, b.len, &zero, b.len > 32);
	close(zero);
	return true;
}

static void
regions_that_cannot_be_do_no_harm(void **state)
{
	struct fixture *f = *state;

	for (bad.kind = 0; bad.kind < 13; bad.kind++) {
		for (unsigned int share = 0; share < 2; share++) {
			f->share = share;
			peer_server_start(&f->server, script_region);
			if (client_open(f) == 0) {
				assert_int_equal(f->dev->ops->read(f->dev, 2, 0, 1),
						 peer_server_byte(2, 0));
				f->dev->ops->read(f->dev, 0, 0xa000, 4);
			}
			end(f);
		}
	}
}

static bool
script_vectors(struct peer_server *s, const struct peer_note *n)
{
	struct peer_bytes b = {.len = 0};

	if (n->command != PEER_GET_IRQ_INFO)
		return false;
	peer_put(&b, 16, 4);
	peer_put(&b, 1, 4);
	peer_put(&b, peer_get(n->at, 8, 4), 4);
	peer_put(&b, 0xffffffff, 4);
	peer_server_reply(s, n, b.at, b.len);
	return true;
}

/* MSI-X has 2048 at most. */
static void
vectors_beyond_msix_are_not_believed(void **state)
{
	struct fixture *f = *state;

	peer_server_start(&f->server, script_vectors);
	if (client_open(f) == 0)
		assert_in_range(vfu_client_vectors(f->client), 0, 2048);
	end(f);
}

/* ---- What it asks for ---- */

static void
ask(struct fixture *f, uint16_t command, uint64_t address, uint64_t count, size_t data)
{
	struct peer_bytes b = {.len = 0};
	struct peer_note n;
	unsigned int before = peer_server_count(&f->server, command);

	peer_put(&b, address, 8);
	peer_put(&b, count, 8);
	while (data-- > 0)
		peer_put(&b, 0x55, 1);
	peer_server_send(&f->server, 0x4000, command, PEER_COMMAND, b.at, b.len, NULL, 0);
	for (unsigned int wait = 0; wait < 200; wait++) {
		f->dev->ops->step(f->dev, wait * UINT64_C(10000000));
		if (vfu_client_lost(f->client) || peer_server_count(&f->server, command) > before)
			break;
		poll(NULL, 0, 1);
	}
	if (vfu_client_lost(f->client))
		return;
	if (!peer_server_saw(&f->server, command, before, &n))
		fail_msg("command %u is not answered", command);
	assert_int_equal(n.id, 0x4000);
	assert_int_equal(n.flags, PEER_REPLY | PEER_ERROR);
	assert_int_equal(n.len, 0);
}

static void
memory_it_may_not_have_is_refused(void **state)
{
	static const uint64_t wrong[][3] = {
		/* address, count, bytes of data in a write */
		{TEST_HOST_IOVA - 8, 8, 8},
		{TEST_HOST_IOVA - 4, 8, 8},
		{TEST_HOST_IOVA + HOST_BYTES, 1, 1},
		{TEST_HOST_IOVA + HOST_BYTES - 4, 8, 8},
		{TEST_HOST_IOVA, UINT64_MAX, 8},
		{TEST_HOST_IOVA, UINT64_C(1) << 40, 8},
		{UINT64_MAX - 3, 8, 8},
		{0, 4, 4},
		{TEST_HOST_IOVA, 16, 8},
		{TEST_HOST_IOVA, 8, 16},
		{TEST_HOST_IOVA, 0x100001, 0},
	};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		for (unsigned int write = 0; write < 2; write++) {
			if (!write && wrong[i][1] <= 16 && wrong[i][0] == TEST_HOST_IOVA)
				continue;
			peer_server_start(&f->server, NULL);
			assert_int_equal(client_open(f), 0);
			assert_int_equal(vfu_client_dma_map(f->client, TEST_HOST_IOVA, HOST_BYTES,
							    -1, 0, BUS_PROT_READ | BUS_PROT_WRITE),
					 0);
			ask(f, write ? PEER_DMA_WRITE : PEER_DMA_READ, wrong[i][0], wrong[i][1],
			    write ? wrong[i][2] : 0);
			end(f);
		}
	}
}

static void
commands_clients_do_not_know_are_refused(void **state)
{
	static const uint16_t commands[] = {
		0, PEER_VERSION, PEER_GET_INFO, PEER_REGION_READ, PEER_FEATURE, 0x5301, 0xffff};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		peer_server_start(&f->server, NULL);
		assert_int_equal(client_open(f), 0);
		ask(f, commands[i], 0, 8, 8);
		end(f);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opening_fails_on_wrong_answers),
		TEST(reads_survive_wrong_answers),
		TEST(calls_fail_on_wrong_answers),
		TEST(end_at_any_byte),
		TEST(late_replies_are_not_taken_for_others),
		TEST(second_replies_are_not_taken_for_others),
		TEST(data_that_was_not_asked_for_is_not_taken),
		TEST(descriptors_nobody_wants_are_closed),
		TEST(senseless_versions_do_no_harm),
		TEST(what_is_no_pci_device_is_refused),
		TEST(regions_that_cannot_be_do_no_harm),
		TEST(vectors_beyond_msix_are_not_believed),
		TEST(memory_it_may_not_have_is_refused),
		TEST(commands_clients_do_not_know_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
