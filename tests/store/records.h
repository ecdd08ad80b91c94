// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include <QTemporaryDir>

#include "core/base/error.h"
#include "core/store/workspace.h"

namespace quantarium::testing {

/// A small complete configuration.
RunConfig sampleConfig(std::uint64_t seed = 1, const std::string& method = "float", std::int64_t bits = 32);

/// A queued run whose identity is its configuration without the name.
store::RunRecord sampleRun(const std::string& id, const RunConfig& config = sampleConfig());

/// Layers, memory and flags of a network of one float and one quantized layer.
RunReport sampleReport(const std::string& method = "rdhs", std::int64_t bits = 3);

/// Content that follows from the epoch alone, with every member of a snapshot filled in.
EpochDone sampleEpoch(std::int64_t epoch, bool best = false);

/// A finished run with test metrics in its result, already in the workspace.
store::RunRecord addFinished(store::Workspace& workspace, const std::string& id, const RunConfig& config,
                             double testTop1, double stepSeconds = 0.1, const std::string& startRun = {});

inline std::filesystem::path pathOf(const QTemporaryDir& folder) {
    return folder.path().toStdString();
}

/// Runs `action` and gives the message of the quantarium::Error of this kind that it throws; else a text that
/// says what happened instead, starting with "no error" or "other".
template <class Action> std::string errorOf(ErrorKind kind, Action&& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.kind() == kind ? error.what() : std::string("other kind: ") + error.what();
    } catch (const std::exception& error) {
        return std::string("other exception: ") + error.what();
    }
    return "no error";
}

} // namespace quantarium::testing

/// The action throws quantarium::Error of this kind and its message contains the text.
#define VERIFY_ERROR(kind, text, action)                                                                     \
    do {                                                                                                     \
        const std::string message = quantarium::testing::errorOf(kind, [&] { action; });                     \
        QVERIFY2(message.find(text) != std::string::npos && !message.starts_with("other"), message.c_str()); \
    } while (false)
