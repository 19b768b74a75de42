// What every lesson includes, read once for all (precompiled). Each file still includes what it needs.
#include <fmt/core.h>

#include "lesson.hpp"
#include "lib/pipeline.hpp"
#include "unit/stream_bench.hpp"
