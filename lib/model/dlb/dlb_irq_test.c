/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Interrupts of consumer queues: what arms one, what fires it, where it goes in both MSI-X modes,
 * and that whoever arms and then looks misses nothing. Datasheet sections 9.1 to 9.3.
 */
#include "dlb_test_irq.h"

#define LDB 0u
#define DIR RIG_DIR(2)
/* Nanoseconds per sample of 64 CQs at an interval of 0. */
#define SAMPLE_NS 640u

/* Compressed mode: status registers, and the bits of vector 1 in ACK and PASSTHRU. */
#define VECTOR_1 2u

/* One LDB port and a directed one, both with vectors of their own. */
static void
set_up(struct rig *r, uint32_t depth)
{
	rig_balance(r, 1, depth, depth, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, 2, depth);
	rig_dir_queue(r, 0, 2, 8);
	rig_start(r, 0);
	irq_listen(r);
	irq_route(r, LDB, ISR_MSIX, 4);
	irq_route(r, DIR, ISR_MSIX, 63);
}

static uint32_t
vector_of(uint32_t port)
{
	return port == LDB ? 5 : 64;
}

static const uint32_t ports[] = {LDB, DIR};

#define EACH_PORT(port) \
	for (uint32_t at = 0, port = ports[0]; at < 2; at++, port = ports[at % 2])

static void
armed_port_fires_once(void **state)
{
	struct rig *r = *state;

	set_up(r, 8);
	EACH_PORT(port) {
		irq_threshold(r, port, 1);
		assert_false(irq_armed(r, port));
		irq_arm(r, port);
		assert_true(irq_armed(r, port));
		assert_int_equal(irq_take(vector_of(port)), 0);
		irq_feed(r, port, 1);
		rig_step(r);
		assert_int_equal(irq_take(vector_of(port)), 1);
		assert_false(irq_armed(r, port));
		irq_feed(r, port, 2);
		rig_step(r);
		assert_int_equal(irq_take(vector_of(port)), 0);
		/* Drained and armed again. */
		rig_finish(r, port);
		rig_finish(r, port);
		irq_arm(r, port);
		assert_int_equal(irq_take(vector_of(port)), 0);
		irq_feed(r, port, 3);
		rig_step(r);
		assert_int_equal(irq_take(vector_of(port)), 1);
	}
}

static void
unarmed_port_is_silent(void **state)
{
	struct rig *r = *state;

	set_up(r, 8);
	EACH_PORT(port) {
		irq_threshold(r, port, 1);
		irq_feed(r, port, 1);
		rig_step(r);
		assert_int_equal(irq_take(vector_of(port)), 0);
		assert_int_equal(irq_step_at(r, 1), BUS_NO_DEADLINE);
	}
}

static void
threshold_counts_what_is_in_the_queue(void **state)
{
	struct rig *r = *state;

	set_up(r, 16);
	EACH_PORT(port) {
		irq_threshold(r, port, 3);
		irq_arm(r, port);
		irq_feed(r, port, 1);
		irq_feed(r, port, 2);
		rig_step(r);
		assert_int_equal(irq_take(vector_of(port)), 0);
		/* One is taken out: it takes two more. */
		rig_finish(r, port);
		irq_feed(r, port, 3);
		rig_step(r);
		assert_int_equal(irq_take(vector_of(port)), 0);
		assert_true(irq_armed(r, port));
		irq_feed(r, port, 4);
		rig_step(r);
		assert_int_equal(irq_take(vector_of(port)), 1);
	}
}

/* Tokens that software withholds, to keep a CQ shallower than 8, are no QEs. */
static void
preset_tokens_do_not_count(void **state)
{
	struct rig *r = *state;

	set_up(r, 2);
	EACH_PORT(port) {
		irq_threshold(r, port, 1);
		irq_arm(r, port);
		rig_step(r);
		assert_int_equal(irq_take(vector_of(port)), 0);
		irq_feed(r, port, 1);
		rig_step(r);
		assert_int_equal(irq_take(vector_of(port)), 1);
	}
}

/* The other half of the rule that no wake-up is lost. */
static void
arming_at_the_threshold_fires_at_once(void **state)
{
	struct rig *r = *state;

	set_up(r, 16);
	EACH_PORT(port) {
		irq_threshold(r, port, 2);
		for (uint64_t n = 0; n < 3; n++)
			irq_feed(r, port, n);
		rig_step(r);
		assert_int_equal(irq_take(vector_of(port)), 0);
		irq_arm(r, port);
		assert_int_equal(irq_take(vector_of(port)), 1);
		assert_false(irq_armed(r, port));
	}
}

