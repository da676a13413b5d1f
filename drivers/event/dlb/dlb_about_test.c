/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What a server says of its device, true or not: nothing of it is believed that cannot be. The seam
 * and the registers are stood in for.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_malloc.h>

#include "dlb_about.h"
#include "dlb_domain.h"
#include "dlb_hw.h"

int dlb_logtype;

static const char *told;
static uint32_t csr;

const char *
access_about(const struct access_dev *access)
{
	RTE_SET_USED(access);
	return told;
}

uint32_t
dlb_reg_read(const struct dlb *dlb, enum dlb_reg reg, unsigned int i)
{
	RTE_SET_USED(dlb);
	RTE_SET_USED(reg);
	RTE_SET_USED(i);
	return csr;
}

/* There is no EAL. */
void *
rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	RTE_SET_USED(type);
	RTE_SET_USED(align);
	RTE_SET_USED(socket);
	return calloc(1, size);
}

void
rte_free(void *p)
{
	free(p);
}

#define QUEUES "\"ldb_queues\":[8,15]"
#define PORTS  "\"ldb_ports\":[4,7,16,31]"
#define PAIRS  "\"dir_ports\":[24,47]"
#define PAST   "\"history\":[512,1023]"
#define AMOUNTS "\"ldb_credits\":4096,\"atomic\":512"
#define NUMBERS "\"sn\":[128,128],\"sn_slots\":[[4,7],[]]"
#define PART(domain, queues, ports, pairs, past, amounts, numbers)                          \
	"{\"device\":\"dlb\",\"version\":\"2.5\",\"domain\":" domain "," queues "," ports   \
	"," pairs "," past "," amounts "," numbers "}"
#define GOOD PART("1", QUEUES, PORTS, PAIRS, PAST, AMOUNTS, NUMBERS)

static int
learn(struct dlb *dlb, const char *text)
{
	told = text;
	memset(dlb, 0, sizeof(*dlb));
	dlb->name = "event_dlb0";
	dlb->args.version = DLB_V25;
	return dlb_about_learn(dlb);
}

static void
a_part_is_as_it_is_told(void **state)
{
	static struct dlb dlb;

	RTE_SET_USED(state);
	csr = (uint32_t)REG_MASK(DLB_CHP_CFG_CHP_CSR_CTRL_CFG_64BYTES_QE_LDB_CQ_MODE);
	assert_int_equal(learn(&dlb, GOOD), 0);
	assert_non_null(dlb.part);
	assert_int_equal(dlb.part->domain, 1);
	assert_int_equal(dlb.part->amount[DLB_RES_LDB_QUEUES], 8);
	assert_int_equal(dlb.part->amount[DLB_RES_LDB_PORTS], 20);
	assert_int_equal(dlb.part->amount[DLB_RES_DIR_PORTS], 24);
	assert_int_equal(dlb.part->amount[DLB_RES_HISTORY], 512);
	assert_int_equal(dlb.part->amount[DLB_RES_CREDITS], 4096);
	assert_int_equal(dlb.part->amount[DLB_RES_ATOMIC], 512);
	assert_false(dlb.part->ldb_ports[3]);
	assert_true(dlb.part->ldb_ports[4] && dlb.part->ldb_ports[7]);
	assert_false(dlb.part->ldb_ports[8] || dlb.part->ldb_ports[32]);
	assert_int_equal(dlb.part->sn_mode[0], 1);
	assert_true(dlb.part->windows[0][4] && !dlb.part->windows[0][3]);
	assert_false(dlb.part->windows[1][4]);
	assert_true(dlb.args.sparse_cq);
	free(dlb.part);
}

static void
a_whole_device_is_nobodys_part(void **state)
{
	static const char *const texts[] = {
		NULL, "", "nonsense", "[]", "{}", "{\"device\":\"dlb\",\"version\":\"2.5\"}",
	};
	static struct dlb dlb;

	RTE_SET_USED(state);
	for (unsigned int i = 0; i < RTE_DIM(texts); i++) {
		assert_int_equal(learn(&dlb, texts[i]), 0);
		assert_null(dlb.part);
	}
}

