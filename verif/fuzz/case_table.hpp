// Cases with names: every corner that random cases only draw, one by one, each with a proof that it is what it says.
#pragma once
#include <string>
#include <vector>

#include "fuzz/case.hpp"

namespace quillgen::fuzz {

struct NamedCase {
  std::string group, name;
  std::string changes;  ///< path=value, of the plain case, with spaces between
  std::string claims;   ///< about facts (facts.hpp), with spaces between; beside those that every case makes
};

/// All of them, group after group. A name occurs once.
const std::vector<NamedCase>& named_cases();

/// What every case starts from: nano with 8 channels and the formats of mixed, two jobs on two small levels.
Case plain_case();

/// The plain case with the changes; legal, or UserError.
Case make_case(const NamedCase& named);

}  // namespace quillgen::fuzz
