// Reader of scenes.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <cmath>

#include "config/error.hpp"
#include "network/network.hpp"
#include "reference/shape_hint.hpp"

namespace quillgen::network {

SceneFile::SceneFile(const std::string& file, const Network& n) : file_(file) {
  const Safetensors tensors(file);
  const auto take = [&](const std::string& name, std::vector<std::int64_t> shape) {
    if (shape.front() == 0) shape.front() = tensors.shape(name).empty() ? 0 : tensors.shape(name).front();
    if (tensors.shape(name) != shape || shape.front() == 0)
      throw UserError(fmt::format("{}: tensor {} [{}]: must be [{}] for the network {}{}", file, name,
                                  fmt::join(tensors.shape(name), ", "), fmt::join(shape, ", "), n.file,
                                  shape_hint(tensors.shape(name), shape)));
    return tensors.tensor(name);
  };
  for (const auto& name : {"source", "boxes", "labels"})
    if (!tensors.has(name)) throw UserError(fmt::format("{}: tensor {}: is missing; export it", file, name));
  source_ = take("source", {0, n.tokens(), n.channels});
  scenes_ = static_cast<int>(source_.shape.front());
  if (tensors.shape("boxes").size() != 3)
    throw UserError(fmt::format("{}: tensor boxes: must be [scenes, objects, 4]", file));
  const auto objects = tensors.shape("boxes")[1];
  boxes_ = take("boxes", {scenes_, objects, 4});
  labels_ = take("labels", {scenes_, objects});
  for (const double label : labels_.data)
    if (label != std::floor(label) || label < -1 || label >= n.classes)
      throw UserError(fmt::format("{}: tensor labels: {}: must be -1 (no object) .. {}", file, label, n.classes - 1));
  if (tensors.has("expected_logits")) logits_ = take("expected_logits", {scenes_, n.queries, n.classes});
  if (tensors.has("expected_boxes")) expected_boxes_ = take("expected_boxes", {scenes_, n.queries, 4});
  if (tensors.has("expected_queries")) queries_ = take("expected_queries", {scenes_, n.queries});
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
