// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/compare.h"

#include <cstdlib>
#include <cstring>
#include <sstream>

namespace quantarium::testing {

namespace {

std::string shapes(const torch::Tensor& actual, const torch::Tensor& expected) {
    std::ostringstream text;
    text << "shape " << actual.sizes() << " " << actual.dtype() << ", expected " << expected.sizes() << " "
         << expected.dtype();
    return text.str();
}

} // namespace

std::string difference(const torch::Tensor& actual, const torch::Tensor& expected, double tolerance) {
    if (actual.sizes() != expected.sizes()) return shapes(actual, expected);
    if (actual.numel() == 0) return {};
    const auto a = actual.detach().to(torch::kCPU, torch::kFloat64).flatten();
    const auto b = expected.detach().to(torch::kCPU, torch::kFloat64).flatten();
    const auto error = (a - b).abs();
    if (error.isnan().any().item<bool>()) return "not a number in the result";
    const auto place = error.argmax().item<std::int64_t>();
    const double largest = error[place].item<double>();
    if (largest <= tolerance) return {};
    std::ostringstream text;
    text.precision(12);
    text << "largest error " << largest << " > " << tolerance << " at flat index " << place << ": "
         << a[place].item<double>() << ", expected " << b[place].item<double>();
    return text.str();
}

std::string bitDifference(const torch::Tensor& actual, const torch::Tensor& expected) {
    if (actual.sizes() != expected.sizes() || actual.dtype() != expected.dtype())
        return shapes(actual, expected);
    const auto a = actual.detach().cpu().contiguous();
    const auto b = expected.detach().cpu().contiguous();
    const auto size = a.element_size();
    const auto* first = static_cast<const char*>(a.data_ptr());
    const auto* second = static_cast<const char*>(b.data_ptr());
    for (std::int64_t i = 0; i < a.numel(); ++i)
        if (std::memcmp(first + i * size, second + i * size, size) != 0) {
            std::ostringstream text;
            text.precision(17);
            text << "first different bits at flat index " << i << ": " << a.flatten()[i].item<double>()
                 << ", expected " << b.flatten()[i].item<double>();
            return text.str();
        }
    return {};
}

TemporaryFolder::TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "quantarium-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    m_path = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
}

std::filesystem::path realData() {
    const char* folder = std::getenv("QUANTARIUM_DATA");
    return folder == nullptr ? std::filesystem::path() : std::filesystem::path(folder);
}

} // namespace quantarium::testing
