/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Registration and fences between nodes (10.5, 10.7, 6.5).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "scif_peer.h"

#define PAGE   4096u
#define READ   1u
#define WRITE  2u
#define OFFSET UINT64_C(0x40000)
#define HANDLE UINT64_C(0xffff880000112200) /* the card's window */
#define TICKET 9

/* Words of struct scif_window (10.7). */
enum {
	W_PAGES = 0,
	W_RUNS = 8,
	W_PROT = 12,
	W_REFS = 16,
	W_MAGIC = 20,
	W_OFFSET = 28,
	W_EP = 48,
	W_PEER = 76,
	W_ADDR_LOOKUP = 114,
	W_PAGES_LOOKUP = 130,
	W_BYTES = 242,
};

/* Two endpoints that are connected: what all cases begin with. */
static struct link l;

static int
begin_linked(void **state)
{
	struct peer *p;
	int ret = peer_begin_up(state);

	if (ret != 0)
		return ret;
	p = *state;
	link_up(&p->card[0], &l);
	return 0;
}

/* ---- The card registers ---- */

/* ALLOC_REQ to the host: the structure there, and its handle. */
static uint8_t *
alloc(struct card *c, uint64_t pages, uint64_t *handle)
{
	struct message m;
	uint8_t *w;

	card_send(c, ALLOC_REQ, 0, pages, 0xa110c, 0);
	m = card_expect(c, ALLOC_GNT);
	assert_int_equal(m.p[2], 0xa110c);
	*handle = m.p[0];
	w = card_map(c, m.p[1], W_BYTES);
	assert_non_null(w);
	assert_int_equal(get(w + W_PAGES, 8), pages);
	assert_int_equal(get(w + W_REFS, 4), pages);
	assert_int_equal(get(w + W_MAGIC, 8), MAGIC);
	return w;
}

/* Entry `run` of an array, by its lookup table. */
static uint8_t *
entry(struct card *c, const uint8_t *w, unsigned int lookup, uint32_t run)
{
	uint8_t *table = card_map(c, get(w + lookup, 8), (run / 512 + 1) * 8), *page;

	assert_non_null(table);
	page = card_map(c, get(table + run / 512 * 8, 8), (run % 512 + 1) * 8);
	assert_non_null(page);
	return page + run % 512 * 8;
}

static void
set_run(struct card *c, const uint8_t *w, uint32_t run, uint64_t address, uint64_t pages)
{
	put(entry(c, w, W_ADDR_LOOKUP, run), 8, address);
	put(entry(c, w, W_PAGES_LOOKUP, run), 8, pages);
}

static void
fill(uint8_t *w, uint32_t runs, uint32_t prot, uint64_t offset)
{
	put(w + W_RUNS, 4, runs);
	put(w + W_PROT, 4, prot);
	put(w + W_OFFSET, 8, offset);
	put(w + W_EP, 8, l.host_handle);
	put(w + W_PEER, 8, HANDLE);
}

/* A window of 4 pages in two runs: its handle at the host. */
static uint64_t
card_registers(struct card *c)
{
	uint64_t handle;
	uint8_t *w = alloc(c, 4, &handle);

	set_run(c, w, 0, c->address + CARD_FREE, 1);
	set_run(c, w, 1, c->address + CARD_FREE + 8 * PAGE, 3);
	fill(w, 2, READ | WRITE, OFFSET);
	card_send(c, REGISTER, l.host_handle, handle, HANDLE, 0);
	assert_int_equal(card_expect(c, REGISTER_ACK).p[2], HANDLE);
	return handle;
}

static int
window_of_peer(struct peer *p, uint64_t offset)
{
	return ask(p, SCIF_REQUEST_WINDOW, 2, offset, 1, 1);
}

