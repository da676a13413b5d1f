/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The card: its driver, its boot, its DMA channel, its function. */

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_dmadev.h>
#include <rte_rawdev.h>

#include "offload.h"

#define CARD_DRIVER "librte_raw_mic.so"
#define CARD_RAW    "raw_mic0"
#define CARD_DMA    "dma_mic0"

/* Real cards take half a minute to be ready for an image. */
#define CARD_BOOT_MS 60000
#define CARD_DESCRIPTORS 256

/* What a loader of bzImages looks at (Linux x86 boot protocol): a virtual card checks the shape of
 * what it boots, and then runs what it has.
 */
#define IMAGE_BYTES     4096
#define IMAGE_SECTORS   0x1f1
#define IMAGE_FLAG      0x1fe
#define IMAGE_SIGNATURE 0x202
#define IMAGE_VERSION   0x206

double
seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

/* ---- The driver ---- */

/* Beside this program in a build tree, else where libraries are looked for. */
static void *
library_open(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);
	char *slash;
	void *library;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash != NULL) {
		strcpy(slash, "/../drivers/" CARD_DRIVER);
		library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
		if (library != NULL)
			return library;
	}
	return dlopen(CARD_DRIVER, RTLD_NOW | RTLD_GLOBAL);
}

/** Load the driver: it makes itself known to DPDK, which is started afterwards. */
int
driver_load(struct driver *driver)
{
	driver->library = library_open();
	if (driver->library == NULL) {
		complain("the driver " CARD_DRIVER " is not there: %s", dlerror());
		return EXIT_CARD;
	}
	*(void **)&driver->wait = dlsym(driver->library, "rte_pmd_mic_wait");
	*(void **)&driver->function = dlsym(driver->library, "rte_pmd_mic_function");
	*(void **)&driver->call = dlsym(driver->library, "rte_pmd_mic_call");
	*(void **)&driver->answer = dlsym(driver->library, "rte_pmd_mic_answer");
	if (driver->wait != NULL && driver->function != NULL && driver->call != NULL &&
	    driver->answer != NULL)
		return EXIT_DONE;
	complain(CARD_DRIVER " is of another version");
	return EXIT_CARD;
}

/* ---- Its life ---- */

static int
failed(const char *step, int ret)
{
	complain(CARD_RAW ": %s: %s", step, strerror(-ret));
	return EXIT_CARD;
}

static void
image_make(uint8_t image[IMAGE_BYTES])
{
	memset(image, 0, IMAGE_BYTES);
	image[IMAGE_SECTORS] = 1;
	image[IMAGE_FLAG] = 0x55;
	image[IMAGE_FLAG + 1] = 0xaa;
	memcpy(image + IMAGE_SIGNATURE, "HdrS", 4);
	image[IMAGE_VERSION] = 0x0c;
	image[IMAGE_VERSION + 1] = 0x02;
}

/* Defaults but for what is needed here. */
static int
card_configure(struct card *card)
{
	static struct rte_pmd_mic_info mic;
	struct rte_rawdev_info info = {.dev_private = &mic};
	int ret;

	ret = rte_rawdev_info_get(card->raw, &info, sizeof(mic));
	if (ret < 0)
		return failed("it does not describe itself", ret);
	mic.boot_mode = RTE_PMD_MIC_BOOT_LINUX;
	mic.queues = 0;
	snprintf(mic.cmdline, sizeof(mic.cmdline), "quiet");
	ret = rte_rawdev_configure(card->raw, &info, sizeof(mic));
	return ret < 0 ? failed("it cannot be configured", ret) : EXIT_DONE;
}

static int
card_boot(struct card *card)
{
	static uint8_t image[IMAGE_BYTES];
	struct rte_pmd_mic_firmware firmware = {
		.version = 1,
		.image = image,
		.image_size = sizeof(image),
		.mode = RTE_PMD_MIC_BOOT_LINUX,
	};
	double begun = seconds_now();
	int ret;

	image_make(image);
	ret = rte_rawdev_firmware_load(card->raw, &firmware);
	if (ret < 0)
		return failed("it does not take the image", ret);
	ret = rte_rawdev_start(card->raw);
	if (ret < 0)
		return failed("it does not boot", ret);
	card->started = true;
	ret = card->driver.wait(card->raw, RTE_PMD_MIC_ONLINE, CARD_BOOT_MS);
	if (ret < 0)
		return failed("it does not come online", ret);
	/* Online is what the host knows; the card is up when it offers its functions. */
	do {
		ret = card->driver.function(card->raw, "hash", &card->hash);
		if (ret == -ENOENT)
			usleep(1000);
	} while (ret == -ENOENT && seconds_now() < begun + CARD_BOOT_MS * 1e-3);
	card->boot_seconds = seconds_now() - begun;
	return ret < 0 ? failed("function `hash` of the card", ret) : EXIT_DONE;
}

/* ---- DMA ---- */

static int
dma_start(struct card *card)
{
	const struct rte_dma_conf conf = {.nb_vchans = 1};
	const struct rte_dma_vchan_conf channel = {
		.direction = RTE_DMA_DIR_MEM_TO_DEV,
		.nb_desc = CARD_DESCRIPTORS,
		.dst_port = {.port_type = RTE_DMA_PORT_PCIE},
	};
	int ret;

	card->dma = (int16_t)rte_dma_get_dev_id_by_name(CARD_DMA);
	if (card->dma < 0) {
		complain("there is no DMA device " CARD_DMA);
		return EXIT_CARD;
	}
	ret = rte_dma_configure(card->dma, &conf);
	if (ret == 0)
		ret = rte_dma_vchan_setup(card->dma, 0, &channel);
	if (ret == 0)
		ret = rte_dma_start(card->dma);
	if (ret < 0) {
		complain(CARD_DMA ": does not start: %s", strerror(-ret));
		return EXIT_CARD;
	}
	card->dma_started = true;
	return EXIT_DONE;
}

/** Find the card that EAL was given, and boot it. */
int
card_open(struct card *card, const struct options *options)
{
	int ret = (int16_t)rte_rawdev_get_dev_id(CARD_RAW);

	if (ret < 0) {
		/* Its driver has said why. */
		complain("%s cannot be had", options->card != NULL ? options->card : "the card");
		return EXIT_CARD;
	}
	card->raw = (uint16_t)ret;
	card->opened = true;
	ret = card_configure(card);
	if (ret == EXIT_DONE)
		ret = card_boot(card);
	if (ret == EXIT_DONE)
		ret = dma_start(card);
	if (ret == EXIT_DONE)
		printf("%s booted in %.2f s\n",
		       options->card != NULL ? options->card : "a card in this process",
		       card->boot_seconds);
	return ret;
}

void
card_close(struct card *card)
{
	if (card->dma_started)
		rte_dma_stop(card->dma);
	if (card->started)
		rte_rawdev_stop(card->raw);
	if (card->opened)
		rte_rawdev_close(card->raw);
}
