# SPDX-License-Identifier: GPL-3.0-or-later

# quantarium_embed_examples(OUTPUT file.cpp FILES a.json b.json)
# Writes the source file that implements core/run/example_texts.h from these files; made again when one of them changes.
function(quantarium_embed_examples)
  cmake_parse_arguments(ARG "" "OUTPUT" "FILES" ${ARGN})
  set(entries "")
  foreach(file IN LISTS ARG_FILES)
    get_filename_component(name "${file}" NAME)
    file(READ "${file}" text)
    string(APPEND entries "        {\"${name}\", R\"quantarium(${text})quantarium\"},\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  endforeach()
  file(CONFIGURE OUTPUT "${ARG_OUTPUT}" @ONLY CONTENT "// SPDX-License-Identifier: GPL-3.0-or-later
// Generated from resources/examples; edit those files.
#include \"core/run/example_texts.h\"

namespace quantarium {

const std::vector<std::pair<std::string_view, std::string_view>>& exampleTexts() {
    static const std::vector<std::pair<std::string_view, std::string_view>> texts{
@entries@    };
    return texts;
}

} // namespace quantarium
")
endfunction()
