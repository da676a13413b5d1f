/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_ACCESS_VFU_PRIV_H
#define SLIPWAY_ACCESS_VFU_PRIV_H

/**
 * @file
 * Inside the socket reach: the device (access_vfu.c), the memory that it is told of
 * (access_vfu_memory.c), its vectors (access_vfu_irq.c), and other processes (access_vfu_join.c).
 */

#include "access_irq_priv.h"
#include "vfu_client.h"

/** Devices on sockets that an application has at once. */
#define ACCESS_VFU_MAX 16

/** What a process has for itself, at an address that is the same in all processes. */
struct access_vfu_near {
	struct access_reach reach;
	void (*log)(const char *name, const char *line);
	int vectors[ACCESS_IRQS]; /**< eventfds, from vector 1 on */
};

/** A device that is served on a socket; in memory of all processes. */
struct access_vfu {
	struct access_dev access; /**< first */
	struct access_vfu_near *near;
	struct vfu_client *client; /**< as `near` */
	const char *name; /**< of the DPDK device */
	bool follows;     /**< what DPDK does with its memory */
	bool complained;  /**< of memory that has no file */
	char event_name[64]; /**< of that following */
	_Atomic uint32_t always; /**< in place of the bell, where that needs a fence */

	/* For other processes; the descriptors are of the primary one. */
	struct vfu_client_shared shared;
	unsigned int nb_regions;
	struct bus_region regions[ACCESS_DEVICE_REGIONS];
};

static inline struct access_vfu *
access_vfu_of(struct access_dev *access)
{
	return (struct access_vfu *)access;
}

/** A line for the driver's log. */
void access_vfu_say(const struct access_vfu *vfu, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Tell the server of all memory of DPDK, and of what comes and goes: 0, or a negative errno. */
int access_vfu_memory_begin(struct access_vfu *vfu);
void access_vfu_memory_end(struct access_vfu *vfu);
/** The same of memory that the application brings, which has no file. */
int access_vfu_memory(struct access_dev *access, uint64_t iova, size_t len, bool map);

/** A line of the client, whose owner is the access, for the driver's log. */
void access_vfu_client_says(void *vfu, const char *line);

/** The functions of this process, and no vectors. */
void access_vfu_near_init(struct access_vfu_near *near,
			  void (*log)(const char *name, const char *line));

/** Let other processes have it from now on, and no longer: 0, or -ENOSPC. */
int access_vfu_show(struct access_vfu *vfu);
void access_vfu_hide(const struct access_vfu *vfu);

int access_vfu_irqs_open(struct access_dev *access, struct access_irqs *irqs);
void access_vfu_irqs_close(struct access_vfu *vfu);
/** Close the descriptors of vectors that this process has. */
void access_vfu_vectors_close(struct access_vfu_near *near);
uint32_t access_vfu_irq_seen(struct access_dev *access, unsigned int vector);
void access_vfu_irq_sleep(struct access_dev *access, unsigned int vector, uint32_t seen,
			  uint64_t ns);

#endif /* SLIPWAY_ACCESS_VFU_PRIV_H */
