/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Who has what of a device: datasheet sections 2.1, 2.2, 5.4, 5.5 and 11.1 to 11.3.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dlb_pool.h"

/* Keys and values, NULL at the end. */
static struct dlb_request
request_of(const char *const pairs[])
{
	struct dlb_request request;

	dlb_request_init(&request);
	for (; pairs[0] != NULL; pairs += 2)
		assert_int_equal(dlb_request_set(&request, pairs[0], pairs[1]), 0);
	return request;
}

#define REQUEST(...) request_of((const char *const[]){__VA_ARGS__, NULL})

static unsigned int
make(struct dlb_pool *pool, struct dlb_request request)
{
	enum dlb_res short_of;
	unsigned int domain = DLB_DOMAINS;

	assert_int_equal(dlb_pool_create(pool, &request, &domain, &short_of), DLB_ST_SUCCESS);
	assert_true(domain < DLB_DOMAINS);
	return domain;
}

static unsigned int
make_plain(struct dlb_pool *pool)
{
	struct dlb_request request;

	dlb_request_init(&request);
	return make(pool, request);
}

static void
refused(struct dlb_pool *pool, struct dlb_request request, enum dlb_status status)
{
	struct dlb_pool before = *pool;
	enum dlb_res short_of;
	unsigned int domain;

	assert_int_equal(dlb_pool_create(pool, &request, &domain, &short_of), status);
	assert_memory_equal(&before, pool, sizeof(before));
}

static void
take(struct dlb_pool *pool, unsigned int domain, enum dlb_res res, uint32_t n,
     enum dlb_status status, struct dlb_grant *grant)
{
	uint32_t need[DLB_RES_KINDS] = {0};
	enum dlb_res short_of = DLB_RES_KINDS;

	need[res] = n;
	assert_int_equal(dlb_pool_take(pool, domain, need, grant, &short_of), status);
	if (status != DLB_ST_SUCCESS)
		assert_int_equal(short_of, res);
}

/* Nobody has anything. */
static void
expect_whole(const struct dlb_pool *pool)
{
	struct dlb_pool fresh;
	int res;

	dlb_pool_init(&fresh, pool->version);
	for (res = 0; res < DLB_RES_KINDS; res++)
		assert_int_equal(dlb_pool_free(pool, res), dlb_pool_total(&fresh, res));
	assert_memory_equal(pool->ldb_queues, fresh.ldb_queues, sizeof(fresh.ldb_queues));
	assert_memory_equal(pool->ldb_ports, fresh.ldb_ports, sizeof(fresh.ldb_ports));
	assert_memory_equal(pool->dir_ports, fresh.dir_ports, sizeof(fresh.dir_ports));
	assert_memory_equal(pool->history, fresh.history, sizeof(fresh.history));
	assert_memory_equal(pool->windows, fresh.windows, sizeof(fresh.windows));
}

/* ---- Requests ---- */

static void
requests_are_read_and_refused(void **state)
{
	static const char *const bad[][2] = {
		{"ldb_queues", "33"},
		{"ldb_queues", "-1"},
		{"ldb_queues", "+1"},
		{"ldb_queues", " 1"},
		{"ldb_queues", "1x"},
		{"ldb_queues", ""},
		{"ldb_ports", "65"},
		{"dir_ports", "97"},
		{"credits", "0"},
		{"credits", "16385"},
		{"dir_credits", "4097"},
		{"history", "2049"},
		{"atomic", "2049"},
		{"cos", "17:0:0:0"},
		{"cos", "1:2:3"},
		{"cos", "1:2:3:4:5"},
		{"cos", "1:2:3:"},
		{"cos", "1::2:3"},
		{"atomic", "99999999999999999999"},
	};
	struct dlb_request request = REQUEST("ldb_queues", "0", "cos", "0:16:3:1");
	struct dlb_request before = request;

	(void)state;
	assert_int_equal(request.amount[DLB_RES_LDB_QUEUES], 0);
	assert_int_equal(request.amount[DLB_RES_CREDITS], DLB_UNSAID);
	assert_int_equal(request.class_ports[1], 16);
	assert_int_equal(request.class_ports[3], 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(dlb_request_set(&request, bad[i][0], bad[i][1]), -EINVAL);
		assert_non_null(dlb_request_accepts(bad[i][0]));
	}
	assert_memory_equal(&before, &request, sizeof(before));
	assert_int_equal(dlb_request_set(&request, "colour", "1"), -ENOENT);
	assert_null(dlb_request_accepts("colour"));
}

