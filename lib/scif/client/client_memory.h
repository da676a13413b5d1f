/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_CLIENT_MEMORY_H
#define SLIPWAY_SCIF_CLIENT_MEMORY_H

/**
 * @file
 * Registered memory, as a client has it.
 *
 *   scif_register    client_back.c     what kind of memory is it? shared: its descriptor
 *                    client_convert.c  private: moved into shared memory, where it is
 *                    client_copier.c   the rest: a thread copies what it is asked to
 *                    client_register.c the engine is told
 *   scif_readfrom... client_window.c   where the windows of both sides are mapped here
 *                    client_rma.c      copy
 *                    client_box.c      or ask who registered it to copy
 *   scif_mmap        client_mmap.c
 *   scif_fence_...   client_fence.c
 */

#include "client.h"

#define CLIENT_PAGE 4096u
/** Beside those of windows, and as mmap has it. */
#define CLIENT_PROT_EXEC 4u

/* ---- client_area.c: what is mapped at an address of this process ---- */

struct client_area {
	uintptr_t start, end;
	uint32_t prot; /**< SCIF_PROT_READ, SCIF_PROT_WRITE, CLIENT_PROT_EXEC */
	bool shared;
	uint32_t major, minor;
	uint64_t inode; /**< 0: no file */
	uint64_t offset;
	char name[256]; /**< or its beginning */
};

/** The area that covers an address: 0, or -EFAULT; -EMFILE and the like where nobody can look. */
int client_area_find(uintptr_t address, struct client_area *area);
/** The same, or the first area behind the address. */
int client_area_next(uintptr_t address, struct client_area *area);
/** Can all of it be read, or written? 0, or as client_area_find. */
int client_area_check(const void *address, size_t len, uint32_t prot);
/** In a child: forget the parent's. */
void client_area_forget(void);

/** How the areas of client_shared_memory are called, as the kernel has it. */
#define CLIENT_MEMFD_NAME "slipway-scif"
#define CLIENT_MEMFD      "/memfd:" CLIENT_MEMFD_NAME

/* ---- client_convert.c, and others by client_convert.h: private memory becomes shared ---- */

/** Memory of this process that was made shareable. */
struct client_converted {
	uint32_t major, minor;
	uint64_t inode;
	uint64_t key; /**< what the engine calls it */
	uintptr_t start;
	size_t size;
};

/**
 * Make memory shareable where it is.
 *
 * All of it is mapped, and can be read. Its contents stay, and so does what other threads write
 * meanwhile.
 *
 * @param fd a descriptor of it, the caller's
 * @return 0, or -ENOTSUP when it stays as it is: there is no way to keep other threads off it
 */
int client_convert(uintptr_t start, size_t size, struct client_converted *made, int *fd);
/** Memory to share, that nobody can make smaller: a descriptor, or a negative errno. */
int client_shared_memory(size_t size);
/** Has this process no other thread? */
bool client_is_alone(void);
/** From now on a child has memory of its own. Before others that watch for forks. */
void client_convert_watch_forks(void);
/** What was made of the memory of an area before: false when it is something else. */
bool client_convert_find(const struct client_area *area, struct client_converted *found);

/* ---- client_back.c ---- */

/** A piece of memory to be registered. */
struct client_backing {
	int fd;       /**< -1: the engine has it by that key, or it is the process's */
	uint64_t key; /**< 0: none */
	uint64_t offset;
	uint64_t length;
};

/**
 * Find the memory behind a range, so that others can share it.
 *
 * @param list what it consists of; freed by client_back_free
 */
int client_back(uintptr_t start, size_t len, uint32_t prot, struct client_backing **list,
		uint32_t *count);
/** The same of a piece that the engine does not have any more. */
int client_back_again(uintptr_t start, struct client_backing *backing);
/** Descriptors for those pieces that came without, as far as the kernel gives them. */
void client_back_keep(uintptr_t start, struct client_backing *list, uint32_t count);
void client_back_free(struct client_backing *list, uint32_t count);

/* ---- client_copier.c: memory that cannot be shared, as its owner has it ---- */

struct client_copier;

/**
 * Begin to copy for who transfers to or from a piece of memory.
 *
 * @param list it is added there
 * @return a descriptor of the memory with its box, the caller's; or a negative errno
 */
int client_copier_begin(struct client_endpoint *ep, uintptr_t start, size_t len, uint32_t prot,
			struct client_copier **list);
/** A registration came to nothing. */
void client_copier_cancel(struct client_copier *list);
/** They are of the window at that offset. */
void client_copier_keep(struct client_copier *list, uint64_t offset);
/** The windows of a range are unregistered. */
void client_copier_end(const struct client_endpoint *ep, uint64_t offset, uint64_t len);
/** The endpoint is being closed. */
void client_copier_closed(const struct client_endpoint *ep);
/** In a child: they are the parent's. */
void client_copier_forget(void);

/* ---- client_window.c: windows of both sides ---- */

enum { CLIENT_SIDE_OWN, CLIENT_SIDE_PEER };

