/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* All there is to say about a device, for a person to read. */

#include <errno.h>
#include <inttypes.h>

#include "mic_boot.h"
#include "mic_priv.h"

static const char *
where(const struct mic *mic)
{
	switch (mic->args.at) {
	case MIC_AT_MODEL:
		return "a card in this process";
	case MIC_AT_BUS:
		return "on the PCI bus";
	case MIC_AT_CARD:
		return mic->args.card;
	default:
		return mic->args.path;
	}
}

int
mic_dump(struct rte_rawdev *raw, FILE *f)
{
	static const char *const eras[] = {"A", "C", "D"};
	struct mic *mic = mic_of_id(raw->dev_id);

	if (mic == NULL)
		return -ENODEV;
	fprintf(f, "  MIC %s, 8086:%04x, stepping %s, %s; era %s, time scale %u\n",
		mic_family_name(mic->device_id), mic->device_id, mic_stepping_name(mic->revision),
		where(mic), eras[mic->conf.era], mic->args.time_scale);
	fprintf(f, "  aperture: %" PRIu64 " MiB\n", mic_dev_aperture_size(mic->dev) >> 20);
	mic_dev_dump(mic->dev, f);
	return 0;
}
