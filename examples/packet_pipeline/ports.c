/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Ethernet ports and the buffers of packets. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_devargs.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_mempool.h>

#include "pipeline.h"

enum {
	DESCRIPTORS = 1024,     /* asked for, each way; a port may want others */
	MBUFS_IN_FLIGHT = 8192, /* what may be between Rx and Tx, at the least */
	MBUF_CACHE = 256,
	LONGEST_PACKET = UINT16_MAX, /* the length field of an mbuf's segment is this wide */
	FLAT_MBUFS = 2 * PIPELINE_MAX_BURST,
};

/* Enough buffers that receiving never finds the pool empty: a port that has read a packet and
 * finds no buffer for it may lose it.
 */
static unsigned int
mbufs_reserved(const struct pipeline *p, unsigned int descriptors)
{
	unsigned int segments = LONGEST_PACKET / RTE_MBUF_DEFAULT_DATAROOM + 1;
	unsigned int cached = 2 * MBUF_CACHE;

	return descriptors + p->options.burst * segments + cached;
}

static int
pools_create(struct pipeline *p, unsigned int descriptors)
{
	unsigned int reserved = mbufs_reserved(p, descriptors);

	p->mbufs_limit = MBUFS_IN_FLIGHT;
	p->mbufs = rte_pktmbuf_pool_create(
		"packets", MBUFS_IN_FLIGHT + reserved, MBUF_CACHE,
		RTE_ALIGN(sizeof(struct packet_note), RTE_MBUF_PRIV_ALIGN),
		RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (p->mbufs != NULL)
		p->flat_mbufs = rte_pktmbuf_pool_create("flat packets", FLAT_MBUFS, 0, 0,
							LONGEST_PACKET, SOCKET_ID_ANY);
	if (p->flat_mbufs == NULL) {
		complain("no DPDK memory for %u packet buffers (%s): give EAL more, e.g. --no-huge "
			 "-m 512",
			 MBUFS_IN_FLIGHT + reserved, rte_strerror(rte_errno));
		return -ENOMEM;
	}
	return 0;
}

/* Packets as long as the port can take, in several buffers where it can do that. */
static int
port_configure(uint16_t id, struct port *port, const struct rte_eth_dev_info *info)
{
	struct rte_eth_conf conf = {
		.rxmode =
			{
				.mtu = RTE_MIN(info->max_mtu, LONGEST_PACKET - RTE_ETHER_HDR_LEN -
								      RTE_ETHER_CRC_LEN),
				.offloads = info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER,
			},
		.txmode =
			{
				.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS,
			},
	};

	port->flatten = conf.txmode.offloads == 0;
	return rte_eth_dev_configure(id, 1, 1, &conf);
}

static int
port_queues_setup(const struct pipeline *p, uint16_t id, uint16_t nb_rxd, uint16_t nb_txd)
{
	int socket = rte_eth_dev_socket_id(id);
	int ret;

	ret = rte_eth_rx_queue_setup(id, 0, nb_rxd, socket, NULL, p->mbufs);
	if (ret < 0)
		return ret;
	return rte_eth_tx_queue_setup(id, 0, nb_txd, socket, NULL);
}

static int
port_open(const struct pipeline *p, uint16_t id, struct port *port)
{
	uint16_t nb_rxd = DESCRIPTORS, nb_txd = DESCRIPTORS;
	struct rte_eth_dev_info info;
	int ret;

	ret = rte_eth_dev_info_get(id, &info);
	if (ret == 0)
		ret = port_configure(id, port, &info);
	if (ret == 0)
		ret = rte_eth_dev_adjust_nb_rx_tx_desc(id, &nb_rxd, &nb_txd);
	if (ret == 0)
		ret = port_queues_setup(p, id, nb_rxd, nb_txd);
	if (ret == 0)
		ret = rte_eth_dev_start(id);
	if (ret == 0)
		ret = rte_eth_macaddr_get(id, &port->mac);
	if (ret < 0) {
		complain(
			"port %u (%s): cannot be started: %s; the driver's messages above tell more",
			id, port->name, rte_strerror(-ret));
		return ret;
	}
	port->started = true;
	/* Ports that only look at what is addressed to them would miss the rest; those that
	 * cannot do otherwise have no such filter.
	 */
	rte_eth_promiscuous_enable(id);
	return 0;
}

/* The next hop behind a port has the address 02:00:00:00:00:<port>. */
static void
port_name(uint16_t id, struct port *port)
{
	port->used = true;
	port->next_hop = (struct rte_ether_addr){.addr_bytes = {2, 0, 0, 0, 0, id}};
	if (rte_eth_dev_get_name_by_port(id, port->name) < 0)
		snprintf(port->name, sizeof(port->name), "port %u", id);
}

/* EAL starts without a virtual device that fails to open, and the ports after it would take its
 * number.
 */
static int
vdevs_check(void)
{
	const struct rte_devargs *args;
	uint16_t id;

	RTE_EAL_DEVARGS_FOREACH("vdev", args)
	{
		if (strncmp(args->name, "net_", 4) != 0 ||
		    rte_eth_dev_get_port_by_name(args->name, &id) == 0)
			continue;
		complain("--vdev=%s,%s: this port could not be opened; the driver's messages above "
			 "tell why",
			 args->name, args->args);
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

static int
ports_name(struct pipeline *p)
{
	uint16_t id;
	int ret;

	RTE_ETH_FOREACH_DEV (id) {
		if (id >= PIPELINE_MAX_PORTS) {
			complain("port %u: this program takes ports 0 to %u", id,
				 PIPELINE_MAX_PORTS - 1);
			return EXIT_USAGE;
		}
		port_name(id, &p->ports[id]);
	}
	ret = vdevs_check();
	if (ret != EXIT_DONE)
		return ret;
	if (rte_eth_dev_count_avail() == 0) {
		complain("there is no Ethernet port: give EAL one, e.g. "
			 "--vdev=net_pcap0,rx_pcap=IN.pcap,tx_pcap=OUT.pcap");
		return EXIT_USAGE;
	}
	if (p->options.default_port >= PIPELINE_MAX_PORTS ||
	    !p->ports[p->options.default_port].used) {
		complain(
			"--default-port %u: accepted are the %u Ethernet ports that EAL was given, "
			"counted from 0",
			p->options.default_port, rte_eth_dev_count_avail());
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

int
ports_open(struct pipeline *p)
{
	uint16_t id;
	int ret;

	ret = ports_name(p);
	if (ret != EXIT_DONE)
		return ret;
	if (pools_create(p, 2 * DESCRIPTORS * rte_eth_dev_count_avail()) < 0)
		return EXIT_FAILED;
	RTE_ETH_FOREACH_DEV (id) {
		if (port_open(p, id, &p->ports[id]) < 0)
			return EXIT_FAILED;
	}
	return EXIT_DONE;
}

/* What the drivers counted as lost or damaged never came to the pipeline's eyes. */
int
ports_verdict(void)
{
	struct rte_eth_stats stats;
	int ret = EXIT_DONE;
	uint16_t id;

	RTE_ETH_FOREACH_DEV (id) {
		if (rte_eth_stats_get(id, &stats) < 0 ||
		    stats.ierrors + stats.imissed + stats.rx_nombuf + stats.oerrors == 0)
			continue;
		complain("port %u: its driver counts %" PRIu64 " receive errors, %" PRIu64
			 " packets "
			 "missed, %" PRIu64 " without buffer, %" PRIu64
			 " send errors; an input file "
			 "may be truncated or damaged",
			 id, stats.ierrors, stats.imissed, stats.rx_nombuf, stats.oerrors);
		ret = EXIT_FAILED;
	}
	return ret;
}

/* Closing is what writes the rest of an output file. */
void
ports_close(struct pipeline *p)
{
	uint16_t id;

	RTE_ETH_FOREACH_DEV (id) {
		if (id < PIPELINE_MAX_PORTS && p->ports[id].started)
			rte_eth_dev_stop(id);
		rte_eth_dev_close(id);
	}
	rte_mempool_free(p->mbufs);
	rte_mempool_free(p->flat_mbufs);
}
