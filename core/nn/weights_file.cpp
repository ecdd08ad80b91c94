// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/weights_file.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "core/base/error.h"
#include "core/nn/binary_file.h"
#include "core/nn/torch_file.h"

namespace quantarium::nn {

namespace {

constexpr std::uint64_t kStartBytes = 9; ///< a safetensors file's length, and the first byte of its header
constexpr std::size_t kShownBytes = 4;

/// Names of the attribute that holds the network in DataParallel, Lightning, torch.compile and scripts.
constexpr std::array<std::string_view, 5> kPrefixes = {"module.", "model.", "net.", "network.", "_orig_mod."};

enum class Format { Safetensors, Zip, Legacy, Unknown };

Format formatOf(std::string_view start, std::uint64_t fileBytes) {
    const bool header =
        start.size() == kStartBytes && littleEndian<std::uint64_t>(start, 0) <= fileBytes - (kStartBytes - 1);
    if (header && start.back() == '{') return Format::Safetensors;
    if (start.starts_with("PK\x03\x04")) return Format::Zip;
    if (start.size() > 1 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5) return Format::Legacy;
    return header ? Format::Safetensors : Format::Unknown;
}

std::string bytesText(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes.substr(0, kShownBytes)) {
        char hexadecimal[4];
        std::snprintf(hexadecimal, sizeof hexadecimal, " %02x", static_cast<unsigned char>(byte));
        text += hexadecimal;
    }
    return text;
}

[[noreturn]] void refuse(std::string_view start, const BinaryFile& file) {
    throw Error(ErrorKind::Data,
                file.size() == 0
                    ? "the file is empty"
                    : "the file is neither in safetensors nor in PyTorch's format; it begins with "
                      "the bytes" +
                          bytesText(start),
                file.where(), "Give a safetensors file or a PyTorch state dict.");
}

TensorFile readAny(const std::filesystem::path& path) {
    BinaryFile file(path);
    const auto start = file.read(0, std::min(kStartBytes, file.size()));
    switch (formatOf(start, file.size())) {
    case Format::Safetensors:
        return readTensorFile(path);
    case Format::Zip:
        return readTorchZip(file);
    case Format::Legacy:
        return readTorchLegacy(file);
    case Format::Unknown:
        break;
    }
    refuse(start, file);
}

using Tensors = std::map<std::string, torch::Tensor>;

bool allBeginWith(const Tensors& tensors, std::string_view prefix) {
    return !tensors.empty() && std::all_of(tensors.begin(), tensors.end(), [&](const auto& item) {
        return item.first.size() > prefix.size() && item.first.starts_with(prefix);
    });
}

/// Wrappers may be nested: "_orig_mod.module.conv1.weight".
Tensors withoutPrefixes(Tensors tensors) {
    for (;;) {
        const auto prefix = std::find_if(kPrefixes.begin(), kPrefixes.end(),
                                         [&](std::string_view word) { return allBeginWith(tensors, word); });
        if (prefix == kPrefixes.end()) return tensors;
        Tensors shorter;
        for (auto& [name, tensor] : tensors)
            shorter.emplace(name.substr(prefix->size()), std::move(tensor));
        tensors = std::move(shorter);
    }
}

} // namespace

TensorFile readWeightsFile(const std::filesystem::path& path) {
    TensorFile content = readAny(path);
    content.tensors = withoutPrefixes(std::move(content.tensors));
    for (auto& [name, tensor] : content.tensors)
        if (tensor.is_floating_point()) tensor = tensor.to(torch::kFloat32);
    return content;
}

} // namespace quantarium::nn