/* 215, of the card: and the host's application sees its runs. */
static void
a_card_registers(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];

	card_registers(c);
	card_silent(c);
	assert_int_equal(window_of_peer(p, OFFSET), 0);
	assert_int_equal(p->reply.value[0], OFFSET);
	assert_int_equal(p->reply.value[1], PAGE);
	assert_int_equal(p->reply.value[2] & 3, READ | WRITE);
	assert_int_equal(p->reply.value[4], CARD_FREE);
	assert_int_equal(window_of_peer(p, OFFSET + 2 * PAGE), 0);
	assert_int_equal(p->reply.value[4] - (p->reply.value[0] - OFFSET), CARD_FREE + 7 * PAGE);
	assert_int_not_equal(window_of_peer(p, OFFSET + 4 * PAGE), 0);
}

static void
a_large_window_has_several_pages_of_runs(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	uint64_t handle;
	uint8_t *w;

	w = alloc(c, 1000, &handle);
	for (uint32_t run = 0; run < 1000; run++)
		set_run(c, w, run, c->address + CARD_FREE + (run * 7 % 100) * PAGE, 1);
	fill(w, 1000, READ, OFFSET);
	card_send(c, REGISTER, l.host_handle, handle, HANDLE, 0);
	assert_int_equal(card_expect(c, REGISTER_ACK).p[2], HANDLE);
	assert_int_equal(window_of_peer(p, OFFSET + 999 * PAGE), 0);
	assert_int_equal(p->reply.value[4], CARD_FREE + (999 * 7 % 100) * PAGE);
}

static void
a_card_unregisters(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	uint64_t handle;
	struct message m;

	handle = card_registers(c);
	card_send(c, UNREGISTER, handle, HANDLE, 0, 0);
	m = card_expect(c, UNREGISTER_ACK);
	assert_int_equal(m.p[0], l.handle);
	assert_int_equal(m.p[1], HANDLE);
	assert_int_not_equal(window_of_peer(p, OFFSET), 0);
	card_silent(c);
}

/* 217 */
static void
what_is_in_use_is_given_back_later(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	uint64_t handle, token;
	struct message m;

	handle = card_registers(c);
	assert_int_equal(ask(p, SCIF_REQUEST_MAP, 2, OFFSET, PAGE, READ), 0);
	token = p->reply.value[5];
	card_send(c, UNREGISTER, handle, HANDLE, 0, 0);
	m = card_expect(c, UNREGISTER_NACK);
	assert_int_equal(m.p[0], l.handle);
	assert_int_equal(m.p[1], HANDLE);
	assert_int_not_equal(window_of_peer(p, OFFSET), 0);
	assert_int_equal(ask(p, SCIF_REQUEST_UNMAP, 0, token, PAGE, 0), 0);
	assert_int_equal(card_expect(c, MUNMAP).p[0], HANDLE);
	card_silent(c);
}

static void
a_card_thinks_better_of_it(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	unsigned int memories;
	uint64_t handle;

	memories = p->memories;
	alloc(c, 4, &handle);
	card_send(c, FREE_VIRT, l.host_handle, handle, HANDLE, 19);
	card_silent(c);
	assert_int_equal(p->memories, memories);
	/* It is gone. */
	card_send(c, REGISTER, l.host_handle, handle, HANDLE, 0);
	assert_int_equal(card_expect(c, REGISTER_NACK).p[2], HANDLE);
}

/* 216, of the host. */
static void
a_host_without_memory_rejects(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	static const uint64_t pages[] = {0, UINT64_C(1) << 40, UINT64_MAX, INT64_MAX};

	for (unsigned int i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		card_send(c, ALLOC_REQ, 0, pages[i], 0x77, 0);
		assert_int_equal(card_expect(c, ALLOC_REJ).p[2], 0x77);
	}
	p->no_memory = true;
	card_send(c, ALLOC_REQ, 0, 4, 0x77, 0);
	assert_int_equal(card_expect(c, ALLOC_REJ).p[2], 0x77);
	p->no_memory = false;
}

