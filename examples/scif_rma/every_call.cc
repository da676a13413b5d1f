/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Every call of scif.h, from C++: compiled and linked with -lscif and nothing else. Without a node
 * the first of them says that there is none.
 */
#include <scif.h>

#include <cerrno>
#include <cstdio>

template <typename Call>
static void *
address(Call *call)
{
	return reinterpret_cast<void *>(call);
}

int
main()
{
	void *const calls[] = {
		address(scif_open),       address(scif_close),     address(scif_bind),
		address(scif_listen),     address(scif_connect),   address(scif_accept),
		address(scif_send),       address(scif_recv),      address(scif_register),
		address(scif_unregister), address(scif_mmap),      address(scif_munmap),
		address(scif_readfrom),   address(scif_writeto),   address(scif_vreadfrom),
		address(scif_vwriteto),   address(scif_fence_mark), address(scif_fence_wait),
		address(scif_fence_signal), address(scif_get_nodeIDs), address(scif_poll),
		address(scif_get_fd),
	};
	const scif_portID port = {0, 2048};
	const scif_pollepd record = {-1, SCIF_POLLIN, 0};

	for (void *call : calls)
		if (call == nullptr)
			return 1;
	if (scif_open() != SCIF_OPEN_FAILED || errno != ENOENT)
		return 1;
	std::printf("%zu calls, port %u, events %d\n", sizeof(calls) / sizeof(calls[0]), port.port,
		    record.events);
	return 0;
}
