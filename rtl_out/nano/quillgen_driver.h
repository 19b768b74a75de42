/* Driver of a quillgen accelerator: freestanding C11, no allocation, no library. The same for every configuration: what
   differs is read from the CAP registers. One quillgen_device a block; functions are not reentrant for the same device,
   but quillgen_interrupt(), which may interrupt all others.

   quillgen_device d = { .base = 0x40000000u };
   if (quillgen_check(&d, NULL) != QUILLGEN_DONE) { .. }
   quillgen_start(&d, address_of_descriptor);
   while (quillgen_wait(&d, 0u) == QUILLGEN_STEP) { .. what the host does between jobs ..; quillgen_resume(&d); }
   quillgen_report report = quillgen_finish(&d);
   if (report.error != QUILLGEN_ERROR_NONE_CODE) { .. quillgen_error_text(report.error) .. } */
#ifndef QUILLGEN_DRIVER_H
#define QUILLGEN_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quillgen_regs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How registers are reached, and what is done while waiting. Members that are left out are 0. */
typedef struct quillgen_device {
  uintptr_t base; /* address of the registers, used where a function below is NULL */
  void *context;  /* handed to the functions */
  uint32_t (*read32)(void *context, uint32_t offset);
  void (*write32)(void *context, uint32_t offset, uint32_t value);
  /* Called between two looks at a register, to give the processor away or to advance a simulation; false: stop waiting.
     NULL: look again at once. With `interrupts`: sleep until quillgen_interrupt() was called. A call that came before the
     sleep must count: take a semaphore, or sleep by WFI with the interrupts of the processor masked. */
  bool (*idle)(void *context);
  bool interrupts; /* quillgen_wait() asks for an interrupt before each look */
  uint32_t events; /* INT_STATE as quillgen_poll() saw it last */
} quillgen_device;

/* What became of a job, of a wait or of a check. */
typedef enum quillgen_outcome {
  QUILLGEN_DONE = 0,          /* one or more have ended without an error; of a check: as expected; of quiet: it is */
  QUILLGEN_FAILED,            /* ended with an error; no queued job begins before quillgen_finish() */
  QUILLGEN_REFUSED,           /* a start was refused, the queue full or the port quarantined; what is in work goes on */
  QUILLGEN_STEP,              /* a program waits for the host: quillgen_resume() */
  QUILLGEN_BUSY,              /* none of these yet: idle() said so, or as many looks as were allowed */
  QUILLGEN_OTHER_ID,          /* no accelerator answers at this address */
  QUILLGEN_OTHER_VERSION,     /* its registers are not those of quillgen_regs.h */
  QUILLGEN_OTHER_CAPABILITIES /* it was generated for another configuration */
} quillgen_outcome;

/* How the last job ended. */
typedef struct quillgen_report {
  uint32_t error;  /* QUILLGEN_ERROR_.._CODE */
  uint32_t detail; /* what it holds: quillgen_error_detail_text() */
  uint32_t job_id; /* of its descriptor; of a program, that of the job that ended last. With jobs in the queue, and no
                      error, the next one may have begun: then it is that one's. */
} quillgen_report;

/* Counters in the order of their registers: value[QUILLGEN_COUNTER(SAMPLES)]. */
typedef struct quillgen_counters {
  uint32_t value[QUILLGEN_COUNTERS];
} quillgen_counters;
#define QUILLGEN_COUNTER(name) ((QUILLGEN_COUNT_##name - QUILLGEN_COUNT_CYCLES) / 4u)

/* A field of a word that was read: QUILLGEN_FIELD(quillgen_read(&d, QUILLGEN_CAP_DIMS), CAP_DIMS_HEADS). */
#define QUILLGEN_FIELD(word, field) (((word) & QUILLGEN_##field##_MASK) >> QUILLGEN_##field##_SHIFT)

/* Any register, by its byte offset. */
uint32_t quillgen_read(const quillgen_device *device, uint32_t offset);
void quillgen_write(const quillgen_device *device, uint32_t offset, uint32_t value);

/* ID and version against quillgen_regs.h; all capabilities against `expected`, QUILLGEN_CAPABILITIES words as in
   quillgen_config.h, or any if that is NULL. */
quillgen_outcome quillgen_check(const quillgen_device *device, const uint32_t *expected);

/* Cycles in which the memory port waits and nothing moves until a job is given up; 0: for ever. */
void quillgen_set_timeout(const quillgen_device *device, uint32_t cycles);

/* Queues the job, or the program that begins with it, whose descriptor lies at `descriptor`. QUILLGEN_QUEUED_JOBS can
   wait behind the one in work; quillgen_poll() tells when it was refused. */
void quillgen_start(const quillgen_device *device, uint64_t descriptor);

/* One look: the first outcome of the list that holds, or QUILLGEN_BUSY. It stays until quillgen_finish(),
   quillgen_resume() or quillgen_acknowledge(). */
quillgen_outcome quillgen_poll(quillgen_device *device);

/* Looks until there is an outcome, at most `looks` times (0: for ever), with idle() between. */
quillgen_outcome quillgen_wait(quillgen_device *device, uint32_t looks);

/* How the job ended, and makes room for the next outcome: after QUILLGEN_DONE or QUILLGEN_FAILED. Jobs that end between
   two looks have one outcome; quillgen_wait_quiet() is for all of a queue. */
quillgen_report quillgen_finish(const quillgen_device *device);

/* After QUILLGEN_STEP: the program goes on with its next job. */
void quillgen_resume(const quillgen_device *device);

/* Forgets events, bits QUILLGEN_INT_STATE_.._MASK: after QUILLGEN_REFUSED that of REFUSED. */
void quillgen_acknowledge(const quillgen_device *device, uint32_t events);

/* Of the service routine: true if this device has raised its interrupt, which is then masked until the next look of
   quillgen_wait(). */
bool quillgen_interrupt(const quillgen_device *device);

/* Stops the job in work, or the program that waits; it ends with the error ABORTED. Queued jobs stay. */
void quillgen_abort(const quillgen_device *device);

/* Stops the job in work without a report, drops the queue and sets all registers to 0. Then quillgen_wait_quiet(). */
void quillgen_soft_reset(const quillgen_device *device);

/* True after a time-out (or a soft reset in a job) that left responses of memory open: starts are refused until all have
   come. Only a reset of the accelerator and of what answers it ends it sooner. */
bool quillgen_quarantined(const quillgen_device *device);

/* Looks until no job is in work or queued and the port is not quarantined; `looks` as above. */
quillgen_outcome quillgen_wait_quiet(const quillgen_device *device, uint32_t looks);

/* Copies all counters in one cycle, as the end of a job does too. */
void quillgen_snapshot(const quillgen_device *device);

/* The last copy, whole: read again if a job ends meanwhile. False if that happened each time. */
bool quillgen_read_counters(const quillgen_device *device, quillgen_counters *counters);

/* Lower case, "line_hits"; index below QUILLGEN_COUNTERS, else "". */
const char *quillgen_counter_name(uint32_t index);

/* Of a code of ERROR: its name ("address"), what it means, and what ERROR_DETAIL holds. */
const char *quillgen_error_name(uint32_t code);
const char *quillgen_error_text(uint32_t code);
const char *quillgen_error_detail_text(uint32_t code);

#ifdef __cplusplus
}
#endif
#endif
