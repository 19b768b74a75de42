// The float reference against the results of the operator authors' own module, and the SQNR of the model against the
// reference.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cmath>

#include "config/load.hpp"
#include "reference/expected.hpp"
#include "reference/quantise.hpp"
#include "reference/safetensors.hpp"
#include "refusal.hpp"

using namespace quillgen;

namespace {

std::string example(const std::string& name) { return fmt::format("{}/{}.safetensors", EXAMPLES, name); }

/// Largest error relative to the largest magnitude; the stored results have the precision of F32.
double relative_error(const std::vector<double>& expected, const std::vector<double>& got) {
  REQUIRE(expected.size() == got.size());
  double error = 0, largest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    error = std::max(error, std::abs(expected[i] - got[i]));
    largest = std::max(largest, std::abs(expected[i]));
  }
  return error / largest;
}

/// Locations in pixels to the module's own, where 1 is the side of a level.
std::vector<double> normalised(const Workload& w, std::vector<double> locations) {
  for (std::size_t i = 0; i < locations.size(); ++i) {
    const auto level = i / 2 / static_cast<std::size_t>(w.points) % w.level_shapes.size();
    locations[i] = (locations[i] + 0.5) / (i % 2 == 0 ? w.level_shapes[level].width : w.level_shapes[level].height);
  }
  return locations;
}

}  // namespace

TEST_CASE("every stage equals that of the authors' module") {
  int compared = 0;
  for (const auto* name : {"official_test_shapes", "encoder_c64", "sparse_c64", "decoder_c64_boxes", "tiny_detr_enc1",
                           "tiny_detr_dec0", "tiny_detr_dec1"}) {
    const Safetensors file(example(name));
    const auto w = load_workload(example(name));
    const auto st = run_reference(w);
    const auto compare = [&](const std::string& tensor, const std::vector<double>& got) {
      if (!file.has(tensor)) return;
      CAPTURE(name);
      CAPTURE(tensor);
      CHECK(relative_error(file.tensor(tensor).data, got) < 1e-6);
      ++compared;
    };
    compare("expected_value", st.value);
    compare("expected_sampling_locations", normalised(w, st.locations));
    compare("expected_attention_weights", st.attention);
    compare("expected_core_output", st.core_output);
    compare("expected_output", st.output);
  }
  CHECK(compared == 3 * 5 + 2 + 3);
  MESSAGE(fmt::format("{} tensors compared", compared));
}

TEST_CASE("expected_output is compared in every element of the rows that are wanted") {
  auto w = load_workload(example("tiny_detr_dec0"));
  const auto compare = [&] { return compare_expected(w, run_reference(w)).value(); };
  const auto good = compare();
  CHECK(good.agrees());
  CHECK(good.rows == 30);
  CHECK(good.difference < 1e-6);

  double largest = 0;
  for (const double x : w.expected_output) largest = std::max(largest, std::abs(x));
  auto& one = w.expected_output[17 * 64 + 5];
  const double right = one;
  one = right + 0.9e-3 * largest;
  CHECK(compare().agrees());
  one = right + 1.1e-3 * largest;
  const auto bad = compare();
  CHECK_FALSE(bad.agrees());
  CHECK(bad.query == 17);
  CHECK(bad.channel == 5);
  CHECK(bad.expected == one);
  CHECK(bad.computed == doctest::Approx(right));
  CHECK(bad.difference == doctest::Approx(1.1e-3).epsilon(0.01));
  CHECK(bad.cause == "");

  w.index_list = {3, 29, 3};  // the row of query 17 is nobody's
  CHECK(compare().agrees());
  CHECK(compare().rows == 3);
  w.index_list = {3, 17};
  CHECK_FALSE(compare().agrees());
  w.expected_output.clear();
  CHECK_FALSE(compare_expected(w, run_reference(w)).has_value());
}

TEST_CASE("a mask of the other polarity is recognised by expected_output") {
  auto w = load_workload(example("official_test_shapes"));
  for (int token = 0; token < w.tokens; ++token) w.padding.push_back(token % 3 == 0);
  w.expected_output = run_reference(w).output;
  CHECK(compare_expected(w, run_reference(w))->agrees());
  for (auto& padded : w.padding) padded = !padded;
  const auto inverted = compare_expected(w, run_reference(w)).value();
  CHECK_FALSE(inverted.agrees());
  CHECK(inverted.cause.find("input_padding_mask inverted") != std::string::npos);
}

TEST_CASE("results of zeros everywhere agree with zeros only") {
  auto w = load_workload(example("official_test_shapes"));
  for (auto* t : {&w.output_weight, &w.output_bias, &w.expected_output}) t->assign(t->size(), 0);
  CHECK(compare_expected(w, run_reference(w))->agrees());
  w.output_bias[2] = 1e-9;
  CHECK_FALSE(compare_expected(w, run_reference(w))->agrees());
}

