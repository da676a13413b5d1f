/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What the DLB tells about commands it could not follow: the syndrome of each cause, what is kept
 * of the command, what masks it, and what must never raise one. Datasheet sections 4.3, 7 and 9.4.
 */
#include "dlb_test_pci.h"

/* Alarm ids. */
enum { ILLEGAL_QID = 3, DISABLED_QID = 4, ILLEGAL_HCW = 5 };
enum { CHP_ILLEGAL_ENQ = 1, CHP_EXCESS_TOKEN_POPS = 2 };
#define SOURCE_SYS 0u
#define SOURCE_DLB 1u
#define UNIT_CHP   4u

/* Bits of SYS_INGRESS_ALARM_ENBL. */
enum {
	ENABLE_HCW = 1 << 0,
	ENABLE_PP = 1 << 1,
	ENABLE_QID = 1 << 3,
	ENABLE_DISABLED_QID = 1 << 4,
	ENABLE_QID_CFG = 1 << 5,
	ENABLE_ALL = 0x3f,
};

/* Valid and more: writing them clears. */
#define SYND_CLEAR UINT32_C(0xc0000000)
/* Bits 31 and 30 of syndrome word 2 are reserved. */
#define SYND2_BITS UINT32_C(0x3fffffff)

/* Queues of the bench. */
enum { QUEUE = 0, QUEUE_DISABLED = 1, QUEUE_FOREIGN = 2, QUEUE_UNORDERED_ONLY = 3 };

/* Domain 0 with a queue of each kind that an enqueue can fail on; domain 1 owns one of them. */
static void
set_up(struct rig *r)
{
	struct rig_queue no_atomic = rig_queue_plain();

	no_atomic.stage = 0;
	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_ldb_queue(r, 0, QUEUE_DISABLED, rig_queue_plain());
	rig_ldb_queue(r, 1, QUEUE_FOREIGN, rig_queue_plain());
	rig_ldb_queue(r, 0, QUEUE_UNORDERED_ONLY, no_atomic);
	rig_dir_port(r, 0, 2, 8);
	rig_dir_queue(r, 0, 2, 8);
	rig_dir_port(r, 0, r->dir_ports - 1, 8);
	rig_dir_queue(r, 0, r->dir_ports - 1, 8);
	rig_start(r, 0);
	rig_write(r, DLB_SYS_LDB_QID_V, QUEUE_DISABLED, 0);
	rig_write(r, DLB_SYS_INGRESS_ALARM_ENBL, 0, ENABLE_ALL);
	pci_listen(r);
	pci_msix_on(r);
}

/* A command with something in every byte that a syndrome keeps. */
static struct dlb_qe
command(enum dlb_cmd cmd, enum dlb_sched sched, uint32_t qid)
{
	struct dlb_qe hcw = rig_hcw(cmd, sched, qid, 5, 0x1234, 0x1122334455667788);

	hcw.meta |= REG_PUT(DLB_QE_OPAQUE, 0xbeef) | REG_PUT(DLB_QE_MSG, 6);
	/* Byte 14 bit 0: wants a timestamp. */
	hcw.meta |= REG_PUT(DLB_QE_FLAGS, 1);
	return hcw;
}

static void
send_and_see(struct rig *r, uint32_t port, struct dlb_qe hcw)
{
	rig_send_one(r, port, hcw);
	rig_step(r);
	rig_flush(r);
}

static uint32_t
port_number(uint32_t port)
{
	return port < DLB_LDB_PORTS ? port : port - DLB_LDB_PORTS;
}

static void
clear(struct rig *r)
{
	rig_write(r, DLB_SYS_ALARM_PF_SYND0, 0, SYND_CLEAR);
	rig_write(r, DLB_SYS_ALARM_HW_SYND, 0, SYND_CLEAR);
	/* One that waited for the acknowledgement may come with it, and wants its own. */
	rig_write(r, DLB_SYS_MSIX_ACK, 0, 1);
	rig_write(r, DLB_SYS_MSIX_ACK, 0, 1);
	memset(pci_irqs, 0, sizeof(pci_irqs));
}

static void
expect_silence(struct rig *r)
{
	rig_step(r);
	assert_int_equal(
		REG_GET(DLB_SYS_ALARM_PF_SYND0_VALID, rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0)), 0);
	assert_int_equal(
		REG_GET(DLB_SYS_ALARM_HW_SYND_VALID, rig_read(r, DLB_SYS_ALARM_HW_SYND, 0)), 0);
	assert_int_equal(pci_irq0(), 0);
}

