// What every file of the folder includes, read once for all (precompiled). Each file still includes what it needs.
#include <fmt/core.h>

#include "explore/sweep.hpp"
