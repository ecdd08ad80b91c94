// SPDX-License-Identifier: GPL-3.0-or-later
#include <iostream>

#include "app/cli/command_line.h"
#include "core/base/files.h"
#include "core/train/registries.h"

int main(int argc, char** argv) {
    quantarium::reportFileSizeLimits();
    return quantarium::cli::runCommandLine(argc, argv, quantarium::train::Registries::builtin(), std::cout,
                                           std::cerr);
}
