// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/study/convergence.h"

#include <QtTest>

#include "core/train/resolve.h"
#include "core/train/trainer.h"
#include "tests/support/small_run.h"

namespace quantarium::testing {

Convergence::Convergence(const std::string& nonlinearity) : m_nonlinearity(nonlinearity) {
    auto config = base();
    config.training.epochs = 8;
    config.training.optimizer.options = {{"lr", 0.1}};
    config.training.schedule.id = "one-cycle";
    m_float = trained("float", config);
}

RunConfig Convergence::base() const {
    RunConfig config;
    config.dataset.id = "shapes10";
    config.dataset.limit = 4000;
    config.dataset.testLimit = 1000;
    config.network.id = "resnet20";
    config.network.options = {{"nonlinearity", m_nonlinearity}};
    config.training.batch = 64;
    config.machine.threads = 1;
    return config;
}

RunConfig Convergence::fromFloat(double rate) const {
    auto config = base();
    config.dataset.limit = 2000;
    config.start.from = "run";
    config.start.path = "float";
    config.training.epochs = 3;
    config.training.optimizer.options = {{"lr", rate}};
    return config;
}

std::filesystem::path Convergence::model() const {
    return train::RunFolder(m_temporary.path() / "float").modelFile();
}

double Convergence::trained(const std::string& name, const RunConfig& config) const {
    EventLog log;
    const auto& registries = train::Registries::builtin();
    const auto start = config.start.from == "run" ? model() : std::filesystem::path();
    const auto ended =
        train::runTraining(name, train::resolve(config, registries),
                           train::RunFolder(m_temporary.path() / name), start, registries, log, {});
    return ended.state == RunState::Finished ? ended.result.at("last").at("test_top1").get<double>() : 0;
}

void addBands(std::span<const Band> bands) {
    QTest::addColumn<int>("row");
    for (std::size_t i = 0; i < bands.size(); ++i)
        QTest::addRow("%s, %d bits %s", bands[i].method, static_cast<int>(bands[i].bits), bands[i].options)
            << static_cast<int>(i);
}

std::string outsideOf(const Band& band, double top1, double floatTop1) {
    const auto text =
        QString("%1 % after float's %2 %: %3 points").arg(top1).arg(floatTop1).arg(top1 - floatTop1);
    qInfo().noquote() << text;
    if (top1 - floatTop1 >= band.lowest) return {};
    return (text + "; expected " + QString::number(band.lowest) + ": " + band.reason).toStdString();
}

} // namespace quantarium::testing
