// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/loader.h"

namespace quantarium::data {

const std::vector<OptionSpec>& Augmentation::schema() {
    static const std::vector<OptionSpec> options{
        OptionSpec::boolean("crop", "Random crop", false,
                            "take a random window of the original size out of the padded image"),
        OptionSpec::integer("pad", "Padding", 0, 0, 64, "black pixels added on each side before the crop",
                            "px")
            .when("crop", {true}),
        OptionSpec::boolean("resized_crop", "Random resized crop", false,
                            "take a random window of the picture, of random size and ratio (3:4 to 4:3), and "
                            "scale it to the original size")
            .withSource("Szegedy et al. 2015, section 6"),
        OptionSpec::real("smallest_area", "Smallest window", 0.08, 0.01, 1.0,
                         "smallest share of the picture's area in a random resized crop")
            .when("resized_crop", {true})
            .asAdvanced(),
        OptionSpec::boolean("flip", "Random flip", false, "mirror left and right with probability 1/2"),
    };
    return options;
}

Augmentation Augmentation::from(const Options& options) {
    return {options.integer("pad"), options.boolean("crop"), options.boolean("flip"),
            options.boolean("resized_crop"), options.real("smallest_area")};
}

} // namespace quantarium::data
