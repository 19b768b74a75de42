// Rules of AXI bursts.
#pragma once
#include "accel/bundles.hpp"

namespace quillgen::accel {

/// Beats of the next burst of a run: at most max_burst, at most `remaining`, not across 4 KiB. 5 bits.
hdl::UInt burst_beats(const Shapes& s, const hdl::UInt& address, const hdl::UInt& remaining);

}  // namespace quillgen::accel
