// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QStringList>

namespace quantarium::widgets {

/// A panel whose contents can be written to a file exactly as shown. The Export menu finds it by dynamic_cast
/// of the current panel. Thread: GUI.
class Exportable {
public:
    virtual ~Exportable() = default;

    /// File endings in the order of the menu, lower case, without dot: "csv", "png", "svg", "pdf". Empty:
    /// nothing is shown.
    virtual QStringList exportFormats() const = 0;

    /// Writes what is shown; the ending of `file` picks the format. Throws Error(Storage) naming the file.
    virtual void exportTo(const QString& file) = 0;
};

} // namespace quantarium::widgets
