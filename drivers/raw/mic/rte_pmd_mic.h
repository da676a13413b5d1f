/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef RTE_PMD_MIC_H
#define RTE_PMD_MIC_H

/**
 * @file
 * raw_mic beyond rte_rawdev.h: the structures its calls take, and what rawdev has no call for.
 * Every call: 0 or a negative errno; control path, any thread, one call at a time per device unless
 * said otherwise.
 */

#include <stdint.h>

#include <rte_compat.h>
#include <rte_rawdev.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RTE_PMD_MIC_TEXT 256

enum rte_pmd_mic_boot_mode { RTE_PMD_MIC_BOOT_LINUX, RTE_PMD_MIC_BOOT_ELF, RTE_PMD_MIC_BOOT_FLASH };

/** Protocol of the card OS, datasheet section 23. */
enum rte_pmd_mic_era { RTE_PMD_MIC_ERA_A, RTE_PMD_MIC_ERA_C, RTE_PMD_MIC_ERA_D };

/** States as one list; texts are the era's own. */
enum rte_pmd_mic_state {
	RTE_PMD_MIC_READY, /**< era A: "offline" */
	RTE_PMD_MIC_BOOTING,
	RTE_PMD_MIC_ONLINE,
	RTE_PMD_MIC_SHUTTING_DOWN,
	RTE_PMD_MIC_RESETTING,
	RTE_PMD_MIC_RESET_FAILED,
	RTE_PMD_MIC_SUSPENDING,
	RTE_PMD_MIC_SUSPENDED,
	RTE_PMD_MIC_LOST, /**< the link is gone: the card's process ended, or all ones are read */
};

enum rte_pmd_mic_shutdown {
	RTE_PMD_MIC_NOP, RTE_PMD_MIC_CRASHED, RTE_PMD_MIC_HALTED, RTE_PMD_MIC_POWEROFF,
	RTE_PMD_MIC_RESTART,
};

/** Private part of struct rte_rawdev_info, of info_get (out) and configure (in). */
struct rte_pmd_mic_info {
	/* configure takes these */
	enum rte_pmd_mic_era era;
	enum rte_pmd_mic_boot_mode boot_mode;
	char cmdline[2048];
	/** Files that the attribute `state`, written 1, boots when nothing else is loaded. */
	char firmware[RTE_PMD_MIC_TEXT], ramdisk[RTE_PMD_MIC_TEXT];
	uint16_t dma_channels; /**< 1..4 */
	uint16_t queues;       /**< rawdev DMA queues, 0..4: queue i is DMA channel i */
	uint32_t queue_depth;  /**< descriptors, 64..131068, default 4096 */
	uint8_t heartbeat;     /**< watch the heartbeat (eras C, D) */
	/**
	 * Boot again after the card asked for a restart; keeps a copy of what is loaded. Five times
	 * in a row; a card that was up for ten minutes begins anew, as does one that is started.
	 */
	uint8_t restart;
	uint8_t boot_on_resume; /**< era A, as `restart`: after the host has slept */
	/* info_get fills these besides */
	char family[8], stepping[4], reach[16];
	uint16_t device_id;
	uint64_t aperture_size, mmio_size;
	uint16_t smpt_entries;
	uint64_t smpt_entry_size;
	uint16_t max_queues;
	enum rte_pmd_mic_state state;
};

/** Argument of rte_rawdev_firmware_load: bytes are copied to the card at once. */
struct rte_pmd_mic_firmware {
	uint32_t version; /**< of this structure: 1 */
	const void *image;
	uint64_t image_size;
	const void *ramdisk; /**< or NULL */
	uint64_t ramdisk_size;
	const char *cmdline; /**< or NULL: that of configure */
	enum rte_pmd_mic_boot_mode mode;
};

/**
 * rte_rawdev_firmware_status_get takes the address of a pointer to one: the driver allocates it
 * with rte_malloc, the caller frees it.
 */
struct rte_pmd_mic_status {
	enum rte_pmd_mic_state state;
	char state_text[16];
	enum rte_pmd_mic_shutdown shutdown;
	char shutdown_text[12];
	char post_code[3];
	uint8_t ready, image_loaded;
	uint64_t booted_ns, online_ns; /**< CLOCK_MONOTONIC, 0: not */
	uint32_t boots, resets, reset_failures, crashes;
	uint32_t restarts, restarts_refused; /**< that the card asked for, by `restart` */
};

/** rte_rawdev_firmware_version_get: as above. */
struct rte_pmd_mic_version {
	char stepping[4];
	uint32_t spad4, spad7, spad13;
	uint32_t page_magic;
	uint8_t page_layout; /**< enum rte_pmd_mic_era */
};

/** Read a file and load it as rte_rawdev_firmware_load does; ramdisk, cmdline may be NULL. */
__rte_experimental
int rte_pmd_mic_load_files(uint16_t dev_id, const char *image, const char *ramdisk,
			   const char *cmdline, enum rte_pmd_mic_boot_mode mode);