static void
expect_command(struct rig *r, struct dlb_qe hcw)
{
	assert_int_equal(rig_read(r, DLB_SYS_ALARM_PF_SYND1, 0), (uint32_t)hcw.meta);
	assert_int_equal(rig_read(r, DLB_SYS_ALARM_PF_SYND2, 0) & SYND2_BITS,
			 (uint32_t)(hcw.meta >> 32) & SYND2_BITS);
}

/* The syndrome of an ingress error: port, kind of port, and the command's last eight bytes. */
static void
expect_port(struct rig *r, uint32_t port, struct dlb_qe hcw)
{
	uint32_t synd = rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0);

	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_VALID, synd), 1);
	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_MORE, synd), 0);
	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_SOURCE, synd), SOURCE_SYS);
	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_SYNDROME, synd) & 0x7f, port_number(port));
	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_IS_LDB, synd), port < DLB_LDB_PORTS);
	expect_command(r, hcw);
	assert_int_equal(pci_irq0(), 1);
}

/* Send a command that raises an ingress alarm: this one, at once; and it can be cleared. */
static void
expect_ingress(struct rig *r, uint32_t port, struct dlb_qe hcw, uint32_t id)
{
	send_and_see(r, port, hcw);
	expect_port(r, port, hcw);
	assert_int_equal(
		REG_GET(DLB_SYS_ALARM_PF_SYND0_AID, rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0)), id);
	clear(r);
	expect_silence(r);
}

/* Send a command that the credit/history pipe complains about. */
static void
expect_chp(struct rig *r, uint32_t port, struct dlb_qe hcw, uint32_t id)
{
	uint32_t synd;

	send_and_see(r, port, hcw);
	synd = rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0);
	assert_int_equal(synd >> 30, 2);
	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_SOURCE, synd), SOURCE_DLB);
	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_UNIT, synd), UNIT_CHP);
	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_AID, synd), id);
	assert_int_equal(REG_GET(DLB_SYS_ALARM_PF_SYND0_SYNDROME, synd),
			 port_number(port) | (port < DLB_LDB_PORTS ? 0x80u : 0));
	expect_command(r, hcw);
	assert_int_equal(pci_irq0(), 1);
	clear(r);
	expect_silence(r);
}

/* ---- Ingress alarms ---- */

static void
illegal_commands(void **state)
{
	static const uint8_t reserved[] = {0x4, 0x6, 0x7, 0xe, 0xf};
	static const uint8_t not_directed[] = {
		DLB_CMD_COMP,  DLB_CMD_COMP_T, DLB_CMD_FWD,
		DLB_CMD_FWD_T, DLB_CMD_FRAG,   DLB_CMD_FRAG_T,
	};

	struct rig *r = *state;
	uint32_t dir[] = {RIG_DIR(2), RIG_DIR(r->dir_ports - 1)};

	set_up(r);
	for (size_t i = 0; i < sizeof(reserved); i++) {
		struct dlb_qe hcw = command(reserved[i], DLB_UNORDERED, QUEUE);

		expect_ingress(r, 0, hcw, ILLEGAL_HCW);
		expect_ingress(r, RIG_PRODUCER, hcw, ILLEGAL_HCW);
		expect_ingress(r, dir[0], hcw, ILLEGAL_HCW);
		expect_ingress(r, dir[1], hcw, ILLEGAL_HCW);
	}
	/* The queue is bad too, but the command is checked first. */
	for (size_t i = 0; i < sizeof(not_directed); i++)
		for (size_t p = 0; p < 2; p++)
			expect_ingress(r, dir[p], command(not_directed[i], DLB_UNORDERED, 200),
				       ILLEGAL_HCW);
}

static void
illegal_queues(void **state)
{
	static const uint8_t out_of_range[] = {DLB_LDB_QUEUES, 127, 128, 255};
	struct rig *r = *state;

	set_up(r);
	for (size_t i = 0; i < sizeof(out_of_range); i++)
		expect_ingress(r, RIG_PRODUCER,
			       command(DLB_CMD_NEW, DLB_UNORDERED, out_of_range[i]), ILLEGAL_QID);
	expect_ingress(r, RIG_DIR(2), command(DLB_CMD_NEW, DLB_DIRECTED, r->dir_ports),
		       ILLEGAL_QID);
	expect_ingress(r, RIG_DIR(r->dir_ports - 1), command(DLB_CMD_NEW, DLB_DIRECTED, 255),
		       ILLEGAL_QID);
	/* Not of this domain, and not of any. */
	expect_ingress(r, RIG_PRODUCER, command(DLB_CMD_NEW, DLB_ATOMIC, QUEUE_FOREIGN),
		       ILLEGAL_QID);
	expect_ingress(r, RIG_DIR(2), command(DLB_CMD_NEW, DLB_UNORDERED, 30), ILLEGAL_QID);
	expect_ingress(r, RIG_PRODUCER, command(DLB_CMD_NEW, DLB_DIRECTED, 3), ILLEGAL_QID);
}

