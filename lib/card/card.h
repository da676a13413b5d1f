/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CARD_H
#define SLIPWAY_CARD_H

/**
 * @file
 * A virtual MIC card: the model of the coprocessor with a card OS on it. As a bus device it is what
 * a host sees; its `step` lets the hardware and the card OS run. Plain C: no threads, no clock, no
 * files; where it runs (in the host's process for tests, or in a process of its own) is the
 * caller's business.
 *
 *     card.c            the bus device: model below, card OS above, one step for both
 *     card_os.c         the card OS: finds the device page, comes up, serves, ends
 *     card_page.c       the device page, in the layout of each era
 *     card_blocks.c     device blocks in it: scan, config changes, removal
 *     card_doorbell.c   doorbells of both directions
 *     card_memory.c     who has what of the card's memory
 *     card_dma.c        the card's own DMA channels
 *     card_log.c        what the card OS prints, and its log buffer
 *     card_image.c      images that boot
 *     card_functions.c  functions that a host may call; card_calls.c: the standard ones
 *     card_hash.c       checksums for them
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mic_model.h"

/** Protocol of the card OS (datasheet section 23). */
enum card_era { CARD_ERA_A, CARD_ERA_C, CARD_ERA_D };

/** How the card OS stands. */
enum card_state {
	CARD_OFF,      /**< no card OS: bootstrap, ready or refused */
	CARD_STARTING, /**< it looks for the device page */
	CARD_UP,       /**< it serves */
	CARD_STOPPING, /**< orderly end: services are let go */
	CARD_DOWN,     /**< it has said why it ended; only a reset helps */
	CARD_HUNG,     /**< it does nothing any more */
};

/** What a person at the card's console may type. */
enum card_command { CARD_HALT, CARD_POWEROFF, CARD_RESTART, CARD_CRASH, CARD_HANG };

/**
 * Looks for a request that a step in a process of its own may take, one after the other: some
 * microseconds, as what else the card does waits for them.
 */
#define CARD_LOOKS_BUSY 64u

struct card;

/** A device block, as it was found: its place in the device page, kind and sizes (section 14.3). */
struct card_block {
	unsigned int offset;
	uint8_t type, num_vq, feature_len, config_len;
};

/** What happened to a device block of the device page. */
enum card_block_event {
	CARD_BLOCK_NEW,
	CARD_BLOCK_CHANGED, /**< the host changed its config space, and waits */
	CARD_BLOCK_REMOVED, /**< the host takes it away, and waits; or the card OS ends */
};

/**
 * Something that runs on the card: functions called by the host, and later SCIF, virtio drivers and
 * COSM. All calls come from the thread in `step`. `step` returns when it wants to be called again:
 * `now_ns` for at once (it is busy or polls), BUS_NO_DEADLINE for on the next interrupt. Any
 * of the calls but start and step may be NULL.
 */
struct card_service {
	const char *name;
	size_t size; /**< bytes of private state, zeroed at each start */
	/** The card OS is up: 0 or a negative errno. */
	int (*start)(struct card *card, void *state);
	uint64_t (*step)(struct card *card, void *state, uint64_t now_ns);
	void (*doorbell)(struct card *card, void *state, unsigned int db); /**< h2c, one it holds */
	/**
	 * A device block: true when this service sees to it, and then to a removed or changed one
	 * before it returns; the card OS tells the host.
	 */
	bool (*block)(struct card *card, void *state, const struct card_block *block,
		      enum card_block_event event);
	/** An orderly end; not called after a crash or a reset. */
	void (*stop)(struct card *card, void *state);
};

struct card_config {
	struct mic_model_config model;
	enum card_era era;
	const struct card_service *const *services; /**< ended by NULL; NULL: the standard ones */
	/** How long functions poll before they sleep; default 50. */
	unsigned int functions_poll_us;
	/**
	 * How often a step looks for requests before it returns; default 1. Where callers run
	 * elsewhere, and nothing else needs the thread, CARD_LOOKS_BUSY.
	 */
	unsigned int functions_looks;
	/** One line that the card OS prints (also kept in its log buffer), without its end. */
	void (*console)(void *arg, const char *line);
	void *arg;
};

/** Make a card that is off. 0, -EINVAL, -ENOMEM. */
int card_create(const struct card_config *config, struct bus_host *host, struct bus_device **dev);
/** Free it. Nobody may be calling it. NULL is allowed. */
void card_destroy(struct bus_device *dev);

