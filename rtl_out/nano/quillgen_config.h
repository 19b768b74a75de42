/* What the CAP registers of this accelerator read, for quillgen_check(): by offset, CAP_DIMS first. */
#ifndef QUILLGEN_CONFIG_H
#define QUILLGEN_CONFIG_H

#define QUILLGEN_EXPECTED \
  0x22020004u, \
  0x00100010u, \
  0x00000040u, \
  0x00280040u, \
  0x10842108u, \
  0x087318E8u, \
  0x00000148u, \
  0x02020402u, \
  0x00000001u, \
  0x00080010u, \
  0x00000200u, \
  0x00000020u, \
  0x00000010u

#endif
