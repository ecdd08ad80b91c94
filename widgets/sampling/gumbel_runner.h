// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <optional>

#include <QObject>
#include <QThreadPool>

#include "widgets/sampling/gumbel_experiment.h"

namespace quantarium::widgets {

/// Runs experiments in a thread of its own, one at a time. While one runs, only the newest request waits;
/// those it replaces are never run. Thread: GUI.
class GumbelRunner : public QObject {
    Q_OBJECT
public:
    explicit GumbelRunner(QObject* parent = nullptr);
    ~GumbelRunner() override;

    void request(const GumbelRequest& request);
    bool isBusy() const { return m_busy; }

signals:
    void finished(std::shared_ptr<const quantarium::widgets::GumbelResult> result);
    /// A request that can't be run, as text.
    void failed(const QString& message);

private:
    void start(const GumbelRequest& request);
    void done();

    QThreadPool m_pool;
    std::optional<GumbelRequest> m_waiting;
    bool m_busy = false;
};

} // namespace quantarium::widgets
