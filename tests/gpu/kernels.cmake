# Every kernel against itself: on the device that stands in for a GPU, and on a GPU against the host.
hpo_test(test_kernels_host SOURCES kernels_host_test.cpp ${host} LIBS hpo_train LABELS unit)

if(TARGET hpo_cuda_half)
  add_executable(test_kernels_cuda kernels_cuda.cu)
  target_link_libraries(test_kernels_cuda PRIVATE hpo_cuda_half)
  target_include_directories(test_kernels_cuda PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  # The host's blocks are for the host alone; nvcc tells of each call to one from what is for both.
  target_compile_options(test_kernels_cuda PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:--diag-suppress=20011,20014>)
  set_target_properties(test_kernels_cuda PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests
                        CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED OFF CUDA_ARCHITECTURES "80-real;90-real;90-virtual")
  add_test(NAME test_kernels_cuda COMMAND test_kernels_cuda)
  set_tests_properties(test_kernels_cuda PROPERTIES LABELS gpu SKIP_RETURN_CODE 77 TIMEOUT 300)
endif()
