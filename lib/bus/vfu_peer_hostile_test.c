/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A client that means no good. Whatever it does, the server stays up, the next client is served,
 * and descriptors, mappings and memory are what they were.
 */
#include "vfu_peer.h"

#include <malloc.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(ASAN)
/* Of the sanitizer's runtime, whose header not every compiler brings. */
size_t __sanitizer_get_current_allocated_bytes(void);
#define allocated() __sanitizer_get_current_allocated_bytes()
#else
#define allocated() mallinfo2().uordblks
#endif

#define PAGE        0x1000u
#define SESSION_MAX 64u
#define RECONNECTS  2000u
#define STREAMS     500u
/* Looking at /proc takes longer than a client's visit. */
#define LOOK_EVERY 16u
/* What a server may keep for a client that does not read. */
#define BACKLOG_BYTES (16u << 20)

/* ---- A session on paper ---- */

/* One message of it: where it starts, and what comes with its first byte. */
struct part {
	size_t at;
	int fd[2];
	unsigned int fds;
};

struct session {
	struct peer_bytes b;
	struct part part[SESSION_MAX];
	unsigned int parts;
};

static void
add(struct session *s, uint16_t command, uint32_t flags, const struct peer_bytes *body, int fd)
{
	struct part *part = &s->part[s->parts++];

	*part = (struct part){.at = s->b.len, .fd = {fd, fd}, .fds = fd >= 0};
	peer_put_header(&s->b, (uint16_t)s->parts, command, flags, body == NULL ? 0 : body->len);
	if (body != NULL)
		peer_put_bytes(&s->b, body->at, body->len);
}

static void
add_multi(struct session *s)
{
	struct peer_bytes b = {.len = 0};

	peer_put(&b, 8, 8);
	for (unsigned int i = 0; i < 8; i++) {
		peer_put(&b, PEER_PORT + i * 8, 8);
		peer_put(&b, 0, 4);
		peer_put(&b, 8, 4);
		peer_put(&b, i, 8);
	}
	add(s, PEER_WRITE_MULTI, PEER_NO_REPLY, &b, -1);
}

/* Something of everything, in which a client may be interrupted. */
static void
session_make(struct session *s, int memory, int event)
{
	static const char json[] = "{\"capabilities\":{\"write_multiple\":true}}";
	struct peer_bytes b = {.len = 0};

	memset(s, 0, sizeof(*s));
	peer_put(&b, 0, 4);
	peer_put_bytes(&b, json, sizeof(json));
	add(s, PEER_VERSION, PEER_COMMAND, &b, -1);
	b = peer_map_body(3, 0, 0, PAGE);
	add(s, PEER_DMA_MAP, PEER_COMMAND, &b, memory);
	b = peer_map_body(3, PAGE, 0x10000, PAGE);
	add(s, PEER_DMA_MAP, PEER_NO_REPLY, &b, memory);
	b = peer_map_body(1, 0, 0x20000, PAGE);
	add(s, PEER_DMA_MAP, PEER_COMMAND, &b, -1);
	b = peer_info_body(32, 0, 32);
	add(s, PEER_GET_REGION_INFO, PEER_COMMAND, &b, -1);
	b = peer_irqs_body(0x24, PEER_MSIX, 3, 1);
	add(s, PEER_SET_IRQS, PEER_COMMAND, &b, event);
	b = peer_irqs_body(0x24, PEER_ERR_IRQ, 0, 1);
	add(s, PEER_SET_IRQS, PEER_COMMAND, &b, event);
	b = peer_access_body(0, PEER_CONFIG, 4096);
	add(s, PEER_REGION_READ, PEER_COMMAND, &b, -1);
	b = peer_write_body(PEER_PORT, 0, "12345678", 8);
	add(s, PEER_REGION_WRITE, PEER_NO_REPLY, &b, -1);
	b = peer_write_body(PEER_PORT + 8, 0, "12345678", 8);
	add(s, PEER_REGION_WRITE, PEER_COMMAND, &b, -1);
	add_multi(s);
	b = peer_unmap_body(0, 0, PAGE);
	add(s, PEER_DMA_UNMAP, PEER_COMMAND, &b, -1);
	add(s, PEER_RESET, PEER_COMMAND, NULL, -1);
}

