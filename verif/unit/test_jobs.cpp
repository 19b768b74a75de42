// Jobs that go wrong, on the generated RTL of nano: the error code, a silent bus afterwards, and a clean next job.
// NANO_RTL in the environment names a folder of RTL of another nano to take instead.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <quillgen_regs.h>

#include <bit>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <utility>

#include "accel/generate.hpp"
#include "config/load.hpp"
#include "config/memory_port.hpp"
#include "config/region.hpp"
#include "estimate/line_cache.hpp"
#include "harness/build.hpp"
#include "harness/files.hpp"
#include "harness/manifest.hpp"
#include "harness/session.hpp"
#include "job_cases.hpp"
#include "reference/quantise.hpp"
#include "reference/random_dense.hpp"

using namespace quillgen;
using namespace quillgen::harness;

namespace {

/// The simulator of nano, one small layer with a mask, and a dense layer of several panels, made once.
struct Nano {
  Config config;
  TemporaryFolder folder{std::filesystem::temp_directory_path()};
  Manifest manifest;
  std::optional<SimulatorLibrary> library;
  model::QuantisedLayer layer, listed_layer;
  model::Stages stages, listed_stages;
  LineCounts lines, listed_lines;
  model::DenseLayer dense_layer;
  std::vector<std::int32_t> product;

  Nano() {
    const char* given = std::getenv("NANO_RTL");
    const auto rtl = given ? std::filesystem::path(given) : folder.path() / "rtl";
    if (!given) generate(load_preset("nano"), rtl);
    manifest = load_manifest(rtl);
    config = parse_config(manifest.config, "manifest");
    library.emplace(build_simulator(rtl, manifest).library);
    auto workload = load_workload(fmt::format("{}/official_test_shapes.safetensors", EXAMPLES));
    for (int token = 0; token < workload.tokens; ++token) workload.padding.push_back(token % 5 == 3);
    layer = quantise(workload, run_reference(workload), config);
    if (config.pruning.count_bits > 0) {
      layer.pruning.count_bits = config.pruning.count_bits, layer.pruning.share = std::int64_t{1} << 16;
      for (int token = 0; token < layer.tokens(); ++token) layer.image_padding.push_back(token % 7 == 2);
    }
    if (has_ranged_regions(config)) layer.pruning.range = config.feature_cache.region_ranges;
    stages = model::run(layer);
    listed_layer = layer;
    listed_layer.image_padding.clear();
    for (int query = layer.queries - 1; query >= 0; query -= 2) listed_layer.index_list.push_back(query);
    listed_layer.index_list.push_back(listed_layer.index_list.front());
    listed_stages = model::run(listed_layer);
    lines = count_lines(layer, stages), listed_lines = count_lines(listed_layer, listed_stages);
    const int outputs = (2 * most_panel_tiles(config) + 1) * config.gemm.columns - 1;
    dense_layer =
        random_dense(config.numerics, {8 * config.gemm.rows + 1, config.gemm.max_inner - 1, outputs}, true, 7);
    product = model::run_dense(dense_layer);
  }
  LineCounts count_lines(const model::QuantisedLayer& l, const model::Stages& s) const {
    const auto run = estimate::run_caches(config, estimate::demand_of(l, s));
    return {run.hits, run.misses, run.lines_read()};
  }
  Job job() const { return {AttentionWork{layer, stages, false, false, lines}}; }
  Job given_map() const { return {AttentionWork{layer, stages, true, false, lines}}; }
  Job listed() const { return {AttentionWork{listed_layer, listed_stages, false, false, listed_lines}}; }
  /// After a job with the same list.
  Job listed_again() const { return {AttentionWork{listed_layer, listed_stages, true, true, listed_lines}}; }
  Job dense() const { return {DenseWork{dense_layer, product}}; }
};

const Nano& nano() {
  static const Nano made;
  return made;
}

/// The kinds of jobs, and their names.
std::vector<std::pair<std::string, Job>> kinds() {
  return {{"layer", nano().job()},
          {"given map", nano().given_map()},
          {"dense", nano().dense()},
          {"listed", nano().listed()}};
}

void add_bus_errors(std::vector<Case>& cases) {
  for (const std::uint64_t burst : {0, 1, 2, 5, 9})
    for (const auto response : {axi_slverr, axi_decerr})
      cases.push_back({fmt::format("read {} answered {}", burst, static_cast<int>(response)), QUILLGEN_ERROR_READ_CODE,
                       0, nullptr, AxiFault{burst, response}});
  for (const std::uint64_t burst : {0, 1})
    cases.push_back({fmt::format("write {} fails", burst), QUILLGEN_ERROR_WRITE_CODE, 0, nullptr, std::nullopt,
                     AxiFault{burst, axi_slverr}});
}

/// Runs each of the cases, followed by a clean job of each kind in turn. Returns how many there were.
int check_errors(Session& session, const Job& plain, const std::vector<Case>& cases) {
  int errors = 0;
  for (const auto& c : cases) {
    auto job = plain;
    job.tamper = c.tamper, job.read_fault = c.read_fault, job.write_fault = c.write_fault;
    const auto result = session.run(job);
    CAPTURE(c.name);
    CHECK(result.hang == "");
    CHECK(result.error_code == c.error);
    for (const auto& fault : result.faults) MESSAGE(c.name << ": " << fault);
    CHECK(result.fault_count == 0);
    if (c.tamper) CHECK(result.error_detail == static_cast<std::uint32_t>(c.word));
    if (c.tamper) CHECK(result.untouched);
    if (!result.hang.empty()) return errors;  // the instance is of no more use
    const auto next = session.run(kinds()[static_cast<std::size_t>(errors++) % kinds().size()].second);
    CHECK(next.first_mismatch() == "");
    if (!next.hang.empty()) return errors;
  }
  return errors;
}

}  // namespace

