// What every block includes, read once for all (precompiled). Each file still includes what it needs.
#include <fmt/core.h>

#include "accel/shapes.hpp"
#include "lib/pipeline.hpp"
