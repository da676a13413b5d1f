/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_SELFTEST_H
#define SLIPWAY_DLB_SELFTEST_H

/**
 * rte_event_dev_selftest(): try every device of this driver that is stopped, for the library does
 * not say which one was meant. They need to be configured anew afterwards.
 *
 * @return 0, -EBUSY when no device is stopped, or -1 after log lines that say what failed
 */
int dlb_selftest(void);

#endif /* SLIPWAY_DLB_SELFTEST_H */
