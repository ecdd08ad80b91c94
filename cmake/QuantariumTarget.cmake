# SPDX-License-Identifier: GPL-3.0-or-later
# The one place for compiler settings, and two functions that every folder uses.

add_library(quantarium_settings INTERFACE)
target_compile_features(quantarium_settings INTERFACE cxx_std_20)
target_include_directories(quantarium_settings INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")
target_compile_options(quantarium_settings INTERFACE -Wall -Wextra -Wpedantic -Wno-unknown-pragmas -fPIC) # -fPIC everywhere: one precompiled header serves libraries and programs
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(quantarium_settings INTERFACE -Wno-restrict) # GCC bug 105651: false for "text" + std::string
endif()
if(QUANTARIUM_SANITIZE STREQUAL "address")
  target_compile_options(quantarium_settings INTERFACE -fsanitize=address,undefined -fno-omit-frame-pointer)
  target_link_options(quantarium_settings INTERFACE -fsanitize=address,undefined)
elseif(QUANTARIUM_SANITIZE STREQUAL "thread")
  target_compile_options(quantarium_settings INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(quantarium_settings INTERFACE -fsanitize=thread)
elseif(QUANTARIUM_SANITIZE)
  message(FATAL_ERROR "QUANTARIUM_SANITIZE is '${QUANTARIUM_SANITIZE}'; allowed are: empty, address, thread")
endif()

# quantarium_library(quant TORCH SOURCES a.cpp b.cpp LINK quantarium::base)
# One static library a folder with alias quantarium::<name>. TORCH links LibTorch and uses the shared precompiled header.
function(quantarium_library name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(quantarium_${name} STATIC ${ARG_SOURCES})
  add_library(quantarium::${name} ALIAS quantarium_${name})
  target_link_libraries(quantarium_${name} PUBLIC quantarium_settings ${ARG_LINK} PRIVATE ${ARG_PRIVATE_LINK})
  if(ARG_TORCH)
    target_link_libraries(quantarium_${name} PUBLIC quantarium_torch)
    target_precompile_headers(quantarium_${name} REUSE_FROM quantarium_torch_pch)
  endif()
endfunction()

# quantarium_test(tst_inq SOURCES tst_inq.cpp LINK quantarium::quant [TORCH] [SLOW])
# A Qt Test program, run by CTest on the offscreen platform; SLOW ones run only with `packaging/test --all`.
function(quantarium_test name)
  cmake_parse_arguments(ARG "TORCH;SLOW" "TIMEOUT" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES AUTOMOC ON)
  set_source_files_properties("${CMAKE_CURRENT_BINARY_DIR}/${name}_autogen/mocs_compilation.cpp" PROPERTIES
    SKIP_PRECOMPILE_HEADERS ON) # empty: a test includes its own .moc, and reading the precompiled header takes seconds
  target_link_libraries(${name} PRIVATE quantarium_settings ${ARG_LINK} Qt6::Test)
  if(ARG_TORCH)
    target_link_libraries(${name} PRIVATE quantarium_torch quantarium_test_support)
    target_precompile_headers(${name} REUSE_FROM quantarium_torch_pch)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "QT_QPA_PLATFORM=offscreen;LC_ALL=C.UTF-8;OMP_WAIT_POLICY=passive") # waiting threads leave the cores to others
  if(ARG_SLOW)
    set_tests_properties(${name} PROPERTIES LABELS slow)
  endif()
endfunction()
