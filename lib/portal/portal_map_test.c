/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Which devices answer, mappings of portals, and posting through one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "slipway_portal.h"

#define EXPRESS 0x60

/* Configuration space of a made-up device. */
static uint8_t space[256];

static int
read_space(void *ctx, uint16_t off, void *bytes, size_t len)
{
	assert_ptr_equal(ctx, space);
	assert_true(off + len <= sizeof(space));
	memcpy(bytes, space + off, len);
	return 0;
}

static int
read_nothing(void *ctx, uint16_t off, void *bytes, size_t len)
{
	(void)ctx;
	(void)off;
	memset(bytes, 0xff, len);
	return -EIO;
}

static const struct portal_device pci = {.config = read_space, .ctx = space};

static void
put32(unsigned int off, uint32_t value)
{
	for (unsigned int i = 0; i < 4; i++)
		space[off + i] = (uint8_t)(value >> 8 * i);
}

/* A network card, say, with a power management capability before the express one. */
static void
make_space(uint32_t id, uint32_t caps2)
{
	memset(space, 0, sizeof(space));
	put32(0, id);
	space[6] = 0x10;
	space[0x34] = 0x40;
	space[0x40] = 0x01;
	space[0x41] = EXPRESS;
	space[EXPRESS] = 0x10;
	put32(EXPRESS + 0x24, caps2);
}

/* ---- Who answers ---- */

static void
devices_say_so_by_a_capability(void **state)
{
	(void)state;
	make_space(0x15218086, 1u << 28);
	assert_true(portal_is_command_memory(&pci));
	make_space(0x15218086, ~(1u << 28));
	assert_false(portal_is_command_memory(&pci));
	/* No list, so no capability. */
	make_space(0x15218086, 1u << 28);
	space[6] = 0;
	assert_false(portal_is_command_memory(&pci));
}

static void
older_parts_are_known_by_name(void **state)
{
	static const uint32_t ids[] = {0x0b258086, 0x11fb8086, 0x12128086};

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		make_space(ids[i], 0);
		assert_true(portal_is_command_memory(&pci));
	}
	make_space(0x0b25 << 16 | 0x8087, 0);
	assert_false(portal_is_command_memory(&pci));
}

/* No bus is named: a device without configuration space is asked in the same way. */
static void
others_are_what_their_maker_says(void **state)
{
	struct portal_device model = {.answers = true}, broken = {.config = read_nothing};

	(void)state;
	assert_true(portal_is_command_memory(&model));
	model.answers = false;
	assert_false(portal_is_command_memory(&model));
	assert_false(portal_is_command_memory(&broken));
}

static void
capabilities_in_circles_end(void **state)
{
	(void)state;
	make_space(0x15218086, 1u << 28);
	space[0x41] = 0x40;
	assert_false(portal_is_command_memory(&pci));
}

/* ---- Mappings ---- */

static int
make_file(void)
{
	int fd = memfd_create("portal", 0);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 3 * PORTAL_PAGE), 0);
	return fd;
}

static bool
is_mapped(void *page)
{
	return msync(page, PORTAL_PAGE, MS_ASYNC) == 0;
}

static void
a_map_lives_until_it_is_unmapped(void **state)
{
	struct portal_device dev = {.answers = true};
	struct portal_map map;
	void *page;
	int fd = make_file();

	(void)state;
	assert_int_equal(portal_map(&dev, fd, PORTAL_PAGE, &map), 0);
	page = map.page;
	assert_true(map.answers);
	assert_true(is_mapped(page));
	*(volatile uint8_t *)page = 0x5a;
	close(fd);
	portal_device_release(&dev);
	assert_true(is_mapped(page));
	portal_unmap(&map);
	assert_false(is_mapped(page));
	assert_null(map.page);
	portal_unmap(&map);
}

static void
a_managed_map_goes_with_its_device(void **state)
{
	struct portal_device dev = {.answers = false};
	struct portal_map maps[2];
	void *pages[2];
	int fd = make_file();

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(portal_map_managed(&dev, fd, i * PORTAL_PAGE, &maps[i]), 0);
		pages[i] = maps[i].page;
		assert_false(maps[i].answers);
	}
	assert_true(is_mapped(pages[0]) && is_mapped(pages[1]));
	portal_device_release(&dev);
	assert_false(is_mapped(pages[0]) || is_mapped(pages[1]));
	assert_null(maps[0].page);
	portal_device_release(&dev);
	close(fd);
}

