#include "cli/model_options.hpp"

namespace quillgen::cli {

void add_model_options(const Command& command, synthetic::ModelOptions& options, Option model) {
  command.add_option("--scale", options.scale, "of the sides of the levels of --model")
      .decimal_number()
      .capture_default_str()
      .needs(model);
  command.add_option("--image", options.image, "size in pixels: levels of --model are those of such an image")
      .type_name("HEIGHTxWIDTH")
      .default_str("that of the model")
      .needs(model);
  command
      .add_option("--queries", options.queries,
                  "of --model: all tokens (encoder), boxes around objects (decoder), the share of the tokens that a "
                  "sparse encoder wants (30%), or a number")
      .type_name("encoder|decoder|N%|N")
      .default_str("those of the model")
      .needs(model);
  command
      .add_option("--masked", options.masked,
                  "of --model: share of the pixels of every level that are masked, in small holes, as the layer before "
                  "may have dropped them")
      .type_name("N%")
      .default_str("none")
      .needs(model);
  command.add_option("--seed", options.seed, "of what is drawn for --model")
      .whole_number()
      .capture_default_str()
      .needs(model);
}

}  // namespace quillgen::cli
