// What a job asks of the hardware, whatever array, cache and memory it meets. Made once, it serves every configuration
// of a sweep.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "model/dense.hpp"
#include "model/layer.hpp"
#include "reference/pruning.hpp"
#include "reference/random_dense.hpp"
#include "reference/workload.hpp"
#include "synthetic/models.hpp"

namespace quillgen::estimate {

/// Where a sample reads: the pixel (x, y) of corner 00, and which of its corners are read.
struct Place {
  std::int16_t x = 0, y = 0;
  std::uint8_t corners = 0;  ///< bit 2 * i + j: pixel (x + j, y + i) is in the map and has a weight other than 0
  /// Whole pixels that the sample lies off its reference (model::whole_pixels), the larger of x and y; 65535 of more.
  std::uint16_t distance = 0;
  bool dropped = false;  ///< for its small weight (NUMERICS.md N19): it does not come to the lane
};

/// What a job of a network asks for beside its layer or product (NUMERICS.md, N12 to N17); of others nothing is set.
struct StreamDemand {
  bool queries = false, sources = false;  ///< rows of the stream, of which operands are formed
  bool positions = false;                 ///< are added to the queries, or to the rows of a dense product
  bool norm = false;                      ///< results are added to rows of the stream and normalised
  bool boxes = false;                     ///< results of a dense product move boxes
  /// Rows of a dense product lie where a list says that has an entry for each: those that are read; that are written.
  bool gathers = false, scatters = false;
  bool activation = false;   ///< results of a dense product pass one by linear pieces
  int reference_stride = 0;  ///< bytes from a reference to the next; 0: they follow each other
  /// Something is added to results before they are written.
  bool adds() const { return norm || boxes; }
};

struct Demand {
  std::string name;  ///< of the workload or the model, as the user gave it
  /// Dimensions, level shapes, boxes and padding of an attention layer; its other tensors are empty.
  Workload layer;
  std::vector<Place> places;             ///< [Lq, M, L, K]
  std::vector<std::int32_t> references;  ///< [Lq, L, 2|4], 16 fraction bits (NUMERICS.md N5)
  std::vector<int> index_list;           ///< queries that are wanted, in the order of their arrival; empty: all
  /// Distinct lines that the places read, by LineShape: the least misses.
  std::array<std::int64_t, 3> lines_touched = {};
  bool counts_pixels = false;  ///< and writes the mask of those that are seldom read (N20)
  bool padded_image = false;   ///< .. with padding of the image, which is read for it
  bool map_given = false;      ///< the value map is in memory already and not computed
  bool dense = false;          ///< a dense product instead of a layer
  DenseShape shape;            ///< of the product; of self-attention rows, and C twice
  int self_parts = 0;          ///< of self-attention (N16), which counts as a product: operands of an exponential
  StreamDemand stream;         ///< of a job of a network
  bool synthetic = false;      ///< places are drawn, not computed from a workload
  std::uint64_t seed = 0;      ///< of the draw
  Numerics numerics;           ///< formats the places were computed in; not used by a synthetic one

  /// True if the places are those of this configuration: always, unless a format that shapes them differs (query, its
  /// weights, offset, logit, attention, interpolation, corner). If not, make the demand again with its numerics.
  bool holds_for(const Config& config) const;

  /// Queries that are wanted.
  int queries() const { return index_list.empty() ? layer.queries : static_cast<int>(index_list.size()); }
  /// The queries in the order in which this configuration works on them.
  std::vector<int> schedule(const Config& config) const;
};

/// The samples of a workload as the software model places them in the formats of `numerics`.
Demand demand_of(const Workload& workload, const Numerics& numerics, const Pruning& pruning = {});

/// The same of a layer that the software model has run, as far as it asks for features.
Demand demand_of(const model::QuantisedLayer& layer, const model::Stages& stages);

/// That of a dense layer.
Demand demand_of(const model::DenseLayer& layer);

/// Self-attention of rows of `channels` numbers, operands of so many bits.
Demand self_demand(int rows, int channels, int operand_bits);

/// A dense product. Throws UserError unless every number is from 1 to 65535 (rows to 2^31 - 1).
Demand dense_demand(const DenseShape& shape);

using synthetic::ModelOptions;
/// A layer of a published model, its sampling locations drawn (synthetic/models.hpp). Throws UserError as draw_layer.
Demand model_demand(const std::string& model, const ModelOptions& options = {}, const Pruning& pruning = {});

/// Of a layer that was drawn: its sampling locations are, too, and the weights of points, if some are to be dropped.
Demand drawn_demand(const synthetic::Layer& drawn, synthetic::Random& random, const Pruning& pruning = {});

/// Throws UserError unless `config` can run the job: dimensions as check_fits(Workload), dense ones against
/// gemm.max_inner and attention.max_queries.
void check_fits(const Demand& demand, const Config& config);

}  // namespace quillgen::estimate
