// How registers are reset: a property of the printed design, not of the netlist.
#pragma once

namespace quillgen::hdl {

/// Synchronous, active high (port rst) or low (rst_n), or asynchronous, active low.
enum class Reset : int { sync_high, sync_low, async_low };

}  // namespace quillgen::hdl
