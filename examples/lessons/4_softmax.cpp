// Lesson 4: the softmax of the accelerator against the exact one. What do bits of its formats cost, what do they buy?
#include "drive.hpp"

Row exact_softmax(Row row) {
  for (double& x : row) x = std::exp(x);
  const double sum = std::accumulate(row.begin(), row.end(), 0.0);
  for (double& x : row) x /= sum;
  return row;
}

void teach(Lesson& lesson) {
  std::mt19937 random(1);
  std::vector<Row> logits(500, Row(16));  // 4 levels x 4 points a head; uniform in -4 .. 4
  for (Row& row : logits)
    for (double& x : row) x = random() % 8001 / 1000.0 - 4;
  lesson.print("attention_bits  logit_frac_bits  largest error    bound  nodes  storage bits  table bits");
  for (const auto& [a, lf] : {std::pair(6, 4), {8, 2}, {8, 4}, {8, 6}, {10, 4}, {10, 6}, {12, 6}, {12, 8}}) {
    const Config config =
        nano_with({"attention.levels=4", "attention.points=4", fmt::format("numerics.attention_bits={}", a),
                   fmt::format("numerics.logit_frac_bits={}", lf)});
    Design design;
    const accel::Shapes shapes(config);
    const Module& softmax = accel::build_softmax(design, shapes);
    const auto weights = attention(lesson, config, softmax, logits);
    // Rounding the logits moves a weight by ln(2) / 4 steps of a logit at most, rounding exponentials and shares
    // by 1.05 steps of a weight.
    const double bound = std::numbers::ln2 / 4 * std::exp2(-lf) + 1.05 * std::exp2(-a);
    double error = 0;
    for (std::size_t r = 0; r < logits.size(); ++r) {
      const Row exact = exact_softmax(logits[r]);
      for (std::size_t i = 0; i < exact.size(); ++i) error = std::max(error, std::abs(weights[r][i] - exact[i]));
      lesson.check(std::accumulate(weights[r].begin(), weights[r].end(), 0.0) == 1, "the weights of a row sum to 1");
    }
    lesson.check(error <= bound, "the error is within its bound");
    const auto [nodes, storage, table] = cost(softmax);
    lesson.print("{:14} {:16} {:14.5f} {:8.5f} {:6} {:13} {:11}", a, lf, error, bound, nodes, storage, table);
    if (a == 8 && lf == 4) lesson.verilog(softmax);
  }
}
