// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/theme/theme.h"

#include <array>

#include <QApplication>
#include <QFile>

namespace quantarium::widgets {

namespace {

/// Blue, vermillion, green, purple, orange, sky, grey, wine; for a light and a dark background.
constexpr std::array<QRgb, 8> kRunColoursLight{0xff0072b2, 0xffd55e00, 0xff009e73, 0xffb5578f,
                                               0xffd08f00, 0xff3f9fd6, 0xff5c6370, 0xff882255};
constexpr std::array<QRgb, 8> kRunColoursDark{0xff4fa8e0, 0xffff8a4c, 0xff2cc69a, 0xffe39cc6,
                                              0xfff5be4a, 0xff9bdcff, 0xffb4bac4, 0xffcf6f9f};

} // namespace

Theme Theme::lightTheme() {
    Theme theme;
    theme.dark = false;
    theme.window = QColor(0xf3f4f6);
    theme.base = QColor(0xffffff);
    theme.raised = QColor(0xe9ebef);
    theme.text = QColor(0x1b1f24);
    theme.mutedText = QColor(0x5a6472);
    theme.grid = QColor(0xe3e6ea);
    theme.axis = QColor(0x6b7480);
    theme.border = QColor(0xcdd2d9);
    theme.accent = QColor(0x1f6fb5);
    theme.accentText = QColor(0xffffff);
    theme.selection = QColor(0xcfe3f6);
    theme.good = QColor(0x1a7f4b);
    theme.warning = QColor(0x9a6700);
    theme.bad = QColor(0xc0282d);
    theme.latent = QColor(0x7d8fa6);
    theme.quantized = QColor(0xd55e00);
    theme.frozen = QColor(0x009e73);
    return theme;
}

Theme Theme::darkTheme() {
    Theme theme;
    theme.dark = true;
    theme.window = QColor(0x1f2329);
    theme.base = QColor(0x16191d);
    theme.raised = QColor(0x2a2f37);
    theme.text = QColor(0xe6e9ed);
    theme.mutedText = QColor(0x9aa5b3);
    theme.grid = QColor(0x2c323a);
    theme.axis = QColor(0x8a94a1);
    theme.border = QColor(0x3b424c);
    theme.accent = QColor(0x5aa9ea);
    theme.accentText = QColor(0x0d1014);
    theme.selection = QColor(0x2b4a68);
    theme.good = QColor(0x4cc38a);
    theme.warning = QColor(0xe5b454);
    theme.bad = QColor(0xff7b7f);
    theme.latent = QColor(0x8fa3bd);
    theme.quantized = QColor(0xff8a4c);
    theme.frozen = QColor(0x2cc69a);
    return theme;
}

Theme Theme::current() {
    return QGuiApplication::palette().color(QPalette::Window).lightness() < 128 ? darkTheme() : lightTheme();
}

QColor Theme::runColour(int index) const {
    const auto& colours = dark ? kRunColoursDark : kRunColoursLight;
    const int count = static_cast<int>(colours.size());
    const int wrapped = ((index % (3 * count)) + 3 * count) % (3 * count);
    const auto colour = QColor::fromRgb(colours[static_cast<std::size_t>(wrapped % count)]);
    if (wrapped < count) return colour;
    return wrapped < 2 * count ? colour.darker(145) : colour.lighter(135);
}

QPalette Theme::palette() const {
    QPalette palette;
    palette.setColor(QPalette::Window, window);
    palette.setColor(QPalette::WindowText, text);
    palette.setColor(QPalette::Base, base);
    palette.setColor(QPalette::AlternateBase, dark ? base.lighter(118) : QColor(0xf7f8fa));
    palette.setColor(QPalette::Text, text);
    palette.setColor(QPalette::PlaceholderText, mutedText);
    palette.setColor(QPalette::Button, raised);
    palette.setColor(QPalette::ButtonText, text);
    palette.setColor(QPalette::BrightText, bad);
    palette.setColor(QPalette::ToolTipBase, raised);
    palette.setColor(QPalette::ToolTipText, text);
    palette.setColor(QPalette::Highlight, accent);
    palette.setColor(QPalette::HighlightedText, accentText);
    palette.setColor(QPalette::Link, accent);
    palette.setColor(QPalette::LinkVisited, accent);
    palette.setColor(QPalette::Light, raised.lighter(115));
    palette.setColor(QPalette::Midlight, raised.lighter(106));
    palette.setColor(QPalette::Mid, border);
    palette.setColor(QPalette::Dark, border.darker(120));
    palette.setColor(QPalette::Shadow, QColor(Qt::black));
    for (const auto role :
         {QPalette::Text, QPalette::WindowText, QPalette::ButtonText, QPalette::HighlightedText})
        palette.setColor(QPalette::Disabled, role, dark ? QColor(0x6b7480) : QColor(0x98a1ad));
    palette.setColor(QPalette::Disabled, QPalette::Highlight, border);
    return palette;
}

QString Theme::styleSheet() const {
    QFile file(QStringLiteral(":/quantarium/themes/quantarium.qss"));
    if (!file.open(QIODevice::ReadOnly)) return {};
    auto sheet = QString::fromUtf8(file.readAll());
    const std::pair<const char*, QColor> colours[] = {
        {"@mutedText", mutedText},
        {"@window", window},
        {"@base", base},
        {"@raised", raised},
        {"@text", text},
        {"@border", border},
        {"@accentText", accentText},
        {"@accent", accent},
        {"@selection", selection},
        {"@bad", bad},
        {"@warning", warning},
        {"@good", good},
        {"@control", QColor(0x1f6fb5)}}; // behind the white check mark, in both themes
    for (const auto& [name, colour] : colours)
        sheet.replace(QLatin1String(name), colour.name());
    return sheet;
}

ThemeController::ThemeController(QObject* parent) : QObject(parent) {
    m_systemDark = QGuiApplication::palette().color(QPalette::Window).lightness() < 128;
    m_theme = m_systemDark ? Theme::darkTheme() : Theme::lightTheme();
}

void ThemeController::choose(ThemeChoice choice) {
    m_choice = choice;
    const bool dark = choice == ThemeChoice::Dark || (choice == ThemeChoice::System && m_systemDark);
    m_theme = dark ? Theme::darkTheme() : Theme::lightTheme();
    QApplication::setStyle(QStringLiteral("Fusion"));
    QApplication::setPalette(m_theme.palette());
    qApp->setStyleSheet(m_theme.styleSheet());
    emit changed(m_theme);
}

} // namespace quantarium::widgets
