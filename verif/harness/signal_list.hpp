// A prepared list of signals for GTKWave (its save file), made from the names in a waveform, so that it holds what is
// really there, whatever the configuration and whoever edited the Verilog.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "harness/simulator.hpp"

namespace quillgen::harness {

struct SignalList {
  std::string text;  ///< of the save file
  /// Files that the text names, to be written beside it: the name of each state of a state machine by its digits.
  std::map<std::string, std::string> states;
};

/// `top` is the top module; `name` the name of the waveform without folder and extension, by which the files beside it
/// are named too. In the order of the data: control, bus, then each block with the streams it sends.
SignalList signal_list(const std::vector<WaveSignal>& signals, const std::string& top, const std::string& name);

}  // namespace quillgen::harness