/* Windows that are none: refused, each by REGISTER_NACK, and what is there goes on. */
static void
a_window_that_is_none_is_refused(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	uint64_t handle;
	uint8_t *w;

	card_registers(c);
	for (unsigned int what = 0; what < 9; what++) {
		w = alloc(c, 4, &handle);
		set_run(c, w, 0, c->address + CARD_FREE, 4);
		fill(w, 1, READ, OFFSET + 16 * PAGE);
		if (what == 0)
			put(w + W_RUNS, 4, 5);
		if (what == 1)
			put(w + W_RUNS, 4, UINT32_MAX);
		if (what == 2)
			put(w + W_RUNS, 4, 0);
		if (what == 3)
			put(w + W_OFFSET, 8, OFFSET + 16 * PAGE + 1);
		if (what == 4)
			put(w + W_OFFSET, 8, UINT64_MAX - PAGE + 1);
		if (what == 5)
			set_run(c, w, 0, c->address + CARD_FREE, 3);
		if (what == 6)
			set_run(c, w, 0, c->address + CARD_FREE, UINT64_MAX);
		if (what == 7)
			put(w + W_OFFSET, 8, OFFSET + PAGE); /* there already */
		if (what == 8)
			put(w + W_PROT, 4, 0xff00);
		card_send(c, REGISTER, l.host_handle, handle, HANDLE + 1 + what, 0);
		assert_int_equal(card_expect(c, REGISTER_NACK).p[2], HANDLE + 1 + what);
		card_silent(c);
	}
	assert_int_equal(window_of_peer(p, OFFSET), 0);
	assert_int_equal(state_of(p, 2), SCIF_CONNECTED);
}

/* Runs of memory that is not there, which may show only when somebody asks. */
static void
a_run_of_nothing_reaches_nothing(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	static const uint64_t far[] = {0, UINT64_C(0x7fff00000000), UINT64_MAX - PAGE + 1};
	struct message m;
	uint64_t handle;
	uint8_t *w;

	for (unsigned int i = 0; i < 4; i++) {
		w = alloc(c, 2, &handle);
		set_run(c, w, 0, i < 3 ? far[i] : c->address + CARD_BYTES - PAGE, 2);
		fill(w, 1, READ | WRITE, OFFSET + i * 16 * PAGE);
		card_send(c, REGISTER, l.host_handle, handle, HANDLE + i, 0);
		peer_step(p, 0);
		assert_true(card_hear(c, &m));
		assert_int_equal(m.p[2], HANDLE + i);
		assert_true(m.op == REGISTER_ACK || m.op == REGISTER_NACK);
		assert_int_not_equal(window_of_peer(p, OFFSET + i * 16 * PAGE), 0);
		assert_int_not_equal(ask(p, SCIF_REQUEST_MAP, 2, OFFSET + i * 16 * PAGE, PAGE,
					 READ),
				     0);
	}
	assert_int_equal(state_of(p, 2), SCIF_CONNECTED);
}

/* ---- The host registers ---- */

static int
host_registers(struct peer *p, uint64_t offset, unsigned int pages)
{
	const struct scif_request rq = {
		.op = SCIF_REQUEST_REGISTER,
		.endpoint = 2,
		.slot = 3,
		.ticket = TICKET,
		.arg = {offset, pages * PAGE, READ | WRITE, 0, pages * PAGE, 1},
	};

	return ask_more(p, &rq, peer_fd(p, pages * PAGE));
}

/* Where a card has its structures: tables and arrays behind them. */
static uint8_t *
grant(struct card *c, const struct message *m, uint64_t handle)
{
	uint32_t at = CARD_FREE + 0x80000;
	uint8_t *w = c->bytes + at;

	memset(w, 0, 8 * PAGE);
	put(w + W_PAGES, 8, m->p[1]);
	put(w + W_MAGIC, 8, MAGIC);
	put(w + W_ADDR_LOOKUP, 8, c->address + at + PAGE);
	put(w + W_PAGES_LOOKUP, 8, c->address + at + 2 * PAGE);
	put(w + PAGE, 8, c->address + at + 3 * PAGE);
	put(w + 2 * PAGE, 8, c->address + at + 4 * PAGE);
	card_send(c, ALLOC_GNT, handle, c->address + at, m->p[2], 0);
	return w;
}

