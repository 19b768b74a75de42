#include "network/average_precision.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace quillgen::network {
namespace {

struct Scored {
  double score;
  bool is_match;
};

/// Greedy: a detection takes the object it overlaps most of those that are left.
void match(const std::vector<Detection>& found, const std::vector<Object>& objects, int label, double iou,
           std::vector<Scored>& result) {
  std::vector<bool> taken(objects.size());
  for (const auto& d : found) {
    if (d.label != label) continue;
    double best = iou;
    std::size_t chosen = objects.size();
    for (std::size_t i = 0; i < objects.size(); ++i) {
      if (taken[i] || objects[i].label != label) continue;
      const double overlap = intersection_over_union(d.box, objects[i].box);
      if (overlap >= best) best = overlap, chosen = i;
    }
    result.push_back({d.score, chosen < objects.size()});
    if (chosen < objects.size()) taken[chosen] = true;
  }
}

}  // namespace

double intersection_over_union(const double* a, const double* b) {
  double shared = 1;
  for (int axis = 0; axis < 2; ++axis) {
    const double low = std::max(a[axis] - a[2 + axis] / 2, b[axis] - b[2 + axis] / 2);
    const double high = std::min(a[axis] + a[2 + axis] / 2, b[axis] + b[2 + axis] / 2);
    shared *= std::max(0.0, high - low);
  }
  const double all = a[2] * a[3] + b[2] * b[3] - shared;
  return all > 0 ? shared / all : 0;
}

std::vector<Detection> detections(const Values& logits, const Values& boxes, int classes) {
  std::vector<Detection> all;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double* box = &boxes[4 * (i / static_cast<std::size_t>(classes))];
    const int label = static_cast<int>(i % static_cast<std::size_t>(classes));
    all.push_back({{box[0], box[1], box[2], box[3]}, label, 1 / (1 + std::exp(-logits[i]))});
  }
  std::ranges::stable_sort(all, std::greater<>(), &Detection::score);
  all.resize(boxes.size() / 4);
  return all;
}

void AveragePrecision::add(const std::vector<Detection>& found, const std::vector<Object>& objects) {
  scenes_.push_back({found, objects});
}

double AveragePrecision::of_class(int label, double iou) const {
  std::int64_t objects = 0;
  std::vector<Scored> scored;
  for (const auto& scene : scenes_) {
    objects += std::ranges::count(scene.objects, label, &Object::label);
    match(scene.found, scene.objects, label, iou, scored);
  }
  if (objects == 0) return -1;
  std::ranges::stable_sort(scored, std::greater<>(), &Scored::score);
  std::vector<double> precision;
  std::vector<std::int64_t> hits;
  for (std::int64_t hit = 0; const auto& s : scored) {
    hit += s.is_match ? 1 : 0;
    hits.push_back(hit);
    precision.push_back(static_cast<double>(hit) / static_cast<double>(hits.size()));
  }
  for (std::size_t i = precision.size(); i-- > 1;) precision[i - 1] = std::max(precision[i - 1], precision[i]);
  double sum = 0;
  for (int percent = 0; percent <= 100; ++percent) {
    const double recall = percent * 0.01;  // in this way, so that recalls just reached count as they do elsewhere
    const auto first = std::ranges::find_if(
        hits, [&](std::int64_t hit) { return static_cast<double>(hit) / static_cast<double>(objects) >= recall; });
    if (first != hits.end()) sum += precision[static_cast<std::size_t>(first - hits.begin())];
  }
  return sum / 101;
}

double AveragePrecision::at(double iou) const {
  double sum = 0;
  int present = 0;
  for (int label = 0; label < classes_; ++label)
    if (const double ap = of_class(label, iou); ap >= 0) sum += ap, ++present;
  return present == 0 ? 0 : sum / present;
}

double AveragePrecision::mean() const {
  double sum = 0;
  for (int i = 0; i < 10; ++i) sum += at(0.5 + 0.05 * i);
  return sum / 10;
}

}  // namespace quillgen::network
