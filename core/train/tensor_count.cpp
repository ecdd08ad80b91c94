// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/tensor_count.h"

#include <atomic>
#include <cstring>

#include <c10/core/CPUAllocator.h>

namespace quantarium::train::tensor_count {

namespace {

std::atomic<std::int64_t> bytesNow{0};
std::atomic<std::int64_t> bytesMost{0};

void count(std::int64_t bytes) {
    const auto now = bytesNow.fetch_add(bytes) + bytes;
    auto most = bytesMost.load();
    while (now > most && !bytesMost.compare_exchange_weak(most, now)) {
    }
}

/// Each block carries its size in front, in as many bytes as LibTorch aligns blocks to.
class CountingAllocator final : public c10::Allocator {
public:
    // LibTorch 1.13 declares this one const, 2.3 the other; 2.x wants copy_data. Hence no `override`.
    c10::DataPtr allocate(std::size_t bytes) const { return take(bytes); }
    c10::DataPtr allocate(std::size_t bytes) { return take(bytes); }
    void copy_data(void* to, const void* from, std::size_t bytes) const { std::memcpy(to, from, bytes); }

    c10::DeleterFnPtr raw_deleter() const override { return &release; }

    /// Called once, before main().
    static bool install() {
        original = c10::GetCPUAllocator();
        c10::SetCPUAllocator(new CountingAllocator, kPriority); // kept: tensors may outlive main()
        return true;
    }

private:
    static constexpr std::size_t kFront = 64;
    static constexpr std::uint8_t kPriority = 255; ///< LibTorch takes the new one where it is not lower
    static inline c10::Allocator* original = nullptr;

    static c10::DataPtr take(std::size_t bytes) {
        const c10::Device cpu(c10::DeviceType::CPU);
        if (bytes == 0) return {nullptr, nullptr, &release, cpu};
        auto* const block = static_cast<char*>(original->raw_allocate(bytes + kFront));
        const auto size = static_cast<std::int64_t>(bytes);
        std::memcpy(block, &size, sizeof size);
        count(size);
        void* const data = block + kFront;
        return {data, data, &release, cpu};
    }

    static void release(void* data) {
        if (data == nullptr) return;
        auto* const block = static_cast<char*>(data) - kFront;
        std::int64_t size = 0;
        std::memcpy(&size, block, sizeof size);
        count(-size);
        original->raw_deallocate(block);
    }
};

const bool installed = CountingAllocator::install();

} // namespace

std::int64_t now() {
    return installed ? bytesNow.load() : 0;
}

std::int64_t most() {
    return bytesMost.load();
}

void beginAnew() {
    bytesMost.store(bytesNow.load());
}

} // namespace quantarium::train::tensor_count
