/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* A card is opened (section 11.9) and closed; its registers, its memory, host memory through the
 * SMPT.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include <rte_atomic.h>
#include <rte_common.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "mic_boot.h"
#include "mic_dev_priv.h"

RTE_LOG_REGISTER(mic_common_logtype, pmd.common.mic, NOTICE)

/* Configuration space. */
#define COMMAND        0x04
#define COMMAND_BITS   0x06 /* memory, bus master */
#define COMMAND_MASTER 0x04
#define BARS           0x10
#define BARS_END       0x28
#define INTERRUPT_LINE 0x3c

#define NS_IN_S UINT64_C(1000000000)

/* ---- What goes wrong ---- */

/* Who only reads a card may still have something to say of it. */
static struct mic_dev *
unconst(const struct mic_dev *dev)
{
	return (struct mic_dev *)(uintptr_t)dev;
}

static void
log_line(struct mic_dev *dev, uint32_t level, const char line[MIC_DEV_ERROR])
{
	rte_log(level, mic_common_logtype, "%s: %s\n", dev->name, line);
	if (level > RTE_LOG_ERR)
		return;
	rte_spinlock_lock(&dev->error_lock);
	memcpy(dev->error, line, MIC_DEV_ERROR);
	rte_spinlock_unlock(&dev->error_lock);
}

void
mic_dev_log(const struct mic_dev *dev, uint32_t level, const char *format, ...)
{
	char line[MIC_DEV_ERROR];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log_line(unconst(dev), level, line);
}

/* Is there room for another line? `*left_out`: so many had none in the last second. */
static bool
card_may_say(struct mic_dev *dev, uint32_t *left_out)
{
	uint64_t now = mic_control_now();
	bool may;

	*left_out = 0;
	rte_spinlock_lock(&dev->error_lock);
	if (now - dev->card_second >= NS_IN_S) {
		*left_out = dev->card_left_out;
		dev->card_second = now;
		dev->card_lines = dev->card_left_out = 0;
	}
	may = dev->card_lines < MIC_DEV_CARD_LINES;
	if (may)
		dev->card_lines++;
	else
		dev->card_left_out++;
	rte_spinlock_unlock(&dev->error_lock);
	return may;
}

void
mic_dev_log_card(const struct mic_dev *dev, uint32_t level, const char *format, ...)
{
	char line[MIC_DEV_ERROR];
	uint32_t left_out;
	va_list args;
	bool may = card_may_say(unconst(dev), &left_out);

	if (left_out != 0)
		MIC_DEV_LOG(WARNING, dev, "%" PRIu32 " lines about the card left out", left_out);
	if (!may)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log_line(unconst(dev), level, line);
}

void
mic_dev_error(struct mic_dev *dev, char error[MIC_DEV_ERROR])
{
	rte_spinlock_lock(&dev->error_lock);
	memcpy(error, dev->error, MIC_DEV_ERROR);
	rte_spinlock_unlock(&dev->error_lock);
}

void
mic_dev_error_clear(struct mic_dev *dev)
{
	rte_spinlock_lock(&dev->error_lock);
	dev->error[0] = '\0';
	rte_spinlock_unlock(&dev->error_lock);
}

/* ---- Registers and memory ---- */

uint32_t
mic_dev_read(struct mic_dev *dev, uint32_t bar4_off)
{
	return access_read32(&dev->regs, bar4_off);
}

void
mic_dev_write(struct mic_dev *dev, uint32_t bar4_off, uint32_t value)
{
	access_write32(&dev->regs, bar4_off, value);
	/* A card in this process gets on when it is stepped. Whoever has DMA done polls for it, and
	 * steps by that.
	 */
	if (dev->is_private && bar4_off - MIC_DMA_AT >= MIC_DMA_CHANNELS * MIC_DMA_CHANNEL_BYTES)
		mic_control_wake(&dev->control);
}

void
mic_dev_post(struct mic_dev *dev, uint32_t bar4_off, uint32_t value)
{
	access_post32(&dev->regs, bar4_off, value);
}