/* An ARM behind the token return of what was read counts what is left, and is taken even by a
 * register access, which steps nothing.
 */
static void
arm_comes_after_the_tokens_before_it(void **state)
{
	struct rig *r = *state;
	const struct dlb_qe hcw[2] = {
		rig_hcw(DLB_CMD_BAT_T, 0, 0, 0, 0, 0),
		rig_hcw(DLB_CMD_ARM, 0, 0, 0, 0, 0),
	};

	set_up(r, 8);
	EACH_PORT(port) {
		irq_threshold(r, port, 1);
		irq_feed(r, port, 1);
		rig_step(r);
		rig_send(r, port, hcw, 2);
		assert_true(irq_armed(r, port));
		assert_int_equal(irq_take(vector_of(port)), 0);
	}
}

static void
register_arms_as_the_command_does(void **state)
{
	struct rig *r = *state;

	set_up(r, 8);
	irq_threshold(r, LDB, 1);
	irq_threshold(r, DIR, 1);
	rig_write(r, DLB_CHP_LDB_CQ_INTR_ARMED0, 0, 1u << LDB);
	assert_int_equal(rig_read(r, DLB_CHP_LDB_CQ_INTR_ARMED0, 0), 1u << LDB);
	rig_write(r, DLB_CHP_DIR_CQ_INTR_ARMED0, 0, 1u << 2);
	/* Writing 0 disarms nobody. */
	rig_write(r, DLB_CHP_LDB_CQ_INTR_ARMED0, 0, 0);
	assert_true(irq_armed(r, LDB));
	irq_feed(r, LDB, 1);
	rig_step(r);
	assert_int_equal(irq_take(vector_of(LDB)), 1);
	assert_int_equal(rig_read(r, DLB_CHP_LDB_CQ_INTR_ARMED0, 0), 0);
	/* Fired ports are not armed by a write for others. */
	rig_write(r, DLB_CHP_LDB_CQ_INTR_ARMED0, 0, 2);
	assert_int_equal(irq_take(vector_of(LDB)), 0);
	assert_int_equal(rig_read(r, DLB_CHP_LDB_CQ_INTR_ARMED0, 0), 2);
	irq_feed(r, DIR, 1);
	rig_step(r);
	assert_int_equal(irq_take(vector_of(DIR)), 1);
	/* At the threshold already: at once, without a step. */
	rig_write(r, DLB_CHP_DIR_CQ_INTR_ARMED0, 0, 1u << 2);
	assert_int_equal(irq_take(vector_of(DIR)), 1);
}

/* The upper halves, and the last CQs that have bits. */
static void
upper_register_arms_the_upper_ports(void **state)
{
	struct rig *r = *state;

	set_up(r, 8);
	rig_dir_port(r, 0, 63, 8);
	rig_dir_queue(r, 0, 63, 8);
	rig_start(r, 0);
	irq_threshold(r, RIG_DIR(63), 1);
	irq_route(r, RIG_DIR(63), ISR_MSIX, 0);
	rig_write(r, DLB_CHP_DIR_CQ_INTR_ARMED1, 0, UINT32_C(1) << 31);
	irq_feed(r, RIG_DIR(63), 1);
	rig_step(r);
	assert_int_equal(irq_take(1), 1);
	rig_write(r, DLB_CHP_LDB_CQ_INTR_ARMED1, 0, UINT32_C(1) << 31);
	assert_true(irq_armed(r, 63));
	assert_int_equal(rig_read(r, DLB_CHP_LDB_CQ_INTR_ARMED0, 0), 0);
}

/* Open point 10: directed CQs 64 to 95 have no interrupt, and their ARM is no error. */
static void
upper_directed_ports_have_no_interrupt(void **state)
{
	struct rig *r = *state;

	set_up(r, 8);
	rig_dir_port(r, 0, 64, 8);
	rig_dir_queue(r, 0, 64, 8);
	rig_start(r, 0);
	rig_write(r, DLB_SYS_INGRESS_ALARM_ENBL, 0, 0x3f);
	irq_threshold(r, RIG_DIR(64), 1);
	irq_route(r, RIG_DIR(64), ISR_MSIX, 8);
	irq_arm(r, RIG_DIR(64));
	irq_feed(r, RIG_DIR(64), 7);
	rig_step(r);
	assert_int_equal(irq_take(9), 0);
	assert_int_equal(rig_read(r, DLB_CHP_DIR_CQ_INTR_ARMED0, 0), 0);
	assert_int_equal(rig_read(r, DLB_CHP_DIR_CQ_INTR_ARMED1, 0), 0);
	expect_qe(r, RIG_DIR(64), 7);
}

