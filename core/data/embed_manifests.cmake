# SPDX-License-Identifier: GPL-3.0-or-later
# cmake -DOUTPUT=file.cpp -DMANIFESTS=a.json;b.json -P embed_manifests.cmake: puts the manifests into a source file.
set(content "// Generated from datasets/*.json.\n#include \"core/data/manifest.h\"\n\nnamespace quantarium::data {\n\n")
string(APPEND content "const std::vector<EmbeddedManifest>& embeddedManifests() {\n    static const std::vector<EmbeddedManifest> manifests{\n")
foreach(manifest IN LISTS MANIFESTS)
  get_filename_component(id "${manifest}" NAME_WE)
  file(READ "${manifest}" text)
  string(APPEND content "        {\"${id}\", R\"json(${text})json\"},\n")
endforeach()
string(APPEND content "    };\n    return manifests;\n}\n\n} // namespace quantarium::data\n")
file(WRITE "${OUTPUT}" "${content}")
