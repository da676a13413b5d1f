/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_BUS_H
#define SLIPWAY_BUS_H

/**
 * @file
 * The contract between a device and its host: everything a host may ask of a device, and everything
 * a device may ask of its host. A model implements the first and calls the second; so does the near
 * end of a socket. Nothing else passes between them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bus_device;
struct bus_host;

/** No PASID: the address is untranslated or belongs to the device's own requester id. */
#define BUS_NO_PASID UINT32_MAX
/** Returned by step: nothing will happen until somebody asks for something. */
#define BUS_NO_DEADLINE UINT64_MAX

/** What a host gets to do with a part of a bar. */
enum bus_region_kind {
	BUS_TRAPPED,   /**< through read and write only */
	BUS_MEMORY,    /**< may be mapped: fd, fd_offset */
	BUS_LINE_RING, /**< posts may go into a line ring (line_ring.h): memory, fd, fd_offset */
	BUS_LINES,     /**< trapped; lines of 64 bytes may have been taken apart on the way */
};

/** A part of a bar, as `describe` names it. Parts do not overlap. */
struct bus_region {
	unsigned int bar;
	enum bus_region_kind kind;
	uint64_t offset; /**< in the bar, bytes */
	uint64_t size;   /**< bytes */
	void *memory;    /**< where it lies in this process, NULL when it does not */
	int fd;          /**< the file behind that memory, -1 when there is none */
	uint64_t fd_offset;
};

/** Kinds of reset. */
enum bus_reset {
	BUS_RESET_POWER,    /**< power-on */
	BUS_RESET_FUNCTION, /**< function-level reset */
};

/** Rights a device needs on host memory. */
enum bus_prot { BUS_PROT_READ = 1, BUS_PROT_WRITE = 2 };

/** Why an address could not be had. */
struct bus_fault {
	uint64_t iova;
	uint32_t pasid;
	enum bus_prot prot;
};

/**
 * What a host may ask of a device. `submit` is NULL where the device takes no non-posted commands.
 *
 * `read`, `write` and `step` may be called from any thread. `post` may be called from any thread,
 * but from one at a time per 4 KB page.
 */
struct bus_device_ops {
	/** Configuration space: 0, or a negative errno for what lies outside it. */
	int (*config)(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write);
	/** Name the regions of all bars: their number, of which the first `max` are filled in. */
	int (*describe)(struct bus_device *dev, struct bus_region regions[], unsigned int max);
	/** Read a register of `size` bytes; posts that came before are seen to first. */
	uint64_t (*read)(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size);
	/** Write a register of `size` bytes; posts that came before are seen to first. */
	void (*write)(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
		      unsigned int size);
	/**
	 * As `write`, of a doorbell: nobody waits until it is there, so what is stored in memory of
	 * the device or of the host later may be seen earlier. NULL: `write` does.
	 */
	void (*write_posted)(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
			     unsigned int size);
	/** Posted write of 16 or 64 bytes: always taken. */
	void (*post)(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
		     unsigned int len);
	/** Non-posted write of 64 bytes: 0 when taken, -EAGAIN to try again. */
	int (*submit)(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
		      uint32_t pasid);
	/** Let time pass, do the work in flight: when it wants to be called again, in ns. */
	uint64_t (*step)(struct bus_device *dev, uint64_t now_ns);
	/** Reset the device. */
	void (*reset)(struct bus_device *dev, enum bus_reset kind);
	/**
	 * The host's map of memory has changed: look every address that is kept up again. Once this
	 * returns, the device has let go of memory that is no longer there.
	 */
	void (*remap)(struct bus_device *dev);
};

/**
 * What a device may ask of its host. A `dma` write, or a store through a pointer from `map`, that
 * stays inside one 64-byte line shows its last 8 bytes last: a reader may trust a valid or
 * generation bit kept there. The three may be called from any thread that called the device, while
 * the device holds its lock, so none of them may call the device back.
 */
struct bus_host_ops {
	/**
	 * Address of host memory at `iova`, or NULL and `fault` filled in. `*len` says how many
	 * bytes are wanted and, on return, how many lie there in one piece. The pointer stays valid
	 * until the host changes its map and calls `remap`.
	 */
	void *(*map)(struct bus_host *host, uint32_t pasid, uint64_t iova, size_t *len,
		     enum bus_prot prot, struct bus_fault *fault);
	/**
	 * Copy between `bytes` and host memory where no pointer can be had: 0, or a negative errno.
	 */
	int (*dma)(struct bus_host *host, uint32_t pasid, uint64_t iova, void *bytes, size_t len,
		   bool write);
	/** Ask for a page that is not there: 0 when it now is, or a negative errno. */
	int (*page_request)(struct bus_host *host, uint32_t pasid, uint64_t iova,
			    enum bus_prot prot);
	/** Raise an interrupt vector. */
	void (*irq)(struct bus_host *host, unsigned int vector);
};

/** A device: the first member of every implementation. */
struct bus_device {
	const struct bus_device_ops *ops;
};

/** A host: the first member of every implementation. */
struct bus_host {
	const struct bus_host_ops *ops;
};

#endif /* SLIPWAY_BUS_H */