/** A piece of a window, as it is reached from here. */
struct client_piece {
	uint64_t offset, end; /**< in the registered address space */
	uint64_t window_end;
	uint32_t prot;
	char *base;      /**< where it is mapped, or where the program has it */
	int32_t pid;     /**< of that: it may be gone from there; 0: it is mapped */
	int fd;          /**< it may shrink: read and write it by this; else -1 */
	uint64_t fd_off; /**< of the piece, in that */
	struct scif_box *box; /**< or ask there; NULL: none */
	struct client_endpoint *ep;
	void *map;       /**< what was mapped for it */
	size_t map_len;
	_Atomic uint32_t users;
};

/** The pieces of a range, in order. */
struct client_span {
	struct client_piece **many; /**< NULL: the few */
	uint32_t count, room;
	struct client_piece *few[4];
};

static inline struct client_piece *
client_span_piece(const struct client_span *span, uint32_t i)
{
	return span->many != NULL ? span->many[i] : span->few[i];
}

/** What a client knows of an endpoint's windows. */
struct client_windows {
	uint64_t locked; /**< bytes that this process registered */
	struct client_side {
		uint32_t generation;
		uint32_t count, room;
		struct client_piece **piece;
	} side[2];
};

/** The endpoint's, under its lock: NULL without memory. */
struct client_windows *client_windows_of(struct client_endpoint *ep);
/** In a child: what was the parent's own memory is not reached as such. NULL: there are none. */
void client_windows_inherited(struct client_windows *w);
/** Resolve a range: 0, or the errno of section 5.3, negative. */
int client_span_get(struct client_endpoint *ep, unsigned int side, int64_t offset, uint64_t len,
		    uint32_t prot, struct client_span *span);
void client_span_put(struct client_span *span);
/** Ask for the piece at an offset, and for its memory: waits where a link has to be asked first. */
int client_window_ask(struct client_endpoint *ep, unsigned int side, uint64_t offset, bool with_fd,
		      struct scif_reply *reply, int fds[SCIF_REQUEST_FDS]);
/** The errno of a protection that does not allow it, negative. */
int client_denied(const struct client *c);

/* ---- client_box.c: memory that cannot be shared, as others have it ---- */

/** Copy to or from a piece, at an offset of it, and wait: 0, or a negative errno. */
int client_box_copy(const struct client_piece *piece, uint64_t offset, char *here, size_t n,
		    bool out);

/* ---- client_rma.c ---- */

/** One transfer. */
struct client_transfer {
	struct client_span local, remote;
	char *address; /**< instead of the local span */
	uint64_t local_offset, remote_offset, len;
	bool to_remote, ordered;
};

/** Carry it out. */
int client_transfer_run(const struct client_transfer *t);
void client_transfer_end(struct client_transfer *t);
/** Store 8 bytes, at once where that can be. */
int client_store(const struct client_span *span, uint64_t offset, uint64_t value);

/* ---- client_rma_worker.c: transfers that take their time, for tests of fences ---- */

/** Is what the environment says of it understood? 0, or -EINVAL. */
int client_worker_check(void);
/** Are transfers without SYNC left to a worker? */
bool client_worker_wanted(void);
/** Leave a transfer to it; its spans are the worker's. */
int client_worker_begin(struct client_endpoint *ep, const struct client_transfer *t);
/** The same of a store, after all that were begun before. */
int client_worker_signal(struct client_endpoint *ep, struct client_span *span, uint64_t offset,
			 uint64_t value);

/* ---- calls ---- */

int64_t client_register(struct client_endpoint *ep, void *address, size_t len, int64_t offset,
			int prot, int flags);
/** The same of memory that was found before. */
int64_t client_register_backing(struct client_endpoint *ep, const struct client_backing *list,
				uint32_t count, size_t len, int64_t offset, int prot, int flags);
int client_unregister(struct client_endpoint *ep, int64_t offset, size_t len);
/** Of who finds the memory behind a range, until the engine knows it or there is a descriptor. */
extern struct client_lock client_register_lock;
/** In a child: nobody is registering. */
void client_register_forget(void);
/** The endpoint goes, and with it what it registered. */
void client_register_closed(struct client_endpoint *ep);
/** readfrom, writeto: the local offset is in the endpoint's own registered address space. */
int client_rma(struct client_endpoint *ep, int64_t local, uint64_t len, int64_t remote, int flags,
	       bool to_remote);
/** vreadfrom, vwriteto. */
int client_rma_memory(struct client_endpoint *ep, void *address, uint64_t len, int64_t remote,
		      int flags, bool to_remote);
int client_mmap(struct client_endpoint *ep, void **address, size_t len, int prot, int flags,
		int64_t offset);
int client_munmap(void *address, size_t len);
/** In a child: none of it is there. */
void client_mmap_forget(bool heap_is_whole);
int client_fence_mark(struct client_endpoint *ep, int flags, int *mark);
int client_fence_wait(struct client_endpoint *ep, int mark);
int client_fence_signal(struct client_endpoint *ep, int64_t loff, uint64_t lval, int64_t roff,
			uint64_t rval, int flags);

#endif /* SLIPWAY_SCIF_CLIENT_MEMORY_H */
