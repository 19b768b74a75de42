// Included before Verilator's writer of waveforms (FST), which maps its temporary files into memory, where a full disk
// means SIGBUS, and which never asks whether a write succeeded. With this its temporary files are memory only, and it
// is known when a file did not take all of its data.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

bool quillgen_disk_full = false;  ///< from the first failed write on

static std::FILE* quillgen_tmpfile() {
  const int file = memfd_create("waveform", MFD_CLOEXEC);
  return file < 0 ? nullptr : fdopen(file, "w+b");
}

/// FILE.fst.hier and FILE.fst.hier_<process> are temporary too.
static std::FILE* quillgen_fopen(const char* path, const char* mode) {
  const char* slash = std::strrchr(path, '/');
  const bool temporary = *mode == 'w' && std::strstr(slash ? slash : path, ".hier");
  return temporary ? quillgen_tmpfile() : std::fopen(path, mode);
}

static int quillgen_fflush(std::FILE* file) {
  const int result = std::fflush(file);
  if (result != 0 || std::ferror(file)) quillgen_disk_full = true;
  return result;
}

static int quillgen_fclose(std::FILE* file) {
  if (std::ferror(file)) quillgen_disk_full = true;
  const int result = std::fclose(file);
  if (result != 0) quillgen_disk_full = true;
  return result;
}

#define tmpfile quillgen_tmpfile
#define fopen quillgen_fopen
#define fflush quillgen_fflush
#define fclose quillgen_fclose