/* ---- Routes ---- */

static void
routes_without_a_vector_go_nowhere(void **state)
{
	struct rig *r = *state;

	set_up(r, 8);
	irq_threshold(r, LDB, 1);
	irq_feed(r, LDB, 1);
	rig_step(r);
	for (uint32_t code = ISR_OFF; code <= ISR_VF; code++) {
		irq_route(r, LDB, code, 4);
		irq_arm(r, LDB);
		assert_int_equal(irq_take(5), 0);
		assert_false(irq_armed(r, LDB));
	}
	assert_int_equal(rig_read(r, DLB_SYS_LDB_CQ_31_0_OCC_INT_STS, 0), 0);
}

/* A message of one's own: the data word, to the address, on 2.5, where any address can be had. */
static void
message_is_written_to_its_address(void **state)
{
	struct rig *r = *state;
	const uint64_t iova = TEST_HOST_IOVA + 64;
	uint32_t word;

	set_up(r, 8);
	irq_threshold(r, DIR, 1);
	irq_route(r, DIR, ISR_MESSAGE, 0);
	memset(r->host.memory + 64, 0, 8);
	rig_write(r, DLB_SYS_DIR_CQ_AI_ADDR_L, 2, (uint32_t)iova);
	rig_write(r, DLB_SYS_DIR_CQ_AI_ADDR_U, 2, (uint32_t)(iova >> 32));
	rig_write(r, DLB_SYS_DIR_CQ_AI_DATA, 2, UINT32_C(0x12345678));
	irq_feed(r, DIR, 1);
	irq_arm(r, DIR);
	rig_step(r);
	memcpy(&word, r->host.memory + 64, 4);
	assert_int_equal(word, UINT32_C(0x12345678));
	assert_int_equal(irq_take(0), 0);
}

static void
masked_vector_waits_in_its_own_bit(void **state)
{
	struct rig *r = *state;

	set_up(r, 8);
	EACH_PORT(port) {
		uint32_t v = vector_of(port);

		irq_threshold(r, port, 1);
		rig_write(r, DLB_MSIX_VECTOR_CTRL, v, 1);
		irq_arm(r, port);
		irq_feed(r, port, 1);
		rig_step(r);
		assert_int_equal(irq_take(v), 0);
		assert_int_equal(rig_read(r, DLB_MSIX_PBA, v / 32), UINT32_C(1) << v % 32);
		rig_write(r, DLB_MSIX_VECTOR_CTRL, v, 0);
		assert_int_equal(irq_take(v), 1);
		assert_int_equal(rig_read(r, DLB_MSIX_PBA, v / 32), 0);
	}
}

/* Without bus master, and so in D3hot, nothing is delivered and nothing is sent. */
static void
without_bus_master_it_waits(void **state)
{
	struct rig *r = *state;

	set_up(r, 8);
	irq_threshold(r, LDB, 1);
	irq_feed(r, LDB, 1);
	rig_step(r);
	pci_write(r, PCI_COMMAND, 2, PCI_MEMORY);
	irq_arm(r, LDB);
	assert_int_equal(irq_take(5), 0);
	assert_int_equal(rig_read(r, DLB_MSIX_PBA, 0), 1u << 5);
	pci_enable(r);
	assert_int_equal(irq_take(5), 1);
}

static void
reset_disarms(void **state)
{
	struct rig *r = *state;

	set_up(r, 8);
	irq_threshold(r, LDB, 1);
	irq_arm(r, LDB);
	pci_flr(r);
	pci_begin_again(r);
	set_up(r, 8);
	assert_false(irq_armed(r, LDB));
	irq_threshold(r, LDB, 1);
	irq_feed(r, LDB, 1);
	rig_step(r);
	assert_int_equal(irq_take(5), 0);
}

/* ---- Compressed mode ---- */

static void
compress(struct rig *r)
{
	rig_write(r, DLB_SYS_MSIX_MODE, 0, 1);
	irq_threshold(r, LDB, 1);
	irq_threshold(r, DIR, 1);
}

static uint32_t
ldb_status(struct rig *r)
{
	return rig_read(r, DLB_SYS_LDB_CQ_31_0_OCC_INT_STS, 0);
}

static uint32_t
dir_status(struct rig *r)
{
	return rig_read(r, DLB_SYS_DIR_CQ_31_0_OCC_INT_STS, 0);
}

