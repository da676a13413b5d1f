/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * From reset to a card OS: times, POST codes, images good and bad. Datasheet sections 10, 11 and
 * 27, items M9 to M13 and M15 to M17.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mic_test_rig.h"

#define SIZE 0x10000u

static void
assert_post(struct rig *r, const char *want)
{
	char code[3];

	assert_string_equal(rig_post(r, code), want);
}

/* ---- M9 ---- */

static void
m9_is_ready_in_its_time(void **state)
{
	static const uint64_t times[][2] = {{0, 10000}, {100, 100}, {30000, 30000}};
	struct rig r;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct mic_model_config c = {.ready_ns = times[i][0] * RIG_MS,
						   .revision = i == 0 ? 0x20 : 0x11};

		assert_int_equal(rig_open(&r, &c), 0);
		r.now = 12345 * RIG_MS;
		/* Time begins with the first step. */
		assert_int_equal(rig_pass(&r, 0) <= r.now + times[i][1] * RIG_MS, true);
		(void)rig_pass(&r, times[i][1] * RIG_MS - RIG_MS);
		assert_int_equal(rig_read(&r, MIC_SPAD2_AT), 0);
		assert_int_equal(mic_model_power(r.dev, NULL), MIC_POWER_BOOTSTRAP);
		assert_int_equal(rig_pass(&r, RIG_MS), BUS_NO_DEADLINE);
		/* 4 MiB of 32, processor 224. */
		assert_int_equal(rig_read(&r, MIC_SPAD2_AT), 0x004001c1);
		assert_int_equal(mic_model_power(r.dev, NULL), MIC_POWER_READY);
		assert_int_equal(rig_close(&r), 0);
	}
}

static void
m9_time_scale_divides(void **state)
{
	const struct mic_model_config c = {.time_scale = 1000, .apic_id = 3,
					   .load_address = 0x00800000};
	struct rig r;

	(void)state;
	assert_int_equal(rig_open(&r, &c), 0);
	(void)rig_pass(&r, 0);
	(void)rig_pass(&r, 10 * RIG_MS);
	assert_int_equal(rig_read(&r, MIC_SPAD2_AT), 0x00800007);
	assert_int_equal(rig_close(&r), 0);
}

static void
m9_reset_clears_ready_at_once(void **state)
{
	struct rig *r = *state;

	assert_true(rig_ready(r));
	rig_write(r, MIC_SPAD2_AT, 0);
	assert_int_equal(rig_read(r, MIC_SPAD2_AT), 0);
	rig_write(r, MIC_RGCR_AT, rig_read(r, MIC_RGCR_AT) | 1);
	assert_int_equal(rig_read(r, MIC_SPAD2_AT), 0);
	assert_int_equal(rig_read(r, MIC_RGCR_AT), 0);
	assert_true(rig_ready(r));
	/* Also for who does not clear it before. */
	rig_write(r, MIC_RGCR_AT, 1);
	assert_int_equal(rig_read(r, MIC_SPAD2_AT), 0);
}

/* What a large card says when it is ready: section 28. */
static void
m9_default_place_is_64_mib(void **state)
{
	static const struct bus_host_ops none;
	static uint8_t nothing[1];
	struct bus_host host = {&none};
	/* Nobody boots it, so nobody touches its memory. */
	const struct mic_model_config c = {.gddr = nothing, .gddr_size = UINT64_C(8) << 30,
					   .ready_ns = 1};
	struct bus_device *dev;
	uint16_t on = 2;

	(void)state;
	assert_int_equal(mic_model_create(&c, &host, &dev), 0);
	assert_int_equal(dev->ops->config(dev, 4, &on, 2, true), 0);
	assert_int_equal(dev->ops->step(dev, 0), BUS_NO_DEADLINE);
	assert_int_equal(dev->ops->read(dev, 4, MIC_SPAD2_AT, 4), 0x040001c1);
	assert_int_equal(dev->ops->read(dev, 4, MIC_SPAD0_AT, 4), 0x04000000);
	mic_model_destroy(dev);
}

/* ---- M10 ---- */

