/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

/* The host sleeps and wakes: section 12.9. */

static bool
is_era_a(void)
{
	return dev.info.era == RTE_PMD_MIC_ERA_A;
}

static void
a_card_that_is_up_is_shut_down_and_ready_later(void)
{
	uint32_t crashes = status(dev.id).crashes;

	if (!is_era_a())
		return;
	boot(dev.id);
	assert_int_equal(pmd.suspend(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_SUSPENDED);
	assert_int_equal(attr(dev.id, "state"), 5);
	log_begin();
	assert_int_equal(load(dev.id), -EINVAL);
	expect_said("load in state suspended");
	assert_int_equal(pmd.resume(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_READY);
	assert_int_equal(status(dev.id).crashes, crashes);
	rte_rawdev_stop(dev.id);
	boot(dev.id);
}

static void
boot_again(struct rte_pmd_mic_info *info)
{
	info->boot_on_resume = 1;
}

static void
it_boots_again_if_that_is_wanted(void)
{
	if (!is_era_a())
		return;
	configure(dev.id, boot_again);
	/* One that was not up does not. */
	assert_int_equal(pmd.suspend(dev.id), 0);
	assert_int_equal(pmd.resume(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_READY);
	boot(dev.id);
	assert_int_equal(pmd.suspend(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_SUSPENDED);
	assert_int_equal(pmd.resume(dev.id), 0);
	wait_up(dev.id);
	expect_state(dev.id, RTE_PMD_MIC_ONLINE);
	rte_rawdev_stop(dev.id);
	assert_int_equal(rte_rawdev_firmware_unload(dev.id), 0);
}

static void
restart_and_boot_again(struct rte_pmd_mic_info *info)
{
	info->restart = 1;
	info->boot_on_resume = 1;
}

/* The host goes to sleep between the reset of a restart and its boot: that is made up for. */
static void
a_restart_that_sleep_cuts_off_is_made_up_for(void)
{
	if (!dev.is_virtual || !is_era_a())
		return;
	configure(dev.id, restart_and_boot_again);
	boot(dev.id);
	assert_int_equal(dev_type(dev.id, "restart"), 0);
	wait_state(dev.id, RTE_PMD_MIC_RESETTING);
	assert_int_equal(pmd.suspend(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_SUSPENDED);
	assert_int_equal(pmd.resume(dev.id), 0);
	expect_state(dev.id, RTE_PMD_MIC_ONLINE);
	wait_up(dev.id);
	rte_rawdev_stop(dev.id);
	assert_int_equal(rte_rawdev_firmware_unload(dev.id), 0);
}

static void
only_what_sleeps_is_woken(void)
{
	if (!is_era_a())
		return;
	log_begin();
	assert_int_equal(pmd.resume(dev.id), -EINVAL);
	expect_said("resume in state offline; accepted: suspended");
	assert_int_equal(pmd.suspend(dev.id), 0);
	log_begin();
	assert_int_equal(pmd.suspend(dev.id), -EINVAL);
	expect_said("suspend in state suspended");
	assert_int_equal(pmd.resume(dev.id), 0);
	assert_int_equal(pmd.suspend(63), -ENODEV);
}

/* ---- While an image is loaded ---- */

/* Memory that whoever reads it waits for, until it is let through. */
static struct {
	uint8_t *at;
	size_t len;
	int reached[2], let[2]; /* pipes */
} wall;

static void
at_the_wall(int signal, siginfo_t *info, void *context)
{
	const uint8_t *at = info->si_addr;
	char byte = 0;

	RTE_SET_USED(context);
	/* Somebody else's fault: it comes again, and ends us. */
	if (at < wall.at || at >= wall.at + wall.len)
		sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	else if (write(wall.reached[1], &byte, 1) == 1 && read(wall.let[0], &byte, 1) == 1)
		mprotect(wall.at, wall.len, PROT_READ);
}

static void *
load_slowly(void *arg)
{
	struct rte_pmd_mic_firmware firmware = {
		.version = 1,
		.image = image(),
		.image_size = IMAGE_BYTES,
		.ramdisk = wall.at,
		.ramdisk_size = wall.len,
		.mode = RTE_PMD_MIC_BOOT_LINUX,
	};

	*(int *)arg = rte_rawdev_firmware_load(dev.id, &firmware);
	return NULL;
}

static void
expect_busy(int ret, const char *what)
{
	char words[96];

	snprintf(words, sizeof(words), "%s while an image is being loaded or booted", what);
	assert_int_equal(ret, -EBUSY);
	expect_said(words);
}

static int
configure_again(void)
{
	struct rte_pmd_mic_info mic;
	struct rte_rawdev_info info = {.dev_private = &mic};

	assert_int_equal(rte_rawdev_info_get(dev.id, &info, sizeof(mic)), 0);
	return rte_rawdev_configure(dev.id, &info, sizeof(mic));
}

/* It is not its state that is in the way. */
static void
what_has_to_wait_for_a_load_says_so(void)
{
	struct sigaction trap = {.sa_sigaction = at_the_wall, .sa_flags = SA_SIGINFO}, before;
	pthread_t loader;
	int loaded = -1;
	char byte = 0;

	wall.len = 4096;
	wall.at = mmap(NULL, wall.len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(wall.at, MAP_FAILED);
	assert_int_equal(pipe(wall.reached) + pipe(wall.let), 0);
	assert_int_equal(sigaction(SIGSEGV, &trap, &before), 0);
	assert_int_equal(pthread_create(&loader, NULL, load_slowly, &loaded), 0);
	assert_int_equal(read(wall.reached[0], &byte, 1), 1);
	log_begin();
	expect_busy(pmd.suspend(dev.id), "suspend");
	log_begin();
	expect_busy(load(dev.id), "load");
	log_begin();
	expect_busy(rte_rawdev_start(dev.id), "boot");
	log_begin();
	expect_busy(configure_again(), "configure");
	log_begin();
	expect_busy(rte_rawdev_firmware_unload(dev.id), "unload");
	assert_int_equal(write(wall.let[1], &byte, 1), 1);
	pthread_join(loader, NULL);
	sigaction(SIGSEGV, &before, NULL);
	assert_int_equal(loaded, 0);
	assert_int_equal(pmd.suspend(dev.id), 0);
	assert_int_equal(pmd.resume(dev.id), 0);
	for (unsigned int i = 0; i < 2; i++) {
		close(wall.reached[i]);
		close(wall.let[i]);
	}
	munmap(wall.at, wall.len);
}

/* Programs are expected to have shut it down before. */
static void
later_eras_are_reset(void)
{
	uint16_t id;

	if (!others_wanted())
		return;
	id = other_make("era=d");
	boot(id);
	assert_int_equal(pmd.suspend(id), 0);
	expect_state(id, RTE_PMD_MIC_READY);
	assert_int_equal(pmd.resume(id), 0);
	expect_state(id, RTE_PMD_MIC_READY);
	rte_rawdev_stop(id);
}

static const struct test_case cases[] = {
	TEST_CASE(a_card_that_is_up_is_shut_down_and_ready_later),
	TEST_CASE(it_boots_again_if_that_is_wanted),
	TEST_CASE(a_restart_that_sleep_cuts_off_is_made_up_for),
	TEST_CASE(only_what_sleeps_is_woken),
	TEST_CASE(what_has_to_wait_for_a_load_says_so),
	TEST_CASE(later_eras_are_reset),
};

TEST_GROUP(suspend, cases);
