/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* A file copied through a DMA device. Start reading at pipeline.h, then here, then at copy_run().
 */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "pipeline.h"

void
complain(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("dma_pipeline: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static void
report(const struct pipeline *p)
{
	printf("%" PRIu64 " bytes copied by %s in %.2f s, %.2f GB/s\n", p->files.size,
	       p->device.name, p->seconds,
	       p->seconds > 0 ? p->files.size / p->seconds * 1e-9 : 0.0);
	printf("CRC32C 0x%08x, computed by %s; %s read back has the same\n", p->crc,
	       p->device.has_crc ? "the device" : "the CPU, as the device has no CRC",
	       p->options.out);
}

/* Everything is opened in this order, and closed in the opposite one, as far as it got. */
static int
pipeline_run(struct pipeline *p)
{
	int ret;

	ret = device_open(&p->device, &p->options);
	if (ret == EXIT_DONE)
		ret = blocks_get(p);
	if (ret == EXIT_DONE) {
		ret = files_open(&p->files, &p->options);
		if (ret == EXIT_DONE)
			ret = copy_run(p);
		if (ret == EXIT_DONE)
			ret = file_ended(p);
		if (ret == EXIT_DONE)
			ret = file_check(p);
		files_close(&p->files, &p->options, ret == EXIT_DONE);
	}
	device_close(&p->device);
	blocks_put(p);
	if (ret == EXIT_DONE)
		report(p);
	return ret;
}

int
main(int argc, char **argv)
{
	static struct pipeline pipeline;
	int used, ret;

	if (options_help_wanted(argc, argv))
		return EXIT_DONE;
	used = rte_eal_init(argc, argv);
	if (used < 0) {
		complain("EAL does not start: %s; without huge pages it needs --no-huge -m 256",
			 rte_strerror(rte_errno));
		return EXIT_USAGE;
	}
	ret = options_parse(&pipeline.options, argc - used, argv + used);
	if (ret == 0)
		ret = pipeline_run(&pipeline);
	else
		ret = ret < 0 ? EXIT_USAGE : EXIT_DONE;
	rte_eal_cleanup();
	return ret;
}
