/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "scif_link_test_rig.h"

/* Nobody loads from the other node on the data path. Engine and stream are compiled so that each of
 * their accesses calls a function here, as for a race detector, of which there is none: loads from
 * memory that the other node shares are counted. To exchange a word there is to load it, too.
 */

/* ---- Accesses ---- */

static const struct scif_loop_end *other; /* whose memory is far; NULL: nobody looks */
static unsigned int loads;

static void
load(const volatile void *at, size_t n)
{
	uintptr_t from = (uintptr_t)at;

	for (uint32_t i = 0; other != NULL && i < other->memories; i++) {
		const struct scif_memory *memory = other->memory[i].memory;
		uintptr_t base = (uintptr_t)memory->base;

		loads += from < base + memory->size && from + n > base;
	}
}

void *loads_memcpy(void *to, const void *from, size_t n);

void *
loads_memcpy(void *to, const void *from, size_t n)
{
	load(from, n);
	return memmove(to, from, n);
}

/* The names are the compiler's. */
#define PLAIN(n)                                                                                   \
	void __tsan_read##n(void *at);                                                             \
	void __tsan_write##n(void *at);                                                            \
	void __tsan_unaligned_read##n(void *at);                                                   \
	void __tsan_unaligned_write##n(void *at);                                                  \
	void __tsan_read##n(void *at) { load(at, n); }                                             \
	void __tsan_write##n(void *at) { (void)at; }                                               \
	void __tsan_unaligned_read##n(void *at) { load(at, n); }                                   \
	void __tsan_unaligned_write##n(void *at) { (void)at; }

#define ATOMIC(bits, type)                                                                         \
	type __tsan_atomic##bits##_load(const volatile type *at, int order);                       \
	void __tsan_atomic##bits##_store(volatile type *at, type value, int order);                \
	type __tsan_atomic##bits##_load(const volatile type *at, int order)                        \
	{                                                                                          \
		(void)order;                                                                       \
		load(at, sizeof(*at));                                                             \
		return __atomic_load_n(at, __ATOMIC_SEQ_CST);                                      \
	}                                                                                          \
	void __tsan_atomic##bits##_store(volatile type *at, type value, int order)                 \
	{                                                                                          \
		(void)order;                                                                       \
		__atomic_store_n(at, value, __ATOMIC_SEQ_CST);                                     \
	}                                                                                          \
	EXCHANGE(bits, type, exchange, __atomic_exchange_n)                                        \
	EXCHANGE(bits, type, fetch_add, __atomic_fetch_add)                                        \
	EXCHANGE(bits, type, fetch_sub, __atomic_fetch_sub)                                        \
	EXCHANGE(bits, type, fetch_or, __atomic_fetch_or)                                          \
	EXCHANGE(bits, type, fetch_and, __atomic_fetch_and)                                        \
	int __tsan_atomic##bits##_compare_exchange_strong(volatile type *at, type *was,            \
							  type value, int order, int failed);      \
	int __tsan_atomic##bits##_compare_exchange_strong(volatile type *at, type *was,            \
							  type value, int order, int failed)       \
	{                                                                                          \
		(void)order, (void)failed;                                                         \
		load(at, sizeof(*at));                                                             \
		return __atomic_compare_exchange_n(at, was, value, 0, __ATOMIC_SEQ_CST,            \
						   __ATOMIC_SEQ_CST);                              \
	}                                                                                          \
	type __tsan_atomic##bits##_compare_exchange_val(volatile type *at, type was, type value,   \
							int order, int failed);                    \
	type __tsan_atomic##bits##_compare_exchange_val(volatile type *at, type was, type value,   \
							int order, int failed)                     \
	{                                                                                          \
		__tsan_atomic##bits##_compare_exchange_strong(at, &was, value, order, failed);     \
		return was;                                                                        \
	}

#define EXCHANGE(bits, type, name, how)                                                            \
	type __tsan_atomic##bits##_##name(volatile type *at, type value, int order);               \
	type __tsan_atomic##bits##_##name(volatile type *at, type value, int order)                \
	{                                                                                          \
		(void)order;                                                                       \
		load(at, sizeof(*at));                                                             \
		return how(at, value, __ATOMIC_SEQ_CST);                                           \
	}

PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)
ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)

#define IGNORED(name)                                                                              \
	void name(void *at);                                                                       \
	void name(void *at) { (void)at; }