struct bus_device *card_model(struct bus_device *dev); /**< the model below, for tools and tests */
enum card_state card_state(const struct bus_device *dev); /**< any thread */
const char *card_state_name(enum card_state state);
const char *card_era_name(enum card_era era); /**< "a", "c", "d" */
/** Type a command: taken up by the next step. Any thread. -EINVAL when no card OS is up. */
int card_tell(struct bus_device *dev, enum card_command command);

/** Text of the card's System.map: where its log buffer and the length of it are (section 12.8). */
const char *card_system_map(void);

/** The most that a log can hold. */
#define CARD_LOG_MAX 0x10000u
/** Text of the card OS's log buffer, as it is in card memory: bytes. Any thread. */
size_t card_log_read(struct bus_device *dev, char *text, size_t size);

#define CARD_STATUS_FUNCTIONS 16u

/** What there is to say about a card. */
struct card_status {
	enum card_state state;
	enum card_era era;
	uint32_t boots, crashes, page_retries;
	uint64_t page; /**< MIC address of the device page, 0: not found */
	unsigned int node_id; /**< eras C, D */
	uint64_t up_ns; /**< when it came up, by the clock of step; 0: it is not up */
	char version[64]; /**< of the image, "" for none */
	const char *image_error; /**< what is wrong with the image, or NULL */
	char cmdline[256]; /**< as much as fits */
	unsigned int blocks; /**< device blocks known */
	unsigned int doorbells; /**< h2c doorbells in use */
	uint64_t h2c[16], c2h[4]; /**< how often each was heard, and rung */
	uint64_t memory_used, memory_size;
	uint64_t dma_copies, dma_bytes, dma_errors;
	uint64_t log_bytes, log_lines;
	struct {
		char name[24];
		uint64_t calls, refused;
	} function[CARD_STATUS_FUNCTIONS];
};

/** Any thread; waits for a step that is under way. */
void card_status_read(struct bus_device *dev, struct card_status *status);

/* ---- for services: only in the thread that calls them ---- */

/** A c2h doorbell is a register write; an h2c doorbell is allocated and then calls the service. */
void card_ring(struct card *card, unsigned int c2h_db);
/** 0..15, lowest use first; -ENOSPC when too many are held. `state` is the service's. */
int card_doorbell_get(struct card *card, const void *state);
void card_doorbell_put(struct card *card, unsigned int db, const void *state);
/** Card memory: `len` bytes zeroed, or -ENOMEM; offset in BAR0. */
int card_memory_get(struct card *card, size_t len, size_t align, uint64_t *offset);
/** The same as it is. */
int card_memory_take(struct card *card, size_t len, size_t align, uint64_t *offset);
void card_memory_put(struct card *card, uint64_t offset, size_t len);
/** Card memory at an offset, NULL outside; and how much there is. */
void *card_memory(struct card *card, uint64_t offset);
uint64_t card_memory_size(const struct card *card);
/** Host memory by MIC address (SMPT): pointer or NULL; valid for this call of the service. */
void *card_host_memory(struct card *card, uint64_t mic_address, size_t len, enum bus_prot prot);
/** The device page (4096 bytes), or NULL when it cannot be had; valid for this call. */
volatile void *card_page(struct card *card);
/** Bytes of the device page, wherever it is: 0, or a negative errno. */
int card_page_read(struct card *card, unsigned int off, void *bytes, size_t len);
int card_page_write(struct card *card, unsigned int off, const void *bytes, size_t len);
/** The card's node number, of the device page; eras C, D. */
unsigned int card_node_id(const struct card *card);
/** Why it ends: 2 halt, 3 power-off, 4 restart (section 12.1); for stop. */
unsigned int card_shutdown_status(const struct card *card);
/** As card_tell, from the card itself. */
void card_ask(struct card *card, enum card_command command);
/**
 * Copy by one of the card's own DMA channels (4..7): a number > 0 to ask for, or a negative errno;
 * -EAGAIN when there is no room now. Addresses and length are multiples of 64.
 */
int64_t card_dma_copy(struct card *card, uint64_t dst, uint64_t src, size_t len);
/** 1 done, 0 not yet, -EIO: it failed. Numbers are asked for in order. */
int card_dma_done(struct card *card, int64_t number);
/** Give up a copy that does not end, and what came after it on its channel. */
void card_dma_abort(struct card *card, int64_t number);
void card_print(struct card *card, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif /* SLIPWAY_CARD_H */