static uint64_t
register_of_host(struct peer *p, uint64_t offset)
{
	struct card *c = &p->card[0];
	struct message m;
	uint8_t *w;

	assert_int_equal(host_registers(p, offset, 4), -EINPROGRESS);
	m = card_expect(c, ALLOC_REQ);
	assert_int_equal(m.p[1], 4);
	assert_int_equal(outcome(p, 3, TICKET, NULL), -EINPROGRESS);
	w = grant(c, &m, HANDLE);
	m = card_expect(c, REGISTER);
	assert_int_equal(m.p[0], l.handle);
	assert_int_equal(m.p[1], HANDLE);
	assert_int_equal(get(w + W_RUNS, 4), 1);
	assert_int_equal(get(w + W_PROT, 4), READ | WRITE);
	assert_int_equal(get(w + W_OFFSET, 8), offset);
	assert_int_equal(get(w + W_EP, 8), l.handle);
	assert_int_equal(get(w + W_PEER, 8), m.p[2]);
	assert_int_equal(get(w + 4 * PAGE, 8), 4);
	assert_int_equal(outcome(p, 3, TICKET, NULL), -EINPROGRESS);
	return m.p[2];
}

/* A window of the host's of 4 pages: its handle. */
static uint64_t
host_window(struct peer *p)
{
	uint64_t handle = register_of_host(p, OFFSET);

	card_send(&p->card[0], REGISTER_ACK, 0, 0, handle, 0);
	return handle;
}

/* 215, of the host. */
static void
a_host_registers(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	int64_t got;

	host_window(p);
	assert_int_equal(outcome(p, 3, TICKET, &got), 0);
	assert_int_equal(got, OFFSET);
	card_silent(c);
}

static void
a_host_is_refused_a_window(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct message m;

	/* 216 */
	assert_int_equal(host_registers(p, OFFSET, 4), -EINPROGRESS);
	m = card_expect(c, ALLOC_REQ);
	card_send(c, ALLOC_REJ, 0, 0, m.p[2], 0);
	assert_int_equal(outcome(p, 3, TICKET, NULL), -ENOMEM);
	card_silent(c);
	p->board->slot[3].done = 0;
	m.p[2] = register_of_host(p, OFFSET);
	card_send(c, REGISTER_NACK, 0, 0, m.p[2], 0);
	assert_int_not_equal(outcome(p, 3, TICKET, NULL), 0);
	assert_int_not_equal(outcome(p, 3, TICKET, NULL), -EINPROGRESS);
}

/* Structures that are not there: the host gives up, by FREE_VIRT, and fails. */
static void
a_grant_of_nothing_is_given_back(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct message m;

	for (unsigned int what = 0; what < 3; what++) {
		p->board->slot[3].done = 0;
		assert_int_equal(host_registers(p, OFFSET, 4), -EINPROGRESS);
		m = card_expect(c, ALLOC_REQ);
		if (what == 0)
			card_send(c, ALLOC_GNT, HANDLE, UINT64_C(0x7fff00000000), m.p[2], 0);
		if (what == 1)
			card_send(c, ALLOC_GNT, HANDLE, c->address + CARD_BYTES - 100, m.p[2], 0);
		if (what == 2)
			card_send(c, ALLOC_GNT, HANDLE, c->address + CARD_FREE + 5, m.p[2], 0);
		m = card_expect(c, FREE_VIRT);
		assert_int_equal(m.p[0], l.handle);
		assert_int_equal(m.p[1], HANDLE);
		assert_int_equal(m.p[3], 19);
		assert_int_not_equal(outcome(p, 3, TICKET, NULL), 0);
		assert_int_not_equal(outcome(p, 3, TICKET, NULL), -EINPROGRESS);
		assert_int_equal(state_of(p, 2), SCIF_CONNECTED);
	}
}

