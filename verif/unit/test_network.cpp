// Networks: the integer steps N13 to N18 against double precision, average precision, files, and two trained detectors.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
#include <random>

#include "config/load.hpp"
#include "model/boxes.hpp"
#include "model/norm.hpp"
#include "model/program.hpp"
#include "model/self_attention.hpp"
#include "network/evaluate.hpp"
#include "network/picture.hpp"
#include "network/quantise_network.hpp"
#include "reference/quantise.hpp"
#include "unit/refusal.hpp"
#include "unit/row_accuracy.hpp"
#include "unit/workload_file.hpp"

using namespace quillgen;
using test::check_refusal;
using test::refusal;

namespace {

const std::string examples = EXAMPLES;

/// A row of one of several kinds: of any size, nearly constant, with outliers, of full scale.
std::vector<std::int32_t> random_row(std::mt19937_64& random, std::size_t channels) {
  const int bits = static_cast<int>(random() % 17) + 1, kind = static_cast<int>(random() % 4);
  std::normal_distribution<double> normal(0, std::exp2(bits - 1) / 3);
  const double mean = kind == 1 ? 100000 : normal(random);
  std::vector<std::int32_t> row(channels);
  for (auto& z : row) {
    double x = mean + normal(random) / (kind == 1 ? 1000 : 1);
    if (kind == 2 && random() % channels == 0) x = random() % 2 ? 131071 : -131072;
    if (kind == 3) x = random() % 2 ? 131071 : -131072;
    z = static_cast<std::int32_t>(std::clamp(std::floor(x), -131072.0, 131071.0));
  }
  return row;
}

/// The tensors and metadata of a network file, to be changed.
struct NetworkText {
  explicit NetworkText(const std::string& file) {
    const Safetensors source(file);
    metadata = source.metadata();
    for (const auto& name : source.names()) tensors[name] = source.tensor(name);
  }
  std::string bytes() const {
    SafetensorsWriter writer;
    for (const auto& [key, value] : metadata) writer.metadata(key, value);
    for (const auto& [name, tensor] : tensors) writer.add(name, "F64", tensor.shape, tensor.data);
    return writer.bytes();
  }
  std::map<std::string, std::string> metadata;
  std::map<std::string, Tensor> tensors;
};

/// The text with one change, refused.
void check_network(const NetworkText& text, const std::vector<std::string>& parts,
                   const std::function<void(NetworkText&)>& change) {
  auto changed = text;
  change(changed);
  const test::TemporaryFile file(changed.bytes());
  check_refusal(refusal([&] { network::load_network(file.path()); }), parts);
}

network::Evaluation evaluate(const std::string& name, const std::vector<std::string>& overrides = {},
                             model::Function activation = model::Function::relu) {
  const auto config = load_preset("detector", overrides);
  auto net = network::load_network(examples + "/" + name + ".safetensors");
  net.activation = activation;
  const network::SceneFile calibration(examples + "/" + name + "_calibration.safetensors", net);
  const network::SceneFile scenes(examples + "/" + name + "_scenes.safetensors", net);
  const auto scales = network::calibrate(net, {}, calibration, config, [](const std::string&) {});
  const auto integers = quantise(net, scales, config);
  const quillgen::Pruning none;
  network::Evaluator evaluator(net, integers, scales, config, none);
  for (int i = 0; i < scenes.scenes(); ++i) evaluator.add(scenes.scene(i));
  return evaluator.result();
}

}  // namespace

