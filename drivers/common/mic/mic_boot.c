/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Images and how they are started: sections 11.3 and 11.5. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_atomic.h>

#include "mic_boot.h"
#include "mic_dev_priv.h"

/* How long after the boot interrupt the bootstrap is watched for what it says of the image. */
#define WATCH_NS UINT64_C(60000000000)

int
mic_boot_plan(struct mic_dev *dev, const struct mic_image *image, struct mic_image_plan *plan)
{
	uint32_t load = mic_spad2_load_address(mic_dev_read(dev, MIC_SPAD_AT(2)));
	char why[MIC_IMAGE_WHY];
	int ret = mic_image_plan(image, load, dev->aperture_size, plan, why);

	if (ret < 0)
		MIC_DEV_LOG(ERR, dev, "%s", why);
	return ret;
}

void
mic_boot_place(struct mic_dev *dev, const struct mic_image *image,
	       const struct mic_image_plan *plan, uint64_t *from)
{
	*from = mic_image_place(image, plan, dev->aperture, *from);
	if (*from != 0)
		return;
	/* Write combining buffers are empty before anything tells the card of an image. */
	rte_wmb();
	mic_dev_write(dev, MIC_SPAD_AT(5), (uint32_t)image->image_size);
}

int
mic_boot_run(struct mic_dev *dev)
{
	struct mic_machine *m = &dev->machine;
	uint32_t spad2 = mic_dev_read(dev, MIC_SPAD_AT(2));

	mic_dev_restore_smpt(dev);
	mic_irq_restore(dev);
	mic_dev_publish_page(dev);
	mic_dev_write(dev, MIC_AT(APICICR_HI, MIC_BOOT_DOORBELL),
		      (uint32_t)REG_GET(MIC_SPAD2_APIC_ID, spad2));
	/* The state is entered before the card can say anything of its own. */
	pthread_mutex_lock(&m->lock);
	/* While the image was put in place, say. It does not come back by being booted. */
	if (m->state == MIC_LOST) {
		pthread_mutex_unlock(&m->lock);
		return -ENODEV;
	}
	m->boots++;
	m->shutdown = MIC_SHUTDOWN_NOP;
	m->ends = 0;
	m->said = MIC_SHUTDOWN_NOP;
	m->watched = false;
	m->booted_ns = m->looked = mic_control_now();
	m->watch_until = m->booted_ns + WATCH_NS;
	mic_machine_enter(dev, m->conf.era == MIC_ERA_A || m->bare ? MIC_ONLINE : MIC_BOOTING);
	pthread_mutex_unlock(&m->lock);
	/* All that the boot needs, before the interrupt that starts it. */
	rte_wmb();
	mic_dev_write(dev, MIC_AT(APICICR_LO, MIC_BOOT_DOORBELL), MIC_BOOT_ICR);
	mic_dev_tell(dev, MIC_DEV_RUNNING);
	return 0;
}

/* ---- Kept for another boot ---- */

static size_t
bytes_of(const struct mic_image *i)
{
	return i->image_size + i->ramdisk_size + (i->cmdline != NULL ? strlen(i->cmdline) : 0) + 1;
}

int
mic_boot_keep(struct mic_kept *kept, const struct mic_image *image)
{
	uint8_t *at = mmap(NULL, bytes_of(image), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return -ENOMEM;
	mic_boot_forget(kept);
	kept->memory = at;
	kept->image = *image;
	kept->image.image = at;
	memcpy(at, image->image, image->image_size);
	at += image->image_size;
	if (image->ramdisk != NULL) {
		kept->image.ramdisk = at;
		memcpy(at, image->ramdisk, image->ramdisk_size);
		at += image->ramdisk_size;
	}
	if (image->cmdline != NULL) {
		kept->image.cmdline = (char *)at;
		strcpy((char *)at, image->cmdline);
	}
	return 0;
}

void
mic_boot_forget(struct mic_kept *kept)
{
	if (kept->memory != NULL)
		munmap(kept->memory, bytes_of(&kept->image));
	*kept = (struct mic_kept){.memory = NULL};
}
