// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/nn/weights_folder.h"

#include <fstream>

#include "core/base/error.h"

namespace quantarium::testing {

nn::TensorFile WeightsFolder::read(const std::string& bytes) const {
    std::ofstream(file(), std::ios::binary) << bytes;
    return nn::readWeightsFile(file());
}

std::string WeightsFolder::refusal(const std::string& bytes) const {
    try {
        read(bytes);
        return {};
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Data || !error.where().starts_with(file().string()) ||
            error.remedy().empty())
            return std::string("unexpected: ") + error.what();
        return error.where().substr(file().string().size()) + ": " + error.problem();
    }
}

} // namespace quantarium::testing
