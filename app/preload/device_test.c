/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Addresses to devices, with devices that only take notes.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ctl.h"
#include "served.h"

#define DEVICES 2
#define PAGE    UINT64_C(4096)
#define BASE    UINT64_C(0x10000000)
#define THREADS 4
#define POSTS   20000u
/* From a page of a port to its alias. */
#define ALIAS UINT64_C(0x200000)

/* What a device was asked last. */
static struct notes {
	struct bus_device bus;
	unsigned int bar, size;
	uint64_t off, value;
	_Atomic uint32_t steps;
	_Atomic uint32_t inside; /* posts that are at it now */
	uint32_t posts;          /* plain: only safe when they come one at a time */
	bool crowded;
	unsigned int remaps;
} notes[DEVICES];

static struct unit units[DEVICES];
static struct page_lock locks[DEVICES][UNIT_LOCKS];

/* ---- In place of the rest of the shim ---- */

unsigned int
device_count(void)
{
	return DEVICES;
}

struct device *
device_get(unsigned int index)
{
	return &units[index].dev;
}

unsigned int
device_index(const struct device *dev)
{
	return (unsigned int)((const struct unit *)dev - units);
}

void
unit_step(struct unit *u)
{
	notes[device_index(&u->dev)].steps++;
}

void
unit_irqs_forget(struct unit *u)
{
	u->irqs_on = false;
}

void
stepper_forked(void)
{
}

void
ctl_forked(void)
{
}

/* What who serves a device was told. */
static struct {
	unsigned int maps, remaps, forks;
	int answer;
} served;

int
served_map(struct unit *u, uint64_t iova, uint64_t len)
{
	assert_ptr_equal(u, &units[1]);
	assert_int_equal(iova, BASE);
	assert_int_equal(len, PAGE);
	served.maps++;
	return served.answer;
}

void
served_remap(struct unit *u)
{
	assert_ptr_equal(u, &units[1]);
	served.remaps++;
}

void
served_forked(struct unit *u)
{
	served.forks++;
	u->served = NULL;
}

/* ---- The device ---- */

static uint64_t
note_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	struct notes *n = (struct notes *)dev;

	n->bar = bar;
	n->off = off;
	n->size = size;
	return 0x1234;
}

static void
note_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
	   unsigned int size)
{
	note_read(dev, bar, off, size);
	((struct notes *)dev)->value = value;
}

static void
note_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	  unsigned int len)
{
	struct notes *n = (struct notes *)dev;

	(void)bar;
	(void)off;
	(void)line;
	(void)len;
	if (atomic_fetch_add(&n->inside, 1) != 0)
		n->crowded = true;
	if (++n->posts % 64 == 0)
		sched_yield();
	atomic_fetch_sub(&n->inside, 1);
}

static void
note_remap(struct bus_device *dev)
{
	((struct notes *)dev)->remaps++;
}

static const struct bus_device_ops ops = {
	.read = note_read,
	.write = note_write,
	.post = note_post,
	.remap = note_remap,
};

static int
set_up(void **state)
{
	(void)state;
	device_unmap_range(NULL, SIZE_MAX);
	memset(notes, 0, sizeof(notes));
	memset(units, 0, sizeof(units));
	for (unsigned int i = 0; i < DEVICES; i++) {
		notes[i].bus.ops = &ops;
		units[i].dev.bus = &notes[i].bus;
		units[i].locks = locks[i];
		units[i].opens = 1;
		strcpy(units[i].dev.address, "0000:7e:00.0");
	}
	return 0;
}

static void
map(unsigned int dev, unsigned int bar, uint64_t off, uint64_t addr, uint64_t len)
{
	assert_int_equal(device_map_bar(&units[dev].dev, bar, off, (void *)(uintptr_t)addr, len),
			 0);
}

/* ---- Tests ---- */

static void
an_address_leads_to_device_bar_and_offset(void **state)
{
	(void)state;
	map(0, 0, 0x5000, BASE, 2 * PAGE);
	map(1, 2, 0, BASE + 2 * PAGE, PAGE);
	assert_false(device_owns(BASE - 1));
	assert_true(device_owns(BASE));
	assert_int_equal(device_load(BASE + 0x10, 4), 0x1234);
	assert_int_equal(notes[0].off, 0x5010);
	assert_int_equal(notes[0].size, 4);
	assert_int_equal(notes[0].steps, 1);
	device_store(BASE + 2 * PAGE + 8, 77, 8);
	assert_int_equal(notes[1].bar, 2);
	assert_int_equal(notes[1].off, 8);
	assert_int_equal(notes[1].value, 77);
	assert_false(device_owns(BASE + 3 * PAGE));
	assert_int_equal(device_load(BASE + 3 * PAGE, 4), UINT64_MAX);
	/* No DLB takes them. */
	assert_int_equal(device_submit(BASE, &notes, 0), -EAGAIN);
}

