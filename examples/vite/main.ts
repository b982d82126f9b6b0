// The page: you draw, the worker answers.

import type { ImageInput } from "lenet";
import { decodeImage } from "lenet/browser";
import type { Answer } from "./worker.ts";

/** An element of the page. */
function element<Kind extends HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}

const status = element("status");
const answer = element("answer");
const canvas = element<HTMLCanvasElement>("canvas");
const context = canvas.getContext("2d", { willReadFrequently: true })!;
const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });

worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
  if (data.status) status.textContent = data.status;
  if (data.prediction) {
    const { label, probabilities } = data.prediction;
    answer.textContent = `It is a ${label}, at ${(100 * Math.max(...probabilities)).toFixed(0)} %.`;
  }
});

/** Sends an image to the worker, which answers once the network is trained. */
function ask(image: ImageInput): void {
  worker.postMessage(image);
}

context.lineWidth = 24;
context.lineCap = "round";
context.strokeStyle = "white";
canvas.addEventListener("pointerdown", ({ offsetX, offsetY }) => {
  context.beginPath();
  context.moveTo(offsetX, offsetY);
});
canvas.addEventListener("pointermove", ({ buttons, offsetX, offsetY }) => {
  if (buttons === 0) return;
  context.lineTo(offsetX, offsetY);
  context.stroke();
});
canvas.addEventListener("pointerup", () => ask(context.getImageData(0, 0, canvas.width, canvas.height)));

element("clear").addEventListener("click", () => context.clearRect(0, 0, canvas.width, canvas.height));
const input = element<HTMLInputElement>("file");
input.addEventListener("change", async () => {
  const [file] = input.files ?? [];
  if (file) ask(await decodeImage(file));
});