TEST_CASE("every error ends its job with its code, and the next job runs clean") {
  auto layer_cases = refused_layers(nano().config), dense_cases = refused_dense(nano().config);
  add_bus_errors(layer_cases), add_bus_errors(dense_cases);
  int errors = 0;
  for (const int stall : {0, 40}) {
    CAPTURE(stall);
    Session session(*nano().library, nano().manifest, nano().config, {3, stall, 20});
    errors += check_errors(session, nano().job(), layer_cases);
    errors += check_errors(session, nano().dense(), dense_cases);
  }
  MESSAGE(fmt::format("{} errors, each followed by a clean job", errors));
}

namespace {

/// Jobs that go wrong at random moments, each followed by a clean one on the same instance.
class Trouble {
 public:
  Trouble(std::uint64_t seed, const Job& plain)
      : plain_(plain),
        random_(seed),
        session_(*nano().library, nano().manifest, nano().config,
                 {.seed = seed, .stall_percent = seed % 2 == 0 ? 30 : 0, .latency = 20, .interrupts = seed % 2 == 0}) {
    auto job = plain;
    job.meanwhile = [&](std::uint64_t cycle, Bench& bench) {
      cycles_ = cycle, reads_ = bench.memory().bursts_read(), writes_ = bench.memory().bursts_written();
      return false;
    };
    REQUIRE(session_.run(job).first_mismatch() == "");
  }
  const Job& plain() const { return plain_; }
  std::uint64_t below(std::uint64_t n) { return random_.below(n); }
  /// A moment while the job is in work: its length is that of the first job, less what STATUS is polled late and what
  /// other addresses may save.
  std::uint64_t moment() { return random_.below(cycles_ - 160); }
  std::uint64_t reads() const { return reads_; }
  /// Its tensors lie elsewhere in each run, and 4 KB borders cut a burst more or less: the last ones may not come.
  bool may_not_come(std::uint64_t burst) const { return burst + 2 >= reads_; }
  std::uint64_t writes() const { return writes_; }

