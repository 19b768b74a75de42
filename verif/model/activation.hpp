// Activations of dense results (NUMERICS.md N11, N15).
#pragma once
#include <cstdint>

#include "model/requant.hpp"

namespace quillgen::model {

enum class Function { none, relu, gelu, silu, sigmoid };

/// GELU, SiLU and sigmoid are computed by linear pieces, from a grid of their own to one of their own.
constexpr bool by_pieces(Function f) { return f >= Function::gelu; }
inline constexpr int activation_bits = 16, activation_frac_bits = 11;  ///< of what goes in, within +-16
inline constexpr int activated_frac_bits = 12;                         ///< of what comes out, 17 bits

/// What becomes of the results of a product.
struct Activation {
  Function function = Function::none;
  Requant scale = {};  ///< by pieces: from activated_frac_bits to the format of the results; no bias
};
constexpr Activation relu_if(bool relu) { return {relu ? Function::relu : Function::none, {}}; }

/// N15: x of activation_bits, activation_frac_bits -> the function of it, activated_frac_bits.
std::int32_t piecewise(Function f, std::int32_t x);

/// The activation of a result, to `bits` bits. By pieces it has activation_bits; otherwise `bits` already.
std::int32_t activate(const Activation& a, std::int32_t x, int bits);

/// The same in double precision.
double exact(Function f, double x);

}  // namespace quillgen::model