/* ---- Provisioning ---- */

static void
alone_a_domain_has_everything(void **state)
{
	struct dlb_pool pool;
	unsigned int d;
	int res;

	(void)state;
	for (int version = DLB_V20; version <= DLB_V25; version++) {
		dlb_pool_init(&pool, version);
		d = make_plain(&pool);
		for (res = 0; res < DLB_RES_KINDS; res++)
			assert_int_equal(dlb_pool_limit(&pool, d, res), dlb_pool_total(&pool, res));
	}
}

static void
what_nobody_reserved_is_shared_evenly(void **state)
{
	struct dlb_pool pool;
	unsigned int a, b, c;

	(void)state;
	dlb_pool_init(&pool, DLB_V25);
	a = make(&pool, REQUEST("ldb_ports", "4", "credits", "1000"));
	b = make_plain(&pool);
	c = make_plain(&pool);
	assert_int_equal(dlb_pool_limit(&pool, a, DLB_RES_LDB_PORTS), 4);
	assert_int_equal(dlb_pool_limit(&pool, b, DLB_RES_LDB_PORTS), 30);
	assert_int_equal(dlb_pool_limit(&pool, c, DLB_RES_CREDITS), (16384 - 1000) / 2);
	assert_int_equal(dlb_pool_limit(&pool, a, DLB_RES_LDB_QUEUES), 32 / 3);
	assert_int_equal(dlb_pool_free(&pool, DLB_RES_LDB_PORTS), 60);
	dlb_pool_destroy(&pool, c);
	assert_int_equal(dlb_pool_limit(&pool, b, DLB_RES_LDB_PORTS), 60);
}

static void
what_does_not_fit_is_refused_by_name(void **state)
{
	struct dlb_pool pool;

	(void)state;
	dlb_pool_init(&pool, DLB_V20);
	make(&pool, REQUEST("ldb_queues", "30", "ldb_ports", "60", "dir_ports", "60", "credits",
			    "8000", "dir_credits", "4000", "history", "2000", "atomic", "2000"));
	refused(&pool, REQUEST("ldb_queues", "3"), DLB_ST_LDB_QUEUES_UNAVAILABLE);
	refused(&pool, REQUEST("ldb_ports", "5"), DLB_ST_LDB_PORTS_UNAVAILABLE);
	refused(&pool, REQUEST("dir_ports", "5"), DLB_ST_DIR_PORTS_UNAVAILABLE);
	refused(&pool, REQUEST("credits", "193"), DLB_ST_LDB_CREDITS_UNAVAILABLE);
	refused(&pool, REQUEST("dir_credits", "97"), DLB_ST_DIR_CREDITS_UNAVAILABLE);
	refused(&pool, REQUEST("history", "49"), DLB_ST_HIST_LIST_ENTRIES_UNAVAILABLE);
	refused(&pool, REQUEST("atomic", "49"), DLB_ST_ATOMIC_INFLIGHTS_UNAVAILABLE);
	refused(&pool, REQUEST("ldb_queues", "1", "ldb_ports", "0"),
		DLB_ST_LDB_PORT_REQUIRED_FOR_LDB_QUEUES);
	make(&pool, REQUEST("ldb_queues", "2", "ldb_ports", "4", "dir_ports", "4", "credits", "192",
			    "dir_credits", "96", "history", "48", "atomic", "48"));

	dlb_pool_init(&pool, DLB_V25);
	make(&pool, REQUEST("credits", "16000"));
	refused(&pool, REQUEST("credits", "385"), DLB_ST_CREDITS_UNAVAILABLE);
	refused(&pool, REQUEST("dir_credits", "1"), DLB_ST_DIR_CREDITS_UNAVAILABLE);
}

