#include "cli/output_folder.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

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
const std::string draft_name = ".quillgen.tmp";       // folder of files that are not at their place yet
const std::string complete_name = ".quillgen.whole";  // in it: all of them are there, and are being moved

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

/// Of names of files, one that is in this folder.
template <typename Map>
bool has_below(const Map& names, const std::string& folder) {
  const auto next = names.lower_bound(folder + "/");
  return next != names.end() && next->first.starts_with(folder + "/");
}

/// What is in a folder, by name; of what is in a folder in it, by its path.
struct Contents {
  std::set<std::string> ours;     ///< written by quillgen, those edited since among them
  std::set<std::string> edited;   ///< and no longer what was written
  std::set<std::string> foreign;  ///< everything else, folders too
};

/// Folders within a folder are looked into where a file of ours is there, or one of `files` will be.
Contents contents_of(const fs::path& folder, const emit::Files& files = {}) {
  Contents contents;
  const auto record = record_of(folder);
  for (fs::recursive_directory_iterator at(folder), end; at != end; ++at) {
    const auto& entry = *at;
    const auto name = entry.path().lexically_relative(folder).generic_string();
    const bool is_folder = entry.symlink_status().type() == fs::file_type::directory;
    if (is_folder && (has_below(record, name) || has_below(files, name)) && name != draft_name) continue;
    at.disable_recursion_pending();
    if (name == draft_name) continue;
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
    if (files.contains(name) || has_below(files, name))
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

/// Of the folders above one that is to be made, those that are not there: they go again when they stay empty.
class Parents {
 public:
  explicit Parents(fs::path folder) {
    for (folder = folder.parent_path(); !fs::exists(folder); folder = folder.parent_path()) made_.push_back(folder);
    if (!made_.empty()) fs::create_directories(made_.front());
  }
  ~Parents() {
    std::error_code not_empty;
    for (const auto& folder : made_) fs::remove(folder, not_empty);
  }
  Parents(const Parents&) = delete;
  Parents& operator=(const Parents&) = delete;

 private:
  std::vector<fs::path> made_;
};

/// A folder that is removed at the end.
struct Staging {
  fs::path path;
  ~Staging() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

/// What an earlier run left in it when it was killed goes first.
void write_all(const fs::path& staging, const fs::path& folder, const emit::Files& files) {
  fs::remove_all(staging);
  fs::create_directory(staging);
  for (const auto& [name, text] : files) {
    harness::check_interrupt();
    fs::create_directories((staging / name).parent_path());
    std::ofstream file(staging / name, std::ios::binary);
    file << text;
    if (!file.flush()) throw UserError(harness::write_failure(folder / name, errno));
  }
}

/// And its folder in `place`, if nothing else is in it.
void remove_file(const fs::path& place, const std::string& name) {
  fs::remove(place / name);
  std::error_code not_empty;
  if (const auto folder = (place / name).parent_path(); folder != place) fs::remove(folder, not_empty);
}

/// The manifest goes first: whatever the folder then lacks or has too old counts as edited.
void move_all(const fs::path& staging, const fs::path& place) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(staging))
    if (!entry.is_directory()) names.insert(entry.path().lexically_relative(staging).generic_string());
  names.erase(complete_name);
  if (names.contains(manifest_name)) {
    for (const auto& name : contents_of(place).ours)
      if (!names.contains(name)) remove_file(place, name);
    fs::rename(staging / manifest_name, place / manifest_name);
    names.erase(manifest_name);
  }
  for (const auto& name : names) {
    fs::create_directories((place / name).parent_path());
    fs::rename(staging / name, place / name);
  }
}

std::optional<harness::FileLock> locked(const fs::path& folder) {
  auto lock = harness::FileLock::of_existing(folder);
  if (!lock && errno != ENOENT) throw UserError(harness::write_failure(folder, errno));
  return lock;
}

/// Beside it, so that the new folder appears with all that is in it. False when another run makes it too.
bool write_new(const fs::path& folder, const fs::path& place, const emit::Files& files) {
  const auto path = place.parent_path() / (place.filename().string() + draft_name);
  const Parents parents(path);
  fs::create_directory(path);
  const auto lock = locked(path);
  if (!lock) return false;
  Staging staging{path};
  if (fs::exists(place)) return false;
  write_all(path / draft_name, folder, files);
  harness::check_interrupt();
  fs::rename(path / draft_name, place);
  return true;
}

/// Within it: it may be the mount point of another disk. False when it is there no more.
bool write_over(const fs::path& folder, const fs::path& place, const emit::Files& files, bool force) {
  const auto lock = locked(place);
  if (!lock) return false;
  Staging staging{place / draft_name};
  // One that was killed while it moved them: the folder has the new manifest already.
  if (fs::exists(staging.path / complete_name)) move_all(staging.path, place);
  const auto old = contents_of(place, files);
  check_contents(folder, old, files, force);
  write_all(staging.path, folder, files);
  for (const auto& name : old.ours)
    if (files.contains(name)) harness::copy_mode(staging.path / name, place / name);
  harness::check_interrupt();
  std::ofstream(staging.path / complete_name).flush();
  move_all(staging.path, place);
  return true;
}

fs::path place_of(const fs::path& folder) {
  const auto target = fs::weakly_canonical(fs::absolute(harness::link_target(folder)));
  return target.has_filename() ? target : target.parent_path();
}

/// One run at a time has the lock on the folder, or on the one beside it; what it finds there is left of one that was
/// killed.
void write(const fs::path& folder, const emit::Files& files, bool force) {
  const auto place = place_of(folder);
  for (bool written = false; !written;) {
    const bool exists = fs::exists(place);
    if (exists && !fs::is_directory(place))
      throw UserError(fmt::format("{}: is a file; name a folder", folder.string()));
    written = exists ? write_over(folder, place, files, force) : write_new(folder, place, files);
  }
}

}  // namespace

void write_folder(const fs::path& folder, emit::Files files, bool force) {
  add_record(files);
  try {
    write(folder, files, force);
  } catch (const fs::filesystem_error& e) {
    throw UserError(harness::write_failure(folder, e.code().value()));
  }
}

void refuse_existing(const fs::path& folder) {
  std::error_code unreadable;
  if (fs::symlink_status(folder, unreadable).type() != fs::file_type::not_found)
    throw UserError(fmt::format("{}: is there already: name a new folder, or remove it first", folder.string()));
}

void write_new_folder(const fs::path& folder, const emit::Files& files) {
  refuse_existing(folder);
  try {
    if (!write_new(folder, place_of(folder), files)) refuse_existing(folder);
  } catch (const fs::filesystem_error& e) {
    throw UserError(harness::write_failure(folder, e.code().value()));
  }
}

}  // namespace quillgen::cli
