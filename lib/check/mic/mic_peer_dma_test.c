/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The DMA engine as a host that knows the datasheet alone uses it (section 19): items M3, M14 and
 * M36 to M41, the vectors of section 28, and the switches of section 29.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mic_peer.h"

/* Host memory of the tests: rings, a status word, data. */
#define RING   (MIC(PEER_IOVA) + 0x1000)
#define STATUS (MIC(PEER_IOVA) + 0x9000)
#define DATA   (MIC(PEER_IOVA) + 0x10000)
#define WIDE   (MIC(PEER_IOVA) + 0x80000) /* for rings above 64 descriptors */
/* Card memory. */
#define CARD      UINT64_C(0x100000)
#define CARD_RING UINT64_C(0x80000)

static int
begin(void **state)
{
	return peer_begin_ready(state, &(struct peer_make){0});
}

static void
fill(unsigned char *to, size_t len, unsigned int seed)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (unsigned char)(i * 11 + i / 253 + seed);
}

/* ---- Set-up ---- */

static void
m14_channels_start_as_drivers_expect(void **state)
{
	struct peer *p = *state;
	struct peer_channel c;

	assert_int_equal(rd(p, DCR), 0x5555);
	for (unsigned int n = 0; n < 4; n++) {
		assert_int_equal(rd(p, DMA + 0x40 * n + DTPR), 0);
		assert_int_equal(rd(p, DMA + 0x40 * n + DCHERR), 0);
		assert_int_equal(rd(p, DMA + 0x40 * n + DSTAT) & 0x2001ffff, 0);
		assert_true(peer_channel_open(p, &c, n, 64, RING + 0x400 * n));
		assert_int_equal(c.head, 0);
		assert_int_equal(rd(p, DCR) & 3u << 2 * n, 3u << 2 * n);
		assert_int_equal(rd(p, DMA + 0x40 * n + DCAR) & 1u << 25, 0);
	}
	/* 28: the ring of Linux, and one of 4096 */
	wr(p, DCR, 0x5555);
	wr(p, DMA + DRAR_LO, 0x12345000);
	wr(p, DMA + DRAR_HI, 0x04bfffc2);
	assert_int_equal(rd(p, DMA + DRAR_LO), 0x12345000);
	assert_int_equal(rd(p, DMA + DRAR_HI), 0x04bfffc2);
}

static void
descriptors_are_the_vectors_of_the_datasheet(void **state)
{
	struct peer *p = *state;
	struct peer_channel c;

	assert_true(peer_channel_open(p, &c, 0, 64, RING));
	peer_copy(&c, UINT64_C(0x8c00012340), 0x04321000, 4096);
	assert_int_equal(get64(c.ring), UINT64_C(0x0010000004321000));
	assert_int_equal(get64(c.ring + 8), UINT64_C(0x1000008c00012340));
	peer_status(&c, UINT64_C(0x8c00012340), 0x55, true);
	assert_int_equal(get64(c.ring + 16), 0x55);
	assert_int_equal(get64(c.ring + 24), UINT64_C(0x2800008c00012340));
}

/* ---- Copies ---- */

static void
copy_and_compare(struct peer_channel *c, uint64_t dst, uint64_t src, uint32_t len)
{
	unsigned char *from = peer_target(c->p, src), *to = peer_target(c->p, dst);

	fill(from, len, c->head);
	memset(to - 64, 0x77, len + 128);
	peer_copy(c, dst, src, len);
	peer_push(c);
	assert_true(peer_drain(c));
	assert_memory_equal(to, from, len);
	for (unsigned int i = 1; i <= 64; i++) {
		assert_int_equal(to[-(int)i], 0x77);
		assert_int_equal(to[len + i - 1], 0x77);
	}
}

static void
m37_copies_in_all_directions(void **state)
{
	static const uint32_t lengths[] = {64, 128, 4096, 4160, 65536, 0x40000};
	struct peer *p = *state;
	struct peer_channel c;

	for (unsigned int n = 0; n < 4; n++) {
		assert_true(peer_channel_open(p, &c, n, 64, RING));
		for (unsigned int i = 0; i < 6; i++) {
			copy_and_compare(&c, DATA + 64, CARD + 64, lengths[i]);
			copy_and_compare(&c, CARD + 128, DATA + 128, lengths[i]);
			copy_and_compare(&c, CARD + 0x400000, CARD + 192, lengths[i]);
		}
		peer_channel_disable(&c);
	}
}

