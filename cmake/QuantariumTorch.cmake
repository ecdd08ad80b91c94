# SPDX-License-Identifier: GPL-3.0-or-later
# LibTorch as one target, and the precompiled header that spares each file its 15 s of Torch headers.

add_library(quantarium_torch INTERFACE)
target_link_libraries(quantarium_torch INTERFACE torch)
target_include_directories(quantarium_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
separate_arguments(QUANTARIUM_TORCH_FLAGS UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(quantarium_torch INTERFACE ${QUANTARIUM_TORCH_FLAGS})

file(WRITE "${PROJECT_BINARY_DIR}/generated/torch_pch.cpp" "// Owner of the precompiled LibTorch header.\n")
add_library(quantarium_torch_pch OBJECT "${PROJECT_BINARY_DIR}/generated/torch_pch.cpp")
target_link_libraries(quantarium_torch_pch PRIVATE quantarium_settings quantarium_torch)
target_precompile_headers(quantarium_torch_pch PRIVATE "<torch/types.h>" "<torch/autograd.h>" "<torch/nn/module.h>" "<torch/optim/optimizer.h>" "<nlohmann/json.hpp>")