static void
a_hole_leaves_the_rest_where_it_was(void **state)
{
	(void)state;
	map(0, 0, 0x8000, BASE, 4 * PAGE);
	assert_true(device_overlaps((void *)(uintptr_t)(BASE - 8), 9));
	assert_false(device_overlaps((void *)(uintptr_t)(BASE - 8), 8));
	assert_true(device_overlaps((void *)(uintptr_t)(BASE + PAGE), 1));
	assert_false(device_overlaps((void *)(uintptr_t)(BASE + 4 * PAGE), 8));
	device_unmap_range((void *)(uintptr_t)(BASE + PAGE), PAGE);
	assert_false(device_owns(BASE + PAGE));
	device_load(BASE + 2 * PAGE + 4, 4);
	assert_int_equal(notes[0].off, 0xa004);
	/* Something else there. */
	map(1, 2, 0, BASE, 4 * PAGE);
	device_load(BASE + 2 * PAGE, 2);
	assert_int_equal(notes[1].off, 2 * PAGE);
}

static void *
post(void *arg)
{
	uint64_t at = *(uint64_t *)arg, line[8] = {0};

	for (unsigned int i = 0; i < POSTS; i++)
		device_post(at, line, 64);
	return NULL;
}

/* Several threads that share a port, one of them by its other address. */
static void
posts_to_one_port_come_one_at_a_time(void **state)
{
	uint64_t at[THREADS];
	pthread_t threads[THREADS];

	(void)state;
	map(0, 0, 0, BASE, 2 * ALIAS);
	for (unsigned int i = 0; i < THREADS; i++) {
		at[i] = i == 0 ? BASE + ALIAS + 3 * PAGE : BASE + 3 * PAGE + i * 64;
		assert_int_equal(pthread_create(&threads[i], NULL, post, &at[i]), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_false(notes[0].crowded);
	assert_int_equal(notes[0].posts, THREADS * POSTS);
	assert_int_equal(notes[0].steps, THREADS * POSTS);
}

static void
a_forked_child_knows_what_it_lost(void **state)
{
	(void)state;
	map(1, 2, 0, BASE, PAGE);
	assert_false(device_lost(BASE));
	device_forked();
	assert_false(device_owns(BASE));
	assert_true(device_lost(BASE + 4));
	assert_false(device_lost(BASE + PAGE));
	assert_null(units[1].dev.bus);
	device_unmap_range((void *)(uintptr_t)BASE, PAGE);
	assert_false(device_lost(BASE));
}

static void
only_devices_of_a_space_look_up_their_memory_again(void **state)
{
	struct dma_space *one = (struct dma_space *)(void *)&notes[0];
	struct dma_space *two = (struct dma_space *)(void *)&notes[1];

	(void)state;
	device_set_space(&units[0].dev, one);
	device_set_space(&units[1].dev, two);
	assert_int_equal(notes[0].remaps, 1);
	device_remap(one);
	assert_int_equal(notes[0].remaps, 2);
	assert_int_equal(notes[1].remaps, 1);
}

static void
who_serves_a_device_is_told_of_its_memory(void **state)
{
	struct dma_space *one = (struct dma_space *)(void *)&notes[0];
	struct dma_space *two = (struct dma_space *)(void *)&notes[1];

	(void)state;
	memset(&served, 0, sizeof(served));
	units[0].opens = 1;
	units[1].opens = 1;
	units[1].served = (struct served *)(void *)&served;
	device_set_space(&units[0].dev, one);
	device_set_space(&units[1].dev, two);
	assert_int_equal(served.remaps, 1);
	device_remap(one);
	assert_int_equal(served.remaps, 1);
	device_remap(two);
	assert_int_equal(served.remaps, 2);
	assert_int_equal(device_mapped(one, BASE, PAGE), 0);
	assert_int_equal(served.maps, 0);
	served.answer = -ENOSPC;
	assert_int_equal(device_mapped(two, BASE, PAGE), -ENOSPC);
	assert_int_equal(served.maps, 1);
	device_forked();
	assert_null(units[1].served);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_address_leads_to_device_bar_and_offset, set_up),
		cmocka_unit_test_setup(a_hole_leaves_the_rest_where_it_was, set_up),
		cmocka_unit_test_setup(posts_to_one_port_come_one_at_a_time, set_up),
		cmocka_unit_test_setup(a_forked_child_knows_what_it_lost, set_up),
		cmocka_unit_test_setup(who_serves_a_device_is_told_of_its_memory, set_up),
		cmocka_unit_test_setup(only_devices_of_a_space_look_up_their_memory_again, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
