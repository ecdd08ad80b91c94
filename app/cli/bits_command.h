// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace CLI {
class App;
}

namespace quantarium::cli {

struct Program;

/// bits: which widths a trained network stands without retraining.
void addBitsCommand(CLI::App& app, Program& program);

} // namespace quantarium::cli
