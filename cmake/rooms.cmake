# hpo_room(NAME [SOURCES ...] [KNOWS rooms...] [LIBS targets...] [PRIVATE_LIBS targets...])
# One static library hpo_NAME for the folder lib/NAME. KNOWS lists the rooms below it: what it may include
# (tests/lint checks the includes against the same stair, which stands in DESIGN.md).
add_library(hpo_options INTERFACE)
# A tool opens only the shared libraries whose code it uses: ten thousand tasks start from a shared file system.
target_link_options(hpo_options INTERFACE -Wl,--as-needed)
target_include_directories(hpo_options INTERFACE ${CMAKE_SOURCE_DIR}/lib ${CMAKE_BINARY_DIR}/generated)
target_compile_options(hpo_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wno-sign-conversion>)
if(HPO_SANITIZE)
  target_compile_options(hpo_options INTERFACE -fsanitize=${HPO_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(hpo_options INTERFACE -fsanitize=${HPO_SANITIZE})
endif()

function(hpo_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;KNOWS;LIBS;PRIVATE_LIBS" ${ARGN})
  if(NOT ROOM_SOURCES)
    file(GLOB ROOM_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  endif()
  add_library(hpo_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(hpo_${name} PUBLIC hpo_options)
  foreach(room ${ROOM_KNOWS})
    target_link_libraries(hpo_${name} PUBLIC hpo_${room})
  endforeach()
  target_link_libraries(hpo_${name} PUBLIC ${ROOM_LIBS} PRIVATE ${ROOM_PRIVATE_LIBS})
endfunction()
