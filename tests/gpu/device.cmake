# What a device must do, on the one that stands in for a GPU, and on a GPU.
set(host ${CMAKE_SOURCE_DIR}/tests/support/host_device.cpp
     ${CMAKE_SOURCE_DIR}/tests/support/host_memory.cpp ${CMAKE_SOURCE_DIR}/tests/support/host_products.cpp
     ${CMAKE_SOURCE_DIR}/tests/support/host_schedule.cpp)
hpo_test(test_device_host SOURCES device_host_test.cpp ${host} LIBS hpo_train LABELS unit)

if(NOT TARGET hpo_cuda_half)
  return()
endif()
enable_language(CUDA)
find_package(CUDAToolkit REQUIRED)
add_executable(test_device_cuda device_cuda.cu ${CMAKE_SOURCE_DIR}/tests/support/host_products.cpp)
target_link_libraries(test_device_cuda PRIVATE hpo_cuda_half)
target_include_directories(test_device_cuda PRIVATE ${CMAKE_SOURCE_DIR}/tests)
set_target_properties(test_device_cuda PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests
                      CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED OFF CUDA_ARCHITECTURES "80-real;90-real;90-virtual")
add_test(NAME test_device_cuda COMMAND test_device_cuda)
set_tests_properties(test_device_cuda PROPERTIES LABELS gpu SKIP_RETURN_CODE 77 TIMEOUT 300)

# What the CUDA device asks of NVIDIA's libraries, with those played on the CPU by their documentation.
set(module ${CMAKE_SOURCE_DIR}/lib/train/cuda/module)
set(played device_products_test.cpp played_cuda.cpp played_cublas.cpp ${module}/product.cpp
    ${module}/device_handles.cpp ${CMAKE_SOURCE_DIR}/tests/support/host_products.cpp)
list(APPEND CMAKE_MODULE_PATH ${CMAKE_SOURCE_DIR}/lib/train/cuda)
find_package(CUDNN 9 QUIET)
if(CUDNN_FOUND)
  list(APPEND played device_convolutions_test.cpp ${module}/convolution_cudnn.cpp)
endif()
hpo_test(test_device_played SOURCES ${played} LIBS hpo_train LABELS unit)
target_include_directories(test_device_played SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
if(CUDNN_FOUND)
  target_include_directories(test_device_played SYSTEM PRIVATE ${CUDNN_INCLUDE_DIR})
  add_library(played_cudnn SHARED played_cudnn.cpp)
  target_link_libraries(played_cudnn PRIVATE hpo_options)
  target_include_directories(played_cudnn PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_include_directories(played_cudnn SYSTEM PRIVATE ${CUDNN_INCLUDE_DIR} ${CUDAToolkit_INCLUDE_DIRS})
  set_target_properties(played_cudnn PROPERTIES OUTPUT_NAME cudnn SOVERSION 9
                        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/played)
  add_dependencies(test_device_played played_cudnn)
  set_tests_properties(test_device_played PROPERTIES ENVIRONMENT LD_LIBRARY_PATH=${CMAKE_BINARY_DIR}/tests/played)
endif()
