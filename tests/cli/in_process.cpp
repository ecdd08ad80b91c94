// SPDX-License-Identifier: GPL-3.0-or-later
#include <torch/types.h>

#include <sstream>
#include <string>
#include <vector>

#include "app/cli/command_line.h"
#include "tests/cli/in_process.h"

namespace quantarium::testing {

CliOutcome runInProcess(const QStringList& arguments) {
    std::vector<std::string> texts{"quantarium-cli"};
    for (const auto& argument : arguments)
        texts.push_back(argument.toStdString());
    std::vector<const char*> pointers;
    for (const auto& text : texts)
        pointers.push_back(text.c_str());
    std::ostringstream out;
    std::ostringstream error;
    const int code = cli::runCommandLine(static_cast<int>(pointers.size()), pointers.data(),
                                         train::Registries::builtin(), out, error);
    return {code, QByteArray::fromStdString(out.str()), QByteArray::fromStdString(error.str())};
}

} // namespace quantarium::testing
