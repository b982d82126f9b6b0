import { availableThreads, canShareMemory, startThread } from "../../../src/browser/index.js";
import {
  type Backend,
  type Engine,
  type EpochSlice,
  fingerprint,
  initializeParameters,
  lenet5,
  mostUsefulThreads,
  wasmBackend,
} from "../../../src/engine.js";
import { fold, type NamedTensors } from "../../../src/model/index.js";
import {
  DivergedError,
  type FleetEvent,
  type FleetOptions,
  runFleet,
  type TrainingState,
} from "../../../src/training/epochs.js";
import { compileFleet, planWith, type TrainingPlan } from "../../../src/training/plan.js";
import type { Gate } from "./gate.js";
import { Meter } from "./meter.js";
import type { MarkedSnapshot, NetworkEpoch, TrainingEvent, TrainingStart } from "./protocol.js";

type NetworkSlice = Parameters<NonNullable<FleetOptions["onSlice"]>>[0];

/** A training: one network, or a fleet that is trained side by side. */
export class Training {
  /** Resolves once all epochs are done; rejects if no network can be trained any further. */
  readonly ended: Promise<void>;

  private readonly plans: readonly TrainingPlan[];
  private readonly compile: () => Promise<Engine>;
  private engine: Engine;
  private readonly gate: Gate;
  private readonly report: (event: TrainingEvent) => void;
  private readonly meter: Meter;
  private epoch = 0;
  /** Where each network was after the last epoch, to resume from. */
  private readonly states: (TrainingState | undefined)[];
  private readonly diverged = new Map<number, DivergedError>();
  /** The networks that are still trained. */
  private going: ReadonlySet<number> = new Set();
  /** The current slice of the networks that have reported it. */
  private readonly gathered = new Map<number, NetworkSlice>();
  /** The network whose parameters have been requested. */
  private requested: number | undefined;
  private isResting = false;
  private answering: Promise<void> | undefined;

  /**
   * Trains as `lenet train` does, to the same bits, and reports its progress; the gate pauses and resumes it.
   *
   * @throws Error if a thread of the engine cannot start, or there is no graphics card
   */
  static async begin(start: TrainingStart, gate: Gate, report: (event: TrainingEvent) => void): Promise<Training> {
    const { dataset, validationCount, recipe, seeds } = start;
    const { channels, height, width, classes } = dataset;
    const model = lenet5({ ...recipe, input: { channels, height, width }, classes: classes.length });
    const plans = seeds.map((seed) => planWith({ recipe, model, seed }, { train: dataset, validationCount }));
    const compile = async () => compileFleet(plans, await backendFor(start));
    return new Training(plans, compile, await compile(), gate, report);
  }

  private constructor(
    plans: readonly TrainingPlan[],
    compile: () => Promise<Engine>,
    engine: Engine,
    gate: Gate,
    report: (event: TrainingEvent) => void,
  ) {
    const { dataset, split, recipe } = plans[0];
    this.plans = plans;
    this.states = plans.map(() => undefined);
    this.compile = compile;
    this.engine = engine;
    this.gate = gate;
    this.report = report;
    const { train, validation } = split;
    this.meter = new Meter(plans.length, dataset.classes.length, train.length, validation.length, recipe.epochs);
    this.ended = this.begin();
  }

  /** Reports the current parameters of a network, once no slice is being computed. */
  requestSnapshot(network: number): void {
    this.requested = network;
    // What fails here also fails when the training goes on, which reports it.
    if (this.isResting) this.answering = this.answerRequest().catch(() => {});
  }

  private async begin(): Promise<void> {
    const { threads, arithmetic, kernels } = this.engine;
    this.report({ type: "started", machine: { threads, arithmetic, kernels }, initial: await this.current() });
    if (this.gate.restsNow) await this.rest();
    for (;;) {
      let failure: unknown;
      try {
        await this.train();
        return;
      } catch (error) {
        if (error instanceof DivergedError) throw error;
        failure = error;
      } finally {
        this.engine.dispose();
      }
      await this.waitAfter(failure);
    }
  }

  /** Trains from the last epoch to the end. @throws DivergedError if all networks diverge */
  private async train(): Promise<void> {
    const { engine, plans, diverged } = this;
    const [{ dataset }] = plans;
    const members = plans.map((plan, network) => ({
      ...plan,
      resumeFrom: this.states[network],
      signal: diverged.has(network) ? AbortSignal.abort() : undefined,
    }));
    this.going = new Set([...plans.keys()].filter((network) => !diverged.has(network)));
    this.gathered.clear();
    const onSlice = (slice: NetworkSlice) => this.onSlice(slice);
    const batchesAtOnce = () => (this.gate.restsAfterBatch ? 1 : Number.POSITIVE_INFINITY);
    const best = plans.map((): MarkedSnapshot | undefined => undefined);
    let epochs: NetworkEpoch[] = [];
    for await (const event of runFleet({ engine, dataset, members, onSlice, batchesAtOnce })) {
      if (event.type === "epoch") {
        epochs.push(await this.epochOf(event));
        if (epochs.length < this.going.size) continue;
        await this.endEpoch(epochs);
        epochs = [];
      } else {
        this.going = new Set([...this.going].filter((network) => network !== event.network));
        if (event.type === "done") best[event.network] = await this.marked(event.best.parameters, event.best.epoch);
        else this.leaveOut(event.network, event.error);
      }
    }
    const [failure] = diverged.values();
    if (diverged.size === plans.length) throw failure;
    this.report({ type: "done", best });
  }

