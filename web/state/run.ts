import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { lenet5 } from "../../src/engine.js";
import type { Model } from "../../src/model/index.js";
import type { Recipe } from "../../src/training/recipes/recipes.js";
import type {
  Snapshot,
  Stretch,
  TrainingCommand,
  TrainingEvent,
  TrainingMachine,
  TrainingProgress,
} from "../worker/training/protocol.js";
import type { LoadedData } from "./loadedData.js";
import { type KeptMember, Member } from "./member.js";
import { type RunFields, recipeFor } from "./settings.js";

/** What defines a run. */
export interface RunSettings {
  /** The settings in the address. */
  readonly fields: RunFields;
  readonly data: LoadedData;
}

/** A run that was kept before its end is stopped: the state of its optimizer is gone. */
export type RunStatus = "starting" | "running" | "resting" | "done" | "failed" | "stopped";

/** A run as it is kept when the page closes; what else it has follows from its settings. */
export interface KeptRun {
  readonly id: string;
  readonly number: number;
  readonly startedAt: Date;
  readonly fields: RunFields;
  /** The checksum of its data. */
  readonly data: string;
  readonly status: RunStatus;
  readonly failure?: string;
  readonly machine?: TrainingMachine;
  readonly progress?: TrainingProgress;
  readonly members: readonly KeptMember[];
}

/** A training run in its worker: one network, or a fleet that differs in the seed alone. */
export class Run {
  /** Counted from 1; determines the run's colour and dashes. */
  readonly number: number;
  /** Tells it apart from the runs of all pages. */
  readonly id: string;
  readonly startedAt: Date;
  readonly settings: RunSettings;
  /** The recipe that results from the settings. */
  readonly recipe: Recipe;
  readonly model: Model;
  /** Its networks, by ascending seed. */
  readonly members: readonly Member[];

  readonly status: ReadonlySignal<RunStatus>;
  readonly machine = signal<TrainingMachine | undefined>(undefined);
  readonly progress = signal<TrainingProgress | undefined>(undefined);
  /** Why it failed or was interrupted. */
  readonly failure = signal<string | undefined>(undefined);
  /** Whether it can continue. */
  readonly canGo = computed(() => !["done", "failed", "stopped"].includes(this.status.value));
  /** The network that the views show. */
  readonly member: ReadonlySignal<Member>;
  /**
   * Its newest parameters; while it trains, those that were requested last, as those of its epochs may come faster than
   * anything is drawn.
   */
  readonly newest = computed<Snapshot | undefined>(() => {
    const { live, weights } = this.member.value;
    return (this.status.value === "running" ? live.value : undefined) ?? weights.value;
  });

  private readonly picked: Signal<Member>;
  private readonly currentStatus = signal<RunStatus>("starting");
  private worker: Worker | undefined;

  /**
   * Starts a run.
   *
   * @param stretch how far to train at first. Default: it starts paused
   */
  static start(number: number, settings: RunSettings, stretch?: Stretch): Run {
    const run = new Run(number, settings, `${Date.now()} ${Math.random()}`, new Date());
    run.begin(stretch);
    return run;
  }

  /** A run that was kept. */
  static restore(kept: KeptRun, number: number, data: LoadedData): Run {
    const run = new Run(number, { fields: kept.fields, data }, kept.id, kept.startedAt);
    run.machine.value = kept.machine;
    run.progress.value = kept.progress;
    run.failure.value = kept.failure;
    run.currentStatus.value = ["done", "failed"].includes(kept.status) ? kept.status : "stopped";
    for (const [network, member] of kept.members.entries()) run.members[network].restore(member);
    return run;
  }

  private constructor(number: number, settings: RunSettings, id: string, startedAt: Date) {
    const { fields, data } = settings;
    const { train } = data.parts;
    const recipe = recipeFor(fields, train, data.background);
    this.number = number;
    this.id = id;
    this.startedAt = startedAt;
    this.settings = settings;
    this.recipe = recipe;
    this.status = this.currentStatus;
    this.model = lenet5({ ...recipe, input: imageShape(data), classes: train.classes.length });
    const seeds = Array.from({ length: fields.networks }, (_, index) => fields.seed + index);
    this.members = seeds.map((seed) => new Member(seed, snapshotsKept(seeds.length)));
    this.members[0].compareNumber.value = number;
    this.picked = signal(this.members[0]);
    this.member = this.picked;
  }

  /** As it is kept when the page closes. */
  get kept(): KeptRun {
    const { id, number, startedAt, settings, status, failure, machine, progress, members } = this;
    return {
      id,
      number,
      startedAt,
      fields: settings.fields,
      data: settings.data.parts.train.checksum,
      status: status.value,
      failure: failure.value,
      machine: machine.value,
      progress: progress.value,
      members: members.map((member) => member.kept),
    };
  }