/* The first `len` bytes of it. */
static void
play(struct peer *p, const struct session *s, size_t len)
{
	for (unsigned int i = 0; i < s->parts && s->part[i].at < len; i++) {
		const struct part *part = &s->part[i];
		size_t end = i + 1 < s->parts ? s->part[i + 1].at : s->b.len;

		peer_send_raw(p, s->b.at + part->at, (end < len ? end : len) - part->at, part->fd,
			      part->fds);
	}
}

static void
come(struct peer *p)
{
	p->fd = peer_connect(p->path);
	assert_true(p->fd >= 0);
	p->closed = false;
}

/* What is to be the same afterwards. */
struct before {
	unsigned int fds, maps;
	size_t bytes;
};

static struct before
before(struct peer *p)
{
	peer_hang_up(p);
	return (struct before){peer_open_fds(), peer_mappings(), allocated()};
}

static void
as_before(struct peer *p, const struct before *b)
{
	peer_hang_up(p);
	assert_false(vfu_server_has_client(p->server));
	assert_int_equal(peer_open_fds(), b->fds);
	assert_int_equal(peer_mappings(), b->maps);
	/* Room it once had to make may stay, but not grow with clients. */
	assert_in_range(allocated(), 0, b->bytes + 0x10000);
}

static void
as_before_now_and_then(struct peer *p, const struct before *b, size_t i)
{
	peer_hang_up(p);
	peer_look_away(p);
	if (i % LOOK_EVERY == 0)
		as_before(p, b);
}

static void
next_client_is_served(struct peer *p)
{
	come(p);
	peer_version(p, NULL);
	peer_still_there(p);
	assert_int_equal(peer_get(peer_read(p, PEER_CONFIG, 0, 4), 0, 4), 0x27108086);
	peer_look_away(p);
}

static void
disconnect_at_any_byte(void **state)
{
	struct peer *p = *state;
	static struct session s;
	int memory = peer_memory(2 * PAGE), event = peer_eventfd();
	struct before b = before(p);

	session_make(&s, memory, event);
	for (size_t cut = 0; cut <= s.b.len; cut++) {
		come(p);
		play(p, &s, cut);
		/* Sometimes it is gone before the server has looked, and never are replies read. */
		if (cut % 3 != 0)
			peer_pump(p);
		as_before_now_and_then(p, &b, cut);
	}
	next_client_is_served(p);
	as_before(p, &b);
	close(memory);
	close(event);
}

/* The same, its own end shut for writing while it goes on reading. */
static void
half_closed_at_any_message(void **state)
{
	struct peer *p = *state;
	static struct session s;
	int memory = peer_memory(2 * PAGE), event = peer_eventfd();
	struct before b = before(p);

	session_make(&s, memory, event);
	for (unsigned int i = 0; i < s.parts; i++) {
		come(p);
		play(p, &s, s.part[i].at);
		assert_int_equal(shutdown(p->fd, i % 2 ? SHUT_WR : SHUT_RDWR), 0);
		while (peer_receive(p))
			;
		assert_true(p->closed);
		as_before(p, &b);
	}
	next_client_is_served(p);
	close(memory);
	close(event);
}

static void
thousands_of_reconnects(void **state)
{
	struct peer *p = *state;
	static struct session s;
	int memory = peer_memory(2 * PAGE), event = peer_eventfd();
	struct before b = before(p);

	session_make(&s, memory, event);
	for (unsigned int i = 0; i < RECONNECTS; i++) {
		come(p);
		if (i % 4 == 0)
			play(p, &s, s.b.len);
		if (i % 2 == 0)
			peer_pump(p);
		peer_hang_up(p);
		peer_look_away(p);
	}
	as_before(p, &b);
	next_client_is_served(p);
	close(memory);
	close(event);
}

