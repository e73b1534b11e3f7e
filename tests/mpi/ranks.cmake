# hpo_mpi_test(NAME SOURCES files LIBS targets LABELS labels COUNTS n...): one program with tests/mpi/main.cpp, run
# under mpirun once for each number of ranks, as NAME_nN. Any user, any machine: more ranks than cores, no binding.
include_guard()
set(HPO_MPI_MAIN ${CMAKE_CURRENT_LIST_DIR}/main.cpp)
set(HPO_MPI_ENVIRONMENT OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_btl=self,vader,tcp
    OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_mpi_yield_when_idle=1 OMP_NUM_THREADS=1
    OPENBLAS_NUM_THREADS=1)
function(hpo_mpi_test name)
  cmake_parse_arguments(T "" "" "SOURCES;LIBS;LABELS;COUNTS" ${ARGN})
  add_executable(${name} ${HPO_MPI_MAIN} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE ${T_LIBS} hpo_train_comm doctest::doctest)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  foreach(n ${T_COUNTS})
    add_test(NAME ${name}_n${n} COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${n} $<TARGET_FILE:${name}> mpi)
    set_tests_properties(${name}_n${n} PROPERTIES LABELS "${T_LABELS}" TIMEOUT 120 PROCESSORS ${n}
                         ENVIRONMENT "${HPO_MPI_ENVIRONMENT}")
  endforeach()
endfunction()
