#include "libtorch is missing: run ./setup.sh first (or set LIBTORCH to a libtorch 2.11.0)"
