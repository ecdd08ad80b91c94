// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace quantarium::data {

/// Folders of the ILSVRC2012 development kit's data, as far as they are there: below the dataset's folder and
/// beside it, and the dataset's folder itself.
std::vector<std::filesystem::path> devkitFolders(const std::filesystem::path& root);

/// The class folder's name ("n01440764") of each validation image, in the images' order, from
/// `ILSVRC2012_validation_ground_truth.txt` and `meta.mat`.
///
/// The ground truth has ILSVRC2012_IDs 1 … 1000 in the order of meta.mat, which is not the order of the
/// sorted class folders that networks' outputs follow; so an id is looked up in meta.mat for its wnid.
/// Throws Error(Data) naming the file that is missing or wrong, and what to do instead.
std::vector<std::string> validationClasses(const std::vector<std::filesystem::path>& folders,
                                           const std::filesystem::path& flatFolder);

/// Names of classes by wnid ("tench, Tinca tinca"), from the first of these files that is there: meta.mat,
/// `synset_words.txt`, `LOC_synset_mapping.txt`, `words.txt`. Empty when none is.
std::map<std::string, std::string> classWords(const std::vector<std::filesystem::path>& folders);

/// Names for people: of each class the first word, where two have the same with the wnid; the wnid itself
/// where no word is known.
std::vector<std::string> classNames(const std::vector<std::string>& wnids,
                                    const std::map<std::string, std::string>& words);

} // namespace quantarium::data
