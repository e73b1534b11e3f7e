# What of `make gpu-check` and `make gpu-bundle` needs no GPU: its own tests, and its rows about what is computed with the CPU in the
# GPU's place.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
foreach(name check check_whole)
  add_test(NAME gpu_${name} COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/${name}_test.py)
  set_tests_properties(gpu_${name} PROPERTIES LABELS cli TIMEOUT 180)
endforeach()
add_test(NAME gpu_check_on_cpu COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/check.py --device cpu --only ranks,resume
         --patience 4 --no-build --build ${CMAKE_BINARY_DIR} --out ${CMAKE_CURRENT_BINARY_DIR}/check)
set_tests_properties(gpu_check_on_cpu PROPERTIES LABELS mpi TIMEOUT 600 PROCESSORS 2)
add_test(NAME gpu_bundle COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/bundle_test.py)
set_tests_properties(gpu_bundle PROPERTIES LABELS cli TIMEOUT 300 ENVIRONMENT "HPO_TEST_TOOLS=${CMAKE_BINARY_DIR}/bin")
