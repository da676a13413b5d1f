/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_CARD_PRIV_H
#define SLIPWAY_CARD_PRIV_H

/**
 * @file
 * The state of a card. All that a host can reach - registers, card memory, its own memory - is
 * copied before it is looked at, and nothing that the card OS needs is kept there alone.
 */

#include <stdatomic.h>

#include "card.h"
#include "card_image.h"
#include "mic_boot.h"
#include "mic_page.h"

#define CARD_SERVICES 16u
/** Users of doorbells: a few for each of the 16. */
#define CARD_HOLDS 64u
/** Pieces of card memory in use. */
#define CARD_EXTENTS 256u
/** As many blocks as a page can hold: none is shorter than a header and its control part. */
#define CARD_BLOCKS 170u
#define CARD_CHANNELS 4u
/** Descriptors of a card's channel: a ring of 1 KiB. */
#define CARD_RING 64u

/** Who holds a doorbell: the state of a service, or one of the card OS's own. */
struct card_hold {
	const void *state; /**< NULL: free */
	uint8_t db;
};

struct card_extent {
	uint64_t offset, len;
};

struct card_known_block {
	struct card_block block;
	int service; /**< who sees to it; -1: nobody */
};

/** A DMA channel of the card's own. */
struct card_channel {
	uint64_t ring, status; /**< in card memory */
	uint32_t head, tail;   /**< tail: as last read */
	uint64_t asked;        /**< last number handed to it */
	uint64_t failed;       /**< numbers up to it that were not done before are lost */
	bool ready;
};

/** The card OS; gone with every reset. */
struct card_os {
	uint64_t began, now; /**< ns of step */
	struct mic_model_boot boot;
	struct card_image_info image;
	const char *image_error; /**< what is wrong with it, or NULL */
	char cmdline[MIC_CMDLINE_BYTES];
	/* The device page. */
	uint64_t page;     /**< MIC address; 0: not found yet */
	uint64_t next_try; /**< ns */
	unsigned int tries;
	uint8_t node_id;
	uint64_t up_ns;
	unsigned int status; /**< enum mic_shutdown: why it ends */
	/* Services. */
	void *state[CARD_SERVICES]; /**< NULL: not started */
	/* Doorbells. */
	struct card_hold hold[CARD_HOLDS];
	int shutdown_db, config_db; /**< -1: none */
	/* Memory, by offset. */
	struct card_extent extent[CARD_EXTENTS];
	unsigned int extents;
	/* Device blocks. */
	struct card_known_block block[CARD_BLOCKS];
	unsigned int blocks;
	bool bad_block_said;
	/* DMA. */
	struct card_channel channel[CARD_CHANNELS];
	int64_t dma_number; /**< the last one given out */
	/* Log. */
	uint64_t log_second; /**< when the lines that count against the most began, ns */
	unsigned int log_recent, log_dropped;
	uint32_t log_len; /**< bytes in the buffer; the word that the host sees is a copy */
	bool log_there;   /**< its place is not the image's */
};

/** Who has the card OS. */
enum card_hand {
	CARD_HAND_NONE,
	CARD_HAND_STEPS, /**< runs it, and once more for those who came meanwhile */
	CARD_HAND_HOLDS, /**< for a moment, and will not run it */
};

struct card {
	struct bus_device dev; /**< first */
	struct bus_device *model;
	struct card_config config;
	uint64_t time_scale;
	const struct card_service *service[CARD_SERVICES];
	unsigned int services;
	_Atomic(enum card_state) state;
	atomic_uint typed;            /**< commands, a bit for each */
	_Atomic(enum card_hand) hand; /**< who has the card OS */
	atomic_bool dirty;            /**< somebody wanted to run it meanwhile */
	uint64_t now_ns;              /**< the latest time that somebody ran it at */
	uint32_t generation;          /**< of the model's resets */
	bool refusal_said;
	uint32_t boots, crashes;
	uint64_t dma_copies, dma_bytes, dma_errors, log_bytes, log_lines;
	uint64_t h2c[MIC_H2C_DOORBELLS], c2h[MIC_C2H_DOORBELLS];
	struct {
		char name[24];
		uint64_t calls, refused;
	} function[CARD_STATUS_FUNCTIONS];
	struct card_os os;
};

/* ---- card_os.c ---- */

/** Let the card OS get on: as step. */
uint64_t card_os_step(struct card *card, uint64_t now_ns);
/** It is gone without a word. */
void card_os_vanish(struct card *card);

/* ---- card_page.c ---- */

/** Look for the device page: 0, or -EAGAIN when it is not there, with `why`. */
int card_page_find(struct card *card, const char **why);
/** Where the first block lies, and where the doorbell for config changes is told. */
unsigned int card_page_first_block(const struct card *card);
void card_page_put_config_db(struct card *card, int db);
/** Era A only; nothing otherwise. */
void card_page_put_shutdown_db(struct card *card, int db);
bool card_page_shutdown_wanted(struct card *card);
/** Say why it ends, and ring. */
void card_page_tell_shutdown(struct card *card, enum mic_shutdown status);

/* ---- card_blocks.c ---- */

/** First scan, then the doorbell is told. */
void card_blocks_start(struct card *card);
void card_blocks_scan(struct card *card);
/** Orderly end of all devices. */
void card_blocks_stop(struct card *card);

/* ---- card_doorbell.c ---- */

void card_doorbells_start(struct card *card);
/** Call who holds those that were rung. */
void card_doorbells_serve(struct card *card);

/* ---- card_memory.c ---- */

void card_memory_start(struct card *card);
/** Is this in card memory? */
bool card_memory_has(const struct card *card, uint64_t offset, uint64_t len);

/* ---- card_dma.c ---- */

void card_dma_start(struct card *card);

/* ---- card_log.c ---- */

/** Where the log is, so that nobody else gets it. */
struct card_extent card_log_place(void);
void card_log_start(struct card *card);
/** As card_log_read. */
size_t card_log_text(struct card *card, char *text, size_t size);
/** Text of foreign origin, fit to be printed. */
void card_log_clean(char *text, size_t len);

/* ---- card_functions.c ---- */

extern const struct card_service card_service_functions;

#endif /* SLIPWAY_CARD_PRIV_H */
