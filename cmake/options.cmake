# Build options and the compiler flags that every target of the project shares.
option(JETON_TESTS "Build the tests" ON)
option(JETON_FUZZ "Build the fuzz targets (needs clang)" OFF)
option(JETON_COVERAGE "Count which lines run (needs clang; see scripts/coverage)" OFF)
set(JETON_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them (address,undefined or thread)")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

# Builds in other directories share what ccache holds: paths below the source tree count as relative ones. clang's precompiled
# headers know where they were made, so that its builds share nothing.
find_program(CCACHE ccache)
if(CCACHE)
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    list(APPEND launcher CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1)
  endif()
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher} ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher} ${CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wno-sign-conversion
                    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> $<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>)
add_compile_definitions(_FILE_OFFSET_BITS=64)
if(JETON_SANITIZE)
  add_compile_options(-fsanitize=${JETON_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${JETON_SANITIZE})
else()
  add_compile_options(-fstack-protector-strong)
  add_link_options(-Wl,-z,relro -Wl,-z,now)
endif()
if(JETON_COVERAGE)
  set(coverage_options -fprofile-instr-generate -fcoverage-mapping)  # for src alone
  add_link_options(-fprofile-instr-generate)
endif()

# Headers that many files include are compiled once, for speed. In the release build only the tests take part, so that each
# file of src is known to include what it uses.
set(common_headers <algorithm> <array> <chrono> <cstdint> <cstring> <filesystem> <fstream> <functional> <map> <memory> <mutex>
    <optional> <set> <span> <stdexcept> <string> <string_view> <system_error> <thread> <utility> <variant> <vector>
    <fmt/core.h> <fmt/format.h> <nlohmann/json.hpp>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")  # for ccache
endif()

# jeton_common_headers(NAME FIRST HEADERS... ) has the target FIRST compile the headers, and NAME use what it made.
function(jeton_common_headers name first)
  if(name STREQUAL first)
    target_precompile_headers(${name} PRIVATE ${ARGN})
  else()
    target_precompile_headers(${name} REUSE_FROM ${first})
  endif()
endfunction()

# jeton_layer(NAME SOURCES... ) makes the static library jeton_NAME of one directory of src/.
function(jeton_layer name)
  add_library(jeton_${name} STATIC ${ARGN})
  target_include_directories(jeton_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_compile_options(jeton_${name} PRIVATE ${coverage_options})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    jeton_common_headers(jeton_${name} jeton_util ${common_headers})
  endif()
endfunction()

# Where only the result counts (scripts/test), files are compiled several at once, which spares two thirds of the time: the
# tests', and with the sanitizers src as well. The release build shows that each file of src stands alone.
option(JETON_UNITY "Compile several files at once" OFF)
if(JETON_UNITY)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)
  set(unity_test_options -Wno-shadow)  # a name of another file is no name of this one
  if(JETON_SANITIZE)
    set(CMAKE_UNITY_BUILD ON)
    add_compile_options(${unity_test_options})
  endif()
endif()

# jeton_alone(FILES... ) names files that use names of their neighbours for something else.
function(jeton_alone)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# Test programs are not optimised: that would only take time.
if(NOT JETON_SANITIZE)
  set(test_options -O0 -g0)
endif()

# jeton_test(NAME LIBRARY SOURCES... ) makes one GoogleTest program and registers it with CTest.
function(jeton_test name library)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE ${library} GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/src)
  target_compile_options(${name} PRIVATE ${test_options} ${unity_test_options})
  set_target_properties(${name} PROPERTIES UNITY_BUILD ${JETON_UNITY})
  jeton_common_headers(${name} util_test ${common_headers} <gtest/gtest.h>)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()

# jeton_shards(NAME COUNT ) has CTest run a test program that takes long in COUNT parts, NAME and NAME.1 and so on, which share
# the cores.
function(jeton_shards name count)
  math(EXPR last "${count} - 1")
  foreach(index RANGE ${last})
    set(part ${name})
    if(index GREATER 0)
      set(part ${name}.${index})
      add_test(NAME ${part} COMMAND ${name})
    endif()
    set_tests_properties(${part} PROPERTIES TIMEOUT 300 COST 100
                         ENVIRONMENT "GTEST_TOTAL_SHARDS=${count};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()
