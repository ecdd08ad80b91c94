// SPDX-License-Identifier: GPL-3.0-or-later
// Stands in for the codecs where they are left out of the build.
#include "core/base/error.h"
#include "core/data/codecs/picture.h"

namespace quantarium::codecs {

std::string lacking() {
    return "this program was built without image codecs; build it with -DQUANTARIUM_CODECS=ON (libjpeg-turbo "
           "and "
           "libpng)";
}

PictureInfo inspect(std::span<const std::uint8_t>) {
    throw Error(ErrorKind::Config, lacking());
}

Picture decode(std::span<const std::uint8_t>, const PictureInfo&, const Region&, std::int64_t) {
    throw Error(ErrorKind::Config, lacking());
}

} // namespace quantarium::codecs
