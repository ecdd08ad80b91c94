// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/benchmarks/random_images.h"

#include <fstream>

#include "core/base/files.h"
#include "core/base/random.h"

namespace quantarium::benchmarks {

void writeRandomImages(const std::filesystem::path& folder, int recordsPerFile) {
    createFolder(folder);
    RandomStream random(1);
    for (const char* name : {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                             "data_batch_5.bin", "test_batch.bin"}) {
        std::string content;
        for (int record = 0; record < recordsPerFile; ++record) {
            content += static_cast<char>(random.below(10));
            for (int word = 0; word < 384; ++word) {
                const auto bits = random.next();
                content.append(reinterpret_cast<const char*>(&bits), sizeof bits);
            }
        }
        std::ofstream(folder / name, std::ios::binary) << content;
    }
    std::ofstream(folder / "batches.meta.txt")
        << "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n";
}

} // namespace quantarium::benchmarks
