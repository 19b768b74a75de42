// A folder of generated files. Its manifest records a hash of each file, so that a later run knows what is its own.
#pragma once
#include <filesystem>

#include "emit/design_files.hpp"

namespace quillgen::cli {

/// Writes `files`, one of them manifest.json, into `folder`; they appear when all of them are written. An older output
/// is replaced, its files that are no longer produced are removed. UserError when the folder cannot be written, and
/// unless `force` is set when it holds anything that quillgen did not write or that was edited since. A file that
/// quillgen did not write is never touched: UserError if its name is needed. Throws harness::Interrupted.
void write_folder(const std::filesystem::path& folder, emit::Files files, bool force = false);

/// Throws UserError if there is anything at `folder`.
void refuse_existing(const std::filesystem::path& folder);

/// The same for a folder that is written once and is not there yet; no record is added. UserError when it is.
void write_new_folder(const std::filesystem::path& folder, const emit::Files& files);

}  // namespace quillgen::cli
