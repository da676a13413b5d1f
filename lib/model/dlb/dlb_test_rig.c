/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_test_rig.h"

#include "dlb_reg_table.h"
#include "pci_config.h"

/* ---- The bench ---- */

static int
device_plug(struct rig *r, const struct dlb_model_open_points *open)
{
	struct dlb_model_config config = {
		.version = r->version,
		.ring_memory = r->rings,
		.ring_fd = -1,
	};

	int ret;

	memset(r->rings, 0, dlb_model_ring_bytes());
	if (open != NULL)
		config.open = *open;
	ret = dlb_model_create(&config, &r->host.host, &r->dev);
	if (ret == 0)
		rig_command(r, RIG_COMMAND_ON);
	return ret;
}

int
rig_open(struct rig *r, enum dlb_version version, enum test_host_map policy)
{
	int ret;

	memset(r, 0, sizeof(*r));
	r->version = version;
	r->dir_ports = version == DLB_V20 ? DLB_DIR_PORTS_V20 : DLB_DIR_PORTS_V25;
	ret = test_host_create(&r->host, (RIG_PORTS + 1) * (size_t)RIG_RING_BYTES, policy);
	if (ret < 0)
		return ret;
	r->rings = aligned_alloc(4096, (dlb_model_ring_bytes() + 4095) & ~(size_t)4095);
	if (r->rings == NULL) {
		ret = -ENOMEM;
		goto destroy_host;
	}
	ret = device_plug(r, NULL);
	if (ret < 0)
		goto free_rings;
	rig_power_on(r);
	rig_set_dense(r, false);
	return 0;

free_rings:
	free(r->rings);
destroy_host:
	test_host_destroy(&r->host);
	return ret;
}

uint64_t
rig_close(struct rig *r)
{
	uint64_t stray = dlb_model_stray(r->dev);

	dlb_model_destroy(r->dev);
	free(r->rings);
	test_host_destroy(&r->host);
	return stray;
}

int
rig_replug(struct rig *r, const struct dlb_model_open_points *open)
{
	dlb_model_destroy(r->dev);
	r->dev = NULL;
	return device_plug(r, open);
}

/* ---- Configuration space ---- */

