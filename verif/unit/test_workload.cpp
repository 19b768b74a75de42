// Safetensors files and workloads: element types, and the text of every kind of refusal.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cstring>
#include <ctime>
#include <filesystem>
#include <limits>
#include <random>

#include "config/load.hpp"
#include "config/read_file.hpp"
#include "reference/safetensors.hpp"
#include "reference/workload.hpp"
#include "refusal.hpp"
#include "workload_file.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

std::string floats(std::size_t count, float value = 0.5F) { return bytes_of(std::vector<float>(count, value)); }

/// A sound workload with C = 4, M = 2, L = 1, K = 1, one 2x3 level and 3 queries; `edit` sees each tensor before it is
/// added.
struct Part {
  std::string name, type;
  std::vector<std::int64_t> shape;
  std::string bytes;
};
const std::vector<std::pair<std::string, std::string>> sound_metadata = {
    {"d_model", "4"}, {"n_heads", "2"}, {"n_levels", "1"}, {"n_points", "1"}};
template <typename Edit>
std::string workload_bytes(Edit edit, const std::vector<std::pair<std::string, std::string>>& metadata = sound_metadata,
                           const std::vector<Part>& more = {}) {
  FileBuilder file;
  for (const auto& [key, value] : metadata) file.metadata(key, value);
  const std::vector<Part> parts = {
      {"query", "F32", {3, 4}, floats(12)},
      {"reference_points", "F32", {3, 1, 2}, floats(6)},
      {"input_flatten", "F32", {6, 4}, floats(24)},
      {"spatial_shapes", "I64", {1, 2}, bytes_of<std::int64_t>({2, 3})},
      {"sampling_offsets.weight", "F32", {4, 4}, floats(16)},
      {"sampling_offsets.bias", "F32", {4}, floats(4)},
      {"attention_weights.weight", "F32", {2, 4}, floats(8)},
      {"attention_weights.bias", "F32", {2}, floats(2)},
      {"value_proj.weight", "F32", {4, 4}, floats(16)},
      {"value_proj.bias", "F32", {4}, floats(4)},
      {"output_proj.weight", "F32", {4, 4}, floats(16)},
      {"output_proj.bias", "F32", {4}, floats(4)},
  };
  for (auto part : parts) {
    edit(part);
    if (!part.name.empty()) file.add(part.name, part.type, part.shape, part.bytes);
  }
  for (const auto& part : more) file.add(part.name, part.type, part.shape, part.bytes);
  return file.bytes();
}

/// Replaces one tensor.
auto put(const std::string& name, const Part& replacement) {
  return [=](Part& part) {
    if (part.name == name) part = replacement;
  };
}

std::string load_refusal(const std::string& bytes) {
  const TemporaryFile file(bytes);
  const auto message = refusal([&] { load_workload(file.path()); });
  CHECK(message.starts_with(file.path() + ": "));
  return message;
}

/// Of this process' time, whatever else the machine does.
double seconds_since(std::clock_t before) { return static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC; }

std::string one_tensor(const std::string& type, const std::vector<std::int64_t>& shape, const std::string& bytes) {
  return FileBuilder().add("x", type, shape, bytes).bytes();
}

}  // namespace

TEST_CASE("every element type is read exactly") {
  struct Case {
    std::string type, bytes;
    std::vector<double> values;
  };
  const std::vector<Case> cases = {
      {"F64", bytes_of<double>({0.1, -2}), {0.1, -2}},
      {"F32", bytes_of<float>({0.5F, -3}), {0.5, -3}},
      {"F16", bytes_of<std::uint16_t>({0x3C00, 0xC100, 0x0001, 0x7BFF, 0x8400}), {1, -2.5, 0x1p-24, 65504, -0x1p-14}},
      {"BF16", bytes_of<std::uint16_t>({0x3F80, 0xC020}), {1, -2.5}},
      {"I64", bytes_of<std::int64_t>({1, -5000000000}), {1, -5e9}},
      {"I32", bytes_of<std::int32_t>({7, -7}), {7, -7}},
      {"BOOL", std::string("\0\1", 2), {0, 1}},
  };
  for (const auto& c : cases) {
    const TemporaryFile file(one_tensor(c.type, {static_cast<std::int64_t>(c.values.size())}, c.bytes));
    CHECK(Safetensors(file.path()).tensor("x").data == c.values);
  }
}