/* Codes as they come, each once, with time in small pieces. */
static void
codes_until_ready(struct rig *r, char *list, size_t len)
{
	char code[3], last[3] = "";
	size_t at = 0;

	for (unsigned int n = 0; n < 1000 && at + 4 < len; n++) {
		(void)rig_pass(r, 20 * RIG_MS);
		if (strcmp(rig_post(r, code), last) == 0)
			continue;
		memcpy(last, code, sizeof(last));
		at += (size_t)snprintf(&list[at], len - at, "%s ", code);
		if (mic_model_power(r->dev, NULL) == MIC_POWER_READY)
			return;
	}
}

static void
m10_codes_run_until_it_is_ready(void **state)
{
	struct rig *r = *state;
	char list[256];

	assert_post(r, "01");
	codes_until_ready(r, list, sizeof(list));
	assert_string_equal(list, "01 02 03 30 31 32 33 34 35 36 37 38 39 3A 3b 3C 3d 3E 3F "
				  "04 05 06 09 0b 0c 0E 0F 10 11 12 ");
	/* Memory is trained once. */
	rig_write(r, MIC_RGCR_AT, 1);
	assert_post(r, "01");
	codes_until_ready(r, list, sizeof(list));
	assert_string_equal(list, "01 02 03 04 05 06 09 0b 0c 0E 0F 10 11 12 ");
}

static void
m10_says_when_it_goes_on(void **state)
{
	struct rig *r = *state;
	unsigned int steps = 0;
	uint64_t next;

	for (next = rig_pass(r, 0); next != BUS_NO_DEADLINE; next = rig_pass(r, next - r->now)) {
		assert_true(next > r->now);
		steps++;
	}
	assert_int_equal(mic_model_power(r->dev, NULL), MIC_POWER_READY);
	assert_in_range(steps, 29, 30);
	/* Time that goes back does no harm. */
	rig_write(r, MIC_RGCR_AT, 1);
	(void)rig_pass(r, 0);
	r->now = 0;
	assert_true(rig_pass(r, 0) != BUS_NO_DEADLINE);
	assert_post(r, "01");
}

static void
memory_is_not_what_it_was_where_it_is_trained(void **state)
{
	const struct mic_model_config c = {.trains_memory = true};
	struct rig r;

	(void)state;
	for (unsigned int trains = 0; trains < 2; trains++) {
		assert_int_equal(rig_open(&r, trains ? &c : NULL), 0);
		assert_true(rig_ready(&r));
		r.gddr[0] = r.gddr[RIG_LOAD] = r.gddr[RIG_GDDR_BYTES - 1] = 1;
		rig_write(&r, MIC_RGCR_AT, 1);
		assert_true(rig_ready(&r));
		assert_int_equal(r.gddr[0] == 1, !trains);
		assert_int_equal(r.gddr[RIG_LOAD] == 1, !trains);
		assert_int_equal(r.gddr[RIG_GDDR_BYTES - 1] == 1, !trains);
		assert_int_equal(rig_close(&r), 0);
	}
}

/* ---- M12 ---- */

static void
m12_one_that_is_never_ready(void **state)
{
	const struct mic_model_config c = {.never_ready = true};
	struct rig r;

	(void)state;
	assert_int_equal(rig_open(&r, &c), 0);
	assert_false(rig_ready(&r));
	assert_int_equal(rig_read(&r, MIC_SPAD2_AT), 0);
	assert_post(&r, "10");
	assert_int_equal(rig_pass(&r, RIG_MS), BUS_NO_DEADLINE);
	rig_image(&r, SIZE, " mem=32M", 0);
	rig_boot(&r);
	assert_int_equal(mic_model_power(r.dev, NULL), MIC_POWER_BOOTSTRAP);
	assert_int_equal(rig_close(&r), 0);
}

static void
m12_one_that_reads_ones_after_a_reset(void **state)
{
	const struct mic_model_config c = {.all_ones = true};
	struct rig r;

	(void)state;
	assert_int_equal(rig_open(&r, &c), 0);
	assert_true(rig_ready(&r));
	assert_int_equal(rig_read(&r, MIC_SPAD2_AT), 0x004001c1);
	rig_write(&r, MIC_RGCR_AT, 1);
	assert_int_equal(rig_read(&r, MIC_SPAD2_AT), UINT32_MAX);
	assert_int_equal(rig_read(&r, MIC_POSTCODE_AT), UINT32_MAX);
	assert_int_equal(rig_config_read(&r, 0, 2), 0x8086);
	/* Writes get there. */
	rig_write(&r, MIC_SPAD5_AT, 5);
	assert_true(rig_ready(&r));
	assert_int_equal(rig_read(&r, MIC_SPAD2_AT), 0x004001c1);
	assert_int_equal(rig_read(&r, MIC_SPAD5_AT), 5);
	assert_int_equal(rig_close(&r), 0);
}

