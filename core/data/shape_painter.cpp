// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/shape_painter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

namespace quantarium::data {

namespace {

struct Point {
    float x = 0;
    float y = 0;
};

using Contour = std::vector<Point>;
using Colour = std::array<float, 3>;

/// Lightness of one channel.
struct Range {
    double low = 0;
    double high = 1;
};

constexpr Range kDark{0.0, 0.5};
constexpr Range kMedium{0.1, 0.65};
constexpr Range kBright{0.4, 1.0};
constexpr double kFullTurn = 2 * std::numbers::pi;

/// Points on a circle around `centre`, from one angle to another (both included).
void addArc(Contour& contour, double centreX, double radius, double from, double to, int points) {
    for (int i = 0; i < points; ++i) {
        const double angle = from + (to - from) * i / (points - 1);
        contour.push_back({static_cast<float>(centreX + radius * std::cos(angle)),
                           static_cast<float>(radius * std::sin(angle))});
    }
}

/// A regular polygon, or a star when every second corner has the smaller radius.
Contour corners(int count, double innerRadius = 1) {
    Contour contour;
    for (int i = 0; i < count; ++i) {
        const double angle = kFullTurn * i / count;
        const double radius = i % 2 == 0 ? 1 : innerRadius;
        contour.push_back(
            {static_cast<float>(radius * std::cos(angle)), static_cast<float>(radius * std::sin(angle))});
    }
    return contour;
}

Contour heart() {
    Contour contour;
    for (int i = 0; i < 24; ++i) {
        const double t = kFullTurn * i / 24;
        const double x = 16 * std::pow(std::sin(t), 3);
        const double y = 13 * std::cos(t) - 5 * std::cos(2 * t) - 2 * std::cos(3 * t) - std::cos(4 * t);
        contour.push_back({static_cast<float>(x / 16), static_cast<float>(-(y + 2.5) / 16)});
    }
    return contour;
}

/// A large arc and, back again, a flatter one through the same tips.
Contour crescent() {
    constexpr double kTip = 1.05; // radians from the axis to a tip
    constexpr double kInnerCentre = 0.55;
    const double innerRadius = std::hypot(std::cos(kTip) - kInnerCentre, std::sin(kTip));
    const double innerTip = std::atan2(std::sin(kTip), std::cos(kTip) - kInnerCentre);
    Contour contour;
    addArc(contour, 0, 1, kTip, kFullTurn - kTip, 18);
    addArc(contour, kInnerCentre, innerRadius, kFullTurn - innerTip, innerTip, 12);
    return contour;
}

/// The outline of a shape with radius about 1; inside is where a ray crosses the contours an odd number of
/// times.
std::vector<Contour> outline(Shape shape) {
    constexpr float a = 0.32F; // half the width of a bar
    switch (shape) {
    case Shape::Disc:
        return {corners(24)};
    case Shape::Ring: {
        Contour hole = corners(20);
        for (auto& point : hole)
            point = {point.x * 0.5F, point.y * 0.5F};
        return {corners(24), hole};
    }
    case Shape::Square:
        return {corners(4)};
    case Shape::Triangle:
        return {corners(3)};
    case Shape::Pentagon:
        return {corners(5)};
    case Shape::Star:
        return {corners(10, 0.42)};
    case Shape::Cross:
        return {{{-a, -1},
                 {a, -1},
                 {a, -a},
                 {1, -a},
                 {1, a},
                 {a, a},
                 {a, 1},
                 {-a, 1},
                 {-a, a},
                 {-1, a},
                 {-1, -a},
                 {-a, -a}}};
    case Shape::Heart:
        return {heart()};
    case Shape::Crescent:
        return {crescent()};
    case Shape::Arrow:
        return {{{1, 0}, {0.1F, 0.85F}, {0.1F, a}, {-1, a}, {-1, -a}, {0.1F, -a}, {0.1F, -0.85F}}};
    }
    return {};
}

/// Distance in pixels from a point to the outline, negative inside (after I. Quilez, "2D distance
/// functions").
float signedDistance(const std::vector<Contour>& contours, Point p) {
    float nearest = std::numeric_limits<float>::max();
    bool inside = false;
    for (const auto& contour : contours) {
        Point previous = contour.back();
        for (const Point& corner : contour) {
            const Point edge{previous.x - corner.x, previous.y - corner.y};
            const Point away{p.x - corner.x, p.y - corner.y};
            const float along = std::clamp(
                (away.x * edge.x + away.y * edge.y) / (edge.x * edge.x + edge.y * edge.y), 0.0F, 1.0F);
            const Point rest{away.x - edge.x * along, away.y - edge.y * along};
            nearest = std::min(nearest, rest.x * rest.x + rest.y * rest.y);
            if ((corner.y > p.y) != (previous.y > p.y) && away.x < edge.x * away.y / edge.y) inside = !inside;
            previous = corner;
        }
    }
    return inside ? -std::sqrt(nearest) : std::sqrt(nearest);
}

/// An image in linear floats, painted over step by step.
class Canvas {
public:
    Canvas(std::int64_t side, RandomStream& random) : m_side(static_cast<int>(side)), m_random(random) {
        for (auto& plane : m_planes)
            plane.resize(static_cast<std::size_t>(side * side));
    }

