# Ranks over NCCL: on a GPU (without one the tests report themselves skipped), and how NCCL is spoken to, with a NCCL
# that is played.
if(TARGET hpo_cuda_half)
  get_target_property(libraries hpo_cuda_half LINK_LIBRARIES)
  if("NCCL::NCCL" IN_LIST libraries)
    enable_language(CUDA)
    add_executable(nccl_ranks nccl_ranks.cu)
    target_link_libraries(nccl_ranks PRIVATE hpo_cuda_half)
    target_include_directories(nccl_ranks PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    set_target_properties(nccl_ranks PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests CUDA_STANDARD 20
                          CUDA_STANDARD_REQUIRED OFF CUDA_ARCHITECTURES "80-real;90-real;90-virtual")
    find_package(Python3 REQUIRED COMPONENTS Interpreter)
    include(${CMAKE_SOURCE_DIR}/tests/mpi/ranks.cmake)
    foreach(way check mpi kill stop)
      add_test(NAME gpu_nccl_${way} COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/nccl_test.py ${way}
               $<TARGET_FILE:nccl_ranks> ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG})
      set_tests_properties(gpu_nccl_${way} PROPERTIES LABELS gpu SKIP_RETURN_CODE 77 TIMEOUT 800 RUN_SERIAL ON
                           ENVIRONMENT "${HPO_MPI_ENVIRONMENT}")
    endforeach()

    find_package(CUDAToolkit REQUIRED)
    hpo_test(test_nccl_played SOURCES nccl_played_test.cpp played_nccl.cpp
             ${CMAKE_SOURCE_DIR}/lib/train/cuda/module/nccl.cpp LIBS hpo_train LABELS unit)
    find_path(NCCL_INCLUDE_DIR nccl.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
    target_include_directories(test_nccl_played SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS} ${NCCL_INCLUDE_DIR})

    # The world without MPI under the tests of every communicator, with NCCL's part played over MPI.
    set(module ${CMAKE_SOURCE_DIR}/lib/train/cuda/module)
    set(communicator ${CMAKE_SOURCE_DIR}/tests/conformance/communicator)
    add_executable(conformance_nccl_world nccl_world_main.cpp played_nccl_mpi.cpp played_cuda.cpp ${module}/nccl.cpp
                   ${module}/nccl_world.cpp ${module}/device_handles.cpp ${communicator}/communicator_test.cpp
                   ${communicator}/together_test.cpp)
    target_link_libraries(conformance_nccl_world PRIVATE hpo_train hpo_mpi doctest::doctest)
    target_include_directories(conformance_nccl_world PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_include_directories(conformance_nccl_world SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS} ${NCCL_INCLUDE_DIR})
    set_target_properties(conformance_nccl_world PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    foreach(n 2 4)
      add_test(NAME conformance_nccl_world_n${n}
               COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${n} $<TARGET_FILE:conformance_nccl_world>
                       ${CMAKE_CURRENT_BINARY_DIR}/meeting_n${n})
      set_tests_properties(conformance_nccl_world_n${n} PROPERTIES LABELS "conformance;mpi" TIMEOUT 120 PROCESSORS ${n}
                           ENVIRONMENT "${HPO_MPI_ENVIRONMENT}")
    endforeach()
  endif()
endif()