/* Answered, or first refused and given back later. */
static void
a_host_unregisters(void **state)
{
	const struct scif_request rq = {
		.op = SCIF_REQUEST_UNREGISTER,
		.endpoint = 2,
		.slot = 3,
		.ticket = TICKET + 1,
		.arg = {OFFSET, 4 * PAGE},
	};
	struct peer *p = *state;
	struct card *c = &p->card[0];
	unsigned int before;
	struct message m;
	uint64_t handle;

	for (unsigned int used = 0; used < 2; used++) {
		p->board->slot[3].done = 0;
		before = p->memories;
		handle = host_window(p);
		assert_int_equal(ask_more(p, &rq, -1), -EINPROGRESS);
		m = card_expect(c, UNREGISTER);
		assert_int_equal(m.p[0], HANDLE);
		assert_int_equal(m.p[1], handle);
		card_send(c, used ? UNREGISTER_NACK : UNREGISTER_ACK, m.p[0], handle, 0, 0);
		assert_int_equal(outcome(p, 3, TICKET + 1, NULL), 0);
		if (used) {
			assert_true(p->memories > before);
			card_send(c, MUNMAP, handle, 0, 0, 0);
		}
		assert_int_equal(p->memories, before);
		card_silent(c);
	}
}

/* ---- Fences ---- */

static int
fence(struct peer *p, enum scif_request_op op, uint64_t a0)
{
	const struct scif_request rq = {
		.op = op, .endpoint = 2, .slot = 3, .ticket = TICKET, .arg = {a0}};

	p->board->slot[3].done = 0;
	return ask_more(p, &rq, -1);
}

/* 218, of the host. */
static void
a_host_marks_and_waits(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct message m;
	int64_t mark;

	assert_int_equal(fence(p, SCIF_REQUEST_MARK, 0), -EINPROGRESS);
	m = card_expect(c, MARK);
	assert_int_equal(m.p[0], l.handle);
	card_send(c, MARK_ACK, l.host_handle, m.p[1], 0x1234, 0);
	assert_int_equal(outcome(p, 3, TICKET, &mark), 0);
	assert_int_equal((uint32_t)mark & 0x7fffffff, 0x1234);
	assert_int_equal(fence(p, SCIF_REQUEST_WAIT, (uint64_t)mark), -EINPROGRESS);
	m = card_expect(c, WAIT);
	assert_int_equal(m.p[0], l.handle);
	assert_int_equal(m.p[2] & 0x7fffffff, 0x1234);
	assert_int_equal(outcome(p, 3, TICKET, NULL), -EINPROGRESS);
	card_send(c, WAIT_ACK, l.host_handle, m.p[1], 0, 0);
	assert_int_equal(outcome(p, 3, TICKET, NULL), 0);
	assert_int_equal(fence(p, SCIF_REQUEST_MARK, 0), -EINPROGRESS);
	m = card_expect(c, MARK);
	card_send(c, MARK_NACK, l.host_handle, m.p[1], 0, 0);
	assert_int_not_equal(outcome(p, 3, TICKET, NULL), 0);
	card_silent(c);
}

static void
a_card_marks_and_waits(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct message m;

	card_send(c, MARK, l.host_handle, 0xc0c0, 0, 0);
	m = card_expect(c, MARK_ACK);
	assert_int_equal(m.p[0], l.handle);
	assert_int_equal(m.p[1], 0xc0c0);
	card_send(c, WAIT, l.host_handle, 0xc0c1, m.p[2], 0);
	m = card_expect(c, WAIT_ACK);
	assert_int_equal(m.p[0], l.handle);
	assert_int_equal(m.p[1], 0xc0c1);
	card_silent(c);
}

