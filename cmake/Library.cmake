# keyfob_library(NAME [SEPARATE] [EXCLUDE files…] [LINK libraries…]): a static library of every *.cpp in the current folder (not below), with our
# settings and warnings. SEPARATE: never put together for the compiler, because `cli` is linked from it, and must not load what only a neighbour of
# what it uses would need (ARCHITECTURE.md, "How a command starts"); sanitized builds do not care.
function(keyfob_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "SEPARATE" "" "LINK;EXCLUDE")
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
    foreach(excluded main.cpp ${arg_EXCLUDE})
        list(REMOVE_ITEM sources "${CMAKE_CURRENT_SOURCE_DIR}/${excluded}")
    endforeach()
    if(sources)
        add_library(${name} STATIC ${sources})
        target_link_libraries(${name} PUBLIC keyfob_settings ${arg_LINK} PRIVATE keyfob_warnings)
        if(arg_SEPARATE AND NOT KEYFOB_SANITIZE)
            set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
        endif()
        if(KEYFOB_FUZZ)
            target_compile_options(${name} PRIVATE -fsanitize=fuzzer-no-link) # counts edges; the fuzzers bring the rest
        endif()
    else()
        add_library(${name} INTERFACE)
        target_link_libraries(${name} INTERFACE keyfob_settings ${arg_LINK})
    endif()
endfunction()

# keyfob_program(NAME LINK libraries…): main.cpp of the current folder.
function(keyfob_program name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT" "LINK")
    add_executable(${name} main.cpp)
    target_link_libraries(${name} PRIVATE keyfob_settings keyfob_warnings ${arg_LINK})
    if(arg_OUTPUT)
        set_target_properties(${name} PROPERTIES OUTPUT_NAME "${arg_OUTPUT}")
    endif()
endfunction()
