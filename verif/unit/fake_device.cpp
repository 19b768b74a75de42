#include "fake_device.hpp"

#include <algorithm>
#include <coroutine>
#include <cstring>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <utility>

#include "config/derived.hpp"
#include "harness/axi.hpp"
#include "harness/compare.hpp"
#include "harness/layout.hpp"
#include "harness/registers.hpp"

namespace quillgen::test {

FakeJob fake_job;

namespace {

using namespace quillgen::harness;
using model::Stages;

/// The device's story, or a part of it, as a function that is resumed at every rising edge.
class Process {
 public:
  struct promise_type {
    Process get_return_object() { return Process(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  explicit Process(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Process(Process&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Process& operator=(Process&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Process() {
    if (handle_) handle_.destroy();
  }
  /// Goes on to the next edge. False when there is nothing left to do.
  bool step() {
    handle_.resume();
    return !handle_.done();
  }

 private:
  std::coroutine_handle<promise_type> handle_;
};

constexpr std::suspend_always next_cycle;

struct Value {
  std::array<std::uint8_t, 64> bytes{};
  int bits = 1;
  bool is_input = false;

  std::uint64_t get() const {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data(), 8);
    return value;
  }
  void set(std::uint64_t value) { std::memcpy(bytes.data(), &value, 8); }
};

struct Firing {
  std::string stage;
  std::vector<std::int64_t> values;
};

class Device {
 public:
  Device() {
    const auto& memory = fake_job.config.memory;
    const auto add = [&](const std::string& name, bool is_input, int bits) {
      values_[name].bits = bits;
      values_[name].is_input = is_input;
    };
    for (const char* name : {"clk", "rst"}) add(name, true, 1);
    for (const std::string prefix : {"m_axi_ar", "m_axi_aw"}) {
      add(prefix + "valid", false, 1), add(prefix + "ready", true, 1), add(prefix + "id", false, 3);
      add(prefix + "addr", false, memory.address_bits), add(prefix + "len", false, 8), add(prefix + "size", false, 3);
      add(prefix + "burst", false, 2);
    }
    add("m_axi_rvalid", true, 1), add("m_axi_rready", false, 1), add("m_axi_rid", true, 3);
    add("m_axi_rdata", true, memory.data_bits), add("m_axi_rresp", true, 2), add("m_axi_rlast", true, 1);
    add("m_axi_wvalid", false, 1), add("m_axi_wready", true, 1), add("m_axi_wdata", false, memory.data_bits);
    add("m_axi_wstrb", false, memory.data_bits / 8), add("m_axi_wlast", false, 1);
    add("m_axi_bvalid", true, 1), add("m_axi_bready", false, 1), add("m_axi_bid", true, 3), add("m_axi_bresp", true, 2);
    for (const std::string channel : {"aw", "w", "ar"}) {
      add("s_axil_" + channel + "valid", true, 1), add("s_axil_" + channel + "ready", false, 1);
    }
    add("s_axil_awaddr", true, 12), add("s_axil_araddr", true, 12), add("s_axil_wdata", true, 32),
        add("s_axil_wstrb", true, 4);
    for (const std::string channel : {"b", "r"})
      add("s_axil_" + channel + "valid", false, 1), add("s_axil_" + channel + "ready", true, 1),
          add("s_axil_" + channel + "resp", false, 2);
    add("s_axil_rdata", false, 32);
    for (auto& [name, value] : values_)
      ports_.push_back({name.c_str(), value.bits, value.is_input, value.bytes.data()});
    for (const auto& tap : fake_manifest(fake_job.config).taps) {
      nets_[tap.valid].bits = 1;
      for (const auto& field : tap.fields) nets_[field.net].bits = field.width;
    }
  }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const std::vector<SimPort>& ports() const { return ports_; }
  SimNet net(const std::string& name) {
    return nets_.contains(name) ? SimNet{nets_[name].bytes.data(), nets_[name].bits} : SimNet{nullptr, 0};
  }

  /// False: $fatal.
  bool eval() {
    const bool clk = p("clk").get();
    if (clk && !last_clk_) edge();
    last_clk_ = clk;
    return !stopped_;
  }

 private:
  Value& p(const std::string& name) { return values_.at(name); }
  bool handshake(const std::string& channel) { return p(channel + "valid").get() && p(channel + "ready").get(); }

  void edge() {
    if (p("rst").get()) return;
    ar_moved_ = handshake("m_axi_ar"), aw_moved_ = handshake("m_axi_aw"), w_moved_ = handshake("m_axi_w");
    if (handshake("m_axi_r")) {
      const auto& data = p("m_axi_rdata");
      if (p("m_axi_rid").get() == 0)
        read_data_.insert(read_data_.end(), data.bytes.begin(), data.bytes.begin() + data.bits / 8);
      bytes_[p("m_axi_rid").get()] += data.bits / 8;
      --beats_due_;
    }
    if (handshake("m_axi_b")) --responses_due_;
    p("m_axi_rready").set(1);
    p("m_axi_bready").set(1);
    host();
    for (auto& [name, net] : nets_)
      if (name.ends_with("_valid")) net.set(0);
    if (busy_) ++counters_.cycles;
    process_.step();
  }

  void host() {
    if (fake_job.mischief == Mischief::DeafHost) return;
    const auto take = [&](const std::string& channel, bool& has) {
      if (handshake("s_axil_" + channel)) has = true;
      p("s_axil_" + channel + "ready").set(!has);
    };
    if (handshake("s_axil_aw")) write_address_ = p("s_axil_awaddr").get();
    if (handshake("s_axil_w")) write_data_ = p("s_axil_wdata").get();
    if (handshake("s_axil_ar")) read_address_ = p("s_axil_araddr").get();
    take("aw", has_address_), take("w", has_data_), take("ar", has_read_);
    if (handshake("s_axil_b")) p("s_axil_bvalid").set(0);
    if (handshake("s_axil_r")) p("s_axil_rvalid").set(0);
    if (has_address_ && has_data_ && !p("s_axil_bvalid").get()) {
      if (write_address_ == QUILLGEN_DESC_LO) descriptor_ = (descriptor_ >> 32 << 32) | write_data_;
      if (write_address_ == QUILLGEN_DESC_HI) descriptor_ = (descriptor_ & 0xffffffff) | write_data_ << 32;
      if (write_address_ == QUILLGEN_START) start_ = true;
      if (write_address_ == QUILLGEN_INT_STATE) interrupts_ &= ~static_cast<std::uint32_t>(write_data_);
      has_address_ = has_data_ = false;
      p("s_axil_bvalid").set(1);
    }
    if (has_read_ && !p("s_axil_rvalid").get()) {
      has_read_ = false;
      p("s_axil_rvalid").set(1);
      p("s_axil_rdata").set(register_value(static_cast<std::uint32_t>(read_address_)));
    }
  }

  std::uint32_t register_value(std::uint32_t address) {
    const auto& c = fake_job.config;
    const auto& a = c.attention;
    const auto& n = c.numerics;
    const auto& m = c.memory;
    const auto five_bits = [](std::initializer_list<int> values) {
      std::uint32_t word = 0, low = 0;
      for (const int v : values) word |= static_cast<std::uint32_t>(v) << low, low += 5;
      return word;
    };
    switch (address) {
      case QUILLGEN_ID:
        return fake_job.mischief == Mischief::WrongIdRegister ? 1 : 0x5155494C;
      case QUILLGEN_VERSION:
        return QUILLGEN_VERSION_VALUE;
      case QUILLGEN_CAP_DENSE:
        return static_cast<std::uint32_t>(c.gemm.max_inner | most_panel_tiles(c) * c.gemm.columns << 16);
      case QUILLGEN_CAP_TOKENS:
        return static_cast<std::uint32_t>(a.max_tokens);
      case QUILLGEN_CAP_WEIGHTS:
        return static_cast<std::uint32_t>(weight_words(c));
      case QUILLGEN_CAP_NETWORK:
        return static_cast<std::uint32_t>(
            c.network.stream_bits | c.network.epilogue << 5 | has_activation(c.network, only_gelu) << 6 |
            has_activation(c.network, only_silu) << 7 | has_activation(c.network, only_sigmoid) << 8 |
            c.network.self_attention << 16);
      case QUILLGEN_CAP_FORMAT_0:
        return five_bits({n.query_bits, n.query_weight_bits, n.feature_bits, n.feature_weight_bits, n.head_bits,
                          n.output_weight_bits});
      case QUILLGEN_CAP_FORMAT_1:
        return five_bits({n.output_bits, n.offset_int_bits, n.offset_frac_bits, n.interp_frac_bits, n.logit_int_bits,
                          n.logit_frac_bits});
      case QUILLGEN_CAP_FORMAT_2:
        return five_bits({n.attention_bits, n.corner_bits});
      case QUILLGEN_CAP_ARRAY:
        return static_cast<std::uint32_t>(c.gemm.rows | c.gemm.columns << 8 | c.gemm.depth << 16 |
                                          c.core.projection_columns << 24);
      case QUILLGEN_CAP_CORE:
        return static_cast<std::uint32_t>(c.core.head_lanes | (c.core.level_lanes - 1) << 28);
      case QUILLGEN_INT_STATE:
        return interrupts_;
      case QUILLGEN_CAP_DIMS:
        return static_cast<std::uint32_t>(a.embed_dim | a.heads << 16 | a.levels << 24) |
               static_cast<std::uint32_t>(a.points) << 28;
      case QUILLGEN_CAP_SHAPE:
        return static_cast<std::uint32_t>(a.max_width | a.max_height << 16);
      case QUILLGEN_CAP_QUERIES:
        return static_cast<std::uint32_t>(a.max_queries);
      case QUILLGEN_CAP_MEMORY:
        return static_cast<std::uint32_t>(m.data_bits | m.address_bits << 16);
      case QUILLGEN_STATUS:
        return QUILLGEN_STATUS_QUEUE_EMPTY_MASK |
               (busy_ ? QUILLGEN_STATUS_BUSY_MASK
                      : (done_ ? QUILLGEN_STATUS_DONE_MASK : 0) | (error_ ? QUILLGEN_STATUS_FAILED_MASK : 0));
      case QUILLGEN_ERROR:
        return error_;
      case QUILLGEN_JOB_ID:
        return job_id_;
      default:
        break;
    }
    const auto index = (address - QUILLGEN_COUNT_CYCLES) / 4;
    return index < counter_names.size() ? counters_.*counter_names[index].field : 0;
  }

  void fire(const Firing& firing) {
    nets_.at(firing.stage + "_valid").set(1);
    const auto all = stage_fields(fake_job.config);
    const auto stage = std::find_if(all.begin(), all.end(), [&](auto& s) { return s.stage == firing.stage; });
    for (std::size_t i = 0; i < firing.values.size(); ++i)
      nets_.at(firing.stage + "_" + stage->fields[i]).set(static_cast<std::uint64_t>(firing.values[i]) & 0xffffffff);
  }

  void offer_read(std::uint64_t id, std::uint64_t address, std::uint64_t beats) {
    offer("m_axi_ar", id, address, beats);
    beats_due_ += static_cast<int>(beats);
  }
  void offer(const std::string& channel, std::uint64_t id, std::uint64_t address, std::uint64_t beats) {
    p(channel + "valid").set(1), p(channel + "id").set(id), p(channel + "addr").set(address),
        p(channel + "len").set(beats - 1);
    p(channel + "size")
        .set(static_cast<std::uint64_t>(std::countr_zero(static_cast<unsigned>(beat_bytes(fake_job.config.memory)))));
    p(channel + "burst").set(axi_incr);
  }

  /// A burst of reads.
  struct Read {
    std::uint64_t id, address, bytes;
  };
  /// A burst of a beat: what is written there.
  struct Write {
    std::uint64_t address;
    std::vector<std::uint8_t> data;
  };
  std::uint64_t word(int i) const { return words_[i]; }
  std::uint64_t address(int i) const { return words_[i] | std::uint64_t{words_[i + 1]} << 32; }
  std::vector<Read> plan_reads(const AttentionWork& work) const;
  std::vector<Write> plan_map(const AttentionWork& work) const;
  std::vector<Write> plan_row(std::span<const std::int32_t> row, std::size_t r) const;
  Process read(std::vector<Read> reads);
  Process write(std::vector<Write> writes);
  Process attention(const AttentionWork& work);
  Process dense(const DenseWork& work);
  [[noreturn]] static Process attention_of_rows(const SelfAttentionWork&) {
    throw std::logic_error("the fake device has no self-attention");
  }
  Process story();

  std::map<std::string, Value> values_, nets_;
  std::vector<SimPort> ports_;
  std::uint32_t words_[32] = {};  ///< the descriptor
  Process process_ = story();
  bool last_clk_ = false, stopped_ = false, ar_moved_ = false, aw_moved_ = false, w_moved_ = false;
  bool has_address_ = false, has_data_ = false, has_read_ = false, start_ = false, busy_ = false, done_ = false;
  std::uint64_t write_address_ = 0, write_data_ = 0, read_address_ = 0, descriptor_ = 0;
  std::uint32_t error_ = 0, job_id_ = 0, interrupts_ = 0;
  int beats_due_ = 0, responses_due_ = 0;
  std::uint32_t bytes_[8] = {};
  std::vector<std::uint8_t> read_data_;
  Counters counters_;
};

/// Firings of the stages of the lanes for one query.
std::vector<Firing> firings_of(const Stages& s, std::size_t q) {
  const auto& c = fake_job.config;
  const auto samples = static_cast<std::size_t>(c.attention.samples_per_query()),
             channels = static_cast<std::size_t>(c.attention.embed_dim);
  std::vector<Firing> all = {{"order", {static_cast<std::int64_t>(q)}}};
  for (std::size_t n = 0; n < samples; ++n) {
    const auto i = q * samples + n;
    all.push_back({"logit", {s.logit[i]}});
    all.push_back({"offset", {s.offset[2 * i], s.offset[2 * i + 1]}});
    all.push_back({"attention", {s.attention[i]}});
    all.push_back({"location", {s.location[2 * i], s.location[2 * i + 1]}});
    all.push_back(
        {"corner_weight",
         {s.corner_weight[4 * i], s.corner_weight[4 * i + 1], s.corner_weight[4 * i + 2], s.corner_weight[4 * i + 3]}});
  }
  const auto slices = [&](const std::string& stage, const std::vector<std::int32_t>& tensor, std::size_t size) {
    for (std::size_t first = 0; first < channels; first += size) {
      Firing f{stage, {}};
      for (std::size_t i = first; i < first + size; ++i)
        f.values.push_back(i < channels ? tensor[q * channels + i] : -1);
      all.push_back(f);
    }
  };
  slices("head", s.head, static_cast<std::size_t>(head_requant_units(c)));
  slices("output", s.output, static_cast<std::size_t>(c.core.projection_columns));
  return all;
}

/// Steps of the PE array for so many rows.
std::uint32_t steps_of(int rows, int inner, int tiles) {
  const auto& c = fake_job.config;
  return static_cast<std::uint32_t>(divide_up(rows, c.gemm.rows) * gemm_steps(c, inner) * tiles);
}

std::vector<Device::Read> Device::plan_reads(const AttentionWork& work) const {
  const auto& c = fake_job.config;
  const std::uint64_t beat = beat_bytes(c.memory);
  std::vector<Read> reads;
  for (std::uint64_t q = 0; q < word(3); ++q) reads.push_back({1, address(4) + q * word(14), beat});
  reads.push_back({2, address(6), 64});
  reads.push_back({0, address(10), 64});
  if (fake_job.mischief == Mischief::ReadOutside) reads.push_back({1, address(4) - 4096, 64});
  if (work.map_given) return reads;
  const auto row = row_beats(c.attention.embed_dim, c.numerics.feature_bits, c.memory) * beat;
  if (!work.layer.padding.empty()) reads.push_back({0, address(26), 64});
  for (std::size_t token = 0; token < static_cast<std::size_t>(work.layer.tokens()); ++token)
    if (work.layer.padding.empty() || !work.layer.padding[token])
      for (std::uint64_t at = 0; at < row; at += beat) reads.push_back({1, address(24) + token * word(28) + at, beat});
  if (fake_job.mischief == Mischief::SourceRowTwice) reads.push_back(reads.back());
  return reads;
}

std::vector<Device::Write> Device::plan_map(const AttentionWork& work) const {
  const auto& c = fake_job.config;
  const auto mischief = fake_job.mischief;
  auto value = work.stages.value;
  const auto head_dim = static_cast<std::size_t>(c.attention.head_dim());
  if (mischief == Mischief::WrongValue) value[7 * 4 * head_dim + head_dim + 2] ^= 1;
  auto bytes = pack_value_map(work.layer, value, c);
  const auto line = static_cast<std::size_t>(block_bytes(c)), beat = static_cast<std::size_t>(beat_bytes(c.memory));
  if (mischief == Mischief::LinePaddingNotZero) bytes[2 * line - 1] = 1;
  // The levels are 5 pixels high: the last row of blocks has pixels below the map.
  if (mischief == Mischief::PixelOutsideNotZero) bytes[4 * 4 * line + 3 * head_dim] = 1;
  std::vector<Write> writes;
  for (std::size_t at = 0; at < bytes.size(); at += beat) {
    const bool third = at / line == 3;
    int times = 1;
    if (third && mischief == Mischief::LineTwice) times = 2;
    if (third && mischief == Mischief::LineNotWritten) times = 0;
    const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    for (; times > 0; --times) writes.push_back({address(8) + at, {from, from + static_cast<std::ptrdiff_t>(beat)}});
  }
  return writes;
}

/// The beats of output row r.
std::vector<Device::Write> Device::plan_row(std::span<const std::int32_t> row, std::size_t r) const {
  const auto& c = fake_job.config;
  const auto mischief = fake_job.mischief;
  const auto size = static_cast<std::size_t>(element_bytes(c.numerics.output_bits)),
             beat = static_cast<std::size_t>(beat_bytes(c.memory));
  const auto beats = (row.size() * size + beat - 1) / beat;
  std::vector<std::uint8_t> bytes(beats * beat, mischief == Mischief::PaddingNotZero);
  for (std::size_t i = 0; i < row.size() * size; ++i)
    bytes[i] = static_cast<std::uint8_t>(row[i / size] >> (8 * (i % size)));
  if (mischief == Mischief::WrongOutputInMemory && r == 0) bytes[3 * size] ^= 1;
  std::vector<Write> writes;
  const auto start = address(12) + r * word(15);
  for (std::size_t b = 0; b < beats; ++b) {
    const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(b * beat);
    writes.push_back({start + b * beat, {from, from + static_cast<std::ptrdiff_t>(beat)}});
  }
  if (mischief == Mischief::RowWrittenTwice && r == 1)
    for (std::size_t b = 0; b < beats; ++b) writes.push_back(writes[b]);
  if (mischief == Mischief::RowNotWritten && r == 2) writes.clear();
  const std::vector<std::uint8_t> ones(beat, 1);
  if (mischief == Mischief::WriteBetweenRows && r == 0) writes.push_back({start + beats * beat, ones});
  if (mischief == Mischief::WriteBeyondRows && r == 0) writes.push_back({address(12) + word(3) * word(15), ones});
  if (mischief == Mischief::WriteToInput && r == 0) writes.push_back({address(4), ones});
  if (mischief == Mischief::WriteToGivenMap && r == 0) writes.push_back({address(8), ones});
  return writes;
}

Process Device::read(std::vector<Read> reads) {
  constexpr int most_due = 32;  // beats, so as many bursts at most
  for (const auto& r : reads) {
    while (beats_due_ >= most_due && fake_job.mischief != Mischief::TooManyReadsOpen) co_await next_cycle;
    offer_read(r.id, r.address, r.bytes / beat_bytes(fake_job.config.memory));
    do co_await next_cycle;
    while (!ar_moved_);
    p("m_axi_arvalid").set(0);
  }
  while (beats_due_ > 0) co_await next_cycle;
}

Process Device::write(std::vector<Write> writes) {
  for (const auto& w : writes) {
    offer("m_axi_aw", 0, w.address, 1);
    p("m_axi_wvalid").set(1), p("m_axi_wlast").set(1), p("m_axi_wstrb").set(~std::uint64_t{0});
    std::copy(w.data.begin(), w.data.end(), p("m_axi_wdata").bytes.begin());
    ++responses_due_;
    while (p("m_axi_awvalid").get() || p("m_axi_wvalid").get()) {
      co_await next_cycle;
      if (aw_moved_) p("m_axi_awvalid").set(0);
      if (w_moved_) p("m_axi_wvalid").set(0);
    }
  }
}

Process Device::attention(const AttentionWork& work) {
  const auto& c = fake_job.config;
  const auto& a = c.attention;
  const auto mischief = fake_job.mischief;
  for (auto process = read(plan_reads(work)); process.step();) co_await next_cycle;
  const Read feature = {mischief == Mischief::ReadWithWrongId ? 2u : 4u, address(8), 64};
  const auto features = [&] { return std::vector<Read>(1, feature); };
  if (mischief == Mischief::ReadBeforeWritten)
    for (auto process = read(features()); process.step();) co_await next_cycle;
  if (!work.map_given) {
    const auto writes = plan_map(work);
    for (auto process = write(writes); process.step();) co_await next_cycle;
    counters_.bytes_value = static_cast<std::uint32_t>(writes.size()) * static_cast<unsigned>(beat_bytes(c.memory)) +
                            (mischief == Mischief::WrongValueBytes ? 64 : 0);
    while (responses_due_ > 0 && mischief != Mischief::ReadBeforeResponse) co_await next_cycle;
    counters_.gemm_project = steps_of(work.live_tokens() + (mischief == Mischief::WrongValueSteps ? c.gemm.rows : 0),
                                      a.embed_dim, value_tiles(c));
    counters_.bytes_source =
        bytes_[1] - static_cast<std::uint32_t>(word(3) * static_cast<unsigned>(beat_bytes(c.memory)));
  }
  for (auto process = read(features()); process.step();) co_await next_cycle;
  if (mischief == Mischief::ErrorCode) error_ = 3;

  for (std::size_t q = 0; q < word(3) && !error_; ++q) {
    if (mischief == Mischief::HangBeforeOutput && q + 1 == word(3))
      for (;;) co_await next_cycle;
    if (mischief == Mischief::Stops && q == 1) {
      stopped_ = true;
      co_await next_cycle;
    }
    int firing = 0;
    auto firings = firings_of(work.stages, q);
    if (mischief == Mischief::MissingTap && q + 1 == word(3)) {
      const auto last = std::find_if(firings.rbegin(), firings.rend(), [](auto& f) { return f.stage == "location"; });
      firings.erase(std::next(last).base());
    }
    for (auto& f : firings) {
      if (f.stage == "attention" && ++firing == 3 && q == 1 && mischief == Mischief::WrongTap) ++f.values[0];
      fire(f);
      co_await next_cycle;
    }
    const auto channels = static_cast<std::size_t>(a.embed_dim);
    const auto writes = plan_row(std::span(work.stages.output).subspan(q * channels, channels), q);
    for (auto process = write(writes); process.step();) co_await next_cycle;
    counters_.bytes_output += static_cast<std::uint32_t>(writes.size()) * static_cast<unsigned>(beat_bytes(c.memory));
  }
  const auto samples = static_cast<std::uint32_t>(word(3)) * static_cast<std::uint32_t>(a.samples_per_query());
  counters_.samples = counters_.sample = error_ ? 0 : samples;
  counters_.line_hits =
      static_cast<std::uint32_t>(work.stages.line_lookups[line_2x2]) - 1 + (mischief == Mischief::WrongLookups);
  counters_.line_misses = 1;
  counters_.gemm_busy = counters_.gemm_project + (mischief == Mischief::WrongSteps) +
                        steps_of(static_cast<int>(word(3)), a.embed_dim, query_tiles(c));
}

Process Device::dense(const DenseWork& work) {
  const auto& c = fake_job.config;
  const std::uint64_t beat = beat_bytes(c.memory);
  std::vector<Read> reads = {{0, address(10), beat}};
  for (std::uint64_t r = 0; r < word(3); ++r) reads.push_back({1, address(4) + r * word(14), beat});
  for (auto process = read(reads); process.step();) co_await next_cycle;
  if (fake_job.mischief == Mischief::TapInDenseJob) fire({"head", {5}});
  co_await next_cycle;
  const std::size_t inner = word(16) & 0xffff, outputs = word(16) >> 16;
  for (std::size_t r = 0; r < word(3); ++r) {
    const auto writes = plan_row(std::span(work.output).subspan(r * outputs, outputs), r);
    for (auto process = write(writes); process.step();) co_await next_cycle;
    counters_.bytes_output += static_cast<std::uint32_t>(writes.size()) * static_cast<unsigned>(beat_bytes(c.memory));
  }
  counters_.gemm_busy = counters_.gemm_project = steps_of(static_cast<int>(word(3)), static_cast<int>(inner),
                                                          divide_up(static_cast<int>(outputs), c.gemm.columns)) +
                                                 (fake_job.mischief == Mischief::WrongSteps);
  counters_.samples = counters_.sample = fake_job.mischief == Mischief::SampleInDenseJob;
}

Process Device::story() {
  const auto mischief = fake_job.mischief;
  for (;;) {
    while (!start_) co_await next_cycle;
    start_ = false, busy_ = true, done_ = false, error_ = 0;
    counters_ = {};
    std::fill(std::begin(bytes_), std::end(bytes_), 0);
    read_data_.clear();
    for (auto process = read({{0, descriptor_, 64}, {0, descriptor_ + 64, 64}}); process.step();) co_await next_cycle;
    std::memcpy(words_, read_data_.data(), sizeof words_);
    job_id_ = mischief == Mischief::WrongJobId ? words_[2] + 1 : words_[2];
    auto job = std::visit(
        [&](const auto& work) {
          if constexpr (std::is_same_v<decltype(work), const AttentionWork&>) return attention(work);
          else if constexpr (std::is_same_v<decltype(work), const DenseWork&>) return dense(work);
          else return attention_of_rows(work);
        },
        *fake_job.work);
    while (job.step()) co_await next_cycle;
    while (responses_due_ > 0 && mischief != Mischief::EndsBeforeResponses) co_await next_cycle;

    if (mischief == Mischief::WrongCycles) counters_.cycles /= 2;
    counters_.setup = counters_.cycles - counters_.sample + (mischief == Mischief::CausesDoNotSum);
    counters_.gemm_idle = counters_.cycles - counters_.gemm_busy + (mischief == Mischief::GemmCausesDoNotSum);
    counters_.bytes_job = bytes_[0], counters_.bytes_query = bytes_[1] - counters_.bytes_source;
    counters_.bytes_reference = bytes_[2];
    counters_.bytes_feature = bytes_[4] + (mischief == Mischief::WrongByteCount ? 16 : 0);
    busy_ = false, done_ = true;
    interrupts_ |= error_ ? QUILLGEN_INT_STATE_FAILED_MASK : QUILLGEN_INT_STATE_DONE_MASK;
    for (int i = 0; i < 80; ++i) co_await next_cycle;
    if (mischief == Mischief::TapAfterEnd) fire({"location", {1, 2}});
    co_await next_cycle;
  }
}

Device& device(void* sim) { return *static_cast<Device*>(sim); }

}  // namespace

const SimInterface fake_interface = {
    sim_interface_version,
    [](unsigned) -> void* { return new Device; },
    [](void* sim) { delete &device(sim); },
    [](void* sim) { return static_cast<int>(device(sim).ports().size()); },
    [](void* sim) { return device(sim).ports().data(); },
    [](void* sim, const char*, const char* net) { return device(sim).net(net); },
    [](void* sim) { return device(sim).eval() ? 0 : 1; },
    [](void*) { return "$fatal"; },
};

harness::Manifest fake_manifest(const Config& config) {
  harness::Manifest manifest;
  manifest.top = "fake";
  for (const auto& [stage, fields, taps] : stage_fields(config)) {
    const std::string name(stage);
    harness::Tap tap{name, "u_core", "core", name + "_valid", "", {}};
    for (const auto& field : fields) tap.fields.push_back({field, name + "_" + field, 32, true});
    manifest.taps.push_back(tap);
  }
  return manifest;
}

}  // namespace quillgen::test
