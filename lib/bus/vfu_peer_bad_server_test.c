/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The vfio-user client against servers that answer wrongly, late, twice, or not to the end: it says
 * so, and gives up where it has to.
 */
#include "vfu_peer_bad_server.h"

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

	f->timeout_ms = SILENCE_MS;
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
		open_before_silence(f);
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
			open_before_silence(f);
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

	open_before_silence(f);
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
		open_before_silence(f);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