static void
there_are_32_domains(void **state)
{
	struct dlb_request request;
	struct dlb_pool pool;
	unsigned int i;

	(void)state;
	dlb_request_init(&request);
	dlb_pool_init(&pool, DLB_V25);
	for (i = 0; i < DLB_DOMAINS; i++)
		assert_int_equal(make_plain(&pool), i);
	refused(&pool, request, DLB_ST_DOMAIN_UNAVAILABLE);
	dlb_pool_destroy(&pool, 7);
	assert_int_equal(make_plain(&pool), 7);
	for (i = 0; i < DLB_DOMAINS; i++)
		dlb_pool_destroy(&pool, i);
	expect_whole(&pool);
}

static void
ports_come_from_the_classes_asked_for(void **state)
{
	struct dlb_pool pool;
	struct dlb_grant grant;
	unsigned int a, i;

	(void)state;
	dlb_pool_init(&pool, DLB_V25);
	a = make(&pool, REQUEST("cos", "0:2:0:3"));
	assert_int_equal(dlb_pool_limit(&pool, a, DLB_RES_LDB_PORTS), 5);
	take(&pool, a, DLB_RES_LDB_PORTS, 5, DLB_ST_SUCCESS, &grant);
	for (i = 0; i < 5; i++)
		assert_int_equal(grant.ldb_ports[i] / DLB_COS_PORTS, i < 2 ? 1 : 3);
	assert_int_equal(dlb_pool_class_ports(&pool, a, 3), 3);
	assert_int_equal(dlb_pool_class_ports(&pool, DLB_NOBODY, 3), 13);
	/* There are enough, but not of that class. */
	refused(&pool, REQUEST("cos", "0:0:0:14"), DLB_ST_LDB_PORTS_UNAVAILABLE);
	/* Those of any class do not use up the class that is asked for. */
	make(&pool, REQUEST("cos", "15:0:0:0", "ldb_ports", "16"));
	assert_int_equal(dlb_pool_class_ports(&pool, DLB_NOBODY, 0), 0);
}

/* ---- Start and stop ---- */

static void
numbers_of_two_domains_never_meet(void **state)
{
	struct dlb_pool pool;
	struct dlb_grant of_a, of_b;
	uint8_t owner[DLB_DIR_PORTS_MAX] = {0};
	unsigned int a, b, i;

	(void)state;
	dlb_pool_init(&pool, DLB_V25);
	a = make_plain(&pool);
	b = make_plain(&pool);
	take(&pool, a, DLB_RES_DIR_PORTS, 48, DLB_ST_SUCCESS, &of_a);
	take(&pool, b, DLB_RES_DIR_PORTS, 48, DLB_ST_SUCCESS, &of_b);
	for (i = 0; i < 48; i++) {
		assert_int_equal(owner[of_a.dir_ports[i]]++, 0);
		assert_int_equal(owner[of_b.dir_ports[i]]++, 0);
	}
	dlb_pool_give_back(&pool, a);
	take(&pool, a, DLB_RES_DIR_PORTS, 49, DLB_ST_DIR_PORTS_UNAVAILABLE, &of_a);
	dlb_pool_destroy(&pool, b);
	take(&pool, a, DLB_RES_DIR_PORTS, 96, DLB_ST_SUCCESS, &of_a);
	dlb_pool_destroy(&pool, a);
	expect_whole(&pool);
}

static void
a_failed_take_takes_nothing(void **state)
{
	struct dlb_pool pool, before;
	uint32_t need[DLB_RES_KINDS] = {[DLB_RES_LDB_QUEUES] = 4, [DLB_RES_ATOMIC] = 2049};
	struct dlb_grant grant;
	enum dlb_res short_of;
	unsigned int a;

	(void)state;
	dlb_pool_init(&pool, DLB_V25);
	a = make_plain(&pool);
	before = pool;
	assert_int_equal(dlb_pool_take(&pool, a, need, &grant, &short_of),
			 DLB_ST_ATOMIC_INFLIGHTS_UNAVAILABLE);
	assert_memory_equal(&before, &pool, sizeof(before));
}

