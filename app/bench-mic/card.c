/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Cards: which there are, and how one is brought up and down. */

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_dev.h>
#include <rte_dmadev.h>
#include <rte_rawdev.h>

#include "bench.h"
#include "eal.h"

#define CARD_DRIVER     "librte_raw_mic.so"
#define CARD_DEFAULT    "raw_mic0"
#define CARD_PATIENCE_S 60

/* What a loader of bzImages looks at: its size does not matter for what is measured. */
#define IMAGE_BYTES 4096

double
bench_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec * 1e-6;
}

/** What the calling thread has had of its CPU. */
double
bench_cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

/** Look the driver's calls up: EAL has loaded it by -d, or from its directory. */
int
bench_driver_find(struct bench_driver *driver)
{
	void *library = dlopen(CARD_DRIVER, RTLD_LAZY | RTLD_NOLOAD);

	if (library == NULL) {
		fprintf(stderr, "bench-mic: the driver is not loaded: give EAL -d %s\n",
			CARD_DRIVER);
		return -ENODEV;
	}
	*(void **)&driver->wait = dlsym(library, "rte_pmd_mic_wait");
	*(void **)&driver->aperture = dlsym(library, "rte_pmd_mic_aperture");
	*(void **)&driver->function = dlsym(library, "rte_pmd_mic_function");
	*(void **)&driver->call = dlsym(library, "rte_pmd_mic_call");
	*(void **)&driver->answer = dlsym(library, "rte_pmd_mic_answer");
	if (driver->wait != NULL && driver->aperture != NULL && driver->function != NULL &&
	    driver->call != NULL && driver->answer != NULL)
		return 0;
	fprintf(stderr, "bench-mic: %s is of another version\n", CARD_DRIVER);
	return -ENODEV;
}

static int
card_add(struct bench_run *run, const char *name)
{
	struct bench_card *card = &run->card[run->nb_cards];
	int id = (int16_t)rte_rawdev_get_dev_id(name);
	char dma[RTE_DEV_NAME_MAX_LEN];

	if (id < 0 || run->nb_cards == BENCH_MAX_CARDS)
		return -ENODEV;
	card->raw = (uint16_t)id;
	snprintf(card->label, sizeof(card->label), "%s", bench_device_args(name));
	if (card->label[0] == '\0')
		snprintf(card->label, sizeof(card->label), "at=model");
	snprintf(dma, sizeof(dma), "dma%s", strchr(name, '_'));
	card->dma = (int16_t)rte_dma_get_dev_id_by_name(dma);
	run->nb_cards++;
	return 0;
}

/** Add the cards to what is measured; one of this process when there is none. */
int
bench_cards_find(struct bench_run *run)
{
	char name[RTE_DEV_NAME_MAX_LEN];

	if (rte_rawdev_count() == 0)
		rte_eal_hotplug_add("vdev", CARD_DEFAULT, "at=model,time_scale=100");
	for (unsigned int i = 0; i < BENCH_MAX_CARDS; i++) {
		snprintf(name, sizeof(name), "raw_mic%u", i);
		card_add(run, name);
	}
	if (run->nb_cards > 0)
		return 0;
	fprintf(stderr, "bench-mic: there is no card\n");
	return -ENODEV;
}

static int
fail(struct bench_card *card, const char *step, int ret)
{
	snprintf(card->failure, sizeof(card->failure), "%s: %s", step, strerror(-ret));
	fprintf(stderr, "bench-mic: %s: %s\n", card->label, card->failure);
	return ret;
}

static int
configure(struct bench_card *card)
{
	static struct rte_pmd_mic_info mic;
	struct rte_rawdev_info info = {.dev_private = &mic};
	int ret = rte_rawdev_info_get(card->raw, &info, sizeof(mic));

	if (ret < 0)
		return ret;
	mic.boot_mode = RTE_PMD_MIC_BOOT_LINUX;
	mic.queues = 0;
	return rte_rawdev_configure(card->raw, &info, sizeof(mic));
}

static int
load(struct bench_card *card)
{
	static uint8_t image[IMAGE_BYTES];
	struct rte_pmd_mic_firmware firmware = {
		.version = 1,
		.image = image,
		.image_size = sizeof(image),
		.cmdline = "quiet",
		.mode = RTE_PMD_MIC_BOOT_LINUX,
	};

	image[0x1f1] = 1;
	memcpy(image + 0x1fe, "\x55\xaa", 2);
	memcpy(image + 0x202, "HdrS\x0c\x02", 6);
	return rte_rawdev_firmware_load(card->raw, &firmware);
}

/* Until a function of the card answers: that is when it is up. */
static int
find_functions(const struct bench_run *run, struct bench_card *card)
{
	double end = bench_now_ms() + CARD_PATIENCE_S * 1e3;
	int ret;

	do {
		ret = run->driver.function(card->raw, "echo", &card->echo);
	} while (ret == -ENOENT && bench_now_ms() < end);
	if (ret == 0)
		ret = run->driver.function(card->raw, "copy", &card->room);
	return ret;
}

static int
first_answer(const struct bench_run *run, struct bench_card *card)
{
	double end = bench_now_ms() + CARD_PATIENCE_S * 1e3;
	uint64_t args[6] = {1};
	int64_t result;
	int ret = run->driver.call(&card->echo, args);

	while (ret == 0) {
		ret = run->driver.answer(&card->echo, card->echo.sequence, args, &result);
		if (ret == 0 && bench_now_ms() > end)
			ret = -ETIMEDOUT;
	}
	return ret < 0 ? ret : 0;
}

/** Reset a card, boot it, and wait until it answers; `boot` (may be NULL) says how long it took. */
int
bench_card_up(const struct bench_run *run, struct bench_card *card, struct bench_boot *boot)
{
	double at[4];
	int ret;

	if (card->failure[0] != '\0')
		return -ENODEV;
	ret = configure(card);
	if (ret < 0)
		return fail(card, "configure", ret);
	at[0] = bench_now_ms();
	ret = rte_rawdev_reset(card->raw);
	if (ret == 0)
		ret = run->driver.wait(card->raw, RTE_PMD_MIC_READY, CARD_PATIENCE_S * 1000);
	if (ret < 0)
		return fail(card, "reset", ret);
	at[1] = bench_now_ms();
	ret = load(card);
	if (ret < 0)
		return fail(card, "firmware_load", ret);
	at[2] = bench_now_ms();
	ret = rte_rawdev_start(card->raw);
	card->started = ret == 0;
	if (ret == 0)
		ret = run->driver.wait(card->raw, RTE_PMD_MIC_ONLINE, CARD_PATIENCE_S * 1000);
	at[3] = bench_now_ms();
	if (ret == 0)
		ret = find_functions(run, card);
	if (ret == 0)
		ret = first_answer(run, card);
	if (ret < 0)
		return fail(card, "boot", ret);
	if (boot != NULL)
		*boot = (struct bench_boot){.ready = at[1] - at[0], .load = at[2] - at[1],
					    .online = at[3] - at[2],
					    .answer = bench_now_ms() - at[2]};
	return 0;
}

int
bench_card_down(struct bench_card *card)
{
	if (card->started)
		rte_rawdev_stop(card->raw);
	card->started = false;
	return 0;
}
