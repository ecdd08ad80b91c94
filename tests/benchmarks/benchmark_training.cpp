// SPDX-License-Identifier: GPL-3.0-or-later
// Paired ratios of interleaved training steps; see README.md.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

#include <sys/wait.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/quant/activation_quantizer.h"
#include "core/quant/weight_quantizer.h"
#include "core/train/memory.h"
#include "tests/benchmarks/contenders.h"
#include "tests/benchmarks/paired.h"
#include "tests/benchmarks/random_images.h"

using namespace quantarium;
using namespace quantarium::benchmarks;

namespace {

constexpr int kWarmUpRounds = 3;
constexpr int kMemoryRounds = 6;

using Make = std::function<std::unique_ptr<Contender>(const StepSettings&)>;

Make session(const std::string& name, const std::string& method, std::int64_t bits,
             const std::string& precision = "fp32", Stage stage = Stage::FirstEpoch) {
    return [=](const StepSettings& settings) {
        const auto change = [&](RunConfig& config) {
            config.weights.method = method;
            config.weights.bits = bits;
            config.machine.precision = precision;
        };
        return sessionContender(name, settings, change, stage);
    };
}

Make inputs(const std::string& name, const std::string& nonlinearity, const std::string& method,
            std::int64_t bits) {
    return [=](const StepSettings& settings) {
        return sessionContender(name, settings, [&](RunConfig& config) {
            config.network.options = {{"nonlinearity", nonlinearity}};
            config.activations.method = method;
            config.activations.bits = bits;
        });
    };
}

Make expanded(const std::string& name, std::int64_t bits) {
    return [=](const StepSettings& settings) { return expandedContender(name, settings, bits); };
}

std::vector<Make> methods() {
    return {session("float", "float", 32),
            session("INQ 5 bits, half frozen", "inq", 5),
            session("INQ 5 bits, last portion", "inq", 5, "fp32", Stage::LastEpoch),
            session("INQ 3 bits, half frozen", "inq", 3),
            session("RDHS 1 bit", "rdhs", 1),
            session("RDHS 3 bits", "rdhs", 3),
            session("SGT 1 bit", "sgt", 1),
            session("SGT 3 bits", "sgt", 3),
            expanded("RDHS 1 bit, expanded (Figure 3)", 1),
            expanded("RDHS 3 bits, expanded (Figure 3)", 3)};
}

bool listed(const std::string& id, const std::string& only) {
    return only.empty() || ("," + only + ",").find("," + id + ",") != std::string::npos;
}

/// Every method of the registry at its default bits, or float and those of the list.
std::vector<Make> registry(const std::string& only) {
    std::vector<Make> all;
    for (const auto& method : quant::builtinWeightMethods().entries())
        if (method.schema.id == "float" || listed(method.schema.id, only))
            all.push_back(session(method.schema.id == "float"
                                      ? "float"
                                      : method.schema.id + ", " + bitsText(method.defaultBits),
                                  method.schema.id, method.defaultBits));
    return all;
}

/// Every activation method (or those of the list) at its default bits, with float weights, behind the float
/// network; those that need inputs below 0 in a network with hardtanh, in a group of their own.
std::vector<std::vector<Make>> activations(const std::string& only) {
    std::vector<Make> ordinary{session("float", "float", 32)};
    std::vector<Make> signedInputs{inputs("float with hardtanh", "hardtanh", "none", 32)};
    for (const auto& method : quant::builtinActivationMethods().entries()) {
        const auto& id = method.schema.id;
        if (!listed(id, only)) continue;
        auto& group = method.needsNegative ? signedInputs : ordinary;
        group.push_back(inputs("inputs " + id + ", " + bitsText(method.defaultBits),
                               method.needsNegative ? "hardtanh" : "relu", id, method.defaultBits));
    }
    std::vector<std::vector<Make>> groups;
    for (auto& group : {ordinary, signedInputs})
        if (group.size() > 1) groups.push_back(group);
    return groups;
}

std::vector<Make> eager() {
    return {
        [](const StepSettings& settings) { return eagerContender("PyTorch eager, float FP32", settings); },
        session("float FP32", "float", 32), session("float bf16", "float", 32, "bf16")};
}

void runInterleaved(const std::vector<Make>& makers, const StepSettings& settings, int rounds) {
    std::vector<std::unique_ptr<Contender>> contenders;
    for (const auto& make : makers)
        contenders.push_back(make(settings));
    std::vector<std::vector<double>> seconds(contenders.size());
    for (int round = 0; round < rounds + kWarmUpRounds; ++round)
        for (std::size_t i = 0; i < contenders.size(); ++i) {
            const auto turn = (i + static_cast<std::size_t>(round)) % contenders.size();
            const double time = contenders[turn]->step();
            if (round >= kWarmUpRounds) seconds[turn].push_back(time);
        }
    std::printf("%-36s %12s %12s   time relative to %s, 95 %% interval\n", "", "ms / step", "images / s",
                contenders[0]->name().c_str());
    for (std::size_t i = 0; i < contenders.size(); ++i) {
        const double typical = median(seconds[i]);
        std::printf("%-36s %12.1f %12.0f   %s\n", contenders[i]->name().c_str(), 1000 * typical,
                    static_cast<double>(settings.batch) / typical,
                    toString(pairedRatio(seconds[i], seconds[0])).c_str());
    }
}

/// Peak resident memory of some steps in a child process of its own, bytes.
double peakOf(const Make& make, const StepSettings& settings, std::string& name) {
    int channel[2];
    if (::pipe(channel) != 0) return -1;
    const pid_t child = ::fork();
    if (child == 0) {
        train::keepFreedMemory();
        const train::PeakMeter meter;
        const auto contender = make(settings);
        for (int i = 0; i < 5; ++i)
            contender->step();
        std::FILE* out = ::fdopen(channel[1], "w");
        std::fprintf(out, "%.0f %s\n", meter.peak().value_or(-1), contender->name().c_str());
        std::fclose(out);
        ::_exit(0);
    }
    ::close(channel[1]);
    std::FILE* in = ::fdopen(channel[0], "r");
    double bytes = -1;
    char text[200] = "";
    if (std::fscanf(in, "%lf %199[^\n]", &bytes, text) != 2) bytes = -1;
    std::fclose(in);
    ::waitpid(child, nullptr, 0);
    name = text;
    return bytes;
}

void runMemory(const std::vector<Make>& makers, const StepSettings& settings, int rounds) {
    std::vector<std::string> names(makers.size());
    std::vector<std::vector<double>> bytes(makers.size());
    for (int round = 0; round < rounds; ++round)
        for (std::size_t i = 0; i < makers.size(); ++i)
            bytes[i].push_back(peakOf(makers[i], settings, names[i]));
    std::printf("%-36s %12s   relative to %s (whole process), 95 %% interval\n", "", "peak MiB",
                names[0].c_str());
    for (std::size_t i = 0; i < makers.size(); ++i)
        std::printf("%-36s %12.0f   %s\n", names[i].c_str(), median(bytes[i]) / 1048576,
                    toString(pairedRatio(bytes[i], bytes[0])).c_str());
}

} // namespace

