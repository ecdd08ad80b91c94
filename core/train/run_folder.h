// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/run/events.h"
#include "core/run/run_config.h"

namespace quantarium::train {

/// A run's own folder, the only place a run writes to. Everything needed to resume it or to import it
/// elsewhere:
///
///   config.json             the resolved configuration
///   started.json            environment, report
///   epochs.jsonl            one EpochDone a line, flushed to disk before the epoch's checkpoint
///   checkpoint.safetensors  state after the last finished epoch (or, after a pause, step)
///   best.safetensors        network and quantizers of the best epoch
///   model.safetensors       the finished network: quantized weights under their usual names, codes and
///   codebooks beside result.json             state, metrics, seconds, peak memory; written when the run ends
class RunFolder {
public:
    explicit RunFolder(std::filesystem::path path) : m_path(std::move(path)) {}

    const std::filesystem::path& path() const { return m_path; }
    std::filesystem::path checkpointFile() const { return m_path / "checkpoint.safetensors"; }
    std::filesystem::path bestFile() const { return m_path / "best.safetensors"; }
    std::filesystem::path modelFile() const { return m_path / "model.safetensors"; }

    /// Creates the folder and writes config.json. Throws Error(Storage).
    void create(const RunConfig& config) const;
    RunConfig config() const; ///< Throws Error(Data)

    void writeStarted(const RunStarted& started) const;
    std::optional<Json> started() const;

    void appendEpoch(const EpochDone& epoch) const;
    /// Recorded epochs, ascending, each once (the last record wins); a cut last line is left out. Throws
    /// Error(Data) for other damage.
    std::vector<EpochDone> epochs() const;

    void writeResult(const RunEnded& ended) const;
    std::optional<RunEnded> result() const; ///< nothing while the run goes on or after a crash
    void removeResult() const;              ///< when it is resumed

private:
    std::filesystem::path m_path;
};

} // namespace quantarium::train