static void
what_is_reserved_outlasts_a_stop(void **state)
{
	struct dlb_pool pool;
	struct dlb_grant first, second;
	unsigned int a, b;

	(void)state;
	dlb_pool_init(&pool, DLB_V25);
	a = make(&pool, REQUEST("ldb_queues", "4"));
	b = make_plain(&pool);
	take(&pool, a, DLB_RES_LDB_QUEUES, 3, DLB_ST_SUCCESS, &first);
	dlb_pool_give_back(&pool, a);
	take(&pool, b, DLB_RES_LDB_QUEUES, 28, DLB_ST_SUCCESS, &second);
	assert_int_equal(dlb_pool_free(&pool, DLB_RES_LDB_QUEUES), 0);
	memset(&second, DLB_NOBODY, sizeof(second));
	take(&pool, a, DLB_RES_LDB_QUEUES, 4, DLB_ST_SUCCESS, &second);
	assert_memory_equal(first.ldb_queues, second.ldb_queues, 3);
	take(&pool, b, DLB_RES_LDB_QUEUES, 29, DLB_ST_LDB_QUEUES_UNAVAILABLE, &first);
}

static void
history_is_in_one_piece(void **state)
{
	struct dlb_pool pool;
	struct dlb_grant grant;
	unsigned int a, b, c, d;

	(void)state;
	dlb_pool_init(&pool, DLB_V25);
	a = make(&pool, REQUEST("history", "600"));
	b = make(&pool, REQUEST("history", "600"));
	c = make(&pool, REQUEST("history", "600"));
	take(&pool, b, DLB_RES_HISTORY, 600, DLB_ST_SUCCESS, &grant);
	assert_int_equal(grant.history_base, 600);
	dlb_pool_destroy(&pool, b);
	/* 848 are free, 600 of them in a row. */
	assert_int_equal(dlb_pool_free(&pool, DLB_RES_HISTORY), 848);
	refused(&pool, REQUEST("history", "601"), DLB_ST_HIST_LIST_ENTRIES_UNAVAILABLE);
	/* The short piece at the end fits, so the long one stays whole. */
	d = make(&pool, REQUEST("history", "200"));
	take(&pool, d, DLB_RES_HISTORY, 200, DLB_ST_SUCCESS, &grant);
	assert_int_equal(grant.history_base, 1800);
	b = make_plain(&pool);
	assert_int_equal(dlb_pool_limit(&pool, b, DLB_RES_HISTORY), 600);
	take(&pool, b, DLB_RES_HISTORY, 600, DLB_ST_SUCCESS, &grant);
	assert_int_equal(grant.history_base, 600);
	(void)c;
	/* A short piece before a long one. */
	dlb_pool_destroy(&pool, b);
	dlb_pool_destroy(&pool, a);
	a = make(&pool, REQUEST("history", "100"));
	b = make(&pool, REQUEST("history", "500"));
	dlb_pool_destroy(&pool, a);
	a = make(&pool, REQUEST("history", "90"));
	take(&pool, a, DLB_RES_HISTORY, 90, DLB_ST_SUCCESS, &grant);
	assert_int_equal(grant.history_base, 0);
}

/* ---- Sequence numbers ---- */

static void
windows_of(struct dlb_pool *pool, unsigned int domain, uint16_t wanted, unsigned int n,
	   enum dlb_status status, struct dlb_window windows[DLB_LDB_QUEUES])
{
	uint16_t each[DLB_LDB_QUEUES];

	for (unsigned int i = 0; i < n; i++)
		each[i] = wanted;
	assert_int_equal(dlb_pool_take_windows(pool, domain, each, n, windows), status);
}

static void
alone_queues_get_the_largest_windows_that_fit(void **state)
{
	static const struct {
		unsigned int n;
		uint8_t mode; /* of the last one */
	} rows[] = {{1, 4}, {2, 4}, {3, 3}, {4, 3}, {8, 2}, {16, 1}, {32, 0}};
	struct dlb_window windows[DLB_LDB_QUEUES];
	struct dlb_pool pool;
	unsigned int a;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		dlb_pool_init(&pool, DLB_V25);
		a = make_plain(&pool);
		windows_of(&pool, a, 1024, rows[i].n, DLB_ST_SUCCESS, windows);
		assert_int_equal(windows[rows[i].n - 1].mode, rows[i].mode);
	}
}