TEST_CASE("LayerNorm: 100,000 rows within half a unit and 1.5e-5 of the number") {
  std::mt19937_64 random(1);
  double worst = 0;
  int roots_below = 0;
  for (int i = 0; i < 100000; ++i) {
    const std::size_t channels = i % 50 == 0 ? 1024 : i % 10 == 0 ? 256 : 4 + random() % 60;
    const auto row = random_row(random, channels);
    const std::int64_t epsilon = random() % 3 == 0 ? 1 : static_cast<std::int64_t>(random() % 100000 + 1);
    const auto t = model::normalise(row, epsilon);
    const auto exact = test::exactly_normalised(row, epsilon);
    const double unit = std::exp2(-model::normalised_frac_bits);
    for (std::size_t c = 0; c < channels; ++c) {
      const double held = std::clamp(exact[c], -16.0, 16 - unit);
      worst = std::max(worst, std::abs(t[c] * unit - held) / (0.5 * unit + 1.5e-5 * std::abs(exact[c])));
      roots_below += std::abs(t[c] * unit - held) > 0.25 * unit ? 1 : 0;
    }
  }
  MESSAGE("worst error of what the bound allows: " << worst);
  CHECK(worst <= 1);
  CHECK(worst > 0.9);
  CHECK(roots_below > 1000000);  // the bound is about half a unit, not more
}

TEST_CASE("reciprocal root: 17 bits for every variance") {
  std::mt19937_64 random(2);
  for (int i = 0; i < 100000; ++i) {
    const std::int64_t variance = static_cast<std::int64_t>((random() >> 9) >> (random() % 55)) + 1;
    const auto [root, half] = model::reciprocal_root(variance);
    REQUIRE(root >= 1 << 16);
    REQUIRE(root < 1 << 17);
    const double exact = 1 / std::sqrt(static_cast<double>(variance));
    REQUIRE(std::abs(std::ldexp(static_cast<double>(root), -28 - half) / exact - 1) < 1.6e-5);
  }
  CHECK_THROWS(model::reciprocal_root(0));
}

TEST_CASE("add and norm: gamma, beta and saturation") {
  model::Norm norm;
  norm.gamma = {2048, -2048, 4096, 0}, norm.beta = {0, 1 << 10, 0, 5 << 10}, norm.shift = 10, norm.epsilon = 1;
  // z = 3, 1, -1, -3: mean 0, V = 4 * 20 + 1.
  const auto y =
      model::add_and_norm(std::vector<std::int32_t>{1, 1, 0, 0}, std::vector<std::int32_t>{2, 0, -1, -3}, norm, 12);
  const double units = 2048 * 2048 / 1024.0 * 4 / std::sqrt(4 * 20 + 1.0);
  CHECK(std::abs(y[0] - 2047) <= 0);  // held: 3 units are 5495
  CHECK(std::abs(y[1] - (1 - units)) <= 2);
  CHECK(y[2] == -2048);
  CHECK(y[3] == 5);
  // Sums of two bits more than the stream are exact: a row and twice that row have the same results.
  norm.gamma = {1024, 1024, 1024, 1024}, norm.beta = {0, 0, 0, 0};
  const auto large = model::add_and_norm(std::vector<std::int32_t>{2047, -2047, 0, 1000},
                                         std::vector<std::int32_t>{2047, -2047, 0, 1047}, norm, 12);
  const auto small = model::add_and_norm(std::vector<std::int32_t>{2047, -2047, 0, 1000},
                                         std::vector<std::int32_t>{0, 0, 0, 23}, norm, 12);
  for (std::size_t c = 0; c < 4; ++c) CHECK(std::abs(large[c] - small[c]) <= 2);
}

TEST_CASE("self-attention: exponentials of 14 bits and more") {
  for (int bits = 4; bits <= 16; ++bits)
    CHECK((model::exponential_bits(bits) >= 14 && model::exponential_bits(bits) <= 16));
  CHECK(model::exponential_bits(12) == 16);
  CHECK(model::exponential_parts(8) == 2);
}