static void
disabled_queues(void **state)
{
	struct rig *r = *state;

	set_up(r);
	expect_ingress(r, RIG_PRODUCER, command(DLB_CMD_NEW, DLB_UNORDERED, QUEUE_DISABLED),
		       DISABLED_QID);
	rig_write(r, DLB_SYS_DIR_QID_V, 2, 0);
	expect_ingress(r, RIG_DIR(2), command(DLB_CMD_NEW, DLB_DIRECTED, 2), DISABLED_QID);
}

/* The datasheet gives these two no id: only that they are told, and masked, like the others. */
static void
alarms_without_an_id(void **state)
{
	struct rig *r = *state;
	struct dlb_qe hcw = command(DLB_CMD_NEW, DLB_ATOMIC, QUEUE_UNORDERED_ONLY);

	set_up(r);
	send_and_see(r, RIG_PRODUCER, hcw);
	expect_port(r, RIG_PRODUCER, hcw);
	clear(r);
	hcw = command(DLB_CMD_NEW, DLB_ORDERED, QUEUE_UNORDERED_ONLY);
	send_and_see(r, RIG_PRODUCER, hcw);
	expect_port(r, RIG_PRODUCER, hcw);
	clear(r);
	/* Ports that were never made. */
	hcw = command(DLB_CMD_NEW, DLB_UNORDERED, QUEUE);
	send_and_see(r, 17, hcw);
	expect_port(r, 17, hcw);
	clear(r);
	send_and_see(r, RIG_DIR(9), hcw);
	expect_port(r, RIG_DIR(9), hcw);
	clear(r);
	expect_silence(r);
}

/* With its own bit off an error is dropped without a word, whatever the other bits say. */
static void
each_bit_masks_its_own(void **state)
{
	struct rig *r = *state;
	struct {
		uint32_t bit, port;
		struct dlb_qe hcw;
	} error[] = {
		{ENABLE_HCW, 0, command(0x4, DLB_UNORDERED, QUEUE)},
		{ENABLE_PP, 17, command(DLB_CMD_NEW, DLB_UNORDERED, QUEUE)},
		{ENABLE_QID, 0, command(DLB_CMD_NEW, DLB_UNORDERED, 99)},
		{ENABLE_DISABLED_QID, 0, command(DLB_CMD_NEW, DLB_ATOMIC, QUEUE_DISABLED)},
		{ENABLE_QID_CFG, 0, command(DLB_CMD_NEW, DLB_ATOMIC, QUEUE_UNORDERED_ONLY)},
	};

	set_up(r);
	for (size_t i = 0; i < sizeof(error) / sizeof(error[0]); i++) {
		rig_write(r, DLB_SYS_INGRESS_ALARM_ENBL, 0, ENABLE_ALL & ~error[i].bit);
		send_and_see(r, error[i].port, error[i].hcw);
		expect_silence(r);
		rig_write(r, DLB_SYS_INGRESS_ALARM_ENBL, 0, error[i].bit);
		send_and_see(r, error[i].port, error[i].hcw);
		expect_port(r, error[i].port, error[i].hcw);
		clear(r);
	}
}

/* ---- Alarms of the credit/history pipe ---- */

static void
completions_nobody_waits_for(void **state)
{
	struct rig *r = *state;

	set_up(r);
	expect_chp(r, 0, command(DLB_CMD_COMP, 0, 0), CHP_ILLEGAL_ENQ);
	expect_chp(r, RIG_PRODUCER, command(DLB_CMD_FWD, DLB_UNORDERED, QUEUE), CHP_ILLEGAL_ENQ);
	assert_int_equal(rig_depth(r, QUEUE), 0);
	/* They need no enabling. */
	rig_write(r, DLB_SYS_INGRESS_ALARM_ENBL, 0, 0);
	expect_chp(r, 0, command(DLB_CMD_COMP, 0, 0), CHP_ILLEGAL_ENQ);
}

static void
enqueues_without_credit(void **state)
{
	struct rig *r = *state;

	set_up(r);
	rig_domain(r, 0, 0, 0);
	expect_chp(r, RIG_PRODUCER, command(DLB_CMD_NEW, DLB_UNORDERED, QUEUE), CHP_ILLEGAL_ENQ);
	expect_chp(r, RIG_DIR(2), command(DLB_CMD_NEW, DLB_DIRECTED, 2), CHP_ILLEGAL_ENQ);
	assert_int_equal(rig_depth(r, QUEUE), 0);
}

