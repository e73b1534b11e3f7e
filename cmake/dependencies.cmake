# What the project needs, found once. Each library is linked by one or two rooms only (DESIGN.md, section 5).
find_package(Threads REQUIRED)
find_package(Boost 1.71 REQUIRED COMPONENTS filesystem program_options)
find_package(fmt 8 REQUIRED)
find_package(nlohmann_json 3.9 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(Eigen3 3.3 REQUIRED NO_MODULE)
find_package(ZLIB REQUIRED)
find_path(NLOPT_INCLUDE_DIR nlopt.h REQUIRED)
find_library(NLOPT_LIBRARY nlopt REQUIRED)
set(HDF5_PREFER_PARALLEL OFF)
find_package(HDF5 1.10 REQUIRED COMPONENTS C HL)
find_package(MPI REQUIRED COMPONENTS C)

# System headers: their warnings are not ours.
add_library(hpo_hdf5 INTERFACE)
target_include_directories(hpo_hdf5 SYSTEM INTERFACE ${HDF5_INCLUDE_DIRS})
target_link_libraries(hpo_hdf5 INTERFACE ${HDF5_C_LIBRARIES} ${HDF5_C_HL_LIBRARIES} ${HDF5_HL_LIBRARIES})
add_library(hpo_mpi INTERFACE)
target_link_libraries(hpo_mpi INTERFACE MPI::MPI_C)
target_compile_definitions(hpo_mpi INTERFACE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)

# The models' linear algebra: vector instructions by the compiler, the same on every machine that has them, so that
# a study's proposals are the same everywhere.
set(HPO_ARCH x86-64-v3 CACHE STRING "-march of the search's models; empty: the compiler's default")
add_library(hpo_vectorized INTERFACE)
if(HPO_ARCH AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(hpo_vectorized INTERFACE -march=${HPO_ARCH})
endif()