/* ---- Bytes without sense ---- */

static uint32_t
draw(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(*seed >> 33);
}

static void
streams_of_noise(void **state)
{
	struct peer *p = *state;
	struct before b = before(p);
	uint64_t seed = 20260501;
	unsigned char noise[300];

	for (unsigned int i = 0; i < STREAMS; i++) {
		size_t len = draw(&seed) % sizeof(noise);

		for (size_t k = 0; k < len; k++)
			noise[k] = (unsigned char)draw(&seed);
		come(p);
		peer_send_raw(p, noise, len, NULL, 0);
		peer_pump(p);
		as_before_now_and_then(p, &b, i);
	}
	as_before(p, &b);
	next_client_is_served(p);
}

/* A good session with a few bytes that are others. */
static void
sessions_with_damage(void **state)
{
	struct peer *p = *state;
	static struct session s, bad;
	int memory = peer_memory(2 * PAGE), event = peer_eventfd();
	struct before b = before(p);
	uint64_t seed = 20260502;

	session_make(&s, memory, event);
	for (unsigned int i = 0; i < STREAMS; i++) {
		bad = s;
		for (unsigned int k = 0; k <= i % 4; k++)
			bad.b.at[draw(&seed) % s.b.len] ^= (unsigned char)(1u << draw(&seed) % 8);
		come(p);
		play(p, &bad, bad.b.len);
		peer_pump(p);
		as_before_now_and_then(p, &b, i);
	}
	as_before(p, &b);
	next_client_is_served(p);
	close(memory);
	close(event);
}

/* Every command, of many lengths, all its bytes 0, or all ones, with descriptors and without. */
static void
every_command_with_senseless_payloads(void **state)
{
	static const uint16_t extra[] = {0x5300, 0x5301, 0x5302, 0x7fff, 0xffff};
	static const uint8_t bytes[] = {0x00, 0xff, 0x7f, 0x01};
	struct peer *p = *state;
	int fd[2] = {peer_memory(PAGE), peer_eventfd()};
	struct before b = before(p);

	for (unsigned int c = 0; c < 25; c++) {
		uint16_t command = (uint16_t)(c < 20 ? c : extra[c - 20]);

		come(p);
		for (size_t len = 0; len < 72; len++) {
			struct peer_bytes body = {.len = len};

			memset(body.at, bytes[len % 4], len);
			if (p->closed) {
				close(p->fd);
				come(p);
			}
			peer_send(p, command, PEER_COMMAND, &body, fd, len % 3);
			while (peer_receive(p))
				;
			peer_look_away(p);
		}
		as_before(p, &b);
	}
	next_client_is_served(p);
	close(fd[0]);
	close(fd[1]);
}

/* ---- Too much ---- */

/* It asks and never reads: the server stops listening to it, and does not keep all it has to say. */
static void
replies_nobody_reads_are_bounded(void **state)
{
	struct peer *p = *state;
	struct before b = before(p);
	struct peer_bytes all = {.len = 0}, body = peer_access_body(0, 2, PEER_BAR_BYTES);
	unsigned int sent = 0, stuck = 0;

	come(p);
	peer_version(p, NULL);
	peer_put_header(&all, 1, PEER_REGION_READ, PEER_COMMAND, body.len);
	peer_put_bytes(&all, body.at, body.len);
	while (sent < 20000 && stuck < 20) {
		ssize_t n = send(p->fd, all.at, all.len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n == (ssize_t)all.len)
			sent++;
		else
			stuck++;
		assert_true(n <= 0 || n == (ssize_t)all.len);
		peer_pump(p);
		peer_look_away(p);
		assert_in_range(allocated(), 0, b.bytes + BACKLOG_BYTES);
	}
	as_before(p, &b);
	next_client_is_served(p);
}