/* SIG_LOCAL: a value into the host's own window. */
static void
a_card_signals(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct message m;

	host_window(p);
	card_send(c, SIG_LOCAL, l.host_handle, OFFSET + 0x18, 0x5157, 0xc0c2);
	m = card_expect(c, SIG_ACK);
	assert_int_equal(m.p[0], l.handle);
	assert_int_equal(m.p[3], 0xc0c2);
	assert_int_equal(p->stores, 1);
	assert_int_equal(p->store[0].offset, 0x18);
	assert_int_equal(p->store[0].value, 0x5157);
	card_send(c, SIG_LOCAL, l.host_handle, OFFSET + 4 * PAGE, 1, 0xc0c3);
	assert_int_equal(card_expect(c, SIG_NACK).p[3], 0xc0c3);
	card_send(c, SIG_LOCAL, l.host_handle, OFFSET + 4 * PAGE - 4, 1, 0xc0c4);
	assert_int_equal(card_expect(c, SIG_NACK).p[3], 0xc0c4);
	card_send(c, SIG_LOCAL, l.host_handle, UINT64_MAX - 3, 1, 0xc0c5);
	assert_int_equal(card_expect(c, SIG_NACK).p[3], 0xc0c5);
	card_send(c, SIG_REMOTE, l.host_handle, OFFSET, 1, 0xc0c6);
	assert_int_equal(card_expect(c, SIG_NACK).p[3], 0xc0c6);
	assert_int_equal(p->stores, 1);
}

/* Of a window that consists of two: nothing behind the first is touched. */
static void
a_card_signals_where_two_pieces_meet(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];
	struct scif_request rq = {
		.op = SCIF_REQUEST_RUN,
		.endpoint = 2,
		.slot = 3,
		.ticket = TICKET,
		.arg = {OFFSET, 2 * PAGE, READ | WRITE, 0, PAGE},
	};
	struct message m;

	assert_int_equal(ask_more(p, &rq, peer_fd(p, 2 * PAGE)), 0);
	rq.op = SCIF_REQUEST_REGISTER;
	assert_int_equal(ask_more(p, &rq, peer_fd(p, 2 * PAGE)), -EINPROGRESS);
	m = card_expect(c, ALLOC_REQ);
	grant(c, &m, HANDLE);
	m = card_expect(c, REGISTER);
	card_send(c, REGISTER_ACK, 0, 0, m.p[2], 0);
	card_send(c, SIG_LOCAL, l.host_handle, OFFSET + PAGE - 4, UINT64_C(0x1111111122222222), 9);
	card_expect(c, SIG_ACK);
	assert_int_equal(p->stores, 2);
	assert_int_equal(p->store[0].offset, PAGE - 4);
	assert_int_equal(p->store[0].value, 0x22222222);
	assert_int_equal(p->store[1].offset, 0);
	assert_int_equal(p->store[1].value, 0x11111111);
	assert_int_not_equal(p->store[0].fd, p->store[1].fd);
}

/* The peer goes while somebody waits. */
static void
a_wait_ends_with_its_connection(void **state)
{
	struct peer *p = *state;
	struct card *c = &p->card[0];

	assert_int_equal(fence(p, SCIF_REQUEST_WAIT, 0x80000005), -EINPROGRESS);
	card_expect(c, WAIT);
	card_send(c, DISCNCT, l.handle, l.host_handle, 0, 0);
	card_expect(c, DISCNT_ACK);
	assert_int_equal(outcome(p, 3, TICKET, NULL), -ECONNRESET);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define U(name) cmocka_unit_test_setup_teardown(name, begin_linked, peer_end)
		U(a_card_registers),
		U(a_large_window_has_several_pages_of_runs),
		U(a_card_unregisters),
		U(what_is_in_use_is_given_back_later),
		U(a_card_thinks_better_of_it),
		U(a_host_without_memory_rejects),
		U(a_window_that_is_none_is_refused),
		U(a_run_of_nothing_reaches_nothing),
		U(a_host_registers),
		U(a_host_is_refused_a_window),
		U(a_grant_of_nothing_is_given_back),
		U(a_host_unregisters),
		U(a_host_marks_and_waits),
		U(a_card_marks_and_waits),
		U(a_card_signals),
		U(a_card_signals_where_two_pieces_meet),
		U(a_wait_ends_with_its_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