static void
feed_armed(struct rig *r, uint32_t port)
{
	irq_arm(r, port);
	irq_feed(r, port, 1);
	rig_step(r);
}

/* The service sequence of section 9.3, from the acknowledge on. */
static void
acknowledge(struct rig *r)
{
	rig_write(r, DLB_MSIX_VECTOR_CTRL, 1, 1);
	rig_write(r, DLB_SYS_MSIX_PASSTHRU, 0, VECTOR_1);
	rig_write(r, DLB_SYS_MSIX_ACK, 0, VECTOR_1);
	rig_write(r, DLB_SYS_MSIX_PASSTHRU, 0, 0);
	rig_write(r, DLB_MSIX_VECTOR_CTRL, 1, 0);
}

static void
compressed_mode_shares_vector_1(void **state)
{
	struct rig *r = *state;

	set_up(r, 8);
	compress(r);
	feed_armed(r, LDB);
	assert_int_equal(irq_take(1), 1);
	assert_int_equal(ldb_status(r), 1u << LDB);
	assert_int_equal(rig_read(r, DLB_SYS_MSIX_ACK, 0), VECTOR_1);
	/* The next one waits for the acknowledge. */
	feed_armed(r, DIR);
	assert_int_equal(irq_take(1), 0);
	assert_int_equal(dir_status(r), 1u << 2);
	rig_write(r, DLB_SYS_LDB_CQ_31_0_OCC_INT_STS, 0, 1u << LDB);
	assert_int_equal(ldb_status(r), 0);
	rig_write(r, DLB_SYS_MSIX_ACK, 0, VECTOR_1);
	assert_int_equal(irq_take(1), 1);
}

static void
what_was_seen_before_the_acknowledge_is_done(void **state)
{
	struct rig *r = *state;

	set_up(r, 8);
	compress(r);
	feed_armed(r, LDB);
	feed_armed(r, DIR);
	assert_int_equal(irq_take(1), 1);
	rig_write(r, DLB_SYS_LDB_CQ_31_0_OCC_INT_STS, 0, ldb_status(r));
	rig_write(r, DLB_SYS_DIR_CQ_31_0_OCC_INT_STS, 0, dir_status(r));
	acknowledge(r);
	assert_int_equal(irq_take(1), 0);
	assert_int_equal(rig_read(r, DLB_SYS_MSIX_ACK, 0), 0);
	rig_finish(r, LDB);
	feed_armed(r, LDB);
	assert_int_equal(irq_take(1), 1);
}

/* A CQ that fires between the status and the end of the sequence: nothing lost, nothing twice. */
static void
service_sequence_loses_nothing(void **state)
{
	struct rig *r = *state;

	set_up(r, 8);
	compress(r);
	feed_armed(r, LDB);
	assert_int_equal(irq_take(1), 1);
	rig_write(r, DLB_SYS_LDB_CQ_31_0_OCC_INT_STS, 0, ldb_status(r));
	feed_armed(r, DIR);
	assert_int_equal(irq_take(1), 0);
	acknowledge(r);
	assert_int_equal(irq_take(1), 1);
	assert_int_equal(dir_status(r), 1u << 2);
}

static void
passthru_needs_no_acknowledge(void **state)
{
	struct rig *r = *state;

	set_up(r, 8);
	compress(r);
	rig_write(r, DLB_SYS_MSIX_PASSTHRU, 0, VECTOR_1);
	feed_armed(r, LDB);
	feed_armed(r, DIR);
	assert_int_equal(irq_take(1), 2);
}

/* ---- Timer ---- */

static void
timer_set(struct rig *r, uint32_t port, uint32_t samples, uint32_t interval)
{
	rig_write(r, irq_row(port, DLB_CHP_LDB_CQ_TMR_THRSH, DLB_CHP_DIR_CQ_TMR_THRSH),
		  irq_number(port), samples);
	rig_write(r, irq_row(port, DLB_CHP_CFG_LDB_CQ_TIMER_CTL, DLB_CHP_CFG_DIR_CQ_TIMER_CTL), 0,
		  interval | 1u << DLB_CHP_CFG_LDB_CQ_TIMER_CTL_ENB_LO);
	rig_write(r, irq_row(port, DLB_CHP_LDB_CQ_INT_ENB, DLB_CHP_DIR_CQ_INT_ENB),
		  irq_number(port), ON_TIMER);
}