/* Posted writes without end: each call of the server does a batch of them. */
static void
posted_writes_do_not_keep_the_server(void **state)
{
	struct peer *p = *state;
	struct peer_bytes all = {.len = 0}, body = peer_write_body(0, 2, "\1\2\3\4", 4);
	unsigned int handled, total = 0;

	for (unsigned int i = 0; i < 100; i++) {
		peer_put_header(&all, 1, PEER_REGION_WRITE, PEER_NO_REPLY, body.len);
		peer_put_bytes(&all, body.at, body.len);
	}
	while (send(p->fd, all.at, all.len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)all.len)
		total += 100;
	handled = vfu_server_work(p->server);
	assert_in_range(handled, 1, total - 1);
	peer_look_away(p);
}

/* Each one message of descriptors, the message never finished. */
static void
descriptors_of_unfinished_messages_are_closed(void **state)
{
	struct peer *p = *state;
	int fd[16], one = peer_eventfd();
	struct before b = before(p);

	for (unsigned int i = 0; i < 16; i++)
		fd[i] = one;
	for (unsigned int i = 0; i < 200; i++) {
		come(p);
		peer_send_raw(p, "\1\0\10\0", 1 + i % 4, fd, 1 + i % 16);
		if (i % 2)
			peer_pump(p);
		as_before(p, &b);
	}
	close(one);
}

/* Descriptors on every byte of one message: no more are kept than a message may have. */
static void
descriptors_on_every_byte_are_not_hoarded(void **state)
{
	struct peer *p = *state;
	struct peer_bytes all = {.len = 0}, body = {.len = 0};
	int fd[16], one = peer_eventfd();
	struct before b = before(p);

	for (unsigned int i = 0; i < 16; i++)
		fd[i] = one;
	come(p);
	peer_put_header(&all, 1, PEER_REGION_WRITE, PEER_COMMAND, 2000);
	body.len = 2000 - PEER_HEADER;
	peer_put_bytes(&all, body.at, body.len);
	for (size_t i = 0; i < all.len && !p->closed; i++) {
		if (!peer_send_raw(p, all.at + i, 1, fd, 16))
			break;
		peer_pump(p);
		/* Ours, and its own sixteen or so. */
		assert_in_range(peer_open_fds(), 0, b.fds + 40);
	}
	as_before(p, &b);
	next_client_is_served(p);
	close(one);
}

static void
map_and_unmap_leave_nothing(void **state)
{
	struct peer *p = *state;
	int memory = peer_memory(16 * PAGE);
	struct before b = before(p);

	for (unsigned int round = 0; round < 20; round++) {
		come(p);
		peer_version(p, NULL);
		for (uint64_t i = 0; i < 64; i++) {
			struct peer_bytes m = peer_map_body(3, i % 16 * PAGE, i * PAGE, PAGE);

			peer_call_fds(p, PEER_DMA_MAP, &m, &memory, 1);
			m = peer_unmap_body(0, i / 2 * PAGE, PAGE);
			if (i % 3 == 0)
				peer_call(p, PEER_DMA_UNMAP, &m);
			peer_look_away(p);
		}
		as_before(p, &b);
	}
	close(memory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup_listens, peer_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(disconnect_at_any_byte),
		TEST(half_closed_at_any_message),
		TEST(thousands_of_reconnects),
		TEST(streams_of_noise),
		TEST(sessions_with_damage),
		TEST(every_command_with_senseless_payloads),
		TEST(replies_nobody_reads_are_bounded),
		TEST(posted_writes_do_not_keep_the_server),
		TEST(descriptors_of_unfinished_messages_are_closed),
		TEST(descriptors_on_every_byte_are_not_hoarded),
		TEST(map_and_unmap_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