int main(int argc, char** argv) {
    StepSettings settings;
    int rounds = 30;
    std::string what = argc > 1 ? argv[1] : "";
    std::string only;
    for (int i = 2; i + 1 < argc; i += 2) {
        if (std::strcmp(argv[i], "--rounds") == 0) rounds = std::max(2, std::atoi(argv[i + 1]));
        if (std::strcmp(argv[i], "--only") == 0) only = argv[i + 1];
        if (std::strcmp(argv[i], "--threads") == 0) settings.threads = std::max(1, std::atoi(argv[i + 1]));
    }
    if (what != "methods" && what != "memory" && what != "all" && what != "activations" && what != "eager") {
        std::fprintf(
            stderr,
            "usage: benchmark_training methods|memory|all|activations|eager [--rounds N] [--threads N] "
            "[--only ID,ID]\n");
        return 2;
    }
    settings.dataFolder =
        std::filesystem::temp_directory_path() / ("quantarium-benchmark-" + std::to_string(::getpid()));
    writeRandomImages(settings.dataFolder, 128);
    if (what == "methods" || what == "eager") train::keepFreedMemory();
    if (what == "methods") runInterleaved(methods(), settings, rounds);
    if (what == "eager") runInterleaved(eager(), settings, rounds);
    if (what == "memory") runMemory(methods(), settings, std::min(rounds, kMemoryRounds));
    if (what == "all" || what == "activations") {
        const auto groups =
            what == "all" ? std::vector<std::vector<Make>>{registry(only)} : activations(only);
        for (const auto& group : groups) // forks: before any thread is started
            runMemory(group, settings, std::min(rounds, kMemoryRounds));
        train::keepFreedMemory();
        for (const auto& group : groups) {
            std::printf("\n");
            runInterleaved(group, settings, rounds);
        }
    }
    std::filesystem::remove_all(settings.dataFolder);
    return 0;
}
