/* Driver of a quillgen accelerator; see quillgen_driver.h. */
#include "quillgen_driver.h"

static const uint32_t job_events = QUILLGEN_INT_STATE_DONE_MASK | QUILLGEN_INT_STATE_FAILED_MASK |
                                   QUILLGEN_INT_STATE_REFUSED_MASK | QUILLGEN_INT_STATE_STEP_MASK;

uint32_t quillgen_read(const quillgen_device *device, uint32_t offset) {
  if (device->read32 != NULL) {
    return device->read32(device->context, offset);
  }
  return *(const volatile uint32_t *)(device->base + offset);
}

void quillgen_write(const quillgen_device *device, uint32_t offset, uint32_t value) {
  if (device->write32 != NULL) {
    device->write32(device->context, offset, value);
  } else {
    *(volatile uint32_t *)(device->base + offset) = value;
  }
}

/* Between two looks of which `*looks` are allowed, 0 for any number; false: there is none left. */
static bool look_again(const quillgen_device *device, uint32_t *looks) {
  if (*looks == 1u) {
    return false;
  }
  if (*looks != 0u) {
    --*looks;
  }
  return (device->idle == NULL) || device->idle(device->context);
}

quillgen_outcome quillgen_check(const quillgen_device *device, const uint32_t *expected) {
  static const uint32_t offsets[QUILLGEN_CAPABILITIES] = {QUILLGEN_CAPABILITY_OFFSETS};
  if (quillgen_read(device, QUILLGEN_ID) != QUILLGEN_ID_VALUE) {
    return QUILLGEN_OTHER_ID;
  }
  if (quillgen_read(device, QUILLGEN_VERSION) != QUILLGEN_VERSION_VALUE) {
    return QUILLGEN_OTHER_VERSION;
  }
  if (expected != NULL) {
    for (size_t i = 0u; i < QUILLGEN_CAPABILITIES; ++i) {
      if (quillgen_read(device, offsets[i]) != expected[i]) {
        return QUILLGEN_OTHER_CAPABILITIES;
      }
    }
  }
  return QUILLGEN_DONE;
}

void quillgen_set_timeout(const quillgen_device *device, uint32_t cycles) {
  quillgen_write(device, QUILLGEN_TIMEOUT, cycles);
}

void quillgen_start(const quillgen_device *device, uint64_t descriptor) {
  quillgen_write(device, QUILLGEN_DESC_LO, (uint32_t)(descriptor & 0xFFFFFFFFu));
  quillgen_write(device, QUILLGEN_DESC_HI, (uint32_t)(descriptor >> 32));
  quillgen_write(device, QUILLGEN_START, QUILLGEN_START_START_MASK);
}

quillgen_outcome quillgen_poll(quillgen_device *device) {
  const uint32_t events = quillgen_read(device, QUILLGEN_INT_STATE);
  device->events = events;
  if ((events & QUILLGEN_INT_STATE_FAILED_MASK) != 0u) {
    return QUILLGEN_FAILED;
  }
  if ((events & QUILLGEN_INT_STATE_REFUSED_MASK) != 0u) {
    return QUILLGEN_REFUSED;
  }
  if ((events & QUILLGEN_INT_STATE_STEP_MASK) != 0u) {
    return QUILLGEN_STEP;
  }
  return ((events & QUILLGEN_INT_STATE_DONE_MASK) != 0u) ? QUILLGEN_DONE : QUILLGEN_BUSY;
}

quillgen_outcome quillgen_wait(quillgen_device *device, uint32_t looks) {
  quillgen_outcome outcome;
  do {
    if (device->interrupts) {
      quillgen_write(device, QUILLGEN_INT_ENABLE, job_events);
    }
    outcome = quillgen_poll(device);
  } while ((outcome == QUILLGEN_BUSY) && look_again(device, &looks));
  if (device->interrupts) {
    quillgen_write(device, QUILLGEN_INT_ENABLE, 0u);
  }
  return outcome;
}

quillgen_report quillgen_finish(const quillgen_device *device) {
  const bool failed = (device->events & QUILLGEN_INT_STATE_FAILED_MASK) != 0u;
  quillgen_report report;
  /* After a failure no job begins until it is acknowledged. Otherwise the next one may have failed by now, which is told
     in its turn. */
  report.error = failed ? quillgen_read(device, QUILLGEN_ERROR) : QUILLGEN_ERROR_NONE_CODE;
  report.detail = failed ? quillgen_read(device, QUILLGEN_ERROR_DETAIL) : 0u;
  report.job_id = quillgen_read(device, QUILLGEN_JOB_ID);
  /* Those that were seen; a program that was stopped while it waited for the host has that of STEP, too. */
  quillgen_acknowledge(device, device->events & (QUILLGEN_INT_STATE_DONE_MASK | QUILLGEN_INT_STATE_FAILED_MASK |
                                                 QUILLGEN_INT_STATE_STEP_MASK));
  return report;
}

