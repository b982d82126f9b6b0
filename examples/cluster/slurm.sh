#!/bin/bash
# A sweep as a Slurm array, one run a task, on a file system that all nodes share. Submit it, and the report after it:
#   array=$(sbatch --parsable slurm.sh)
#   sbatch --dependency=afterany:$array --wrap "npx lenet sweep --collect sweeps/rates"
# A task that is requeued goes on from its last epoch.
#SBATCH --job-name=lenet
#SBATCH --array=0-14
#SBATCH --cpus-per-task=2
#SBATCH --time=01:00:00
#SBATCH --requeue

# 3 learning rates × 5 seeds = 15 runs. An index beyond the last run says how many there are.
srun npx lenet sweep --recipe best --set lr=1e-3,2e-3,4e-3 --seeds 1-5 --jobs "$SLURM_CPUS_PER_TASK" \
  --out sweeps/rates --index "$SLURM_ARRAY_TASK_ID"