TEST_CASE("inconsistent files are refused") {
  const auto x = [](const std::string& entry) { return "{\"x\":" + entry + "}"; };
  const std::string f32 = R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  const auto good = file_bytes(x(f32), floats(2));
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "shorter than the 8 bytes"},
      {"1234567", "shorter than the 8 bytes"},
      {bytes_of<std::uint64_t>({200'000'000}), "header length 200000000 exceeds"},
      {bytes_of<std::uint64_t>({~std::uint64_t{0}}), "header length"},
      {bytes_of<std::uint64_t>({10}) + "{}", "truncated: a header of 10 bytes"},
      {good.substr(0, good.size() - 1), "data_offsets [0, 8] lie outside the 7 bytes of data"},
      {good + "z", "1 bytes after the last tensor"},
      {file_bytes("{\"x\":", ""), "header: not valid JSON"},
      {file_bytes("\xff\xfe", ""), "header: not valid JSON"},
      {file_bytes("", ""), "header: not valid JSON"},
      {file_bytes("[]", ""), "header: is not a JSON object"},
      {file_bytes("{\"__metadata__\":[]}", ""), "__metadata__ is not an object"},
      {file_bytes("{\"__metadata__\":{\"a\":1}}", ""), "__metadata__ entry \"a\" is not a string"},
      {file_bytes("{\"x\":" + f32 + ",\"x\":" + f32 + "}", floats(2)), "key \"x\" is given twice"},
      {file_bytes(x("3"), ""), "tensor \"x\": its header entry is not an object"},
      {file_bytes(x("{}"), ""), "tensor \"x\": its header entry has no dtype"},
      {file_bytes(x(R"({"dtype":1,"shape":[2],"data_offsets":[0,8]})"), floats(2)), "dtype is not a string"},
      {file_bytes(x(R"({"dtype":"U16","shape":[8],"data_offsets":[0,8]})"), floats(2)),
       "dtype \"U16\" is not supported"},
      {file_bytes(x(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"), floats(2)), "shape is not an array"},
      {file_bytes(x(R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})"), floats(2)), "shape is not an array"},
      {file_bytes(x(R"({"dtype":"F32","shape":[2],"data_offsets":[8]})"), floats(2)), "not two natural numbers"},
      {file_bytes(x(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"), floats(2)), "lie outside"},
      {file_bytes(x(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})"), floats(2)),
       "shape [3] of F32 does not make the 8 bytes"},
      {file_bytes(x(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]})"), floats(2)),
       "does not make the 8 bytes"},
      {file_bytes(x(f32) + std::string(4, '\0'), floats(2)), "header: not valid JSON: byte 54 is NUL"},
      {file_bytes(x(std::string(100'000, '[') + std::string(100'000, ']')), ""), "header: nested deeper than 32"},
      {file_bytes("{\"x\":" + f32 + R"(,"y":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", floats(3)),
       "tensor \"y\": its data overlap"},
      {file_bytes(R"({"y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", floats(2)),
       "4 bytes before tensor \"y\""},
  };
  for (const auto& [bytes, part] : cases) check_refusal(load_refusal(bytes), {part});
  MESSAGE(fmt::format("{} refusals compared", cases.size()));
}

TEST_CASE("a header of many entries is read in a time that grows with them") {
  constexpr int count = 100'000;
  std::string header = "{";
  for (int i = 0; i < count; ++i)
    header += fmt::format(R"("t{}":{{"dtype":"F32","shape":[1],"data_offsets":[{},{}]}},)", i, 4 * i, 4 * i + 4);
  header.back() = '}';
  const TemporaryFile file(file_bytes(header, floats(count)));
  const auto before = std::clock();
  CHECK(Safetensors(file.path()).names().size() == count);
  const double seconds = seconds_since(before);
  MESSAGE(fmt::format("{:.2f} s", seconds));
  CHECK(seconds < 3);  // a slow build has its time, but not the square of it
}

TEST_CASE("a tensor of the wrong shape is refused before its numbers are read") {
  // 50 million numbers, none of them on the disk.
  constexpr std::uint64_t more = 200'000'000;
  const auto bytes = workload_bytes(put("value_proj.bias", {"", "", {}, ""}));
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  const auto data = bytes.substr(8 + length);
  const auto header = fmt::format(R"({{"value_proj.bias":{{"dtype":"F32","shape":[50000000],"data_offsets":[{},{}]}},)",
                                  data.size(), data.size() + more) +
                      bytes.substr(9, length - 1);
  const TemporaryFile file(file_bytes(header, data));
  std::filesystem::resize_file(file.path(), 8 + header.size() + data.size() + more);
  const auto before = std::clock();
  check_refusal(refusal([&] { load_workload(file.path()); }),
                {"tensor value_proj.bias: shape [50000000], expected [4]"});
  CHECK(seconds_since(before) < 0.5);
}

TEST_CASE("every truncation of a sound file is refused") {
  const auto bytes = workload_bytes([](Part&) {});
  for (std::size_t length = 0; length < bytes.size(); ++length) CHECK(load_refusal(bytes.substr(0, length)) != "");
}

TEST_CASE("random damage is refused or harmless, never worse") {
  const auto good = workload_bytes([](Part&) {});
  std::mt19937 random(2);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    auto bytes = good;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    const TemporaryFile file(bytes);
    refused += !refusal([&] { load_workload(file.path()); }).empty();
  }
  MESSAGE(fmt::format("{} of 2000 damaged files refused", refused));
  CHECK(refused > 500);
}

TEST_CASE("a sound workload is read") {
  const TemporaryFile file(workload_bytes([](Part&) {}));
  const auto w = load_workload(file.path());
  CHECK(w.queries == 3);
  CHECK(w.tokens == 6);
  CHECK(w.level_shapes.at(0).height == 2);
  CHECK(w.level_shapes.at(0).width == 3);
}

TEST_CASE("an index list is read, in its order") {
  const auto list_of = [](const std::vector<Part>& more) {
    const TemporaryFile file(workload_bytes([](Part&) {}, sound_metadata, more));
    return load_workload(file.path()).index_list;
  };
  CHECK(list_of({}).empty());
  const auto data = bytes_of<std::int32_t>({2, 0});
  CHECK(list_of({{"query_indices", "I32", {2}, data}}) == std::vector{2, 0});
}

TEST_CASE("workloads of wrong shape or content are refused") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const auto whole = [](const auto& edit) { return load_refusal(workload_bytes(edit)); };
  const auto nothing = [](Part&) {};
  check_refusal(whole(put("query", {"", "", {}, ""})), {"has no tensor \"query\"; add it"});
  check_refusal(whole(put("query", {"query", "F32", {3, 5}, floats(15)})),
                {"tensor query: shape [3, 5], expected [3, 4]"});
  check_refusal(whole(put("query", {"query", "F32", {1, 3, 4}, floats(12)})), {"expected [Lq, C]", "batch"});
  check_refusal(whole(put("query", {"query", "F32", {0, 4}, ""})), {"tensor query: 0 rows; must be 1"});
  check_refusal(whole(put("query", {"query", "F32", {3, 4}, floats(12, nan)})), {"\"query\": element 0 is nan"});
  check_refusal(whole(put("value_proj.bias", {"value_proj.bias", "F32", {4}, floats(4, inf)})), {"element 0 is inf"});
  check_refusal(whole(put("value_proj.bias", {"value_proj.bias", "F64", {4}, bytes_of<double>({0, 1e39, 0, 0})})),
                {"tensor value_proj.bias: 1e+39 is too large"});
  check_refusal(whole(put("reference_points", {"reference_points", "F32", {3, 1, 4}, floats(12, -0.5F)})),
                {"reference_points: size -0.5 of a box must be from 0 to below 2"});
  check_refusal(whole(put("reference_points", {"reference_points", "F32", {2, 1, 2}, floats(4)})),
                {"expected [3, 1, 2]"});
  check_refusal(whole(put("spatial_shapes", {"spatial_shapes", "I64", {1, 2}, bytes_of<std::int64_t>({0, 3})})),
                {"spatial_shapes: side 0 must be a whole number"});
  check_refusal(whole(put("spatial_shapes", {"spatial_shapes", "F32", {1, 2}, bytes_of<float>({1.5F, 3})})),
                {"side 1.5 must be a whole number"});
  check_refusal(whole(put("spatial_shapes", {"spatial_shapes", "I64", {1, 2}, bytes_of<std::int64_t>({2, 4})})),
                {"input_flatten: shape [6, 4], expected [8, 4]"});
  const auto with_mask = [](Part& part) {
    if (part.name == "output_proj.bias") part = {"input_padding_mask", "BOOL", {5}, std::string(5, '\0')};
  };
  check_refusal(whole(with_mask), {"tensor input_padding_mask: shape [5], expected [6]"});

  const auto with_list = [&](const std::string& type, const std::vector<std::int64_t>& shape, const std::string& data) {
    const auto bytes = workload_bytes(nothing, sound_metadata, {{"query_indices", type, shape, data}});
    return load_refusal(bytes);
  };
  check_refusal(with_list("I64", {1, 2}, bytes_of<std::int64_t>({0, 1})),
                {"query_indices: shape [1, 2], expected [N]"});
  check_refusal(with_list("I64", {0}, ""), {"query_indices: shape [0], expected [N], N from 1"});
  check_refusal(with_list("I32", {2}, bytes_of<std::int32_t>({0, 3})), {"query_indices: 3 must be", "from 0 to 2"});
  check_refusal(with_list("I32", {2}, bytes_of<std::int32_t>({0, -1})), {"query_indices: -1 must be"});
  check_refusal(with_list("F32", {1}, bytes_of<float>({0.5F})), {"query_indices: 0.5 must be a whole number"});

  const auto metadata = [&](const std::string& c, const std::string& heads) {
    return load_refusal(
        workload_bytes(nothing, {{"d_model", c}, {"n_heads", heads}, {"n_levels", "1"}, {"n_points", "1"}}));
  };
  check_refusal(load_refusal(workload_bytes(nothing, {{"d_model", "4"}})), {"metadata n_heads is missing"});
  for (const auto* bad : {"", "4.0", "four", "-4", "0", "99999999999", "4 "})
    check_refusal(metadata(bad, "2"), {"metadata d_model must be a whole number"});
  check_refusal(metadata("4", "3"), {"metadata d_model = 4 must be a multiple of n_heads = 3"});
}

TEST_CASE("what is not known is named, with the nearest that is") {
  const auto with_tensor = [](const std::string& name) {
    return load_refusal(workload_bytes([](Part&) {}, sound_metadata, {{name, "F32", {6}, floats(6)}}));
  };
  check_refusal(with_tensor("padding_mask"),
                {"tensor \"padding_mask\"", "nearest that is known is input_padding_mask"});
  check_refusal(with_tensor("querys"), {"tensor \"querys\"", "is query;"});
  check_refusal(with_tensor(std::string(1 << 20, 'q')), {"tensor \"qqq", "...", "nearest that is known is"});

  const auto with_metadata = [](const std::string& key, const std::string& value) {
    auto metadata = sound_metadata;
    metadata.emplace_back(key, value);
    const TemporaryFile file(workload_bytes([](Part&) {}, metadata));
    return refusal([&] { load_workload(file.path()); });
  };
  check_refusal(with_metadata("n_head", "2"), {"metadata \"n_head\"", "is n_heads;"});
  check_refusal(with_metadata("use_4d_normalizer", "true"), {"metadata \"use_4d_normalizer\"", "use_4D_normalizer"});
  for (const auto* key : {"format", "note", "seed", "image_seed", "made_by", "x_anything", "expected_dtype"})
    CHECK(with_metadata(key, "pt") == "");

  // What is so without being said may be said.
  for (const auto& [key, ours] : {std::pair("method", "default"),
                                  {"offset_scale", "0.5"},
                                  {"use_4D_normalizer", "false"},
                                  {"mask_polarity", "padded"},
                                  {"references_per", "level"}})
    CHECK(with_metadata(key, ours) == "");
}

TEST_CASE("a wrong shape is refused with what is likely") {
  const auto shaped = [](const std::string& name, const std::vector<std::int64_t>& shape) {
    std::int64_t count = 1;
    for (const auto side : shape) count *= side;
    return load_refusal(workload_bytes(put(name, {name, "F32", shape, floats(static_cast<std::size_t>(count))})));
  };
  check_refusal(shaped("input_flatten", {1, 6, 4}), {"[1, 6, 4], expected [6, 4]", "without the batch dimension"});
  check_refusal(shaped("input_flatten", {2, 6, 4}), {"export one image"});
  check_refusal(shaped("input_flatten", {6, 1, 4}), {"x.squeeze(1)"});
  check_refusal(shaped("reference_points", {1, 3, 1, 2}), {"without the batch dimension, as x[0]"});
  CHECK(shaped("sampling_offsets.weight", {5, 4}).ends_with("expected [4, 4] from the metadata and the other tensors"));
  check_refusal(shaped("attention_weights.weight", {4, 2}), {"[4, 2], expected [2, 4]", "transposed"});

  auto metadata = sound_metadata;
  metadata[2].second = "2";  // n_levels
  const auto two_levels = [&](const std::vector<std::int64_t>& shape) {
    return load_refusal(workload_bytes(
        [&](Part& part) {
          if (part.name == "spatial_shapes") part = {part.name, "I64", {2, 2}, bytes_of<std::int64_t>({2, 2, 1, 2})};
          if (part.name == "reference_points") part = {part.name, "F32", shape, floats(6)};
        },
        metadata));
  };
  check_refusal(two_levels({1, 6}), {"[1, 6], expected [3, 2, 2]"});
}

TEST_CASE("references that are no shares of a level are refused, a few outside are not") {
  const auto with = [](std::vector<float> numbers, const std::vector<Part>& more = {}) {
    const TemporaryFile file(workload_bytes(
        put("reference_points", {"reference_points", "F32", {3, 1, 2}, bytes_of(numbers)}), sound_metadata, more));
    return refusal([&] { load_workload(file.path()); });
  };
  CHECK(with({0, 1, 1.44F, 1.25F, -0.19F, 3.9F}) == "");
  CHECK(with({0, 1, 1e30F, 0.5F, 0.5F, 0.5F}) == "");
  check_refusal(with({4, 12, 30, 40, 0.5F, 1}),
                {"reference_points: 3 of 6 coordinates lie above 4, up to 40", "pixels"});
  check_refusal(with({-1, 1, -0.2F, 0, 2, 0}), {"2 of 6 coordinates lie below 0, down to -1", "before a sigmoid"});
  // Those of queries that nobody wants may be anything.
  const auto data = bytes_of<std::int32_t>({2});
  CHECK(with({40, 50, 60, 70, 0.5F, 0.5F}, {{"query_indices", "I32", {1}, data}}) == "");
}

TEST_CASE("a workload must fit the configuration") {
  const TemporaryFile file(workload_bytes([](Part&) {}));
  const auto w = load_workload(file.path());
  const auto fit = [&](std::vector<std::string> overrides) {
    overrides.insert(overrides.end(), {"attention.levels=1", "attention.points=1"});
    std::rotate(overrides.begin(), overrides.end() - 2, overrides.end());
    return refusal([&] { check_fits(w, load_preset("nano", overrides)); });
  };
  CHECK(fit({}) == "");
  check_refusal(fit({"attention.embed_dim=8"}),
                {file.path(), "attention.embed_dim is 4 in the workload and 8", "--fit", "--set"});
  check_refusal(fit({"attention.heads=1"}), {"attention.heads is 2", "--set attention.heads=2"});
  check_refusal(fit({"attention.levels=2"}), {"attention.levels is 1"});
  check_refusal(fit({"attention.points=2"}), {"attention.points is 1"});
  check_refusal(fit({"attention.max_width=2"}), {"level width of 3 exceeds attention.max_width = 2; raise it"});
  check_refusal(fit({"attention.max_height=1"}), {"level height of 2 exceeds attention.max_height = 1"});
  check_refusal(fit({"attention.max_queries=2"}), {"queries of 3 exceeds attention.max_queries = 2"});
}