void quillgen_resume(const quillgen_device *device) {
  quillgen_acknowledge(device, QUILLGEN_INT_STATE_STEP_MASK);
  quillgen_write(device, QUILLGEN_CONTROL, QUILLGEN_CONTROL_RESUME_MASK);
}

void quillgen_acknowledge(const quillgen_device *device, uint32_t events) {
  quillgen_write(device, QUILLGEN_INT_STATE, events);
}

bool quillgen_interrupt(const quillgen_device *device) {
  const uint32_t raised = quillgen_read(device, QUILLGEN_INT_STATE) & quillgen_read(device, QUILLGEN_INT_ENABLE);
  if (raised == 0u) {
    return false;
  }
  quillgen_write(device, QUILLGEN_INT_ENABLE, 0u);
  return true;
}

void quillgen_abort(const quillgen_device *device) {
  quillgen_write(device, QUILLGEN_CONTROL, QUILLGEN_CONTROL_ABORT_MASK);
}

void quillgen_soft_reset(const quillgen_device *device) {
  quillgen_write(device, QUILLGEN_CONTROL, QUILLGEN_CONTROL_SOFT_RESET_MASK);
}

bool quillgen_quarantined(const quillgen_device *device) {
  return (quillgen_read(device, QUILLGEN_STATUS) & QUILLGEN_STATUS_QUARANTINED_MASK) != 0u;
}

quillgen_outcome quillgen_wait_quiet(const quillgen_device *device, uint32_t looks) {
  const uint32_t bits = QUILLGEN_STATUS_BUSY_MASK | QUILLGEN_STATUS_QUARANTINED_MASK | QUILLGEN_STATUS_WAITING_MASK |
                        QUILLGEN_STATUS_QUEUE_EMPTY_MASK;
  do {
    if ((quillgen_read(device, QUILLGEN_STATUS) & bits) == QUILLGEN_STATUS_QUEUE_EMPTY_MASK) {
      return QUILLGEN_DONE;
    }
  } while (look_again(device, &looks));
  return QUILLGEN_BUSY;
}

void quillgen_snapshot(const quillgen_device *device) {
  quillgen_write(device, QUILLGEN_SNAPSHOT, 1u);
}

bool quillgen_read_counters(const quillgen_device *device, quillgen_counters *counters) {
  /* Two passes that agree in all counters are of one copy. Jobs take longer than a pass, so two or three will do. */
  for (uint32_t pass = 0u; pass < 8u; ++pass) {
    bool same = pass > 0u;
    for (uint32_t i = 0u; i < QUILLGEN_COUNTERS; ++i) {
      const uint32_t value = quillgen_read(device, QUILLGEN_COUNT_CYCLES + (4u * i));
      same = same && (value == counters->value[i]);
      counters->value[i] = value;
    }
    if (same) {
      return true;
    }
  }
  return false;
}

const char *quillgen_counter_name(uint32_t index) {
  static const char *const names[QUILLGEN_COUNTERS] = {QUILLGEN_COUNTER_NAMES};
  return (index < QUILLGEN_COUNTERS) ? names[index] : "";
}

/* Texts by code; the last one is for codes that are none. */
static const char *text_of(const char *const *texts, uint32_t code) {
  return texts[(code < QUILLGEN_ERRORS) ? code : QUILLGEN_ERRORS];
}

const char *quillgen_error_name(uint32_t code) {
  static const char *const names[QUILLGEN_ERRORS + 1u] = {QUILLGEN_ERROR_NAMES, "unknown"};
  return text_of(names, code);
}

const char *quillgen_error_text(uint32_t code) {
  static const char *const texts[QUILLGEN_ERRORS + 1u] = {QUILLGEN_ERROR_TEXTS, "no code of this version"};
  return text_of(texts, code);
}

const char *quillgen_error_detail_text(uint32_t code) {
  static const char *const texts[QUILLGEN_ERRORS + 1u] = {QUILLGEN_ERROR_DETAILS, ""};
  return text_of(texts, code);
}
