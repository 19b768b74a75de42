// Standard output that nobody reads, or that the disk does not take, is no success.
#pragma once

namespace quillgen::cli {

/// At the start of the program: writing to a closed pipe or beyond a limit fails and does not end the program, so that
/// temporary files are removed first; descriptors that were closed are not given to files of ours.
void guard_standard_output();

/// At its end: writes what is left. The exit status: 2 and a line on stderr instead of 0 when something did not get
/// out, `error` being the value of errno if it is known already. A closed pipe ends the program by SIGPIPE, as usual.
int finish_standard_output(int exit_status, int error = 0);

}  // namespace quillgen::cli