void *
mic_dev_aperture(struct mic_dev *dev, uint64_t offset, uint64_t len)
{
	if (offset >= dev->aperture_size || len > dev->aperture_size - offset)
		return NULL;
	return dev->aperture + offset;
}

uint64_t
mic_dev_aperture_size(const struct mic_dev *dev)
{
	return dev->aperture_size;
}

struct access_dev *
mic_dev_access(struct mic_dev *dev)
{
	return dev->access;
}

struct mic_control *
mic_dev_control(struct mic_dev *dev)
{
	return &dev->control;
}

void
mic_dev_idle(struct mic_dev *dev)
{
	/* The line is the poller's but when the control thread has been there. */
	if (dev->is_private && !atomic_load_explicit(&dev->polled, memory_order_relaxed))
		atomic_store_explicit(&dev->polled, true, memory_order_relaxed);
	access_idle(dev->access);
}

const char *
mic_dev_name(const struct mic_dev *dev)
{
	return dev->name;
}

bool
mic_dev_gone(const struct mic_dev *dev)
{
	return atomic_load_explicit(&dev->lost, memory_order_relaxed) ||
	       access_is_lost(dev->access);
}

/* Entries of the SMPT have been written by us, and cannot be all ones: bit 1 is always 0. */
bool
mic_dev_is_there(struct mic_dev *dev)
{
	return mic_dev_read(dev, MIC_AT(SMPT, 0)) != UINT32_MAX ||
	       mic_dev_read(dev, MIC_AT(SMPT, 1)) != UINT32_MAX;
}

/* ---- Host memory ---- */

static void
write_entry(struct mic_dev *dev, unsigned int i)
{
	mic_dev_write(dev, MIC_AT(SMPT, i), mic_smpt_register(&dev->smpt, i));
}

void
mic_dev_restore_smpt(struct mic_dev *dev)
{
	unsigned int i;

	rte_spinlock_lock(&dev->smpt_lock);
	for (i = 0; i < MIC_SMPT_ENTRIES; i++)
		write_entry(dev, i);
	rte_spinlock_unlock(&dev->smpt_lock);
}

int
mic_dev_try_map(struct mic_dev *dev, uint64_t iova, uint64_t len, uint64_t *mic_address)
{
	uint32_t changed = 0;
	unsigned int i;
	int ret;

	rte_spinlock_lock(&dev->smpt_lock);
	ret = mic_smpt_map(&dev->smpt, iova, len, mic_address, &changed);
	for (i = 0; i < MIC_SMPT_ENTRIES; i++) {
		if (changed >> i & 1)
			write_entry(dev, i);
	}
	rte_spinlock_unlock(&dev->smpt_lock);
	return ret;
}

int
mic_dev_map(struct mic_dev *dev, uint64_t iova, uint64_t len, uint64_t *mic_address)
{
	int ret = mic_dev_try_map(dev, iova, len, mic_address);

	if (ret == -ENOMEM)
		MIC_DEV_LOG(ERR, dev,
			    "map of %#" PRIx64 "+%#" PRIx64
			    ": no SMPT entries are free for it; the card reaches 32 windows of 16 "
			    "GiB at one time",
			    iova, len);
	else if (ret < 0)
		MIC_DEV_LOG(ERR, dev, "map of %#" PRIx64 "+%#" PRIx64 "; accepted: 1..%#" PRIx64
			    " bytes", iova, len, MIC_SMPT_REACH);
	return ret;
}

int
mic_dev_unmap(struct mic_dev *dev, uint64_t mic_address, uint64_t len)
{
	int ret;

	rte_spinlock_lock(&dev->smpt_lock);
	ret = mic_smpt_unmap(&dev->smpt, mic_address, len);
	rte_spinlock_unlock(&dev->smpt_lock);
	if (ret < 0)
		MIC_DEV_LOG(ERR, dev, "unmap of %#" PRIx64 "+%#" PRIx64
			    "; accepted: exactly what was mapped", mic_address, len);
	return ret;
}

/* ---- The device page ---- */