static void
what_cannot_be_mapped_is_refused(void **state)
{
	struct portal_device dev = {.answers = true};
	struct portal_map map;
	int fd = make_file();

	(void)state;
	assert_int_equal(portal_map(&dev, fd, 64, &map), -EINVAL);
	assert_null(map.page);
	assert_int_equal(portal_map_managed(&dev, -1, 0, &map), -EBADF);
	assert_null(dev.maps);
	close(fd);
}

/* ---- Through a map ---- */

#if defined(__x86_64__)

static void
posts_go_round_the_page(void **state)
{
	_Alignas(PORTAL_LINE) uint8_t line[PORTAL_LINE];
	struct portal_device dev = {.answers = true};
	struct portal_map map;
	struct portal p;
	uint8_t *seen;
	int fd = make_file();

	(void)state;
	if (portal_query() != PORTAL_MOVDIR64B)
		skip();
	assert_int_equal(portal_map(&dev, fd, 0, &map), 0);
	seen = mmap(NULL, PORTAL_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(seen != MAP_FAILED);
	portal_use_map(&p, &map, 62);
	for (unsigned int i = 0; i < 66; i++) {
		memset(line, (int)(i + 1), sizeof(line));
		assert_int_equal(portal_put(&p, line), 0);
		portal_order_stores();
		assert_memory_equal(seen + (62 + i) % 64 * PORTAL_LINE, line, PORTAL_LINE);
	}
	assert_int_equal(p.counters.posted, 66);
	/* The second time round begins where the first one did. */
	assert_int_equal(seen[62 * PORTAL_LINE], 65);
	assert_int_equal(seen[61 * PORTAL_LINE], 64);
	munmap(seen, PORTAL_PAGE);
	portal_unmap(&map);
	close(fd);
}

/* A CPU without the instructions, a page that does not answer: refused, and nothing is stored. */
static void
what_the_cpu_lacks_is_refused(void **state)
{
	static const _Alignas(PORTAL_LINE) uint8_t line[PORTAL_LINE] = {1};
	uint8_t page[PORTAL_LINE] = {0}, clean[PORTAL_LINE] = {0};
	struct portal_map map = {.page = page, .answers = true};
	struct portal p;

	(void)state;
	portal_features_override(PORTAL_CPU_MOVDIR64B | PORTAL_CPU_ENQCMD, 0);
	portal_use_map(&p, &map, 0);
	assert_int_equal(portal_put(&p, line), -EOPNOTSUPP);
	assert_int_equal(portal_try(&p, line), -EOPNOTSUPP);
	assert_int_equal(portal_try_on(&p, line, 3), -EOPNOTSUPP);
	assert_int_equal(portal_try_supervisor(&p, line), -EOPNOTSUPP);
	portal_features_override(0, PORTAL_CPU_ENQCMD);
	portal_use_map(&p, &map, 0);
	/* A program, and the CPU would say no. */
	assert_int_equal(portal_try_supervisor(&p, line), -EPERM);
	map.answers = false;
	portal_use_map(&p, &map, 0);
	assert_int_equal(portal_try(&p, line), -EOPNOTSUPP);
	portal_features_override(0, 0);
	assert_memory_equal(page, clean, PORTAL_LINE);
	assert_int_equal(p.counters.posted + p.counters.accepted + p.counters.retried, 0);
}

#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_say_so_by_a_capability),
		cmocka_unit_test(older_parts_are_known_by_name),
		cmocka_unit_test(others_are_what_their_maker_says),
		cmocka_unit_test(capabilities_in_circles_end),
		cmocka_unit_test(a_map_lives_until_it_is_unmapped),
		cmocka_unit_test(a_managed_map_goes_with_its_device),
		cmocka_unit_test(what_cannot_be_mapped_is_refused),
#if defined(__x86_64__)
		cmocka_unit_test(posts_go_round_the_page),
		cmocka_unit_test(what_the_cpu_lacks_is_refused),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
