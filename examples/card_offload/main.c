/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Starts DPDK with a card as its only device, hands the work to the card, and says how it went. */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>

#include "offload.h"

/* A card in this process has no silicon whose memory would need its ten seconds of training. */
#define MODEL_ARGS "at=model,time_scale=100"

void
complain(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("card_offload: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static int
eal_start(const struct options *options)
{
	char vdev[128], prefix[64];
	char *args[] = {"card_offload", "--no-pci", "--no-huge", "-m", "256", "--no-telemetry",
			"--no-shconf", "--log-level", "4", "--file-prefix", prefix, vdev};

	snprintf(prefix, sizeof(prefix), "card_offload-%d", (int)getpid());
	if (options->card != NULL)
		snprintf(vdev, sizeof(vdev), "--vdev=raw_mic0,card=%s", options->card);
	else
		snprintf(vdev, sizeof(vdev), "--vdev=raw_mic0," MODEL_ARGS);
	if (rte_eal_init(RTE_DIM(args), args) >= 0)
		return EXIT_DONE;
	complain("DPDK does not start: %s", rte_strerror(rte_errno));
	return EXIT_CARD;
}

static void
report(const struct offload *o)
{
	const struct options *opt = &o->options;

	printf("%" PRIu64 " bytes of %s, %" PRIu64 " blocks of %" PRIu64 " KiB\n", o->input.size,
	       opt->file, o->answered, opt->block >> 10);
	printf("  copied to the card by DMA, hashed there, every answer compared: all right\n");
	printf("  %.2f s, %.2f GB/s; digest 0x%016" PRIx64 "\n", o->seconds,
	       o->seconds > 0 ? o->input.size / o->seconds * 1e-9 : 0.0, o->digest);
}

static int
offload(struct offload *o)
{
	int ret = card_open(&o->card, &o->options);

	if (ret == EXIT_DONE)
		ret = blocks_get(o);
	if (ret == EXIT_DONE)
		ret = offload_run(o);
	card_close(&o->card);
	blocks_put(o);
	if (ret == EXIT_DONE)
		report(o);
	return ret;
}

int
main(int argc, char **argv)
{
	static struct offload o = {.input.fd = -1};
	int ret = options_parse(&o.options, argc, argv);

	if (ret != 0)
		return ret < 0 ? EXIT_USAGE : EXIT_DONE;
	ret = o.options.make ? file_make(&o.options) : EXIT_DONE;
	if (ret == EXIT_DONE)
		ret = file_map(&o.input, o.options.file);
	if (ret == EXIT_DONE)
		ret = driver_load(&o.card.driver);
	if (ret == EXIT_DONE)
		ret = eal_start(&o.options);
	if (ret == EXIT_DONE) {
		ret = offload(&o);
		rte_eal_cleanup();
	}
	file_unmap(&o.input);
	return ret;
}