void
mic_dev_publish_page(struct mic_dev *dev)
{
	/* In this order (section 6). */
	mic_dev_write(dev, MIC_SPAD_AT(14), (uint32_t)dev->page_mic);
	mic_dev_write(dev, MIC_SPAD_AT(15), (uint32_t)(dev->page_mic >> 32));
}

static int
page_open(struct mic_dev *dev)
{
	void *page = rte_zmalloc_socket(dev->name, MIC_PAGE_BYTES, MIC_PAGE_BYTES, dev->numa_node);
	int ret;

	if (page == NULL) {
		MIC_DEV_LOG(ERR, dev, "no memory for the device page; give DPDK more (-m)");
		return -ENOMEM;
	}
	ret = mic_dev_map(dev, rte_malloc_virt2iova(page), MIC_PAGE_BYTES, &dev->page_mic);
	if (ret < 0) {
		rte_free(page);
		return ret;
	}
	dev->page = page;
	dev->c2h_shutdown_db = (unsigned int)mic_dev_doorbell_get(dev);
	mic_page_init(dev);
	mic_dev_publish_page(dev);
	return 0;
}

static void
page_close(struct mic_dev *dev)
{
	mic_dev_unmap(dev, dev->page_mic, MIC_PAGE_BYTES);
	rte_free((void *)(uintptr_t)dev->page);
}

/* ---- Those who follow ---- */

int
mic_dev_follow(struct mic_dev *dev, void (*event)(void *arg, enum mic_dev_event e), void *arg)
{
	unsigned int i;

	pthread_mutex_lock(&dev->follow_lock);
	for (i = 0; i < MIC_FOLLOWERS && dev->followers[i].event != NULL; i++)
		;
	if (i < MIC_FOLLOWERS)
		dev->followers[i] = (struct mic_follower){event, arg};
	pthread_mutex_unlock(&dev->follow_lock);
	return i < MIC_FOLLOWERS ? 0 : -ENOSPC;
}

void
mic_dev_unfollow(struct mic_dev *dev, void (*event)(void *arg, enum mic_dev_event e), void *arg)
{
	unsigned int i;

	/* Held while they are told: once it is ours, this one is not being told. */
	pthread_mutex_lock(&dev->follow_lock);
	for (i = 0; i < MIC_FOLLOWERS; i++) {
		if (dev->followers[i].event == event && dev->followers[i].arg == arg)
			dev->followers[i].event = NULL;
	}
	pthread_mutex_unlock(&dev->follow_lock);
}

void
mic_dev_tell(struct mic_dev *dev, enum mic_dev_event event)
{
	unsigned int i;

	pthread_mutex_lock(&dev->follow_lock);
	for (i = 0; i < MIC_FOLLOWERS; i++) {
		const struct mic_follower f = dev->followers[i];

		if (f.event != NULL)
			f.event(f.arg, event);
	}
	pthread_mutex_unlock(&dev->follow_lock);
}

static void
follow_init(struct mic_dev *dev)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&dev->follow_lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

/* ---- Configuration space ---- */

static int
config_open(struct mic_dev *dev)
{
	uint8_t command;
	int ret = access_config_read(dev->access, COMMAND, &command, 1);

	command |= COMMAND_BITS;
	if (ret == 0)
		ret = access_config_write(dev->access, COMMAND, &command, 1);
	if (ret == 0)
		ret = access_config_read(dev->access, 0, dev->config, sizeof(dev->config));
	if (ret < 0)
		MIC_DEV_LOG(ERR, dev, "configuration space cannot be accessed: %s",
			    rte_strerror(-ret));
	return ret;
}

static void
restore_word(struct mic_dev *dev, uint16_t at, size_t len)
{
	uint8_t now[4];

	if (access_config_read(dev->access, at, now, len) == 0 &&
	    memcmp(now, dev->config + at, len) != 0)
		access_config_write(dev->access, at, dev->config + at, len);
}

