#include "cli/output_folder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>

#include "config/error.hpp"
#include "config/json_text.hpp"
#include "harness/files.hpp"
#include "harness/interrupt.hpp"
#include "harness/sha256.hpp"

namespace quillgen::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const std::string manifest_name = "manifest.json";

/// The manifest as it was before the hashes were added to it; they cannot include their own.
std::string without_record(const std::string& manifest) {
  auto json = json_or_text(manifest);
  if (!json.is_object()) return manifest;
  json.erase("files");
  return json.dump(2) + "\n";
}

void add_record(emit::Files& files) {
  Json record;
  for (const auto& [name, text] : files) record[name] = harness::sha256(text);
  auto manifest = Json::parse(files.at(manifest_name));
  manifest["files"] = record;
  files[manifest_name] = manifest.dump(2) + "\n";
}

/// Hash by file name as an earlier run recorded it; empty when there was none.
std::map<std::string, std::string> record_of(const fs::path& folder) {
  if (!fs::is_regular_file(folder / manifest_name)) return {};
  const auto manifest = json_or_text(harness::read_text(folder / manifest_name));
  std::map<std::string, std::string> record;
  if (manifest.is_object() && manifest.value("generator", Json()) == "quillgen" && manifest.contains("files"))
    for (const auto& [name, hash] : manifest["files"].items())
      if (hash.is_string()) record[name] = hash;
  return record;
}

/// What is in a folder, by name.
struct Contents {
  std::set<std::string> ours;     ///< written by quillgen, those edited since among them
  std::set<std::string> edited;   ///< and no longer what was written
  std::set<std::string> foreign;  ///< everything else, folders too
};

Contents contents_of(const fs::path& folder) {
  Contents contents;
  const auto record = record_of(folder);
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    const auto recorded = record.find(name);
    if (recorded == record.end() || entry.symlink_status().type() != fs::file_type::regular) {
      contents.foreign.insert(name);
      continue;
    }
    contents.ours.insert(name);
    const auto text = harness::read_text(entry.path());
    if (harness::sha256(name == manifest_name ? without_record(text) : text) != recorded->second)
      contents.edited.insert(name);
  }
  return contents;
}

void check_contents(const fs::path& folder, const Contents& contents, const emit::Files& files, bool force) {
  for (const auto& name : contents.foreign) {
    if (!force)
      throw UserError(
          fmt::format("{}: holds {}, which quillgen did not write: name another folder, or write beside it with "
                      "`quillgen generate --force`",
                      folder.string(), name));
    if (files.contains(name))
      throw UserError(fmt::format(
          "{}: {} was not written by quillgen and is never overwritten: move it away, or name another folder",
          folder.string(), name));
  }
  if (!force && !contents.edited.empty())
    throw UserError(
        fmt::format("{}: {} was edited since quillgen wrote it: name another folder, or overwrite it with "
                    "`quillgen generate --force`",
                    folder.string(), *contents.edited.begin()));
}

/// A folder that is removed at the end, unless it was moved to its place.
struct Staging {
  fs::path path;
  ~Staging() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

void write_all(const fs::path& staging, const emit::Files& files) {
  fs::create_directories(staging);
  for (const auto& [name, text] : files) {
    harness::check_interrupt();
    std::ofstream file(staging / name, std::ios::binary);
    file << text;
    if (!file.flush()) throw UserError(fmt::format("{}: cannot be written; is the disk full?", name));
  }
}

/// The manifest goes first: whatever the folder then lacks or has too old counts as edited.
void move_all(const fs::path& staging, const fs::path& place, const emit::Files& files, const Contents& old) {
  for (const auto& name : old.ours)
    if (!files.contains(name)) fs::remove(place / name);
  fs::rename(staging / manifest_name, place / manifest_name);
  for (const auto& [name, text] : files)
    if (name != manifest_name) fs::rename(staging / name, place / name);
}

void write(const fs::path& folder, const emit::Files& files, bool force) {
  const auto target = fs::absolute(folder).lexically_normal();
  const auto place = target.has_filename() ? target : target.parent_path();
  const bool exists = fs::exists(place);
  if (exists && !fs::is_directory(place)) throw UserError(fmt::format("{}: is a file; name a folder", folder.string()));
  const auto old = exists ? contents_of(place) : Contents{};
  check_contents(folder, old, files, force);

  // Beside the new folder, or within one that exists: it may be the mount point of another disk.
  const auto draft = fmt::format("quillgen.{}.tmp", ::getpid());
  const Staging staging{exists ? place / ("." + draft)
                               : place.parent_path() / (place.filename().string() + "." + draft)};
  write_all(staging.path, files);
  harness::check_interrupt();
  if (exists) move_all(staging.path, place, files, old);
  else fs::rename(staging.path, place);
}

}  // namespace

void write_folder(const fs::path& folder, emit::Files files, bool force) {
  add_record(files);
  try {
    write(folder, files, force);
  } catch (const fs::filesystem_error& e) {
    throw UserError(fmt::format("{}: cannot be written ({}): choose a folder you may write to", folder.string(),
                                e.code().message()));
  }
}

}  // namespace quillgen::cli
