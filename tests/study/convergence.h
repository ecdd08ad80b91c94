// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "core/run/run_config.h"
#include "tests/support/compare.h"

namespace quantarium::testing {

/// What a method must reach, in percentage points above or below the float network that it starts from, and
/// why no more.
struct Band {
    const char* method;
    std::int64_t bits;
    const char* options;
    double rate; ///< learning rate
    double lowest;
    const char* reason;
};

// 1,000 test images: one measurement has a standard deviation of about 1.2 points, a difference of two 1.7; a
// band of 5 is three of those. Wider ones have their reason.
constexpr double kNoise = -5.0;
constexpr double kSearchRate = 0.1; ///< as published for the search methods
constexpr double kRate = 0.02;

/// ResNet-20 on the embedded data, one thread: a float network, then methods that start from it.
class Convergence {
public:
    /// Trains the float network.
    explicit Convergence(const std::string& nonlinearity = "relu");

    double floatTop1() const { return m_float; }

    /// A short run that starts from the float network: change it, then train it.
    RunConfig fromFloat(double rate) const;

    /// Test top-1 of the last epoch, 0 if the run failed.
    double trained(const std::string& name, const RunConfig& config) const;

private:
    RunConfig base() const;
    std::filesystem::path model() const;

    std::string m_nonlinearity;
    TemporaryFolder m_temporary;
    double m_float = 0;
};

/// Column `row` with one named row a band.
void addBands(std::span<const Band> bands);

/// The accuracy lies in its band: else the text that says by how much it doesn't, and why it should.
std::string outsideOf(const Band& band, double top1, double floatTop1);

} // namespace quantarium::testing
