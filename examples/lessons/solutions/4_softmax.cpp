// Solution of lesson 4: every format that may do, by its error and by the bound.
#include "drive.hpp"

Row exact_softmax(Row row) {
  for (double& x : row) x = std::exp(x);
  const double sum = std::accumulate(row.begin(), row.end(), 0.0);
  for (double& x : row) x /= sum;
  return row;
}

void teach(Lesson& lesson) {
  constexpr double wanted = 0.002;
  std::mt19937 random(1);
  std::vector<Row> logits(500, Row(16));
  for (Row& row : logits)
    for (double& x : row) x = random() % 8001 / 1000.0 - 4;
  lesson.print("attention_bits  logit_frac_bits  largest error    bound   bits");
  for (const int a : {9, 10, 11, 12})
    for (const int lf : {5, 6, 7, 8}) {
      const Config config =
          nano_with({"attention.levels=4", "attention.points=4", fmt::format("numerics.attention_bits={}", a),
                     fmt::format("numerics.logit_frac_bits={}", lf)});
      Design design;
      const accel::Shapes shapes(config);
      const Module& softmax = accel::build_softmax(design, shapes);
      const auto weights = attention(lesson, config, softmax, logits);
      const double bound = std::numbers::ln2 / 4 * std::exp2(-lf) + 1.05 * std::exp2(-a);
      double error = 0;
      for (std::size_t r = 0; r < logits.size(); ++r) {
        const Row exact = exact_softmax(logits[r]);
        for (std::size_t i = 0; i < exact.size(); ++i) error = std::max(error, std::abs(weights[r][i] - exact[i]));
      }
      lesson.check(error <= bound, "the error is within its bound");
      const bool proven = bound < wanted, measured = error < wanted;
      const auto [nodes, storage, table] = cost(softmax);
      lesson.print("{:14} {:16} {:14.5f} {:8.5f} {:6}{}", a, lf, error, bound, storage + table,
                   proven     ? "  by the bound"
                   : measured ? "  as measured"
                              : "");
    }
}
