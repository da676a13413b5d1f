/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A host whose map of memory changes under the DLB: rings that go away, come back, come late, end
 * early or move. Once `remap` has returned the device touches none of what is gone, it goes on with
 * all the rest, and a ring that is there again is used again.
 */
#include <pthread.h>
#include <unistd.h>

#include "dlb_test_pci.h"

#define WINDOWS (RIG_PORTS + 1)
/* What memory holds that the device must not touch. */
#define UNTOUCHED 0xee

/* The map: a window of RIG_RING_BYTES per port, as the bench hands them out. */
static struct {
	_Atomic(unsigned char *) at[WINDOWS];
	_Atomic size_t there[WINDOWS]; /* bytes of it that are mapped, from its begin */
} map;

/* Host memory at an address, with what is mapped from there; NULL when nothing is. */
static unsigned char *
map_find(uint64_t iova, size_t *rest)
{
	size_t w, off;

	if (iova < TEST_HOST_IOVA || iova - TEST_HOST_IOVA >= WINDOWS * (uint64_t)RIG_RING_BYTES)
		return NULL;
	w = (size_t)((iova - TEST_HOST_IOVA) / RIG_RING_BYTES);
	off = (size_t)((iova - TEST_HOST_IOVA) % RIG_RING_BYTES);
	if (off >= atomic_load(&map.there[w]))
		return NULL;
	*rest = atomic_load(&map.there[w]) - off;
	return atomic_load(&map.at[w]) + off;
}

static void *
changing_map(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len, enum bus_prot prot,
	     struct bus_fault *fault)
{
	size_t rest;
	unsigned char *at = map_find(iova, &rest);

	(void)host;
	if (at == NULL) {
		*fault = (struct bus_fault){.iova = iova, .pasid = pasid, .prot = prot};
		return NULL;
	}
	if (*len > rest)
		*len = rest;
	return at;
}

static int
changing_dma(struct bus_host *host, uint32_t pasid, uint64_t iova, void *bytes, size_t len,
	     bool write)
{
	size_t rest;
	unsigned char *at = map_find(iova, &rest);

	(void)host;
	(void)pasid;
	if (at == NULL || len > rest)
		return -EFAULT;
	if (write)
		test_host_store(at, bytes, len);
	else
		memcpy(bytes, at, len);
	return 0;
}

/* Put the bench on that host, with everything mapped. */
static void
map_begin(struct rig *r)
{
	static struct bus_host_ops ops;

	ops = *r->host.host.ops;
	ops.map = changing_map;
	ops.dma = changing_dma;
	r->host.host.ops = &ops;
	for (size_t w = 0; w < WINDOWS; w++) {
		atomic_store(&map.at[w], r->host.memory + w * RIG_RING_BYTES);
		atomic_store(&map.there[w], RIG_RING_BYTES);
	}
	assert_non_null(r->dev->ops->remap);
}

static void
map_change(struct rig *r, uint32_t port, size_t bytes)
{
	atomic_store(&map.there[port], bytes);
	r->dev->ops->remap(r->dev);
}

static unsigned char *
ring(struct rig *r, uint32_t port)
{
	return r->host.memory + (size_t)port * RIG_RING_BYTES;
}

static void
expect_untouched(const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(bytes[i], UNTOUCHED);
}

/* Does an entry of the ring, wherever in it, carry that data? */
static bool
ring_holds(struct rig *r, uint32_t port, uint64_t data)
{
	for (uint32_t i = 0; i < r->port[port].entries; i++)
		if (rig_slot(r, port, i).data == data)
			return true;
	return false;
}

/* Return to the device whatever it counts as held by a CQ. */
static void
give_all_back(struct rig *r, uint32_t port)
{
	bool ldb = port < DLB_LDB_PORTS;
	uint32_t tokens = ldb ? rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, port)
			      : rig_read(r, DLB_LSP_CQ_DIR_TKN_CNT, port - DLB_LDB_PORTS);

	if (tokens > 0)
		rig_tokens(r, port, tokens);
	if (!ldb)
		return;
	for (uint32_t n = rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, port); n > 0; n--)
		rig_complete(r, port);
}

/* Two load-balanced CQs and a directed one. */
static void
set_up(struct rig *r)
{
	map_begin(r);
	rig_balance(r, 2, 8, 8, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, 1, 8);
	rig_dir_queue(r, 0, 1, 8);
	rig_start(r, 0);
}