static uint64_t
sample_ns(const struct rig *r, uint32_t port)
{
	return port < DLB_LDB_PORTS ? SAMPLE_NS : r->dir_ports * UINT64_C(10);
}

static void
timer_fires_what_waits_too_long(void **state)
{
	struct rig *r = *state;

	set_up(r, 8);
	EACH_PORT(port) {
		const uint64_t wait = 5 * 10 * sample_ns(r, port), t0 = 1000000 * (port + 1);

		timer_set(r, port, 5, 9);
		irq_arm(r, port);
		/* Nothing in it: no time passes. */
		assert_int_equal(irq_step_at(r, t0), BUS_NO_DEADLINE);
		irq_feed(r, port, 1);
		assert_int_equal(irq_step_at(r, t0 + 50000), t0 + 50000 + wait);
		assert_int_equal(irq_step_at(r, t0 + 50000 + wait - 1), t0 + 50000 + wait);
		assert_int_equal(irq_take(vector_of(port)), 0);
		assert_int_equal(irq_step_at(r, t0 + 50000 + wait), BUS_NO_DEADLINE);
		assert_int_equal(irq_take(vector_of(port)), 1);
		assert_false(irq_armed(r, port));
		/* Armed again it begins again. */
		rig_send_one(r, port, rig_hcw(DLB_CMD_ARM, 0, 0, 0, 0, 0));
		assert_int_equal(irq_step_at(r, t0 + 200000), t0 + 200000 + wait);
		rig_finish(r, port);
		assert_int_equal(irq_step_at(r, t0 + 300000), BUS_NO_DEADLINE);
		assert_int_equal(irq_take(vector_of(port)), 0);
		rig_write(r, irq_row(port, DLB_CHP_LDB_CQ_INT_ENB, DLB_CHP_DIR_CQ_INT_ENB),
			  irq_number(port), 0);
	}
}

/* The threshold may come first, and then the timer has nothing left to do. */
static void
threshold_and_timer_fire_once_together(void **state)
{
	struct rig *r = *state;

	set_up(r, 8);
	irq_threshold(r, LDB, 2);
	timer_set(r, LDB, 1, 0);
	rig_write(r, DLB_CHP_LDB_CQ_INT_ENB, LDB, ON_TIMER | ON_DEPTH);
	irq_arm(r, LDB);
	irq_feed(r, LDB, 1);
	assert_int_equal(irq_step_at(r, 1000), 1000 + SAMPLE_NS);
	irq_feed(r, LDB, 2);
	assert_int_equal(irq_step_at(r, 1001), BUS_NO_DEADLINE);
	assert_int_equal(irq_take(5), 1);
	irq_step_at(r, 100000);
	assert_int_equal(irq_take(5), 0);
}

/* A clock that is wrong is no reason to ask for a time that has passed. */
static void
end_of_time_is_no_deadline(void **state)
{
	struct rig *r = *state;

	set_up(r, 8);
	timer_set(r, LDB, 5, 9);
	irq_arm(r, LDB);
	irq_feed(r, LDB, 1);
	assert_int_equal(irq_step_at(r, UINT64_MAX - 100), BUS_NO_DEADLINE);
	assert_int_equal(irq_step_at(r, 5), BUS_NO_DEADLINE);
	assert_int_equal(irq_take(vector_of(LDB)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(armed_port_fires_once),
		ON_BOTH(unarmed_port_is_silent),
		ON_BOTH(threshold_counts_what_is_in_the_queue),
		ON_BOTH(preset_tokens_do_not_count),
		ON_BOTH(arming_at_the_threshold_fires_at_once),
		ON_BOTH(arm_comes_after_the_tokens_before_it),
		ON_BOTH(register_arms_as_the_command_does),
		ON_BOTH(upper_register_arms_the_upper_ports),
		ON_V25(upper_directed_ports_have_no_interrupt),
		ON_BOTH(routes_without_a_vector_go_nowhere),
		ON_V25(message_is_written_to_its_address),
		ON_BOTH(masked_vector_waits_in_its_own_bit),
		ON_BOTH(without_bus_master_it_waits),
		ON_BOTH(reset_disarms),
		ON_BOTH(compressed_mode_shares_vector_1),
		ON_BOTH(what_was_seen_before_the_acknowledge_is_done),
		ON_BOTH(service_sequence_loses_nothing),
		ON_BOTH(passthru_needs_no_acknowledge),
		ON_BOTH(timer_fires_what_waits_too_long),
		ON_BOTH(threshold_and_timer_fire_once_together),
		ON_BOTH(end_of_time_is_no_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