static void
tokens_nobody_has(void **state)
{
	struct rig *r = *state;
	uint32_t last = r->dir_ports - 1;

	set_up(r);
	expect_chp(r, 0, rig_hcw(DLB_CMD_BAT_T, 0, 0, 0, 0, 0), CHP_EXCESS_TOKEN_POPS);
	expect_chp(r, RIG_DIR(last), rig_hcw(DLB_CMD_BAT_T, 0, 0, 0, 5, 0), CHP_EXCESS_TOKEN_POPS);
	/* One in use, two returned: the one counts. */
	rig_new(r, DLB_UNORDERED, QUEUE, 0, 1);
	rig_step(r);
	expect_qe(r, 0, 1);
	expect_chp(r, 0, rig_hcw(DLB_CMD_BAT_T, 0, 0, 0, 1, 0), CHP_EXCESS_TOKEN_POPS);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 0);
}

/* ---- Several at once ---- */

static void
the_first_one_is_kept(void **state)
{
	struct rig *r = *state;
	struct dlb_qe first = command(DLB_CMD_NEW, DLB_UNORDERED, 99);
	uint32_t synd;

	set_up(r);
	send_and_see(r, RIG_PRODUCER, first);
	expect_port(r, RIG_PRODUCER, first);
	synd = rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0);
	send_and_see(r, RIG_DIR(2), command(DLB_CMD_COMP, DLB_ATOMIC, 7));
	assert_int_equal(rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0),
			 synd | REG_MASK(DLB_SYS_ALARM_PF_SYND0_MORE));
	assert_int_equal(rig_read(r, DLB_SYS_ALARM_PF_SYND1, 0), (uint32_t)first.meta);
	/* Without the bits nothing is cleared. */
	rig_write(r, DLB_SYS_ALARM_PF_SYND0, 0, 0);
	assert_int_equal(rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0),
			 synd | REG_MASK(DLB_SYS_ALARM_PF_SYND0_MORE));
	clear(r);
	assert_int_equal(rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0) & SYND_CLEAR, 0);
	expect_ingress(r, RIG_DIR(2), command(DLB_CMD_COMP, DLB_ATOMIC, 7), ILLEGAL_HCW);
}

/* Whichever block it is from: they share the record. */
static void
alarms_of_both_kinds_share_the_record(void **state)
{
	struct rig *r = *state;
	struct dlb_qe first = command(DLB_CMD_COMP, 0, 0);
	uint32_t synd;

	set_up(r);
	send_and_see(r, 0, first);
	synd = rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0);
	assert_int_equal(synd >> 30, 2);
	send_and_see(r, RIG_DIR(2), command(DLB_CMD_NEW, DLB_UNORDERED, 99));
	send_and_see(r, RIG_DIR(2), rig_hcw(DLB_CMD_BAT_T, 0, 0, 0, 5, 0));
	assert_int_equal(rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0),
			 synd | REG_MASK(DLB_SYS_ALARM_PF_SYND0_MORE));
	expect_command(r, first);
	clear(r);
	expect_chp(r, RIG_DIR(2), rig_hcw(DLB_CMD_BAT_T, 0, 0, 0, 5, 0), CHP_EXCESS_TOKEN_POPS);
}

/* Section 9.3: the vector waits for its acknowledgement, unless it is let through. */
static void
vector_0_waits_for_its_acknowledgement(void **state)
{
	struct rig *r = *state;
	struct dlb_qe bad = command(DLB_CMD_NEW, DLB_UNORDERED, 99);

	set_up(r);
	send_and_see(r, 0, bad);
	assert_int_equal(pci_irq0(), 1);
	rig_write(r, DLB_SYS_ALARM_PF_SYND0, 0, SYND_CLEAR);
	send_and_see(r, 0, bad);
	assert_int_equal(pci_irq0(), 1);
	clear(r);
	send_and_see(r, 0, bad);
	assert_int_equal(pci_irq0(), 1);
	rig_write(r, DLB_SYS_MSIX_PASSTHRU, 0, 1);
	rig_write(r, DLB_SYS_ALARM_PF_SYND0, 0, SYND_CLEAR);
	send_and_see(r, 0, bad);
	assert_int_equal(pci_irq0(), 2);
}

/* ---- What never raises one ---- */