IGNORED(__tsan_func_entry)
IGNORED(__tsan_func_exit)
IGNORED(__tsan_init)

void __tsan_atomic_thread_fence(int order);

void
__tsan_atomic_thread_fence(int order)
{
	(void)order;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void __tsan_read_range(void *at, unsigned long n);
void __tsan_write_range(void *at, unsigned long n);

void
__tsan_read_range(void *at, unsigned long n)
{
	load(at, n);
}

void
__tsan_write_range(void *at, unsigned long n)
{
	(void)at, (void)n;
}

/* ---- Both nodes, and who runs ---- */

static void
watch_host(void)
{
	other = &loop.end[1];
}

static void
watch_card(void)
{
	other = &loop.end[0];
}

static void
step_both(void)
{
	watch_host();
	bench_step(&host, 0);
	watch_card();
	bench_step(&card, 0);
	other = NULL;
}

static void
s201_messages_are_passed_without_a_load(void **state)
{
	const struct scif_message m = {
		.src = {0, 9}, .dst = {1, 10}, .op = SCIF_CLIENT_SENT, .payload = {1}};
	const struct scif_counters *c = scif_engine_counters(card.engine);

	(void)state;
	loads = 0;
	for (int n = 0; n < 4000; n++) {
		watch_host();
		assert_int_equal(scif_message_send(host.engine->node[1], &m), 0);
		if (n % 7 == 0)
			step_both();
	}
	step_both();
	step_both();
	assert_int_equal(c->received[SCIF_CLIENT_SENT], 4000);
	assert_int_equal(loads, 0);
}

/* ---- A stream between them ---- */

static struct client side[2];
static struct client_endpoint end_of[2];

static void
tell(struct client_link *link)
{
	(void)link;
}

static bool
alive(struct client_link *link)
{
	(void)link;
	return true;
}

static struct client_link link_of_all = {.tell = tell, .alive = alive};

int
client_attach(struct client_endpoint *ep)
{
	(void)ep;
	return -ENOTCONN;
}

void
client_gate_read(struct client_endpoint *ep)
{
	(void)ep;
}

static void
attach(unsigned int i, const struct scif_client *owner)
{
	struct scif_endpoint *ep = scif_endpoint_of(owner, 1);
	struct client_endpoint *e = &end_of[i];

	/* One of them as on a CPU of AMD, the other one as on another: see client_begin. */
	side[i] = (struct client){.link = &link_of_all,
				  .board = owner->desk->board,
				  .piece = i == 0 ? 8192 : 2048,
				  .claims = i == 0};
	*e = (struct client_endpoint){
		.client = &side[i],
		.ctl = ep->ctl,
		.mine = scif_endpoint_half(ep),
		.peer = ep->peer_qp.base,
		.index = 1,
		.far = true,
	};
	e->tx = (struct scif_producer){ep->peer_ring.base, &e->peer->local_write,
				       &e->mine->local_read, &e->mine->tx, ep->peer_ring_size - 1};
	e->rx = (struct scif_consumer){e->mine->ring, &e->mine->local_write, &e->peer->local_read,
				       &e->mine->rx, SCIF_RING_SIZE - 1};
}

/* So many bytes from one side to the other; each of them is what it was. */
static void
pass(unsigned int from, uint8_t first, int n)
{
	static uint8_t bytes[1000], got[1000];

	for (int i = 0; i < n; i++)
		bytes[i] = (uint8_t)(first + i);
	from == 0 ? watch_host() : watch_card();
	assert_int_equal(client_send(&end_of[from], 0, bytes, n, false), n);
	step_both();
	from == 0 ? watch_card() : watch_host();
	assert_int_equal(client_recv(&end_of[1 - from], 0, got, n, false), n);
	other = NULL;
	assert_memory_equal(bytes, got, (size_t)n);
	step_both();
}

static void
s201_streams_are_passed_without_a_load(void **state)
{
	(void)state;
	connect_them();
	attach(0, ours);
	attach(1, theirs);
	loads = 0;
	for (unsigned int i = 0; i < 3000; i++)
		pass(i % 3 == 0, (uint8_t)i, 1 + (int)(i * 37 % 999));
	assert_int_equal(loads, 0);
	/* Within a node there are words of the peer's that are looked at: it would be seen. */
	end_of[0].far = false;
	pass(0, 0, 10);
	assert_true(loads > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(s201_messages_are_passed_without_a_load),
		TEST(s201_streams_are_passed_without_a_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