    /// Two colours that run into each other along a random direction. Returns the colour in the middle.
    Colour paintBackground() {
        const Colour first = randomColour(kDark);
        const Colour second = randomColour(kDark);
        const auto angle = static_cast<float>(m_random.uniform(0, kFullTurn));
        const float dx = std::cos(angle) / static_cast<float>(m_side);
        const float dy = std::sin(angle) / static_cast<float>(m_side);
        const float middle = 0.5F * static_cast<float>(m_side);
        for (int y = 0; y < m_side; ++y)
            for (int x = 0; x < m_side; ++x) {
                const float share =
                    0.5F + dx * (static_cast<float>(x) - middle) + dy * (static_cast<float>(y) - middle);
                for (int c = 0; c < 3; ++c)
                    at(c, x, y) = first[c] + share * (second[c] - first[c]);
            }
        Colour mean;
        for (int c = 0; c < 3; ++c)
            mean[c] = 0.5F * (first[c] + second[c]);
        return mean;
    }

    void fill(const std::vector<Contour>& contours, const Colour& colour) {
        Point low = contours.front().front();
        Point high = low;
        for (const Point& corner : contours.front()) {
            low = {std::min(low.x, corner.x), std::min(low.y, corner.y)};
            high = {std::max(high.x, corner.x), std::max(high.y, corner.y)};
        }
        for (int y = firstPixel(low.y); y < endPixel(high.y); ++y)
            for (int x = firstPixel(low.x); x < endPixel(high.x); ++x) {
                const float distance =
                    signedDistance(contours, {static_cast<float>(x) + 0.5F, static_cast<float>(y) + 0.5F});
                blend(x, y, colour, std::clamp(0.5F - distance, 0.0F, 1.0F));
            }
    }

    /// A straight stroke with round ends; coordinates in pixels.
    void stroke(Point from, Point to, float halfWidth, const Colour& colour) {
        const Point edge{to.x - from.x, to.y - from.y};
        const float squared = std::max(edge.x * edge.x + edge.y * edge.y, 1e-6F);
        for (int y = 0; y < m_side; ++y)
            for (int x = 0; x < m_side; ++x) {
                const Point away{static_cast<float>(x) + 0.5F - from.x,
                                 static_cast<float>(y) + 0.5F - from.y};
                const float along = std::clamp((away.x * edge.x + away.y * edge.y) / squared, 0.0F, 1.0F);
                const Point rest{away.x - edge.x * along, away.y - edge.y * along};
                const float distance = std::sqrt(rest.x * rest.x + rest.y * rest.y) - halfWidth;
                blend(x, y, colour, std::clamp(0.5F - distance, 0.0F, 1.0F));
            }
    }

    /// Adds noise of about normal shape (the sum of four uniform 16-bit numbers) and rounds to bytes.
    void write(float noise, std::span<std::uint8_t> bytes) {
        const float scale = noise * std::sqrt(3.0F) / 65536.0F;
        std::size_t place = 0;
        for (const auto& plane : m_planes)
            for (const float value : plane) {
                const std::uint64_t bits = m_random.next();
                const auto sum = static_cast<float>((bits & 0xffff) + (bits >> 16 & 0xffff) +
                                                    (bits >> 32 & 0xffff) + (bits >> 48));
                const float noisy = value + scale * (sum - 131070.0F);
                bytes[place++] = static_cast<std::uint8_t>(255.0F * std::clamp(noisy, 0.0F, 1.0F) + 0.5F);
            }
    }

    Colour randomColour(const Range& range) {
        Colour colour;
        for (auto& channel : colour)
            channel = static_cast<float>(m_random.uniform(range.low, range.high));
        return colour;
    }

