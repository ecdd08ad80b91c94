// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/terminal.h"

#include <clocale>
#include <cstdlib>
#include <cstring>

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace quantarium::cli {

Terminal Terminal::detect() {
    const char* const term = std::getenv("TERM");
    Terminal terminal;
    terminal.interactive = isatty(STDERR_FILENO) != 0 && term && std::strcmp(term, "dumb") != 0;
    std::setlocale(LC_CTYPE, "");
    terminal.unicode = std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    return terminal;
}

std::size_t terminalWidth() {
    winsize size{};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

} // namespace quantarium::cli