/* ---- M13, M15, M17 ---- */

static void
m15_boots_an_image(void **state)
{
	struct rig *r = *state;
	struct mic_model_boot boot;

	assert_true(rig_ready(r));
	rig_image(r, SIZE, " mem=32M quiet", 4096);
	rig_write(r, MIC_AT(APICICR_HI, 7), 224);
	rig_write(r, MIC_AT(APICICR_LO, 7), 0x20e5);
	assert_post(r, "13");
	assert_int_equal(mic_model_power(r->dev, NULL), MIC_POWER_READY);
	assert_int_equal(rig_pass(r, 0), BUS_NO_DEADLINE);
	assert_post(r, "FF");
	assert_int_equal(mic_model_power(r->dev, NULL), MIC_POWER_RUNNING);
	assert_string_equal(mic_model_boot_error(r->dev), "");
	/* Ready stays until somebody resets it. */
	assert_int_equal(rig_read(r, MIC_SPAD2_AT), 0x004001c1);
	mic_model_boot(r->dev, &boot);
	assert_int_equal(boot.image, RIG_LOAD);
	assert_int_equal(boot.image_size, SIZE);
	assert_int_equal(boot.ramdisk, 2 * RIG_LOAD);
	assert_int_equal(boot.ramdisk_size, 4096);
	assert_false(boot.elf);
	/* M17: where the text is, and how long. */
	assert_int_equal(boot.cmdline, RIG_LOAD + SIZE);
	assert_int_equal(boot.cmdline_len, strlen(" mem=32M quiet"));
	assert_string_equal((char *)&r->gddr[boot.cmdline], " mem=32M quiet");
	/* The boot interrupt is one of its doorbells now. */
	assert_int_equal(mic_model_card_irqs(r->dev), 0);
	rig_boot(r);
	assert_int_equal(mic_model_card_irqs(r->dev), UINT64_C(1) << 33);
}

static void
m15_the_boot_interrupt_has_to_be_one(void **state)
{
	struct rig *r = *state;

	rig_image(r, SIZE, " mem=32M", 0);
	rig_boot(r);
	assert_int_equal(mic_model_power(r->dev, NULL), MIC_POWER_BOOTSTRAP);
	assert_true(rig_ready(r));
	assert_post(r, "12");
	rig_image(r, SIZE, " mem=32M", 0);
	/* Another vector, another processor, another doorbell, none sent. */
	rig_write(r, MIC_AT(APICICR_HI, 7), 224);
	rig_write(r, MIC_AT(APICICR_LO, 7), 0x20e4);
	rig_write(r, MIC_AT(APICICR_HI, 7), 225);
	rig_write(r, MIC_AT(APICICR_LO, 7), 0x20e5);
	rig_write(r, MIC_AT(APICICR_HI, 6), 224);
	rig_write(r, MIC_AT(APICICR_LO, 6), 0x20e5);
	rig_write(r, MIC_AT(APICICR_HI, 7), 224);
	rig_write(r, MIC_AT(APICICR_LO, 7), 0x00e5);
	rig_write(r, MIC_AT(RDMASR, 7), 0);
	(void)rig_pass(r, RIG_MS);
	assert_post(r, "12");
	assert_int_equal(mic_model_power(r->dev, NULL), MIC_POWER_READY);
	/* And some clear READY before they send it. */
	rig_write(r, MIC_SPAD2_AT, rig_read(r, MIC_SPAD2_AT) & ~1u);
	rig_write(r, MIC_AT(APICICR_LO, 7), 0x20e5);
	(void)rig_pass(r, 0);
	assert_int_equal(mic_model_power(r->dev, NULL), MIC_POWER_RUNNING);
}

