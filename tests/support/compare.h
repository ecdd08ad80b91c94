// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include <torch/types.h>

namespace quantarium::testing {

/// Empty when |actual − expected| ≤ tolerance everywhere; else a text with the largest error and its place,
/// for QVERIFY2.
std::string difference(const torch::Tensor& actual, const torch::Tensor& expected, double tolerance);

/// Empty when equal bit for bit (NaN patterns too); else where the first difference is.
std::string bitDifference(const torch::Tensor& actual, const torch::Tensor& expected);

/// A folder that is removed with the object.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return m_path; }

private:
    std::filesystem::path m_path;
};

/// The folder of real data, or empty: tests that can use it look here and say so when it is absent.
std::filesystem::path realData();

} // namespace quantarium::testing

/// QVERIFY2 for the functions above.
#define QVERIFY_SAME(expression)                                                                             \
    do {                                                                                                     \
        const std::string problem = (expression);                                                            \
        QVERIFY2(problem.empty(), problem.c_str());                                                          \
    } while (false)
