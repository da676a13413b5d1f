/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_SERVER_PRIV_H
#define SLIPWAY_VFU_SERVER_PRIV_H

/**
 * @file
 * The state of a vfio-user server, and what its files ask of each other.
 *
 *   vfu_server.c         life: listening, a client comes and goes
 *   vfu_server_work.c    messages: what each has to be like, who handles it, replies, refusals
 *   vfu_server_plug.c    what a device is like: BARs, line pages, interrupts
 *   vfu_server_info.c    VERSION, and the device's description
 *   vfu_server_region.c  accesses and resets
 *   vfu_server_dma.c     the client's memory: map and unmap, and what the device does with it
 *   vfu_server_irq.c     eventfds
 *   vfu_server_share.c   line rings and memory of the device in the client's hands, the bell
 */

#include <sys/stat.h>

#include "vfu_conn.h"
#include "vfu_gather.h"
#include "vfu_map.h"
#include "vfu_server.h"
#include "vfu_version.h"

/** DMA_WRITE messages on their way: what two cores have in flight, at little memory. */
#define VFU_DMA_WINDOW 64u
/** Lines in the log for one client: a hostile one is not to fill the disk. */
#define VFU_LOG_LINES 64u

/** A vector. */
struct vfu_vector {
	int fd; /**< eventfd, -1 for none */
	bool pending;
	bool masked;
};

/** The interrupts of one type. */
struct vfu_irqs {
	struct vfu_vector *vector;
	uint32_t count;
	uint32_t flags; /**< of DEVICE_GET_IRQ_INFO */
};

/** MSI-X in configuration space and BARs. */
struct vfu_msix {
	uint16_t at; /**< of the capability, 0 for none */
	unsigned int table_bar, pba_bar;
	uint64_t table, pba; /**< in those */
};

/** Messages of ours, and who waits for their replies. */
struct vfu_dma {
	uint16_t next_id;
	unsigned int n; /**< DMA_WRITEs not answered */
	uint16_t id[VFU_DMA_WINDOW];
	uint64_t since;    /**< when one of them was answered last, or the first was sent, ns */
	bool silent;       /**< the client has not answered in time: it is not waited for again */
	unsigned char *to; /**< where the data of a DMA_READ goes, NULL when none is on its way */
	uint16_t read_id;
	size_t read_len;
	int read_result;
};

/** What the client may touch of the device. */
struct vfu_shared {
	int bell_fd, kick; /**< -1 when the client has not asked */
	struct vfu_bell *bell;
};

/** The server. */
struct vfu_server {
	struct bus_host host;
	struct bus_device *dev;
	struct vfu_conn conn;
	struct vfu_map map;
	struct vfu_gather gather;
	/* What the device is like. */
	uint64_t region_size[VFU_REGIONS];
	struct bus_region *regions; /**< sorted by BAR and offset */
	unsigned int n_regions, hit;
	struct vfu_irqs irqs[VFU_IRQS];
	enum vfu_irq_index route; /**< where the device's vectors go */
	struct vfu_msix msix;
	uint16_t pcie, pm; /**< capabilities, 0 for none */
	/* The client. */
	bool has_client;
	bool announced; /**< events.came has been called */
	bool agreed;    /**< VERSION is done */
	bool share;     /**< both sides want to */
	bool maps;      /**< memory may be mapped, which any client can but one that says no */
	bool in_access; /**< the device is being called on behalf of a message */
	bool irqs_held; /**< vectors wait for DMA_WRITEs to be answered */
	int broken;     /**< a negative errno: the client is to be let go */
	bool hung_up;
	bool write_multiple;
	uint32_t max_data_xfer;
	unsigned int log_lines;
	int unmask_fd;   /**< by which the client unmasks INTx, -1 for none */
	uint32_t polled; /**< what epoll looks for on the socket */
	struct vfu_dma dma;
	struct vfu_shared shared;
	unsigned char *data; /**< VFU_MAX_DATA bytes, for replies */
	/* Listening. */
	struct vfu_server_config config;
	char *path, *about;
	int epoll, listener;
	dev_t path_dev;
	ino_t path_ino;
	struct vfu_server_stats stats;
};

/* ---- vfu_server.c ---- */

/** Is a client there, or has one come? */
bool vfu_server_meet(struct vfu_server *s);
/** The client is gone, or has to go: everything that was its is given back. */
void vfu_server_let_go(struct vfu_server *s, const char *why);

/* ---- vfu_server_work.c ---- */