static void
gone_memory_is_left_alone(void **state)
{
	struct rig *r = *state;

	set_up(r);
	rig_new(r, DLB_DIRECTED, 1, 0, 1000);
	rig_step(r);
	expect_qe(r, RIG_DIR(1), 1000);
	map_change(r, 0, 0);
	map_change(r, RIG_DIR(1), 0);
	memset(ring(r, 0), UNTOUCHED, RIG_RING_BYTES);
	memset(ring(r, RIG_DIR(1)), UNTOUCHED, RIG_RING_BYTES);
	for (uint32_t n = 0; n < 12; n++) {
		rig_new(r, n % 2 ? DLB_UNORDERED : DLB_ATOMIC, 0, n, n);
		rig_new(r, DLB_DIRECTED, 1, 0, n);
	}
	rig_step(r);
	expect_untouched(ring(r, 0), RIG_RING_BYTES);
	expect_untouched(ring(r, RIG_DIR(1)), RIG_RING_BYTES);
	/* The neighbour gets its share. */
	assert_in_range(rig_poll_all(r, 1), 1, 8);
}

static void
memory_that_comes_back_is_used_again(void **state)
{
	struct rig *r = *state;

	set_up(r);
	map_change(r, 0, 0);
	map_change(r, RIG_DIR(1), 0);
	for (uint32_t n = 0; n < 5; n++) {
		rig_new(r, DLB_UNORDERED, 0, 0, n);
		rig_new(r, DLB_DIRECTED, 1, 0, n);
	}
	rig_step(r);
	map_change(r, 0, RIG_RING_BYTES);
	map_change(r, RIG_DIR(1), RIG_RING_BYTES);
	/* What was lost is lost, but holds neither tokens nor history that cannot be returned. */
	for (uint32_t n = 0; n < 2; n++) {
		give_all_back(r, 0);
		give_all_back(r, 1);
		give_all_back(r, RIG_DIR(1));
		rig_step(r);
	}
	rig_enable(r, 1, false);
	for (uint32_t n = 0; n < 6; n++) {
		rig_new(r, DLB_ATOMIC, 0, n, 100 + n);
		rig_new(r, DLB_DIRECTED, 1, 0, 200 + n);
	}
	rig_step(r);
	for (uint32_t n = 0; n < 6; n++) {
		assert_true(ring_holds(r, 0, 100 + n));
		assert_true(ring_holds(r, RIG_DIR(1), 200 + n));
	}
}

/* Set up while there is no memory, as a driver may that maps it afterwards. */
static void
memory_may_come_late(void **state)
{
	struct rig *r = *state;

	map_begin(r);
	atomic_store(&map.there[0], 0);
	atomic_store(&map.there[RIG_DIR(1)], 0);
	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, 1, 8);
	rig_dir_queue(r, 0, 1, 8);
	rig_start(r, 0);
	map_change(r, 0, RIG_RING_BYTES);
	map_change(r, RIG_DIR(1), RIG_RING_BYTES);
	for (uint32_t n = 0; n < 20; n++) {
		rig_new(r, DLB_UNORDERED, 0, 0, n);
		rig_new(r, DLB_DIRECTED, 1, 0, n);
		rig_step(r);
		expect_qe(r, 0, n);
		rig_finish(r, 0);
		expect_qe(r, RIG_DIR(1), n);
		rig_finish(r, RIG_DIR(1));
	}
}

/* Half of the ring is there: entries of that half arrive, the others go nowhere. */
static void
a_ring_may_end_early(void **state)
{
	const size_t half = (size_t)4 * DLB_CQ_STEP_SPARSE;
	struct rig *r = *state;

	set_up(r);
	memset(ring(r, RIG_DIR(1)) + half, UNTOUCHED, RIG_RING_BYTES - half);
	map_change(r, RIG_DIR(1), half);
	for (uint32_t n = 0; n < 8; n++)
		rig_new(r, DLB_DIRECTED, 1, 0, 50 + n);
	rig_step(r);
	for (uint32_t n = 0; n < 4; n++)
		expect_qe(r, RIG_DIR(1), 50 + n);
	expect_untouched(ring(r, RIG_DIR(1)) + half, RIG_RING_BYTES - half);
	/* The others notice nothing. */
	rig_new(r, DLB_UNORDERED, 0, 0, 7);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0) + rig_poll_all(r, 1), 1);
}

