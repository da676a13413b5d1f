/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_MIC_PEER_H
#define SLIPWAY_MIC_PEER_H

/**
 * @file
 * A scripted host of the MIC X100, second witness of the card: it was written from the datasheet
 * alone, types its own offsets and bytes, and knows the card by the bus contract and by how one is
 * made. It does what the host drivers of the datasheet's eras do, access for access; `(7.3)` in a
 * comment is a section of the datasheet, M15 an item of its section 27. Its time is simulated.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus.h"
#include "card.h"
#include "mic_model.h"

/* BAR4 (5.1): DBOX at 0, SBOX at 0x10000. */
enum {
	POSTCODE = 0x0242c,
	SMPT = 0x13100, /* + 4 * entry */
	RGCR = 0x14010,
	MSIX_TABLE = 0x17000, /* + 16 * vector */
	MSIX_PBA = 0x18000,
	SICR0 = 0x19004,
	SICE0 = 0x1900c,
	SICC0 = 0x19010,
	SIAC0 = 0x19014,
	MXAR = 0x19044, /* + 4 * vector */
	MSIXPBACR = 0x19084,
	DMA = 0x1a000, /* + 0x40 * channel */
	DCR = 0x1a280,
	APICICR_LO = 0x1a9d0, /* + 8 * doorbell */
	APICICR_HI = 0x1a9d4,
	SPAD = 0x1ab20, /* + 4 * n */
	RDMASR = 0x1b180, /* + 4 * (doorbell - 8) */
	SDBIC = 0x1cc90, /* + 4 * doorbell */
};

/* Of a channel (19.2). */
enum {
	DCAR = 0x00,
	DHPR = 0x04,
	DTPR = 0x08,
	DRAR_LO = 0x14,
	DRAR_HI = 0x18,
	DSTAT = 0x20,
	DCHERR = 0x2c,
	DCHERRMSK = 0x30,
};

#define ENABLES      0x0000ff0fu           /* 28: all doorbells, all channels */
#define BOOT_ICR     0x000020e5u           /* 28: vector 229 and bit 13 */
#define MIC_BASE     UINT64_C(0x8000000000) /* 4.1: where host memory begins for the card */
#define PAGE_MAGIC   0xc0ffee00u           /* 14.2 */
#define MS           UINT64_C(1000000)
#define SECOND       UINT64_C(1000000000)
#define PEER_VECTORS 16u
#define PEER_REGIONS 8u
#define NO_DB        0xffu

enum peer_mode { PEER_MSIX, PEER_MSI, PEER_INTX };

/** A piece of host memory. */
struct peer_region {
	uint64_t iova;
	size_t size;
	unsigned char *memory;
};

/** The host, and the card in its slot. */
struct peer {
	struct bus_host host;
	struct bus_device *dev;
	struct bus_device *model;
	bool with_card; /**< a card OS is on it */
	enum card_era era;
	enum peer_mode mode;
	unsigned int vectors; /**< of MSI-X, which the driver uses */
	unsigned char *gddr;
	uint64_t gddr_size;
	unsigned char *aperture; /**< BAR0 as it was described */
	struct peer_region region[PEER_REGIONS];
	unsigned int regions;
	bool refuse_map;    /**< give no pointers */
	size_t piece;       /**< pointers reach to the next multiple of it; 0: all the way */
	uint64_t now;
	unsigned int irqs[PEER_VECTORS];
	unsigned int wild_irqs;
	uint64_t accesses;  /**< to host memory */
	uint64_t wild;      /**< of them, where there is none */
	uint32_t smpt[32];  /**< what the driver believes to be in the table */
	uint32_t mxar[PEER_VECTORS];
	uint64_t page_iova;
	unsigned char *page; /**< the device page (14) */
	unsigned int c2h_shutdown; /**< doorbell handed to the card */
	char console[16384]; /**< what the card printed */
	size_t console_len;
};

/* ---- what a test starts from ---- */

/** What to make: a bare model, or a card. */
struct peer_make {
	struct mic_model_config model; /**< gddr is filled in */
	uint64_t gddr_size;            /**< 0: 64 MiB */
	bool card;
	enum card_era era;
	enum peer_mode mode;
};

/** Plug a card in, with 1 MiB of host memory below 16 GiB, and enable it in config space. */
struct peer *peer_new(const struct peer_make *make);
void peer_free(struct peer *p);
/** One that is ready to be booted, with all vectors, in *state. */
int peer_begin_ready(void **state, const struct peer_make *make);
/** No vector was raised that there is not. */
int peer_end(void **state);
/** And no access touched nothing. */
int peer_end_tidy(void **state);
/** More host memory. */
unsigned char *peer_memory(struct peer *p, uint64_t iova, size_t size);
/** The memory of the peer itself, at PEER_IOVA. */
#define PEER_IOVA UINT64_C(0x101000000)
#define PEER_SIZE 0x100000u
unsigned char *peer_at(struct peer *p, uint64_t iova);

