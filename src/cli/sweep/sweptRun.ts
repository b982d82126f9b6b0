import type { LoadedTeacher } from "../../node/teachers.js";
import type { TrainingRequest } from "../../training/plan.js";
import type { LoadedData } from "../data.js";
import type { RunOutput } from "../training/run.js";
import type { SweepConfig } from "./config.js";

/** A run of a sweep, to be trained. */
export interface SweptRun {
  /** Its name in the sweep. */
  readonly name: string;
  readonly training: TrainingRequest;
  /** What it learns from besides the labels. */
  readonly teacher?: LoadedTeacher;
  /** Its run folder. If it exists, the run is resumed. */
  readonly path: string;
  /** The epoch after which it pauses, before its last one. Default: it is trained to its end. */
  readonly pauseAfter?: number;
}

/** What the runs of a sweep are trained with, and what is reported on them. */
export interface SweptRunsOptions<Swept extends SweptRun> {
  readonly data: LoadedData;
  readonly signal: AbortSignal;
  readonly log?: RunOutput["log"];
  /** The images that runs have done, counted from their first epochs. */
  readonly onProgress: (done: ReadonlyMap<Swept, number>) => void;
  /** Called once for each run that has ended, with the error if it failed. */
  readonly onEnd: (run: Swept, error?: Error) => Promise<void>;
}

/** Trains the runs of sweeps elsewhere. */
export interface RemoteTrainer {
  /** Where, for messages. */
  readonly where: string;
  /** The options with which a user resumes such a sweep. */
  readonly resumeOptions: string;
  /** Has runs trained, and puts their run folders into place. */
  train<Swept extends SweptRun>(
    config: SweepConfig,
    runs: readonly Swept[],
    options: SweptRunsOptions<Swept>,
  ): Promise<void>;
  /** Ends a sweep, all of whose runs have ended. @throws Error if a run has given two different results */
  finish(config: SweepConfig, runs: readonly string[]): Promise<void>;
}