TEST_CASE("self-attention: distance of a row from the exact softmax, named distributions, up to 1,024 keys") {
  const int rows = test::accuracy_rows(100);
  for (const int operand_bits : {8, 12})
    for (const auto& kind : test::score_kinds) {
      const int bits = model::exponential_bits(operand_bits);
      const auto table = model::score_table(bits);
      std::mt19937_64 random(3);
      std::string line;
      for (const std::size_t keys : {std::size_t{30}, std::size_t{300}, std::size_t{1024}}) {
        double worst = 0;
        for (int i = 0; i < rows; ++i) {
          const auto scores = test::draw_scores(kind, keys, bits, random);
          const auto e = model::exponentials(scores, table);
          const int length = std::bit_width(static_cast<std::uint64_t>(e.sum));
          const auto reciprocal = static_cast<double>((std::int64_t{1} << (length + 15)) / e.sum);
          std::vector<double> weights;
          for (const auto v : e.value) weights.push_back(std::ldexp(static_cast<double>(v) * reciprocal, -length - 15));
          worst = std::max(worst, test::distance_from_softmax(scores, weights));
        }
        line += fmt::format("{} {:.2g} of {} keys", line.empty() ? "" : ",", worst, keys);
        CHECK(worst < kind.limit(bits));
      }
      MESSAGE(fmt::format("{}, {} bits, {} rows: L1{}", kind.name, bits, rows, line));
    }
}

TEST_CASE("self-attention: heads against double precision") {
  std::mt19937_64 random(4);
  const std::size_t rows = 40, channels = 16;
  for (const int bits : {8, 12}) {
    const model::SelfAttention s{2, bits, bits == 8 ? 4 : 11, 1};
    const auto draw = [&](int limit) {
      std::vector<std::int32_t> v(rows * channels);
      for (auto& x : v) x = static_cast<std::int32_t>(random() % static_cast<std::uint64_t>(2 * limit)) - limit;
      return v;
    };
    const auto q = draw(1 << (bits - 1)), k = draw(1 << (bits - 1)), v = draw(1 << (bits - 2));
    const auto y = run_self_attention(s, q, k, v, channels);
    double worst = 0;
    for (std::size_t h = 0; h < 2; ++h)
      for (std::size_t r = 0; r < rows; ++r) {
        std::vector<double> weight(rows);
        for (std::size_t j = 0; j < rows; ++j) {
          std::int64_t product = 0;
          for (std::size_t d = 0; d < 8; ++d)
            product += std::int64_t{q[r * channels + 8 * h + d]} * k[j * channels + 8 * h + d];
          weight[j] = std::exp2(
              std::clamp(std::floor(std::ldexp(static_cast<double>(product), -s.score_shift) + 0.5), -4096.0, 4095.0) /
              64);
        }
        const double sum = std::accumulate(weight.begin(), weight.end(), 0.0);
        for (std::size_t d = 0; d < 8; ++d) {
          double exact = 0;
          for (std::size_t j = 0; j < rows; ++j) exact += weight[j] / sum * v[j * channels + 8 * h + d] * 2;
          worst = std::max(worst, std::abs(exact - y[r * channels + 8 * h + d]) / std::exp2(bits - 1));
        }
      }
    CHECK(worst < (bits == 8 ? 0.006 : 0.004));
  }
}

TEST_CASE("boxes: the sigmoid of every logit, and moves that are held") {
  double worst = 0;
  for (std::int32_t b = -model::box_logit_limit; b <= model::box_logit_limit; ++b) {
    const double exact = 1 / (1 + std::exp(-std::ldexp(b, -model::box_logit_frac_bits)));
    worst = std::max(worst, std::abs(std::ldexp(model::box_reference(b), -16) - exact));
    REQUIRE(model::box_reference(b) + model::box_reference(-b) ==
            (b == 0 ? 2 : 1) * model::box_reference(0) * (b == 0 ? 1 : 2));
  }
  MESSAGE("worst error " << worst);
  CHECK(worst < 6e-5);
  CHECK(worst > 1e-5);
  CHECK(model::refine(18000, 2000) == model::box_logit_limit);
  CHECK(model::refine(-18000, -2000) == -model::box_logit_limit);
  CHECK(model::refine(5, -7) == -2);
}

