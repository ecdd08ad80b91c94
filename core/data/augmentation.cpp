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
        OptionSpec::boolean("flip", "Random flip", false, "mirror left and right with probability 1/2"),
    };
    return options;
}

Augmentation Augmentation::from(const Options& options) {
    return {options.integer("pad"), options.boolean("crop"), options.boolean("flip")};
}

} // namespace quantarium::data
