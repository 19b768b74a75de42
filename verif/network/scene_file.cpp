// Reader of scenes.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "config/error.hpp"
#include "config/json_text.hpp"
#include "network/network.hpp"

namespace quillgen::network {

SceneFile::SceneFile(const std::string& file, const Network& n) : file_(file) {
  const Safetensors tensors(file);
  const auto refuse = [&](const std::string& problem) { throw UserError(fmt::format("{}: {}", file, problem)); };
  const std::vector<std::string> needed = {"source", "boxes", "labels"},
                                 expected = {"expected_logits", "expected_boxes", "expected_queries"};
  for (const auto& name : tensors.names())
    if (!name.starts_with("x_") && std::ranges::find(needed, name) == needed.end() &&
        std::ranges::find(expected, name) == expected.end())
      refuse(fmt::format("tensor {}: is not known, and would be ignored; leave it out, or let its name begin with x_",
                         shown(name)));
  for (const auto& name : needed)
    if (!tensors.has(name)) refuse(fmt::format("tensor {}: is missing; export it", name));
  // sizes: those behind the number of scenes.
  const auto take = [&](const std::string& name, const std::vector<std::int64_t>& sizes) {
    const auto& shape = tensors.shape(name);
    const bool fits = shape.size() == sizes.size() + 1 && std::equal(sizes.begin(), sizes.end(), shape.begin() + 1) &&
                      shape.front() > 0 && (scenes_ == 0 || shape.front() == scenes_);
    if (!fits)
      refuse(fmt::format("tensor {} [{}]: must be [{}, {}] for the network {}", name, fmt::join(shape, ", "),
                         scenes_ == 0 ? "scenes" : std::to_string(scenes_), fmt::join(sizes, ", "), n.file));
    return tensors.tensor(name);
  };
  source_ = take("source", {n.tokens(), n.channels});
  scenes_ = static_cast<int>(source_.shape.front());
  const auto objects = tensors.shape("labels").size() == 2 ? tensors.shape("labels")[1] : 1;
  labels_ = take("labels", {objects});
  boxes_ = take("boxes", {objects, 4});
  check_objects(n.classes);
  const auto has = std::ranges::count_if(expected, [&](const auto& name) { return tensors.has(name); });
  if (has == 0) return;
  for (const auto& name : expected)
    if (!tensors.has(name))
      refuse(fmt::format("tensor {}: is missing beside the other expected results; export it", name));
  logits_ = take("expected_logits", {n.queries, n.classes});
  expected_boxes_ = take("expected_boxes", {n.queries, 4});
  queries_ = take("expected_queries", {n.queries});
  for (const double q : queries_.data)
    if (q != std::floor(q) || q < 0 || q >= n.tokens())
      refuse(fmt::format("tensor expected_queries: {}: must be the number of a token, 0 .. {}", q, n.tokens() - 1));
}

void SceneFile::check_objects(int classes) const {
  for (std::size_t i = 0; i < labels_.data.size(); ++i) {
    const double label = labels_.data[i];
    if (label != std::floor(label) || label < -1 || label >= classes)
      throw UserError(fmt::format("{}: tensor labels: {}: must be -1 (no object) .. {}", file_, label, classes - 1));
    if (label < 0) continue;
    const double* box = &boxes_.data[4 * i];
    if (!(std::min(box[0], box[1]) >= 0 && std::max(box[0], box[1]) <= 1 && std::min(box[2], box[3]) > 0 &&
          std::max(box[2], box[3]) <= 1))
      throw UserError(fmt::format(
          "{}: tensor boxes: ({}, {}, {}, {}) of an object: must be its centre x, centre y, width and height "
          "as shares of the image, 0 .. 1",
          file_, box[0], box[1], box[2], box[3]));
  }
}

Values SceneFile::part(const Tensor& t, int index) const {
  const auto size = static_cast<std::ptrdiff_t>(t.data.size()) / scenes_;
  return {t.data.begin() + index * size, t.data.begin() + (index + 1) * size};
}

Scene SceneFile::scene(int index) const {
  Scene scene;
  scene.source = part(source_, index);
  const auto boxes = part(boxes_, index), labels = part(labels_, index);
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] >= 0)
      scene.objects.push_back(
          {{boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]}, static_cast<int>(labels[i])});
  scene.expected_logits = part(logits_, index);
  scene.expected_boxes = part(expected_boxes_, index);
  for (const double q : part(queries_, index)) scene.expected_queries.push_back(static_cast<int>(q));
  return scene;
}

}  // namespace quillgen::network