  /** Reports an epoch, and pauses if asked to. */
  private async endEpoch(networks: readonly NetworkEpoch[]): Promise<void> {
    this.report({ type: "epoch", networks });
    const isLast = networks[0].record.epoch === this.plans[0].recipe.epochs;
    if (!isLast && this.gate.restsAfter("epoch")) await this.rest();
  }

  private leaveOut(network: number, error: DivergedError): void {
    this.diverged.set(network, error);
    this.report({ type: "diverged", network, message: error.message });
  }

  /** After an error such as a lost graphics card, waits until the training is resumed from the last epoch. */
  private async waitAfter(cause: unknown): Promise<void> {
    for (let error = cause; ; ) {
      this.gate.rest();
      const message = error instanceof Error ? error.message : String(error);
      this.report({ type: "interrupted", message, at: await this.afterLastEpoch() });
      await this.gate.opened();
      try {
        this.engine = await this.compile();
        return;
      } catch (again) {
        error = again;
      }
    }
  }

  /** The parameters after the last epoch, or the initial ones. */
  private afterLastEpoch(): Promise<MarkedSnapshot[]> {
    const snapshots = this.plans.map(async ({ model, seed }, network) => {
      const { epoch = 0, parameters = initializeParameters(model, seed) } = this.states[network] ?? {};
      return this.marked(parameters, epoch);
    });
    return Promise.all(snapshots);
  }

  private async epochOf({ network, record, state }: FleetEvent & { readonly type: "epoch" }): Promise<NetworkEpoch> {
    this.states[network] = state;
    const after = await this.marked(state.parameters, record.epoch);
    return { network, record, after, bestEpoch: state.best.epoch };
  }

  /** Gathers a slice of all networks, which the loop reports one after another. */
  private onSlice(slice: NetworkSlice): Promise<void> | undefined {
    if (this.gathered.has(slice.network)) {
      // The networks that did not report the slice before have diverged.
      this.going = new Set(this.gathered.keys());
      this.reportProgress(false);
    }
    this.gathered.set(slice.network, slice);
    return this.gathered.size < this.going.size ? undefined : this.endSlice(slice);
  }

  /** Pauses or answers a request, if asked to. */
  private endSlice({ epoch, phase, done, total }: EpochSlice): Promise<void> | undefined {
    const { gate } = this;
    const passEnds = done === total;
    if (phase === "train") this.epoch = epoch - 1 + done / total;
    // An epoch's last step goes together with its validation; a requested pause comes after that.
    const rests = !passEnds && (phase === "train" ? gate.restsAfter("batch") : gate.restsNow);
    this.reportProgress(rests);
    if (rests) return this.rest();
    return this.requested === undefined ? undefined : this.answerRequest();
  }

  /** Reports the gathered slice. */
  private reportProgress(now: boolean): void {
    const progress = this.meter.add(this.gathered, this.gate.seconds, now);
    if (progress) this.report({ type: "progress", progress });
    this.gathered.clear();
  }

  private async rest(): Promise<void> {
    this.report({ type: "resting", at: await this.current() });
    this.isResting = true;
    await this.gate.opened();
    this.isResting = false;
    await this.answering;
  }

  private async answerRequest(): Promise<void> {
    const network = this.requested;
    if (network === undefined) return;
    this.requested = undefined;
    const parameters = await this.engine.parameters(network);
    this.report({ type: "snapshot", network, at: { epoch: this.epoch, parameters } });
  }

  /** The current parameters of all networks. */
  private async current(): Promise<MarkedSnapshot[]> {
    const snapshots: MarkedSnapshot[] = [];
    for (const network of this.plans.keys()) {
      snapshots.push(await this.marked(await this.engine.parameters(network), this.epoch));
    }
    return snapshots;
  }

  private async marked(parameters: NamedTensors<Float32Array>, epoch: number): Promise<MarkedSnapshot> {
    // As `lenet train` saves them.
    const saved = fold(this.plans[0].model, parameters);
    return { epoch, parameters, fingerprint: await fingerprint(saved.model, saved.parameters) };
  }
}

/** The backend of a device. That of the graphics card is loaded only if it is used. */
async function backendFor({ device, recipe, threads, arithmetic }: TrainingStart): Promise<Backend> {
  if (device === "gpu") return (await import("../../../src/engine/webgpu/webgpuBackend.js")).webgpuBackend();
  const useful = Math.min(availableThreads(), mostUsefulThreads(recipe.batchSize));
  // An address with a thread count also works in pages that can have only one.
  const count = canShareMemory() ? (threads ?? useful) : 1;
  return wasmBackend({ threads: { count, start: startThread, atMost: threads === undefined }, arithmetic });
}
