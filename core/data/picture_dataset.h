// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "core/data/dataset.h"
#include "core/data/picture_list.h"

namespace quantarium::data {

/// What pictures of any size become.
struct PictureFraming {
    std::int64_t size = 224;   ///< height and width of the images given out
    std::int64_t resize = 256; ///< outside training the picture's shorter side before the middle is cut out
};

/// Pictures that are read and decoded when they are fetched: nothing stays in memory but their names.
///
/// fetch() gives the middle of each, fetchWindows() a window of the whole picture. One that can't be read is
/// labelled kUnreadable and named in `remarks`.
std::shared_ptr<const Dataset> pictureDataset(PictureList pictures, const PictureFraming& framing,
                                              std::shared_ptr<Remarks> remarks);

} // namespace quantarium::data