static void
m15_reset_takes_the_card_from_its_os(void **state)
{
	struct rig *r = *state;
	uint32_t before, after;

	assert_true(rig_start(r));
	rig_write(r, mic_h2c_at(12), 0);
	(void)mic_model_power(r->dev, &before);
	rig_write(r, MIC_RGCR_AT, 1);
	assert_int_equal(mic_model_power(r->dev, &after), MIC_POWER_BOOTSTRAP);
	assert_int_equal(after, before + 1);
	assert_int_equal(mic_model_card_irqs(r->dev), 0);
	/* One that is reset while its boot interrupt is under way does not boot. */
	assert_true(rig_ready(r));
	rig_image(r, SIZE, " mem=32M", 0);
	rig_write(r, MIC_AT(APICICR_HI, 7), 224);
	rig_write(r, MIC_AT(APICICR_LO, 7), 0x20e5);
	rig_write(r, MIC_RGCR_AT, 1);
	(void)rig_pass(r, 0);
	assert_int_equal(mic_model_power(r->dev, NULL), MIC_POWER_BOOTSTRAP);
	assert_true(rig_start(r));
}

static void
boots_again_and_again(void **state)
{
	struct rig *r = *state;

	for (unsigned int n = 0; n < 50; n++) {
		assert_true(rig_start(r));
		rig_write(r, MIC_RGCR_AT, 1);
	}
}

/* ---- M16 ---- */

static void
store(struct rig *r, uint64_t at, uint32_t value)
{
	memcpy(&r->gddr[at], &value, sizeof(value));
}

/* The card says why, shows it, stays, and boots once it is reset and has something better. */
static void
assert_refused(struct rig *r, const char *reason)
{
	rig_boot(r);
	assert_int_equal(mic_model_power(r->dev, NULL), MIC_POWER_REFUSED);
	assert_post(r, "nA");
	if (strstr(mic_model_boot_error(r->dev), reason) == NULL)
		print_message("%s\n", mic_model_boot_error(r->dev));
	assert_non_null(strstr(mic_model_boot_error(r->dev), reason));
	rig_image(r, SIZE, " mem=32M", 0);
	rig_boot(r);
	assert_int_equal(mic_model_power(r->dev, NULL), MIC_POWER_REFUSED);
	rig_write(r, MIC_RGCR_AT, 1);
	assert_string_equal(mic_model_boot_error(r->dev), "");
	assert_true(rig_start(r));
	rig_write(r, MIC_RGCR_AT, 1);
	assert_true(rig_ready(r));
}

static void
m16_sizes_are_checked(void **state)
{
	struct rig *r = *state;

	assert_true(rig_ready(r));
	rig_write(r, MIC_SPAD5_AT, 0);
	assert_refused(r, "image of 0 bytes");
	rig_write(r, MIC_SPAD5_AT, (uint32_t)(RIG_GDDR_BYTES - RIG_LOAD + 1));
	assert_refused(r, "image of 29360129 bytes at 0x400000");
	rig_write(r, MIC_SPAD5_AT, UINT32_MAX);
	assert_refused(r, "image of 4294967295 bytes");
	/* Up to the last byte, so that a command line has no room. */
	rig_write(r, MIC_SPAD5_AT, (uint32_t)(RIG_GDDR_BYTES - RIG_LOAD));
	assert_refused(r, "does not end within 0 bytes");
}

static void
m16_the_signature_is_checked(void **state)
{
	struct rig *r = *state;

	assert_true(rig_ready(r));
	rig_image(r, SIZE, " mem=32M", 0);
	r->gddr[RIG_LOAD + MIC_HDRS_AT + 3] = 's';
	assert_refused(r, "neither \"HdrS\"");
	/* What lies behind the end of an image is no part of it. */
	rig_image(r, MIC_HDRS_END - 1, " mem=32M", 0);
	rig_write(r, MIC_SPAD5_AT, MIC_HDRS_AT + 3);
	assert_refused(r, "neither \"HdrS\"");
	memcpy(&r->gddr[RIG_LOAD], "\177EL", 4);
	r->gddr[RIG_LOAD + MIC_HDRS_AT] = 0;
	rig_write(r, MIC_SPAD5_AT, SIZE);
	assert_refused(r, "neither \"HdrS\"");
}

