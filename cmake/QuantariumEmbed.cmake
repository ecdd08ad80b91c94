# SPDX-License-Identifier: GPL-3.0-or-later

# quantarium_embed_texts(OUTPUT file.cpp FUNCTION exampleTexts FILES a.json b.json)
# Writes the source file that implements this function of core/run/resource_texts.h from these files; made again when one of
# them changes.
function(quantarium_embed_texts)
  cmake_parse_arguments(ARG "" "OUTPUT;FUNCTION" "FILES" ${ARGN})
  set(entries "")
  foreach(file IN LISTS ARG_FILES)
    get_filename_component(name "${file}" NAME)
    file(READ "${file}" text)
    string(APPEND entries "        {\"${name}\", R\"quantarium(${text})quantarium\"},\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  endforeach()
  file(CONFIGURE OUTPUT "${ARG_OUTPUT}" @ONLY CONTENT "// SPDX-License-Identifier: GPL-3.0-or-later
// Generated from files in resources; edit those.
#include \"core/run/resource_texts.h\"

namespace quantarium {

const ResourceTexts& @ARG_FUNCTION@() {
    static const ResourceTexts texts{
@entries@    };
    return texts;
}

} // namespace quantarium
")
endfunction()