/* One descriptor moves 1 MiB less a line (19.1). */
static void
m37_longest_copy(void **state)
{
	struct peer *p = *state;
	uint64_t far = UINT64_C(0x1640000000);
	struct peer_channel c;

	peer_memory(p, far - 4096, 0x102000);
	assert_true(peer_channel_open(p, &c, 2, 64, RING));
	copy_and_compare(&c, CARD, MIC(far), 1048512);
	copy_and_compare(&c, MIC(far), CARD, 1048512);
	copy_and_compare(&c, CARD + 0x200000, CARD, 1048512);
}

static void
m36_ring_in_card_memory(void **state)
{
	struct peer *p = *state;
	struct peer_channel c;

	assert_true(peer_channel_open(p, &c, 1, 8, CARD_RING));
	for (unsigned int i = 0; i < 40; i++)
		copy_and_compare(&c, DATA + 64, CARD + 64, 256);
}

/* 28: a ring of 131068 at MIC address 0x9612345000, through SMPT entry 5. */
static void
m36_ring_of_linux(void **state)
{
	struct peer *p = *state;
	struct peer_channel c;

	peer_memory(p, UINT64_C(0x1612345000), 2097152);
	assert_true(peer_channel_open(p, &c, 0, 131068, UINT64_C(0x9612345000)));
	assert_int_equal(rd(p, DMA + DRAR_LO), 0x12345000);
	assert_int_equal(rd(p, DMA + DRAR_HI), 0x04bfffc2);
	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < 70000; i++)
			peer_desc(&c, 0, 0);
		copy_and_compare(&c, CARD, DATA + 64, 4096);
		assert_int_equal(rd(p, DMA + DTPR), c.head);
	}
	assert_int_equal(c.head, 140002 - 131068);
}

static void
m38_tail_and_count_wrap_with_the_ring(void **state)
{
	static const uint32_t sizes[] = {4, 8, 12, 64, 4096};
	struct peer *p = *state;
	struct peer_channel c;
	uint32_t at;

	for (unsigned int s = 0; s < 5; s++) {
		assert_true(peer_reset(p));
		assert_true(peer_channel_open(p, &c, 3, sizes[s], WIDE));
		for (unsigned int i = 0; i < 30; i++) {
			/* As many as can be outstanding. */
			for (unsigned int k = 0; k + 2 < sizes[s]; k++)
				peer_desc(&c, 0, 0);
			at = c.head;
			peer_status(&c, STATUS, i + 1, false);
			peer_push(&c);
			assert_true(peer_drain(&c));
			assert_int_equal(get64(peer_target(p, STATUS)), i + 1);
			assert_int_equal(c.head, (at + 1) % sizes[s]);
			assert_int_equal(rd(p, DMA + 0xc0 + DTPR), c.head);
			assert_int_equal(rd(p, DMA + 0xc0 + DSTAT) & 0x1ffff, c.head);
		}
	}
}

/* Memory that lies in pieces, and memory to which no pointer can be had. */
static void
m37_host_memory_in_pieces(void **state)
{
	struct peer *p = *state;
	struct peer_channel c;

	p->piece = 4096;
	assert_true(peer_channel_open(p, &c, 0, 64, RING));
	copy_and_compare(&c, DATA + 64, CARD, 0x20000);
	copy_and_compare(&c, CARD, DATA + 64, 0x20000);
	p->refuse_map = true;
	p->dev->ops->remap(p->dev);
	copy_and_compare(&c, DATA + 64, CARD, 0x20000);
	copy_and_compare(&c, CARD, DATA + 64, 0x20000);
}