/* The same addresses, elsewhere in the host: the ring goes on there where it was. */
static void
memory_may_move(void **state)
{
	struct rig *r = *state;
	unsigned char *other = calloc(1, RIG_RING_BYTES);
	const struct dlb_qe *slot;

	assert_non_null(other);
	set_up(r);
	for (uint32_t n = 0; n < 3; n++)
		rig_new(r, DLB_DIRECTED, 1, 0, n);
	rig_step(r);
	for (uint32_t n = 0; n < 3; n++)
		expect_qe(r, RIG_DIR(1), n);
	atomic_store(&map.at[RIG_DIR(1)], other);
	r->dev->ops->remap(r->dev);
	memset(ring(r, RIG_DIR(1)), UNTOUCHED, RIG_RING_BYTES);
	for (uint32_t n = 3; n < 6; n++)
		rig_new(r, DLB_DIRECTED, 1, 0, n);
	rig_step(r);
	expect_untouched(ring(r, RIG_DIR(1)), RIG_RING_BYTES);
	for (uint32_t n = 3; n < 6; n++) {
		slot = (const struct dlb_qe *)(const void *)(other + n * DLB_CQ_STEP_SPARSE);
		assert_int_equal(slot->data, n);
		assert_int_equal(REG_GET(DLB_QE_GEN, slot->meta), 1);
	}
	atomic_store(&map.at[RIG_DIR(1)], ring(r, RIG_DIR(1)));
	r->dev->ops->remap(r->dev);
	free(other);
}

/* A change that is none to the device is none: order, positions and generations go on. */
static void
what_stays_goes_on(void **state)
{
	struct rig *r = *state;

	set_up(r);
	rig_enable(r, 1, false);
	for (uint32_t n = 0; n < 100; n++) {
		rig_new(r, DLB_UNORDERED, 0, 0, n);
		rig_new(r, DLB_DIRECTED, 1, 0, n);
		if (n % 3 == 0)
			r->dev->ops->remap(r->dev);
		rig_step(r);
		if (n % 2 == 0)
			map_change(r, 5, n % 4 ? RIG_RING_BYTES : 0);
		expect_qe(r, 0, n);
		rig_finish(r, 0);
		expect_qe(r, RIG_DIR(1), n);
		rig_finish(r, RIG_DIR(1));
	}
}

/* ---- While others are at it ---- */

static _Atomic bool traffic_ends;

static void *
traffic(void *arg)
{
	struct rig *r = arg;

	for (uint64_t n = 0; !atomic_load(&traffic_ends); n++) {
		rig_new(r, DLB_DIRECTED, 1, 0, n);
		rig_tokens(r, RIG_DIR(1), 1);
		rig_step(r);
	}
	return NULL;
}

/* The ring moves to and fro; once remap is back, the old place is nobody's but ours. */
static void
old_memory_is_free_at_once(void **state)
{
	struct rig *r = *state;
	unsigned char *place[2] = {ring(r, RIG_DIR(1)), malloc(RIG_RING_BYTES)};
	size_t touched = 0;
	pthread_t thread;

	assert_non_null(place[1]);
	set_up(r);
	atomic_store(&traffic_ends, false);
	assert_int_equal(pthread_create(&thread, NULL, traffic, r), 0);
	for (uint32_t round = 0; round < 200; round++) {
		unsigned char *old = place[round % 2];

		atomic_store(&map.at[RIG_DIR(1)], place[(round + 1) % 2]);
		r->dev->ops->remap(r->dev);
		memset(old, UNTOUCHED, RIG_RING_BYTES);
		usleep(200);
		for (size_t i = 0; i < RIG_RING_BYTES; i++)
			touched += old[i] != UNTOUCHED;
	}
	atomic_store(&traffic_ends, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	/* Two rounds make one turn: it is back where it was. */
	free(place[1]);
	assert_int_equal(touched, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(gone_memory_is_left_alone),
		ON_BOTH(memory_that_comes_back_is_used_again),
		ON_BOTH(memory_may_come_late),
		ON_BOTH(a_ring_may_end_early),
		ON_BOTH(memory_may_move),
		ON_BOTH(what_stays_goes_on),
		ON_BOTH(old_memory_is_free_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