/** What is told: a state was entered. Called from the device's control thread; may call back. */
typedef void (*rte_pmd_mic_event_t)(uint16_t dev_id, enum rte_pmd_mic_state state,
				    enum rte_pmd_mic_shutdown shutdown, void *arg);
__rte_experimental
int rte_pmd_mic_event_register(uint16_t dev_id, rte_pmd_mic_event_t event, void *arg);
__rte_experimental
int rte_pmd_mic_event_unregister(uint16_t dev_id, rte_pmd_mic_event_t event, void *arg);
/** Wait until a state is entered: 0, -ETIMEDOUT, -ENODEV when the card is lost. */
__rte_experimental
int rte_pmd_mic_wait(uint16_t dev_id, enum rte_pmd_mic_state state, unsigned int timeout_ms);

/** The host is about to sleep / has woken (FR-114, section 12.9). */
__rte_experimental
int rte_pmd_mic_suspend(uint16_t dev_id);
__rte_experimental
int rte_pmd_mic_resume(uint16_t dev_id);

/** Let the card reach host memory: its MIC address. Memory must be DPDK's or dma-mapped. */
__rte_experimental
int rte_pmd_mic_map(uint16_t dev_id, const void *addr, uint64_t len, uint64_t *mic_address);
__rte_experimental
int rte_pmd_mic_unmap(uint16_t dev_id, uint64_t mic_address, uint64_t len);

/** The aperture: card memory `offset`, `len` bytes, in this process; NULL and rte_errno. */
__rte_experimental
void *rte_pmd_mic_aperture(uint16_t dev_id, uint64_t offset, uint64_t len);

/** Argument of the attribute log_buf_read: its address. `len` is set to what was read. */
struct rte_pmd_mic_log {
	char *text;
	uint32_t size, len;
};
/** Text of the card OS's log; bytes written, or a negative errno. */
__rte_experimental
int rte_pmd_mic_log(uint16_t dev_id, char *text, uint32_t size);

/** Configuration of a rawdev queue, which is a DMA channel: queue_setup, queue_conf_get. */
struct rte_pmd_mic_queue {
	uint32_t depth; /**< descriptors, 64..131068; 0: queue_depth of configure */
};

/** One DMA copy. */
struct rte_pmd_mic_copy {
	uint64_t src, dst; /**< card memory offset, or IOVA of host memory, as `flags` say */
	uint32_t len;      /**< multiples of 64, as both addresses */
	uint32_t flags;
};
#define RTE_PMD_MIC_SRC_CARD (1u << 0)
#define RTE_PMD_MIC_DST_CARD (1u << 1)

/**
 * `context` of rte_rawdev_enqueue_buffers and rte_rawdev_dequeue_buffers. What is enqueued is
 * submitted at once; it is executed, and dequeued, in order. Buffers are the caller's, and nothing
 * but pointers to the driver: `buffers[n]` goes with `copies[n]`, and comes back when that copy has
 * ended; without (NULL), none do. Both return how many, or a negative errno when not even the first
 * copy can be. Hot path; one thread at a time per queue.
 */
struct rte_pmd_mic_burst {
	uint16_t queue;
	const struct rte_pmd_mic_copy *copies; /**< enqueue */
	/** Dequeue, or NULL: 0; -EIO in error; -ECANCELED as the card was reset or is lost. */
	int *results;
};

/** A function that runs on a virtual card (mic_mailbox.h): how to call it without a copy. */
struct rte_pmd_mic_function {
	uint16_t dev_id;
	uint32_t slots;
	uint64_t sequence;  /**< of the last request; a new caller goes on where the last one was */
	uint64_t collected; /**< of the last answer that was had */
	uint64_t slot;      /**< of the last request, counted on */
	void *line;        /**< the slots, in the aperture */
	uint64_t memory, memory_size; /**< card memory for data, offset in the aperture */
	uint32_t doorbell;
	const volatile uint32_t *awake;
	uint32_t in_vain;  /**< looks for an answer that found none */
	uint32_t idle;     /**< mask: which of those see to the device */
};
/**
 * Find a function: 0, or -ENOENT when the card has none of that name, or is not up. One caller at a
 * time per function. What is found is good until the card is reset, stopped or closed: then it is to
 * be found anew, and memory of a closed card is not to be touched.
 */
__rte_experimental
int rte_pmd_mic_function(uint16_t dev_id, const char *name, struct rte_pmd_mic_function *fn);
/** Post a request: 0, or -ENOSPC when all slots wait to be collected. Hot path; one thread. */
__rte_experimental
int rte_pmd_mic_call(struct rte_pmd_mic_function *fn, const uint64_t args[6]);
/**
 * The answer to request number `sequence` if it is there: 1, else 0. In order. Hot path. A card that
 * has crashed, hangs or is lost never answers, and nothing here says so: a caller needs a limit of
 * its own, or to know of the card's state (rte_pmd_mic_event_register()).
 */
__rte_experimental
int rte_pmd_mic_answer(struct rte_pmd_mic_function *fn, uint64_t sequence, uint64_t args[6],
		       int64_t *result);

#ifdef __cplusplus
}
#endif

#endif /* RTE_PMD_MIC_H */