static void
smpt_span_is_followed(void **state)
{
	struct peer *p = *state;
	unsigned char *first = peer_memory(p, UINT64_C(0x7ffffe000), 16384);
	unsigned char *second = peer_memory(p, UINT64_C(0x7f1000000000) & ~UINT64_C(0x3ffffffff),
					    8192);
	struct peer_channel c;

	/* Entries 1 and 2 name pages that are far apart. */
	wr(p, SMPT + 4 * 2, (uint32_t)(UINT64_C(0x7f1000000000) >> 34 << 2));
	assert_true(peer_channel_open(p, &c, 0, 64, RING));
	fill(p->gddr + CARD, 8192, 3);
	peer_copy(&c, MIC(UINT64_C(0x7fffff000)), CARD, 8192);
	peer_push(&c);
	assert_true(peer_drain(&c));
	assert_memory_equal(first + 4096, p->gddr + CARD, 4096);
	assert_memory_equal(second, p->gddr + CARD + 4096, 4096);
	/* What lies behind the first window is not touched. */
	for (unsigned int i = 8192; i < 16384; i++)
		assert_int_equal(first[i], 0);
}

/* ---- Status, general, interrupts ---- */

static void
m37_status_and_general_write_words(void **state)
{
	struct peer *p = *state;
	struct peer_channel c;
	unsigned char *word = peer_target(p, STATUS);

	assert_true(peer_channel_open(p, &c, 0, 64, RING));
	memset(word - 8, 0xee, 32);
	peer_status(&c, STATUS, 0x1122334455667788, false);
	peer_desc(&c, 0xaabbccddu, UINT64_C(3) << 60 | (STATUS + 8));
	peer_desc(&c, 0, 0);
	peer_status(&c, CARD, 0x8877665544332211, false);
	peer_desc(&c, 0x01020304u, UINT64_C(3) << 60 | (CARD + 12));
	peer_push(&c);
	assert_true(peer_drain(&c));
	assert_int_equal(get64(word - 8), UINT64_C(0xeeeeeeeeeeeeeeee));
	assert_int_equal(get64(word), 0x1122334455667788);
	assert_int_equal(get64(word + 8), UINT64_C(0xeeeeeeeeaabbccdd));
	assert_int_equal(get64(p->gddr + CARD), 0x8877665544332211);
	assert_int_equal(get32(p->gddr + CARD + 12), 0x01020304);
	for (unsigned int v = 0; v < PEER_VECTORS; v++)
		assert_int_equal(p->irqs[v], 0);
}

static void
m37_host_channels_interrupt_the_host(void **state)
{
	struct peer *p = *state;
	struct peer_channel c;

	for (unsigned int n = 0; n < 4; n++) {
		peer_assign(p, 8 + n, 4 + n);
		assert_true(peer_channel_open(p, &c, n, 64, RING));
		/* Two, of which the second interrupts (19.6). */
		peer_status(&c, STATUS, 1, false);
		peer_status(&c, STATUS, 2, true);
		peer_push(&c);
		assert_true(peer_drain(&c));
		assert_int_equal(p->irqs[4 + n], 1);
		peer_acknowledge(p);
		/* Masked in the channel: none. */
		peer_channel_write(&c, DCAR, peer_channel_read(&c, DCAR) | 1u << 25);
		peer_status(&c, STATUS, 3, true);
		peer_push(&c);
		assert_true(peer_drain(&c));
		assert_int_equal(p->irqs[4 + n], 1);
		peer_channel_disable(&c);
	}
	assert_int_equal(mic_model_card_irqs(p->model) & 0xff, 0);
}

static void
m37_copy_may_interrupt_too(void **state)
{
	struct peer *p = *state;
	struct peer_channel c;

	peer_assign(p, 8, 4);
	assert_true(peer_channel_open(p, &c, 0, 64, RING));
	peer_desc(&c, UINT64_C(1) << 46 | CARD, UINT64_C(1) << 60 | UINT64_C(1) << 56 | DATA);
	peer_push(&c);
	assert_true(peer_drain(&c));
	assert_int_equal(p->irqs[4], 1);
}

