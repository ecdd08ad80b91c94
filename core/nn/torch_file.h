// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/nn/binary_file.h"
#include "core/nn/tensor_file.h"

namespace quantarium::nn {

/// Reads a state dict that PyTorch 1.6 or newer has saved: a zip archive of stored entries with
/// `<name>/data.pkl`, `<name>/data/<key>` and, since 2.1, `<name>/byteorder`. Runs nothing of it. Throws
/// Error(Data) naming file, place and remedy for whatever is cut, damaged, hostile or more than a state dict.
TensorFile readTorchZip(BinaryFile& file);

/// The same for the format before: the pickles of a magic number, of the version 1001, of system information,
/// of the object and of a list of keys, then each key's number of elements (8 bytes) and data.
TensorFile readTorchLegacy(BinaryFile& file);

} // namespace quantarium::nn
