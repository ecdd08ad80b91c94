// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/sampling/gumbel_runner.h"

#include "core/base/error.h"

namespace quantarium::widgets {

GumbelRunner::GumbelRunner(QObject* parent) : QObject(parent) {
    m_pool.setMaxThreadCount(1);
}

GumbelRunner::~GumbelRunner() {
    m_pool.waitForDone();
}

void GumbelRunner::request(const GumbelRequest& request) {
    if (m_busy) {
        m_waiting = request;
    } else {
        start(request);
    }
}

void GumbelRunner::start(const GumbelRequest& request) {
    m_busy = true;
    m_pool.start([this, request] { // the destructor waits for this
        std::shared_ptr<const GumbelResult> result;
        QString problem;
        try {
            result = std::make_shared<const GumbelResult>(runExperiment(request));
        } catch (const Error& error) {
            problem = QString::fromUtf8(error.what());
        }
        QMetaObject::invokeMethod(
            this,
            [this, result, problem] {
                if (result) {
                    emit finished(result);
                } else {
                    emit failed(problem);
                }
                done();
            },
            Qt::QueuedConnection);
    });
}

void GumbelRunner::done() {
    m_busy = false;
    if (!m_waiting) return;
    const GumbelRequest next = *m_waiting;
    m_waiting.reset();
    start(next);
}

} // namespace quantarium::widgets
