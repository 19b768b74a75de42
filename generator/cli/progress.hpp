// What a long run is doing, for somebody who watches.
#pragma once
#include <string>
#include <string_view>

namespace quillgen::cli {

/// A line on stderr that overwrites itself; nothing unless stderr is a terminal. Gone at the end of its life.
class Progress {
 public:
  ~Progress() { show(""); }
  void show(std::string_view text);

 private:
  std::string shown_;
};

}  // namespace quillgen::cli
