// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/exit_code.h"

namespace quantarium::cli {

ExitCode exitCodeFor(ErrorKind kind) {
    switch (kind) {
    case ErrorKind::Config:
        return ExitCode::Usage;
    case ErrorKind::Data:
        return ExitCode::Data;
    case ErrorKind::Storage:
        return ExitCode::Storage;
    case ErrorKind::Resource:
        return ExitCode::Resource;
    case ErrorKind::Run:
        return ExitCode::RunFailed;
    }
    return ExitCode::Internal;
}

std::string exitCodeHelp() {
    return "Exit codes:\n"
           "    0  everything asked for was done\n"
           "    1  an error in the program itself; please report it\n"
           "    2  the command line or a configuration is wrong, or asks for too many processors\n"
           "    3  a dataset or another file that a run needs is missing or damaged\n"
           "    4  a workspace or run folder can't be read or written, or its disk is full\n"
           "    5  a run failed in training, for example because its loss was no longer finite\n"
           "    6  not enough memory\n"
           "  130  interrupted by Ctrl-C or SIGTERM; the runs can be resumed\n";
}

} // namespace quantarium::cli