/* ---- bus accesses ---- */

uint32_t rd(struct peer *p, uint32_t bar4_off);
void wr(struct peer *p, uint32_t bar4_off, uint32_t value);
uint32_t cfg(struct peer *p, uint16_t off, unsigned int size);
void cfg_wr(struct peer *p, uint16_t off, unsigned int size, uint32_t value);
/** Let simulated time pass. */
void peer_pass(struct peer *p, uint64_t ns);

/* ---- host memory ---- */

void put64(unsigned char *to, uint64_t value);
uint64_t get64(const unsigned char *from);
void put32(unsigned char *to, uint32_t value);
uint32_t get32(const unsigned char *from);
/** Address of the card for a host address below 512 GiB, with the identity table. */
#define MIC(iova) (MIC_BASE + (iova))

/* ---- what a driver does ---- */

/** 8.4, 11.9: enable interrupts, identity SMPT, device page, its boot parameters. */
void peer_probe(struct peer *p);
void peer_enable_irqs(struct peer *p);
void peer_boot_parameters(struct peer *p);
void peer_page_address(struct peer *p);
/** 10.1: true when the card became ready. */
bool peer_reset(struct peer *p);
uint32_t peer_wait_ready(struct peer *p);
/** Assign a source to a vector (8.4). */
void peer_assign(struct peer *p, unsigned int source, unsigned int vector);
/** Ring doorbell 0..15 of the card (9.1). */
void peer_ring(struct peer *p, unsigned int db);
/** 8.3, 8.6: read and write back SICR0, run the workaround of the stepping: what was set. */
uint32_t peer_acknowledge(struct peer *p);
/** Did the card ring since? By its vectors, or by SICR0. */
bool peer_rung(struct peer *p, unsigned int source);

/** What is put into the aperture. */
struct peer_image {
	uint32_t size;       /**< bytes of the image */
	const char *cmdline; /**< behind " mem=<n>M"; NULL: none */
	uint32_t ramdisk;    /**< bytes, 0: none */
	bool elf;            /**< image alone, ELF */
	bool no_signature;   /**< spoil HdrS */
};

/** 11.3, 11.4: image, SPAD5, command line, ramdisk: load address. */
uint32_t peer_place(struct peer *p, const struct peer_image *image);
/** 11.5, from step 2 on. */
void peer_start(struct peer *p);
/** All of 11.8; asserts that the bootstrap took the image. */
void peer_boot(struct peer *p, const struct peer_image *image);
char *peer_post(struct peer *p, char code[3]);
/** Wait until a byte of the device page has another value than `not`: the value, or `not`. */
unsigned int peer_wait_byte(struct peer *p, unsigned int off, unsigned int not_this, uint64_t ns);
/** 12.4 step 7: what the card said, 0 when it did not ring; clears the field. */
unsigned int peer_shutdown_status(struct peer *p, uint64_t ns);

/* ---- DMA (19) ---- */

/** A channel, as its driver sees it. */
struct peer_channel {
	struct peer *p;
	unsigned int n;
	uint32_t entries;
	unsigned char *ring;
	uint32_t head; /**< next descriptor to write */
	bool host_owned;
};

/**
 * 19.5: set a channel up with a ring at a card address, host memory or the card's own. false when
 * step 9 finds the channel unusable.
 */
bool peer_channel_open(struct peer *p, struct peer_channel *c, unsigned int n, uint32_t entries,
		       uint64_t ring);
/** The same for channels of the card, by the card. */
bool peer_channel_open_card(struct peer *p, struct peer_channel *c, unsigned int n,
			    uint32_t entries, uint64_t ring);
void peer_channel_disable(struct peer_channel *c);
/** Write a descriptor; it goes with the next peer_push. */
void peer_desc(struct peer_channel *c, uint64_t qw0, uint64_t qw1);
void peer_copy(struct peer_channel *c, uint64_t dst, uint64_t src, uint32_t len);
void peer_status(struct peer_channel *c, uint64_t dst, uint64_t data, bool interrupt);
void peer_push(struct peer_channel *c);
uint32_t peer_channel_read(struct peer_channel *c, uint32_t reg);
void peer_channel_write(struct peer_channel *c, uint32_t reg, uint32_t value);
/** Wait until the engine has done all that was pushed: false when it does not, or has failed. */
bool peer_drain(struct peer_channel *c);
/** The memory of the card, or of the host, at a card address. */
unsigned char *peer_target(struct peer *p, uint64_t address);

#endif /* SLIPWAY_MIC_PEER_H */
