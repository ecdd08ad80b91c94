// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/start_weights.h"

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/nn/binary_file.h"
#include "core/nn/weights_file.h"
#include "core/train/session.h"

namespace quantarium::train {

namespace {

constexpr std::size_t kNamesShown = 6;
constexpr std::size_t kLongestShown = 200;
constexpr const char* kOwnPrefix = "quantarium."; ///< codes and scales in a run's model file
constexpr const char* kCounter = "num_batches_tracked";

using Tensors = std::map<std::string, torch::Tensor>;

Tensors stateOf(torch::nn::Module& network) {
    Tensors state;
    for (const auto& item : network.named_parameters())
        state.emplace(item.key(), item.value());
    for (const auto& item : network.named_buffers())
        state.emplace(item.key(), item.value());
    return state;
}

template <class Value> std::string textOf(const Value& value) {
    std::ostringstream text;
    text << value;
    return text.str();
}

/// "2 tensors are missing (a, b)"; nothing for an empty list.
void addProblem(std::vector<std::string>& problems, std::vector<std::string> names, const std::string& what) {
    if (names.empty()) return;
    const auto count = names.size();
    for (auto& name : names)
        name = nn::shown(name, kLongestShown);
    if (count > kNamesShown) {
        names.resize(kNamesShown);
        names.push_back("and " + std::to_string(count - kNamesShown) + " more");
    }
    problems.push_back(std::to_string(count) + (count == 1 ? " tensor is " : " tensors are ") + what + " (" +
                       join(names) + ")");
}

/// Nothing is changed before all problems are known.
void requireFit(const Tensors& wanted, const Tensors& given, const std::filesystem::path& file) {
    std::vector<std::string> missing;
    std::vector<std::string> foreign;
    std::vector<std::string> misshapen;
    std::vector<std::string> mistyped;
    for (const auto& [name, tensor] : wanted) {
        const auto found = given.find(name);
        if (found == given.end()) {
            if (!name.ends_with(kCounter)) missing.push_back(name);
        } else if (found->second.sizes() != tensor.sizes()) {
            misshapen.push_back(name + " " + textOf(found->second.sizes()) + " instead of " +
                                textOf(tensor.sizes()));
        } else if (found->second.is_floating_point() != tensor.is_floating_point()) {
            mistyped.push_back(name + " " + textOf(found->second.scalar_type()) + " instead of " +
                               textOf(tensor.scalar_type()));
        }
    }
    for (const auto& item : given)
        if (!wanted.contains(item.first) && !item.first.starts_with(kOwnPrefix))
            foreign.push_back(item.first);
    std::vector<std::string> problems;
    addProblem(problems, missing, "missing");
    addProblem(problems, foreign, "not in this network");
    addProblem(problems, misshapen, "of another shape");
    addProblem(problems, mistyped, "of another kind of number");
    if (problems.empty()) return;
    throw Error(ErrorKind::Data, "the weights don't fit this network: " + join(problems, "; "), file.string(),
                "Start from weights of the same network, input shape and number of classes.");
}

} // namespace

void loadStart(nn::Network& network, const std::filesystem::path& file) {
    const auto given = nn::readWeightsFile(file).tensors;
    const auto state = stateOf(network);
    requireFit(state, given, file);
    torch::NoGradGuard guard;
    for (const auto& [name, tensor] : state)
        if (const auto found = given.find(name); found != given.end())
            torch::Tensor(tensor).copy_(found->second);
}

void requireStartFits(const RunConfig& config, const Registries& registries,
                      const std::filesystem::path& file) {
    const auto dataset = describeData(config, registries);
    const auto& entry = registries.networks.at(config.network.id, "network.id");
    const auto network = entry.make(
        {dataset.imageShape[0], dataset.imageShape[1], dataset.imageShape[2]}, dataset.classes,
        Options::validated(entry.schema.options, config.network.options, "network.options"), config.seed);
    requireFit(stateOf(*network), nn::readWeightsFile(file).tensors, file);
}

} // namespace quantarium::train
