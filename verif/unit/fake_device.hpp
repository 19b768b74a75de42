// A stand-in for the accelerator behind the interface of a Verilated design. It knows the results beforehand, but talks
// to host and memory, fires its taps and counts as the real one must - or breaks one rule, to see that the harness
// notices.
#pragma once
#include <string>

#include "harness/abi.hpp"
#include "harness/manifest.hpp"
#include "harness/work.hpp"

namespace quillgen::test {

/// What the device does wrong.
enum class Mischief {
  None,
  WrongIdRegister,
  WrongJobId,
  HangBeforeOutput,  ///< stops before the last query
  DeafHost,          ///< never answers a register access
  WrongTap,          ///< attention of query 1, sample 2, one too high
  MissingTap,        ///< the last location
  TapAfterEnd,
  WrongOutputInMemory,  ///< query 0, channel 3
  RowWrittenTwice,
  RowNotWritten,
  WriteBetweenRows,  ///< a beat more, behind row 0
  WriteBeyondRows,   ///< the same behind the last row and its gap
  WriteToInput,      ///< the same over the query rows
  PaddingNotZero,
  CausesDoNotSum,
  WrongCycles,
  WrongByteCount,
  WrongLookups,
  ReadOutside,
  ReadWithWrongId,
  TooManyReadsOpen,
  EndsBeforeResponses,
  ErrorCode,
  Stops,           ///< $fatal
  WrongValue,      ///< in the map: token 7, head 1, channel 2
  LineTwice,       ///< of the map: line 3 written twice
  LineNotWritten,  ///< line 3 not at all
  LinePaddingNotZero,
  PixelOutsideNotZero,
  ReadBeforeWritten,   ///< features before the map is written
  ReadBeforeResponse,  ///< features before the last write of the map is answered
  WriteToGivenMap,
  SourceRowTwice,   ///< read
  WrongValueBytes,  ///< counted
  GemmCausesDoNotSum,
  WrongSteps,        ///< a step of the query projection too many
  WrongValueSteps,   ///< a group of the value projection too many
  TapInDenseJob,     ///< a head
  SampleInDenseJob,  ///< counted
};

/// Every instance made from fake_interface does this.
struct FakeJob {
  Config config;
  const harness::Work* work = nullptr;
  Mischief mischief = Mischief::None;
};
extern FakeJob fake_job;
extern const SimInterface fake_interface;

/// The manifest that goes with it.
harness::Manifest fake_manifest(const Config& config);

}  // namespace quillgen::test
