// Average precision of detections over scenes, as COCO defines it.
#pragma once
#include <vector>

#include "network/network.hpp"

namespace quillgen::network {

struct Detection {
  double box[4];  ///< centre x, centre y, width, height
  int label;
  double score;
};

/// Of two boxes given by centre and size: what they share of what they cover together, 0 .. 1.
double intersection_over_union(const double* a, const double* b);

/// The highest scores of all (query, class), as many as there are queries, best first: sigmoid of logits [Q, classes],
/// boxes [Q, 4].
std::vector<Detection> detections(const Values& logits, const Values& boxes, int classes);

/// Collects scenes.
class AveragePrecision {
 public:
  explicit AveragePrecision(int classes) : classes_(classes) {}
  void add(const std::vector<Detection>& found, const std::vector<Object>& objects);

  /// At one IoU: the mean over classes that occur of the 101-point interpolated precision, 0 .. 1.
  double at(double iou) const;
  /// The mean over IoU 0.50, 0.55 .. 0.95.
  double mean() const;

 private:
  struct SceneResult {
    std::vector<Detection> found;  ///< best first
    std::vector<Object> objects;
  };
  double of_class(int label, double iou) const;

  int classes_;
  std::vector<SceneResult> scenes_;
};

}  // namespace quillgen::network
