#!/bin/sh
# Installs what the build, the demo and the tests need and is missing: with apt where that is possible, else it says what
# to install. Quick when nothing is missing.
set -eu
packages="g++ cmake make ninja-build ccache git libboost-dev libboost-program-options-dev libboost-filesystem-dev
libhdf5-dev libeigen3-dev libopenmpi-dev openmpi-bin doctest-dev libtomlplusplus-dev nlohmann-json3-dev libfmt-dev zlib1g-dev
libdnnl-dev dataset-fashion-mnist python3-h5py python3-xarray python3-h5netcdf python3-netcdf4 netcdf-bin"

if command -v dpkg-query >/dev/null; then
	missing=""
	for package in $packages; do
		dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
	done
	[ -n "$missing" ] || exit 0
	sudo=""
	[ "$(id -u)" = 0 ] || sudo="sudo -n"
	if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then
		echo "deps: installing$missing"
		$sudo apt-get update -qq
		# shellcheck disable=SC2086
		DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
		exit 0
	fi
	echo "deps: missing:$missing" >&2
	echo "deps: ask for: apt-get install$missing" >&2
else
	# Another system: CMake says what it lacks; these are the names elsewhere.
	command -v cmake >/dev/null && command -v mpicc >/dev/null && exit 0
fi
cat >&2 <<'EOF'
deps: without apt, one of
  module load gcc cmake boost hdf5 openmpi eigen      (names differ by site: module avail)
  spack install cmake boost+filesystem+program_options hdf5+hl~mpi openmpi eigen doctest tomlplusplus nlohmann-json fmt zlib onednn
then run the same make command again.
EOF
command -v cmake >/dev/null && command -v mpicc >/dev/null && exit 0
exit 1
