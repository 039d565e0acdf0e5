# Warnings of our own code; errors in the developer preset only, so that a new compiler never breaks a user's build.
add_library(keyfob_warnings INTERFACE)
target_compile_options(keyfob_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-align -Wunused -Woverloaded-virtual
    -Wconversion -Wsign-conversion -Wformat=2 -Wimplicit-fallthrough -Wnull-dereference -Wextra-semi)
if(KEYFOB_WERROR)
    target_compile_options(keyfob_warnings INTERFACE -Werror)
endif()
# GCC 12 sees null dereferences and overlapping copies in inlined library code where there are none (GCC bug 105651; ends with GCC 13).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(keyfob_warnings INTERFACE -Wno-null-dereference -Wno-restrict)
endif()
