// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QObject>
#include <QPalette>
#include <QString>

namespace quantarium::widgets {

/// Every colour the desktop and its figures use. A plain value; thread: GUI.
struct Theme {
    bool dark = false;
    QColor window; ///< behind everything
    QColor base;   ///< behind tables, fields and plots
    QColor raised; ///< cards, headers
    QColor text;
    QColor mutedText;  ///< units, hints
    QColor grid;       ///< lines of a plot's grid
    QColor axis;       ///< axis lines and ticks
    QColor border;     ///< frames and separators
    QColor accent;     ///< what the person acts on
    QColor accentText; ///< text on the accent
    QColor selection;
    QColor good;      ///< finished
    QColor warning;   ///< paused, stopped
    QColor bad;       ///< failed, wrong input
    QColor latent;    ///< latent (float) weights in histograms
    QColor quantized; ///< quantized levels
    QColor frozen;    ///< INQ's frozen weights

    static Theme lightTheme();
    static Theme darkTheme();
    /// The theme that the application's palette shows now (dark when its window colour is dark).
    static Theme current();

    /// Colour of a run by its palette index: eight colours that people with any colour vision tell apart
    /// (after Okabe and Ito), then the same eight in other lightnesses.
    QColor runColour(int index) const;
    QPalette palette() const;
    /// The application's style sheet, on top of the Fusion style.
    QString styleSheet() const;
};

/// Whether the person wants light, dark, or what the desktop environment has.
enum class ThemeChoice { System, Light, Dark };

/// Applies a theme to the application and tells panels when it changes. Created by main, passed to whoever
/// needs it.
class ThemeController : public QObject {
    Q_OBJECT
public:
    explicit ThemeController(QObject* parent = nullptr);

    ThemeChoice choice() const { return m_choice; }
    const Theme& theme() const { return m_theme; }
    /// Sets palette and style sheet of the application, then emits changed().
    void choose(ThemeChoice choice);

signals:
    void changed(const quantarium::widgets::Theme& theme);

private:
    bool m_systemDark = false; ///< what the platform's palette was before any theme
    ThemeChoice m_choice = ThemeChoice::System;
    Theme m_theme;
};

} // namespace quantarium::widgets
