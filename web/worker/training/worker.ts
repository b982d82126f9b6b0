// Runs a training in a worker: a threaded engine cannot run in a window, and the page stays responsive.

import { Gate } from "./gate.js";
import type { TrainingCommand, TrainingEvent, TrainingStart } from "./protocol.js";
import { Training } from "./training.js";

const gate = new Gate();
let training: Training | undefined;

addEventListener("message", ({ data: command }: MessageEvent<TrainingCommand>) => {
  switch (command.type) {
    case "start":
      void start(command.start);
      break;
    case "go":
      gate.go(command.stretch);
      break;
    case "rest":
      gate.rest();
      break;
    case "snapshot":
      training?.requestSnapshot(command.network);
      break;
  }
});

async function start(given: TrainingStart): Promise<void> {
  if (given.stretch) gate.go(given.stretch);
  try {
    training = await Training.begin(given, gate, report);
    await training.ended;
  } catch (error) {
    report({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
}

function report(event: TrainingEvent): void {
  postMessage(event);
}