void
mic_dev_restore_config(struct mic_dev *dev)
{
	uint16_t at;

	for (at = BARS; at < BARS_END; at += 4)
		restore_word(dev, at, 4);
	restore_word(dev, INTERRUPT_LINE, 1);
	restore_word(dev, COMMAND, 2);
}

/* The card may write to memory of ours no longer. */
static void
config_close(struct mic_dev *dev)
{
	uint8_t command;

	if (access_config_read(dev->access, COMMAND, &command, 1) < 0)
		return;
	command &= (uint8_t)~COMMAND_MASTER;
	access_config_write(dev->access, COMMAND, &command, 1);
}

/* ---- Errors ---- */

static void
error_came(void *arg)
{
	const struct mic_dev *dev = arg;

	MIC_DEV_LOG_CARD(ERR, dev, "the card reports an SBOX error");
}

/* What the doorbell says is in the device page, where the control thread looks anyway. */
static void
shutdown_came(void *arg)
{
	RTE_SET_USED(arg);
}

/* ---- Beginning and end ---- */

/* A card in this process that is busy, or polls, would be served again at once; and a reply on the
 * socket wakes the control thread although it is for another one. Those who call or have DMA done
 * poll, which runs the card, and may have no other CPU than ours: such a spin takes up to half of
 * it from them; and what is moved on our CPU is not in the caches of theirs. So the card is left
 * alone for so long, and the socket listened to for its end only, for so long.
 */
#define OTHERS_NS UINT64_C(100000)
#define QUIET_NS  UINT64_C(1000000)
/* To look whether somebody still polls takes 30 us from who does so on our CPU. Who has polled
 * twice in a row, the second time since a look OTHERS_NS before, is not disturbed for so long. Who
 * polls now and then only does not run the card: a step moves a part of what is to be moved.
 */
#define POLLED_NS UINT64_C(4000000)

/* Let a card of this process get on, if nobody else does: in how many ns again. */
static uint64_t
step(struct mic_dev *dev)
{
	bool before = dev->polled_before;
	uint64_t ns;

	dev->polled_before = false;
	if (atomic_load_explicit(&dev->polled, memory_order_relaxed)) {
		atomic_store_explicit(&dev->polled, false, memory_order_relaxed);
		dev->polled_before = !before;
		return before ? POLLED_NS : OTHERS_NS;
	}
	ns = access_idle_ns(dev->access);
	return RTE_MAX(ns, OTHERS_NS);
}

static uint64_t
serve(void *arg, const struct pollfd p[], unsigned int n)
{
	struct mic_dev *dev = arg;
	uint64_t ns = MIC_CONTROL_NEVER;

	if (!mic_dev_gone(dev)) {
		ns = step(dev);
		/* The last one is that of the socket, if there is one. */
		mic_irq_serve(dev, p, RTE_MIN(n, dev->irq.nb_fds));
		dev->talked = n > dev->irq.nb_fds && (p[n - 1].revents & POLLIN) != 0;
		if (dev->talked)
			ns = RTE_MIN(ns, QUIET_NS);
	}
	return RTE_MIN(ns, mic_machine_serve(dev));
}

static unsigned int
collect(void *arg, struct pollfd p[], unsigned int max)
{
	struct mic_dev *dev = arg;
	unsigned int n = mic_irq_collect(dev, p, max);

	if (n < max && n == dev->irq.nb_fds)
		p[n++] = (struct pollfd){.fd = access_wait_fd(dev->access),
					 .events = dev->talked ? POLLRDHUP : POLLIN};
	/* A poll of somebody else's found the end of the socket since this one has been served: it
	 * is not to be waited for.
	 */
	if (access_is_lost(dev->access) && !atomic_load_explicit(&dev->lost, memory_order_relaxed))
		mic_control_wake(&dev->control);
	return n;
}

static int
memory_open(struct mic_dev *dev)
{
	dev->aperture = access_memory(dev->access, MIC_BAR_APERTURE, 0, &dev->aperture_size);
	if (dev->aperture != NULL)
		return 0;
	MIC_DEV_LOG(ERR, dev, "the aperture, BAR 0, is not mapped; a server has to share its file, "
			      "a device has to be bound to vfio-pci");
	return -EIO;
}