static void
m16_the_command_line_is_checked(void **state)
{
	static const char *const bad[] = {"", "mem=32M", " MEM=32M", " mem", "quiet mem=32M"};
	struct rig *r = *state;

	assert_true(rig_ready(r));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		rig_image(r, SIZE, bad[i], 0);
		assert_refused(r, "does not begin with \" mem=\"");
	}
	rig_image(r, SIZE, " mem=32M", 0);
	memset(&r->gddr[RIG_LOAD + SIZE + 8], 'x', MIC_CMDLINE_BYTES);
	assert_refused(r, "does not end within 2048 bytes");
	/* The last byte that counts. */
	rig_image(r, SIZE, " mem=32M", 0);
	memset(&r->gddr[RIG_LOAD + SIZE + 8], 'x', MIC_CMDLINE_BYTES - 9);
	r->gddr[RIG_LOAD + SIZE + MIC_CMDLINE_BYTES - 1] = '\0';
	rig_boot(r);
	assert_int_equal(mic_model_power(r->dev, NULL), MIC_POWER_RUNNING);
}

static void
m16_the_ramdisk_is_checked(void **state)
{
	const uint32_t end = (uint32_t)RIG_GDDR_BYTES, text = 9;
	struct rig *r = *state;

	assert_true(rig_ready(r));
	rig_image(r, SIZE, " mem=32M", end - 2 * RIG_LOAD + 1);
	assert_refused(r, "ends outside memory of 33554432");
	rig_image(r, SIZE, " mem=32M", UINT32_MAX);
	assert_refused(r, "ends outside memory");
	rig_image(r, SIZE, " mem=32M", 4096);
	store(r, RIG_LOAD + MIC_HDRS_RAMDISK_IMAGE, UINT32_MAX);
	assert_refused(r, "ends outside memory");
	rig_image(r, SIZE, " mem=32M", 4096);
	store(r, RIG_LOAD + MIC_HDRS_RAMDISK_IMAGE, RIG_LOAD + SIZE + text - 1);
	assert_refused(r, "overlaps 0x400000 to 0x410009");
	rig_image(r, SIZE, " mem=32M", 4097);
	store(r, RIG_LOAD + MIC_HDRS_RAMDISK_IMAGE, RIG_LOAD - 4096);
	assert_refused(r, "overlaps");
	/* Next to it, on either side, and up to the end of memory. */
	rig_image(r, SIZE, " mem=32M", end - 2 * RIG_LOAD);
	rig_boot(r);
	assert_int_equal(mic_model_power(r->dev, NULL), MIC_POWER_RUNNING);
	rig_write(r, MIC_RGCR_AT, 1);
	assert_true(rig_ready(r));
	rig_image(r, SIZE, " mem=32M", 4096);
	store(r, RIG_LOAD + MIC_HDRS_RAMDISK_IMAGE, RIG_LOAD + SIZE + text);
	rig_boot(r);
	assert_int_equal(mic_model_power(r->dev, NULL), MIC_POWER_RUNNING);
}

/* Section 11.6: elf mode gives neither command line nor ramdisk. */
static void
an_elf_image_needs_no_more(void **state)
{
	struct rig *r = *state;
	struct mic_model_boot boot;

	assert_true(rig_ready(r));
	memcpy(&r->gddr[RIG_LOAD], MIC_ELF_MAGIC, 4);
	rig_write(r, MIC_SPAD5_AT, 4);
	rig_boot(r);
	assert_int_equal(mic_model_power(r->dev, NULL), MIC_POWER_RUNNING);
	mic_model_boot(r->dev, &boot);
	assert_true(boot.elf);
	assert_int_equal(boot.image, RIG_LOAD);
	assert_int_equal(boot.image_size, 4);
	assert_int_equal(boot.cmdline, 0);
	assert_int_equal(boot.cmdline_len, 0);
	assert_int_equal(boot.ramdisk_size, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define U(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
		cmocka_unit_test(m9_is_ready_in_its_time),
		cmocka_unit_test(m9_time_scale_divides),
		U(m9_reset_clears_ready_at_once),
		cmocka_unit_test(m9_default_place_is_64_mib),
		U(m10_codes_run_until_it_is_ready),
		U(m10_says_when_it_goes_on),
		cmocka_unit_test(memory_is_not_what_it_was_where_it_is_trained),
		cmocka_unit_test(m12_one_that_is_never_ready),
		cmocka_unit_test(m12_one_that_reads_ones_after_a_reset),
		U(m15_boots_an_image),
		U(m15_the_boot_interrupt_has_to_be_one),
		U(m15_reset_takes_the_card_from_its_os),
		U(boots_again_and_again),
		U(m16_sizes_are_checked),
		U(m16_the_signature_is_checked),
		U(m16_the_command_line_is_checked),
		U(m16_the_ramdisk_is_checked),
		U(an_elf_image_needs_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
