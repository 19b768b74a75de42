// What every test of a block includes, read once for all (precompiled). Each file still includes what it needs.
#include "unit/block_bench.hpp"