static void
m37_card_channels_interrupt_the_card(void **state)
{
	struct peer *p = *state;
	struct peer_channel c;

	mic_model_card_irqs(p->model);
	for (unsigned int n = 4; n < 8; n++) {
		peer_assign(p, 8 + n, 4);
		assert_true(peer_channel_open_card(p, &c, n, 16, CARD_RING));
		assert_int_equal(rd(p, DCR) & 3u << 2 * n, 2u << 2 * n);
		fill(p->gddr + CARD, 4096, n);
		peer_copy(&c, DATA, CARD, 4096);
		peer_status(&c, CARD_RING + 0x1000, 1, false);
		peer_status(&c, CARD_RING + 0x1000, 7, true);
		peer_push(&c);
		assert_true(peer_drain(&c));
		assert_memory_equal(peer_target(p, DATA), p->gddr + CARD, 4096);
		assert_int_equal(get64(p->gddr + CARD_RING + 0x1000), 7);
		assert_int_equal(mic_model_card_irqs(p->model), UINT64_C(1) << n);
		assert_int_equal(p->irqs[4], 0);
		/* 19.7: mask and unmask acknowledges. */
		peer_channel_write(&c, DCAR, peer_channel_read(&c, DCAR) | 1u << 24);
		peer_channel_write(&c, DCAR, peer_channel_read(&c, DCAR) & ~(1u << 24));
		assert_int_equal(peer_channel_read(&c, DCAR) & 1u << 26, 0);
		peer_channel_disable(&c);
	}
}

/* ---- Errors ---- */

/* Push what is in the ring: the channel must fail, and stand again after a set-up. */
static void
must_fail(struct peer_channel *c)
{
	struct peer *p = c->p;
	uint32_t head;

	peer_push(c);
	assert_false(peer_drain(c));
	assert_int_not_equal(peer_channel_read(c, DCHERR), 0);
	/* It has stopped: a new head moves nothing. */
	head = peer_channel_read(c, DTPR);
	peer_desc(c, 0, 0);
	peer_push(c);
	peer_pass(p, MS);
	assert_int_equal(peer_channel_read(c, DTPR), head);
	/* The way out that always works. */
	assert_true(peer_reset(p));
	assert_true(peer_channel_open(p, c, c->n, c->entries, RING));
	copy_and_compare(c, DATA + 64, CARD, 4096);
}

static void
m39_misuse_stops_the_channel(void **state)
{
	static const uint64_t bad[][2] = {
		/* copies: unaligned, from and to nowhere, past the memory of the card */
		{UINT64_C(1) << 46 | (CARD + 32), UINT64_C(1) << 60 | DATA},
		{UINT64_C(1) << 46 | CARD, UINT64_C(1) << 60 | (DATA + 8)},
		{UINT64_C(1) << 46 | CARD, UINT64_C(1) << 60 | (MIC_BASE + 0x200000000)},
		{UINT64_C(1) << 46 | (MIC_BASE + 0x200000000), UINT64_C(1) << 60 | CARD},
		{UINT64_C(1) << 46 | UINT64_C(0x4000000000), UINT64_C(1) << 60 | CARD},
		{UINT64_C(2) << 46 | ((64u << 20) - 64), UINT64_C(1) << 60 | CARD},
		/* status: unaligned, nowhere */
		{1, UINT64_C(2) << 60 | (STATUS + 4)},
		{1, UINT64_C(2) << 60 | (MIC_BASE + 0x200000000)},
		/* types that there are not */
		{0, UINT64_C(9) << 60},
		{0, UINT64_C(15) << 60},
	};
	struct peer *p = *state;
	struct peer_channel c;

	assert_true(peer_channel_open(p, &c, 1, 64, RING));
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		peer_desc(&c, bad[i][0], bad[i][1]);
		must_fail(&c);
	}
}

static void
m39_same_head_twice_is_an_error(void **state)
{
	struct peer *p = *state;
	struct peer_channel c;

	assert_true(peer_channel_open(p, &c, 0, 64, RING));
	copy_and_compare(&c, DATA + 64, CARD, 4096);
	peer_push(&c);
	peer_pass(p, MS);
	assert_int_not_equal(peer_channel_read(&c, DCHERR), 0);
}

