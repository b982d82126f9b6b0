#!/bin/bash
# A sweep with GNU parallel: on this machine, or on those named in a file of ssh logins (--sshloginfile hosts), whose
# folders are copied here and put together.
set -euo pipefail

sweep="npx lenet sweep --recipe best --set lr=1e-3,2e-3,4e-3 --seeds 1-5 --jobs 1 --out sweeps/rates"
parallel --joblog rates.log --resume-failed "$sweep --index {}" ::: $(seq 0 14)
npx lenet sweep --collect sweeps/rates

# On several machines without a shared file system, collect what each has in a folder of its own:
#   npx lenet sweep --collect sweeps/rates from-one/rates from-two/rates
