# What a device must do, on the one that stands in for a GPU, and on a GPU.
set(host ${CMAKE_SOURCE_DIR}/tests/support/host_device.cpp
     ${CMAKE_SOURCE_DIR}/tests/support/host_memory.cpp ${CMAKE_SOURCE_DIR}/tests/support/host_products.cpp
     ${CMAKE_SOURCE_DIR}/tests/support/host_schedule.cpp)
hpo_test(test_device_host SOURCES device_host_test.cpp ${host} LIBS hpo_train LABELS unit)

if(TARGET hpo_cuda_half)
  enable_language(CUDA)
  add_executable(test_device_cuda device_cuda.cu ${CMAKE_SOURCE_DIR}/tests/support/host_products.cpp)
  target_link_libraries(test_device_cuda PRIVATE hpo_cuda_half)
  target_include_directories(test_device_cuda PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  set_target_properties(test_device_cuda PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests
                        CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED OFF CUDA_ARCHITECTURES "80-real;90-real;90-virtual")
  add_test(NAME test_device_cuda COMMAND test_device_cuda)
  set_tests_properties(test_device_cuda PROPERTIES LABELS gpu SKIP_RETURN_CODE 77 TIMEOUT 300)
endif()