TEST_CASE("the model keeps the signal to quantisation noise of the numerical study") {
  struct Gate {
    std::string workload;       ///< of small, the last of quill
    double int8, mixed, int12;  ///< dB of the study
  };
  const std::vector<Gate> gates = {{"encoder_c64", 28.7, 38.5, 51.2},         {"sparse_c64", 28.8, 37.7, 51.3},
                                   {"decoder_c64_boxes", 32.4, 38.4, 53.8},   {"tiny_detr_enc0", 32.7, 41.3, 54.8},
                                   {"tiny_detr_enc1", 33.3, 41.5, 54.4},      {"tiny_detr_enc2", 33.7, 42.1, 55.0},
                                   {"tiny_detr_dec0", 35.4, 41.7, 53.4},      {"tiny_detr_dec1", 33.5, 39.0, 49.5},
                                   {"deformable_detr_c256", 27.2, 35.2, 49.1}};
  for (const auto& gate : gates) {
    const auto w = load_workload(example(gate.workload));
    const auto ref = run_reference(w);
    for (const auto& [preset, study] : {std::pair("int8", gate.int8), {"mixed", gate.mixed}, {"int12", gate.int12}}) {
      const std::vector<std::string> overrides = {fmt::format("numerics.preset={}", preset)};
      const auto layer = quantise(w, ref, load_preset(w.embed_dim == 64 ? "small" : "quill", overrides));
      const double got = sqnr_db(ref.output, model::run(layer).output, layer.output_scale);
      MESSAGE(fmt::format("{:<20} {:<6} {:.2f} dB, study {:.1f}", gate.workload, preset, got, study));
      CHECK(got >= study - 0.5);
    }
  }
}

TEST_CASE("padded tokens read as zero, in the reference and in the model") {
  const auto without = load_workload(example("official_test_shapes"));
  auto w = without;
  for (int token = 0; token < w.tokens; ++token) w.padding.push_back(token % 3 == 0);
  const auto config = load_preset("nano");
  const auto before = run_reference(without), after = run_reference(w);
  const auto layer = quantise(w, after, config);
  const auto value = model::run(layer).value;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool padded = i / static_cast<std::size_t>(w.embed_dim) % 3 == 0;
    CHECK(after.value[i] == (padded ? 0 : before.value[i]));
    CHECK(std::abs(value[i] * layer.value_scale - after.value[i]) <= (padded ? 0 : 3 * layer.value_scale));
  }
}

TEST_CASE("a ratio becomes the nearest multiplier with the largest shift") {
  for (double ratio = 0x1p-60; ratio < 32767; ratio *= 1.37) {
    const auto r = requant_of(ratio);
    CHECK(r.mult < 65536);
    CHECK(r.shift >= 1);
    CHECK(r.shift <= 47);
    CHECK((r.shift == 47 || r.mult >= 32768));
    CHECK(std::abs(std::ldexp(r.mult, -static_cast<int>(r.shift)) - ratio) <=
          std::ldexp(0.5, -static_cast<int>(r.shift)));
  }
  CHECK(requant_of(0).mult == 0);
  CHECK_THROWS(requant_of(32768));
  CHECK_THROWS(requant_of(std::nan("")));
}

TEST_CASE("layers of zeros, of biases only and of extreme magnitudes are quantised without overflow") {
  auto w = load_workload(example("official_test_shapes"));
  const auto config = load_preset("nano");
  const auto finish = [&] { return model::run(quantise(w, run_reference(w), config)); };
  SUBCASE("an untrained offset layer is all bias") {
    w.offset_weight.assign(w.offset_weight.size(), 0);
    const auto st = finish();
    for (std::size_t i = 0; i < st.offset.size(); ++i) {
      const double exact = w.offset_bias[i % w.offset_bias.size()] * std::ldexp(1, config.numerics.offset_frac_bits);
      CHECK(std::abs(st.offset[i] - exact) <= 0.51);
    }
  }
  SUBCASE("all zero") {
    for (auto* t : {&w.query, &w.source, &w.value_weight, &w.value_bias, &w.offset_weight, &w.offset_bias,
                    &w.logit_weight, &w.logit_bias, &w.output_weight, &w.output_bias})
      t->assign(t->size(), 0);
    const auto output = finish().output;
    for (const auto y : output) CHECK(y == 0);
    CHECK(sqnr_db(run_reference(w).output, output, 1) == HUGE_VAL);  // no noise, though no signal either
  }
  SUBCASE("references far outside are clamped and read nothing") {
    w.reference_points.assign(w.reference_points.size(), 1e30);
    const auto st = finish();
    CHECK(st.line_lookups == std::array<std::int64_t, 3>{});
    for (const auto y : st.head) CHECK(y == 0);
  }
  SUBCASE("tiny weights") {
    for (auto& x : w.value_weight) x *= 1e-30;
    finish();
  }
  SUBCASE("numbers out of proportion are refused, and named") {
    w.offset_weight[5 * 4 + 3] = 1e30;  // row 5
    test::check_refusal(test::refusal(finish), {w.file, "tensor sampling_offsets.weight, channel 5: ", "below 32768"});
  }
  SUBCASE("so is what a bias makes of them") {
    w.logit_bias[6] = 1e30;
    test::check_refusal(test::refusal(finish), {w.file, "tensor attention_weights.weight, channel 6: "});
  }
}