/** One line to whoever keeps the log. */
void vfu_server_log(struct vfu_server *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/** A message is refused: logs which, why, and returns `error`, for handlers to return. */
int vfu_server_refuse(struct vfu_server *s, const struct vfu_message *m, int error,
		      const char *format, ...) __attribute__((format(printf, 4, 5)));
/** Answer a command, when an answer is wanted: up to 3 parts behind the header. */
int vfu_server_reply(struct vfu_server *s, const struct vfu_message *m, const struct iovec parts[],
		     unsigned int n_parts);
int vfu_server_reply_fds(struct vfu_server *s, const struct vfu_message *m,
			 const struct iovec parts[], unsigned int n_parts, const int fds[],
			 unsigned int n_fds);
/** CLOCK_MONOTONIC, ns: what the bus counts time in. */
uint64_t vfu_server_now(void);
/** Bytes that went through the connection since the last call go to the statistics. */
void vfu_server_count_bytes(struct vfu_server *s);

/** Is nothing to be answered? */
static inline bool
vfu_is_posted(const struct vfu_message *m)
{
	return (m->header.flags & VFU_NO_REPLY) != 0;
}

/* ---- vfu_server_plug.c ---- */

/** The part of a BAR that an offset lies in, or NULL. */
const struct bus_region *vfu_server_region(struct vfu_server *s, unsigned int bar, uint64_t off);
/** A little-endian word of configuration space, 1 to 4 bytes. */
uint32_t vfu_server_config_get(struct vfu_server *s, uint16_t off, unsigned int size);
void vfu_server_config_set(struct vfu_server *s, uint16_t off, unsigned int size, uint32_t value);

/* ---- Handlers: 0 when they have answered, or a negative errno for the reply ---- */

int vfu_server_version(struct vfu_server *s, const struct vfu_message *m);
int vfu_server_info(struct vfu_server *s, const struct vfu_message *m);
int vfu_server_region_info(struct vfu_server *s, const struct vfu_message *m);
int vfu_server_irq_info(struct vfu_server *s, const struct vfu_message *m);
int vfu_server_read(struct vfu_server *s, const struct vfu_message *m);
int vfu_server_write(struct vfu_server *s, const struct vfu_message *m);
int vfu_server_write_multi(struct vfu_server *s, const struct vfu_message *m);
int vfu_server_reset(struct vfu_server *s, const struct vfu_message *m);
int vfu_server_dma_map(struct vfu_server *s, const struct vfu_message *m);
int vfu_server_dma_unmap(struct vfu_server *s, const struct vfu_message *m);
int vfu_server_set_irqs(struct vfu_server *s, const struct vfu_message *m);
int vfu_server_share(struct vfu_server *s, const struct vfu_message *m);

/* ---- vfu_server_region.c ---- */

void vfu_server_gather_create(struct vfu_server *s);

/* ---- vfu_server_dma.c ---- */

extern const struct bus_host_ops vfu_server_host_ops;
/** A reply of the client to a message of ours. */
void vfu_server_dma_reply(struct vfu_server *s, const struct vfu_message *m);
/** When the client is too late with its answers to DMA_WRITEs, BUS_NO_DEADLINE for never. */
uint64_t vfu_server_dma_deadline(const struct vfu_server *s);
/** It is: what waits for them goes on. */
void vfu_server_dma_give_up(struct vfu_server *s);
/** Forget all memory of the client; the device is told. */
void vfu_server_dma_forget(struct vfu_server *s);

/* ---- vfu_server_irq.c ---- */

/** Empty an eventfd that the client holds as well, without waiting: false when it was empty. */
bool vfu_server_eventfd_take(int fd);
void vfu_server_irq(struct bus_host *host, unsigned int vector);
/** Fire what had to wait for DMA_WRITEs. */
void vfu_server_irq_held(struct vfu_server *s);
/** Pending bits of vectors that wait here, for a read of `size` bytes of a BAR. */
uint64_t vfu_server_irq_pending(const struct vfu_server *s, unsigned int bar, uint64_t off,
				unsigned int size);
/** Configuration space has been written to: the device's vectors may be masked again. */
void vfu_server_irq_config(struct vfu_server *s, uint64_t off, size_t len);
/** The device has been reset. */
void vfu_server_irq_reset(struct vfu_server *s);
/** See whether the client has unmasked INTx by its eventfd. */
void vfu_server_irq_poll(struct vfu_server *s);
/** Close all eventfds of the client. */
void vfu_server_irq_forget(struct vfu_server *s);
/** The device's vectors go to the best type it has, until a client gives another one an eventfd. */
void vfu_server_irq_route(struct vfu_server *s);

/* ---- vfu_server_share.c ---- */

/** May it be handed to the client as a file? */
bool vfu_server_is_shareable(const struct bus_region *r);
void vfu_server_share_forget(struct vfu_server *s);

#endif /* SLIPWAY_VFU_SERVER_PRIV_H */