static void
a_group_in_use_keeps_its_mode(void **state)
{
	struct dlb_window first[DLB_LDB_QUEUES], second[DLB_LDB_QUEUES];
	struct dlb_pool pool;
	unsigned int a, b, c, i;

	(void)state;
	dlb_pool_init(&pool, DLB_V25);
	a = make_plain(&pool);
	b = make_plain(&pool);
	c = make_plain(&pool);
	/* Shares are 682 of 2048: 512 it is. */
	windows_of(&pool, a, 1024, 1, DLB_ST_SUCCESS, first);
	assert_int_equal(first[0].mode, 3);
	windows_of(&pool, b, 64, 5, DLB_ST_SUCCESS, second);
	for (i = 0; i < 5; i++) {
		assert_int_equal(second[i].group, !first[0].group);
		assert_int_equal(second[i].slot, i);
		assert_int_equal(second[i].mode, 1);
	}
	assert_int_equal(pool.sn_mode[first[0].group], 3);
	/* One slot of 512 and three of 128 are left. */
	windows_of(&pool, c, 64, 5, DLB_ST_SEQUENCE_NUMBERS_UNAVAILABLE, second);
	windows_of(&pool, c, 64, 4, DLB_ST_SUCCESS, second);
	dlb_pool_destroy(&pool, a);
	dlb_pool_destroy(&pool, b);
	dlb_pool_destroy(&pool, c);
	expect_whole(&pool);
}

static void
fixed_modes_stay(void **state)
{
	struct dlb_window windows[DLB_LDB_QUEUES];
	struct dlb_pool pool;
	unsigned int a;

	(void)state;
	dlb_pool_init(&pool, DLB_V25);
	pool.sn_fixed = true;
	pool.sn_mode[0] = 0;
	pool.sn_mode[1] = 2;
	a = make_plain(&pool);
	windows_of(&pool, a, 1024, 5, DLB_ST_SUCCESS, windows);
	assert_int_equal(windows[3].group, 1);
	assert_int_equal(windows[4].group, 0);
	assert_int_equal(pool.sn_mode[0], 0);
	assert_int_equal(pool.sn_mode[1], 2);
	assert_int_equal(dlb_pool_sequence_numbers(&pool, a), 4 * 256 + 64);
	assert_int_equal(dlb_pool_sequence_numbers(&pool, DLB_NOBODY), 15 * 64);
	dlb_pool_give_back(&pool, a);
	windows_of(&pool, a, 64, 21, DLB_ST_SEQUENCE_NUMBERS_UNAVAILABLE, windows);
}

/* However many domains there are, each can have all of its share, one after the other. */
static void
every_even_share_can_be_taken(void **state)
{
	struct dlb_window windows[DLB_LDB_QUEUES];
	uint32_t need[DLB_RES_KINDS];
	struct dlb_pool pool;
	struct dlb_grant grant;
	enum dlb_res short_of;
	unsigned int n, d;
	int res;

	(void)state;
	for (n = 1; n <= DLB_DOMAINS; n++) {
		dlb_pool_init(&pool, n % 2 == 0 ? DLB_V20 : DLB_V25);
		for (d = 0; d < n; d++)
			make_plain(&pool);
		for (d = 0; d < n; d++) {
			for (res = 0; res < DLB_RES_KINDS; res++) {
				need[res] = dlb_pool_limit(&pool, d, res);
				assert_int_equal(need[res], dlb_pool_total(&pool, res) / n);
			}
			assert_int_equal(dlb_pool_take(&pool, d, need, &grant, &short_of),
					 DLB_ST_SUCCESS);
			windows_of(&pool, d, 1024, need[DLB_RES_LDB_QUEUES], DLB_ST_SUCCESS,
				   windows);
		}
		for (d = 0; d < n; d++)
			dlb_pool_destroy(&pool, d);
		expect_whole(&pool);
	}
}