/* Section 4.3, rule 1. */
static void
fillers_are_silent(void **state)
{
	static const uint32_t ports[] = {0, RIG_PRODUCER, RIG_DIR(2)};
	struct rig *r = *state;
	struct dlb_qe line[DLB_LINE_HCWS];

	set_up(r);
	for (uint32_t k = 0; k < DLB_LINE_HCWS; k++) {
		line[k].data = UINT64_MAX;
		line[k].meta = UINT64_C(0x00ffffffffffffff);
	}
	line[1] = rig_hcw(DLB_CMD_NOOP, DLB_DIRECTED, 0xff, 7, 0xffff, 0);
	line[2] = rig_hcw(DLB_CMD_NOOP, 0, 0, 0, 0, 0);
	line[2].meta |= REG_PUT(DLB_QE_OPAQUE, 0x55aa);
	for (size_t p = 0; p < sizeof(ports) / sizeof(ports[0]); p++) {
		rig_send(r, ports[p], line, DLB_LINE_HCWS);
		expect_silence(r);
	}
	/* One command to a port that is not there is one alarm, not four. */
	line[0] = command(DLB_CMD_NEW, DLB_UNORDERED, QUEUE);
	rig_send(r, 17, line, DLB_LINE_HCWS);
	rig_step(r);
	expect_port(r, 17, line[0]);
}

/* Rule 2: bytes that these commands have no use for hold anything. */
static void
odd_bytes_of_completions_are_silent(void **state)
{
	struct rig *r = *state;
	struct dlb_qe hcw;

	set_up(r);
	for (uint32_t n = 0; n < 3; n++)
		rig_new(r, DLB_UNORDERED, QUEUE, 0, n);
	rig_new(r, DLB_DIRECTED, 2, 0, 9);
	rig_step(r);
	assert_int_equal(rig_poll_all(r, 0), 3);
	assert_int_equal(rig_poll_all(r, RIG_DIR(2)), 1);
	hcw = rig_hcw(DLB_CMD_COMP, DLB_DIRECTED, 0xff, 7, 0xffff, UINT64_MAX);
	rig_send_one(r, 0, hcw);
	hcw = rig_hcw(DLB_CMD_COMP, DLB_ATOMIC, 200, 3, 0x8000, 1);
	rig_send_one(r, 0, hcw);
	hcw = rig_hcw(DLB_CMD_BAT_T, DLB_DIRECTED, 0xff, 7, 1, UINT64_MAX);
	rig_send_one(r, 0, hcw);
	hcw = rig_hcw(DLB_CMD_BAT_T, DLB_ORDERED, 0xff, 7, 0, UINT64_MAX);
	rig_send_one(r, RIG_DIR(2), hcw);
	/* Section 4.4: its token count is a matter of opinion, not of alarm. */
	hcw = rig_hcw(DLB_CMD_COMP_T, DLB_DIRECTED, 0xff, 7, 0xffff, UINT64_MAX);
	rig_send_one(r, 0, hcw);
	expect_silence(r);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, 0), 0);
	assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_TKN_CNT, 0), 0);
}

/* Arming is legal everywhere, and so is everything that a driver does from set-up to reset. */
static void
a_decent_life_is_silent(void **state)
{
	struct rig *r = *state;

	set_up(r);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_ARM, 0, 0xff, 0, 0, 0));
	rig_send_one(r, RIG_DIR(2), rig_hcw(DLB_CMD_ARM, 0, 0xff, 0, 0, 0));
	for (uint32_t n = 0; n < 30; n++) {
		rig_new(r, n % 2 ? DLB_ATOMIC : DLB_UNORDERED, QUEUE, n, n);
		rig_new(r, DLB_DIRECTED, 2, 0, n);
	}
	rig_step(r);
	expect_qe(r, 0, 0);
	rig_finish(r, 0);
	expect_silence(r);
	rig_write(r, DLB_SYS_LDB_QID_V, QUEUE_DISABLED, 1);
	assert_int_equal(rig_domain_reset(r, 0), 0);
	expect_silence(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(illegal_commands),
		ON_BOTH(illegal_queues),
		ON_BOTH(disabled_queues),
		ON_BOTH(alarms_without_an_id),
		ON_BOTH(each_bit_masks_its_own),
		ON_BOTH(completions_nobody_waits_for),
		ON_BOTH(enqueues_without_credit),
		ON_BOTH(tokens_nobody_has),
		ON_BOTH(the_first_one_is_kept),
		ON_BOTH(alarms_of_both_kinds_share_the_record),
		ON_BOTH(vector_0_waits_for_its_acknowledgement),
		ON_BOTH(fillers_are_silent),
		ON_BOTH(odd_bytes_of_completions_are_silent),
		ON_BOTH(a_decent_life_is_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