uint32_t
rig_config_read(struct rig *r, uint16_t off, unsigned int size)
{
	unsigned char bytes[4] = {0};

	r->dev->ops->config(r->dev, off, bytes, size, false);
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

void
rig_config_write(struct rig *r, uint16_t off, unsigned int size, uint32_t value)
{
	unsigned char bytes[4] = {(unsigned char)value, (unsigned char)(value >> 8),
				  (unsigned char)(value >> 16), (unsigned char)(value >> 24)};

	r->dev->ops->config(r->dev, off, bytes, size, true);
}

void
rig_command(struct rig *r, uint32_t command)
{
	rig_config_write(r, PCI_CFG_COMMAND, 2, command);
}

/* ---- Registers ---- */

bool
rig_has(const struct rig *r, enum dlb_reg row)
{
	return dlb_reg_rows[row].offset[r->version] != REG_NONE;
}

uint64_t
rig_offset(const struct rig *r, enum dlb_reg row, uint32_t i)
{
	return dlb_reg_rows[row].offset[r->version] + (uint64_t)i * dlb_reg_rows[row].stride;
}

uint32_t
rig_read_word(struct rig *r, enum dlb_reg row, uint32_t i, uint32_t word)
{
	uint64_t off = rig_offset(r, row, i) + (uint64_t)word * dlb_reg_rows[row].word_stride;

	return (uint32_t)r->dev->ops->read(r->dev, dlb_reg_rows[row].bar, off, 4);
}

void
rig_write_word(struct rig *r, enum dlb_reg row, uint32_t i, uint32_t word, uint32_t value)
{
	uint64_t off = rig_offset(r, row, i) + (uint64_t)word * dlb_reg_rows[row].word_stride;

	r->dev->ops->write(r->dev, dlb_reg_rows[row].bar, off, value, 4);
}

uint32_t
rig_read(struct rig *r, enum dlb_reg row, uint32_t i)
{
	return rig_read_word(r, row, i, 0);
}

void
rig_write(struct rig *r, enum dlb_reg row, uint32_t i, uint32_t value)
{
	rig_write_word(r, row, i, 0, value);
}

void
rig_flush(struct rig *r)
{
	rig_read(r, DLB_SYS_TOTAL_VAS, 0);
}

void
rig_step(struct rig *r)
{
	r->dev->ops->step(r->dev, 0);
}

void
rig_power_on(struct rig *r)
{
	uint32_t word = rig_read(r, DLB_CM_CFG_PM_PMCSR_DISABLE, 0);

	rig_write(r, DLB_CM_CFG_PM_PMCSR_DISABLE, 0,
		  word & ~(uint32_t)REG_MASK(DLB_CM_CFG_PM_PMCSR_DISABLE_DISABLE));
}

void
rig_set_dense(struct rig *r, bool dense)
{
	const uint64_t sparse = REG_MASK(DLB_CHP_CFG_CHP_CSR_CTRL_CFG_64BYTES_QE_LDB_CQ_MODE) |
				REG_MASK(DLB_CHP_CFG_CHP_CSR_CTRL_CFG_64BYTES_QE_DIR_CQ_MODE);
	uint32_t word = rig_read(r, DLB_CHP_CFG_CHP_CSR_CTRL, 0);

	rig_write(r, DLB_CHP_CFG_CHP_CSR_CTRL, 0,
		  (uint32_t)(dense ? word & ~sparse : word | sparse));
	r->dense = dense;
}

/* ---- Set-up, section 5 ---- */

void
rig_domain(struct rig *r, uint32_t domain, uint32_t ldb_credits, uint32_t dir_credits)
{
	if (r->version == DLB_V20) {
		rig_write(r, DLB_CHP_CFG_LDB_VAS_CRD, domain, ldb_credits);
		rig_write(r, DLB_CHP_CFG_DIR_VAS_CRD, domain, dir_credits);
	} else {
		rig_write(r, DLB_CHP_CFG_VAS_CRD, domain, ldb_credits + dir_credits);
	}
}

struct rig_queue
rig_queue_plain(void)
{
	return (struct rig_queue){
		.inflights = 2048,
		.stage = 64,
		.flows = 512,
		.threshold = 256,
		.sn_mode = RIG_NOT_ORDERED,
	};
}

void
rig_ldb_queue(struct rig *r, uint32_t domain, uint32_t q, struct rig_queue how)
{
	bool ordered = how.sn_mode != RIG_NOT_ORDERED;
	uint32_t mode = ordered ? (uint32_t)how.sn_mode : 0, word;

	if (ordered) {
		word = rig_read(r, DLB_RO_GRP_SN_MODE, 0);
		word = (uint32_t)(how.sn_group == 0
					  ? REG_SET(DLB_RO_GRP_SN_MODE_SN_MODE_0, word, mode)
					  : REG_SET(DLB_RO_GRP_SN_MODE_SN_MODE_1, word, mode));
		rig_write(r, DLB_RO_GRP_SN_MODE, 0, word);
	}
	rig_write(r, DLB_SYS_LDB_VASQID_V, domain * DLB_LDB_QUEUES + q, 0);
	rig_write(r, DLB_LSP_QID_LDB_INFL_LIM, q, how.inflights);
	rig_write(r, DLB_LSP_QID_AQED_ACTIVE_LIM, q, how.stage);
	rig_write(r, DLB_AQED_QID_HID_WIDTH, q, 0);
	rig_write(r, DLB_SYS_LDB_QID_ITS, q, 0);
	rig_write(r, DLB_LSP_QID_ATM_DEPTH_THRSH, q, how.threshold);
	rig_write(r, DLB_LSP_QID_NALDB_DEPTH_THRSH, q, how.threshold);
	rig_write(r, DLB_AQED_QID_FID_LIM, q, how.flows);
	rig_write(r, DLB_CHP_ORD_QID_SN_MAP, q,
		  (uint32_t)(REG_PUT(DLB_CHP_ORD_QID_SN_MAP_MODE, mode) |
			     REG_PUT(DLB_CHP_ORD_QID_SN_MAP_SLOT, how.sn_slot) |
			     REG_PUT(DLB_CHP_ORD_QID_SN_MAP_GRP, how.sn_group)));
	rig_write(r, DLB_SYS_LDB_QID_CFG_V, q,
		  (uint32_t)(REG_PUT(DLB_SYS_LDB_QID_CFG_V_SN_CFG_V, ordered) |
			     REG_PUT(DLB_SYS_LDB_QID_CFG_V_FID_CFG_V, how.stage != 0)));
	rig_write(r, DLB_SYS_LDB_QID_V, q, 1);
	r->queue[q] = how;
	r->queue[q].made = true;
	r->queue[q].domain = (uint8_t)domain;
}

static uint32_t
depth_code(uint32_t depth)
{
	uint32_t code = DLB_CQ_CODE_MIN;

	while (DLB_CQ_ENTRIES(code) < depth)
		code++;
	return code;
}

/* Note a port, with an empty ring of its own. */
static struct rig_port *
port_note(struct rig *r, uint32_t id, uint32_t domain, uint32_t depth)
{
	struct rig_port *port = &r->port[id];

	*port = (struct rig_port){
		.made = true,
		.domain = (uint8_t)domain,
		.entries = DLB_CQ_ENTRIES(depth_code(depth)),
		.preset = depth < DLB_CQ_DEPTH_MIN ? DLB_CQ_DEPTH_MIN - depth : 0,
		.iova = TEST_HOST_IOVA + (uint64_t)id * RIG_RING_BYTES,
	};
	memset(r->host.memory + (size_t)id * RIG_RING_BYTES, 0, RIG_RING_BYTES);
	return port;
}

static void
history_write(struct rig *r, uint32_t p, const struct rig_port *port)
{
	rig_write(r, DLB_CHP_HIST_LIST_LIM, p, port->hist_base + port->hist - 1);
	rig_write(r, DLB_CHP_HIST_LIST_BASE, p, port->hist_base);
	rig_write(r, DLB_LSP_CQ_LDB_INFL_LIM, p, port->hist);
	rig_write(r, DLB_CHP_HIST_LIST_PUSH_PTR, p, port->hist_base);
	rig_write(r, DLB_CHP_HIST_LIST_POP_PTR, p, port->hist_base);
}

void
rig_ldb_port(struct rig *r, uint32_t domain, uint32_t p, uint32_t depth, uint32_t hist)
{
	struct rig_port *port = port_note(r, p, domain, depth);
	uint32_t code = depth_code(depth);

	port->hist_base = r->hist_next;
	port->hist = hist;
	r->hist_next += hist;
	rig_write(r, DLB_SYS_LDB_CQ_ADDR_L, p, (uint32_t)port->iova);
	rig_write(r, DLB_SYS_LDB_CQ_ADDR_U, p, (uint32_t)(port->iova >> 32));
	rig_write(r, DLB_SYS_LDB_CQ2VF_PF_RO, p, 0x30);
	rig_write(r, DLB_CHP_LDB_CQ_TKN_DEPTH_SEL, p, code);
	rig_write(r, DLB_LSP_CQ_LDB_TKN_CNT, p, port->preset);
	rig_write(r, DLB_LSP_CQ_LDB_TKN_DEPTH_SEL, p, code);
	rig_write(r, DLB_CHP_LDB_CQ_WPTR, p, 0);
	history_write(r, p, port);
	if (r->version == DLB_V20)
		rig_write(r, DLB_SYS_LDB_CQ_AT, p, 0);
	/* What known drivers write on 2.5: the word before it. FMT2 is 0, so it must not matter. */
	rig_write(r, DLB_SYS_LDB_CQ_PASID, p, r->version == DLB_V20 ? 0 : port->hist_base);
	rig_write(r, DLB_CHP_LDB_CQ2VAS, p, domain);
	rig_write(r, DLB_LSP_CQ2PRIOV, p, 0);
	rig_write(r, DLB_SYS_LDB_PP2VAS, p, domain);
	rig_write(r, DLB_SYS_LDB_PP_V, p, 1);
	rig_enable(r, p, true);
}

void
rig_dir_port(struct rig *r, uint32_t domain, uint32_t p, uint32_t depth)
{
	struct rig_port *port = port_note(r, RIG_DIR(p), domain, depth);
	uint32_t code = depth_code(depth);

	rig_write(r, DLB_SYS_DIR_CQ_ADDR_L, p, (uint32_t)port->iova);
	rig_write(r, DLB_SYS_DIR_CQ_ADDR_U, p, (uint32_t)(port->iova >> 32));
	rig_write(r, DLB_SYS_DIR_CQ2VF_PF_RO, p, 0x30);
	rig_write(r, DLB_CHP_DIR_CQ_TKN_DEPTH_SEL, p, code);
	rig_write(r, DLB_LSP_CQ_DIR_TKN_CNT, p, port->preset);
	rig_write(r, DLB_LSP_CQ_DIR_TKN_DEPTH_SEL_DSI, p, code);
	rig_write(r, DLB_CHP_DIR_CQ_WPTR, p, 0);
	rig_write(r, DLB_SYS_DIR_CQ_FMT, p, 0);
	if (r->version == DLB_V20)
		rig_write(r, DLB_SYS_DIR_CQ_AT, p, 0);
	rig_write(r, DLB_SYS_DIR_CQ_PASID, p, 0);
	rig_write(r, DLB_CHP_DIR_CQ2VAS, p, domain);
	rig_write(r, DLB_SYS_DIR_PP2VAS, p, domain);
	rig_write(r, DLB_SYS_DIR_PP_V, p, 1);
	rig_enable(r, RIG_DIR(p), true);
}

void
rig_dir_queue(struct rig *r, uint32_t domain, uint32_t q, uint32_t threshold)
{
	rig_write(r, DLB_SYS_DIR_VASQID_V, domain * r->dir_ports + q, 0);
	rig_write(r, DLB_SYS_DIR_QID_ITS, q, 0);
	rig_write(r, DLB_LSP_QID_DIR_DEPTH_THRSH, q, threshold);
	rig_write(r, DLB_SYS_DIR_QID_V, q, 1);
	r->dir_queue[q] = true;
}

void
rig_start(struct rig *r, uint32_t domain)
{
	for (uint32_t q = 0; q < DLB_LDB_QUEUES; q++)
		if (r->queue[q].made && r->queue[q].domain == domain)
			rig_write(r, DLB_SYS_LDB_VASQID_V, domain * DLB_LDB_QUEUES + q, 1);
	for (uint32_t p = 0; p < r->dir_ports; p++)
		if (r->port[RIG_DIR(p)].made && r->port[RIG_DIR(p)].domain == domain)
			rig_write(r, DLB_SYS_DIR_VASQID_V, domain * r->dir_ports + p, 1);
	rig_flush(r);
}

void
rig_enable(struct rig *r, uint32_t port, bool on)
{
	if (port < DLB_LDB_PORTS)
		rig_write(r, DLB_LSP_CQ_LDB_DSBL, port, !on);
	else
		rig_write(r, DLB_LSP_CQ_DIR_DSBL, port - DLB_LDB_PORTS, !on);
	rig_flush(r);
}

void
rig_balance(struct rig *r, uint32_t ports, uint32_t depth, uint32_t hist, int sn_mode)
{
	struct rig_queue how = rig_queue_plain();

	how.sn_mode = sn_mode;
	if (sn_mode != RIG_NOT_ORDERED)
		how.inflights = (uint32_t)DLB_SN_MIN << sn_mode;
	rig_domain(r, 0, 4096, 1024);
	rig_ldb_queue(r, 0, 0, how);
	rig_ldb_port(r, 0, RIG_PRODUCER, 8, 8);
	for (uint32_t p = 0; p < ports; p++)
		rig_ldb_port(r, 0, p, depth, hist);
	for (uint32_t p = 0; p < ports; p++)
		rig_link(r, 0, p, 0, 0);
	rig_start(r, 0);
}

/* ---- Traffic, section 4 ---- */

struct dlb_qe
rig_hcw(enum dlb_cmd cmd, enum dlb_sched sched, uint32_t qid, uint32_t prio, uint32_t lock,
	uint64_t data)
{
	return (struct dlb_qe){
		.data = data,
		.meta = REG_PUT(DLB_HCW_CMD, cmd) | REG_PUT(DLB_QE_SCHED, sched) |
			REG_PUT(DLB_QE_QID, qid) | REG_PUT(DLB_QE_PRIO, prio) |
			REG_PUT(DLB_QE_LOCK, lock),
	};
}

static uint64_t
port_window(const struct rig *r, uint32_t port)
{
	if (port < DLB_LDB_PORTS)
		return rig_offset(r, DLB_LDB_PP, port);
	return rig_offset(r, DLB_DIR_PP, port - DLB_LDB_PORTS);
}

void
rig_send(struct rig *r, uint32_t port, const struct dlb_qe hcw[], uint32_t n)
{
	struct dlb_qe line[DLB_LINE_HCWS];

	for (uint32_t i = 0; i < n; i += DLB_LINE_HCWS) {
		uint32_t here = n - i < DLB_LINE_HCWS ? n - i : DLB_LINE_HCWS;

		memset(line, 0, sizeof(line));
		memcpy(line, &hcw[i], here * sizeof(*hcw));
		r->dev->ops->post(r->dev, 0, port_window(r, port), line, sizeof(line));
	}
}

void
rig_send_one(struct rig *r, uint32_t port, struct dlb_qe hcw)
{
	rig_send(r, port, &hcw, 1);
}

void
rig_new(struct rig *r, enum dlb_sched sched, uint32_t qid, uint32_t flow, uint64_t data)
{
	rig_send_one(r, RIG_PRODUCER, rig_hcw(DLB_CMD_NEW, sched, qid, 0, flow, data));
}

void
rig_forward(struct rig *r, uint32_t port, enum dlb_sched sched, uint32_t qid, uint32_t flow,
	    uint64_t data)
{
	rig_send_one(r, port, rig_hcw(DLB_CMD_FWD, sched, qid, 0, flow, data));
}

void
rig_complete(struct rig *r, uint32_t port)
{
	rig_send_one(r, port, rig_hcw(DLB_CMD_COMP, 0, 0, 0, 0, 0));
}

void
rig_tokens(struct rig *r, uint32_t port, uint32_t n)
{
	rig_send_one(r, port, rig_hcw(DLB_CMD_BAT_T, 0, 0, 0, n - 1, 0));
}

void
rig_finish(struct rig *r, uint32_t port)
{
	struct dlb_qe hcw[2] = {
		rig_hcw(DLB_CMD_BAT_T, 0, 0, 0, 0, 0),
		rig_hcw(DLB_CMD_COMP, 0, 0, 0, 0, 0),
	};

	rig_send(r, port, hcw, port < DLB_LDB_PORTS ? 2 : 1);
}

void
rig_fence(struct rig *r, uint32_t port)
{
	r->dev->ops->read(r->dev, 0, port_window(r, port), 8);
}

static struct dlb_qe *
slot_at(struct rig *r, uint32_t port, uint32_t i)
{
	uint64_t off = r->port[port].iova - TEST_HOST_IOVA +
		       (uint64_t)i * (r->dense ? DLB_CQ_STEP_DENSE : DLB_CQ_STEP_SPARSE);

	return (struct dlb_qe *)(void *)(r->host.memory + off);
}

struct dlb_qe
rig_slot(struct rig *r, uint32_t port, uint32_t i)
{
	struct dlb_qe *slot = slot_at(r, port, i), qe;

	/* The last 8 bytes are shown last: once they are new, the others are. */
	qe.meta = __atomic_load_n(&slot->meta, __ATOMIC_ACQUIRE);
	qe.data = __atomic_load_n(&slot->data, __ATOMIC_RELAXED);
	return qe;
}

bool
rig_poll(struct rig *r, uint32_t port, struct dlb_qe *qe)
{
	struct rig_port *p = &r->port[port];
	uint32_t pass = p->next / p->entries;

	*qe = rig_slot(r, port, p->next % p->entries);
	if (REG_GET(DLB_QE_GEN, qe->meta) != (pass % 2 == 0))
		return false;
	p->next++;
	return true;
}

uint32_t
rig_poll_all(struct rig *r, uint32_t port)
{
	struct dlb_qe qe;
	uint32_t n = 0;

	/* Nothing is returned to the device, so a full ring ends it. */
	while (n < r->port[port].entries && rig_poll(r, port, &qe))
		n++;
	return n;
}

uint32_t
rig_depth(struct rig *r, uint32_t q)
{
	return rig_read(r, DLB_LSP_QID_AQED_ACTIVE_CNT, q) +
	       rig_read(r, DLB_LSP_QID_LDB_ENQUEUE_CNT, q) + rig_read(r, DLB_LSP_QID_ATM_ACTIVE, q);
}