/* ---- Part of a device ---- */

static void
grant_range(bool granted[], unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i <= last; i++)
		granted[i] = true;
}

/* Domain 3, with the second quarter of everything, ports in two pieces. */
static struct dlb_part
a_quarter(void)
{
	struct dlb_part part = {
		.domain = 3,
		.amount = {8, 12, 24, 4096, 0, 512, 512},
		.sn_mode = {1, 1},
	};

	grant_range(part.ldb_queues, 8, 15);
	grant_range(part.ldb_ports, 4, 7);
	grant_range(part.ldb_ports, 16, 23);
	grant_range(part.dir_ports, 24, 47);
	grant_range(part.history, 512, 1023);
	grant_range(part.windows[0], 4, 7);
	return part;
}

static void
a_part_gives_its_numbers_and_no_others(void **state)
{
	struct dlb_part part = a_quarter();
	uint32_t need[DLB_RES_KINDS] = {8, 12, 24, 4096, 0, 512, 512};
	struct dlb_request request;
	struct dlb_grant grant;
	struct dlb_pool pool;
	struct dlb_window windows[5];
	uint16_t wanted[] = {1024, 64, 64, 64, 64};
	enum dlb_res short_of;
	unsigned int domain;

	(void)state;
	dlb_pool_init(&pool, DLB_V25);
	dlb_pool_restrict(&pool, &part);
	dlb_request_init(&request);
	assert_int_equal(dlb_pool_create(&pool, &request, &domain, &short_of), DLB_ST_SUCCESS);
	assert_int_equal(domain, 3);
	for (unsigned int res = 0; res < DLB_RES_KINDS; res++) {
		assert_int_equal(dlb_pool_total(&pool, res), need[res]);
		assert_int_equal(dlb_pool_limit(&pool, domain, res), need[res]);
	}
	assert_int_equal(dlb_pool_take(&pool, domain, need, &grant, &short_of), DLB_ST_SUCCESS);
	assert_int_equal(grant.ldb_queues[0], 8);
	assert_int_equal(grant.ldb_queues[7], 15);
	assert_int_equal(grant.ldb_ports[3], 7);
	assert_int_equal(grant.ldb_ports[4], 16);
	assert_int_equal(grant.ldb_ports[11], 23);
	assert_int_equal(grant.dir_ports[0], 24);
	assert_int_equal(grant.dir_ports[23], 47);
	assert_int_equal(grant.history_base, 512);
	assert_int_equal(dlb_pool_take_windows(&pool, domain, wanted, 4, windows), DLB_ST_SUCCESS);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(windows[i].group, 0);
		assert_int_equal(windows[i].slot, 4 + i);
		assert_int_equal(windows[i].mode, 1);
	}
	dlb_pool_give_back(&pool, domain);
	assert_int_equal(dlb_pool_take_windows(&pool, domain, wanted, 5, windows),
			 DLB_ST_SEQUENCE_NUMBERS_UNAVAILABLE);
	/* There is one domain of it. */
	assert_int_equal(dlb_pool_create(&pool, &request, &domain, &short_of),
			 DLB_ST_DOMAIN_UNAVAILABLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_read_and_refused),
		cmocka_unit_test(alone_a_domain_has_everything),
		cmocka_unit_test(what_nobody_reserved_is_shared_evenly),
		cmocka_unit_test(what_does_not_fit_is_refused_by_name),
		cmocka_unit_test(there_are_32_domains),
		cmocka_unit_test(ports_come_from_the_classes_asked_for),
		cmocka_unit_test(numbers_of_two_domains_never_meet),
		cmocka_unit_test(a_failed_take_takes_nothing),
		cmocka_unit_test(what_is_reserved_outlasts_a_stop),
		cmocka_unit_test(history_is_in_one_piece),
		cmocka_unit_test(alone_queues_get_the_largest_windows_that_fit),
		cmocka_unit_test(a_group_in_use_keeps_its_mode),
		cmocka_unit_test(fixed_modes_stay),
		cmocka_unit_test(every_even_share_can_be_taken),
		cmocka_unit_test(a_part_gives_its_numbers_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
