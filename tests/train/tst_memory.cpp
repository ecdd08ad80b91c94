// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <thread>

#include <torch/types.h>

#include "core/train/memory.h"

using namespace quantarium::train;

namespace {
constexpr std::int64_t kFloats = 1 << 20;
constexpr double kBytes = 4.0 * kFloats;
} // namespace

class TestMemory : public QObject {
    Q_OBJECT

private slots:
    void tensorsAreCountedToTheByte() {
        const auto before = torch::ones({kFloats}); // older than the meter
        const PeakMeter meter;
        QVERIFY(meter.tensors() == 0.0);
        {
            const auto one = torch::ones({kFloats});
            const auto two = one + before;
            QCOMPARE(two.sum().item<double>(), 2.0 * kFloats);
        }
        const auto three = torch::empty({kFloats});
        QVERIFY(meter.tensors() >= 2 * kBytes && meter.tensors() < 2 * kBytes + 4096);
        QVERIFY(meter.peak() > 2 * kBytes);
    }

    void anotherThreadsTensorsCount() {
        const PeakMeter meter;
        torch::Tensor made;
        std::thread([&] { made = torch::ones({kFloats}); }).join();
        made.reset();
        QVERIFY(meter.tensors() >= kBytes && meter.tensors() < kBytes + 4096);
    }

    void sizesMayChangeAndBeNothing() {
        const PeakMeter meter;
        auto tensor = torch::empty({0});
        tensor.resize_({kFloats}).fill_(3);
        QCOMPARE(tensor.mean().item<double>(), 3.0);
        QVERIFY(reinterpret_cast<std::uintptr_t>(tensor.data_ptr()) % 64 == 0); // as LibTorch's own allocator
        QVERIFY(meter.tensors() >= kBytes);
    }

    void twoAtOnceTellNothing() {
        const PeakMeter one;
        {
            const PeakMeter two;
            QVERIFY(!two.tensors() && !two.peak());
        }
        QVERIFY(!one.tensors() && !one.peak());
        const PeakMeter later;
        QVERIFY(!later.tensors());
    }
};

QTEST_GUILESS_MAIN(TestMemory)
#include "tst_memory.moc"