static void
m39_head_outside_the_ring_is_an_error(void **state)
{
	struct peer *p = *state;
	struct peer_channel c;

	assert_true(peer_channel_open(p, &c, 0, 64, RING));
	wr(p, DMA + DHPR, 64);
	peer_pass(p, MS);
	assert_int_not_equal(peer_channel_read(&c, DCHERR), 0);
	/* And one bad channel is no other channel's trouble. */
	assert_true(peer_channel_open(p, &c, 1, 64, RING + 0x1000));
	copy_and_compare(&c, DATA + 64, CARD, 4096);
}

static void
m39_injected_error_shows(void **state)
{
	struct peer *p = *state;
	struct peer_channel c;

	assert_true(peer_channel_open(p, &c, 2, 64, RING));
	copy_and_compare(&c, DATA + 64, CARD, 4096);
	mic_model_dma_fail(p->model, 2);
	peer_copy(&c, DATA, CARD, 64);
	must_fail(&c);
}

/* [INF] in the datasheet: DCHERR is cleared by ones. What was wrong is put right first. */
static void
error_can_be_cleared_without_a_reset(void **state)
{
	struct peer *p = *state;
	struct peer_channel c;
	uint32_t at;

	assert_true(peer_channel_open(p, &c, 0, 64, RING));
	at = c.head;
	peer_copy(&c, DATA, CARD + 32, 64);
	peer_push(&c);
	assert_false(peer_drain(&c));
	put64(c.ring + 16 * at, UINT64_C(1) << 46 | CARD);
	peer_channel_disable(&c);
	peer_channel_write(&c, DCHERR, 0xffffffff);
	assert_true(peer_channel_open(p, &c, 0, 64, RING));
	peer_desc(&c, 0, 0);
	peer_desc(&c, 0, 0);
	peer_push(&c);
	assert_true(peer_drain(&c));
}

static void
m40_disabled_channel_ignores_heads(void **state)
{
	struct peer *p = *state;
	struct peer_channel c;
	uint32_t tail;

	assert_true(peer_channel_open(p, &c, 0, 64, RING));
	copy_and_compare(&c, DATA + 64, CARD, 4096);
	peer_channel_disable(&c);
	tail = peer_channel_read(&c, DTPR);
	memset(peer_target(p, DATA), 0, 64);
	memset(p->gddr + CARD, 0x21, 64);
	peer_copy(&c, DATA, CARD, 64);
	peer_push(&c);
	peer_pass(p, SECOND);
	assert_int_equal(peer_channel_read(&c, DTPR), tail);
	assert_int_equal(peer_target(p, DATA)[0], 0);
	wr(p, DCR, rd(p, DCR) | 2);
	peer_status(&c, STATUS, 9, false);
	peer_push(&c);
	assert_true(peer_drain(&c));
	assert_int_equal(peer_target(p, DATA)[0], 0x21);
	assert_int_equal(get64(peer_target(p, STATUS)), 9);
}

static void
m3_no_dma_without_bus_master(void **state)
{
	struct peer *p = *state;
	struct peer_channel c;

	assert_true(peer_channel_open(p, &c, 0, 64, RING));
	cfg_wr(p, 4, 2, 2);
	p->accesses = 0;
	memset(peer_target(p, DATA), 0x31, 64);
	peer_copy(&c, DATA, CARD, 64);
	peer_push(&c);
	peer_pass(p, MS);
	assert_int_equal(p->accesses, 0);
	assert_int_equal(peer_target(p, DATA)[0], 0x31);
	cfg_wr(p, 4, 2, 6);
}

/* ---- M41: what comes before a status descriptor is there when it is ---- */

struct stepper {
	struct peer *p;
	atomic_bool stop;
};

static void *
step_on(void *arg)
{
	struct stepper *s = arg;

	while (!atomic_load(&s->stop))
		s->p->dev->ops->step(s->p->dev, s->p->now);
	return NULL;
}

