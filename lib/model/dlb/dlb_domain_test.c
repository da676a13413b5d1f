/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Several domains on one device: none reaches into another, and one is reset while others run.
 * Datasheet sections 2.2, 5.4, 7.1 and 8.1.
 */
#include "dlb_test_case.h"

/* Two domains with numbers that lie between each other's: queue, producer and consumer of each. */
#define DOMAINS 2
static const uint32_t domain_of[DOMAINS] = {0, 31};
static const uint32_t queue_of[DOMAINS] = {4, 3};
static const uint32_t producer_of[DOMAINS] = {20, 21};
static const uint32_t consumer_of[DOMAINS] = {41, 40};
static const uint32_t pair_of[DOMAINS] = {9, 8};

/* Ingress alarm, section 9.4. */
enum { CODE_ILLEGAL_QID = 3 };

static void
set_up(struct rig *r, unsigned int i)
{
	rig_domain(r, domain_of[i], 64, 64);
	rig_ldb_queue(r, domain_of[i], queue_of[i], rig_queue_plain());
	rig_ldb_port(r, domain_of[i], producer_of[i], 8, 8);
	rig_ldb_port(r, domain_of[i], consumer_of[i], 64, 64);
	rig_dir_port(r, domain_of[i], pair_of[i], 64);
	rig_dir_queue(r, domain_of[i], pair_of[i], 16);
	rig_link(r, queue_of[i], consumer_of[i], 0, 0);
	rig_start(r, domain_of[i]);
}

static void
set_up_all(struct rig *r)
{
	for (unsigned int i = 0; i < DOMAINS; i++)
		set_up(r, i);
	rig_write(r, DLB_SYS_INGRESS_ALARM_ENBL, 0,
		  (uint32_t)REG_MASK(DLB_SYS_INGRESS_ALARM_ENBL_ILLEGAL_QID));
}

static void
send(struct rig *r, uint32_t port, enum dlb_sched sched, uint32_t qid, uint64_t data)
{
	rig_send_one(r, port, rig_hcw(DLB_CMD_NEW, sched, qid, 0, (uint32_t)data & 7, data));
}

/* n events of its own through both kinds of queues, all of them back and in order. */
static void
pass(struct rig *r, unsigned int i, uint64_t first, unsigned int n)
{
	for (uint64_t data = first; data < first + n; data++) {
		send(r, producer_of[i], DLB_UNORDERED, queue_of[i], data);
		send(r, producer_of[i], DLB_DIRECTED, pair_of[i], data);
		rig_step(r);
		expect_qe(r, consumer_of[i], data);
		expect_qe(r, RIG_DIR(pair_of[i]), data);
		rig_finish(r, consumer_of[i]);
		rig_tokens(r, RIG_DIR(pair_of[i]), 1);
	}
}

static void
expect_all_idle(struct rig *r)
{
	for (unsigned int i = 0; i < DOMAINS; i++) {
		expect_nothing(r, consumer_of[i]);
		expect_nothing(r, RIG_DIR(pair_of[i]));
		assert_int_equal(rig_depth(r, queue_of[i]), 0);
	}
}

/* The alarm says port and code; writing its valid bit makes room for the next one. */
static void
expect_illegal_qid(struct rig *r, uint32_t port)
{
	uint32_t syndrome;

	rig_step(r);
	syndrome = rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0);
	assert_true(REG_GET(DLB_SYS_ALARM_PF_SYND0_VALID, syndrome));
	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_AID, syndrome), CODE_ILLEGAL_QID);
	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_SYNDROME, syndrome) & 0x7f,
			 port % DLB_LDB_PORTS);
	rig_write(r, DLB_SYS_ALARM_PF_SYND0, 0, (uint32_t)REG_MASK(DLB_SYS_ALARM_PF_SYND0_VALID));
}

static void
neither_domain_reaches_a_queue_of_the_other(void **state)
{
	struct rig *r = *state;

	set_up_all(r);
	for (unsigned int i = 0; i < DOMAINS; i++) {
		unsigned int other = !i;
		const uint32_t senders[] = {producer_of[i], consumer_of[i], RIG_DIR(pair_of[i])};

		for (unsigned int s = 0; s < 3; s++) {
			send(r, senders[s], DLB_UNORDERED, queue_of[other], 1);
			expect_illegal_qid(r, senders[s]);
			send(r, senders[s], DLB_ATOMIC, queue_of[other], 2);
			expect_illegal_qid(r, senders[s]);
			send(r, senders[s], DLB_DIRECTED, pair_of[other], 3);
			expect_illegal_qid(r, senders[s]);
		}
	}
	expect_all_idle(r);
	/* Nobody paid for what was not let in. */
	pass(r, 0, 100, 80);
	pass(r, 1, 200, 80);
}

/* A forward of a held event is no way across either; what was held is gone, as section 7.1 says. */
static void
a_forward_does_not_cross(void **state)
{
	struct rig *r = *state;

	set_up_all(r);
	send(r, producer_of[0], DLB_UNORDERED, queue_of[0], 5);
	rig_step(r);
	expect_qe(r, consumer_of[0], 5);
	rig_forward(r, consumer_of[0], DLB_UNORDERED, queue_of[1], 0, 5);
	expect_illegal_qid(r, consumer_of[0]);
	expect_all_idle(r);
}

static void
credits_of_one_domain_are_not_the_others(void **state)
{
	struct rig *r = *state;

	set_up_all(r);
	for (unsigned int n = 0; n < 500; n++)
		send(r, producer_of[0], DLB_UNORDERED, queue_of[0], n);
	rig_step(r);
	/* Domain 0 has run dry; the other one does not notice. */
	pass(r, 1, 1000, 200);
	assert_int_equal(rig_poll_all(r, consumer_of[0]), 64);
}

static void
a_reset_leaves_the_other_domain_alone(void **state)
{
	struct rig *r = *state;
	uint64_t data = 0;

	set_up_all(r);
	for (unsigned int round = 0; round < 20; round++) {
		/* Both have events in queues and in CQs when one of them goes. */
		for (unsigned int n = 0; n < 70; n++) {
			send(r, producer_of[0], DLB_UNORDERED, queue_of[0], n);
			if (n < 40)
				send(r, producer_of[1], DLB_UNORDERED, queue_of[1], data + n);
			rig_step(r);
		}
		assert_int_equal(rig_domain_reset(r, domain_of[0]), 0);
		for (unsigned int n = 0; n < 40; n++) {
			expect_qe(r, consumer_of[1], data++);
			rig_finish(r, consumer_of[1]);
		}
		pass(r, 1, data, 5);
		data += 5;
		expect_nothing(r, consumer_of[1]);
		set_up(r, 0);
		pass(r, 0, 0, 3);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(neither_domain_reaches_a_queue_of_the_other),
		ON_BOTH(a_forward_does_not_cross),
		ON_BOTH(credits_of_one_domain_are_not_the_others),
		ON_BOTH(a_reset_leaves_the_other_domain_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
