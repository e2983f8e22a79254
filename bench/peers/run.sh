#!/bin/sh
# Runs the peers for `longtake bench --peers bench/peers/run.sh`: longtake starts it with the number of
# threads. The first run installs PyTorch and ONNX Runtime into bench/peers/.venv (some GB; PEERS_PYTHON
# names a Python that has them, instead).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${PEERS_PYTHON:-$here/.venv/bin/python}
if [ ! -x "$python" ]; then
	(
		flock 9 # one of several instances installs
		if [ ! -x "$python" ]; then
			python3 -m venv "$here/.venv.new" >&2
			"$here/.venv.new/bin/pip" install -q -r "$here/requirements.txt" >&2
			mv "$here/.venv.new" "$here/.venv"
		fi
	) 9>"$here/.lock"
fi
threads=$1
# OpenBLAS would pick kernels without AVX-512 for processors that it does not know.
if [ -z "${OPENBLAS_CORETYPE:-}" ] && grep -q avx512f /proc/cpuinfo 2>/dev/null; then
	export OPENBLAS_CORETYPE=SkylakeX
fi
export OPENBLAS_NUM_THREADS="$threads" OMP_NUM_THREADS="$threads" MKL_NUM_THREADS="$threads"
exec "$python" "$here/peers.py" "$threads"