TEST_CASE("choice of rows: largest first, of equals the first") {
  const std::vector<std::int32_t> scores = {1, 5, 7, 0, 5, 2, 7, 7};
  CHECK(model::best_rows(scores, 2, 3) == std::vector<int>{1, 3, 0});
  CHECK(model::best_rows(scores, 1, 4) == std::vector<int>{2, 6, 7, 1});
}

TEST_CASE("average precision: hand-made scenes") {
  using network::AveragePrecision;
  const network::Object square{{0.5, 0.5, 0.2, 0.2}, 0}, other{{0.2, 0.2, 0.2, 0.2}, 0};
  const auto found = [](double x, double score, int label = 0) {
    return network::Detection{{x, x, 0.2, 0.2}, label, score};
  };
  AveragePrecision perfect(2);
  perfect.add({found(0.5, 0.9), found(0.2, 0.8)}, {square, other});
  CHECK(perfect.mean() == doctest::Approx(1));  // the class that is nowhere does not count
  AveragePrecision doubled(1);
  doubled.add({found(0.5, 0.9), found(0.5, 0.8), found(0.2, 0.7)}, {square, other});
  CHECK(doubled.at(0.5) ==
        doctest::Approx((51 + 50 * 2.0 / 3) / 101));  // recall 0 .. 0.5 at precision 1, the rest at 2/3
  AveragePrecision half(1);
  half.add({found(0.5, 0.9)}, {square, other});
  CHECK(half.at(0.5) == doctest::Approx(51.0 / 101));
  AveragePrecision late(1);
  late.add({found(0.8, 0.9), found(0.5, 0.8)}, {square});  // precision 0, then 1/2, which counts from recall 0 on
  CHECK(late.at(0.5) == doctest::Approx(0.5));
  AveragePrecision moved(1);
  moved.add({found(0.51, 0.9)}, {square});  // IoU 0.19^2 / (2 * 0.04 - 0.19^2) = 0.822
  CHECK(moved.mean() == doctest::Approx(0.7));
  AveragePrecision wrong(2);
  wrong.add({found(0.5, 0.9, 1)}, {square});
  CHECK(wrong.mean() == 0);
}

TEST_CASE("picture of a scene: a rectangle for each object and for what was found with a high score, in the image") {
  const std::vector<network::Object> objects = {{{0.5, 0.5, 0.2, 0.2}, 0}, {{0.1, 0.9, 0.4, 0.4}, 12}};
  const std::vector<network::Detection> found = {
      {{0.5, 0.5, 0.21, 0.2}, 0, 0.97}, {{0.9, 0.1, 0.4, 0.4}, 3, network::least_score}, {{0.5, 0.5, 1, 1}, 1, 0.29}};
  const auto svg =
      network::scene_picture("a <name> that is & stays long " + std::string(200, 'w'), "sub", objects, found);
  const auto count = [&](const std::string& part) {
    int times = 0;
    for (auto at = svg.find(part); at != std::string::npos; at = svg.find(part, at + 1)) ++times;
    return times;
  };
  CHECK(count("<rect class=\"object c") == 2);
  CHECK(count("<rect class=\"found c") == 2);
  CHECK(count("<rect class=\"class f") == 3);  // classes 0, 3 and 12
  CHECK(count("<rect") == 2 + 2 + 3 + 4);      // paper, frame, two samples
  CHECK(count(">0: 0.97<") == 1);
  CHECK(count(">3: 0.30<") == 1);
  CHECK(count("0.29") == 0);
  CHECK(count("score of 0.3 and more (2)") == 1);
  CHECK(count("<name>") == 0);
  // What leaves the image is cut at its edges: 24 to 518 pixels, 66 to 560.
  CHECK(count("x=\"24.0\" y=\"411.8\" width=\"148.2\" height=\"148.2\"") == 1);
  CHECK(network::scene_picture("empty", "", {}, {}).ends_with("</svg>\n"));
}