  /// Runs a job that must end with `error`, or if it `may` bit-exact without one, and then a clean one. False after a
  /// hang: the instance is of no more use.
  bool run(const Job& job, std::uint32_t error, std::uint32_t* detail = nullptr, bool may = false) {
    const auto result = session_.run(job);
    CHECK(result.hang == "");
    if (may && result.error_code == 0) CHECK(result.first_mismatch() == "");
    else CHECK(result.error_code == error);
    for (const auto& fault : result.faults) MESSAGE(fault);
    CHECK(result.fault_count == 0);
    if (error == 0 && !result.cut_short) CHECK(result.first_mismatch() == "");
    if (detail != nullptr) *detail = result.error_detail;
    return result.hang.empty() && next();
  }
  /// Calls act(bench) in a random cycle of the job.
  Job at_some_moment(const std::function<bool(Bench&)>& act) {
    auto job = plain_;
    job.meanwhile = [act, moment = moment(), done = false](std::uint64_t cycle, Bench& bench) mutable {
      if (done || cycle < moment) return false;
      done = true;
      return act(bench);
    };
    return job;
  }

 private:
  /// A clean job, of each kind in turn.
  bool next() {
    const auto result = session_.run(kinds()[static_cast<std::size_t>(jobs_++) % kinds().size()].second);
    CHECK(result.first_mismatch() == "");
    return result.hang.empty();
  }

  Job plain_;
  Chance random_;
  Session session_;
  int jobs_ = 0;
  std::uint64_t cycles_ = 0, reads_ = 0, writes_ = 0;
};

constexpr int moments = 12;

}  // namespace

TEST_CASE("an order is kept from job to job, until one fails") {
  Session session(*nano().library, nano().manifest, nano().config, {5, 20, 20});
  if (nano().config.order.bucket_bits == 0) {  // nothing to keep: the flag changes nothing
    for (int i = 0; i < 2; ++i) CHECK(session.run(nano().listed_again()).first_mismatch() == "");
    return;
  }
  CHECK(session.run(nano().listed_again()).error_code == QUILLGEN_ERROR_ORDER_CODE);
  const auto sorted = session.run(nano().listed());
  CHECK(sorted.first_mismatch() == "");
  CHECK(sorted.counters.bytes_list > 0);
  for (int i = 0; i < 2; ++i) {
    const auto again = session.run(nano().listed_again());
    CHECK(again.first_mismatch() == "");
    CHECK(again.counters.bytes_list == 0);
    CHECK(again.counters.bytes_reference < sorted.counters.bytes_reference);
  }
  CHECK(session.run(nano().dense()).first_mismatch() == "");  // leaves it as it is
  CHECK(session.run(nano().listed_again()).first_mismatch() == "");
  auto broken = nano().listed();
  broken.read_fault = AxiFault{3, axi_slverr};
  CHECK(session.run(broken).error_code == QUILLGEN_ERROR_READ_CODE);
  CHECK(session.run(nano().listed_again()).error_code == QUILLGEN_ERROR_ORDER_CODE);
}

TEST_CASE("an entry of an index list that names no row ends the job") {
  for (const int stall : {0, 40}) {
    Session session(*nano().library, nano().manifest, nano().config, {6, stall, 20});
    for (int i = 0; i < 4; ++i) {
      auto job = nano().listed();
      // The highest entry is that of the last query, the first of the list.
      job.tamper = [](Descriptor& d) { --d[29]; };
      const auto result = session.run(job);
      CHECK(result.error_code == QUILLGEN_ERROR_LIST_CODE);
      CHECK(result.hang == "");
      CHECK(result.fault_count == 0);
      CHECK(session.run(nano().listed()).first_mismatch() == "");
    }
  }
}