  private begin(stretch: Stretch | undefined): void {
    const { fields, data } = this.settings;
    const { train, validationCount } = data.parts;
    const worker = new Worker(new URL("../worker/training/worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<TrainingEvent>) => batch(() => this.receive(data)));
    worker.addEventListener("error", ({ message }) => this.fail(message));
    this.worker = worker;
    const { device, threads, arithmetic } = fields;
    const seeds = this.members.map(({ seed }) => seed);
    this.send({
      type: "start",
      start: { dataset: train, validationCount, recipe: this.recipe, seeds, device, threads, arithmetic, stretch },
    });
    if (stretch) this.currentStatus.value = "running";
  }

  /** How many images it is trained on in an epoch. */
  get imagesPerEpoch(): number {
    return Math.round(this.settings.data.parts.train.labels.length * (1 - this.recipe.validationFraction));
  }

  get isFleet(): boolean {
    return this.members.length > 1;
  }

  /** Has the views show another of its networks. */
  pick(member: Member): void {
    this.picked.value = member;
  }

  /** Trains to the end of a stretch. */
  go(stretch: Stretch): void {
    if (!this.canGo.value) return;
    this.currentStatus.value = "running";
    this.failure.value = undefined;
    this.send({ type: "go", stretch });
  }

  /** Pauses at the next batch. */
  rest(): void {
    this.send({ type: "rest" });
  }

  /** Requests the current parameters of the network on display; they arrive in its `live`. */
  requestSnapshot(): void {
    this.send({ type: "snapshot", network: this.members.indexOf(this.member.peek()) });
  }

  /** Terminates the run's worker. */
  dispose(): void {
    this.worker?.terminate();
  }

  private send(command: TrainingCommand): void {
    this.worker?.postMessage(command);
  }

  private receive(event: TrainingEvent): void {
    switch (event.type) {
      case "started":
        this.machine.value = event.machine;
        this.tellMembers(event.initial, (member, snapshot) => member.keep(snapshot));
        break;
      case "progress":
        this.progress.value = event.progress;
        this.tellMembers(event.progress.means, (member, means) => member.receiveMeans(means, event.progress));
        break;
      case "epoch":
        for (const epoch of event.networks) this.members[epoch.network].receiveEpoch(epoch);
        break;
      case "resting":
        this.currentStatus.value = "resting";
        this.tellMembers(event.at, (member, snapshot) => member.rest(snapshot));
        break;
      case "snapshot":
        this.members[event.network].receiveLive(event.at);
        break;
      case "interrupted":
        this.currentStatus.value = "resting";
        this.failure.value = event.message;
        this.progress.value = progressAfter(
          Math.max(...event.at.map(({ epoch }) => epoch)),
          this.recipe.epochs,
          this.progress.value,
        );
        this.tellMembers(event.at, (member, snapshot) => member.goBack(snapshot));
        break;
      case "diverged":
        this.members[event.network].failure.value = event.message;
        break;
      case "done":
        this.tellMembers(event.best, (member, best) => {
          member.weights.value = best;
        });
        this.currentStatus.value = "done";
        this.dispose();
        break;
      case "failed":
        this.fail(event.message);
        break;
    }
  }

  /** Gives each member its part, if it has one. */
  private tellMembers<Part>(parts: readonly (Part | undefined)[], tell: (member: Member, part: Part) => void): void {
    for (const [network, part] of parts.entries()) if (part) tell(this.members[network], part);
  }

  private fail(message: string): void {
    this.failure.value = message;
    this.currentStatus.value = "failed";
    this.dispose();
  }
}

/** The progress at the end of an epoch; undefined before the first. */
function progressAfter(
  epoch: number,
  epochs: number,
  progress: TrainingProgress | undefined,
): TrainingProgress | undefined {
  if (epoch === 0 || !progress) return undefined;
  const images = (progress.totalImages * epoch) / epochs;
  return { ...progress, epoch, images };
}

function imageShape({ parts: { train } }: LoadedData) {
  const { channels, height, width } = train;
  return { channels, height, width };
}

/** The snapshots kept of a network, and of all networks together; more would fill the memory and show nothing new. */
const MOST_SNAPSHOTS = 128;
const SNAPSHOTS_OF_FLEET = 256;
const FEWEST_SNAPSHOTS = 8;

function snapshotsKept(networks: number): number {
  return Math.max(FEWEST_SNAPSHOTS, Math.min(MOST_SNAPSHOTS, Math.floor(SNAPSHOTS_OF_FLEET / networks)));
}