TEST_CASE("the jobs of a program give what the network gives") {
  for (const std::string name : {"tiny_detector", "tiny_sparse_detector"}) {
    CAPTURE(name);
    const auto config = load_preset("detector", std::vector<std::string>{"network.activations=all"});
    auto net = network::load_network(examples + "/" + name + ".safetensors");
    if (name == "tiny_sparse_detector") net.activation = model::Function::silu;
    const auto scales = network::read_scales(examples + "/" + name + ".scales.json", net, config);
    const auto integers = quantise(net, scales, config);
    CHECK(integers.encoder[0].ffn.hidden.activation.function == net.activation);
    CHECK(integers.proposal_box.hidden.activation.function == model::Function::relu);
    const network::SceneFile scenes(examples + "/" + name + "_scenes.safetensors", net);
    const auto source = quantised(scenes.scene(0).source, scales.of("encoder.input"), config.network.stream_bits);
    const auto program = model::make_program(integers, config, source).detections;
    const auto whole = model::run(integers, source);
    CHECK(program.list == whole.list);
    CHECK(program.queries == whole.queries);
    CHECK(program.logits == whole.logits);
    CHECK(program.boxes == whole.boxes);
  }
}

TEST_CASE("the activation of a network is one that the hardware has, or it is named with the setting that mends it") {
  auto net = network::load_network(examples + "/tiny_detector.safetensors");
  for (const auto& [function, name] :
       {std::pair{model::Function::gelu, std::string("gelu")}, {model::Function::silu, std::string("silu")}}) {
    NetworkText text(examples + "/tiny_detector.safetensors");
    text.metadata["activation"] = name;
    const test::TemporaryFile file(text.bytes());
    CHECK(network::load_network(file.path()).activation == function);
    net.activation = function;
    for (const std::string has : {"none", "sigmoid", "gelu", "silu", "all"}) {
      const auto config = load_preset("detector", std::vector<std::string>{"network.activations=" + has});
      if (has == name || has == "all") CHECK_NOTHROW(network::check_fits(net, config));
      else
        check_refusal(refusal([&] { network::check_fits(net, config); }),
                      {"metadata activation = " + name, "set network.activations to " + name + " or all"});
    }
  }
}

TEST_CASE("files of networks: what is wrong is named") {
  const NetworkText text(examples + "/tiny_sparse_detector.safetensors");
  check_network(text, {"tensor score.weight [1, 64]", "is missing"}, [](auto& t) { t.tensors.erase("score.weight"); });
  check_network(text, {"tensor decoder.layers.1.norm3.bias [63]", "must be [64]"}, [](auto& t) {
    t.tensors["decoder.layers.1.norm3.bias"] = {{63}, std::vector<double>(63)};
  });
  check_network(text, {"tensor \"encoder.layers.3.norm1.bias\"", "is not known"}, [](auto& t) {
    t.tensors["encoder.layers.3.norm1.bias"] = {{64}, std::vector<double>(64)};
  });
  check_network(text, {"metadata activation = \"tanh\"", "must be relu, gelu or silu"},
                [](auto& t) { t.metadata["activation"] = "tanh"; });
  check_network(text, {"metadata queries", "whole number"}, [](auto& t) { t.metadata["queries"] = "30.5"; });
  check_network(text, {"metadata queries", "more than there are tokens"},
                [](auto& t) { t.metadata["queries"] = "341"; });
  check_network(text, {"metadata keep", "above 0, at most 1"}, [](auto& t) { t.metadata["keep"] = "0"; });
  check_network(text, {"metadata n_heads", "must be given"}, [](auto& t) { t.metadata.erase("n_heads"); });
  check_network(text, {"metadata \"n_head\"", "nearest that is known is n_heads"},
                [](auto& t) { t.metadata["n_head"] = "4"; });
  check_network(text, {"spatial_shapes, level 0", "sides must be whole"},
                [](auto& t) { t.tensors["spatial_shapes"].data[0] = 0; });
}