TEST_CASE("index lists from one entry to as many as there may be") {
  const int most = nano().config.attention.max_queries, passes = nano().config.order.bucket_bits > 0 ? 2 : 1;
  Session session(*nano().library, nano().manifest, nano().config, {8, 30, 20});
  for (const int entries : {1, 20, 55, most}) {
    CAPTURE(entries);
    auto layer = nano().layer;
    for (int i = 0; i < entries; ++i) layer.index_list.push_back(i * 5 % layer.queries);
    const auto stages = model::run(layer);
    const auto result = session.run({AttentionWork{layer, stages, false, false, nano().count_lines(layer, stages)}});
    CHECK(result.first_mismatch() == "");
    CHECK(result.counters.bytes_list == static_cast<std::uint32_t>(passes * (entries + entries % 2) * 4));
  }
}

TEST_CASE("reads that fail: every client, first beat, mid burst, last beat, SLVERR and DECERR") {
  int jobs = 0;
  std::set<std::uint32_t> clients;
  for (const auto& [kind, plain] : kinds()) {
    CAPTURE(kind);
    for (const auto response : {axi_slverr, axi_decerr})
      for (int beat = 0; beat < 3; ++beat) {
        Trouble trouble(100 + static_cast<std::uint64_t>(beat), plain);
        const bool each = beat == 0 && response == axi_slverr;  // read in turn, so that no client is left out
        const auto faults = each ? trouble.reads() : moments;
        for (std::uint64_t i = 0; i < faults; ++i, ++jobs) {
          auto job = plain;
          const auto which = static_cast<std::uint32_t>(beat == 0 ? 0 : beat == 1 ? trouble.below(16) : 255);
          const auto burst = each ? i : trouble.below(trouble.reads());
          job.read_fault = AxiFault{burst, response, which};
          std::uint32_t detail = 0;
          if (!trouble.run(job, QUILLGEN_ERROR_READ_CODE, &detail, trouble.may_not_come(burst))) return;
          if (detail == 0 && trouble.may_not_come(burst)) continue;
          CHECK((detail >> 4) == response);
          clients.insert(detail & 15);
        }
      }
  }
  std::set<std::uint32_t> all = {id_job, id_rows, id_reference, id_list};
  for (int id = 0; id < feature_ids(nano().config); ++id) all.insert(id_feature + static_cast<std::uint32_t>(id));
  CHECK(fmt::format("{}", fmt::join(clients, " ")) == fmt::format("{}", fmt::join(all, " ")));
  MESSAGE(fmt::format("{} failed reads", jobs));
}

TEST_CASE("writes that fail") {
  for (const auto& [kind, plain] : kinds()) {
    CAPTURE(kind);
    for (const auto response : {axi_slverr, axi_decerr}) {
      Trouble trouble(200 + response, plain);
      for (int i = 0; i < moments; ++i) {
        auto job = plain;
        job.write_fault = AxiFault{trouble.below(trouble.writes()), response};
        std::uint32_t detail = 0;
        if (!trouble.run(job, QUILLGEN_ERROR_WRITE_CODE, &detail)) return;
        CHECK((detail >> 4) == response);
      }
    }
  }
}

TEST_CASE("responses that nobody waits for change nothing, in the job and between jobs") {
  const auto ids = static_cast<int>(std::bit_ceil(read_clients(nano().config).size()));
  for (const int stall : {0, 40}) {
    Session session(*nano().library, nano().manifest, nano().config, {9, stall, 20});
    for (int i = 0; i < 3; ++i)
      for (const auto& [kind, plain] : kinds()) {
        CAPTURE(kind);
        auto job = plain;
        job.meanwhile = [&](std::uint64_t, Bench& bench) { return bench.memory().set_strays(30, ids), false; };
        const auto result = session.run(job);
        CHECK(result.first_mismatch() == "");
        CHECK(result.traffic.strays > 100);
      }
  }
}