    Point randomPoint() {
        const auto x = static_cast<float>(m_random.uniform() * m_side);
        return {x, static_cast<float>(m_random.uniform() * m_side)};
    }

private:
    /// Pixels that an edge at this coordinate can touch.
    int firstPixel(float low) const { return std::clamp(static_cast<int>(low) - 1, 0, m_side); }
    int endPixel(float high) const { return std::clamp(static_cast<int>(high) + 2, 0, m_side); }

    float& at(int channel, int x, int y) {
        return m_planes[static_cast<std::size_t>(channel)][static_cast<std::size_t>(y * m_side + x)];
    }

    void blend(int x, int y, const Colour& colour, float share) {
        if (share <= 0) return;
        for (int c = 0; c < 3; ++c)
            at(c, x, y) += share * (colour[static_cast<std::size_t>(c)] - at(c, x, y));
    }

    int m_side;
    RandomStream& m_random;
    std::array<std::vector<float>, 3> m_planes;
};

/// A colour at least `contrast` away from `other`.
Colour distinctColour(Canvas& canvas, const Colour& other, double contrast) {
    for (;;) {
        const Colour colour = canvas.randomColour(kBright);
        const double distance = std::hypot(colour[0] - other[0], colour[1] - other[1], colour[2] - other[2]);
        if (distance >= contrast) return colour;
    }
}

struct Placement {
    Point centre;
    float radius = 0;
};

/// Turns, stretches, scales and moves an outline to a random place that leaves the shape's centre well
/// inside.
Placement place(std::vector<Contour>& contours, const ShapeStyle& style, double side, RandomStream& random) {
    const double radius = side * random.uniform(style.smallestRadius, style.largestRadius);
    const double stretch = 1 - style.stretch * random.uniform();
    const double turn = random.uniform(0, kFullTurn);
    const double stretchTurn = random.uniform(0, kFullTurn);
    const double margin = 0.8 * radius;
    const double x = random.uniform(margin, side - margin);
    const double y = random.uniform(margin, side - margin);
    const double cosine = std::cos(turn);
    const double sine = std::sin(turn);
    const double stretchCosine = std::cos(stretchTurn);
    const double stretchSine = std::sin(stretchTurn);
    for (auto& contour : contours)
        for (auto& point : contour) {
            const double along = stretch * (point.x * stretchCosine + point.y * stretchSine);
            const double across = point.y * stretchCosine - point.x * stretchSine;
            const double u = along * stretchCosine - across * stretchSine;
            const double v = along * stretchSine + across * stretchCosine;
            point.x = static_cast<float>(x + radius * (u * cosine - v * sine));
            point.y = static_cast<float>(y + radius * (u * sine + v * cosine));
        }
    return {{static_cast<float>(x), static_cast<float>(y)}, static_cast<float>(radius)};
}

/// A stroke across the shape, a little off its centre.
void occlude(Canvas& canvas, const Placement& shape, float halfWidth, RandomStream& random) {
    const double angle = random.uniform(0, kFullTurn);
    const double offset = random.uniform(0.3, 0.9) * shape.radius;
    const auto nx = static_cast<float>(std::cos(angle));
    const auto ny = static_cast<float>(std::sin(angle));
    const Point middle{shape.centre.x + nx * static_cast<float>(offset),
                       shape.centre.y + ny * static_cast<float>(offset)};
    const float reach = 1.2F * shape.radius;
    canvas.stroke({middle.x - ny * reach, middle.y + nx * reach},
                  {middle.x + ny * reach, middle.y - nx * reach}, halfWidth, canvas.randomColour(kDark));
}

} // namespace

void paintShape(Shape shape, const ShapeStyle& style, std::int64_t side, RandomStream& random,
                std::span<std::uint8_t> planes) {
    const auto strokeWidth = static_cast<float>(side) / 32.0F;
    Canvas canvas(side, random);
    const Colour background = canvas.paintBackground();
    const auto strokes = random.below(static_cast<std::uint64_t>(style.clutter) + 1);
    for (std::uint64_t i = 0; i < strokes; ++i) {
        const Point from = canvas.randomPoint();
        const Point to = canvas.randomPoint();
        canvas.stroke(from, to, strokeWidth * static_cast<float>(random.uniform(0.6, 2)),
                      canvas.randomColour(kMedium));
    }
    auto contours = outline(shape);
    const Placement placement = place(contours, style, static_cast<double>(side), random);
    canvas.fill(contours, distinctColour(canvas, background, style.smallestContrast));
    if (random.uniform() < style.occlusion)
        occlude(canvas, placement, strokeWidth * static_cast<float>(random.uniform(0.8, 2.5)), random);
    canvas.write(static_cast<float>(style.noise * random.uniform()), planes);
}

} // namespace quantarium::data