TEST_CASE("files of scenes: what is wrong is named") {
  const auto net = network::load_network(examples + "/tiny_detector.safetensors");
  const NetworkText text(examples + "/tiny_detector_scenes.safetensors");
  const auto check = [&](const std::vector<std::string>& parts, const std::function<void(NetworkText&)>& change) {
    auto changed = text;
    change(changed);
    const test::TemporaryFile file(changed.bytes());
    check_refusal(refusal([&] { network::SceneFile(file.path(), net); }), parts);
  };
  check({"tensor \"expected_logit\"", "is not known"},
        [](auto& t) { t.tensors["expected_logit"] = t.tensors["expected_logits"]; });
  check({"tensor expected_boxes", "is missing beside"}, [](auto& t) { t.tensors.erase("expected_boxes"); });
  check({"tensor labels", "is missing"}, [](auto& t) { t.tensors.erase("labels"); });
  check({"tensor expected_queries: 12.5", "number of a token"},
        [](auto& t) { t.tensors["expected_queries"].data[0] = 12.5; });
  check({"tensor boxes: (64, ", "shares of the image"},
        [](auto& t) { t.tensors["labels"].data[0] = 0, t.tensors["boxes"].data[0] = 64; });
  check({"tensor labels: 5", "-1 (no object) .. 4"}, [](auto& t) { t.tensors["labels"].data[0] = 5; });
  check({"tensor source [8, 340, 32]", "must be [scenes, 340, 64]"}, [](auto& t) {
    t.tensors["source"] = {{8, 340, 32}, std::vector<double>(8 * 340 * 32)};
  });
}

TEST_CASE("scales are of one network: a sign, a number of heads, an epsilon") {
  const NetworkText text(examples + "/tiny_sparse_detector.safetensors");
  const auto fingerprint = [&](const std::function<void(NetworkText&)>& change) {
    auto changed = text;
    change(changed);
    const test::TemporaryFile file(changed.bytes());
    return network::load_network(file.path()).fingerprint;
  };
  const auto same = fingerprint([](auto&) {});
  CHECK(same == network::load_network(examples + "/tiny_sparse_detector.safetensors").fingerprint);
  CHECK(same != fingerprint([](auto& t) {
          for (auto& x : t.tensors["encoder.layers.0.linear1.weight"].data) x = -x;
        }));
  CHECK(same != fingerprint([](auto& t) { t.metadata["n_heads"] = "16", t.metadata["n_points"] = "1"; }));
  CHECK(same != fingerprint([](auto& t) { t.metadata["norm_eps"] = "0.1"; }));
  CHECK(same != fingerprint([](auto& t) { t.metadata["keep"] = "0.5"; }));
}

TEST_CASE("two trained detectors: floating point as expected, integers near it") {
  const auto dense = evaluate("tiny_detector");
  REQUIRE(dense.expected);
  CHECK(dense.expected->same_queries == dense.scenes);
  CHECK(dense.expected->logits.sqnr_db() > 100);
  CHECK(dense.expected->boxes.sqnr_db() > 100);
  CHECK(dense.same_queries() > 0.98);
  CHECK(std::abs(dense.ap - dense.ap_float) < 0.02);  // of eight scenes
  for (const auto& [name, noise] : dense.tensors) {
    CAPTURE(name);
    CHECK(noise.sqnr_db() > 30);
  }
  // Not trained with it, so boxes are worth little, but integers are as near to floating point.
  const auto gelu = evaluate("tiny_detector", {"network.activations=gelu"}, model::Function::gelu);
  for (const auto& [name, noise] : gelu.tensors) {
    CAPTURE(name);
    CHECK(noise.sqnr_db() > 30);
  }
  const auto sparse = evaluate("tiny_sparse_detector", {"numerics.preset=int8"});
  CHECK(sparse.same_queries() > 0.95);
  CHECK(std::abs(sparse.ap - sparse.ap_float) < 0.03);
  for (const auto& [name, noise] : sparse.tensors) {
    CAPTURE(name);
    CHECK(noise.sqnr_db() > 17);
  }
}
