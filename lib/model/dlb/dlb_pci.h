/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_PCI_H
#define SLIPWAY_DLB_PCI_H

/**
 * @file
 * What a DLB looks like in configuration space, datasheet section 1: for the model, and for whoever
 * shares one out and shows each client such a device.
 */

#include "dlb_regs.h"
#include "pci_config.h"

/** Vectors of MSI-X, and where they are in BAR 0. */
#define DLB_MSIX_VECTORS  65
#define DLB_MSIX_TABLE_AT 0x01000000
#define DLB_MSIX_PBA_AT   0x01001000
/** Bytes of the bars. */
#define DLB_BAR0_BYTES    UINT64_C(0x04000000)
#define DLB_BAR2_BYTES    UINT64_C(0x100000000)
/** Windows of producer-port pages in BAR 0, and from a window to its alias. */
#define DLB_PP_WINDOW_DIR UINT64_C(0x02000000)
#define DLB_PP_WINDOW_LDB UINT64_C(0x02100000)
#define DLB_PP_ALIAS      UINT64_C(0x00200000)

/** Build it, as it is after power-on. */
void dlb_pci_space(struct pci_config *c, enum dlb_version version);

#endif /* SLIPWAY_DLB_PCI_H */
