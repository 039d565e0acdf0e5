# Settings that every target of ours shares.
add_library(keyfob_settings INTERFACE)
target_compile_features(keyfob_settings INTERFACE cxx_std_20)
target_include_directories(keyfob_settings INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_definitions(keyfob_settings INTERFACE
    KEYFOB_VERSION="${PROJECT_VERSION}"
    KEYFOB_CLI_NAME="${KEYFOB_CLI_NAME}"
    $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(KEYFOB_SANITIZE)
    target_compile_options(keyfob_settings INTERFACE -fsanitize=${KEYFOB_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(keyfob_settings INTERFACE -fsanitize=${KEYFOB_SANITIZE})
else()
    # What no program of ours calls is left out of it, function by function.
    target_compile_options(keyfob_settings INTERFACE -fstack-protector-strong -ffunction-sections -fdata-sections
        $<$<CONFIG:Release>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
    target_link_options(keyfob_settings INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed -Wl,--gc-sections)
endif()

find_program(KEYFOB_CCACHE ccache)
if(KEYFOB_CCACHE)
    # The cache takes precompiled headers only when told that they depend on no macro and no time.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${KEYFOB_CCACHE}")
    add_compile_options("$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endif()
find_program(KEYFOB_MOLD mold)
if(KEYFOB_MOLD)
    target_link_options(keyfob_settings INTERFACE -fuse-ld=mold)
endif()