TEST_CASE("abort, soft reset and reset in mid job") {
  for (const auto& [kind, plain] : kinds()) {
    CAPTURE(kind);
    for (const std::uint64_t seed : {301, 302}) {
      Trouble trouble(seed, plain);
      const auto control = [](std::uint32_t bit) {
        return [bit](Bench& bench) {
          const bool reset = bit == QUILLGEN_CONTROL_SOFT_RESET_MASK;
          reset ? quillgen_soft_reset(&bench.device()) : quillgen_abort(&bench.device());
          return reset;
        };
      };
      for (int i = 0; i < moments; ++i) {
        if (!trouble.run(trouble.at_some_moment(control(QUILLGEN_CONTROL_ABORT_MASK)), QUILLGEN_ERROR_ABORTED_CODE))
          return;
        if (!trouble.run(trouble.at_some_moment(control(QUILLGEN_CONTROL_SOFT_RESET_MASK)), 0)) return;
        if (!trouble.run(trouble.at_some_moment([](Bench& bench) { return bench.reset(), true; }), 0)) return;
      }
    }
  }
}

TEST_CASE("a memory that stops answering: the time-out, the quarantine, and patience without a time-out") {
  for (const auto& [kind, plain] : kinds()) {
    CAPTURE(kind);
    for (const std::uint64_t seed : {401, 402}) {
      Trouble trouble(seed, plain);
      for (int i = 0; i < moments; ++i) {
        const auto stop = [](Bench& bench) {
          quillgen_set_timeout(&bench.device(), 300);
          return bench.memory().set_silent(true), false;
        };
        if (!trouble.run(trouble.at_some_moment(stop), QUILLGEN_ERROR_TIMEOUT_CODE)) return;

        auto patient = plain;
        patient.meanwhile = [from = trouble.moment(), first = true](std::uint64_t cycle, Bench& bench) mutable {
          if (std::exchange(first, false)) quillgen_set_timeout(&bench.device(), 0);
          bench.memory().set_silent(cycle >= from && cycle < from + 1500);
          return false;
        };
        if (!trouble.run(patient, 0)) return;
      }
    }
  }
}

TEST_CASE("two jobs wait behind the one in work; a third is refused; a snapshot is consistent") {
  check_queue(*nano().library, nano().manifest, nano().config, nano().job());
}

TEST_CASE("many jobs of all kinds on one instance") {
  for (const int stall : {0, 25, 60}) {
    Session session(*nano().library, nano().manifest, nano().config, {7, stall, 30});
    for (int i = 0; i < 10; ++i)
      for (const auto& [kind, job] : kinds()) {
        CAPTURE(kind);
        CHECK(session.run(job).first_mismatch() == "");
      }
  }
}

TEST_CASE("writes that are not accepted for long hold up everything before them, and change nothing") {
  auto workload = load_workload(fmt::format("{}/official_test_shapes.safetensors", EXAMPLES));
  const auto once = workload;
  for (; workload.queries < 60; workload.queries += once.queries) {
    workload.query.insert(workload.query.end(), once.query.begin(), once.query.end());
    workload.reference_points.insert(workload.reference_points.end(), once.reference_points.begin(),
                                     once.reference_points.end());
  }
  auto layer = quantise(workload, run_reference(workload), nano().config);
  layer.pruning.range = nano().layer.pruning.range;
  const auto stages = model::run(layer);
  Session session(*nano().library, nano().manifest, nano().config, {5, 0, 20});
  const auto held_up = [&](Job job) {
    job.meanwhile = [](std::uint64_t cycle, Bench& bench) { return bench.memory().set_full(cycle < 5000), false; };
    const auto result = session.run(job);
    CHECK(result.first_mismatch() == "");
    job.meanwhile = nullptr;
    CHECK(session.run(job).first_mismatch() == "");
    return result.counters;
  };
  CHECK(held_up({AttentionWork{layer, stages, true}}).wait_output > 1000);
  CHECK(held_up({AttentionWork{layer, stages}}).gemm_room > 1000);
  CHECK(held_up(nano().dense()).gemm_room > 1000);
}

TEST_CASE("registers keep all bits; enabled interrupts reach the pin") {
  check_registers(*nano().library, nano().manifest, nano().config);
}