static void
m41_status_comes_after_the_data(void **state)
{
	struct peer *p = *state;
	struct stepper s = {.p = p};
	_Atomic uint64_t *word = (_Atomic uint64_t *)(void *)peer_target(p, STATUS);
	unsigned char *data = peer_target(p, DATA);
	struct peer_channel c;
	pthread_t thread;

	assert_true(peer_channel_open(p, &c, 0, 64, RING));
	assert_int_equal(pthread_create(&thread, NULL, step_on, &s), 0);
	for (unsigned int i = 1; i <= 300; i++) {
		memset(p->gddr + CARD, (int)(i & 0xff), 8192);
		peer_copy(&c, DATA, CARD, 4096);
		peer_copy(&c, DATA + 4096, CARD + 4096, 4096);
		peer_status(&c, STATUS, i, false);
		atomic_thread_fence(memory_order_seq_cst);
		peer_push(&c);
		for (unsigned int k = 0; k < 100000000 &&
					 atomic_load_explicit(word, memory_order_acquire) != i; k++)
			;
		assert_int_equal(*word, i);
		assert_int_equal(data[0], i & 0xff);
		assert_int_equal(data[8191], i & 0xff);
	}
	atomic_store(&s.stop, true);
	pthread_join(thread, NULL);
}

/* ---- What the datasheet leaves open (29) ---- */

static void
u2_count_may_have_16_bits(void **state)
{
	struct peer *p;
	struct peer_channel c;

	(void)state;
	peer_begin_ready((void **)&p, &(struct peer_make){.model.open.dma_dstat_16_bits = true});
	peer_memory(p, UINT64_C(0x1612345000), 2097152);
	assert_true(peer_channel_open(p, &c, 0, 131068, UINT64_C(0x9612345000)));
	for (unsigned int i = 0; i < 65540; i++)
		peer_desc(&c, 0, 0);
	peer_push(&c);
	peer_pass(p, SECOND);
	assert_int_equal(peer_channel_read(&c, DTPR), 65540);
	assert_int_equal(peer_channel_read(&c, DSTAT) & 0x1ffff, 4);
	peer_free(p);
}

static void
u3_channels_may_belong_to_the_card(void **state)
{
	struct peer *p;
	struct peer_channel c;

	(void)state;
	peer_begin_ready((void **)&p, &(struct peer_make){.model.open.dma_owner_card = true});
	assert_int_equal(rd(p, DCR) & 0x5555, 0);
	/* The advice: the host sets them. */
	wr(p, DCR, rd(p, DCR) | 0x55);
	assert_true(peer_channel_open(p, &c, 0, 64, RING));
	copy_and_compare(&c, DATA + 64, CARD, 4096);
	peer_free(p);
}

static void
u7_channels_may_need_a_running_card(void **state)
{
	struct peer *p;
	struct peer_channel c;

	(void)state;
	peer_begin_ready((void **)&p, &(struct peer_make){.model.open.dma_after_boot_only = true});
	assert_true(peer_channel_open(p, &c, 0, 64, RING));
	peer_copy(&c, DATA, CARD, 64);
	peer_push(&c);
	peer_pass(p, MS);
	assert_int_equal(peer_channel_read(&c, DTPR), 0);
	peer_boot(p, NULL);
	assert_true(peer_drain(&c));
	peer_free(p);
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, begin, peer_end_tidy)
	const struct CMUnitTest tests[] = {
		T(m14_channels_start_as_drivers_expect),
		T(descriptors_are_the_vectors_of_the_datasheet),
		T(m37_copies_in_all_directions),
		T(m37_longest_copy),
		T(m36_ring_in_card_memory),
		T(m36_ring_of_linux),
		T(m38_tail_and_count_wrap_with_the_ring),
		T(m37_host_memory_in_pieces),
		T(smpt_span_is_followed),
		T(m37_status_and_general_write_words),
		T(m37_host_channels_interrupt_the_host),
		T(m37_copy_may_interrupt_too),
		T(m37_card_channels_interrupt_the_card),
		T(m39_misuse_stops_the_channel),
		T(m39_same_head_twice_is_an_error),
		T(m39_head_outside_the_ring_is_an_error),
		T(m39_injected_error_shows),
		T(error_can_be_cleared_without_a_reset),
		T(m40_disabled_channel_ignores_heads),
		T(m3_no_dma_without_bus_master),
		T(m41_status_comes_after_the_data),
		cmocka_unit_test(u2_count_may_have_16_bits),
		cmocka_unit_test(u3_channels_may_belong_to_the_card),
		cmocka_unit_test(u7_channels_may_need_a_running_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