static void
nonsense_is_refused(void **state)
{
	static const char *const texts[] = {
		"{\"domain\":1}",
		PART("-1", QUEUES, PORTS, PAIRS, PAST, AMOUNTS, NUMBERS),
		PART("32", QUEUES, PORTS, PAIRS, PAST, AMOUNTS, NUMBERS),
		PART("\"1\"", QUEUES, PORTS, PAIRS, PAST, AMOUNTS, NUMBERS),
		PART("1.5", QUEUES, PORTS, PAIRS, PAST, AMOUNTS, NUMBERS),
		PART("1", "\"ldb_queues\":[8,32]", PORTS, PAIRS, PAST, AMOUNTS, NUMBERS),
		PART("1", "\"ldb_queues\":[8]", PORTS, PAIRS, PAST, AMOUNTS, NUMBERS),
		PART("1", "\"ldb_queues\":8", PORTS, PAIRS, PAST, AMOUNTS, NUMBERS),
		PART("1", "\"ldb_queues\":[-1,7]", PORTS, PAIRS, PAST, AMOUNTS, NUMBERS),
		PART("1", QUEUES, "\"ldb_ports\":[7,4]", PAIRS, PAST, AMOUNTS, NUMBERS),
		PART("1", QUEUES, "\"ldb_ports\":[0,\"x\"]", PAIRS, PAST, AMOUNTS, NUMBERS),
		PART("1", QUEUES, PORTS, "\"dir_ports\":[0,96]", PAST, AMOUNTS, NUMBERS),
		PART("1", QUEUES, PORTS, PAIRS, "\"history\":[0,2048]", AMOUNTS, NUMBERS),
		PART("1", QUEUES, PORTS, PAIRS, "\"history\":[0,9223372036854775807]", AMOUNTS,
		     NUMBERS),
		PART("1", QUEUES, PORTS, PAIRS, PAST, "\"ldb_credits\":16385,\"atomic\":1", NUMBERS),
		PART("1", QUEUES, PORTS, PAIRS, PAST, "\"ldb_credits\":-1,\"atomic\":1", NUMBERS),
		PART("1", QUEUES, PORTS, PAIRS, PAST, "\"ldb_credits\":1,\"atomic\":2049", NUMBERS),
		PART("1", QUEUES, PORTS, PAIRS, PAST, AMOUNTS, "\"sn\":[128]"),
		PART("1", QUEUES, PORTS, PAIRS, PAST, AMOUNTS,
		     "\"sn\":[100,128],\"sn_slots\":[[],[]]"),
		PART("1", QUEUES, PORTS, PAIRS, PAST, AMOUNTS,
		     "\"sn\":[2048,128],\"sn_slots\":[[],[]]"),
		PART("1", QUEUES, PORTS, PAIRS, PAST, AMOUNTS,
		     "\"sn\":[128,128],\"sn_slots\":[[0,8],[]]"),
	};
	static struct dlb dlb;

	RTE_SET_USED(state);
	for (unsigned int i = 0; i < RTE_DIM(texts); i++) {
		if (learn(&dlb, texts[i]) != -EPROTO)
			fail_msg("taken: %s", texts[i]);
		assert_null(dlb.part);
	}
}

static void
what_is_settled_is_not_settled_again(void **state)
{
	static struct dlb dlb;

	RTE_SET_USED(state);
	told = GOOD;
	memset(&dlb, 0, sizeof(dlb));
	dlb.name = "event_dlb0";
	dlb.args.version = DLB_V25;
	strcpy(dlb.args.device_said, "sn=64:64");
	assert_int_equal(dlb_about_learn(&dlb), -EINVAL);
	free(dlb.part);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_is_as_it_is_told),
		cmocka_unit_test(a_whole_device_is_nobodys_part),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(what_is_settled_is_not_settled_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
