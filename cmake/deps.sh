#!/bin/sh
# deps.sh: installs what the build, the demo and the tests need and is missing: with apt where that is possible, else it says
# what to install. Quick when nothing is missing.
# deps.sh slurm: the same for the private Slurm cluster of the tests. None of its daemons is started by being installed.
set -eu
build="g++ cmake make ninja-build ccache git libboost-dev libboost-program-options-dev libboost-filesystem-dev
libhdf5-dev libeigen3-dev libopenmpi-dev openmpi-bin doctest-dev libtomlplusplus-dev nlohmann-json3-dev libfmt-dev zlib1g-dev
libdnnl-dev libnlopt-dev dataset-fashion-mnist python3-h5py python3-xarray python3-h5netcdf python3-netcdf4 netcdf-bin"
slurm="slurmctld slurmd slurm-client munge iproute2 slurmdbd mariadb-server shellcheck"
policy=/usr/sbin/policy-rc.d # asked by every package before it starts a daemon

case ${1:-build} in
build) packages=$build ;;
slurm) packages=$slurm ;;
*) echo "deps: what is $1? there are: build slurm" >&2; exit 2 ;;
esac

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install() {
	if [ "$packages" = "$slurm" ] && ! [ -e $policy ]; then
		trap 'as_root rm -f $policy' EXIT
		trap 'exit 1' HUP INT TERM
		printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
		as_root chmod 755 $policy
	fi
	as_root apt-get update -qq
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "$@" >/dev/null
}

if command -v dpkg-query >/dev/null; then
	missing=""
	for package in $packages; do
		dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
	done
	[ -n "$missing" ] || exit 0
	if as_root true 2>/dev/null; then
		echo "deps: installing$missing"
		# shellcheck disable=SC2086
		install $missing
		exit 0
	fi
	echo "deps: missing:$missing" >&2
	echo "deps: ask for: apt-get install$missing" >&2
	[ "$packages" = "$build" ] || exit 1
else
	[ "$packages" = "$build" ] || { echo "deps: without apt: install Slurm's daemons, munge, MariaDB and shellcheck by hand" >&2; exit 1; }
	# Another system: CMake says what it lacks; these are the names elsewhere.
	command -v cmake >/dev/null && command -v mpicc >/dev/null && exit 0
fi
cat >&2 <<'END'
deps: without apt, one of
  module load gcc cmake boost hdf5 openmpi eigen      (names differ by site: module avail)
  spack install cmake boost+filesystem+program_options hdf5+hl~mpi openmpi eigen doctest tomlplusplus nlohmann-json fmt zlib onednn
then run the same make command again.
END
command -v cmake >/dev/null && command -v mpicc >/dev/null && exit 0
exit 1