static struct mic_dev *
make(const struct mic_dev_config *config)
{
	struct mic_dev *dev = rte_zmalloc_socket(config->name, sizeof(*dev), RTE_CACHE_LINE_SIZE,
						 config->numa_node);

	if (dev == NULL)
		return NULL;
	dev->access = config->access;
	dev->regs = access_bar(config->access, MIC_BAR_MMIO);
	dev->is_private = access_is_private(config->access);
	dev->name = config->name;
	dev->device_id = config->device_id;
	dev->revision = config->revision;
	dev->numa_node = config->numa_node;
	dev->time_scale = RTE_MAX(config->time_scale, 1u);
	rte_spinlock_init(&dev->smpt_lock);
	rte_spinlock_init(&dev->error_lock);
	mic_smpt_init(&dev->smpt);
	follow_init(dev);
	mic_machine_init(dev);
	mic_control_init(&dev->control);
	dev->item = (struct mic_control_item){.serve = serve, .collect = collect, .arg = dev};
	return dev;
}

static void
unmake(struct mic_dev *dev)
{
	mic_control_free(&dev->control);
	mic_machine_free(dev);
	pthread_mutex_destroy(&dev->follow_lock);
	rte_free(dev);
}

int
mic_dev_open(const struct mic_dev_config *config, struct mic_dev **out)
{
	struct mic_dev *dev = make(config);
	int ret;

	if (dev == NULL) {
		rte_log(RTE_LOG_ERR, mic_common_logtype,
			"%s: no memory for it; give DPDK more (-m)\n", config->name);
		return -ENOMEM;
	}
	ret = memory_open(dev);
	if (ret == 0)
		ret = config_open(dev);
	if (ret < 0)
		goto unmake;
	ret = mic_irq_open(dev, config->irq_modes != 0 ? config->irq_modes : MIC_IRQ_ALL);
	if (ret < 0)
		goto unmake;
	mic_dev_restore_smpt(dev);
	ret = page_open(dev);
	if (ret < 0)
		goto close_irq;
	ret = mic_dev_irq_attach(dev, MIC_SOURCE_DOORBELL(dev->c2h_shutdown_db), shutdown_came,
				 dev);
	if (ret == 0)
		ret = mic_dev_irq_attach(dev, MIC_SOURCE_ERROR, error_came, dev);
	if (ret == 0)
		ret = mic_control_add(&dev->control, &dev->item);
	if (ret < 0)
		goto close_page;
	*out = dev;
	return 0;

close_page:
	page_close(dev);
close_irq:
	mic_irq_close(dev);
unmake:
	unmake(dev);
	return ret;
}

/* A card OS that is left alone would go on using what is about to go. */
static void
quiesce(struct mic_dev *dev)
{
	if (mic_dev_gone(dev))
		return;
	if (mic_machine_is_up(&dev->machine)) {
		mic_dev_write(dev, MIC_SPAD_AT(2), 0);
		rte_mb();
		mic_dev_write(dev, MIC_AT(RGCR, 0), (uint32_t)REG_MASK(MIC_RGCR_RESET));
	}
	config_close(dev);
}

int
mic_dev_may_close(const struct mic_dev *dev)
{
	if (!mic_control_is_inside(&dev->control, &dev->item))
		return 0;
	MIC_DEV_LOG(ERR, dev, "close inside a callback of its own; accepted: outside");
	return -EBUSY;
}

int
mic_dev_close(struct mic_dev *dev)
{
	struct access_dev *access = dev->access;
	int ret = mic_dev_may_close(dev);

	if (ret < 0)
		return ret;
	mic_control_remove(&dev->control, &dev->item);
	quiesce(dev);
	page_close(dev);
	mic_irq_close(dev);
	if (dev->smpt.refs != 0)
		MIC_DEV_LOG(WARNING, dev, "%" PRIu64 " bytes of host memory were still mapped",
			    dev->smpt.refs);
	unmake(dev);
	access_close(access);
	return 0;
}
